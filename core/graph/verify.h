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
    bool of_call = false; // a region call that PyTorch's operator would refuse; the graph as such is sound
};

// Names unique in each body, placeholders first, one output and last, every argument defined before its use,
// region calls as their operator takes them (call_check.h). Empty = sound.
std::vector<Violation> verify(const GraphModule& module);

} // namespace hopscope
