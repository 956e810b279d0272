#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <string.h>

/* 0 when a known digest is right and a TLS context can be made. */
int main(void) {
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int size = 0;
    if (!EVP_Digest("bakehouse", 9, digest, &size, EVP_sha256(), NULL) || size != 32) return 1;

    SSL_CTX *context = SSL_CTX_new(TLS_method());
    if (context == NULL || !SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION)) return 2;
    SSL_CTX_free(context);
    return OpenSSL_version_num() >> 28 != 3;
}
