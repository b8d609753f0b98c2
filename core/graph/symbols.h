// Symbolic sizes (s77, 2*s77, ((s0 + 7)//8)) put into numbers.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace hopscope {

using Bindings = std::map<std::string, int64_t, std::less<>>;

// The value of an expression as PyTorch prints sizes: integers, symbols, + - * // % **, brackets, and the
// functions Max, Min, Mod, FloorDiv, CeilDiv, CeilToInt. Nothing where a symbol is not bound, the text is no
// such expression, or the value does not fit. `missing`, if given, gets the first symbol that is not bound.
std::optional<int64_t> evaluate_symbolic(
    std::string_view text, const Bindings& symbols, std::string* missing = nullptr);

} // namespace hopscope
