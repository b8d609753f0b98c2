// What is told of a value: figures, a histogram, a slice of its elements.
#pragma once

#include "core/executor/torch.h"
#include "core/wire/messages.h"

#include <cstdint>
#include <optional>
#include <vector>

namespace hopscope::executor {

inline constexpr int64_t kLargestSlice = 65536; // elements

wire::ValueFigures figures_of(const c10::IValue& value);
// `bins` of them; none for what has no finite element. Throws c10::Error unless 1 to 4096 are asked for.
std::optional<wire::Histogram> histogram_of(const at::Tensor& tensor, int64_t bins);
// The elements from `start`, `count` of them in each dimension, row-major. Throws c10::Error if they do not
// lie inside, or are more than kLargestSlice.
std::vector<double> slice(
    const at::Tensor& tensor, const std::vector<int64_t>& start, const std::vector<int64_t>& count);

} // namespace hopscope::executor
