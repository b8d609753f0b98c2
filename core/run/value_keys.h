// Which node a recorded value belongs to, and back (torch/_higher_order_ops/invoke_subgraph.py,
// _unwrap_proxy, is what links them while PyTorch traces; afterwards the keys of a value file do).
#pragma once

#include "core/base/result.h"
#include "core/graph/dump.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hopscope::run {

// A call on the way to a node: `call/` in a key, `loop/2/` for the third round of a loop.
struct CallStep {
    NodeId call; // in the body before
    std::optional<int64_t> round; // from 0; unset: it runs its body once
    BodyId body; // that it enters
    friend bool operator==(const CallStep&, const CallStep&) = default;
};

// A value: node of a body in one of its runs, or an item of its tuple.
struct ValuePlace {
    std::vector<CallStep> calls; // from the root; empty for its own nodes
    BodyId body;
    NodeId node;
    std::vector<int> items; // "name#0", "name#1#0"; empty = the node's whole value
    friend bool operator==(const ValuePlace&, const ValuePlace&) = default;
};

// The place of a key "call/inner#1" under `root`. Errors: NotFound naming the part of the key that is not
// there; Usage where the key means a node of several bodies (branches of a cond with equal names).
Result<ValuePlace> place_of_key(const GraphModule& module, BodyId root, std::string_view key);
// The key of a place.
std::string key_of(const GraphModule& module, BodyId root, const ValuePlace& place);
// The keys of a node, one for each region call that reaches its body, in graph order; {name} for the root's.
std::vector<std::string> keys_of(const GraphModule& module, BodyId body, NodeId node);

// As an address of the dump; the items and which of the calls it was are not in it.
inline Place place_in(GraphId graph, const ValuePlace& value) {
    return {graph, value.body, value.node};
}

} // namespace hopscope::run
