#include "core/graph/part.h"

#include <algorithm>

namespace hopscope {

namespace {

// One step further along arguments, up or down.
std::vector<NodeId> step(const Body& body, NodeId node, bool up) {
    const auto next = up ? body.inputs_of(body.node(node)) : body.users_of(body.node(node));
    return {next.begin(), next.end()};
}

std::vector<bool> reach(const Body& body, NodeId node, bool up) {
    std::vector<bool> reached(body.nodes.size(), false);
    std::vector<NodeId> open{node};
    reached[node.index] = true;
    while (!open.empty()) {
        const NodeId at = open.back();
        open.pop_back();
        for (const NodeId next : step(body, at, up))
            if (!reached[next.index]) {
                reached[next.index] = true;
                open.push_back(next);
            }
    }
    return reached;
}

} // namespace

BodyPart keep_nodes(const GraphModule& module, BodyId id, const std::vector<bool>& kept) {
    const Body& from = module.body(id);
    const size_t count = from.nodes.size();
    enum class Stays : uint8_t { No, AsItIs, AsStandIn };
    std::vector<Stays> stays(count, Stays::No);
    for (size_t i = 0; i < count; ++i)
        if (i < kept.size() && kept[i])
            stays[i] = Stays::AsItIs;
    for (size_t i = 0; i < count; ++i) {
        if (i >= kept.size() || !kept[i] || from.nodes[i].op == Opcode::Output)
            continue;
        for (const NodeId input : from.inputs_of(from.nodes[i]))
            if (stays[input.index] == Stays::No) {
                const Opcode op = from.node(input).op;
                stays[input.index] =
                    op == Opcode::Placeholder || op == Opcode::GetAttr ? Stays::AsItIs : Stays::AsStandIn;
            }
    }

    BodyPart part;
    part.module = module;
    Body& to = part.module.bodies[id.index];
    to.nodes.clear();
    to.args.clear();
    part.origin_to_new.resize(count);
    // Placeholders stand first, stand-ins among them in the order of what they stand for.
    const auto number = [&](bool first) {
        for (size_t i = 0; i < count; ++i) {
            const bool input = stays[i] == Stays::AsStandIn || from.nodes[i].op == Opcode::Placeholder;
            if (stays[i] == Stays::No || input != first)
                continue;
            part.origin_to_new[i] = NodeId(part.origins.size());
            part.origins.push_back(NodeId(i));
            part.stands_in.push_back(stays[i] == Stays::AsStandIn);
        }
    };
    number(true);
    number(false);
    part.left_out = static_cast<size_t>(std::count(stays.begin(), stays.end(), Stays::No))
        + static_cast<size_t>(std::count(stays.begin(), stays.end(), Stays::AsStandIn));
    for (size_t k = 0; k < part.origins.size(); ++k) {
        Node node = from.node(part.origins[k]);
        const auto args = from.args_of(node);
        node.args_begin = static_cast<uint32_t>(to.args.size());
        if (part.stands_in[k]) {
            node.op = Opcode::Placeholder;
            node.target = node.name;
            node.descriptor = {};
        } else {
            for (Arg arg : args) {
                if (arg.kind == ArgKind::Node) {
                    const NodeId here = part.origin_to_new[arg.ref];
                    const uint32_t size = arg.size;
                    if (here)
                        arg.ref = here.index;
                    else
                        arg = Arg{};
                    arg.size = size;
                }
                to.args.push_back(arg);
            }
        }
        node.args_end = static_cast<uint32_t>(to.args.size());
        to.nodes.push_back(node);
    }
    derive_uses(to);
    return part;
}

std::vector<bool> ancestors_of(const Body& body, NodeId node) {
    return reach(body, node, true);
}

std::vector<bool> descendants_of(const Body& body, NodeId node) {
    return reach(body, node, false);
}

std::vector<bool> between(const Body& body, NodeId a, NodeId b) {
    const NodeId first = std::min(a, b), last = std::max(a, b); // users stand behind what they use
    std::vector<bool> down = descendants_of(body, first);
    const std::vector<bool> up = ancestors_of(body, last);
    for (size_t i = 0; i < down.size(); ++i)
        down[i] = down[i] && up[i];
    down[a.index] = down[b.index] = true;
    return down;
}

std::vector<bool> neighbours_of(const Body& body, NodeId node, int steps) {
    std::vector<bool> reached(body.nodes.size(), false);
    std::vector<NodeId> border{node};
    reached[node.index] = true;
    for (int i = 0; i < steps; ++i) {
        std::vector<NodeId> next;
        for (const NodeId at : border) {
            // All that is returned meets in the output, all calls of a body in its name: neighbours by that
            // alone are none.
            const Opcode op = body.node(at).op;
            if (at != node && (op == Opcode::Output || op == Opcode::GetAttr))
                continue;
            for (const bool up : {true, false})
                for (const NodeId other : step(body, at, up))
                    if (!reached[other.index]) {
                        reached[other.index] = true;
                        next.push_back(other);
                    }
        }
        border = std::move(next);
    }
    return reached;
}

} // namespace hopscope
