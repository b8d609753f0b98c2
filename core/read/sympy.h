// SymPy's srepr(), in which torch.export writes sizes, as PyTorch prints sizes elsewhere.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace hopscope::read {

// "Add(Mul(Integer(2), Symbol('s77', positive=True)), Integer(1))" to "2*s77 + 1". What is not srepr (files
// from before PyTorch 2.6 have the plain expression) is given back as it is. Nothing for a text that is
// neither, is longer than 64 KiB or nested deeper than 200.
std::optional<std::string> plain_expression(std::string_view text);

} // namespace hopscope::read
