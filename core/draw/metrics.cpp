#include "core/draw/metrics.h"

#include "core/base/printable.h"
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

std::string_view own_name(std::string_view name) {
    return name.substr(name.rfind('/') + 1); // npos + 1 is 0
}

std::string clip_name(std::string_view text, size_t glyphs) {
    const size_t length = text.size() <= (glyphs + 1) * 4 ? glyph_count(text) : glyphs + 1;
    if (length <= glyphs || glyphs < 3)
        return clip_label(text, glyphs);
    const size_t head = glyphs / 3;
    const size_t tail = glyphs - head - 1;
    size_t at = text.size();
    // A code point has at most four bytes: bytes that are no UTF-8 do not lead back to the beginning.
    for (size_t left = tail; at > 0 && left > 0 && text.size() - at < 4 * tail;)
        left -= !is_continuation(text[--at]);
    return clip_label(text, head + 1) + clip_label(text.substr(at), tail);
}

std::string clip_label(std::string_view text, size_t glyphs) {
    // Cut before converting: labels may be megabytes long. A code point has at most four bytes.
    std::string label = printable(text.substr(0, (glyphs + 1) * 4));
    for (char& c : label)
        if (c == '\n' || c == '\t')
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
