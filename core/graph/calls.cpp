#include "core/graph/calls.h"

#include "core/graph/reading.h"

#include <algorithm>
#include <charconv>

namespace hopscope {

namespace {

constexpr std::string_view kInvoke = "torch.ops.higher_order.invoke_subgraph";

bool is_invoke(const GraphModule& module, const Arg* arg) {
    return arg && arg->kind == ArgKind::Operator && module.text(arg->text()) == kInvoke;
}

// Sets body, attribute and identifier from the two entries that name them; false if the first names no body.
bool name_body(
    RegionCall& call, const GraphModule& module, BodyId scope, const Arg* subgraph, const Arg* identifier) {
    const Body& body = module.body(scope);
    if (!subgraph || subgraph->kind != ArgKind::Node)
        return false;
    call.get_attr = subgraph->node();
    const Node& attr = body.node(call.get_attr);
    if (attr.op == Opcode::GetAttr) {
        call.attribute = attr.target;
        call.body = child_body(module, scope, attr.target);
    }
    if (const auto named = string_of(module, identifier))
        call.identifier = *named;
    else if (call.attribute)
        call.identifier = module.text(call.attribute);
    return true;
}

void add_operand(RegionCall& call, const Arg* arg) {
    call.operands.push_back(arg ? arg->node() : NodeId());
    call.operand_args.push_back(arg);
}

void operands_from(RegionCall& call, const GraphModule& module, std::span<const Arg* const> rest) {
    // 2.5 to 2.7 pass all operands as one tuple.
    if (rest.size() == 1 && rest[0]->kind == ArgKind::Tuple
        && (!call.body || module.body(call.body).placeholder_count() != 1 || rest[0]->size == 2)) {
        for (const Arg& item : items_of(rest[0]))
            add_operand(call, &item);
        return;
    }
    call.operands.reserve(rest.size());
    call.operand_args.reserve(rest.size());
    for (const Arg* arg : rest)
        add_operand(call, arg);
}

// auto_functionalized_v2: unmutated operands as argN = x, mutated ones by index into _all_bases.
void operands_from_bases(RegionCall& call, const Arguments& arguments, const GraphModule& module) {
    std::vector<const Arg*> bases;
    for (const Arg& base : items_of(arguments.keyword("_all_bases")))
        bases.push_back(&base);
    for (size_t position = 0;; ++position) {
        const std::string plain = "arg" + std::to_string(position);
        const std::string based = "_arg" + std::to_string(position) + "_base_index";
        if (const Arg* arg = arguments.keyword(plain)) {
            add_operand(call, arg);
        } else if (const Arg* index = arguments.keyword(based)) {
            const int64_t i = integer_of(module, index).value_or(-1);
            const bool known = i >= 0 && static_cast<size_t>(i) < bases.size();
            add_operand(call, known ? bases[static_cast<size_t>(i)] : nullptr);
        } else {
            break;
        }
    }
}

bool is_higher_order(const GraphModule& module, const Node& node) {
    return node.op == Opcode::CallFunction && module.text(node.target).starts_with("torch.ops.higher_order.");
}

std::optional<CallNames> names_of(
    const GraphModule& module, std::string_view op, const Arguments& arguments) {
    if (op == "invoke_subgraph")
        return CallNames{arguments.get(0, "subgraph"), arguments.get(1, "identifier")};
    // token, operator, then the operator's arguments
    if (op == "with_effects" && is_invoke(module, arguments.at(1)))
        return CallNames{arguments.at(2), arguments.at(3)};
    if ((op == "auto_functionalized_v2" || op == "auto_functionalized") && is_invoke(module, arguments.at(0)))
        return CallNames{arguments.keyword("subgraph"), arguments.keyword("identifier")};
    return std::nullopt;
}

} // namespace

std::optional<CallNames> call_names(const GraphModule& module, BodyId scope, NodeId id) {
    const Body& body = module.body(scope);
    const Node& node = body.node(id);
    if (!is_higher_order(module, node))
        return std::nullopt;
    return names_of(module, short_target(module.text(node.target)), arguments_of(module, body, node));
}

// Asked of every node of a model, several times over: what is no call is told first, and arguments are looked
// at once.
std::optional<RegionCall> region_call(const GraphModule& module, BodyId scope, NodeId id) {
    const Body& body = module.body(scope);
    const Node& node = body.node(id);
    if (!is_higher_order(module, node))
        return std::nullopt;
    const std::string_view op = short_target(module, node);
    const Arguments arguments = arguments_of(module, body, node);
    const auto names = names_of(module, op, arguments);
    RegionCall call;
    call.node = id;
    if (!names || !name_body(call, module, scope, names->subgraph, names->identifier))
        return std::nullopt;
    call.operands.reserve(arguments.positional.size());
    call.operand_args.reserve(arguments.positional.size());
    if (op.starts_with("auto_functionalized")) {
        operands_from_bases(call, arguments, module);
        return call;
    }
    const size_t skip = op == "with_effects" ? 4 : 2;
    if (arguments.positional.size() > skip)
        operands_from(call, module, std::span(arguments.positional).subspan(skip));
    return call;
}

std::vector<RegionCall> region_calls(const GraphModule& module, BodyId scope) {
    std::vector<RegionCall> calls;
    const Body& body = module.body(scope);
    for (size_t i = 0; i < body.nodes.size(); ++i)
        if (auto call = region_call(module, scope, NodeId(i)))
            calls.push_back(std::move(*call));
    return calls;
}

std::vector<BodyId> called_bodies(const GraphModule& module, BodyId scope, NodeId id) {
    std::vector<BodyId> bodies;
    const Body& body = module.body(scope);
    const Node& node = body.node(id);
    if (!module.text(node.target).starts_with("torch.ops.higher_order."))
        return bodies;
    for (const NodeId input : body.inputs_of(node)) {
        const Node& attr = body.node(input);
        if (attr.op != Opcode::GetAttr)
            continue;
        if (const BodyId called = child_body(module, scope, attr.target))
            bodies.push_back(called);
    }
    return bodies;
}

namespace {

// Takes "_<digits>" off the end.
bool take_variant(std::string_view& text, std::optional<int>& variant) {
    const size_t at = text.rfind('_');
    if (at == std::string_view::npos || at == 0 || at + 1 == text.size())
        return false;
    int value = 0;
    const auto [end, error] = std::from_chars(text.data() + at + 1, text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size())
        return false;
    variant = value;
    text = text.substr(0, at);
    return true;
}

bool take_prefix(std::string_view& text, std::string_view prefix) {
    if (!text.starts_with(prefix) || text.size() == prefix.size())
        return false;
    text.remove_prefix(prefix.size());
    return true;
}

} // namespace

IdentifierParts identifier_parts(std::string_view identifier) {
    IdentifierParts parts;
    parts.region = identifier;
    std::string_view rest = identifier;
    std::optional<int> variant;
    struct Form {
        std::string_view prefix;
        std::optional<Half> half;
        bool partitioned;
        bool variant;
    };
    static constexpr Form kForms[]{
        {"partitioned_fw_", Half::Forward, true, true},
        {"partitioned_bw_", Half::Backward, true, true},
        {"recompute_fw__", Half::Forward, true, true},
        {"sac_slice_fw__", Half::Forward, true, true},
        {"sac_slice_bw__", Half::Backward, true, true},
        {"fw_", Half::Forward, false, false},
        {"bw_", Half::Backward, false, true},
        {"___forward_", Half::Forward, false, false},
        {"___backward_", Half::Backward, false, false},
        {"auto_functionalized_", std::nullopt, false, false},
        {"functionalized_", std::nullopt, false, false},
    };
    for (const Form& form : kForms) {
        rest = identifier;
        if (!take_prefix(rest, form.prefix) || (form.variant && !take_variant(rest, variant)))
            continue;
        parts.half = form.half;
        parts.partitioned = form.partitioned;
        parts.variant = variant;
        constexpr std::string_view kPost = "_post_graph"; // 2.7: partitioned bodies
        if (form.prefix.starts_with("___") && rest.ends_with(kPost) && rest.size() > kPost.size()) {
            rest.remove_suffix(kPost.size());
            parts.partitioned = true;
        }
        parts.region = rest;
        return parts;
    }
    return parts;
}

} // namespace hopscope
