// Scaled dot-product attention and its gradients, made of libtorch's products and elementwise operators. A
// block of queries at a time: all scores of 2×32 heads of 2,048 tokens would take 1 GiB.
#pragma once

#include "core/executor/torch.h"

#include <cstdint>
#include <optional>
#include <vector>

namespace hopscope::executor {

// One call. Half precisions are computed in float32, as PyTorch's kernels accumulate; others in their own
// type.
struct Attention {
    at::Tensor query; // (batch, heads, queries, width)
    at::Tensor key; // (batch, key heads, keys, width): each serves heads / key heads heads in a row
    at::Tensor value; // (batch, key heads, keys, value width)
    at::Tensor bias; // fits (batch, heads, queries, keys): added to the scores, or true where a key is seen
    double scale = 1;
    // Query i sees the keys from i + shift - left to i + shift + right; nothing given: all of them.
    std::optional<int64_t> left, right;
    int64_t shift = 0;
    double unseen = 0; // the log-sum-exp of a query that sees no key; its output is 0
};

struct Attended {
    at::Tensor output; // (batch, heads, queries, value width)
    at::Tensor sums; // (batch, heads, queries): log-sum-exp of the scores
};
// The output is written to `into`, of whatever layout and type, or is contiguous and of the type it was
// computed in. Besides it memory is asked for a few blocks of scores and one head's keys and values, or,
// where a block holds several heads, for copies of the operands.
Attended attend(const Attention& call, const at::Tensor& into = {});
std::vector<int64_t> attended_sizes(const at::Tensor& query, const at::Tensor& value);

struct AttentionGradients {
    at::Tensor query, key, value; // as the operands, contiguous, in the type they were computed in
    at::Tensor bias; // of the bias' shape; undefined where it was not asked for
};
// `output` and `sums` are what the forward call gave; sums has at least as many columns as there are queries.
AttentionGradients attend_backward(const Attention& call, const at::Tensor& gradient,
    const at::Tensor& output, const at::Tensor& sums, bool want_bias);

double attention_scale(const TorchOptional<double>& scale, const at::Tensor& query);
// (batch, heads, length, …) laid out as (batch, length, heads, …), transposed back.
at::Tensor heads_inside(const at::Tensor& tensor);
// Not yet written: the layout's dtype and strides, which follow its order where a size differs.
at::Tensor laid_out_like(at::IntArrayRef sizes, const at::Tensor& layout);
at::Tensor copied_like(
    const at::Tensor& tensor, const at::Tensor& layout); // its dtype and strides, where shapes agree
// float32 for half precisions, else the type itself.
at::ScalarType accumulated(at::ScalarType type);

} // namespace hopscope::executor
