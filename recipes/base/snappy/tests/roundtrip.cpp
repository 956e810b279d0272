#include <snappy.h>

#include <stdexcept>
#include <string>

// Throws when the library does not give back what it compressed, or takes for good what it did not compress.
int main() {
    std::string text, packed, back;
    for (int i = 0; i < 100000; i++) text += "bakehouse"[i % 9];

    snappy::Compress(text.data(), text.size(), &packed);
    if (packed.size() > text.size() / 10) throw std::runtime_error("not compressed");
    if (!snappy::Uncompress(packed.data(), packed.size(), &back) || back != text) throw std::runtime_error("not the same");
    if (snappy::Uncompress("no", 2, &back)) throw std::runtime_error("took what it never made");
}
