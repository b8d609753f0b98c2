// Which values of Dynamo's graph require a gradient: what its inputs are is recorded, the rest follows as
// autograd has it. Reuse of a region compares it (torch/_dynamo/variables/invoke_subgraph.py), and no graph's
// text shows it.
#pragma once

#include "core/regions/input_names.h"

#include <map>
#include <optional>
#include <utility>
#include <vector>

namespace hopscope::explain_parts {

using Gradients = std::vector<std::optional<bool>>; // by NodeId::index; none: not known

// Of one dump, which has to outlive it, as its names of inputs.
class GradientFacts {
public:
    GradientFacts(const Dump& dump, InputNames& names)
        : dump_(dump)
        , names_(names) { }

    // Of the root of a graph of Dynamo's; as long-lived as this object.
    const Gradients& of(GraphId graph);

private:
    Gradients walk(const GraphModule& module, BodyId body, Gradients inputs, bool root);
    // What a region's body returns, by position, for operands that are known so far.
    const Gradients& results(const GraphModule& module, BodyId body, const Gradients& operands);

    const Dump& dump_;
    InputNames& names_;
    std::map<uint32_t, Gradients> roots_; // by GraphId::index
    GraphId graph_; // that is walked
    std::map<std::pair<uint32_t, Gradients>, Gradients> results_; // of graph_, by BodyId::index and operands
};

} // namespace hopscope::explain_parts
