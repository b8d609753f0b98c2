#include "core/run/placeholders.h"

#include "core/base/text.h"
#include "core/graph/calls.h"

#include <algorithm>

namespace hopscope::run {

namespace {

using Kind = tensors::Value::Kind;

constexpr int64_t kMostTried = 65536; // numbers that are tried for a symbol in an expression
constexpr int64_t kMostBytesTried = 1 << 23;

Error usage(std::string message) {
    return make_error(Error::Kind::Usage, std::move(message));
}

// The symbol of a lone name ("s77"); empty for numbers and expressions.
bool is_lone_symbol(std::string_view text) {
    return is_identifier(text) && text != "True" && text != "False";
}

// Binds the one symbol that is missing in `text` so that the whole comes out as `value`.
void solve(std::string_view text, int64_t value, Bindings& symbols) {
    std::string missing;
    if (is_lone_symbol(text)) {
        symbols.emplace(text, value);
        return;
    }
    if (evaluate_symbolic(text, symbols, &missing) || missing.empty())
        return;
    Bindings tried = symbols;
    // An expression may be long: what is tried is bounded by bytes.
    const int64_t most =
        std::min<int64_t>(kMostTried, kMostBytesTried / static_cast<int64_t>(text.size() + 1));
    for (int64_t n = 0; n <= most; ++n) {
        tried[missing] = n;
        const auto found = evaluate_symbolic(text, tried);
        if (!found && n > 1)
            return; // another one is missing too
        if (found == value) {
            symbols[missing] = n;
            return;
        }
    }
}

} // namespace

void bind_symbols(const GraphModule& module, const ValueType& type, const tensors::Value& found, bool lone,
    Bindings& symbols) {
    const auto bind = [&](StringId text, int64_t value) {
        if (is_lone_symbol(module.text(text)) == lone)
            solve(module.text(text), value, symbols);
    };
    if (type.kind == TypeKind::Tensor && found.kind == Kind::Tensor) {
        const auto dims = module.shape(type);
        for (size_t i = 0; i < dims.size() && i < found.shape.size(); ++i)
            bind(dims[i], found.shape[i]);
    } else if (type.kind == TypeKind::Sym && found.kind == Kind::Number && found.python_type == "int") {
        if (const auto number = evaluate_symbolic(found.python, {}))
            bind(type.symbol, *number);
    }
}

namespace {

std::string described(const tensors::Value& value) {
    switch (value.kind) {
    case Kind::Tensor:
        return "the tensor " + value.dtype + ' ' + listed(value.shape);
    case Kind::Tuple:
        return "a tuple of " + counted(value.items, "item");
    default:
        return value.python_type == "NoneType" ? "None" : "the " + value.python_type + ' ' + value.python;
    }
}

std::string described(const GraphModule& module, const ValueType& type) {
    if (type.kind == TypeKind::Sym)
        return "the int " + std::string(module.text(type.symbol));
    return (type.kind == TypeKind::Tensor ? "the tensor " : "") + std::string(module.text(type.text));
}

// Whether no two elements share a place: sorted by stride, each dimension steps over all before it.
bool distinct_places(const std::vector<int64_t>& shape, const std::vector<int64_t>& stride) {
    std::vector<std::pair<int64_t, int64_t>> dims;
    for (size_t d = 0; d < shape.size(); ++d)
        if (shape[d] > 1)
            dims.emplace_back(stride[d], shape[d]);
    std::sort(dims.begin(), dims.end());
    int64_t reach = 0;
    for (const auto& [step, size] : dims) {
        int64_t further = 0;
        if (step <= reach || __builtin_mul_overflow(size - 1, step, &further)
            || __builtin_add_overflow(reach, further, &reach))
            return false;
    }
    return true;
}

Status check_tensor(const GraphModule& module, const std::string& name, const ValueType& type,
    const Bindings& symbols, tensors::Value& found) {
    const DType* dtype = dtype_by_abbreviation(module.text(type.dtype));
    if (dtype && dtype->name != found.dtype)
        return usage("the placeholder '" + name + "' has dtype " + found.dtype + "; expected "
            + std::string(dtype->name));
    std::vector<int64_t> shape, stride;
    if (const Status status = sizes_of(module, name, module.shape(type), symbols, shape); !status)
        return status;
    if (shape != found.shape)
        return usage("the placeholder '" + name + "' has shape " + listed(found.shape) + "; expected "
            + listed(shape));
    if (!type.has_stride || !sizes_of(module, name, module.stride(type), symbols, stride))
        return {};
    // The graph was made for these strides: others would be compiled again, and may not fit its views.
    if (stride != found.stride && distinct_places(shape, stride))
        found.stride = std::move(stride);
    return {};
}

} // namespace

Status check_input(const GraphModule& module, const std::string& name, const ValueType* type,
    const Bindings& symbols, tensors::Value& found) {
    if (found.kind == Kind::Tuple)
        return usage(
            "the placeholder '" + name + "' is " + described(found) + "; expected a tensor or a number");
    if (!type || (type->kind != TypeKind::Tensor && type->kind != TypeKind::Sym))
        return {};
    // The token of an effect has a type, f32[0], and no value (torch/_higher_order_ops/effects.py).
    if (type->kind == TypeKind::Tensor && found.python_type == "NoneType") {
        const auto dims = module.shape(*type);
        if (dims.size() == 1 && module.text(dims[0]) == "0")
            return {};
    }
    const bool fits =
        (type->kind == TypeKind::Tensor) == (found.kind == Kind::Tensor) && found.python_type != "NoneType";
    if (!fits)
        return usage("the placeholder '" + name + "' is " + described(found) + "; expected "
            + described(module, *type));
    if (type->kind == TypeKind::Tensor)
        return check_tensor(module, name, *type, symbols, found);
    const auto expected = evaluate_symbolic(module.text(type->symbol), symbols);
    if (found.python_type == "int" && expected && std::to_string(*expected) != found.python)
        return usage("the placeholder '" + name + "' is " + described(found) + "; expected "
            + std::to_string(*expected) + " for " + std::string(module.text(type->symbol)));
    return {};
}

std::vector<NodeId> wanted_inputs(const GraphModule& module, BodyId id) {
    const Body& body = module.body(id);
    std::vector<NodeId> all;
    for (size_t i = 0; i < body.nodes.size(); ++i) {
        const Node& n = body.nodes[i];
        const ValueType* type = module.type(n.type);
        if (n.op == Opcode::Placeholder
            || (n.op == Opcode::GetAttr && type && type->kind == TypeKind::Tensor
                && !child_body(module, id, n.target)))
            all.push_back(NodeId(i));
    }
    return all;
}

std::string listed(const std::vector<int64_t>& numbers) {
    std::string out = "(";
    for (size_t i = 0; i < numbers.size(); ++i)
        out += (i ? ", " : "") + std::to_string(numbers[i]);
    return out + (numbers.size() == 1 ? ",)" : ")");
}

Status sizes_of(const GraphModule& module, std::string_view placeholder, std::span<const StringId> dims,
    const Bindings& symbols, std::vector<int64_t>& out) {
    for (const StringId dim : dims) {
        std::string missing;
        const auto size = evaluate_symbolic(module.text(dim), symbols, &missing);
        if (size && *size >= 0) {
            out.push_back(*size);
            continue;
        }
        const std::string text =
            std::string(placeholder) + ": its size '" + std::string(module.text(dim)) + "' ";
        if (!missing.empty()) {
            Error error = usage(text + "needs a value for " + missing);
            error.remedy = Error::Remedy::BindSymbol;
            error.subject = missing;
            return error;
        }
        return usage(text + (size ? "comes out as " + std::to_string(*size) : "is no size"));
    }
    return {};
}

Error no_value(std::string_view placeholder, const std::vector<std::string>& names) {
    constexpr size_t kShown = 5;
    std::string some;
    for (size_t i = 0; i < names.size() && i < kShown; ++i)
        some += (i ? ", " : ": ") + utf8(std::string_view(names[i]).substr(0, 60));
    return make_error(Error::Kind::NotFound,
        "no value for the placeholder '" + std::string(placeholder) + "'; the file has "
            + counted(names.size(), "value") + some + (names.size() > kShown ? ", …" : ""));
}

Result<std::vector<tensors::Value>> take_values(
    const GraphModule& module, BodyId body, const FindValue& find, Bindings& symbols) {
    const std::vector<NodeId> nodes = wanted_inputs(module, body);
    std::vector<tensors::Value> values;
    for (size_t i = 0; i < nodes.size(); ++i) {
        const auto found = find(nodes[i], i);
        if (!found)
            return found.error();
        values.push_back(**found);
        values.back().name = module.text(module.body(body).node(nodes[i]).name);
    }
    const auto type_of = [&](size_t i) { return module.type(module.body(body).node(nodes[i]).type); };
    // Symbols first, so that sizes made of them can be checked.
    for (const bool lone : {true, false})
        for (size_t i = 0; i < nodes.size(); ++i)
            if (type_of(i))
                bind_symbols(module, *type_of(i), values[i], lone, symbols);
    for (size_t i = 0; i < nodes.size(); ++i)
        if (const Status status = check_input(module, values[i].name, type_of(i), symbols, values[i]);
            !status)
            return status.error();
    return values;
}

} // namespace hopscope::run
