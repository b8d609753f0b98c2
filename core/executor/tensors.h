// libtorch's tensors from and to the values of tensor files.
#pragma once

#include "core/base/result.h"
#include "core/wire/tensor_file.h"

#include <ATen/core/ivalue.h>

#include <nlohmann/json.hpp>

#include <deque>
#include <vector>

namespace hopscope::executor {

// A tensor of these strides over storage of its own; `source` gives sizes and values. Throws c10::Error where
// the strides reach too far.
at::Tensor with_strides(const at::Tensor& source, at::IntArrayRef stride);
at::Tensor clone_with_strides(const at::Tensor& tensor); // strides of 0 and all

// The tensor with its strides, or the number; None for NoneType. Errors: Damaged where the value cannot be
// made.
Result<c10::IValue> from_wire(const wire::Value& value);

// Collects values for a file; holds the bytes until it is written.
class WireWriter {
public:
    // A tuple is given with its items.
    void add(const std::string& name, bool tuple, const std::vector<c10::IValue>& values);
    const std::vector<wire::Value>& values() const { return values_; }

private:
    void add_one(const std::string& name, const c10::IValue& value);

    std::vector<wire::Value> values_;
    std::deque<at::Tensor> held_;
};

// {"dtype","shape","stride","bytes","min","max","mean","std","nan","inf","zero"}; for a number
// {"python","value"}.
nlohmann::json statistics(const c10::IValue& value);
// The elements from `start`, `count` of them in each dimension, row-major. Throws c10::Error if they do not
// lie inside.
nlohmann::json slice(
    const at::Tensor& tensor, const std::vector<int64_t>& start, const std::vector<int64_t>& count);
// A number for JSON: NaN and infinities as "nan", "inf", "-inf".
nlohmann::json json_number(double value);

} // namespace hopscope::executor
