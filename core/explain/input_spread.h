// In what the tensors that a compilation takes differ among each other: a hint where no graph shows a call.
#pragma once

#include "core/explain/parts.h"

namespace hopscope::explain_parts {

struct InputSpread {
    std::vector<std::string> fields; // of dtype, shape, stride, requires_grad: those that differ
    std::string examples; // "a [2, 8], b [3, 8], …"

    bool has(std::string_view field) const;
    // "; the tensors that the compilation takes differ in shape (a [2, 8], b [3, 8])"; empty where they do
    // not.
    std::string hint() const;
};

// Of the recorded inputs that are no parameters.
InputSpread input_spread(const Dump& dump, CompilationId compilation);

} // namespace hopscope::explain_parts
