#include "core/executor/tensors.h"

#include "core/executor/arguments.h"
#include "core/executor/foreign.h"
#include "core/executor/torch.h"

#include <nlohmann/json.hpp>

#include <charconv>
#include <cmath>
#include <cstring>

namespace hopscope::executor {

namespace {

using nlohmann::json;

// PyTorch keeps the strides of these itself, in one pass over memory.
bool keeps_strides(const at::Tensor& tensor) {
    return tensor.is_non_overlapping_and_dense() && !tensor.is_conj() && !tensor.is_neg();
}

} // namespace

at::Tensor with_strides(const at::Tensor& source, at::IntArrayRef stride) {
    if (keeps_strides(source) && source.strides() == stride)
        return source.clone(at::MemoryFormat::Preserve);
    int64_t extent = 1;
    for (int64_t d = 0; d < source.dim(); ++d) {
        if (source.size(d) == 0) {
            extent = 0;
            break;
        }
        int64_t reach = 0;
        TORCH_CHECK(!__builtin_mul_overflow(source.size(d) - 1, stride[static_cast<size_t>(d)], &reach)
                && !__builtin_add_overflow(extent, reach, &extent),
            "the strides reach too far");
    }
    at::Tensor storage = at::zeros({extent}, source.options());
    const at::Tensor result = at::as_strided(storage, source.sizes(), stride, 0);
    // Elements that share a place are written once.
    at::Tensor to = result, from = source;
    for (int64_t d = 0; d < source.dim(); ++d)
        if (stride[static_cast<size_t>(d)] == 0 && source.size(d) > 1) {
            to = to.narrow(d, 0, 1);
            from = from.narrow(d, 0, 1);
        }
    to.copy_(from);
    return result;
}

at::Tensor clone_with_strides(const at::Tensor& tensor) {
    return with_strides(tensor, tensor.strides());
}

at::Tensor with_dtype(const at::Tensor& tensor, at::ScalarType dtype) {
    if (keeps_strides(tensor))
        return tensor.to(dtype, /*non_blocking=*/false, /*copy=*/true, at::MemoryFormat::Preserve);
    return with_strides(tensor.to(dtype), tensor.strides());
}

Result<c10::IValue> from_wire(const tensors::Value& value) {
    const auto damaged = [&](const std::string& why) {
        return make_error(Error::Kind::Damaged, "'" + value.name + "' " + why);
    };
    if (value.kind == tensors::Value::Kind::Tuple)
        return damaged("is a tuple; a tensor or number was expected");
    if (value.kind == tensors::Value::Kind::Number) {
        const std::string& text = value.python;
        if (value.python_type == "NoneType")
            return c10::IValue();
        if (value.python_type == "bool")
            return c10::IValue(text == "True");
        int64_t whole = 0;
        double real = 0;
        const char* end = text.data() + text.size();
        if (value.python_type.find("nt") != std::string::npos
            && std::from_chars(text.data(), end, whole).ptr == end)
            return c10::IValue(whole);
        if (std::from_chars(text.data(), end, real).ptr == end)
            return c10::IValue(real);
        return damaged("is a " + value.python_type + "; a tensor or number was expected");
    }
    const auto dtype = scalar_type(value.dtype);
    const ForeignType* foreign = foreign_type(value.dtype);
    if (!dtype && !foreign)
        return damaged("has the dtype " + value.dtype + ", which this libtorch does not have");
    try {
        if (foreign)
            return c10::IValue(
                with_strides(from_foreign_bytes(*foreign, value.bytes, value.shape), value.stride));
        // Inputs are inference tensors, so that a body that writes into them may.
        // Copied, as the bytes lie in the file where they may: kernels of complex128 crash on what is not
        // aligned.
        const at::Tensor dense = at::empty(value.shape, at::dtype(*dtype));
        if (value.bytes.size() != dense.nbytes())
            return damaged("has " + std::to_string(value.bytes.size()) + " bytes; its shape needs "
                + std::to_string(dense.nbytes()));
        if (dense.nbytes() > 0)
            std::memcpy(dense.data_ptr(), value.bytes.data(), value.bytes.size());
        return c10::IValue(with_strides(dense, value.stride));
    } catch (const std::exception& e) {
        const std::string_view why = e.what();
        return damaged("cannot be made: " + std::string(why.substr(0, why.find('\n'))));
    }
}

void WireWriter::add(const std::string& name, bool tuple, const std::vector<c10::IValue>& values) {
    if (!tuple) {
        if (!values.empty())
            add_one(name, values[0]);
        return;
    }
    tensors::Value all;
    all.name = name;
    all.kind = tensors::Value::Kind::Tuple;
    all.items = values.size();
    values_.push_back(std::move(all));
    for (size_t i = 0; i < values.size(); ++i)
        add_one(name + "#" + std::to_string(i), values[i]);
}

void WireWriter::add_one(const std::string& name, const c10::IValue& value) {
    if (value.isTensorList()) {
        const auto list = value.toTensorVector();
        add(name, true, std::vector<c10::IValue>(list.begin(), list.end()));
        return;
    }
    tensors::Value out;
    out.name = name;
    if (value.isTensor() && value.toTensor().defined()) {
        const at::Tensor& tensor = value.toTensor();
        out.dtype = scalar_type_name(tensor.scalar_type());
        out.shape = tensor.sizes().vec();
        out.stride = tensor.strides().vec();
        // Cloned always: a later step may write into the tensor.
        held_.push_back(tensor.is_contiguous() ? tensor.clone() : tensor.contiguous());
        out.bytes = {static_cast<const char*>(held_.back().data_ptr()), held_.back().nbytes()};
    } else {
        out.kind = tensors::Value::Kind::Number;
        out.python_type = value.isInt() ? "int"
            : value.isDouble()          ? "float"
            : value.isBool()            ? "bool"
                                        : "NoneType";
        out.python = value.isInt() ? std::to_string(value.toInt())
            : value.isBool()       ? (value.toBool() ? "True" : "False")
            : value.isDouble()     ? json(value.toDouble()).dump()
                                   : "None";
    }
    values_.push_back(std::move(out));
}

} // namespace hopscope::executor
