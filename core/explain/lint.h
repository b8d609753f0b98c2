// What looks wrong at the border of a region: each finding is a problem with the places that do not go
// together. A recording without such a fault gives none.
#pragma once

#include "core/regions/ledger.h"

#include <vector>

namespace hopscope {

// What it finds, of the last attempt of each compilation, in the order of the dump:
//
// - autocast entered around a call in one dtype, and a body that computes in another: Dynamo's graph shows
//   both (torch/amp/autocast_mode.py);
//
// - operands that a call's body cannot take (torch/_higher_order_ops/invoke_subgraph.py,
//   InvokeSubgraphHOP.__call__);
//
// - a region's result that lies in the storage of an operand or of another result, also through views, and an
//   operand that it writes into while a gradient is wanted (torch/_dynamo/variables/higher_order_ops.py,
//   check_aliasing_and_input_mutation);
//
// - one identifier called with bodies that differ;
//
// - a saved value that its backward takes in another dtype, shape, stride or device, or that nothing there
//   uses;
//
// - a tangent that the whole backward takes in another dtype, shape or device than its forward's result has
//   (AOTAutograd may ask for other strides, and makes them);
//
// - options of a region (its own compilers) that a call has in Dynamo's graph and not behind it.
std::vector<Problem> lint(const Dump& dump, const Ledger& ledger);

} // namespace hopscope
