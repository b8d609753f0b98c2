#include "core/executor/attention.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace hopscope::executor {

namespace {

using at::Tensor;

constexpr double kMinusInfinity = -std::numeric_limits<double>::infinity();
// Scores at a time: half a MiB in float32, which stays in a core's second cache.
constexpr int64_t kScores = int64_t{1} << 17;

// Queries [row, row + rows) of the key heads [head, head + heads) against the keys [begin, begin + keys).
struct Block {
    int64_t batch = 0, head = 0, heads = 0;
    int64_t row = 0, rows = 0;
    int64_t begin = 0, keys = 0;
};

// The operands in the type of the computation, as (outer, key heads, …): without a bias all batches are heads
// of one.
class Parts {
public:
    explicit Parts(const Attention& call)
        : call_(call)
        , batch_(call.query.size(0))
        , heads_(call.query.size(1))
        , queries_(call.query.size(2))
        , keys_(call.key.size(2)) {
        TORCH_CHECK(call.query.dim() == 4 && call.key.dim() == 4 && call.value.dim() == 4
                && call.key.size(0) == batch_ && call.value.size(0) == batch_ && call.value.size(2) == keys_
                && call.key.size(1) == call.value.size(1) && call.key.size(1) > 0
                && heads_ % call.key.size(1) == 0,
            "attention takes queries, keys and values of (batch, heads, length, width)");
        group_ = heads_ / call.key.size(1);
        outer_ = call.bias.defined() ? batch_ : 1;
        inner_ = batch_ * call.key.size(1) / std::max<int64_t>(outer_, 1);
        type = accumulated(call.query.scalar_type());
        query = grouped(call.query.to(type).mul(call.scale));
        key = headed(call.key.to(type));
        value = headed(call.value.to(type));
        // Converted before it is repeated: adding another type takes a pass of its own for every block.
        if (call.bias.defined())
            bias_ = (call.bias.scalar_type() == at::kBool ? call.bias : call.bias.to(type))
                        .expand({batch_, heads_, queries_, keys_})
                        .view({batch_, inner_, group_, queries_, keys_});
    }

    // (outer, key heads, group, queries, width)
    Tensor grouped(const Tensor& tensor) const {
        return tensor.reshape({outer_, inner_, group_, queries_, tensor.size(3)}).contiguous();
    }
    // (outer, key heads, keys, width)
    Tensor headed(const Tensor& tensor) const {
        return tensor.reshape({outer_, inner_, keys_, tensor.size(3)}).contiguous();
    }
    // A block of what has been grouped, as (heads, group · rows, width).
    Tensor rows(const Tensor& all, const Block& at) const {
        return all[at.batch]
            .narrow(0, at.head, at.heads)
            .narrow(2, at.row, at.rows)
            .reshape({at.heads, group_ * at.rows, all.size(-1)});
    }
    void put_rows(const Tensor& all, const Block& at, const Tensor& found) const {
        all[at.batch]
            .narrow(0, at.head, at.heads)
            .narrow(2, at.row, at.rows)
            .copy_(found.view({at.heads, group_, at.rows, all.size(-1)}));
    }
    // As a view: (heads, keys, width).
    Tensor columns(const Tensor& all, const Block& at) const {
        return all[at.batch].narrow(0, at.head, at.heads).narrow(1, at.begin, at.keys);
    }
    Tensor bias_gradient(const Tensor& all, const Block& at) const {
        return all[at.batch]
            .narrow(0, at.head, at.heads)
            .narrow(2, at.row, at.rows)
            .narrow(3, at.begin, at.keys);
    }
    // (heads, group · rows, keys); minus infinity where a key is not seen.
    Tensor scores(const Block& at) const {
        Tensor found = at::bmm(rows(query, at), columns(key, at).transpose(1, 2));
        const Tensor four = found.view({at.heads, group_, at.rows, at.keys});
        if (const Tensor unseen = hidden(at); unseen.defined())
            four.masked_fill_(unseen, kMinusInfinity);
        if (bias_.defined()) {
            const Tensor part = bias_gradient(bias_, at);
            if (part.scalar_type() == at::kBool)
                four.masked_fill_(part.logical_not(), kMinusInfinity);
            else
                four.add_(part);
        }
        return found;
    }

    template <class Work> void each_block(Work work) const {
        if (batch_ * heads_ * queries_ == 0)
            return;
        const int64_t of_head = std::max<int64_t>(group_ * keys_, 1);
        const int64_t rows =
            std::clamp<int64_t>(kScores / of_head, std::min<int64_t>(16, queries_), queries_);
        const int64_t heads = std::clamp<int64_t>(kScores / (of_head * rows), 1, inner_);
        Block at;
        for (at.batch = 0; at.batch < outer_; ++at.batch)
            for (at.head = 0; at.head < inner_; at.head += heads)
                for (at.row = 0; at.row < queries_; at.row += rows) {
                    at.heads = std::min(heads, inner_ - at.head);
                    at.rows = std::min(rows, queries_ - at.row);
                    at.begin = 0;
                    int64_t end = keys_;
                    if (call_.left)
                        at.begin = std::clamp<int64_t>(at.row + call_.shift - *call_.left, 0, keys_);
                    if (call_.right)
                        end = std::clamp<int64_t>(at.row + at.rows + call_.shift + *call_.right, 0, keys_);
                    at.keys = std::max<int64_t>(end - at.begin, 0);
                    work(static_cast<const Block&>(at));
                }
    }

    at::ScalarType type = at::kFloat;
    Tensor query, key, value; // the query scaled

private:
    // Where a block's queries do not see its keys, as (rows, keys); undefined where they see all.
    Tensor hidden(const Block& at) const {
        const int64_t last = at.row + at.rows - 1, end = at.begin + at.keys;
        const bool cut_right = call_.right && at.row + call_.shift + *call_.right + 1 < end;
        const bool cut_left = call_.left && last + call_.shift - *call_.left > at.begin;
        if (!cut_left && !cut_right)
            return {};
        const Tensor row = at::arange(at.row, at.row + at.rows, at::kLong).add_(call_.shift).unsqueeze(1);
        const Tensor column = at::arange(at.begin, end, at::kLong);
        Tensor found;
        if (cut_right)
            found = column.gt(row + *call_.right);
        if (cut_left) {
            const Tensor before = column.lt(row - *call_.left);
            found = found.defined() ? found.logical_or(before) : before;
        }
        return found;
    }

    const Attention& call_;
    int64_t batch_, heads_, queries_, keys_;
    int64_t group_ = 1, outer_ = 1, inner_ = 1;
    Tensor bias_;
};

} // namespace

at::ScalarType accumulated(at::ScalarType type) {
    return type == at::kBFloat16 || type == at::kHalf ? at::kFloat : type;
}

double attention_scale(const TorchOptional<double>& scale, const Tensor& query) {
    return scale ? *scale : 1 / std::sqrt(static_cast<double>(query.size(-1)));
}

Tensor heads_inside(const Tensor& tensor) {
    return tensor.transpose(1, 2).contiguous().transpose(1, 2);
}

Tensor copied_like(const Tensor& tensor, const Tensor& layout) {
    // Strides follow the layout's order where the last dimension differs, as PyTorch's
    // alloc_with_matching_layout.
    std::vector<int64_t> order(static_cast<size_t>(layout.dim())), strides(order.size());
    for (size_t d = 0; d < order.size(); ++d)
        order[d] = static_cast<int64_t>(d);
    std::stable_sort(order.begin(), order.end(),
        [&](int64_t a, int64_t b) { return layout.stride(a) > layout.stride(b); });
    if (tensor.sizes() == layout.sizes())
        return at::empty_like(layout).copy_(tensor);
    int64_t step = 1;
    for (size_t i = order.size(); i-- > 0; step *= tensor.size(order[i]))
        strides[static_cast<size_t>(order[i])] = step;
    return at::empty_strided(tensor.sizes(), strides, layout.options()).copy_(tensor);
}

Attended attend(const Attention& call) {
    const Parts parts(call);
    const auto sizes = call.query.sizes();
    const Tensor like = at::zeros({sizes[0], sizes[1], sizes[2], call.value.size(3)}, at::dtype(parts.type));
    const Tensor output = parts.grouped(like);
    const Tensor sums =
        parts.grouped(at::full({sizes[0], sizes[1], sizes[2], 1}, call.unseen, at::dtype(parts.type)));
    parts.each_block([&](const Block& at) {
        if (at.keys == 0)
            return;
        const Tensor weights = parts.scores(at);
        const Tensor largest = weights.amax(-1, /*keepdim=*/true);
        largest.masked_fill_(largest.eq(kMinusInfinity), 0);
        weights.sub_(largest).exp_();
        const Tensor total = weights.sum(-1, /*keepdim=*/true);
        const Tensor none = total.eq(0);
        parts.put_rows(sums, at, total.log().add_(largest).masked_fill_(none, call.unseen));
        parts.put_rows(
            output, at, at::bmm(weights, parts.columns(parts.value, at)).div_(total.masked_fill(none, 1)));
    });
    return {output.view(like.sizes()), sums.view({sizes[0], sizes[1], sizes[2]})};
}

AttentionGradients attend_backward(
    const Attention& call, const Tensor& gradient, const Tensor& output, const Tensor& sums, bool want_bias) {
    const Parts parts(call);
    const auto sizes = call.query.sizes();
    const Tensor of_output = parts.grouped(gradient.to(parts.type));
    const Tensor products = of_output.mul(parts.grouped(output.to(parts.type))).sum(-1, /*keepdim=*/true);
    // A query that sees nothing has weights of 0, whatever stands for its sum.
    Tensor total = sums.reshape({sizes[0], sizes[1], -1}).narrow(2, 0, sizes[2]).to(parts.type);
    total = parts.grouped(total.masked_fill(total.isinf(), 0).unsqueeze(-1));
    const Tensor of_query = at::zeros_like(parts.query), of_key = at::zeros_like(parts.key),
                 of_value = at::zeros_like(parts.value);
    const Tensor of_bias = want_bias && call.bias.defined()
        ? at::zeros({sizes[0], call.key.size(1), sizes[1] / call.key.size(1), sizes[2], call.key.size(2)},
            at::dtype(parts.type))
        : Tensor();
    parts.each_block([&](const Block& at) {
        if (at.keys == 0)
            return;
        const Tensor weights = parts.scores(at).sub_(parts.rows(total, at)).exp_();
        const Tensor of_rows = parts.rows(of_output, at);
        parts.columns(of_value, at).baddbmm_(weights.transpose(1, 2), of_rows);
        const Tensor of_scores = at::bmm(of_rows, parts.columns(parts.value, at).transpose(1, 2))
                                     .sub_(parts.rows(products, at))
                                     .mul_(weights);
        if (of_bias.defined()) {
            const Tensor part = parts.bias_gradient(of_bias, at);
            part.copy_(of_scores.view(part.sizes()));
        }
        parts.put_rows(of_query, at, at::bmm(of_scores, parts.columns(parts.key, at)).mul_(call.scale));
        parts.columns(of_key, at).baddbmm_(of_scores.transpose(1, 2), parts.rows(parts.query, at));
    });
    AttentionGradients found{
        of_query.view(sizes), of_key.view(call.key.sizes()), of_value.view(call.value.sizes()), {}};
    if (of_bias.defined()) {
        Tensor all = of_bias.view({sizes[0], sizes[1], sizes[2], call.key.size(2)});
        // What was repeated is summed up.
        std::vector<int64_t> over;
        const int64_t missing = 4 - call.bias.dim();
        for (int64_t d = 0; d < 4; ++d)
            if (d < missing || (call.bias.size(d - missing) == 1 && all.size(d) != 1))
                over.push_back(d);
        if (!over.empty())
            all = all.sum(over, /*keepdim=*/true);
        found.bias = all.reshape(call.bias.sizes());
    }
    return found;
}

} // namespace hopscope::executor
