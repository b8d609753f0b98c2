#include "core/graph/roles.h"

#include "core/base/text.h"
#include "core/graph/reading.h"

#include <algorithm>

namespace hopscope {

namespace {

// What an AOT descriptor is of, behind the wrappers of tensor subclasses: SubclassGetAttrAOTInput(base=…,
// attr='a').
std::string_view innermost(std::string_view descriptor) {
    constexpr std::string_view kBase = "(base=";
    while (descriptor.starts_with("Subclass")) {
        const size_t at = descriptor.find(kBase);
        if (at == std::string_view::npos)
            break;
        descriptor.remove_prefix(at + kBase.size());
    }
    return descriptor;
}

// "primals_3" is numbered behind "primals_"; "primals_of_all" is not.
bool is_numbered(std::string_view name, std::string_view prefix) {
    return name.starts_with(prefix) && name.size() > prefix.size()
        && std::all_of(name.begin() + static_cast<std::ptrdiff_t>(prefix.size()), name.end(), is_digit);
}

// A forward graph says which of its results are saved, a joint graph returns its own results and gradients, a
// backward graph gradients alone.
std::optional<Stage> stage_by_results(const GraphModule& module, const Body& root) {
    bool gradients = false, outputs = false;
    for (const StringId descriptor : root.output_descriptors) {
        const std::string_view text = innermost(module.text(descriptor));
        if (text.starts_with("SavedForBackwards"))
            return Stage::Forward;
        gradients = gradients || text.starts_with("GradAOTOutput");
        outputs = outputs || text.starts_with("PlainAOTOutput");
    }
    if (!gradients)
        return std::nullopt;
    return outputs ? Stage::Joint : Stage::Backward;
}

// Whether a computed value is returned that no tangent went into: an output of the forward, in a joint graph.
bool returns_forward_values(const GraphModule& module, const Body& body) {
    std::vector<bool> of_tangent(body.nodes.size(), false);
    for (size_t i = 0; i < body.nodes.size(); ++i) {
        const Node& node = body.nodes[i];
        if (node.op == Opcode::Placeholder) {
            of_tangent[i] = is_tangent(module, node);
            continue;
        }
        for (const NodeId input : body.inputs_of(node)) {
            of_tangent[i] = of_tangent[i] || of_tangent[input.index];
            const Node& from = body.node(input);
            if (node.op == Opcode::Output && !of_tangent[input.index] && from.op != Opcode::Placeholder
                && from.inputs_begin != from.inputs_end)
                return true;
        }
    }
    return false;
}

} // namespace

bool is_tangent(const GraphModule& module, const Node& placeholder) {
    if (placeholder.op != Opcode::Placeholder)
        return false;
    const std::string_view descriptor = innermost(module.text(placeholder.descriptor));
    if (!descriptor.empty())
        return descriptor.starts_with("TangentAOTInput");
    const std::string_view name = module.text(placeholder.name);
    return name == "tangents"
        || is_numbered(name, "tangents_"); // the first where a pytree was not taken apart
}

std::optional<Stage> stage_by_signature(const GraphModule& module) {
    if (module.bodies.empty())
        return std::nullopt;
    const Body& root = module.bodies[0];
    if (const auto stage = stage_by_results(module, root))
        return stage;
    bool primals = false, tangents = false, dynamo = false;
    for (size_t i = 0, n = root.placeholder_count(); i < n; ++i) {
        const Node& node = root.nodes[i];
        primals = primals || is_numbered(module.text(node.name), "primals_");
        tangents = tangents || is_tangent(module, node);
        dynamo = dynamo || module.text(node.target).starts_with("L_")
            || module.text(node.target).starts_with("G_");
    }
    if (tangents)
        return primals && returns_forward_values(module, root) ? Stage::Joint : Stage::Backward;
    if (primals)
        return Stage::Forward;
    return dynamo ? std::optional(Stage::Dynamo) : std::nullopt;
}

} // namespace hopscope
