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

// The code point of a character of valid UTF-8 beyond ASCII, and its bytes; all beyond the basic plane as
// one.
unsigned code_at(std::string_view text, size_t at, size_t& length) {
    const auto byte = [&](size_t k) { return static_cast<unsigned char>(text[at + k]); };
    length = byte(0) >= 0xf0 ? 4 : byte(0) >= 0xe0 ? 3 : 2;
    return length == 2 ? (byte(0) & 0x1fu) << 6 | (byte(1) & 0x3fu)
        : length == 3  ? (byte(0) & 0x0fu) << 12 | (byte(1) & 0x3fu) << 6 | (byte(2) & 0x3fu)
                       : 0x10000;
}

} // namespace

std::string printable_json(std::string json) {
    const auto plain = [](char c) { return static_cast<unsigned char>(c) < 0x7f; };
    if (std::all_of(json.begin(), json.end(), plain))
        return json;
    const std::string text = utf8(json);
    std::string out;
    out.reserve(text.size() + 16);
    for (size_t i = 0; i < text.size(); ++i) {
        if (plain(text[i])) {
            out += text[i];
            continue;
        }
        size_t length = 1;
        const unsigned code = text[i] == '\x7f' ? 0x7f : code_at(text, i, length);
        if (code == 0x7f || acts(code)) {
            out += "\\u";
            for (int shift = 12; shift >= 0; shift -= 4)
                out += kHex[code >> shift & 15];
        } else {
            out.append(text, i, length);
        }
        i += length - 1;
    }
    return out;
}

std::string printable(std::string_view bytes) {
    const auto harmless = [](char c) { return (c >= ' ' && c < 0x7f) || c == '\n' || c == '\t'; };
    if (std::all_of(bytes.begin(), bytes.end(), harmless))
        return std::string(bytes);
    const std::string text = utf8(bytes);
    std::string out;
    out.reserve(text.size() + 16);
    for (size_t i = 0; i < text.size(); ++i) {
        const unsigned char c = static_cast<unsigned char>(text[i]);
        if (c < 0x80) {
            if (harmless(text[i]))
                out += text[i];
            else
                append_code(out, c);
            continue;
        }
        // The text is valid: as many bytes follow as the first one says.
        size_t length = 0;
        const unsigned code = code_at(text, i, length);
        if (acts(code))
            append_code(out, code);
        else
            out.append(text, i, length);
        i += length - 1;
    }
    return out;
}

} // namespace hopscope
