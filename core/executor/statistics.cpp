#include "core/executor/statistics.h"

#include "core/executor/arguments.h"
#include "core/executor/torch.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace hopscope::executor {

namespace {

// The name of its type in Python.
std::string python_type(const c10::IValue& value) {
    return value.isNone()         ? "NoneType"
        : value.isBool()          ? "bool"
        : value.isInt()           ? "int"
        : value.isDouble()        ? "float"
        : value.isComplexDouble() ? "complex"
        : value.isString()        ? "str"
        : value.isList()          ? "list"
                                  : value.tagKind();
}

wire::Statistics statistics_of(const at::Tensor& tensor) {
    const at::Tensor wide = tensor.to(at::kDouble);
    const at::Tensor finite = wide.masked_select(wide.isfinite());
    const auto count = [](const at::Tensor& flags) {
        return static_cast<uint64_t>(flags.sum().item().toLong());
    };
    wire::Statistics s;
    s.nan = count(wide.isnan());
    s.inf = count(wide.isinf());
    s.zero = count(wide.eq(0));
    if (finite.numel() > 0) {
        s.min = finite.min().item().toDouble();
        s.max = finite.max().item().toDouble();
        s.mean = finite.mean().item().toDouble();
        s.std = finite.std(/*unbiased=*/false).item().toDouble();
    }
    return s;
}

} // namespace

wire::ValueFigures figures_of(const c10::IValue& value) {
    wire::ValueFigures figures;
    if (value.isTensor() && value.toTensor().defined()) {
        const at::Tensor& tensor = value.toTensor();
        figures.dtype = scalar_type_name(tensor.scalar_type());
        figures.shape = tensor.sizes().vec();
        figures.stride = tensor.strides().vec();
        figures.bytes = tensor.nbytes();
        if (tensor.numel() > 0 && !tensor.is_complex())
            figures.statistics = statistics_of(tensor);
        return figures;
    }
    figures.python = python_type(value);
    if (value.isTensorList())
        figures.items = value.toTensorList().size();
    else if (value.isScalar() && !value.isComplexDouble())
        figures.number = value.toScalar().toDouble();
    return figures;
}

std::optional<wire::Histogram> histogram_of(const at::Tensor& tensor, int64_t bins) {
    TORCH_CHECK(bins >= 1 && bins <= 4096, "a histogram of ", bins, " bins; 1 to 4096 were expected");
    if (!tensor.defined() || tensor.numel() == 0 || tensor.is_complex())
        return std::nullopt;
    const at::Tensor wide = tensor.to(at::kDouble).contiguous();
    const double* data = wide.data_ptr<double>();
    double low = std::numeric_limits<double>::infinity(), high = -low;
    for (int64_t i = 0; i < wide.numel(); ++i)
        if (std::isfinite(data[i])) {
            low = std::min(low, data[i]);
            high = std::max(high, data[i]);
        }
    if (low > high)
        return std::nullopt;
    std::vector<uint64_t> counts(static_cast<size_t>(bins), 0);
    const double width = (high - low) / static_cast<double>(bins);
    for (int64_t i = 0; i < wide.numel(); ++i) {
        if (!std::isfinite(data[i]))
            continue;
        // A range that overflows, or has no width, falls into the first bin.
        const double at = std::isfinite(width) && width > 0 ? (data[i] - low) / width : 0;
        ++counts[std::min(static_cast<size_t>(bins - 1), static_cast<size_t>(at))];
    }
    return wire::Histogram{low, high, std::move(counts)};
}

std::vector<double> slice(
    const at::Tensor& tensor, const std::vector<int64_t>& start, const std::vector<int64_t>& count) {
    TORCH_CHECK(start.size() == static_cast<size_t>(tensor.dim()) && count.size() == start.size(),
        "a slice of ", start.size(), " dimensions of a tensor that has ", tensor.dim());
    at::Tensor part = tensor;
    for (size_t d = 0; d < start.size(); ++d) {
        // narrow() counts a negative start from the end.
        const int64_t size = tensor.size(static_cast<int64_t>(d));
        TORCH_CHECK(start[d] >= 0 && count[d] >= 0 && start[d] <= size && count[d] <= size - start[d],
            "a slice of ", count[d], " elements from ", start[d], " on, of a dimension of ", size);
        part = part.narrow(static_cast<int64_t>(d), start[d], count[d]);
    }
    TORCH_CHECK(part.numel() <= kLargestSlice, "a slice of ", part.numel(), " elements; at most ",
        kLargestSlice, " are given");
    part = part.to(at::kDouble).contiguous();
    const double* data = part.data_ptr<double>();
    return {data, data + part.numel()};
}

} // namespace hopscope::executor
