#include "core/export/picture.h"

#include "core/base/text.h"
#include "core/graph/calls.h"

#include <algorithm>
#include <string_view>

namespace hopscope {

namespace {

using draw::Dot;

// Drawing does not know the ledger, but counts its decisions the same way.
static_assert(static_cast<int>(Dot::Traced) == static_cast<int>(Decision::Traced));
static_assert(static_cast<int>(Dot::Reused) == static_cast<int>(Decision::Reused));
static_assert(static_cast<int>(Dot::ReusedByKey) == static_cast<int>(Decision::ReusedByKey));
static_assert(static_cast<int>(Dot::RetracedSame) == static_cast<int>(Decision::RetracedSame));
static_assert(static_cast<int>(Dot::RetracedNew) == static_cast<int>(Decision::RetracedNew));
static_assert(static_cast<int>(Dot::Failed) == static_cast<int>(Decision::Failed));
static_assert(static_cast<int>(Dot::Unknown) == static_cast<int>(Decision::Unknown));
static_assert(static_cast<int>(Dot::Inlined) == static_cast<int>(Decision::Unknown) + 1);

uint8_t dot_of(const Invocation& invocation) {
    return static_cast<uint8_t>(invocation.inlined ? Dot::Inlined : static_cast<Dot>(invocation.decision));
}

void describe_calls(
    const CompilationLedger& ledger, const Place& place, size_t nodes, draw::Options& options) {
    options.badges.resize(nodes);
    options.dots.resize(nodes);
    options.own_dot.resize(nodes);
    options.notes.resize(nodes);
    for (const Region& region : ledger.regions) {
        std::vector<uint8_t> dots;
        for (const InvocationId id : region.invocations)
            dots.push_back(dot_of(ledger.invocation(id)));
        for (size_t i = 0; i < region.invocations.size(); ++i) {
            for (const Place& call : ledger.invocation(region.invocations[i]).calls) {
                if (!call.node || call.graph != place.graph || call.body != place.body
                    || call.node.index >= nodes)
                    continue;
                const size_t node = call.node.index;
                options.badges[node] = "×" + std::to_string(dots.size());
                options.dots[node] = dots;
                options.own_dot[node] = static_cast<uint32_t>(i);
                if (const int64_t bytes = region.saved_bytes.value_or(0); bytes > 0)
                    options.notes[node] = format_bytes(static_cast<uint64_t>(bytes)) + " saved";
            }
        }
    }
}

std::string_view region_of(const GraphModule& module, BodyId body) {
    return identifier_parts(module.text(module.body(body).class_name)).region;
}

bool is_tangent(const GraphModule& module, const Node& node) {
    return module.text(node.name).starts_with("tangents")
        || module.text(node.descriptor).starts_with("TangentAOTInput");
}

std::vector<bool> saved_in_backward(const GraphModule& module, const Body& body) {
    std::vector<bool> saved(body.nodes.size(), false);
    for (size_t i = 0; i < body.nodes.size(); ++i)
        saved[i] = body.nodes[i].op == Opcode::Placeholder && !is_tangent(module, body.nodes[i]);
    return saved;
}

// Bodies of a backward graph that belong to a forward body: the root to the root, and to a region's body
// those of the same region (one per variant of its tangents).
std::vector<BodyId> backward_bodies(const GraphModule& forward, BodyId body, const GraphModule& backward) {
    std::vector<BodyId> bodies;
    if (body.index == 0)
        return {BodyId(0)};
    for (size_t b = 1; b < backward.bodies.size(); ++b)
        if (region_of(backward, BodyId(b)) == region_of(forward, body))
            bodies.push_back(BodyId(b));
    return bodies;
}

// AOTAutograd's partitioner keeps the names: a saved value is called the same in both halves.
bool mark_saved(const GraphModule& forward, const Body& body, const GraphModule& backward, const Body& other,
    std::vector<bool>& saved) {
    bool any = false;
    if (body.nodes.empty() || body.nodes.back().op != Opcode::Output)
        return false;
    for (const Node& node : other.nodes) {
        if (node.op != Opcode::Placeholder || is_tangent(backward, node))
            continue;
        const StringId name = forward.strings.find(backward.text(node.name));
        if (!name)
            continue;
        for (const NodeId value : body.inputs_of(body.nodes.back()))
            if (body.node(value).name == name)
                any = saved[value.index] = true;
    }
    return any;
}

} // namespace

std::vector<bool> saved_between_halves(const Dump& dump, const Place& place) {
    const Graph& graph = dump.graph(place.graph);
    const GraphModule& module = *graph.module;
    const Body& body = module.body(place.body);
    if (graph.stage == Stage::Backward)
        return saved_in_backward(module, body);
    if (graph.stage != Stage::Forward || !graph.compilation)
        return {};
    std::vector<bool> saved(body.nodes.size(), false);
    bool any = false;
    for (const GraphId id : dump.compilation(graph.compilation).graphs) {
        const Graph& other = dump.graph(id);
        if (other.stage != Stage::Backward || other.ordinal != graph.ordinal)
            continue;
        for (const BodyId half : backward_bodies(module, place.body, *other.module))
            any |= mark_saved(module, body, *other.module, other.module->body(half), saved);
    }
    return any ? saved : std::vector<bool>{};
}

draw::Options picture_options(const Dump& dump, const Ledger* ledger, const Place& place) {
    const Graph& graph = dump.graph(place.graph);
    draw::Options options;
    options.title = dump.name + " · " + address_of(dump, place.graph, place.body);
    if (graph.stage == Stage::Forward)
        options.half = Half::Forward;
    else if (graph.stage == Stage::Backward)
        options.half = Half::Backward;
    options.saved = saved_between_halves(dump, place);
    if (ledger && graph.compilation && graph.compilation.index < ledger->compilations.size())
        describe_calls(
            ledger->of(graph.compilation), place, graph.module->body(place.body).nodes.size(), options);
    return options;
}

} // namespace hopscope
