// Functions and methods of torch that are Python code or C++ bindings without an operator of their own, made
// of operators or answered from the tensor itself.
#include "core/executor/dynamo.h"

#include "core/executor/torch.h"

#include <limits>
#include <stdexcept>

namespace hopscope::executor {

namespace {

using Values = std::vector<PythonValue>;

[[noreturn]] void refuse(const std::string& why) {
    throw std::runtime_error(why);
}

at::Tensor tensor(const Values& v, size_t i = 0) {
    if (!v[i].value.isTensor())
        refuse("a tensor was expected, " + kind_in_words(v[i]) + " was given");
    return v[i].value.toTensor();
}

c10::IValue from_scalar(const at::Scalar& s) {
    if (s.isBoolean())
        return s.toBool();
    if (s.isFloatingPoint())
        return s.toDouble();
    if (s.isComplex())
        return s.toComplexDouble();
    return s.toLong();
}

// A positional argument for call_overload().
PythonValue plain(c10::IValue value) {
    return {std::move(value), PassedAs::Value, {}};
}

template <at::ScalarType type> c10::IValue cast(const Values& v) {
    return tensor(v).to(type);
}

c10::IValue int_list(at::IntArrayRef numbers) {
    c10::List<int64_t> list;
    for (const int64_t n : numbers)
        list.push_back(n);
    return list;
}

c10::IValue size(const Values& v) {
    if (v[1].value.isNone())
        return int_list(tensor(v).sizes());
    return tensor(v).size(v[1].value.toInt());
}
c10::IValue stride(const Values& v) {
    if (v[1].value.isNone())
        return int_list(tensor(v).strides());
    return tensor(v).stride(v[1].value.toInt());
}

// torch/csrc/autograd/utils/python_arg_parsing.h, parse_to_conversion: (device, dtype), (dtype) or (other).
// Every device is the CPU here.
c10::IValue to(const Values& v) {
    const at::Tensor self = tensor(v);
    at::ScalarType dtype = self.scalar_type();
    bool copy = false;
    TorchOptional<at::MemoryFormat> format;
    size_t position = 0;
    for (size_t i = 1; i < v.size(); ++i) {
        const c10::IValue& value = v[i].value;
        if (v[i].as == PassedAs::Dtype)
            dtype = static_cast<at::ScalarType>(value.toInt());
        else if (v[i].as == PassedAs::MemoryFormat)
            format = static_cast<at::MemoryFormat>(value.toInt());
        else if (value.isTensor())
            dtype = value.toTensor().scalar_type();
        else if (value.isBool() && (v[i].keyword == "copy" || (v[i].keyword.empty() && position++ == 1)))
            copy = value.toBool();
        else if (!value.isBool() && !value.isDevice() && !value.isString() && !value.isNone())
            refuse(
                "Tensor.to: a dtype, device or tensor was expected, " + kind_in_words(v[i]) + " was given");
    }
    return self.to(dtype, /*non_blocking=*/false, copy, format);
}

c10::IValue type(const Values& v) {
    if (v[1].as != PassedAs::Dtype)
        refuse("Tensor.type: only a dtype is taken, " + kind_in_words(v[1]) + " was given");
    return tensor(v).to(static_cast<at::ScalarType>(v[1].value.toInt()));
}

c10::IValue itself(const Values& v) {
    return v[0].value;
}

c10::IValue attribute(const Values& v) {
    const at::Tensor self = tensor(v);
    const std::string& name = v[1].value.toStringRef();
    if (name == "T")
        return self.numpy_T();
    if (name == "mT")
        return self.mT();
    if (name == "H")
        return self.matrix_H();
    if (name == "mH")
        return self.mH();
    if (name == "shape")
        return int_list(self.sizes());
    if (name == "ndim")
        return self.dim();
    if (name == "dtype")
        return static_cast<int64_t>(self.scalar_type());
    if (name == "device")
        return self.device();
    if (name == "data")
        return self;
    if (name == "real")
        return at::real(self);
    if (name == "imag")
        return at::imag(self);
    if (name == "is_cuda")
        return false;
    refuse("Hopscope does not know the attribute '" + name + "' of a tensor");
}

c10::IValue numel(const Values& v) {
    return tensor(v).numel();
}
c10::IValue dim(const Values& v) {
    return tensor(v).dim();
}

// torch._C._nn.scaled_dot_product_attention(query, key, value, attn_mask, dropout_p, is_causal, scale,
// enable_gqa); a composition where libtorch lacks it (compositions_attention.cpp).
c10::IValue attention(const Values& v) {
    PythonValue scale = v[6];
    scale.keyword = "scale";
    Values all{plain(v[0].value), plain(v[1].value), plain(v[2].value), plain(v[3].value), plain(v[4].value),
        plain(v[5].value), scale};
    if (v[7].value.isBool() && v[7].value.toBool())
        all.push_back({true, PassedAs::Value, "enable_gqa"});
    return call_overload("aten::scaled_dot_product_attention", all);
}

// torch/nn/functional.py, rms_norm; torch/_refs: x * rsqrt(mean(x^2) + eps), half precisions in float32.
c10::IValue rms_norm(const Values& v) {
    if (!overloads_of("aten::rms_norm").empty()) {
        Values all = v;
        for (PythonValue& value : all)
            value.keyword = {};
        return call_overload("aten::rms_norm", all);
    }
    const at::Tensor input = tensor(v);
    const at::ScalarType narrow = input.scalar_type();
    const at::ScalarType wide = narrow == at::kHalf || narrow == at::kBFloat16 ? at::kFloat : narrow;
    const double eps = !v[3].value.isNone() ? v[3].value.toScalar().toDouble()
        : wide == at::kDouble               ? std::numeric_limits<double>::epsilon()
                                            : std::numeric_limits<float>::epsilon();
    std::vector<int64_t> dims;
    for (size_t i = 0; i < items_of_value(v[1].value).size(); ++i)
        dims.push_back(-1 - static_cast<int64_t>(i));
    const at::Tensor x = input.to(wide);
    at::Tensor result = x * at::rsqrt(at::mean(x * x, dims, /*keepdim=*/true).add(eps));
    if (v[2].value.isTensor())
        result = result * v[2].value.toTensor();
    return result.to(narrow);
}

// torch/nn/functional.py, normalize.
c10::IValue normalize(const Values& v) {
    const at::Tensor input = tensor(v);
    const at::Tensor norm = input.norm(v[1].value.toScalar(), {v[2].value.toInt()}, /*keepdim=*/true);
    return input / norm.clamp_min(v[3].value.toScalar()).expand_as(input);
}

// torch/functional.py, norm; only what is a vector's norm.
c10::IValue norm(const Values& v) {
    const c10::IValue& p = v[1].value;
    at::Scalar order = 2;
    if (p.isScalar())
        order = p.toScalar();
    else if (!p.isNone() && !(p.isString() && p.toStringRef() == "fro"))
        refuse("norm: only p='fro' or a number is taken");
    std::vector<PythonValue> arguments{v[0], plain(order)};
    if (v[2].value.isNone()) {
        arguments.push_back(plain(c10::IValue()));
    } else {
        arguments.push_back(v[2].value.isInt() ? plain(int_list({v[2].value.toInt()})) : plain(v[2].value));
    }
    arguments.push_back(plain(v[3].value));
    if (!v[4].value.isNone()) {
        arguments.push_back(v[4]);
        arguments.back().keyword = "dtype";
    }
    arguments[0].keyword = {};
    return call_overload("aten::linalg_vector_norm", arguments);
}

// The values of "*name": a single list given stands for its items (torch/functional.py, einsum and the like).
std::vector<at::Tensor> tensors_of(const c10::IValue& rest) {
    std::vector<c10::IValue> items = items_of_value(rest);
    if (items.size() == 1 && (items[0].isList() || items[0].isTuple()))
        items = items_of_value(items[0]);
    std::vector<at::Tensor> all;
    for (const c10::IValue& item : items)
        all.push_back(item.toTensor());
    return all;
}

c10::IValue einsum(const Values& v) {
    return at::einsum(v[0].value.toStringRef(), tensors_of(v[1].value));
}
c10::IValue broadcast_tensors(const Values& v) {
    return c10::List<at::Tensor>(at::broadcast_tensors(tensors_of(v[0].value)));
}

c10::IValue meshgrid(const Values& v) {
    const bool named = v[1].value.isString();
    return c10::List<at::Tensor>(
        at::meshgrid(tensors_of(v[0].value), named ? v[1].value.toStringRef() : std::string("ij")));
}

// torch.tensor of a number or a flat list of them; the default dtype is float32.
c10::IValue new_tensor(const Values& v) {
    const bool list = v[0].value.isTuple() || v[0].value.isList();
    const std::vector<c10::IValue> items =
        list ? items_of_value(v[0].value) : std::vector<c10::IValue>{v[0].value};
    std::vector<double> reals;
    std::vector<int64_t> integers;
    bool flags = !items.empty(), whole = !items.empty();
    for (const c10::IValue& item : items) {
        if (!item.isScalar())
            refuse("torch.tensor: only a number or a list of numbers is taken");
        flags = flags && item.isBool();
        whole = whole && !item.isDouble();
        reals.push_back(item.toScalar().toDouble());
        integers.push_back(whole ? item.toScalar().toLong() : 0);
    }
    at::Tensor made = flags ? at::tensor(integers).to(at::kBool)
        : whole             ? at::tensor(integers)
                            : at::tensor(reals, at::dtype(at::kDouble));
    made = made.to(v[1].as == PassedAs::Dtype ? static_cast<at::ScalarType>(v[1].value.toInt())
            : flags || whole                  ? made.scalar_type()
                                              : at::kFloat);
    return list ? made : made.squeeze(0);
}

// Python's max and min of two numbers.
template <bool largest> c10::IValue extreme(const Values& v) {
    if (!v[0].value.isScalar() || !v[1].value.isScalar())
        refuse("two numbers were expected");
    const double a = v[0].value.toScalar().toDouble(), b = v[1].value.toScalar().toDouble();
    return (largest ? b > a : b < a) ? v[1].value : v[0].value;
}

c10::IValue check(const Values& v) {
    const c10::IValue& holds = v[0].value;
    if (holds.isTensor() ? !holds.toTensor().item().toBool() : !holds.toScalar().toBool())
        refuse(v[1].value.isString() ? v[1].value.toStringRef() : "the assertion does not hold");
    return {};
}

c10::IValue length(const Values& v) {
    if (v[0].value.isTensor())
        return tensor(v).size(0);
    return static_cast<int64_t>(items_of_value(v[0].value).size());
}
// A number, or a tensor of one element, as Python's int() and float() take them.
at::Scalar number(const Values& v) {
    return v[0].value.isTensor() ? tensor(v).item() : v[0].value.toScalar();
}

const FunctionRow kFunctions[] = {
    {"Tensor.size", "self dim=None", size},
    {"Tensor.stride", "self dim=None", stride},
    {"Tensor.dim", "self", dim},
    {"Tensor.ndimension", "self", dim},
    {"Tensor.numel", "self", numel},
    {"Tensor.nelement", "self", numel},
    {"torch.numel", "input", numel},
    {"Tensor.storage_offset", "self",
        [](const Values& v) { return c10::IValue(tensor(v).storage_offset()); }},
    {"Tensor.element_size", "self",
        [](const Values& v) { return c10::IValue(static_cast<int64_t>(tensor(v).element_size())); }},
    {"Tensor.is_contiguous", "self", [](const Values& v) { return c10::IValue(tensor(v).is_contiguous()); }},
    {"Tensor.item", "self", [](const Values& v) { return from_scalar(tensor(v).item()); }},
    {"Tensor.__len__", "self", length},
    {"Tensor.float", "self memory_format=None", cast<at::kFloat>},
    {"Tensor.double", "self memory_format=None", cast<at::kDouble>},
    {"Tensor.half", "self memory_format=None", cast<at::kHalf>},
    {"Tensor.bfloat16", "self memory_format=None", cast<at::kBFloat16>},
    {"Tensor.long", "self memory_format=None", cast<at::kLong>},
    {"Tensor.int", "self memory_format=None", cast<at::kInt>},
    {"Tensor.short", "self memory_format=None", cast<at::kShort>},
    {"Tensor.char", "self memory_format=None", cast<at::kChar>},
    {"Tensor.byte", "self memory_format=None", cast<at::kByte>},
    {"Tensor.bool", "self memory_format=None", cast<at::kBool>},
    {"Tensor.to", "...", to},
    {"Tensor.type", "self dtype", type},
    {"Tensor.cpu", "self memory_format=None", itself},
    {"Tensor.requires_grad_", "self requires_grad=True", itself},
    {"Tensor.norm", "self p='fro' dim=None keepdim=False dtype=None", norm},
    {"torch.functional.norm", "input p='fro' dim=None keepdim=False dtype=None", norm},
    {"torch.norm", "input p='fro' dim=None keepdim=False dtype=None", norm},
    {"builtins.getattr", "self name", attribute},
    {"torch._C._nn.scaled_dot_product_attention",
        "query key value attn_mask=None dropout_p=0.0 is_causal=False scale=None enable_gqa=False",
        attention},
    {"torch.nn.functional.scaled_dot_product_attention",
        "query key value attn_mask=None dropout_p=0.0 is_causal=False scale=None enable_gqa=False",
        attention},
    {"torch.nn.functional.rms_norm", "input normalized_shape weight=None eps=None", rms_norm},
    {"torch.rms_norm", "input normalized_shape weight=None eps=None", rms_norm},
    {"torch.nn.functional.normalize", "input p=2.0 dim=1 eps=1e-12", normalize},
    {"torch.functional.einsum", "equation *operands", einsum},
    {"torch.einsum", "equation *operands", einsum},
    {"torch.functional.broadcast_tensors", "*tensors", broadcast_tensors},
    {"torch.functional.meshgrid", "*tensors indexing=None", meshgrid},
    {"torch.meshgrid", "*tensors indexing=None", meshgrid},
    {"torch.tensor", "data dtype=None device=None requires_grad=False", new_tensor},
    {"max", "a b", extreme<true>},
    {"min", "a b", extreme<false>},
    {"torch._assert", "condition message=''", check},
    {"torch._check", "condition message=None", check},
    {"len", "self", length},
    {"int", "x", [](const Values& v) { return c10::IValue(number(v).toLong()); }},
    {"float", "x", [](const Values& v) { return c10::IValue(number(v).toDouble()); }},
    {"bool", "x", [](const Values& v) { return c10::IValue(number(v).toBool()); }},
};

} // namespace

const FunctionRow* find_function(std::string_view target) {
    for (const FunctionRow& row : kFunctions)
        if (row.target == target)
            return &row;
    return nullptr;
}

} // namespace hopscope::executor
