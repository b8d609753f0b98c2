// Which nodes write into a tensor that was there before.
#pragma once

#include "core/graph/body.h"

namespace hopscope {

// Whether a node writes into its first operand, as far as its name and how it was written say: a trailing
// underscore
// (`aten.copy_`), operator.setitem, an in-place operator (`x += y`). FX itself goes by names where it has no
// schema (torch/fx/node.py, Node.is_impure); a dump has none.
bool writes_in_place(const GraphModule& module, const Node& node);

} // namespace hopscope
