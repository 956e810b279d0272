#include <stdio.h>
#include <string.h>
#include <zstd.h>

/* 0 when the library is the version that was asked for, and gives back what it compressed with two threads. */
int main(int count, char **arguments) {
    static char text[1 << 20], packed[1 << 20], back[1 << 20];
    for (size_t i = 0; i < sizeof text; i++) text[i] = "bakehouse"[i % 9];

    ZSTD_CCtx *context = ZSTD_createCCtx();
    if (ZSTD_isError(ZSTD_CCtx_setParameter(context, ZSTD_c_nbWorkers, 2))) return 1;
    size_t size = ZSTD_compress2(context, packed, sizeof packed, text, sizeof text);
    if (ZSTD_isError(size) || size > sizeof text / 100) return 2;
    if (ZSTD_decompress(back, sizeof back, packed, size) != sizeof text) return 3;
    if (memcmp(text, back, sizeof text)) return 4;
    return count != 2 || strcmp(ZSTD_versionString(), arguments[1]);
}
