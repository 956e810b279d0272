#include <lz4.h>
#include <stdio.h>

int main(int count, char **words) {
    static char before[1 << 16], packed[LZ4_COMPRESSBOUND(1 << 16)];
    FILE *file = count == 2 ? fopen(words[1], "rb") : NULL;
    if (!file) return 2;
    int size = (int)fread(before, 1, sizeof before, file);
    printf("crumbs %s: %d bytes in %d\n", VERSION, size, LZ4_compress_default(before, packed, size, sizeof packed));
    return 0;
}
