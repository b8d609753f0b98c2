// NumPy's .npy files: one array each.
#pragma once

#include "core/base/result.h"
#include "core/tensors/tensor_file.h"

#include <string>
#include <string_view>

namespace hopscope::tensors {

// The array as a dense value of this name; its bytes go to `storage`, which must outlive it.
// Errors: Damaged where the file is none, or holds what no tensor can (structures, objects, big-endian
// numbers).
Result<Value> read_npy(std::string_view file, std::string name, std::string& storage);

// The same as a file: row-major, whatever its stride. Errors: Usage where NumPy has no such dtype (bfloat16),
// or the value is a number or a tuple.
Result<std::string> write_npy(const Value& value);

} // namespace hopscope::tensors
