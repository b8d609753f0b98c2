// Region calls: the nodes that call a body by an attribute (invoke_subgraph and the other higher-order
// operators).
#pragma once

#include "core/graph/body.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hopscope {

// One invoke_subgraph call, in whichever of its forms (torch/_higher_order_ops/invoke_subgraph.py,
// InvokeSubgraphHOP.__call__; wrapped in with_effects or auto_functionalized_v2 after functionalization).
struct RegionCall {
    NodeId node;
    NodeId get_attr; // the node that names the body
    BodyId body; // none where the text does not print it
    StringId attribute; // of the body: "partitioned_fw_subgraph_0_0"
    std::string_view identifier; // second argument, with its quotes taken off; empty where it is None
    std::vector<NodeId> operands; // node operands by position; none for constants
    std::vector<const Arg*>
        operand_args; // the same, as written: into Body::args; null where the text has none
};

// The two arguments that name what is called, as written; null where the text has none. Whether they do is
// for check_region_call() to say (call_check.h). Nothing if the node is no invoke_subgraph in any of its
// forms.
struct CallNames {
    const Arg* subgraph = nullptr;
    const Arg* identifier = nullptr;
};
std::optional<CallNames> call_names(const GraphModule& module, BodyId body, NodeId node);

// The call that `node` makes; nothing if it is no region call.
std::optional<RegionCall> region_call(const GraphModule& module, BodyId body, NodeId node);
// All region calls of one body, in graph order.
std::vector<RegionCall> region_calls(const GraphModule& module, BodyId body);

// Bodies that a node refers to through get_attr arguments, for any higher-order operator, in argument order.
std::vector<BodyId> called_bodies(const GraphModule& module, BodyId body, NodeId node);

// The halves of training: what runs for the loss, and what autograd runs for the gradients.
enum class Half : uint8_t { Forward, Backward };

// What an identifier says of itself (naming rules: formats since 2.5, torch/_functorch and
// torch/_higher_order_ops/invoke_subgraph.py).
struct IdentifierParts {
    std::optional<Half> half; // none: the whole region, as Dynamo or an inference graph has it
    bool partitioned = false;
    std::string_view region; // the identifier that Dynamo gave: "subgraph_0"
    std::optional<int> variant; // tangent variant of a bw_ or partitioned_ name
};
IdentifierParts identifier_parts(std::string_view identifier);

} // namespace hopscope
