// Checks that a module is a graph that FX could hold.
#pragma once

#include "core/graph/body.h"

#include <string>
#include <vector>

namespace hopscope {

struct Violation {
    BodyId body;
    NodeId node; // none where it concerns the whole body
    std::string message;
};

// Names unique in each body, placeholders first, one output and last, every argument defined before its use,
// region calls with as many operands as their body has placeholders. Empty = sound.
std::vector<Violation> verify(const GraphModule& module);

} // namespace hopscope
