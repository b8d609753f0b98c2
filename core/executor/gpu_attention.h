// What the tables of GPU attention share. Internal to core/executor.
#pragma once

#include "core/executor/attention.h"
#include "core/executor/composition.h"

#include <limits>

namespace hopscope::executor {

using at::Tensor;
using Optional = OptionalTensor;
using Scale = TorchOptional<double>;

inline constexpr double kInfinity = std::numeric_limits<double>::infinity();

inline Tensor given(const Optional& tensor) {
    return tensor ? *tensor : Tensor();
}
inline Optional maybe(const Tensor& tensor) {
    return tensor.defined() ? Optional(tensor) : Optional();
}
inline void no_dropout(double dropout) {
    TORCH_CHECK(dropout == 0, "attention with dropout is random and not composed");
}
inline Tensor seed() {
    return at::zeros({}, at::dtype(at::kLong));
}
// From 2.6 on flash attention keeps two numbers where it kept a seed; unsigned ones, which are held as int64.
inline Tensor flash_state() {
    return at::zeros({2}, at::dtype(at::kLong));
}
inline Tensor no_mask(const Tensor& query) {
    return at::empty({0}, query.options());
}
inline Tensor as(const Tensor& found, const Tensor& operand) {
    return copied_like(found, operand);
}

inline Attention call_of(const Tensor& query, const Tensor& key, const Tensor& value, const Tensor& bias,
    bool causal, const Scale& scale, double unseen) {
    Attention call;
    call.query = query;
    call.key = key;
    call.value = value;
    call.bias = bias;
    call.scale = attention_scale(scale, query);
    call.unseen = unseen;
    if (causal)
        call.right = 0;
    return call;
}
// Causal from the last query on, as flash attention does where there are more keys than queries.
inline Attention from_the_end(Attention call) {
    call.shift = call.key.size(2) - call.query.size(2);
    return call;
}

// Memory-efficient attention keeps sums in rows of a multiple of 32, filled up with infinity
// (kernel_forward.h in cuda/mem_eff_attention).
inline Tensor filled_up(const Tensor& sums, bool wanted) {
    if (!wanted)
        return at::empty({sums.size(0), sums.size(1), 0}, at::dtype(at::kFloat));
    const int64_t length = sums.size(2), whole = (length + 31) / 32 * 32;
    const Tensor all = at::full({sums.size(0), sums.size(1), whole}, kInfinity, at::dtype(at::kFloat));
    all.narrow(2, 0, length).copy_(sums);
    return all;
}
// Its last dimension is laid out in multiples of 16.
inline Tensor bias_gradient(const Tensor& found, const Tensor& bias) {
    std::vector<int64_t> sizes = bias.sizes().vec();
    sizes.back() = (sizes.back() + 15) / 16 * 16;
    return at::zeros(sizes, bias.options()).narrow(-1, 0, bias.size(-1)).copy_(found);
}

} // namespace hopscope::executor
