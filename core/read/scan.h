// Finding one's way in a line of generated code: names, strings, balanced brackets.
#pragma once

#include <cstddef>
#include <string_view>

namespace hopscope::read {

void skip_spaces(std::string_view text, size_t& at);
// The identifier that starts at `at`; empty if none does. Letters of all scripts count, as Python's do: FX
// makes its own names of ASCII, attributes and what people write may have others.
std::string_view identifier_at(std::string_view text, size_t at);
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
