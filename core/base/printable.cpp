#include "core/base/printable.h"

#include "core/base/text.h"

#include <algorithm>

namespace hopscope {

namespace {

constexpr std::string_view kHex = "0123456789abcdef";

void append_code(std::string& out, unsigned code) {
    if (code < 0x100) {
        ((out += "\\x") += kHex[code >> 4]) += kHex[code & 15];
        return;
    }
    out += "\\u";
    for (int shift = 12; shift >= 0; shift -= 4)
        out += kHex[code >> shift & 15];
}

// C1 controls, and the marks that reorder or hide text (Unicode: Bidi_Control, line and paragraph
// separators).
bool acts(unsigned code) {
    return (code >= 0x80 && code < 0xa0) || code == 0x200e || code == 0x200f
        || (code >= 0x2028 && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069) || code == 0x061c;
}

} // namespace

std::string printable(std::string_view bytes) {
    const auto harmless = [](char c) { return (c >= ' ' && c < 0x7f) || c == '\n' || c == '\t'; };
    if (std::all_of(bytes.begin(), bytes.end(), harmless))
        return std::string(bytes);
    const std::string text = utf8(bytes);
    std::string out;
    out.reserve(text.size() + 16);
    for (size_t i = 0; i < text.size(); ++i) {
        const auto byte = [&](size_t k) { return static_cast<unsigned char>(text[i + k]); };
        const unsigned char c = byte(0);
        if (c < 0x80) {
            if (harmless(text[i]))
                out += text[i];
            else
                append_code(out, c);
            continue;
        }
        // The text is valid: as many bytes follow as the first one says.
        const size_t length = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : 2;
        const unsigned code = length == 2 ? (c & 0x1fu) << 6 | (byte(1) & 0x3fu)
            : length == 3                 ? (c & 0x0fu) << 12 | (byte(1) & 0x3fu) << 6 | (byte(2) & 0x3fu)
                                          : 0x10000;
        if (acts(code))
            append_code(out, code);
        else
            out.append(text, i, length);
        i += length - 1;
    }
    return out;
}

} // namespace hopscope
