#include "core/executor/statistics.h"

#include "core/executor/arguments.h"
#include "core/executor/torch.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <limits>

namespace hopscope::executor {

using nlohmann::json;

json json_number(double value) {
    if (std::isnan(value))
        return "nan";
    if (std::isinf(value))
        return value > 0 ? "inf" : "-inf";
    return value;
}

json statistics(const c10::IValue& value) {
    if (value.isTensorList())
        return {{"python", "list"}, {"items", value.toTensorList().size()}, {"value", nullptr}};
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

json histogram_of(const at::Tensor& tensor, int64_t bins) {
    TORCH_CHECK(bins >= 1 && bins <= 4096, "a histogram of ", bins, " bins; 1 to 4096 were expected");
    if (!tensor.defined() || tensor.numel() == 0 || tensor.is_complex())
        return nullptr;
    const at::Tensor wide = tensor.to(at::kDouble).contiguous();
    const double* data = wide.data_ptr<double>();
    double low = std::numeric_limits<double>::infinity(), high = -low;
    for (int64_t i = 0; i < wide.numel(); ++i)
        if (std::isfinite(data[i])) {
            low = std::min(low, data[i]);
            high = std::max(high, data[i]);
        }
    if (low > high)
        return nullptr;
    std::vector<uint64_t> counts(static_cast<size_t>(bins), 0);
    const double width = (high - low) / static_cast<double>(bins);
    for (int64_t i = 0; i < wide.numel(); ++i) {
        if (!std::isfinite(data[i]))
            continue;
        // A range that overflows, or has no width, falls into the first bin.
        const double at = std::isfinite(width) && width > 0 ? (data[i] - low) / width : 0;
        ++counts[std::min(static_cast<size_t>(bins - 1), static_cast<size_t>(at))];
    }
    return {{"low", low}, {"high", high}, {"counts", counts}};
}

json slice(const at::Tensor& tensor, const std::vector<int64_t>& start, const std::vector<int64_t>& count) {
    TORCH_CHECK(start.size() == static_cast<size_t>(tensor.dim()) && count.size() == start.size(),
        "a slice of ", start.size(), " dimensions of a tensor that has ", tensor.dim());
    at::Tensor part = tensor;
    for (size_t d = 0; d < start.size(); ++d)
        part = part.narrow(static_cast<int64_t>(d), start[d], count[d]);
    TORCH_CHECK(part.numel() <= kLargestSlice, "a slice of ", part.numel(), " elements; at most ",
        kLargestSlice, " are given");
    part = part.to(at::kDouble).contiguous();
    json out = json::array();
    const double* data = part.data_ptr<double>();
    for (int64_t i = 0; i < part.numel(); ++i)
        out.push_back(json_number(data[i]));
    return out;
}

} // namespace hopscope::executor
