// Region calls replaced by what their bodies do: a body as it would be without its regions, or without some
// of them.
#pragma once

#include "core/graph/body.h"
#include "core/graph/calls.h"

#include <functional>
#include <string>
#include <vector>

namespace hopscope {

// A call whose body stands in its place.
struct ExpandedCall {
    std::string path; // names of the calls on the way to it: "invoke_subgraph_3", "invoke_subgraph_3/inner"
    StringId attribute; // of the body that was called, a string of the original module
    std::vector<NodeId> nodes; // what stands for it, calls inside of it included; of the expanded body
};

// Where a node stood.
struct NodeOrigin {
    BodyId body; // of the original module
    NodeId node;
};

// A call that stays though it was asked for.
struct KeptCall {
    std::string path;
    std::string reason;
};

struct ExpandedBody {
    // bodies[0] is the body without the calls; the others are those that it still calls. A node that came out
    // of a call is named as runs name it, "invoke_subgraph_3/mm". Its strings point into the original's: that
    // one must outlive it.
    GraphModule module;
    std::vector<NodeId>
        origin_to_new; // by node of the original body; none where a call or what took its items is gone
    std::vector<NodeOrigin> origins; // by node of the new body
    std::vector<ExpandedCall> calls; // in the order in which they are met, those inside a call behind it
    std::vector<KeptCall> kept;
};

struct ExpandOptions {
    // Which calls; all where it is empty. `scope` makes the call, `path` is that of ExpandedCall.
    std::function<bool(
        const GraphModule& module, BodyId scope, const RegionCall& call, const std::string& path)>
        wanted;
    int levels = 1 << 20; // 1: not the calls inside of what was expanded
    size_t most_nodes = 200'000; // bodies that call each other twice over grow with every level: then calls
                                 // stay, and are told
};

// Calls that invoke_subgraph makes itself; wrapped in with_effects or auto_functionalized, whose results mean
// other things, they stay. Where the call passes a constant for a placeholder, the constant stands in its
// users.
ExpandedBody expand_calls(const GraphModule& module, BodyId body, const ExpandOptions& options = {});

} // namespace hopscope
