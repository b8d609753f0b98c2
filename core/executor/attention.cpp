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
        // Converted before it is repeated: adding another type takes a pass of its own for every block.
        if (call.bias.defined())
            bias_ = (call.bias.scalar_type() == at::kBool ? call.bias.logical_not() : call.bias.to(type))
                        .expand({batch_, heads_, queries_, keys_})
                        .view({batch_, inner_, group_, queries_, keys_});
    }

    // The whole operands in the type of the computation, the query scaled.
    Tensor query() const { return grouped(call_.query.to(type).mul(call_.scale)); }
    Tensor key() const { return headed(call_.key.to(type)); }
    Tensor value() const { return headed(call_.value.to(type)); }
    // Whether a block is of one key head: then operands are converted a block at a time (`Operands`).
    bool one_head() const { return heads_of_block() == 1; }
    // A block's part of a tensor of the query's sizes, or of the key's, where a block is of one key head.
    Tensor rows_of(const Tensor& four, const Block& at) const {
        const auto [batch, head] = place(at);
        return four[batch].narrow(0, head * group_, group_).narrow(1, at.row, at.rows);
    }
    Tensor head_of(const Tensor& four, const Block& at) const {
        const auto [batch, head] = place(at);
        return four[batch].narrow(0, head, 1);
    }
    int64_t group() const { return group_; }

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
    // Room for the scores of one block. It is had once: memory of this size goes back to the system when it
    // is freed, and the page faults of asking anew took a seventh of the time.
    Tensor room() const {
        int64_t most = 0;
        each_block([&](const Block& at) { most = std::max(most, at.heads * group_ * at.rows * at.keys); });
        return at::empty({most}, at::dtype(type));
    }
    // (heads, group · rows, keys) in the front of such a room.
    Tensor scores_in(const Tensor& room, const Block& at) const {
        return room.narrow(0, 0, at.heads * group_ * at.rows * at.keys)
            .view({at.heads, group_ * at.rows, at.keys});
    }
    // The same, computed of a block's queries and keys: minus infinity where a key is not seen.
    Tensor scores(
        const Tensor& room, const Tensor& of_rows, const Tensor& of_columns, const Block& at) const {
        Tensor found = scores_in(room, at);
        at::bmm_out(found, of_rows, of_columns.transpose(1, 2));
        const Tensor four = found.view({at.heads, group_, at.rows, at.keys});
        hide(four, at);
        if (bias_.defined()) {
            const Tensor part = bias_gradient(bias_, at);
            if (part.scalar_type() == at::kBool)
                four.masked_fill_(part, kMinusInfinity);
            else
                four.add_(part);
        }
        return found;
    }

    template <class Work> void each_block(Work work) const {
        if (batch_ * heads_ * queries_ == 0)
            return;
        const int64_t rows = rows_of_block(), heads = heads_of_block();
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

private:
    int64_t of_head() const { return std::max<int64_t>(group_ * keys_, 1); }
    int64_t rows_of_block() const {
        return std::clamp<int64_t>(kScores / of_head(), std::min<int64_t>(16, queries_), queries_);
    }
    int64_t heads_of_block() const {
        return std::clamp<int64_t>(
            kScores / (of_head() * std::max<int64_t>(rows_of_block(), 1)), 1, std::max<int64_t>(inner_, 1));
    }
    // Of a block of one key head: the batch and the key head.
    std::pair<int64_t, int64_t> place(const Block& at) const {
        const int64_t all = call_.key.size(1);
        return outer_ == 1 ? std::pair(at.head / all, at.head % all) : std::pair(at.batch, at.head);
    }
    // Minus infinity where a window or the diagonal hides a key. Only the columns that it cuts through are
    // touched, and the pattern there is the last block's as a rule.
    void hide(const Tensor& four, const Block& at) const {
        const int64_t end = at.begin + at.keys;
        if (call_.right) {
            const int64_t last_seen = at.row + call_.shift + *call_.right; // by the block's first query
            const int64_t first = std::max(at.begin, last_seen + 1);
            if (first < end)
                four.narrow(3, first - at.begin, end - first)
                    .masked_fill_(after_.of(at.rows, end - first, first - last_seen), kMinusInfinity);
        }
        if (call_.left) {
            const int64_t first_seen = at.row + call_.shift - *call_.left;
            const int64_t behind = std::min(end, first_seen + at.rows - 1);
            if (behind > at.begin)
                four.narrow(3, 0, behind - at.begin)
                    .masked_fill_(
                        before_.of(at.rows, behind - at.begin, at.begin - first_seen), kMinusInfinity);
        }
    }

    // (rows, columns): true where column + offset is after, or before, the row.
    struct Pattern {
        bool after;
        int64_t rows = 0, columns = 0, offset = 0;
        Tensor made;
        const Tensor& of(int64_t of_rows, int64_t of_columns, int64_t at) {
            if (!made.defined() || rows != of_rows || columns != of_columns || offset != at) {
                rows = of_rows;
                columns = of_columns;
                offset = at;
                const Tensor row = at::arange(rows, at::kLong).unsqueeze(1);
                const Tensor column = at::arange(offset, offset + columns, at::kLong);
                made = after ? column.gt(row) : column.lt(row);
            }
            return made;
        }
    };
    mutable Pattern after_{true, 0, 0, 0, {}}, before_{false, 0, 0, 0, {}};

    const Attention& call_;
    int64_t batch_, heads_, queries_, keys_;
    int64_t group_ = 1, outer_ = 1, inner_ = 1;
    Tensor bias_; // of bools: true where a key is not seen
};

// The operands of one block after the other, in the type of the computation. Where a block is of one head
// they are converted a head's keys and a block's queries at a time into room that is had once: whole copies
// of queries, keys and values took a fifth of the time, most of it in the page faults of new memory.
class Operands {
public:
    Operands(const Attention& call, const Parts& parts)
        : call_(call)
        , parts_(parts)
        , whole_(!parts.one_head()) {
        if (whole_) {
            query_ = parts.query();
            key_ = parts.key();
            value_ = parts.value();
        } else {
            key_ = at::empty({1, call.key.size(2), call.key.size(3)}, at::dtype(parts.type));
            value_ = at::empty({1, call.value.size(2), call.value.size(3)}, at::dtype(parts.type));
        }
    }
    void go_to(const Block& at) {
        if (whole_) {
            queries = parts_.rows(query_, at);
            keys = parts_.columns(key_, at);
            values = parts_.columns(value_, at);
            return;
        }
        if (at.row == 0) {
            key_.copy_(parts_.head_of(call_.key, at));
            value_.copy_(parts_.head_of(call_.value, at));
        }
        const Tensor part = parts_.rows_of(call_.query, at);
        if (!query_.defined())
            query_ = at::empty({part.numel()}, at::dtype(parts_.type)); // the first block has the most rows
        queries = query_.narrow(0, 0, part.numel()).view({1, parts_.group() * at.rows, part.size(2)});
        queries.view(part.sizes()).copy_(part);
        queries.mul_(call_.scale);
        keys = key_.narrow(1, at.begin, at.keys);
        values = value_.narrow(1, at.begin, at.keys);
    }

    Tensor queries, keys, values; // (heads, group · rows or keys, width), valid until the next block

private:
    const Attention& call_;
    const Parts& parts_;
    bool whole_;
    Tensor query_, key_, value_;
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

Tensor laid_out_like(at::IntArrayRef sizes, const Tensor& layout) {
    if (sizes == layout.sizes())
        return at::empty_like(layout);
    // Strides follow the layout's order where the last dimension differs, as PyTorch's
    // alloc_with_matching_layout.
    std::vector<int64_t> order(static_cast<size_t>(layout.dim())), strides(order.size());
    for (size_t d = 0; d < order.size(); ++d)
        order[d] = static_cast<int64_t>(d);
    std::stable_sort(order.begin(), order.end(),
        [&](int64_t a, int64_t b) { return layout.stride(a) > layout.stride(b); });
    int64_t step = 1;
    for (size_t i = order.size(); i-- > 0; step *= sizes[static_cast<size_t>(order[i])])
        strides[static_cast<size_t>(order[i])] = step;
    return at::empty_strided(sizes, strides, layout.options());
}

Tensor copied_like(const Tensor& tensor, const Tensor& layout) {
    return laid_out_like(tensor.sizes(), layout).copy_(tensor);
}

std::vector<int64_t> attended_sizes(const Tensor& query, const Tensor& value) {
    return {query.size(0), query.size(1), query.size(2), value.size(3)};
}

Attended attend(const Attention& call, const Tensor& into) {
    const Parts parts(call);
    const auto sizes = attended_sizes(call.query, call.value);
    const Tensor output = into.defined() ? into : at::empty(sizes, at::dtype(parts.type));
    const Tensor sums = at::full({sizes[0], sizes[1], sizes[2]}, call.unseen, at::dtype(parts.type));
    // Laid out as blocks are; it is the output itself where that is possible.
    const bool one_head = parts.one_head();
    const Tensor whole = one_head ? Tensor() : parts.grouped(at::empty(sizes, at::dtype(parts.type)));
    const Tensor whole_sums = parts.grouped(sums.unsqueeze(-1)); // of dense memory: the same memory
    const auto put = [&](const Block& at, const Tensor& found) {
        if (one_head)
            parts.rows_of(output, at).copy_(found.view({parts.group(), at.rows, sizes[3]}));
        else
            parts.put_rows(whole, at, found);
    };
    const Tensor room = parts.room();
    Operands operands(call, parts);
    const double lowest = parts.type == at::kDouble ? std::numeric_limits<double>::lowest()
                                                    : std::numeric_limits<float>::lowest();
    parts.each_block([&](const Block& at) {
        operands.go_to(at);
        if (at.keys == 0) {
            put(at, at::zeros({at.heads, parts.group() * at.rows, sizes[3]}, at::dtype(parts.type)));
            return;
        }
        const Tensor weights = parts.scores(room, operands.queries, operands.keys, at);
        // A query that sees nothing has a largest score of minus infinity, which must not meet itself.
        const Tensor largest = weights.amax(-1, /*keepdim=*/true).clamp_min_(lowest);
        weights.sub_(largest).exp_();
        const Tensor total = weights.sum(-1, /*keepdim=*/true);
        const Tensor none = total.eq(0);
        parts.put_rows(whole_sums, at, total.log().add_(largest).masked_fill_(none, call.unseen));
        put(at, at::bmm(weights, operands.values).div_(total.masked_fill(none, 1)));
    });
    if (!one_head)
        output.copy_(whole.view(sizes));
    return {output, sums};
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
    const Tensor query = parts.query(), key = parts.key(), value = parts.value();
    const Tensor of_query = at::zeros_like(query), of_key = at::zeros_like(key),
                 of_value = at::zeros_like(value);
    const Tensor of_bias = want_bias && call.bias.defined()
        ? at::zeros({sizes[0], call.key.size(1), sizes[1] / call.key.size(1), sizes[2], call.key.size(2)},
            at::dtype(parts.type))
        : Tensor();
    const Tensor room = parts.room(), room_of_gradient = parts.room();
    parts.each_block([&](const Block& at) {
        if (at.keys == 0)
            return;
        const Tensor queries = parts.rows(query, at), keys = parts.columns(key, at);
        const Tensor weights = parts.scores(room, queries, keys, at).sub_(parts.rows(total, at)).exp_();
        const Tensor of_rows = parts.rows(of_output, at);
        parts.columns(of_value, at).baddbmm_(weights.transpose(1, 2), of_rows);
        Tensor of_scores = parts.scores_in(room_of_gradient, at);
        at::bmm_out(of_scores, of_rows, parts.columns(value, at).transpose(1, 2));
        of_scores.sub_(parts.rows(products, at)).mul_(weights);
        if (of_bias.defined()) {
            const Tensor part = parts.bias_gradient(of_bias, at);
            part.copy_(of_scores.view(part.sizes()));
        }
        parts.put_rows(of_query, at, at::bmm(of_scores, keys).mul_(call.scale));
        parts.columns(of_key, at).baddbmm_(of_scores.transpose(1, 2), queries);
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
