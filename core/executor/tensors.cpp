#include "core/executor/tensors.h"

#include "core/executor/arguments.h"

#include <ATen/ATen.h>

#include <charconv>
#include <cmath>

namespace hopscope::executor {

namespace {

using nlohmann::json;

} // namespace

at::Tensor with_strides(const at::Tensor& source, at::IntArrayRef stride) {
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

Result<c10::IValue> from_wire(const wire::Value& value) {
    const auto damaged = [&](const std::string& why) {
        return make_error(Error::Kind::Damaged, "'" + value.name + "' " + why);
    };
    if (value.kind == wire::Value::Kind::Tuple)
        return damaged("is a tuple; a tensor or number was expected");
    if (value.kind == wire::Value::Kind::Number) {
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
    if (!dtype)
        return damaged("has the dtype " + value.dtype + ", which this libtorch does not have");
    try {
        // Inputs are inference tensors, so that a body that writes into them may.
        const at::Tensor dense =
            at::from_blob(const_cast<char*>(value.bytes.data()), value.shape, at::dtype(*dtype));
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
    wire::Value all;
    all.name = name;
    all.kind = wire::Value::Kind::Tuple;
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
    wire::Value out;
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
        out.kind = wire::Value::Kind::Number;
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

json json_number(double value) {
    if (std::isnan(value))
        return "nan";
    if (std::isinf(value))
        return value > 0 ? "inf" : "-inf";
    return value;
}

json statistics(const c10::IValue& value) {
    if (!value.isTensor() || !value.toTensor().defined())
        return {{"python", value.tagKind()},
            {"value", value.isScalar() ? json_number(value.toScalar().toDouble()) : json(nullptr)}};
    const at::Tensor& tensor = value.toTensor();
    json out{{"dtype", scalar_type_name(tensor.scalar_type())}, {"shape", tensor.sizes().vec()},
        {"stride", tensor.strides().vec()}, {"bytes", tensor.nbytes()}};
    if (tensor.numel() == 0 || tensor.is_complex())
        return out;
    const at::Tensor wide = tensor.to(at::kDouble);
    const at::Tensor finite = wide.masked_select(wide.isfinite());
    out["nan"] = wide.isnan().sum().item().toLong();
    out["inf"] = wide.isinf().sum().item().toLong();
    out["zero"] = wide.eq(0).sum().item().toLong();
    const bool any = finite.numel() > 0;
    out["min"] = any ? json_number(finite.min().item().toDouble()) : json(nullptr);
    out["max"] = any ? json_number(finite.max().item().toDouble()) : json(nullptr);
    out["mean"] = any ? json_number(finite.mean().item().toDouble()) : json(nullptr);
    out["std"] = any ? json_number(finite.std(/*unbiased=*/false).item().toDouble()) : json(nullptr);
    return out;
}

json slice(const at::Tensor& tensor, const std::vector<int64_t>& start, const std::vector<int64_t>& count) {
    TORCH_CHECK(start.size() == static_cast<size_t>(tensor.dim()) && count.size() == start.size(),
        "a slice of ", start.size(), " dimensions of a tensor that has ", tensor.dim());
    at::Tensor part = tensor;
    for (size_t d = 0; d < start.size(); ++d)
        part = part.narrow(static_cast<int64_t>(d), start[d], count[d]);
    TORCH_CHECK(part.numel() <= 65536, "a slice of ", part.numel(), " elements; at most 65536 are given");
    part = part.to(at::kDouble).contiguous();
    json out = json::array();
    const double* data = part.data_ptr<double>();
    for (int64_t i = 0; i < part.numel(); ++i)
        out.push_back(json_number(data[i]));
    return out;
}

} // namespace hopscope::executor
