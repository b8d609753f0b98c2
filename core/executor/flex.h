// flex_attention and its backward: what torch/_higher_order_ops/flex_attention.py computes (math_attention,
// sdpa_dense_backward), in blocks of queries.
//
// The graphs for scores and masks are written for one score; here they are given all scores of a block at
// once, and index tensors that broadcast against them: (B, 1, 1, 1), (1, H, 1, 1), (1, 1, M, 1), (1, 1, 1,
// N). Half types are computed in float32 and rounded once. The forward writes into nothing, so that autograd
// sees all of it: a joint graph that is derived through it holds the operators that it is made of.
#pragma once

#include "core/executor/torch.h"

#include <functional>
#include <vector>

namespace hopscope::executor {

struct FlexCall {
    using Values = std::vector<c10::IValue>;
    using Graph = std::function<Values(Values)>;

    at::Tensor query, key, value; // (B, H, M, E), (B or 1, Hkv, N, E), (B or 1, Hkv, N, Ev)
    Graph score; // (score, b, h, m, n, *score_buffers)
    Graph mask; // (b, h, m, n, *mask_buffers)
    Values score_buffers, mask_buffers;
    double scale = 1;
    // Which blocks are visited, and of these which without the mask: counts (b, h, M blocks) and indices
    // (b, h, M blocks, N blocks). The second pair may be undefined.
    at::Tensor counts, indices, full_counts, full_indices;
    int64_t query_block = 0, key_block = 0;
};
// Output, logsumexp and largest score of each row, the last two by base 2, as the operator gives them.
std::vector<at::Tensor> flex_attention(const FlexCall& call);

struct FlexBackward {
    at::Tensor out, logsumexp, grad_out, grad_logsumexp; // the last two may be undefined
    FlexCall::Graph joint; // (score, b, h, m, n, grad, *score_buffers): gradients of all but `grad`
};
// Gradients of query, key and value, then those of the score graph's buffers, undefined where there are none.
std::vector<at::Tensor> flex_attention_backward(const FlexCall& call, const FlexBackward& backward);

} // namespace hopscope::executor
