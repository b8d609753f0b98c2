// What is told of a value: figures, a histogram, a slice of its elements.
#pragma once

#include "core/executor/torch.h"

#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <vector>

namespace hopscope::executor {

inline constexpr int64_t kLargestSlice = 65536; // elements

// {"dtype","shape","stride","bytes","min","max","mean","std","nan","inf","zero"}: the figures are of the
// finite elements, null where there are none; for a number {"python","value"}; for a list of tensors
// {"items"}.
nlohmann::json statistics(const c10::IValue& value);
// {"low","high","counts"}: finite elements in `bins` intervals of equal width; the last one includes `high`.
// Null for what has no finite element.
nlohmann::json histogram_of(const at::Tensor& tensor, int64_t bins);
// The elements from `start`, `count` of them in each dimension, row-major. Throws c10::Error if they do not
// lie inside, or are more than kLargestSlice.
nlohmann::json slice(
    const at::Tensor& tensor, const std::vector<int64_t>& start, const std::vector<int64_t>& count);
// A number for JSON: NaN and infinities as "nan", "inf", "-inf".
nlohmann::json json_number(double value);

} // namespace hopscope::executor
