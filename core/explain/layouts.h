// How a tensor lies in memory, in the words in which people speak of it.
#pragma once

#include "core/graph/body.h"

#include <string>

namespace hopscope::explain_parts {

// "contiguous"; "transposed" (dense, two dimensions swapped), "permuted" (dense, in another order),
// "expanded" (a stride of 0 over more than one item), "sliced" (row-major with gaps). Empty where sizes or
// strides are symbols or are not told, or where none of these fits.
std::string layout_of(const GraphModule& module, const ValueType* type);

} // namespace hopscope::explain_parts
