// What invoke_subgraph asks of a call (torch/_higher_order_ops/invoke_subgraph.py,
// InvokeSubgraphHOP.__call__), and what its body asks of the operands.
#pragma once

#include "core/graph/body.h"

#include <string>
#include <vector>

namespace hopscope {

// What is wrong with the region call that `node` makes, each with node, operand, found and expected: the
// subgraph is a body, the identifier a string or None, operands are tensors, integers or None, as many as the
// body has placeholders, and of their dtype and shape where the dump gives both. Symbols of the body unify
// with what they are called with. `strides`: and of their strides, which the caches ask for and a run does
// without. Empty: nothing, or the node is no region call.
std::vector<std::string> check_region_call(
    const GraphModule& module, BodyId body, NodeId node, bool strides = false);

} // namespace hopscope
