// Named tensors in the safetensors format, with strides, numbers and tuples in its metadata key "values".
#pragma once

#include "core/base/result.h"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace hopscope::tensors {

// One named value. Tensors are stored dense (row-major); `stride` is what they had or shall have.
struct Value {
    enum class Kind : uint8_t {
        Tensor,
        Number, // python_type is int, float, bool or NoneType
        Tuple, // its items stand beside it as NAME#0, NAME#1, …
    };

    std::string name; // node name; "call/inner" in a region's body; "name#i" an item of a tuple
    Kind kind = Kind::Tensor;
    std::string dtype; // torch's name: "float32"
    std::vector<int64_t> shape, stride; // elements
    std::string_view bytes; // dense; alive as long as whoever gave it says
    std::string python_type, python; // Number: "int", "8"
    uint64_t items = 0; // Tuple

    int64_t elements() const;
};

std::vector<int64_t> dense_stride(const std::vector<int64_t>& shape);

// The values of one file, sorted by name.
class TensorFile {
public:
    // `bytes` must stay alive as long as `owner` does. Errors: Damaged, saying what and at which byte.
    static Result<TensorFile> read(std::string_view bytes, std::shared_ptr<const void> owner);

    const std::vector<Value>& values() const { return values_; }
    const Value* find(std::string_view name) const;
    // The values whose names start with `prefix`, which is taken off.
    TensorFile below(std::string_view prefix) const;

private:
    std::shared_ptr<const void> owner_;
    std::vector<Value> values_;
};

// A file with these values. Names must be distinct; `bytes` of tensors must have the dense size.
std::string write_tensor_file(const std::vector<Value>& values);

} // namespace hopscope::tensors
