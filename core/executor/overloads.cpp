#include "core/executor/overloads.h"

#include "core/executor/torch.h"

#include <algorithm>
#include <map>
#include <stdexcept>

namespace hopscope::executor {

namespace {

using Handle = c10::OperatorHandle;

bool writes_out(const c10::FunctionSchema& schema) {
    return std::any_of(schema.arguments().begin(), schema.arguments().end(),
        [](const c10::Argument& a) { return a.is_out(); });
}

// Part of sort_overloads: whether a parameter of type `a` is tried after one of type `b`.
bool smaller_type(const std::string& a, const std::string& b) {
    const auto list = [](const std::string& t) { return t.find("[]") != std::string::npos; };
    return (a == "Scalar" && b == "Tensor") || (a == "Scalar?" && b == "Tensor?")
        || (a == "int[]" && (b == "int" || b == "int?")) || (a == "Tensor[]" && b != a && list(b));
}

bool smaller(const Handle& a, const Handle& b) {
    const auto &x = a.schema().arguments(), &y = b.schema().arguments();
    if (x.size() != y.size())
        return false;
    bool equal = true;
    for (size_t i = 0; i < x.size(); ++i) {
        const std::string s = x[i].type()->str(), t = y[i].type()->str();
        if (s != t && !smaller_type(s, t))
            return false;
        equal = equal && s == t;
    }
    return !equal;
}

std::vector<Handle> in_order(std::vector<Handle> all) {
    std::sort(all.begin(), all.end(), [](const Handle& a, const Handle& b) {
        return c10::toString(a.schema()) < c10::toString(b.schema());
    });
    // Again and again the first that no other one has to come before.
    std::vector<Handle> sorted;
    while (!all.empty()) {
        const auto next = std::find_if(all.begin(), all.end(), [&](const Handle& one) {
            return std::none_of(
                all.begin(), all.end(), [&](const Handle& other) { return smaller(one, other); });
        });
        const auto taken = next == all.end() ? all.begin() : next;
        sorted.push_back(*taken);
        all.erase(taken);
    }
    return sorted;
}

// Functions whose tensor parameters take numbers, too (python_arg_parser.cpp,
// should_allow_numbers_as_tensors).
bool numbers_as_tensors(std::string_view name) {
    constexpr std::string_view kAllowed[] = {"add", "sub", "subtract", "mul", "multiply", "div", "divide",
        "true_divide", "floor_divide", "__and__", "__or__", "__xor__"};
    name.remove_prefix(name.rfind(':') + 1);
    if (name.size() > 2 && name.back() == '_' && name[name.size() - 2] != '_')
        name.remove_suffix(1);
    return std::find(std::begin(kAllowed), std::end(kAllowed), name) != std::end(kAllowed);
}

at::Tensor wrapped(const at::Scalar& number) {
    at::Tensor tensor = at::scalar_tensor(number,
        at::dtype(number.isFloatingPoint() ? at::kDouble
                : number.isBoolean()       ? at::kBool
                                           : at::kLong));
    tensor.unsafeGetTensorImpl()->set_wrapped_number(true);
    return tensor;
}

bool is_list(const c10::IValue& value) {
    return value.isList() || value.isTuple();
}

// Converts a value for a parameter; false where the parameter does not take it.
class Converter {
public:
    explicit Converter(bool numbers)
        : numbers_(numbers) { }

    bool convert(
        const PythonValue& given, const c10::TypePtr& type, int fixed_length, c10::IValue& out) const;

private:
    bool list(
        const PythonValue& given, const c10::TypePtr& element, int fixed_length, c10::IValue& out) const;
    bool number(const c10::IValue& value, c10::TypeKind kind, c10::IValue& out) const;

    bool numbers_;
};

bool Converter::number(const c10::IValue& value, c10::TypeKind kind, c10::IValue& out) const {
    c10::IValue v = value;
    // A tensor without dimensions is taken for a number.
    if (v.isTensor()) {
        const at::Tensor& tensor = v.toTensor();
        if (!tensor.defined() || tensor.dim() != 0
            || (kind == c10::TypeKind::IntType && !at::isIntegralType(tensor.scalar_type(), false)))
            return false;
        const at::Scalar item = tensor.item();
        v = item.isFloatingPoint() ? c10::IValue(item.toDouble())
            : item.isBoolean()     ? c10::IValue(item.toBool())
                                   : c10::IValue(item.toLong());
    }
    switch (kind) {
    case c10::TypeKind::NumberType:
        out = v;
        return v.isScalar();
    case c10::TypeKind::FloatType:
        if (!v.isDouble() && !v.isInt() && !v.isBool())
            return false;
        out = v.toScalar().toDouble();
        return true;
    default: // int: True is none
        out = v;
        return v.isInt();
    }
}

bool Converter::list(
    const PythonValue& given, const c10::TypePtr& element, int fixed_length, c10::IValue& out) const {
    std::vector<c10::IValue> items;
    if (is_list(given.value))
        items = items_of_value(given.value);
    else if (fixed_length > 0 && element->kind() != c10::TypeKind::TensorType)
        items.assign(static_cast<size_t>(fixed_length), given.value);
    else
        return false;
    std::vector<c10::IValue> converted(items.size());
    for (size_t i = 0; i < items.size(); ++i)
        if (!convert({items[i], PassedAs::Value, {}}, element, 0, converted[i]))
            return false;
    switch (element->kind()) {
    case c10::TypeKind::TensorType: {
        c10::List<at::Tensor> all;
        for (const c10::IValue& item : converted)
            all.push_back(item.toTensor());
        out = all;
        return true;
    }
    case c10::TypeKind::OptionalType: {
        c10::List<TorchOptional<at::Tensor>> all;
        for (const c10::IValue& item : converted)
            all.push_back(
                item.isNone() ? TorchOptional<at::Tensor>() : TorchOptional<at::Tensor>(item.toTensor()));
        out = all;
        return true;
    }
    case c10::TypeKind::FloatType: {
        c10::List<double> all;
        for (const c10::IValue& item : converted)
            all.push_back(item.toDouble());
        out = all;
        return true;
    }
    case c10::TypeKind::BoolType: {
        c10::List<bool> all;
        for (const c10::IValue& item : converted)
            all.push_back(item.toBool());
        out = all;
        return true;
    }
    case c10::TypeKind::NumberType: {
        c10::impl::GenericList all(c10::NumberType::get());
        for (const c10::IValue& item : converted)
            all.push_back(item);
        out = all;
        return true;
    }
    case c10::TypeKind::IntType:
    case c10::TypeKind::SymIntType: {
        c10::List<int64_t> all;
        for (const c10::IValue& item : converted)
            all.push_back(item.toInt());
        out = all;
        return true;
    }
    default:
        return false;
    }
}

bool Converter::convert(
    const PythonValue& given, const c10::TypePtr& type, int fixed_length, c10::IValue& out) const {
    const c10::IValue& v = given.value;
    const bool plain = given.as == PassedAs::Value;
    switch (type->kind()) {
    case c10::TypeKind::OptionalType:
        if (v.isNone()) {
            out = c10::IValue();
            return true;
        }
        return convert(given, type->castRaw<c10::OptionalType>()->getElementType(), fixed_length, out);
    case c10::TypeKind::TensorType:
        if (v.isTensor())
            out = v;
        else if (numbers_ && plain && v.isScalar())
            out = wrapped(v.toScalar());
        else
            return false;
        return true;
    case c10::TypeKind::NumberType:
    case c10::TypeKind::FloatType:
    case c10::TypeKind::IntType:
    case c10::TypeKind::SymIntType:
        return plain
            && number(
                v, type->kind() == c10::TypeKind::SymIntType ? c10::TypeKind::IntType : type->kind(), out);
    case c10::TypeKind::BoolType:
        out = v;
        return v.isBool();
    case c10::TypeKind::StringType:
        out = v;
        return v.isString();
    case c10::TypeKind::ScalarTypeType:
        out = v;
        return given.as == PassedAs::Dtype;
    case c10::TypeKind::LayoutType:
        out = v;
        return given.as == PassedAs::Layout;
    case c10::TypeKind::MemoryFormatType:
        out = v;
        return given.as == PassedAs::MemoryFormat;
    case c10::TypeKind::DeviceObjType:
        out = c10::Device(c10::kCPU);
        return v.isDevice() || v.isString();
    case c10::TypeKind::ListType:
        return plain && list(given, type->castRaw<c10::ListType>()->getElementType(), fixed_length, out);
    default:
        return false;
    }
}

// Other names under which Python takes a parameter (python_arg_parser.cpp, numpy_compatibility_arg_names;
// functions of torch call `self` input).
bool named(std::string_view parameter, std::string_view keyword) {
    return parameter == keyword
        || (parameter == "self"
            && (keyword == "input" || keyword == "x" || keyword == "a" || keyword == "x1"))
        || (parameter == "dim" && keyword == "axis") || (parameter == "keepdim" && keyword == "keepdims")
        || (parameter == "other" && keyword == "x2");
}

// Parameters that Python adds to those of the schema and that change no value here.
bool python_only(const PythonValue& given) {
    return given.keyword == "requires_grad" || (given.keyword == "out" && given.value.isNone())
        || (given.keyword == "generator" && given.value.isNone());
}

// The arguments as the overload's stack; false where it does not take them.
bool fill(const Handle& op, const std::vector<PythonValue>& given, bool numbers, torch::jit::Stack& stack) {
    const auto& parameters = op.schema().arguments();
    const Converter converter(numbers);
    size_t positional = 0, taken = 0, by_position = 0;
    for (const PythonValue& value : given) {
        positional += value.keyword.empty();
        taken += !value.keyword.empty() && python_only(value);
    }
    const size_t self = !parameters.empty() && parameters[0].name() == "self" ? 1 : 0;
    const size_t could = static_cast<size_t>(std::count_if(
        parameters.begin(), parameters.end(), [](const c10::Argument& a) { return !a.kwarg_only(); }));
    stack.clear();
    for (size_t i = 0; i < parameters.size(); ++i) {
        const c10::Argument& parameter = parameters[i];
        const c10::TypePtr type = parameter.real_type();
        const int length = parameter.N() ? static_cast<int>(*parameter.N()) : 0;
        c10::IValue value;
        const auto keyword = std::find_if(given.begin(), given.end(),
            [&](const PythonValue& v) { return !v.keyword.empty() && named(parameter.name(), v.keyword); });
        if (by_position < positional && !parameter.kwarg_only()) {
            if (converter.convert(given[by_position], type, length, value)) {
                ++by_position;
                ++taken;
            } else {
                // x.view(2, -1): the only parameter's list, item by item.
                std::vector<c10::IValue> rest;
                for (size_t k = by_position; k < positional; ++k)
                    rest.push_back(given[k].value);
                const PythonValue all{c10::ivalue::Tuple::create(rest), PassedAs::Value, {}};
                const bool whole =
                    std::all_of(rest.begin(), rest.end(), [](const c10::IValue& v) { return v.isInt(); });
                if (could != self + 1 || i != self || !whole || !converter.convert(all, type, length, value))
                    return false;
                taken += rest.size();
                by_position = positional;
            }
        } else if (keyword != given.end()) {
            if (!python_only(*keyword))
                ++taken;
            if (!converter.convert(*keyword, type, length, value))
                return false;
        } else if (parameter.default_value()) {
            value = *parameter.default_value();
        } else if (parameter.kwarg_only() && type->kind() == c10::TypeKind::OptionalType) {
            value = c10::IValue();
        } else {
            return false;
        }
        stack.push_back(std::move(value));
    }
    return by_position == positional && taken == given.size();
}

} // namespace

std::vector<c10::IValue> items_of_value(const c10::IValue& list) {
    if (list.isTuple()) {
        const auto& elements = list.toTupleRef().elements();
        return std::vector<c10::IValue>(elements.begin(), elements.end());
    }
    if (!list.isList())
        throw std::runtime_error("a list or tuple was expected");
    const auto all = list.toListRef();
    return std::vector<c10::IValue>(all.begin(), all.end());
}

bool writes_silently(std::string_view name) {
    constexpr std::string_view kNames[] = {
        "aten::batch_norm", "aten::native_batch_norm", "aten::instance_norm", "aten::_batch_norm_impl_index"};
    return std::find(std::begin(kNames), std::end(kNames), name) != std::end(kNames);
}

std::string kind_in_words(const PythonValue& given) {
    const c10::IValue& v = given.value;
    std::string kind = given.as == PassedAs::Dtype ? "dtype"
        : given.as == PassedAs::Layout             ? "layout"
        : given.as == PassedAs::MemoryFormat       ? "memory_format"
        : v.isTensor()                             ? "Tensor"
        : v.isBool()                               ? "bool"
        : v.isInt()                                ? "int"
        : v.isDouble()                             ? "float"
        : v.isNone()                               ? "None"
        : v.isString()                             ? "str"
        : v.isDevice()                             ? "device"
        : is_list(v)                               ? "list of " + std::to_string(items_of_value(v).size())
                                                   : v.tagKind();
    return given.keyword.empty() ? kind : std::string(given.keyword) + "=" + kind;
}

const std::vector<c10::OperatorHandle>& overloads_of(const std::string& name) {
    static std::map<std::string, std::vector<Handle>> known;
    static const std::multimap<std::string, c10::OperatorName> all = [] {
        std::multimap<std::string, c10::OperatorName> names;
        for (const c10::OperatorName& one : c10::Dispatcher::singleton().getAllOpNames())
            names.emplace(one.name, one);
        return names;
    }();
    const auto found = known.find(name);
    if (found != known.end())
        return found->second;
    std::vector<Handle> overloads;
    const auto [begin, end] = all.equal_range(name);
    for (auto at = begin; at != end; ++at) {
        const auto handle = c10::Dispatcher::singleton().findSchema(at->second);
        if (handle && !writes_out(handle->schema()))
            overloads.push_back(*handle);
    }
    return known.emplace(name, in_order(std::move(overloads))).first->second;
}

c10::IValue call_overload(const std::string& name, const std::vector<PythonValue>& arguments) {
    torch::jit::Stack stack;
    const auto& overloads = overloads_of(name);
    const bool numbers = numbers_as_tensors(name);
    const auto taken = std::find_if(overloads.begin(), overloads.end(),
        [&](const Handle& op) { return fill(op, arguments, numbers, stack); });
    if (taken == overloads.end()) {
        std::string given, known;
        for (const PythonValue& value : arguments)
            given += (given.empty() ? "" : ", ") + kind_in_words(value);
        for (const Handle& op : overloads)
            known += (known.empty() ? "" : ", ")
                + (op.schema().overload_name().empty() ? std::string("default")
                                                       : op.schema().overload_name());
        throw std::runtime_error("no overload of " + name + " takes (" + given + "); it has "
            + (known.empty() ? "none in this libtorch" : known));
    }
    taken->callBoxed(stack);
    if (stack.empty())
        return {};
    if (stack.size() == 1)
        return stack[0];
    return c10::ivalue::Tuple::create(std::vector<c10::IValue>(stack.begin(), stack.end()));
}

} // namespace hopscope::executor
