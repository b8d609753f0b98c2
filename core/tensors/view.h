// Views into storages.
#pragma once

#include "core/base/result.h"
#include "core/tensors/tensor_file.h"

#include <string>
#include <string_view>

namespace hopscope::tensors {

// The number of a view's elements. `view` says shape and stride. Errors: Damaged where it reaches outside of
// a storage of `storage_elements`; Usage where it takes more than 16 GiB.
Result<int64_t> checked_elements(const Value& view, int64_t offset, int64_t storage_elements, int64_t item);

// The elements of a view, row-major whatever its strides. `view` says dtype, shape and stride, `offset` where
// it starts, in elements. Errors: Damaged where it reaches outside of the storage; Usage where it takes more
// than 16 GiB.
Result<std::string> elements_of(std::string_view storage, const Value& view, int64_t offset);

} // namespace hopscope::tensors
