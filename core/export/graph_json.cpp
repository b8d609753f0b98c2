#include "core/export/graph_json.h"

#include "core/base/text.h"
#include "core/graph/calls.h"
#include "core/graph/print.h"
#include "core/regions/input_names.h"

#include <algorithm>

namespace hopscope {

using nlohmann::ordered_json;

namespace {

ordered_json names_of(const GraphModule& module, const Body& body, std::span<const NodeId> nodes) {
    ordered_json names = ordered_json::array();
    for (const NodeId id : nodes)
        names.push_back(utf8(module.text(body.node(id).name)));
    return names;
}

ordered_json dims_json(const GraphModule& module, std::span<const StringId> dims) {
    ordered_json out = ordered_json::array();
    for (const StringId dim : dims)
        out.push_back(utf8(module.text(dim)));
    return out;
}

bool is_integer(std::string_view text) {
    if (!text.empty() && text.front() == '-')
        text.remove_prefix(1);
    return !text.empty() && std::all_of(text.begin(), text.end(), is_digit);
}

bool is_decimal(std::string_view text) {
    if (is_integer(text) || text.find('.') == std::string_view::npos)
        return false;
    return text.find_first_not_of("0123456789.eE+-") == std::string_view::npos;
}

// A symbol of a float: torch/fx/experimental/symbolic_shapes.py names them zf… (backed) and zuf… (unbacked).
bool has_float_symbol(std::string_view text) {
    for (size_t i = 0; i < text.size();) {
        if (!is_identifier_start(text[i])) {
            ++i;
            continue;
        }
        size_t end = i;
        while (end < text.size() && is_identifier_char(text[end]))
            ++end;
        std::string_view word = text.substr(i, end - i);
        i = end;
        if (word.starts_with("zuf"))
            word.remove_prefix(3);
        else if (word.starts_with("zf"))
            word.remove_prefix(2);
        else
            continue;
        if (is_integer(word))
            return true;
    }
    return false;
}

bool is_comparison(std::string_view text) {
    for (const std::string_view name : {"Eq(", "Ne(", "And(", "Or(", "Not("})
        if (text.starts_with(name))
            return true;
    return text == "True" || text == "False" || text.find_first_of("<>") != std::string_view::npos
        || text.find("==") != std::string_view::npos || text.find("!=") != std::string_view::npos;
}

// The Python class of a symbolic value: annotations write Sym(…) for all three.
std::string_view symbol_class(std::string_view expression) {
    if (is_comparison(expression))
        return "SymBool";
    if (has_float_symbol(expression) || is_decimal(expression))
        return "SymFloat";
    return "SymInt";
}

ordered_json text_or_null(std::string_view text) {
    return text.empty() ? ordered_json(nullptr) : ordered_json(utf8(text));
}

ordered_json source_json(const GraphModule& module, SourceId id) {
    const Source* source = module.source(id);
    if (!source || !source->has_place())
        return nullptr;
    return {{"file", utf8(module.text(source->file))}, {"line", source->line},
        {"function", utf8(module.text(source->function))}, {"code", utf8(module.text(source->code))}};
}

} // namespace

ordered_json value_json(const GraphModule& module, const ValueType* type) {
    if (!type)
        return nullptr;
    const std::string_view text = module.text(type->text);
    switch (type->kind) {
    case TypeKind::Tensor: {
        const std::string_view abbreviation = module.text(type->dtype);
        const DType* dtype = dtype_by_abbreviation(abbreviation);
        ordered_json out;
        out["dtype"] = utf8(dtype ? dtype->name : abbreviation);
        out["shape"] = dims_json(module, module.shape(*type));
        out["stride"] = type->has_stride ? dims_json(module, module.stride(*type)) : ordered_json(nullptr);
        out["device"] = text_or_null(module.text(type->device));
        return out;
    }
    case TypeKind::Sym: {
        const std::string_view expression = module.text(type->symbol);
        return {{"py", symbol_class(expression)}, {"value", utf8(expression)}};
    }
    case TypeKind::Subclass:
        return {{"py", utf8(text.substr(0, text.find('(')))}, {"value", utf8(text)}};
    case TypeKind::Other:
        break;
    }
    return nullptr;
}

namespace {

// The body that a higher-order operator calls, where it is no region call; of several the first.
ordered_json first_body(const GraphModule& module, BodyId body, NodeId node) {
    const std::vector<BodyId> called = called_bodies(module, body, node);
    return called.empty() ? ordered_json(nullptr)
                          : ordered_json(utf8(module.text(module.body(called.front()).class_name)));
}

} // namespace

ordered_json node_json(const GraphModule& module, BodyId body_id, NodeId id) {
    const Body& body = module.body(body_id);
    const Node& node = body.node(id);
    const Source* source = module.source(node.source);
    const auto call = region_call(module, body_id, id);

    ordered_json out;
    out["name"] = utf8(module.text(node.name));
    out["op"] = opcode_name(node.op);
    out["target"] = utf8(short_target(module, node));
    out["inputs"] = names_of(module, body, body.inputs_of(node));
    out["users"] = names_of(module, body, body.users_of(node));
    out["args"] = utf8(print_args(module, body, node));
    out["val"] = value_json(module, module.type(node.type));
    out["call_id"] = source && source->call_id ? ordered_json(*source->call_id) : ordered_json(nullptr);
    out["identifier"] = call ? text_or_null(call->identifier) : ordered_json(nullptr);
    out["body"] = call ? text_or_null(module.text(call->attribute)) : first_body(module, body_id, id);
    out["source"] = source_json(module, node.source);
    return out;
}

ordered_json input_json(const Dump& dump, const InputNames& names, const InputName& name) {
    if (!name.known())
        return nullptr;
    // What the records of all its sources agree on.
    const DescribedInput* first = nullptr;
    bool told = true, grad = true, view = true;
    for (const InputSource& s : name.sources) {
        const DescribedInput* one = s.described ? &dump.inputs[*s.described] : nullptr;
        first = first ? first : one;
        told = told && one;
        grad = grad && one && one->requires_grad == first->requires_grad;
        view = view && one && one->is_view == first->is_view;
    }
    ordered_json shares = ordered_json::array();
    if (told && name.sources.size() == 1)
        for (const std::string& other : names.sharing(*name.sources.front().described))
            shares.push_back(utf8(other));
    const DescribedInput* one = told && name.sources.size() == 1 ? first : nullptr;
    const auto number = [](std::optional<int64_t> n) { return n ? ordered_json(*n) : ordered_json(nullptr); };
    const DescribedInput* base = one ? names.base(*one) : nullptr;
    return {{"name", utf8(name.text())}, {"kind", input_kind_name(name.kind())},
        {"requires_grad", told && grad ? ordered_json(first->requires_grad) : ordered_json(nullptr)},
        {"is_view", told && view ? ordered_json(first->is_view) : ordered_json(nullptr)},
        {"base", one ? number(one->base) : ordered_json(nullptr)},
        {"base_name", base ? ordered_json(utf8(user_name(base->source))) : ordered_json(nullptr)},
        {"storage", one ? number(one->storage) : ordered_json(nullptr)},
        {"storage_bytes", one ? number(one->storage_bytes) : ordered_json(nullptr)},
        {"shares_storage_with", std::move(shares)}, {"evidence", told ? "artifact" : "graph"}};
}

ordered_json graph_json(const Dump& dump, const Place& place) {
    ordered_json out =
        body_json(*dump.graph(place.graph).module, place.body, address_of(dump, place.graph, place.body));
    InputNames names(dump);
    size_t i = 0;
    for (ordered_json& node : out["nodes"])
        node["input"] = input_json(dump, names, names.of({place.graph, place.body, NodeId(i++)}));
    return out;
}

ordered_json body_json(const GraphModule& module, BodyId body, std::string_view address) {
    ordered_json out;
    out["address"] = utf8(address);
    ordered_json nodes = ordered_json::array();
    for (size_t i = 0; i < module.body(body).nodes.size(); ++i)
        nodes.push_back(node_json(module, body, NodeId(i)));
    out["nodes"] = std::move(nodes);
    return out;
}

} // namespace hopscope
