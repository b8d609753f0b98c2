#include "core/run/inputs.h"

#include "core/graph/calls.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <map>
#include <optional>
#include <set>

namespace hopscope::run {

namespace {

constexpr int64_t kMostBytes = int64_t{16} << 30;

// What has to be given: placeholders, and attributes that are tensors.
std::vector<NodeId> wanted(const GraphModule& module, BodyId id) {
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

Error usage(std::string message) {
    return make_error(Error::Kind::Usage, std::move(message));
}

// xoshiro-like quality is not needed, the same bytes everywhere are: splitmix64.
class Random {
public:
    explicit Random(uint64_t seed)
        : state_(seed) { }
    uint64_t next() {
        uint64_t z = (state_ += 0x9E3779B97F4A7C15u);
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
        return z ^ (z >> 31);
    }
    // Nearly normal, by sums of uniforms: no library function whose last bit differs between machines.
    double normal() {
        double sum = 0;
        for (int i = 0; i < 12; ++i)
            sum += static_cast<double>(next() >> 11) * 0x1p-53;
        return sum - 6;
    }
    int64_t below(int64_t n) { return static_cast<int64_t>(next() % static_cast<uint64_t>(n)); }

private:
    uint64_t state_;
};

// Follows an integer value to where it serves as an index: the least bound of all it reaches.
class IndexBounds {
public:
    IndexBounds(const GraphModule& module, const Bindings& symbols)
        : module_(module)
        , symbols_(symbols) { }

    std::optional<int64_t> of(BodyId body, NodeId node) {
        bound_.reset();
        seen_.clear();
        todo_ = {{body, node}};
        while (!todo_.empty()) {
            const auto [b, n] = todo_.back();
            todo_.pop_back();
            if (!seen_.insert({b, n}).second)
                continue;
            const Body& in = module_.body(b);
            for (const NodeId user : in.users_of(in.node(n)))
                use(b, n, user);
        }
        return bound_;
    }

private:
    std::vector<const Arg*> positional(const Body& body, const Node& n) const {
        std::vector<const Arg*> all;
        const auto args = body.args_of(n);
        for (size_t i = 0; i < args.size(); i += args[i].size)
            if (args[i].kind != ArgKind::Keyword)
                all.push_back(&args[i]);
        return all;
    }
    void limit(std::optional<int64_t> size) {
        if (size && *size > 0)
            bound_ = std::min(bound_.value_or(*size), *size);
    }
    std::optional<int64_t> dimension(const Body& body, const Arg* tensor, int64_t d) const {
        if (!tensor || tensor->kind != ArgKind::Node)
            return std::nullopt;
        const ValueType* type = module_.type(body.node(tensor->node()).type);
        if (!type || type->kind != TypeKind::Tensor)
            return std::nullopt;
        const auto shape = module_.shape(*type);
        d += d < 0 ? static_cast<int64_t>(shape.size()) : 0;
        if (d < 0 || d >= static_cast<int64_t>(shape.size()))
            return std::nullopt;
        return evaluate_symbolic(module_.text(shape[static_cast<size_t>(d)]), symbols_);
    }
    int64_t number(const Arg* arg, int64_t otherwise) const {
        if (!arg || arg->kind != ArgKind::Int)
            return otherwise;
        return evaluate_symbolic(module_.text(arg->text()), symbols_).value_or(otherwise);
    }
    static bool is(const Arg* arg, NodeId node) {
        return arg && arg->kind == ArgKind::Node && arg->node() == node;
    }

    void use(BodyId b, NodeId value, NodeId user);

    const GraphModule& module_;
    const Bindings& symbols_;
    std::optional<int64_t> bound_;
    std::set<std::pair<BodyId, NodeId>> seen_;
    std::vector<std::pair<BodyId, NodeId>> todo_;
};

void IndexBounds::use(BodyId b, NodeId value, NodeId user) {
    const Body& body = module_.body(b);
    const Node& n = body.node(user);
    const std::string_view target = short_target(module_, n);
    const std::vector<const Arg*> args = positional(body, n);
    const auto arg = [&](size_t i) { return i < args.size() ? args[i] : nullptr; };
    const auto begins = [&](std::string_view with) { return target.substr(0, with.size()) == with; };
    if (begins("aten.embedding_dense_backward.") && is(arg(1), value)) {
        limit(number(arg(2), 0));
    } else if (begins("aten.embedding.") && is(arg(1), value)) {
        limit(dimension(body, arg(0), 0));
    } else if (begins("torch.nn.functional.embedding") && is(arg(0), value)) { // of the Dynamo stage
        limit(dimension(body, arg(1), 0));
    } else if (n.op == Opcode::CallMethod && is(arg(0), value)
        && (target == "view" || target == "expand" || target == "reshape" || target == "unsqueeze"
            || target == "to" || target == "contiguous" || target == "transpose")) {
        todo_.emplace_back(b, user);
    } else if ((target == "operator.getitem" || target == "torch.gather") && is(arg(0), value)) {
        todo_.emplace_back(b, user);
    } else if ((begins("aten.gather") || begins("aten.scatter") || begins("aten.index_select")
                   || begins("aten.index_add"))
        && is(arg(2), value)) {
        limit(dimension(body, arg(0), number(arg(1), 0)));
    } else if (begins("aten.nll_loss") && (is(arg(1), value) || is(arg(2), value))) {
        limit(dimension(body, arg(begins("aten.nll_loss_backward") ? 1 : 0), 1));
    } else if (begins("aten.index.") || begins("aten.index_put") || begins("aten._unsafe_index")) {
        if (const Arg* list = arg(1); list && list->kind == ArgKind::List) {
            int64_t d = 0;
            for (const Arg *at = list + 1, *end = list + list->size; at < end; at += at->size, ++d)
                if (is(at, value))
                    limit(dimension(body, arg(0), d));
        }
    } else if (const auto call = region_call(module_, b, user); call && call->body) {
        const Body& inner = module_.body(call->body);
        for (size_t i = 0; i < call->operands.size() && i < inner.placeholder_count(); ++i)
            if (call->operands[i] == value)
                todo_.emplace_back(call->body, NodeId(i));
    } else {
        // What only moves values on keeps the bound.
        for (const std::string_view mover :
            {"aten.view.", "aten._unsafe_view.", "aten.reshape.", "aten.unsqueeze.", "aten.squeeze.",
                "aten.expand.", "aten.clone.", "aten.slice.", "aten.select.", "aten.t.", "aten.transpose.",
                "aten.permute.", "aten._to_copy.", "aten.detach.", "aten.alias.", "aten.cat."})
            if (begins(mover))
                todo_.emplace_back(b, user);
    }
}

// The sizes of a list of symbolic dimensions.
Status sizes_of(const GraphModule& module, std::string_view name, std::span<const StringId> dims,
    const Bindings& symbols, std::vector<int64_t>& out) {
    for (const StringId dim : dims) {
        std::string missing;
        const auto size = evaluate_symbolic(module.text(dim), symbols, &missing);
        if (!size || *size < 0)
            return usage(std::string(name) + ": its size '" + std::string(module.text(dim)) + "' "
                + (missing.empty()
                        ? "is no size"
                        : "needs a value for " + missing + "; give one with --bind " + missing + "=8"));
        out.push_back(*size);
    }
    return {};
}

template <class T> void put(std::string& bytes, T number) {
    bytes.append(reinterpret_cast<const char*>(&number), sizeof number);
}

uint16_t bfloat16(float value) {
    uint32_t bits = 0;
    std::memcpy(&bits, &value, sizeof bits);
    return static_cast<uint16_t>((bits + 0x7FFF + (bits >> 16 & 1)) >> 16);
}
// Values lie well inside of half precision's normal range, or are 0.
uint16_t float16(float value) {
    uint32_t bits = 0;
    std::memcpy(&bits, &value, sizeof bits);
    const uint32_t sign = bits >> 16 & 0x8000, magnitude = (bits & 0x7FFFFFFF) + 0x0FFF + (bits >> 13 & 1);
    if (magnitude < 0x38800000)
        return static_cast<uint16_t>(sign);
    return static_cast<uint16_t>(sign | (magnitude - 0x38000000) >> 13);
}

bool fill(std::string& bytes, const std::string& dtype, int64_t elements, int64_t bound, Random& random) {
    for (int64_t i = 0; i < elements; ++i) {
        if (dtype == "float32")
            put(bytes, static_cast<float>(random.normal()));
        else if (dtype == "float64")
            put(bytes, random.normal());
        else if (dtype == "bfloat16")
            put(bytes, bfloat16(static_cast<float>(random.normal())));
        else if (dtype == "float16")
            put(bytes, float16(static_cast<float>(random.normal())));
        else if (dtype == "complex64")
            put(bytes, static_cast<float>(random.normal())), put(bytes, static_cast<float>(random.normal()));
        else if (dtype == "bool")
            put(bytes, static_cast<uint8_t>(random.below(2)));
        else if (dtype == "int64")
            put(bytes, random.below(bound));
        else if (dtype == "int32")
            put(bytes, static_cast<int32_t>(random.below(std::min<int64_t>(bound, INT32_MAX))));
        else if (dtype == "int16")
            put(bytes, static_cast<int16_t>(random.below(std::min<int64_t>(bound, INT16_MAX))));
        else if (dtype == "int8" || dtype == "uint8")
            put(bytes, static_cast<int8_t>(random.below(std::min<int64_t>(bound, INT8_MAX))));
        else
            return false;
    }
    return true;
}

// A size that a type gives by a lone symbol binds it.
void bind_symbols(const GraphModule& module, std::span<const StringId> dims,
    const std::vector<int64_t>& sizes, Bindings& symbols) {
    for (size_t i = 0; i < dims.size() && i < sizes.size(); ++i) {
        const std::string_view text = module.text(dims[i]);
        if (!text.empty() && (text[0] < '0' || text[0] > '9')
            && text.find_first_of(" +-*/(%") == std::string_view::npos)
            symbols.emplace(text, sizes[i]);
    }
}

} // namespace

Result<Inputs> synthetic_inputs(
    const GraphModule& module, BodyId id, uint64_t seed, const Bindings& symbols) {
    Inputs inputs;
    inputs.synthetic = true;
    IndexBounds bounds(module, symbols);
    Random random(seed);
    for (const NodeId node : wanted(module, id)) {
        const Node& n = module.body(id).node(node);
        const std::string name(module.text(n.name));
        const ValueType* type = module.type(n.type);
        wire::Value value;
        value.name = name;
        if (type && type->kind == TypeKind::Sym) {
            std::string missing;
            const auto number = evaluate_symbolic(module.text(type->symbol), symbols, &missing);
            if (!number)
                return usage(name + ": needs a value for '" + std::string(module.text(type->symbol))
                    + "'; give one with --bind " + missing + "=8");
            value.kind = wire::Value::Kind::Number;
            value.python_type = "int";
            value.python = std::to_string(*number);
            inputs.values.push_back(std::move(value));
            continue;
        }
        if (!type || type->kind != TypeKind::Tensor)
            return usage(name
                + ": the dump gives no type for it, so that no input can be made; give one with --inputs");
        const DType* dtype = dtype_by_abbreviation(module.text(type->dtype));
        value.dtype = dtype ? dtype->name : "";
        if (const Status status = sizes_of(module, name, module.shape(*type), symbols, value.shape); !status)
            return status.error();
        if (const Status status = sizes_of(module, name, module.stride(*type), symbols, value.stride);
            !status)
            return status.error();
        if (!type->has_stride)
            value.stride = wire::dense_stride(value.shape);
        int64_t elements = 1;
        for (const int64_t size : value.shape)
            if (__builtin_mul_overflow(elements, size, &elements) || elements > kMostBytes / 16)
                return usage(name + ": its shape " + listed(value.shape) + " is too large to be made");
        const bool integer = value.dtype.find("int") != std::string::npos;
        const int64_t bound = integer ? bounds.of(id, node).value_or(10) : 10;
        inputs.owned.emplace_back();
        if (!fill(inputs.owned.back(), value.dtype, elements, bound, random))
            return usage(
                name + ": no inputs of type " + std::string(module.text(type->dtype)) + " can be made");
        value.bytes = inputs.owned.back();
        inputs.values.push_back(std::move(value));
    }
    return inputs;
}

Result<Inputs> recorded_inputs(
    const GraphModule& module, BodyId id, const wire::TensorFile& file, Bindings& symbols) {
    Inputs inputs;
    inputs.file = file;
    // Symbols first, so that sizes made of them can be checked.
    const std::vector<NodeId> nodes = wanted(module, id);
    for (const NodeId node : nodes) {
        const Node& n = module.body(id).node(node);
        const ValueType* type = module.type(n.type);
        const wire::Value* found = file.find(module.text(n.name));
        if (found && type && type->kind == TypeKind::Tensor && found->kind == wire::Value::Kind::Tensor)
            bind_symbols(module, module.shape(*type), found->shape, symbols);
        if (found && type && type->kind == TypeKind::Sym && found->kind == wire::Value::Kind::Number
            && !found->python.empty())
            if (const auto number = evaluate_symbolic(found->python, {}))
                bind_symbols(module, std::span(&type->symbol, 1), {*number}, symbols);
    }
    for (const NodeId node : nodes) {
        const Node& n = module.body(id).node(node);
        const std::string name(module.text(n.name));
        const ValueType* type = module.type(n.type);
        const wire::Value* found = inputs.file.find(name);
        if (!found)
            return make_error(Error::Kind::NotFound,
                "no value for the placeholder '" + name + "'; the file has "
                    + std::to_string(file.values().size()) + " values");
        if (type && type->kind == TypeKind::Tensor && found->kind == wire::Value::Kind::Tensor) {
            const DType* dtype = dtype_by_abbreviation(module.text(type->dtype));
            if (dtype && dtype->name != found->dtype)
                return usage("the placeholder '" + name + "' has dtype " + found->dtype + "; expected "
                    + std::string(dtype->name));
            std::vector<int64_t> shape;
            if (const Status status = sizes_of(module, name, module.shape(*type), symbols, shape); !status)
                return status.error();
            if (shape != found->shape)
                return usage("the placeholder '" + name + "' has shape " + listed(found->shape)
                    + "; expected " + listed(shape));
        } else if (found->kind == wire::Value::Kind::Tuple
            || (type && type->kind == TypeKind::Sym && found->kind != wire::Value::Kind::Number)) {
            return usage("the placeholder '" + name + "' has a value of another kind than the graph expects");
        }
        inputs.values.push_back(*found);
    }
    return inputs;
}

std::vector<std::string> call_prefixes(const GraphModule& module, BodyId body) {
    // From the body upwards: a body is called from its parent only.
    std::vector<BodyId> chain;
    for (BodyId at = body; at && at != BodyId(0); at = module.body(at).parent)
        chain.push_back(at);
    std::vector<std::string> prefixes{""};
    BodyId scope(0);
    for (auto at = chain.rbegin(); at != chain.rend(); ++at) {
        std::vector<std::string> longer;
        for (const std::string& prefix : prefixes)
            for (const RegionCall& call : region_calls(module, scope))
                if (call.body == *at)
                    longer.push_back(
                        prefix + std::string(module.text(module.body(scope).node(call.node).name)) + "/");
        prefixes = std::move(longer);
        scope = *at;
    }
    return prefixes;
}

} // namespace hopscope::run
