#include "core/draw/metrics.h"

#include "core/base/text.h"

#include <cmath>

namespace hopscope::draw {

namespace {

bool is_continuation(char c) {
    return (static_cast<unsigned char>(c) & 0xC0) == 0x80;
}

} // namespace

size_t glyph_count(std::string_view text) {
    size_t n = 0;
    for (const char c : text)
        n += !is_continuation(c);
    return n;
}

int text_width(std::string_view text, int font_size) {
    return static_cast<int>(std::ceil(static_cast<double>(glyph_count(text)) * kAdvance * font_size - 1e-9));
}

std::string clip_label(std::string_view text, size_t glyphs) {
    // Cut before converting: labels may be megabytes long. A code point has at most four bytes.
    std::string label = utf8(text.substr(0, (glyphs + 1) * 4));
    for (char& c : label)
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F)
            c = ' ';
    size_t count = 0;
    size_t end = 0; // where the last glyph before the ellipsis ends
    for (size_t i = 0; i < label.size(); ++i) {
        if (is_continuation(label[i]))
            continue;
        if (count + 1 == glyphs)
            end = i;
        if (++count > glyphs) {
            label.resize(end);
            return label + "…";
        }
    }
    return label;
}

} // namespace hopscope::draw
