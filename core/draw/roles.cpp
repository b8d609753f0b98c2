// What the placeholders of a body are.
#include "core/base/text.h"
#include "core/draw/kinds.h"
#include "core/graph/calls.h"

#include <algorithm>
#include <array>

namespace hopscope::draw {

namespace {

bool contains(std::string_view text, std::string_view part) {
    return text.find(part) != std::string_view::npos;
}

Role role_by_name(const GraphModule& module, const Node& node) {
    const ValueType* type = module.type(node.type);
    if (type && type->kind == TypeKind::Sym)
        return Role::Symbol;
    const std::string_view descriptor = module.text(node.descriptor);
    if (descriptor.starts_with("ParamAOTInput") || descriptor.starts_with("BufferAOTInput"))
        return Role::Parameter;
    if (descriptor.starts_with("TangentAOTInput") || contains(descriptor, "TokenAOTInput"))
        return Role::Data;
    const std::string_view name = module.text(node.name);
    if (name.starts_with("tangents"))
        return Role::Data;
    // Dynamo: L_self_modules_up_parameters_weight_; export: p_up_weight, b_running_mean, c_lifted_tensor_0.
    if (contains(name, "parameters_") || contains(name, "_buffers_") || name.starts_with("p_")
        || name.starts_with("b_") || name.starts_with("c_"))
        return Role::Parameter;
    if (name.starts_with("l_") || name.starts_with("L_"))
        return Role::Data;
    return Role::Unknown;
}

// Positions of arguments that are weights wherever these operators stand in a forward; bit i = argument i.
unsigned weight_arguments(std::string_view name) {
    struct Row {
        std::string_view name;
        unsigned positions;
    };
    static constexpr Row kRows[] = {
        {"addmm", 1u << 0},
        {"embedding", 1u << 0},
        {"t", 1u << 0},
        {"linear", 1u << 1 | 1u << 2},
        {"native_layer_norm", 1u << 2 | 1u << 3},
        {"layer_norm", 1u << 2 | 1u << 3},
        {"_fused_rms_norm", 1u << 2},
        {"rms_norm", 1u << 2},
        {"native_group_norm", 1u << 1 | 1u << 2},
        {"group_norm", 1u << 2 | 1u << 3},
        {"convolution", 1u << 1 | 1u << 2},
        {"conv1d", 1u << 1 | 1u << 2},
        {"conv2d", 1u << 1 | 1u << 2},
        {"conv3d", 1u << 1 | 1u << 2},
        {"batch_norm", 1u << 1 | 1u << 2 | 1u << 3 | 1u << 4},
        {"native_batch_norm", 1u << 1 | 1u << 2 | 1u << 3 | 1u << 4},
        {"_native_batch_norm_legit_functional", 1u << 1 | 1u << 2 | 1u << 3 | 1u << 4},
    };
    for (const Row& row : kRows)
        if (row.name == name)
            return row.positions;
    return 0;
}

// Marks placeholders that stand where operators take their weights.
void mark_by_operators(const GraphModule& module, const Body& body, std::vector<Role>& roles) {
    for (const Node& node : body.nodes) {
        if (node.op != Opcode::CallFunction)
            continue;
        const unsigned positions = weight_arguments(base_name(module.text(node.target)));
        if (positions == 0)
            continue;
        const auto args = body.args_of(node);
        unsigned position = 0;
        for (size_t i = 0; i < args.size(); i += std::max(1u, args[i].size), ++position) {
            const NodeId input = args[i].node();
            if (position < 32 && (positions >> position & 1) && input && input.index < roles.size()
                && body.node(input).op == Opcode::Placeholder && roles[input.index] == Role::Unknown)
                roles[input.index] = Role::Parameter;
        }
    }
}

// What the calls of a region pass at one position.
struct Passed {
    int calls = 0, placeholders = 0, parameters = 0, computed = 0, data = 0;

    Role role() const {
        if (computed > 0 || (data > 0 && parameters == 0))
            return Role::Data;
        if (parameters > 0)
            return Role::Parameter;
        // A value of the step would be computed for the second call on: what always comes from outside is a
        // weight.
        return calls > 1 && placeholders == calls ? Role::Parameter : Role::Unknown;
    }
};

// Sums up, by position, what the calls of `child` in its parent pass.
std::vector<Passed> passed_to(
    const std::vector<RegionCall>& calls, const Body& parent, const std::vector<Role>& roles, BodyId child) {
    std::vector<Passed> sums;
    for (const RegionCall& call : calls) {
        if (call.body != child)
            continue;
        if (sums.size() < call.operands.size())
            sums.resize(call.operands.size());
        for (size_t i = 0; i < call.operands.size(); ++i) {
            Passed& sum = sums[i];
            ++sum.calls;
            const NodeId operand = call.operands[i];
            if (!operand || operand.index >= parent.nodes.size())
                continue;
            const Opcode op = parent.node(operand).op;
            sum.placeholders += op == Opcode::Placeholder;
            const Role role = op == Opcode::Placeholder ? roles[operand.index] : Role::Unknown;
            sum.parameters += op == Opcode::GetAttr || role == Role::Parameter;
            sum.data += role == Role::Data;
            sum.computed += op != Opcode::GetAttr && op != Opcode::Placeholder;
        }
    }
    return sums;
}

// Placeholders of a body that region calls take as weights are weights.
void mark_by_calls(
    const GraphModule& module, BodyId id, const std::vector<RegionCall>& calls, std::vector<Role>& roles) {
    const Body& body = module.body(id);
    for (const BodyId child : body.children) {
        const std::vector<Passed> sums = passed_to(calls, body, roles, child);
        for (const RegionCall& call : calls) {
            if (call.body != child)
                continue;
            for (size_t i = 0; i < call.operands.size(); ++i) {
                const NodeId operand = call.operands[i];
                if (operand && operand.index < roles.size() && body.node(operand).op == Opcode::Placeholder
                    && roles[operand.index] == Role::Unknown)
                    roles[operand.index] = sums[i].role();
            }
        }
    }
}

std::vector<Role> own_roles(const GraphModule& module, BodyId id, bool backward) {
    const Body& body = module.body(id);
    std::vector<Role> roles(body.nodes.size(), Role::Unknown);
    for (size_t i = 0; i < body.nodes.size(); ++i)
        if (body.nodes[i].op == Opcode::Placeholder)
            roles[i] = role_by_name(module, body.nodes[i]);
    if (!backward)
        mark_by_operators(module, body, roles);
    return roles;
}

} // namespace

std::optional<Half> half_of(const GraphModule& module, BodyId id) {
    for (BodyId b = id; b; b = module.body(b).parent) {
        const Body& body = module.body(b);
        const IdentifierParts parts = identifier_parts(module.text(body.class_name));
        if (parts.half == Half::Forward)
            return Half::Forward;
        if (parts.half == Half::Backward)
            return Half::Backward;
    }
    const Body& body = module.body(id);
    bool tangents = false;
    bool others = false;
    size_t primals = 0;
    bool all_primals = true; // in their order, from the first on: a joint graph
    for (const Node& node : body.nodes) {
        if (node.op != Opcode::Placeholder)
            break;
        const std::string_view name = module.text(node.name);
        if (name.starts_with("tangents_")) {
            tangents = true;
        } else if (name.starts_with("primals_")) {
            const std::string_view number = name.substr(std::string_view("primals_").size());
            all_primals = all_primals
                && (number == std::to_string(primals + 1)
                    || (id.index != 0 && number == std::to_string(primals)));
            ++primals;
        } else {
            others = true;
        }
    }
    bool grads = false;
    for (const StringId descriptor : body.output_descriptors) {
        const std::string_view text = module.text(descriptor);
        if (text.starts_with("SavedForBackwards"))
            return Half::Forward;
        if (text.starts_with("GradAOTOutput"))
            grads = true;
        else if (text.starts_with("PlainAOTOutput"))
            return std::nullopt; // joint, or inference
    }
    if (tangents && (grads || others || !all_primals))
        return Half::Backward;
    return std::nullopt;
}

std::vector<Role> placeholder_roles(const GraphModule& module, BodyId id) {
    // From the root down to the body: each level learns from the calls of the level above.
    std::vector<BodyId> chain;
    for (BodyId b = id; b; b = module.body(b).parent)
        chain.push_back(b);
    std::reverse(chain.begin(), chain.end());
    std::vector<Role> roles;
    std::vector<RegionCall> calls;
    for (size_t level = 0; level < chain.size(); ++level) {
        const bool backward = half_of(module, chain[level]) == Half::Backward;
        std::vector<Role> own = own_roles(module, chain[level], backward);
        if (level > 0 && !backward) {
            const auto sums = passed_to(calls, module.body(chain[level - 1]), roles, chain[level]);
            const size_t placeholders = module.body(chain[level]).placeholder_count();
            for (size_t i = 0; i < std::min(placeholders, sums.size()); ++i)
                if (own[i] == Role::Unknown || (own[i] == Role::Parameter && sums[i].computed > 0))
                    own[i] = sums[i].role();
        }
        roles = std::move(own);
        calls = region_calls(module, chain[level]);
        if (!backward)
            mark_by_calls(module, chain[level], calls, roles);
    }
    return roles;
}

} // namespace hopscope::draw
