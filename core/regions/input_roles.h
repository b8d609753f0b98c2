// What placeholders are by names, by the operators that take them and by what calls pass; internal to
// core/regions.
#pragma once

#include "core/graph/roles.h"

#include <functional>
#include <vector>

namespace hopscope::regions {

// By NodeId::index. AOTAutograd's dumps do not say which inputs are weights, so it is concluded: from
// descriptors and names, from the operators that take them, and for a region's body from what its calls pass.
// `is_backward` tells whether a body is of the backward half: its operators take transposed weights,
// gradients and saved values alike, and say nothing.
std::vector<InputRole> input_roles(
    const GraphModule& module, BodyId body, const std::function<bool(BodyId)>& is_backward);

} // namespace hopscope::regions
