#include "core/base/text.h"

#include "core/base/find_words.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

namespace hopscope {

std::string_view trimmed(std::string_view text) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t'))
        text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t'))
        text.remove_suffix(1);
    return text;
}

bool is_identifier(std::string_view text) {
    if (text.empty() || !is_identifier_start(text.front()))
        return false;
    for (const char c : text)
        if (!is_identifier_char(c))
            return false;
    return true;
}

namespace {

// Length of the valid UTF-8 sequence at `at`, 0 if there is none (overlong forms and surrogates are invalid).
size_t sequence_length(std::string_view s, size_t at) {
    const auto byte = [&](size_t i) { return static_cast<unsigned char>(s[i]); };
    const unsigned char first = byte(at);
    if (first < 0x80)
        return 1;
    const size_t length = first >= 0xF0 && first <= 0xF4 ? 4
        : first >= 0xE0 && first < 0xF0                  ? 3
        : first >= 0xC2 && first < 0xE0                  ? 2
                                                         : 0;
    if (!length || at + length > s.size())
        return 0;
    for (size_t i = 1; i < length; ++i)
        if ((byte(at + i) & 0xC0) != 0x80)
            return 0;
    const unsigned char second = byte(at + 1);
    if ((first == 0xE0 && second < 0xA0) || (first == 0xED && second > 0x9F)
        || (first == 0xF0 && second < 0x90) || (first == 0xF4 && second > 0x8F))
        return 0;
    return length;
}

} // namespace

std::string utf8(std::string_view bytes) {
    if (!has_high_byte(bytes))
        return std::string(bytes);
    std::string out;
    out.reserve(bytes.size());
    for (size_t i = 0; i < bytes.size();) {
        if (const size_t n = sequence_length(bytes, i)) {
            out.append(bytes, i, n);
            i += n;
        } else {
            out += "\xEF\xBF\xBD";
            ++i;
        }
    }
    return out;
}

std::string headline(std::string_view text) {
    size_t end = std::min(text.find('\n'), text.size());
    std::string line(trimmed(text.substr(0, end)));
    while (line.ends_with(':') && end < text.size()) {
        const size_t from = end + 1;
        end = std::min(text.find('\n', from), text.size());
        const std::string_view next = trimmed(text.substr(from, end - from));
        if (!next.empty())
            return line + ' ' + std::string(next);
    }
    return line;
}

namespace {

// Three significant digits, without an exponent.
std::string three_digits(double v) {
    std::array<char, 32> buffer{};
    const int decimals = v >= 99.95 ? 0 : v >= 9.995 ? 1 : 2;
    std::snprintf(buffer.data(), buffer.size(), "%.*f", decimals, v);
    return buffer.data();
}

} // namespace

std::string format_milliseconds(double ms) {
    if (ms < 0.9995)
        return std::to_string(static_cast<int>(std::lround(ms * 1000))) + " µs";
    if (ms < 999.5)
        return three_digits(ms) + " ms";
    if (ms < 119'500)
        return three_digits(ms / 1000) + " s";
    return three_digits(ms / 60'000) + " min";
}

std::string format_bytes(uint64_t bytes) {
    if (bytes < 1024)
        return std::to_string(bytes) + " B";
    static constexpr std::array<const char*, 5> kUnits{" KiB", " MiB", " GiB", " TiB", " PiB"};
    double v = static_cast<double>(bytes) / 1024;
    size_t unit = 0;
    while (v >= 1023.5 && unit + 1 < kUnits.size()) {
        v /= 1024;
        ++unit;
    }
    return three_digits(v) + kUnits[unit];
}

std::string counted(uint64_t n, std::string_view noun) {
    return std::to_string(n) + ' ' + std::string(noun) + (n == 1 ? "" : "s");
}

} // namespace hopscope
