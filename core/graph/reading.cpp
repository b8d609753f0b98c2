#include "core/graph/reading.h"

#include "core/graph/calls.h"

#include <charconv>

namespace hopscope {

const Arg* Entries::at(size_t position) const {
    for (const Arg& arg : *this)
        if (position-- == 0)
            return &arg;
    return nullptr;
}

const Arg* Arguments::keyword(std::string_view name) const {
    for (const auto& [key, value] : keywords)
        if (key == name)
            return value;
    return nullptr;
}

Arguments arguments_of(const GraphModule& module, const Body& body, const Node& node) {
    Arguments arguments;
    for (const Arg& arg : entries_of(body, node)) {
        const Entries value = arg.kind == ArgKind::Keyword ? entries_in(arg) : Entries();
        if (value.empty())
            arguments.positional.push_back(&arg);
        else
            arguments.keywords.emplace_back(module.text(arg.text()), &*value.begin());
    }
    return arguments;
}

std::string_view operator_namespace(std::string_view target) {
    constexpr std::string_view kOps = "torch.ops.";
    if (!target.starts_with(kOps))
        return {};
    target.remove_prefix(kOps.size());
    return target.substr(0, target.find('.'));
}

std::string_view operator_name(std::string_view target) {
    const std::string_view ns = operator_namespace(target);
    if (!ns.empty() && ns != "higher_order") {
        std::string_view rest = target.substr(std::string_view("torch.ops.").size() + ns.size());
        if (rest.starts_with('.'))
            rest.remove_prefix(1);
        return rest.substr(0, rest.find('.'));
    }
    const size_t dot = target.rfind('.');
    return dot == std::string_view::npos ? target : target.substr(dot + 1);
}

std::optional<int64_t> integer_of(const GraphModule& module, const Arg* arg) {
    if (!arg || arg->kind != ArgKind::Int)
        return std::nullopt;
    const std::string_view text = module.text(arg->text());
    int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc{} && end == text.data() + text.size() ? std::optional(value) : std::nullopt;
}

std::optional<std::string_view> string_of(const GraphModule& module, const Arg* arg) {
    if (!arg || arg->kind != ArgKind::String)
        return std::nullopt;
    const std::string_view text = module.text(arg->text());
    const bool quoted =
        text.size() >= 2 && (text.front() == '\'' || text.front() == '"') && text.back() == text.front();
    return quoted ? text.substr(1, text.size() - 2) : text;
}

const Node* output_of(const Body& body) {
    return body.nodes.empty() || body.nodes.back().op != Opcode::Output ? nullptr : &body.nodes.back();
}

std::vector<const Arg*> results_of(const Body& body) {
    std::vector<const Arg*> results;
    const Node* output = output_of(body);
    const Arg* returned = output ? entries_of(body, *output).at(0) : nullptr;
    if (returned && !is_sequence(returned))
        results.push_back(returned);
    for (const Arg& item : items_of(returned))
        results.push_back(&item);
    return results;
}

namespace {

// How many values a call of a body yields. Nothing where the text does not print the body, or where what
// calls it adds values of its own (with_effects a token, auto_functionalized_v2 what was written to).
std::optional<size_t> results_of_call(const GraphModule& module, const Body& body, NodeId node) {
    if (short_target(module, body.node(node)) != "invoke_subgraph")
        return std::nullopt;
    for (size_t b = 0; b < module.bodies.size(); ++b)
        if (&module.bodies[b] == &body)
            if (const auto call = region_call(module, BodyId(b), node); call && call->body)
                if (const Body& called = module.body(call->body); output_of(called))
                    return results_of(called).size();
    return std::nullopt;
}

} // namespace

std::optional<TupleItem> tuple_item(const GraphModule& module, const Body& body, NodeId id) {
    const Node& node = body.node(id);
    if (node.op != Opcode::CallFunction || short_target(module, node) != "operator.getitem")
        return std::nullopt;
    const Arguments arguments = arguments_of(module, body, node);
    const std::optional<int64_t> index = integer_of(module, arguments.at(1));
    const NodeId of = arguments.at(0) ? arguments.at(0)->node() : NodeId();
    if (!of || !index)
        return std::nullopt;
    const ValueType* type = module.type(body.node(of).type);
    if (type && type->kind != TypeKind::Other)
        return std::nullopt;
    if (*index >= 0)
        return TupleItem{of, static_cast<size_t>(*index)};
    // From the end: torch.fx.symbolic_trace writes what the user's code says; compiled graphs count from 0.
    const auto count = results_of_call(module, body, of);
    if (!count || *index < -static_cast<int64_t>(*count))
        return std::nullopt;
    return TupleItem{of, *count - static_cast<size_t>(-*index)};
}

} // namespace hopscope
