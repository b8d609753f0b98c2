// Which values of a body are kept for its other half.
#include "core/draw/fold.h"
#include "core/graph/calls.h"

#include <algorithm>
#include <charconv>

namespace hopscope::draw {

namespace {

// The node of each returned item; none where an item is no node.
std::vector<NodeId> returned_items(const Body& body) {
    std::vector<NodeId> items;
    if (body.nodes.empty() || body.nodes.back().op != Opcode::Output)
        return items;
    const auto args = body.args_of(body.nodes.back());
    if (args.empty())
        return items;
    if (args[0].kind == ArgKind::Node)
        return {args[0].node()};
    if (args[0].kind != ArgKind::Tuple && args[0].kind != ArgKind::List)
        return items;
    const size_t end = std::min<size_t>(args[0].size, args.size());
    for (size_t i = 1; i < end; i += std::max(1u, args[i].size))
        items.push_back(args[i].node());
    return items;
}

void mark(std::vector<bool>& saved, NodeId node) {
    if (node && node.index < saved.size())
        saved[node.index] = true;
}

// The item that a getitem takes; -1 if it is none.
int item_of(const GraphModule& module, const Body& body, const Node& node) {
    const auto args = body.args_of(node);
    if (node.op != Opcode::CallFunction || args.size() != 2 || args[1].kind != ArgKind::Int
        || base_name(module.text(node.target)) != "getitem")
        return -1;
    const std::string_view text = module.text(args[1].text());
    int item = -1;
    std::from_chars(text.data(), text.data() + text.size(), item);
    return item;
}

// A region's results that no call uses for anything but to return them are there for the backward only.
std::vector<bool> only_returned(const GraphModule& module, BodyId id, size_t items) {
    const BodyId parent_id = module.body(id).parent;
    const Body& parent = module.body(parent_id);
    std::vector<bool> returned(items, false);
    std::vector<bool> used(items, false);
    for (const RegionCall& call : region_calls(module, parent_id)) {
        if (call.body != id)
            continue;
        for (const NodeId user : parent.users_of(parent.node(call.node))) {
            const int item = item_of(module, parent, parent.node(user));
            if (item < 0 || static_cast<size_t>(item) >= items)
                continue;
            returned[static_cast<size_t>(item)] = true;
            for (const NodeId further : parent.users_of(parent.node(user)))
                if (parent.node(further).op != Opcode::Output)
                    used[static_cast<size_t>(item)] = true;
        }
    }
    // The first result is what the region computes: a last call's may only be returned as well.
    for (size_t i = 0; i < items; ++i)
        returned[i] = i > 0 && returned[i] && !used[i];
    return returned;
}

} // namespace

std::vector<bool> saved_values(const GraphModule& module, BodyId id, std::optional<Half> half) {
    const Body& body = module.body(id);
    std::vector<bool> saved(body.nodes.size(), false);
    if (half == Half::Backward) {
        for (size_t i = 0; i < body.nodes.size(); ++i)
            saved[i] = body.nodes[i].op == Opcode::Placeholder
                && !module.text(body.nodes[i].name).starts_with("tangents")
                && !module.text(body.nodes[i].descriptor).starts_with("TangentAOTInput");
        return saved;
    }
    if (half != Half::Forward)
        return saved;
    const std::vector<NodeId> items = returned_items(body);
    if (!body.output_descriptors.empty()) {
        for (size_t i = 0; i < std::min(items.size(), body.output_descriptors.size()); ++i)
            if (module.text(body.output_descriptors[i]).starts_with("SavedForBackwards"))
                mark(saved, items[i]);
    } else if (body.parent) {
        const std::vector<bool> only = only_returned(module, id, items.size());
        for (size_t i = 0; i < items.size(); ++i)
            if (only[i])
                mark(saved, items[i]);
    }
    return saved;
}

} // namespace hopscope::draw
