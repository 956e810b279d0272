/* Packs a file and unpacks it again; also asks the library for its version, and for who built it. */
#include <lz4.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

extern const char *LZ4_builtBy(void);

int main(int count, char **words) {
    static char before[1 << 20], packed[LZ4_COMPRESSBOUND(1 << 20)], after[1 << 20];
    FILE *file = count == 3 ? fopen(words[1], "rb") : NULL;
    if (!file) return 2;
    int size = (int)fread(before, 1, sizeof before, file);
    int small = LZ4_compress_default(before, packed, size, sizeof packed);
    int back = LZ4_decompress_safe(packed, after, small, sizeof after);
    printf("%d bytes in %d, lz4 %s by %s\n", size, small, LZ4_versionString(), LZ4_builtBy());
    return size == 0 || small >= size || back != size || memcmp(before, after, size) != 0 ||
           strcmp(LZ4_versionString(), words[2]) != 0 || strcmp(LZ4_builtBy(), "bakehouse") != 0;
}
