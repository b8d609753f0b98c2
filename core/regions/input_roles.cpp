#include "core/regions/input_roles.h"

#include "core/graph/reading.h"

#include <algorithm>

namespace hopscope::regions {

namespace {

bool contains(std::string_view text, std::string_view part) {
    return text.find(part) != std::string_view::npos;
}

InputRole role_by_name(const GraphModule& module, const Node& node) {
    const ValueType* type = module.type(node.type);
    if (type && type->kind == TypeKind::Sym)
        return InputRole::Symbol;
    const std::string_view descriptor = module.text(node.descriptor);
    if (descriptor.starts_with("ParamAOTInput") || descriptor.starts_with("BufferAOTInput"))
        return InputRole::Parameter;
    if (contains(descriptor, "TokenAOTInput"))
        return InputRole::Data;
    const std::string_view name = module.text(node.name);
    // Dynamo: L_self_modules_up_parameters_weight_; export: p_up_weight, b_running_mean, c_lifted_tensor_0.
    if (contains(name, "parameters_") || contains(name, "_buffers_") || name.starts_with("p_")
        || name.starts_with("b_") || name.starts_with("c_"))
        return InputRole::Parameter;
    if (name.starts_with("l_") || name.starts_with("L_"))
        return InputRole::Data;
    return InputRole::Unknown;
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
void mark_by_operators(const GraphModule& module, const Body& body, std::vector<InputRole>& roles) {
    for (const Node& node : body.nodes) {
        if (node.op != Opcode::CallFunction)
            continue;
        const unsigned positions = weight_arguments(operator_name(module.text(node.target)));
        if (positions == 0)
            continue;
        unsigned position = 0;
        for (const Arg& arg : entries_of(body, node)) {
            const NodeId input = arg.node();
            if (position < 32 && (positions >> position & 1) && input
                && body.node(input).op == Opcode::Placeholder && roles[input.index] == InputRole::Unknown)
                roles[input.index] = InputRole::Parameter;
            ++position;
        }
    }
}

// What the calls of a region pass at one position.
struct Passed {
    int calls = 0, placeholders = 0, parameters = 0, computed = 0, data = 0;

    InputRole role() const {
        if (computed > 0 || (data > 0 && parameters == 0))
            return InputRole::Data;
        if (parameters > 0)
            return InputRole::Parameter;
        // A value of the step would be computed for the second call on: what always comes from outside is a
        // weight.
        return calls > 1 && placeholders == calls ? InputRole::Parameter : InputRole::Unknown;
    }
};

// Sums up, by position, what the calls of `child` in its parent pass.
std::vector<Passed> passed_to(const std::vector<RegionCall>& calls, const Body& parent,
    const std::vector<InputRole>& roles, BodyId child) {
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
            const InputRole role = op == Opcode::Placeholder ? roles[operand.index] : InputRole::Unknown;
            sum.parameters += op == Opcode::GetAttr || role == InputRole::Parameter;
            sum.data += role == InputRole::Data;
            sum.computed += op != Opcode::GetAttr && op != Opcode::Placeholder;
        }
    }
    return sums;
}

// Placeholders of a body that region calls take as weights are weights.
void mark_by_calls(const GraphModule& module, BodyId id, const std::vector<RegionCall>& calls,
    std::vector<InputRole>& roles) {
    const Body& body = module.body(id);
    for (const BodyId child : body.children) {
        const std::vector<Passed> sums = passed_to(calls, body, roles, child);
        for (const RegionCall& call : calls) {
            if (call.body != child)
                continue;
            for (size_t i = 0; i < call.operands.size(); ++i) {
                const NodeId operand = call.operands[i];
                if (operand && operand.index < roles.size() && body.node(operand).op == Opcode::Placeholder
                    && roles[operand.index] == InputRole::Unknown)
                    roles[operand.index] = sums[i].role();
            }
        }
    }
}

std::vector<InputRole> own_roles(const GraphModule& module, BodyId id, bool backward) {
    const Body& body = module.body(id);
    std::vector<InputRole> roles(body.nodes.size(), InputRole::Unknown);
    for (size_t i = 0; i < body.nodes.size(); ++i)
        if (body.nodes[i].op == Opcode::Placeholder)
            roles[i] = role_by_name(module, body.nodes[i]);
    if (!backward)
        mark_by_operators(module, body, roles);
    return roles;
}

} // namespace

std::vector<InputRole> input_roles(
    const GraphModule& module, BodyId id, const std::function<bool(BodyId)>& is_backward) {
    // From the root down to the body: each level learns from the calls of the level above.
    std::vector<BodyId> chain;
    for (BodyId b = id; b; b = module.body(b).parent)
        chain.push_back(b);
    std::reverse(chain.begin(), chain.end());
    std::vector<InputRole> roles;
    std::vector<RegionCall> calls;
    for (size_t level = 0; level < chain.size(); ++level) {
        const bool backward = is_backward(chain[level]);
        std::vector<InputRole> own = own_roles(module, chain[level], backward);
        if (level > 0 && !backward) {
            const auto sums = passed_to(calls, module.body(chain[level - 1]), roles, chain[level]);
            const size_t placeholders = module.body(chain[level]).placeholder_count();
            for (size_t i = 0; i < std::min(placeholders, sums.size()); ++i)
                if (own[i] == InputRole::Unknown || (own[i] == InputRole::Parameter && sums[i].computed > 0))
                    own[i] = sums[i].role();
        }
        roles = std::move(own);
        calls = region_calls(module, chain[level]);
        if (!backward)
            mark_by_calls(module, chain[level], calls, roles);
    }
    return roles;
}

} // namespace hopscope::regions
