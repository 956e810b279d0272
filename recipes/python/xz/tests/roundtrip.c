#include <lzma.h>
#include <string.h>

/* 0 when the library is the version that was asked for, and gives back what it compressed. */
int main(int count, char **arguments) {
    static uint8_t text[100000], packed[100000], back[100000];
    for (size_t i = 0; i < sizeof text; i++) text[i] = "bakehouse"[i % 9];

    size_t size = 0, read = 0, whole = 0;
    if (lzma_easy_buffer_encode(6, LZMA_CHECK_CRC64, NULL, text, sizeof text, packed, &size, sizeof packed)) return 1;
    uint64_t limit = UINT64_MAX;
    if (lzma_stream_buffer_decode(&limit, 0, NULL, packed, &read, size, back, &whole, sizeof back)) return 2;
    if (read != size || whole != sizeof text || memcmp(text, back, whole)) return 3;
    return count != 2 || strcmp(lzma_version_string(), arguments[1]);
}
