#include "core/run/inputs.h"

#include "core/graph/calls.h"
#include "core/run/index_bounds.h"
#include "core/run/input_rules.h"
#include "core/run/placeholders.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

namespace hopscope::run {

namespace {

constexpr int64_t kMostBytes = int64_t{16} << 30;
constexpr int64_t kDefaultIntegers = 10; // 0 to 9 where nothing is indexed

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
            sum += uniform();
        return sum - 6;
    }
    double uniform() { return static_cast<double>(next() >> 11) * 0x1p-53; } // from 0 to below 1
    int64_t below(int64_t n) { return static_cast<int64_t>(next() % static_cast<uint64_t>(n)); }

private:
    uint64_t state_;
};

template <class T> void put(std::string& bytes, T number) {
    bytes.append(reinterpret_cast<const char*>(&number), sizeof number);
}

uint16_t bfloat16(float value) {
    uint32_t bits = 0;
    std::memcpy(&bits, &value, sizeof bits);
    return static_cast<uint16_t>((bits + 0x7FFF + (bits >> 16 & 1)) >> 16);
}
// Values lie well inside of half precision's normal range, or are 0 or infinite.
uint16_t float16(float value) {
    uint32_t bits = 0;
    std::memcpy(&bits, &value, sizeof bits);
    if (std::isinf(value))
        return static_cast<uint16_t>((bits >> 16 & 0x8000) | 0x7C00);
    const uint32_t sign = bits >> 16 & 0x8000, magnitude = (bits & 0x7FFFFFFF) + 0x0FFF + (bits >> 13 & 1);
    if (magnitude < 0x38800000)
        return static_cast<uint16_t>(sign);
    return static_cast<uint16_t>(sign | (magnitude - 0x38000000) >> 13);
}

// Of float8, between a quarter and four times one, either sign: any of its significands.
uint8_t float8(const std::string& dtype, Random& random) {
    const bool wide = dtype.find("e5m2") != std::string::npos;
    const int mantissa = wide ? 2 : 3, bias = (wide ? 15 : 7) + (dtype.ends_with("uz") ? 1 : 0);
    const int64_t exponent = bias - 2 + random.below(4);
    return static_cast<uint8_t>(
        random.below(2) << 7 | exponent << mantissa | random.below(int64_t{1} << mantissa));
}

// Integers of `range` that a type of so many bits holds; `place` is how far along its tensor it stands, from
// above 0 to 1.
int64_t integer(const IntegerRange& range, int64_t largest, double place, Random& random) {
    if (range.ends_at)
        return std::min(static_cast<int64_t>(static_cast<double>(*range.ends_at) * place), largest);
    const int64_t high = std::min(range.high.value_or(range.low + kDefaultIntegers), largest);
    return range.low + random.below(std::max<int64_t>(high - range.low, 1));
}

// A floating element. `first`: of its row.
double real(const InputRule& rule, double deviation, bool first, Random& random) {
    using Kind = InputRule::Kind;
    switch (rule.kind) {
    case Kind::Scale:
        return 1 + 0.1 * random.normal();
    case Kind::Fraction:
        return 1.8 * random.uniform() - 0.9;
    case Kind::Probability:
        return (rule.size > 1 ? 2.0 / static_cast<double>(rule.size) : 1) * (0.02 + 0.96 * random.uniform());
    case Kind::Positive:
        return 0.5 + random.uniform();
    case Kind::LogSumExp:
        return deviation + 0.1 * random.normal();
    case Kind::Largest:
        return 10 + random.uniform();
    case Kind::Mask: // never a whole row: no score would be left
        return random.below(4) == 0 && !first ? -std::numeric_limits<double>::infinity() : 0;
    default:
        return deviation * random.normal();
    }
}

// What `real` multiplies by or adds to: the same for all elements, by functions whose last bit may differ
// between machines, so that it is cut to a few digits.
double deviation_of(const InputRule& rule) {
    using Kind = InputRule::Kind;
    const auto n = static_cast<double>(std::max<int64_t>(rule.size, 1));
    const double exact = rule.kind == Kind::Bias ? 0.1
        : rule.kind == Kind::Operand             ? 1 / std::sqrt(n)
        : rule.kind == Kind::LogSumExp           ? std::log(n) + 0.5
                                                 : 1;
    return std::round(exact * 0x1p20) * 0x1p-20;
}

struct Elements {
    InputRule floats;
    IntegerRange integers;
};

bool fill(std::string& bytes, const std::string& dtype, int64_t elements, int64_t row, const Elements& how,
    Random& random) {
    const IntegerRange& range = how.integers;
    const double deviation = deviation_of(how.floats);
    for (int64_t i = 0; i < elements; ++i) {
        const double place = static_cast<double>(i + 1) / static_cast<double>(elements);
        const auto number = [&] { return real(how.floats, deviation, i % row == 0, random); };
        if (dtype == "float32")
            put(bytes, static_cast<float>(number()));
        else if (dtype == "float64")
            put(bytes, number());
        else if (dtype == "bfloat16")
            put(bytes, bfloat16(static_cast<float>(number())));
        else if (dtype == "float16")
            put(bytes, float16(static_cast<float>(number())));
        else if (dtype == "complex64")
            put(bytes, static_cast<float>(random.normal())), put(bytes, static_cast<float>(random.normal()));
        else if (dtype == "bool")
            put(bytes, static_cast<uint8_t>(random.below(2)));
        else if (dtype == "int64")
            put(bytes, integer(range, INT64_MAX, place, random));
        else if (dtype == "uint64")
            put(bytes, integer(range, INT64_MAX, place, random));
        else if (dtype == "int32" || dtype == "uint32")
            put(bytes, static_cast<int32_t>(integer(range, INT32_MAX, place, random)));
        else if (dtype == "int16" || dtype == "uint16")
            put(bytes, static_cast<int16_t>(integer(range, INT16_MAX, place, random)));
        else if (dtype == "int8" || dtype == "uint8")
            put(bytes, static_cast<int8_t>(integer(range, INT8_MAX, place, random)));
        else if (dtype.starts_with("float8_e4m3fn") || dtype.starts_with("float8_e5m2"))
            put(bytes, float8(dtype, random));
        else if (dtype == "complex128")
            put(bytes, random.normal()), put(bytes, random.normal());
        else
            return false;
    }
    return true;
}

// The value of a number: a symbol's, or a constant.
Result<tensors::Value> made_number(
    const GraphModule& module, const std::string& name, const ValueType& type, const Bindings& symbols) {
    std::string missing;
    const std::string_view text = module.text(type.symbol);
    const auto number = evaluate_symbolic(text, symbols, &missing);
    tensors::Value value;
    value.name = name;
    value.kind = tensors::Value::Kind::Number;
    value.python_type = text == "True" || text == "False" ? "bool" : "int";
    value.python = number ? std::to_string(*number) : std::string(text);
    if (number || value.python_type == "bool")
        return value;
    Error error = usage(name + ": needs a value for '" + std::string(text) + "'");
    error.remedy = missing.empty() ? Error::Remedy::GiveInputs : Error::Remedy::BindSymbol;
    error.subject = missing;
    return error;
}

// Nothing is known of it. Where nobody uses it either, it may be None: that is what PyTorch writes no type
// for.
Result<tensors::Value> made_unknown(const GraphModule& module, BodyId body, NodeId node) {
    const Node& n = module.body(body).node(node);
    if (!module.body(body).users_of(n).empty()) {
        Error error = usage(std::string(module.text(n.name))
            + ": the dump gives no type for it, so that no input can be made");
        error.remedy = Error::Remedy::GiveInputs;
        error.subject = module.text(n.name);
        return error;
    }
    tensors::Value value;
    value.name = module.text(n.name);
    value.kind = tensors::Value::Kind::Number;
    value.python_type = "NoneType";
    value.python = "None";
    return value;
}

bool is_integer(const std::string& dtype) {
    return dtype.find("int") != std::string::npos;
}

// How the elements of an input are made, and that in words.
class Rules {
public:
    Rules(const GraphModule& module, BodyId body, const Bindings& symbols)
        : body_(body)
        , bounds_(module, symbols)
        , uses_(module, symbols) { }

    Elements of(NodeId node, const std::string& dtype) {
        Elements how;
        if (is_integer(dtype))
            how.integers = bounds_.of(body_, node);
        else if (dtype == "float16" || dtype == "bfloat16" || dtype == "float32" || dtype == "float64")
            how.floats = uses_.of(body_, node);
        return how;
    }
    static std::string text(const Elements& how, const std::string& dtype) {
        const IntegerRange& range = how.integers;
        if (is_integer(dtype))
            return range.ends_at ? "ascending to " + std::to_string(*range.ends_at) + ": ends of groups"
                : range.high
                ? std::to_string(range.low) + " to " + std::to_string(*range.high - 1)
                    + ": an index into so many"
                : std::to_string(range.low) + " to " + std::to_string(range.low + kDefaultIntegers - 1);
        if (dtype == "bool")
            return "true or false";
        return dtype.starts_with("float8") ? "0.25 to 4, either sign" : how.floats.text();
    }

private:
    BodyId body_;
    IndexBounds bounds_;
    InputRules uses_;
};

// Gives the value, whose dtype, shape and stride are set, its elements.
Status make_elements(
    tensors::Value& value, const Elements& how, Random& random, std::deque<std::string>& owned) {
    int64_t elements = 1;
    for (const int64_t size : value.shape)
        if (__builtin_mul_overflow(elements, size, &elements) || elements > kMostBytes / 16)
            return usage(value.name + ": its shape " + listed(value.shape) + " is too large to be made");
    owned.emplace_back();
    const int64_t row = value.shape.empty() || value.shape.back() == 0 ? 1 : value.shape.back();
    if (!fill(owned.back(), value.dtype, elements, row, how, random))
        return usage(value.name + ": no inputs of type " + value.dtype + " can be made");
    value.bytes = owned.back();
    return {};
}

// A tensor that is still to be given its elements.
Result<tensors::Value> typed_tensor(
    const GraphModule& module, const std::string& name, const ValueType& type, const Bindings& symbols) {
    tensors::Value value;
    value.name = name;
    const DType* dtype = dtype_by_abbreviation(module.text(type.dtype));
    value.dtype = dtype ? dtype->name : module.text(type.dtype);
    if (const Status status = sizes_of(module, name, module.shape(type), symbols, value.shape); !status)
        return status.error();
    if (const Status status = sizes_of(module, name, module.stride(type), symbols, value.stride); !status)
        return status.error();
    if (!type.has_stride)
        value.stride = tensors::dense_stride(value.shape);
    return value;
}

// Whether all that is given is for a placeholder.
Status check_names(
    const GraphModule& module, BodyId id, const std::vector<NodeId>& nodes, const SingleInputs& singles) {
    for (const auto* list : {&singles.values, &singles.shapes})
        for (const tensors::Value& value : *list) {
            std::string names;
            bool known = false;
            for (const NodeId node : nodes) {
                const std::string_view name = module.text(module.body(id).node(node).name);
                known = known || name == value.name;
                if (names.size() < 200)
                    names += (names.empty() ? "" : ", ") + std::string(name);
            }
            if (!known)
                return make_error(Error::Kind::NotFound,
                    "the body has no input '" + value.name + "'"
                        + (names.empty() ? ", nor any other" : "; its inputs are " + names));
        }
    return {};
}

} // namespace

const tensors::Value* SingleInputs::find(std::string_view name) const {
    for (const auto* list : {&values, &shapes})
        for (const tensors::Value& value : *list)
            if (value.name == name)
                return &value;
    return nullptr;
}

Result<Inputs> synthetic_inputs(const GraphModule& module, BodyId id, uint64_t seed, Bindings& symbols,
    const Bindings& hints, SingleInputs singles) {
    Inputs inputs;
    const std::vector<NodeId> nodes = wanted_inputs(module, id);
    if (const Status status = check_names(module, id, nodes, singles); !status)
        return status.error();
    const auto given_for = [&](NodeId node) {
        return singles.find(module.text(module.body(id).node(node).name));
    };
    for (const bool lone : {true, false})
        for (const NodeId node : nodes)
            if (const ValueType* type = module.type(module.body(id).node(node).type); type && given_for(node))
                bind_symbols(module, *type, *given_for(node), lone, symbols);
    inputs.defaults = bind_default_symbols(module, id, hints, symbols);
    inputs.owned = std::move(singles.owned); // a deque's elements stay where they are
    Rules rules(module, id, symbols);
    Random random(seed);
    const auto make = [&](NodeId node, tensors::Value& value) {
        const Elements how = rules.of(node, value.dtype);
        inputs.rules.push_back({value.name, Rules::text(how, value.dtype)});
        return make_elements(value, how, random, inputs.owned);
    };
    for (const NodeId node : nodes) {
        const Node& n = module.body(id).node(node);
        const std::string name(module.text(n.name));
        const ValueType* type = module.type(n.type);
        Result<tensors::Value> value = tensors::Value();
        if (const tensors::Value* known = singles.find(name)) {
            value = *known;
            const bool to_make = value->kind == tensors::Value::Kind::Tensor && value->bytes.data() == nullptr
                && known >= singles.shapes.data() && known < singles.shapes.data() + singles.shapes.size();
            if (to_make && value->stride.empty())
                value->stride = tensors::dense_stride(value->shape);
            if (const Status status = check_input(module, name, type, symbols, *value); !status)
                return status.error();
            if (to_make)
                if (const Status status = make(node, *value); !status)
                    return status.error();
            inputs.made += to_make;
        } else {
            const bool tensor = type && type->kind == TypeKind::Tensor;
            value = tensor                            ? typed_tensor(module, name, *type, symbols)
                : type && type->kind == TypeKind::Sym ? made_number(module, name, *type, symbols)
                                                      : made_unknown(module, id, node);
            if (value && tensor)
                if (const Status status = make(node, *value); !status)
                    return status.error();
            ++inputs.made;
        }
        if (!value)
            return value.error();
        inputs.values.push_back(std::move(*value));
    }
    inputs.synthetic = inputs.made > 0 || nodes.empty();
    return inputs;
}

std::string rules_in_words(const std::vector<MadeInput>& rules) {
    std::vector<std::pair<std::string_view, size_t>> counts;
    for (const MadeInput& made : rules) {
        const auto found = std::find_if(
            counts.begin(), counts.end(), [&](const auto& count) { return count.first == made.rule; });
        if (found == counts.end())
            counts.emplace_back(made.rule, 1);
        else
            ++found->second;
    }
    std::string text;
    for (const auto& [rule, count] : counts)
        text += (text.empty() ? "" : "; ") + std::to_string(count) + " × " + std::string(rule);
    return text;
}

Result<Inputs> recorded_inputs(
    const GraphModule& module, BodyId id, const tensors::TensorFile& file, Bindings& symbols) {
    Inputs inputs;
    inputs.file = file;
    const auto find = [&](NodeId node, size_t) -> Result<const tensors::Value*> {
        const std::string_view name = module.text(module.body(id).node(node).name);
        if (const tensors::Value* found = inputs.file.find(name))
            return found;
        std::vector<std::string> names;
        for (const tensors::Value& value : inputs.file.values())
            names.push_back(value.name);
        return no_value(name, names);
    };
    auto values = take_values(module, id, find, symbols);
    if (!values)
        return values.error();
    inputs.values = std::move(*values);
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
