#include "core/match/literals.h"

#include "core/base/text.h"
#include "core/match/hash.h"

#include <bit>
#include <charconv>
#include <optional>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace hopscope::match {

uint64_t text_hash(std::string_view text) {
    return XXH3_64bits(text.data(), text.size());
}

std::string_view plain_target(std::string_view target) {
    if (target.starts_with("_operator."))
        return target.substr(1);
    return short_target(target);
}

std::string plain_device(std::string_view text) {
    constexpr std::string_view kHead = "device(";
    if (!text.starts_with(kHead) || !text.ends_with(')'))
        return std::string(text);
    const auto after = [&](std::string_view key, std::string_view end) {
        const size_t at = text.find(key);
        if (at == std::string_view::npos)
            return std::string_view{};
        const std::string_view rest = text.substr(at + key.size());
        return rest.substr(0, rest.find_first_of(end));
    };
    std::string out(after("type='", "'"));
    if (const std::string_view index = after("index=", ",)"); !index.empty())
        (out += ':') += index;
    return out.empty() ? std::string(text) : out;
}

std::string without_indices(std::string_view path) {
    std::string out;
    for (size_t i = 0; i < path.size();) {
        size_t end = i;
        while (end < path.size() && is_digit(path[end]))
            ++end;
        const bool closes = end == path.size() || !is_identifier_char(path[end]) || path[end] == '_';
        if (end > i && closes) {
            out += '#';
            i = end;
        } else {
            end = end > i ? end : i + 1;
            out += path.substr(i, end - i);
            i = end;
        }
    }
    return out;
}

namespace {

std::string_view unquoted(std::string_view literal) {
    const bool quoted = literal.size() >= 2 && (literal.front() == '\'' || literal.front() == '"')
        && literal.back() == literal.front();
    return quoted ? literal.substr(1, literal.size() - 2) : literal;
}

std::optional<double> number(std::string_view text) {
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size())
        return std::nullopt;
    return value;
}

} // namespace

bool same_literal(ArgKind kind, std::string_view a, std::string_view b) {
    if (a == b)
        return true;
    switch (kind) {
    case ArgKind::Float: {
        const auto x = number(a);
        const auto y = number(b);
        return x && y && std::bit_cast<uint64_t>(*x) == std::bit_cast<uint64_t>(*y);
    }
    case ArgKind::String:
        return unquoted(a) == unquoted(b);
    case ArgKind::Device:
        return plain_device(a) == plain_device(b);
    case ArgKind::Operator:
        return plain_target(a) == plain_target(b);
    default:
        return false;
    }
}

uint64_t literal_hash(ArgKind kind, std::string_view text) {
    switch (kind) {
    case ArgKind::Float:
        if (const auto value = number(text))
            return mix(1, std::bit_cast<uint64_t>(*value));
        return text_hash(text);
    case ArgKind::String:
        return text_hash(unquoted(text));
    case ArgKind::Device:
        return text_hash(plain_device(text));
    case ArgKind::Operator:
        return text_hash(plain_target(text));
    default:
        return text_hash(text);
    }
}

} // namespace hopscope::match
