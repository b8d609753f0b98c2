#include "core/explain/layouts.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <numeric>
#include <optional>
#include <span>
#include <vector>

namespace hopscope::explain_parts {

namespace {

// None where one is a symbol.
std::optional<std::vector<int64_t>> numbers(const GraphModule& module, std::span<const StringId> texts) {
    std::vector<int64_t> out;
    for (const StringId id : texts) {
        const std::string_view text = module.text(id);
        int64_t n = 0;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), n);
        if (error != std::errc{} || end != text.data() + text.size())
            return std::nullopt;
        out.push_back(n);
    }
    return out;
}

} // namespace

std::string layout_of(const GraphModule& module, const ValueType* type) {
    if (!type || type->kind != TypeKind::Tensor || !type->has_stride)
        return {};
    const auto shape = numbers(module, module.shape(*type));
    const auto stride = numbers(module, module.stride(*type));
    if (!shape || !stride || shape->size() != stride->size())
        return {};
    std::vector<size_t> dims; // those whose stride says anything
    for (size_t i = 0; i < shape->size(); ++i)
        if ((*shape)[i] != 1)
            dims.push_back(i);
    const auto dense = [&](const std::vector<size_t>& order) {
        int64_t next = 1; // from the innermost out; a size that overflows is no layout to speak of
        for (size_t k = order.size(); k-- > 0;) {
            if ((*stride)[order[k]] != next || __builtin_mul_overflow(next, (*shape)[order[k]], &next))
                return false;
        }
        return true;
    };
    if (std::any_of(dims.begin(), dims.end(), [&](size_t d) { return (*stride)[d] == 0; }))
        return "expanded";
    if (dense(dims))
        return "contiguous";
    std::vector<size_t> order = dims;
    std::stable_sort(
        order.begin(), order.end(), [&](size_t x, size_t y) { return (*stride)[x] > (*stride)[y]; });
    if (order == dims)
        return "sliced";
    if (!dense(order))
        return {};
    size_t moved = 0;
    for (size_t k = 0; k < dims.size(); ++k)
        moved += order[k] != dims[k];
    return moved == 2 ? "transposed" : "permuted";
}

} // namespace hopscope::explain_parts
