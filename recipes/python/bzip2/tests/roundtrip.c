#include <bzlib.h>
#include <string.h>

/* 0 when the library is the version that was asked for, and gives back what it compressed. */
int main(int count, char **arguments) {
    static char text[100000], packed[100000], back[100000];
    for (size_t i = 0; i < sizeof text; i++) text[i] = "bakehouse"[i % 9];

    unsigned int size = sizeof packed, whole = sizeof back;
    if (BZ2_bzBuffToBuffCompress(packed, &size, text, sizeof text, 9, 0, 0) != BZ_OK) return 1;
    if (BZ2_bzBuffToBuffDecompress(back, &whole, packed, size, 0, 0) != BZ_OK || whole != sizeof text) return 2;
    if (memcmp(text, back, sizeof text)) return 3;
    const char *version = BZ2_bzlibVersion();
    return count != 2 || strncmp(version, arguments[1], strlen(arguments[1]));
}
