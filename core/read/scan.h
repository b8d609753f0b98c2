// Finding one's way in a line of generated code: names, strings, balanced brackets.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace hopscope::read {

// Names are a good part of what is read: what finds their ends is here, to be part of its callers.
constexpr std::array<bool, 256> kNameChars = [] {
    std::array<bool, 256> chars{};
    for (size_t i = 0; i < 26; ++i)
        chars['a' + i] = chars['A' + i] = true;
    for (size_t i = 0; i < 10; ++i)
        chars['0' + i] = true;
    chars['_'] = true;
    return chars;
}();

inline size_t ascii_end(std::string_view text, size_t at) {
    while (at < text.size() && kNameChars[static_cast<unsigned char>(text[at])])
        ++at;
    return at;
}

// Bytes of the letter beyond ASCII that stands at `at`; 0 where none does.
size_t foreign_letter(std::string_view text, size_t at);
// Where a name goes on with letters beyond ASCII: its end.
size_t foreign_end(std::string_view text, size_t at);

inline size_t identifier_end(std::string_view text, size_t at) {
    at = ascii_end(text, at);
    return at < text.size() && (text[at] & 0x80) ? foreign_end(text, at) : at;
}

inline void skip_spaces(std::string_view text, size_t& at) {
    while (at < text.size() && (text[at] == ' ' || text[at] == '\n' || text[at] == '\t' || text[at] == '\r'))
        ++at;
}

// The identifier that starts at `at`; empty if none does. Letters of all scripts count, as Python's do: FX
// makes its own names of ASCII, attributes and what people write may have others.
inline std::string_view identifier_at(std::string_view text, size_t at) {
    if (at >= text.size() || (text[at] >= '0' && text[at] <= '9'))
        return {};
    return {text.data() + at, identifier_end(text, at) - at};
}
// Whether the whole text is one.
inline bool is_name(std::string_view text) {
    return !text.empty() && identifier_at(text, 0).size() == text.size();
}
// "a.b.c" from an identifier on; atoms after the first may be digits.
std::string_view path_at(std::string_view text, size_t at);
bool is_delimiter(char c); // what may stand behind a value
// End of the string literal whose opening quote is at `at`; npos if it never closes.
size_t string_end(std::string_view text, size_t at);
// End of a balanced text: the first top-level delimiter, or the end. `closed` is false if brackets stay open.
size_t balanced_end(std::string_view text, size_t at, bool& closed);

} // namespace hopscope::read
