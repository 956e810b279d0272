#include <string.h>
#include <zlib.h>

/* 0 when the library is the version that was asked for, and gives back what it compressed. */
int main(int count, char **arguments) {
    static unsigned char text[100000], packed[100000], back[100000];
    for (size_t i = 0; i < sizeof text; i++) text[i] = "bakehouse"[i % 9];

    uLongf size = sizeof packed, whole = sizeof back;
    if (compress2(packed, &size, text, sizeof text, 9) != Z_OK || size > sizeof text / 100) return 1;
    if (uncompress(back, &whole, packed, size) != Z_OK || whole != sizeof text) return 2;
    if (memcmp(text, back, sizeof text)) return 3;
    return count != 2 || strcmp(zlibVersion(), arguments[1]);
}
