// libtorch's tensors from and to the values of tensor files.
#pragma once

#include "core/base/result.h"
#include "core/executor/torch.h"
#include "core/tensors/tensor_file.h"

#include <deque>
#include <vector>

namespace hopscope::executor {

// A tensor of these strides over storage of its own; `source` gives sizes and values. Throws c10::Error where
// the strides reach too far.
at::Tensor with_strides(const at::Tensor& source, at::IntArrayRef stride);
at::Tensor clone_with_strides(const at::Tensor& tensor); // strides of 0 and all
at::Tensor with_dtype(const at::Tensor& tensor, at::ScalarType dtype); // a copy with the same strides

// The tensor with its strides, or the number; None for NoneType. Errors: Damaged where the value cannot be
// made.
Result<c10::IValue> from_wire(const tensors::Value& value);

// Collects values for a file; holds the bytes until it is written.
class WireWriter {
public:
    // A tuple is given with its items.
    void add(const std::string& name, bool tuple, const std::vector<c10::IValue>& values);
    const std::vector<tensors::Value>& values() const { return values_; }

private:
    void add_one(const std::string& name, const c10::IValue& value);

    std::vector<tensors::Value> values_;
    std::deque<at::Tensor> held_;
};

} // namespace hopscope::executor
