// Small text helpers used all over core: only what the standard library lacks.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace hopscope {

std::string_view trimmed(std::string_view text); // without spaces and tabs at both ends
bool is_identifier(std::string_view text); // [A-Za-z_][A-Za-z0-9_]*
inline bool is_identifier_start(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
inline bool is_digit(char c) {
    return c >= '0' && c <= '9';
}
inline bool is_identifier_char(char c) {
    return is_identifier_start(c) || is_digit(c);
}

// A copy that is valid UTF-8: bad bytes become U+FFFD.
std::string utf8(std::string_view bytes);

// The first line of a long message; with the next one where it ends in a colon ("backend='x' raised:").
std::string headline(std::string_view text);

// "1.33 s", "141 ms", "3.1 ms", "87 µs": three digits at most, with its unit.
std::string format_milliseconds(double ms);
// "12 B", "6.0 KiB", "1.2 MiB".
std::string format_bytes(uint64_t bytes);
// "1 invocation", "12 invocations".
std::string counted(uint64_t n, std::string_view noun);

} // namespace hopscope
