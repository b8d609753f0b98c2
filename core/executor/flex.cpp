#include "core/executor/flex.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace hopscope::executor {

namespace {

using at::Tensor;
using Values = FlexCall::Values;

constexpr double kMinusInfinity = -std::numeric_limits<double>::infinity();
constexpr double kLn2 = 0.6931471805599453;
constexpr int64_t kScores = int64_t{1} << 22; // at a time: 16 MiB in float32

// The values in memory so that their dimensions lie as these strides have them (_permute_strides).
Tensor laid_out_as(const Tensor& values, at::IntArrayRef stride) {
    std::vector<int64_t> order(static_cast<size_t>(values.dim()));
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(), [&](int64_t a, int64_t b) {
        return stride[static_cast<size_t>(a)] > stride[static_cast<size_t>(b)];
    });
    std::vector<int64_t> back(order.size());
    for (size_t i = 0; i < order.size(); ++i)
        back[static_cast<size_t>(order[i])] = static_cast<int64_t>(i);
    return values.permute(order).clone(at::MemoryFormat::Contiguous).permute(back);
}

// Itself to autograd, whose gradient lies in memory as it does (sdpa_dense_backward).
Tensor with_gradient_laid_out(const Tensor& tensor) {
    if (!at::GradMode::is_enabled() || !tensor.requires_grad())
        return tensor;
    const Tensor own = tensor.alias(); // what else uses the tensor has gradients of its own
    own.register_hook([stride = tensor.strides().vec()](const Tensor& gradient) {
        return gradient.defined() ? laid_out_as(gradient, stride) : gradient;
    });
    return own;
}

class Flex {
public:
    explicit Flex(const FlexCall& call)
        : call_(call)
        , type_(call.query.scalar_type() == at::kDouble ? at::kDouble : at::kFloat)
        , batch_(call.query.size(0))
        , heads_(call.query.size(1))
        , queries_(call.query.size(2))
        , keys_(call.key.size(2))
        , group_(heads_ / std::max<int64_t>(1, call.key.size(1)))
        , query(call.query.to(type_))
        , key(repeated(call.key))
        , value(repeated(call.value)) {
        index_[0] = numbers(0, batch_).view({batch_, 1, 1, 1});
        index_[1] = numbers(0, heads_).view({1, heads_, 1, 1});
        index_[3] = numbers(0, keys_).view({1, 1, 1, keys_});
        visited_ = blocks(call.counts, call.indices);
        whole_ = blocks(call.full_counts, call.full_indices);
    }

    int64_t rows() const {
        return std::clamp<int64_t>(kScores / std::max<int64_t>(1, batch_ * heads_ * keys_), 1, queries_);
    }
    int64_t queries() const { return queries_; }
    at::ScalarType type() const { return type_; }

    // The scores of some queries, scaled, and what the graphs make of them.
    struct Block {
        Tensor plain, scores, mask; // mask: of what counts
    };
    Block block(int64_t from, int64_t count) {
        index_[2] = numbers(from, count).view({1, 1, count, 1});
        Block b;
        b.plain = query.narrow(2, from, count).matmul(key.transpose(-2, -1)).mul(call_.scale);
        const std::vector<int64_t> sizes{batch_, heads_, count, keys_};
        b.mask = one(call_.mask(with_indices({}, {}, call_.mask_buffers))).to(at::kBool);
        if (visited_.defined() || whole_.defined()) {
            const Tensor none = at::zeros({}, at::dtype(at::kBool));
            const Tensor some = visited_.defined() ? spread(visited_, from, count) : none,
                         whole = whole_.defined() ? spread(whole_, from, count) : none;
            b.mask = b.mask.logical_and(some).logical_or(whole);
        }
        b.mask = b.mask.expand(sizes);
        b.scores = one(call_.score(with_indices(b.plain, {}, call_.score_buffers))).to(type_).expand(sizes);
        b.scores = b.scores.masked_fill(b.mask.logical_not(), kMinusInfinity);
        return b;
    }
    // Operands of a graph.
    Values with_indices(const Tensor& first, const Tensor& last, const Values& buffers) const {
        Values all;
        if (first.defined())
            all.emplace_back(first);
        all.insert(all.end(), std::begin(index_), std::end(index_));
        if (last.defined())
            all.emplace_back(last);
        all.insert(all.end(), buffers.begin(), buffers.end());
        return all;
    }
    // Over the heads that share a key, and over the batch where that has one key for all.
    Tensor reduced(const Tensor& gradient, const Tensor& like) const {
        Tensor sum = gradient.view({batch_, -1, group_, keys_, gradient.size(-1)}).sum(2);
        return like.size(0) == batch_ ? sum : sum.sum(0, true);
    }

private:
    static Tensor numbers(int64_t from, int64_t count) {
        return at::arange(from, from + count, at::dtype(at::kInt));
    }
    static Tensor one(const Values& values) {
        TORCH_CHECK(!values.empty() && values[0].isTensor(), "a graph of flex_attention gave no tensor");
        return values[0].toTensor();
    }
    Tensor repeated(const Tensor& tensor) const {
        const Tensor all = tensor.to(type_).expand({batch_, -1, -1, -1});
        return group_ > 1 ? all.unsqueeze(2).expand({-1, -1, group_, -1, -1}).flatten(1, 2) : all;
    }
    // Which blocks of keys each block of queries visits: (b, h, M blocks, N blocks). An index that names no
    // block visits none.
    Tensor blocks(const Tensor& counts, const Tensor& indices) const {
        if (!counts.defined() || !indices.defined() || call_.key_block <= 0 || call_.query_block <= 0)
            return {};
        const int64_t wide = (keys_ + call_.key_block - 1) / call_.key_block;
        const Tensor listed = at::arange(indices.size(-1))
                                  .lt(counts.unsqueeze(-1))
                                  .logical_and(indices.ge(0))
                                  .logical_and(indices.lt(wide));
        std::vector<int64_t> sizes = indices.sizes().vec();
        sizes.back() = wide + 1; // the last takes what is not listed
        const Tensor place =
            at::where(listed, indices.to(at::kLong), at::full({}, wide, at::dtype(at::kLong)));
        return at::zeros(sizes, at::dtype(at::kBool)).scatter(-1, place, true).narrow(-1, 0, wide);
    }
    Tensor spread(const Tensor& visited, int64_t from, int64_t count) const {
        const Tensor rows =
            at::arange(from, from + count).floor_divide(call_.query_block).clamp(0, visited.size(-2) - 1);
        const Tensor columns = at::arange(keys_).floor_divide(call_.key_block).clamp(0, visited.size(-1) - 1);
        return visited.index_select(-2, rows).index_select(-1, columns);
    }

    const FlexCall& call_;
    at::ScalarType type_;
    int64_t batch_, heads_, queries_, keys_, group_;
    Tensor index_[4];
    Tensor visited_, whole_;

public:
    Tensor query, key, value; // of one type, of as many heads and batches as there are queries
};

} // namespace

std::vector<Tensor> flex_attention(const FlexCall& given) {
    FlexCall call = given;
    for (Tensor* tensor : {&call.query, &call.key, &call.value})
        *tensor = with_gradient_laid_out(*tensor);
    Flex flex(call);
    std::vector<Tensor> out, sums, largest;
    for (int64_t from = 0; from < flex.queries(); from += flex.rows()) {
        const Flex::Block b = flex.block(from, std::min(flex.rows(), flex.queries() - from));
        // What is subtracted before the exponential changes no result, and the largest has no derivative
        // (FlexAttentionAutogradOp).
        const Tensor top = b.scores.detach().amax(-1, true);
        // A row that is masked out entirely gives 0, and minus infinity as its sum.
        const Tensor least = top.masked_fill(top.eq(kMinusInfinity), 0);
        const Tensor weights = b.scores.sub(least).exp();
        const Tensor sum = weights.sum(-1, true), none = sum.eq(0), some = sum.masked_fill(none, 1);
        out.push_back(weights.matmul(flex.value).div(some));
        sums.push_back(some.log().add(least).masked_fill(none, kMinusInfinity).squeeze(-1).div(kLn2));
        largest.push_back(top.squeeze(-1).div(kLn2));
    }
    return {laid_out_as(at::cat(out, 2).to(call.query.scalar_type()), call.query.strides()), at::cat(sums, 2),
        at::cat(largest, 2)};
}

std::vector<Tensor> flex_attention_backward(const FlexCall& call, const FlexBackward& backward) {
    Flex flex(call);
    const at::ScalarType type = flex.type();
    const Tensor lse = backward.logsumexp.to(type).mul(kLn2);
    const Tensor grad_out = backward.grad_out.defined() ? backward.grad_out.to(type)
                                                        : at::zeros(backward.out.sizes(), at::dtype(type));
    const Tensor weighed = backward.out.to(type).mul(grad_out).sum(-1, true);
    std::vector<Tensor> grad_query, buffers(call.score_buffers.size());
    Tensor grad_key = at::zeros(flex.key.sizes(), at::dtype(type)),
           grad_value = at::zeros(flex.value.sizes(), at::dtype(type));
    for (int64_t from = 0; from < flex.queries(); from += flex.rows()) {
        const int64_t count = std::min(flex.rows(), flex.queries() - from);
        const Flex::Block b = flex.block(from, count);
        const Tensor sum = lse.narrow(2, from, count).unsqueeze(-1);
        const Tensor weights =
            b.scores.sub(sum).exp().masked_fill(b.mask.logical_not().logical_or(sum.eq(kMinusInfinity)), 0);
        const Tensor grad = grad_out.narrow(2, from, count);
        grad_value.add_(weights.transpose(-2, -1).matmul(grad));
        Tensor share = grad.matmul(flex.value.transpose(-2, -1)).sub(weighed.narrow(2, from, count));
        if (backward.grad_logsumexp.defined())
            share =
                share.add(backward.grad_logsumexp.to(type).narrow(2, from, count).unsqueeze(-1).div(kLn2));
        const Values made =
            backward.joint(flex.with_indices(b.plain, weights.mul(share), call.score_buffers));
        TORCH_CHECK(!made.empty() && made[0].isTensor(), "the joint graph of flex_attention gave no tensor");
        const Tensor scores = made[0]
                                  .toTensor()
                                  .to(type)
                                  .expand(b.plain.sizes())
                                  .mul(call.scale)
                                  .masked_fill(b.mask.logical_not(), 0);
        grad_query.push_back(scores.matmul(flex.key));
        grad_key.add_(scores.transpose(-2, -1).matmul(flex.query.narrow(2, from, count)));
        for (size_t i = 0; i < buffers.size() && i + 5 < made.size(); ++i)
            if (made[i + 5].isTensor() && made[i + 5].toTensor().defined())
                buffers[i] =
                    buffers[i].defined() ? buffers[i].add(made[i + 5].toTensor()) : made[i + 5].toTensor();
    }
    std::vector<Tensor> all{
        laid_out_as(at::cat(grad_query, 2).to(call.query.scalar_type()), call.query.strides()),
        laid_out_as(flex.reduced(grad_key, call.key).to(call.key.scalar_type()), call.key.strides()),
        laid_out_as(flex.reduced(grad_value, call.value).to(call.value.scalar_type()), call.value.strides())};
    all.insert(all.end(), buffers.begin(), buffers.end());
    return all;
}

} // namespace hopscope::executor
