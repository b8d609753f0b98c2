#include "core/executor/arguments.h"

#include "core/executor/torch.h"
#include "core/graph/reading.h"

#include <charconv>
#include <cstdlib>
#include <limits>

namespace hopscope::executor {

namespace {

struct DtypeName {
    std::string_view name;
    at::ScalarType type;
};
constexpr DtypeName kDtypes[] = {{"float32", at::kFloat}, {"float64", at::kDouble}, {"float16", at::kHalf},
    {"bfloat16", at::kBFloat16}, {"int64", at::kLong}, {"int32", at::kInt}, {"int16", at::kShort},
    {"int8", at::kChar}, {"uint8", at::kByte}, {"bool", at::kBool}, {"complex64", at::kComplexFloat},
    {"complex128", at::kComplexDouble}};

std::string_view without_torch(std::string_view name) {
    return name.substr(0, 6) == "torch." ? name.substr(6) : name;
}

at::Tensor wrapped_number(const at::Scalar& number) {
    at::Tensor tensor = at::scalar_tensor(number,
        at::dtype(number.isComplex()       ? at::kComplexDouble
                : number.isFloatingPoint() ? at::kDouble
                : number.isBoolean()       ? at::kBool
                                           : at::kLong));
    tensor.unsafeGetTensorImpl()->set_wrapped_number(true);
    return tensor;
}

c10::TypeKind kind_of(const c10::TypePtr& type) {
    return type->kind();
}

at::MemoryFormat memory_format(std::string_view text) {
    const std::string_view name = without_torch(text);
    return name == "contiguous_format" ? at::MemoryFormat::Contiguous
        : name == "preserve_format"    ? at::MemoryFormat::Preserve
        : name == "channels_last"      ? at::MemoryFormat::ChannelsLast
                                       : at::MemoryFormat::ChannelsLast3d;
}

} // namespace

std::optional<c10::IValue> torch_constant(ArgKind kind, std::string_view text) {
    switch (kind) {
    case ArgKind::Dtype:
        if (const auto type = scalar_type(text))
            return c10::IValue(static_cast<int64_t>(*type));
        return std::nullopt;
    case ArgKind::Layout:
        if (without_torch(text) == "strided")
            return c10::IValue(static_cast<int64_t>(at::kStrided));
        return std::nullopt;
    case ArgKind::MemoryFormat:
        return c10::IValue(static_cast<int64_t>(memory_format(text)));
    case ArgKind::Device:
        return c10::IValue(c10::Device(c10::kCPU)); // whatever it was: everything runs there
    default:
        return std::nullopt;
    }
}

std::string unquoted(std::string_view literal) {
    if (literal.size() < 2 || (literal.front() != '\'' && literal.front() != '"'))
        return std::string(literal);
    std::string out;
    const std::string_view inner = literal.substr(1, literal.size() - 2);
    for (size_t i = 0; i < inner.size(); ++i) {
        const char next = i + 1 < inner.size() ? inner[i + 1] : '\0';
        if (inner[i] == '\\' && (next == '\\' || next == '\'' || next == '"' || next == 'n' || next == 't')) {
            out += next == 'n' ? '\n' : next == 't' ? '\t' : next;
            ++i;
        } else {
            out += inner[i];
        }
    }
    return out;
}

std::optional<at::ScalarType> scalar_type(std::string_view name) {
    for (const DtypeName& dtype : kDtypes)
        if (dtype.name == without_torch(name))
            return dtype.type;
    for (const NewType& dtype : kNewTypes)
        if (dtype.name == without_torch(name))
            return dtype.type;
    return std::nullopt;
}

std::string_view scalar_type_name(at::ScalarType type) {
    for (const DtypeName& dtype : kDtypes)
        if (dtype.type == type)
            return dtype.name;
    for (const NewType& dtype : kNewTypes)
        if (dtype.type == type)
            return dtype.name;
    return at::toString(type);
}

Operand ArgumentReader::constant(c10::IValue value) {
    program_.constants.push_back(std::move(value));
    return {Operand::Kind::Constant, static_cast<uint32_t>(program_.constants.size() - 1), 0};
}

std::optional<Operand> ArgumentReader::fail(const Arg& arg, const std::string& expected) {
    const std::string found = arg.kind == ArgKind::Node
        ? "the value of " + std::string(program_.module->text(body_.node(arg.node()).name))
        : arg.kind == ArgKind::None ? "None"
        : arg.text()                ? "'" + std::string(text(arg)) + "'"
                                    : "a container";
    if (problem.empty())
        problem = found + " was given where " + expected + " was expected";
    return std::nullopt;
}

std::optional<at::ScalarType> ArgumentReader::dtype_of(const Arg& arg) {
    auto dtype = scalar_type(text(arg));
    if (const ForeignType* type = dtype ? nullptr : foreign_type(without_torch(text(arg)))) {
        dtype = type->held;
        foreign = program_.float64 && at::isFloatingType(*dtype) ? nullptr : type;
    }
    return dtype && program_.float64 && at::isFloatingType(*dtype) ? at::kDouble : dtype;
}

std::optional<int64_t> ArgumentReader::integer(const Arg& arg) {
    if (arg.kind == ArgKind::Bool)
        return text(arg) == "True";
    if (arg.kind == ArgKind::Int || arg.kind == ArgKind::Symbol) {
        std::string missing;
        const auto value = evaluate_symbolic(text(arg), symbols_, &missing);
        if (!value && !missing.empty() && problem.empty())
            problem = "the symbol " + missing + " in '" + std::string(text(arg)) + "' is not bound";
        return value;
    }
    if (arg.kind == ArgKind::Float) {
        const auto value = real(arg);
        if (value && *value == static_cast<double>(static_cast<int64_t>(*value)))
            return static_cast<int64_t>(*value);
    }
    return std::nullopt;
}

std::optional<c10::complex<double>> ArgumentReader::complex_number(const Arg& arg) {
    if (arg.kind != ArgKind::Complex) {
        const auto value = real(arg);
        return value ? std::optional<c10::complex<double>>(*value) : std::nullopt;
    }
    // "1j", "(1+2j)", "(-0-2j)", "complex(1, nan)": two numbers, the second with the sign before it.
    std::string literal(text(arg));
    const bool constructed = literal.substr(0, 8) == "complex(";
    std::erase_if(literal, [](char c) { return c == '(' || c == ')' || c == ' '; });
    if (constructed)
        literal.erase(0, 7); // "complex"
    const auto number = [&](std::string_view part) -> std::optional<double> {
        const bool negative = !part.empty() && part.front() == '-';
        if (!part.empty() && (part.front() == '-' || part.front() == '+'))
            part.remove_prefix(1);
        double value = 0;
        if (part == "inf")
            value = std::numeric_limits<double>::infinity();
        else if (part == "nan")
            value = std::numeric_limits<double>::quiet_NaN();
        else if (const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), value);
                 error != std::errc() || end != part.data() + part.size())
            return std::nullopt;
        return negative ? -value : value;
    };
    std::string first, second;
    if (constructed) {
        const size_t comma = literal.find(',');
        first = literal.substr(0, comma);
        second = comma == std::string::npos ? "0" : literal.substr(comma + 1);
    } else {
        if (literal.empty() || literal.back() != 'j')
            return std::nullopt;
        literal.pop_back();
        // The sign between the parts: not the first character, and not that of an exponent.
        size_t cut = 0;
        for (size_t i = 1; i < literal.size(); ++i)
            if ((literal[i] == '+' || literal[i] == '-') && literal[i - 1] != 'e' && literal[i - 1] != 'E')
                cut = i;
        first = cut ? literal.substr(0, cut) : "0";
        second = literal.substr(cut);
    }
    const auto re = number(first), im = number(second);
    return re && im ? std::optional<c10::complex<double>>({*re, *im}) : std::nullopt;
}

std::optional<double> ArgumentReader::real(const Arg& arg) {
    if (arg.kind == ArgKind::Float) {
        std::string_view literal = text(arg);
        const bool negative = !literal.empty() && literal.front() == '-';
        if (negative)
            literal.remove_prefix(1);
        double value = 0;
        if (literal == "inf" || literal == "torch.inf" || literal == "math.inf")
            value = std::numeric_limits<double>::infinity();
        else if (literal == "nan" || literal == "torch.nan" || literal == "math.nan")
            value = std::numeric_limits<double>::quiet_NaN();
        else if (const auto [end, error] =
                     std::from_chars(literal.data(), literal.data() + literal.size(), value);
                 error != std::errc() || end != literal.data() + literal.size())
            return std::nullopt;
        return negative ? -value : value;
    }
    if (const auto whole = integer(arg))
        return static_cast<double>(*whole);
    return std::nullopt;
}

std::optional<Operand> ArgumentReader::of_node(const Arg& arg, const c10::TypePtr& type) {
    const NodeValue& value = values_[arg.node().index];
    if (value.none)
        return fail(arg, "a value");
    if (value.many) {
        // A tuple handed over whole: as a list of its slots.
        if (kind_of(type) != c10::TypeKind::ListType)
            return fail(arg, type->str());
        const auto at = static_cast<uint32_t>(program_.operands.size());
        for (uint32_t i = 0; i < value.count; ++i)
            program_.operands.push_back({Operand::Kind::Slot, value.slot + i, 0});
        return Operand{Operand::Kind::TensorList, at, value.count};
    }
    if (value.number && kind_of(type) == c10::TypeKind::TensorType)
        return Operand{Operand::Kind::WrappedNumber, value.slot, 0};
    if (value.number && kind_of(type) == c10::TypeKind::FloatType)
        return Operand{Operand::Kind::Double, value.slot, 0};
    return Operand{Operand::Kind::Slot, value.slot, 0};
}

std::optional<Operand> ArgumentReader::list_of(
    const Arg& arg, const c10::TypePtr& element, int fixed_length) {
    const c10::TypeKind inner = kind_of(element);
    if (arg.kind != ArgKind::List && arg.kind != ArgKind::Tuple) {
        // A single number stands for a list of the fixed length that int[2] and the like name.
        const auto one = of_type(&arg, element, 0);
        if (!one || inner == c10::TypeKind::TensorType)
            return fail(arg, "a list of " + element->str());
        std::vector<Operand> items(static_cast<size_t>(std::max(fixed_length, 1)), *one);
        const auto at = static_cast<uint32_t>(program_.operands.size());
        program_.operands.insert(program_.operands.end(), items.begin(), items.end());
        const auto kind = inner == c10::TypeKind::FloatType ? Operand::Kind::DoubleList
            : inner == c10::TypeKind::BoolType              ? Operand::Kind::BoolList
                                                            : Operand::Kind::IntList;
        return Operand{kind, at, static_cast<uint32_t>(items.size())};
    }
    std::vector<Operand> items;
    for (const Arg& entry : entries_in(arg)) {
        const auto item = of_type(&entry, element, 0);
        if (!item)
            return std::nullopt;
        items.push_back(*item);
    }
    Operand list;
    switch (inner) {
    case c10::TypeKind::IntType:
    case c10::TypeKind::SymIntType:
        list.kind = Operand::Kind::IntList;
        break;
    case c10::TypeKind::FloatType:
        list.kind = Operand::Kind::DoubleList;
        break;
    case c10::TypeKind::BoolType:
        list.kind = Operand::Kind::BoolList;
        break;
    case c10::TypeKind::NumberType:
        list.kind = Operand::Kind::ScalarList;
        break;
    case c10::TypeKind::TensorType:
        list.kind = Operand::Kind::TensorList;
        break;
    case c10::TypeKind::OptionalType:
        list.kind = Operand::Kind::OptionalTensorList;
        break;
    default:
        return fail(arg, "a list of " + element->str());
    }
    list.index = static_cast<uint32_t>(program_.operands.size());
    list.count = static_cast<uint32_t>(items.size());
    program_.operands.insert(program_.operands.end(), items.begin(), items.end());
    return list;
}

std::optional<Operand> ArgumentReader::of_type(const Arg* arg, const c10::TypePtr& type, int fixed_length) {
    const c10::TypeKind kind = kind_of(type);
    if (kind == c10::TypeKind::OptionalType) {
        if (arg->kind == ArgKind::None)
            return constant({});
        return of_type(arg, type->castRaw<c10::OptionalType>()->getElementType(), fixed_length);
    }
    if (arg->kind == ArgKind::Node)
        return of_node(*arg, type);
    switch (kind) {
    case c10::TypeKind::TensorType:
        if (arg->kind == ArgKind::None) // the schema says it must be there; PyTorch takes None all the same
            return constant(at::Tensor());
        if (arg->kind == ArgKind::Complex)
            if (const auto value = complex_number(*arg))
                return constant(wrapped_number(*value));
        if (arg->kind == ArgKind::Bool)
            return constant(wrapped_number(text(*arg) == "True"));
        if (arg->kind == ArgKind::Float) {
            if (const auto value = real(*arg))
                return constant(wrapped_number(*value));
        } else if (const auto value = integer(*arg)) {
            return constant(wrapped_number(*value));
        }
        break;
    case c10::TypeKind::NumberType:
        return as_written(arg);
    case c10::TypeKind::IntType:
    case c10::TypeKind::SymIntType:
        if (const auto value = integer(*arg))
            return constant(*value);
        // Kinds that schemas call int in their plain form.
        if (const auto dtype = arg->kind == ArgKind::Dtype ? dtype_of(*arg) : std::nullopt)
            return constant(static_cast<int64_t>(*dtype));
        break;
    case c10::TypeKind::FloatType:
        if (const auto value = real(*arg))
            return constant(*value);
        break;
    case c10::TypeKind::BoolType:
        if (const auto value = integer(*arg))
            return constant(*value != 0);
        break;
    case c10::TypeKind::StringType:
        if (arg->kind == ArgKind::String)
            return constant(unquoted(text(*arg)));
        break;
    case c10::TypeKind::ScalarTypeType:
        if (const auto dtype = dtype_of(*arg))
            return constant(static_cast<int64_t>(*dtype));
        break;
    case c10::TypeKind::LayoutType:
        if (without_torch(text(*arg)) == "strided")
            return constant(static_cast<int64_t>(at::kStrided));
        break;
    case c10::TypeKind::MemoryFormatType:
        return constant(static_cast<int64_t>(memory_format(text(*arg))));
    case c10::TypeKind::DeviceObjType:
        program_.moved = program_.moved || text(*arg).find("cpu") == std::string_view::npos;
        return constant(c10::Device(c10::kCPU));
    case c10::TypeKind::ListType:
        if (arg->kind != ArgKind::None)
            return list_of(*arg, type->castRaw<c10::ListType>()->getElementType(), fixed_length);
        break;
    default:
        break;
    }
    return fail(*arg, type->str());
}

std::optional<Operand> ArgumentReader::for_schema(const Arg* arg, const c10::Argument& wanted) {
    problem.clear();
    if (!arg) {
        if (wanted.default_value())
            return constant(*wanted.default_value());
        if (kind_of(wanted.type()) == c10::TypeKind::OptionalType)
            return constant({});
        problem = "argument '" + wanted.name() + "' is missing";
        return std::nullopt;
    }
    // real_type() tells ScalarType, Layout and MemoryFormat apart, which type() calls int.
    auto operand = of_type(arg, wanted.real_type(), wanted.N() ? static_cast<int>(*wanted.N()) : 0);
    if (!operand)
        problem = "argument '" + wanted.name() + "': " + problem;
    return operand;
}

std::optional<Operand> ArgumentReader::as_written(const Arg* arg) {
    switch (arg->kind) {
    case ArgKind::Node: {
        const NodeValue& value = values_[arg->node().index];
        if (value.many || value.none)
            return fail(*arg, "a single value");
        return Operand{Operand::Kind::Slot, value.slot, 0};
    }
    case ArgKind::None:
        return constant({});
    case ArgKind::Bool:
        return constant(text(*arg) == "True");
    case ArgKind::Int:
    case ArgKind::Symbol:
        if (const auto value = integer(*arg))
            return constant(*value);
        break;
    case ArgKind::Float:
        if (const auto value = real(*arg))
            return constant(*value);
        break;
    case ArgKind::Complex:
        if (const auto value = complex_number(*arg))
            return constant(*value);
        break;
    case ArgKind::String:
        return constant(unquoted(text(*arg)));
    default:
        break;
    }
    return fail(*arg, "a value, a number, a string or None");
}

} // namespace hopscope::executor
