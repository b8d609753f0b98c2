#include "core/read/scan.h"

#include "core/base/text.h"

#include <cstdint>

namespace hopscope::read {

namespace {

constexpr auto npos = std::string_view::npos;

} // namespace

// Bytes of the letter beyond ASCII that stands at `at`; 0 where none does. Python's identifiers are the
// classes XID_Start and XID_Continue; here, whatever is neither a sign, a mark, a blank nor a picture.
size_t foreign_letter(std::string_view text, size_t at) {
    const auto byte = [&](size_t i) { return i < text.size() ? static_cast<uint8_t>(text[i]) : 0U; };
    const uint32_t first = byte(at);
    const size_t length = first >= 0xF0 && first <= 0xF4 ? 4 : first >= 0xE0 ? 3 : first >= 0xC2 ? 2 : 0;
    if (length == 0 || first > 0xF4 || at + length > text.size())
        return 0;
    uint32_t code = first & (0x7FU >> length);
    for (size_t i = 1; i < length; ++i) {
        if ((byte(at + i) & 0xC0U) != 0x80)
            return 0;
        code = (code << 6) | (byte(at + i) & 0x3FU);
    }
    struct Range {
        uint32_t first, last;
    };
    static constexpr Range kSigns[]{{0x80, 0xA9}, {0xAB, 0xB4}, {0xB6, 0xB6}, {0xB8, 0xB9}, {0xBB, 0xBF},
        {0xD7, 0xD7}, {0xF7, 0xF7}, {0x2000, 0x206F}, {0x20A0, 0x20CF}, {0x2190, 0x2BFF}, {0x2E00, 0x2E7F},
        {0x3000, 0x3004}, {0x3008, 0x3020}, {0xD800, 0xF8FF}, {0xFD3E, 0xFD3F}, {0xFE10, 0xFE1F},
        {0xFE30, 0xFE6F}, {0xFEFF, 0xFEFF}, {0xFF00, 0xFF0F}, {0xFF1A, 0xFF20}, {0xFFE0, 0xFFFF},
        {0x1F000, 0x1FAFF}, {0xE0000, 0x10FFFF}};
    for (const Range& range : kSigns)
        if (code >= range.first && code <= range.last)
            return 0;
    return length;
}

size_t foreign_end(std::string_view text, size_t at) {
    for (size_t letter = foreign_letter(text, at); letter > 0; letter = foreign_letter(text, at))
        at = ascii_end(text, at + letter);
    return at;
}

std::string_view path_at(std::string_view text, size_t at) {
    size_t end = at + identifier_at(text, at).size();
    while (end + 1 < text.size() && text[end] == '.'
        && (is_identifier_char(text[end + 1]) || foreign_letter(text, end + 1) > 0))
        end = identifier_end(text, end + 1);
    return text.substr(at, end - at);
}

bool is_delimiter(char c) {
    return c == ',' || c == ')' || c == ']' || c == '}' || c == ';' || c == ':' || c == '#';
}

size_t string_end(std::string_view text, size_t at) {
    const char quote = text[at];
    for (size_t i = at + 1; i < text.size(); ++i) {
        if (text[i] == '\\')
            ++i;
        else if (text[i] == quote)
            return i + 1;
    }
    return npos;
}

size_t balanced_end(std::string_view text, size_t at, bool& closed) {
    size_t depth = 0;
    size_t angles = 0;
    bool open_single = false;
    bool open_double = false;
    closed = true;
    for (size_t i = at; i < text.size(); ++i) {
        const char c = text[i];
        if (c == '\'' || c == '"') {
            bool& never_closes = c == '"' ? open_double : open_single;
            const size_t end = never_closes ? npos : string_end(text, i);
            // An apostrophe inside a repr. Where one does not close, no later one of its kind does.
            never_closes = end == npos;
            if (never_closes)
                continue;
            i = end - 1;
        } else if (c == '<' && (i == at || text[i - 1] == '(' || angles || text[i - 1] == '=')) {
            ++angles;
        } else if (c == '>' && angles && text[i - 1] != '-') {
            --angles;
        } else if (c == '(' || c == '[' || c == '{') {
            ++depth;
        } else if (c == ')' || c == ']' || c == '}') {
            if (!depth && !angles)
                return i;
            if (depth)
                --depth;
        } else if (!depth && !angles && (c == ',' || c == ';')) {
            return i;
        }
    }
    closed = depth == 0;
    return text.size();
}

} // namespace hopscope::read
