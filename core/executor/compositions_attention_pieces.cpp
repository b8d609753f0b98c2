// The attention operators below those of scaled dot-product attention: on (batch, length, heads, width), or
// on sequences of different lengths in a row. What each gives follows torch/_meta_registrations.py of 2.13.
#include "core/executor/gpu_attention.h"

#include <optional>
#include <vector>

namespace hopscope::executor {

namespace {

using Number = TorchOptional<int64_t>;
using Three = std::tuple<Tensor, Tensor, Tensor>;
using Four = std::tuple<Tensor, Tensor, Tensor, Tensor>;
using Five = std::tuple<Tensor, Tensor, Tensor, Tensor, Tensor>;

// The sequences that a call is made of: where the offsets are None, each batch is one.
struct Sequence {
    int64_t query, queries, key, keys;
};
std::vector<Sequence> sequences(const Optional& of_query, const Optional& of_key) {
    const Tensor q = of_query->to(at::kLong).contiguous(), k = of_key->to(at::kLong).contiguous();
    TORCH_CHECK(q.dim() == 1 && k.dim() == 1 && q.size(0) == k.size(0) && q.size(0) > 0,
        "the offsets of queries and keys do not fit each other");
    const int64_t *at = q.data_ptr<int64_t>(), *to = k.data_ptr<int64_t>();
    std::vector<Sequence> all;
    for (int64_t i = 0; i + 1 < q.size(0); ++i)
        all.push_back({at[i], at[i + 1] - at[i], to[i], to[i + 1] - to[i]});
    return all;
}
Tensor cut(
    const Tensor& all, int64_t at, int64_t length) { // (total, heads, width) → (1, heads, length, width)
    return all.narrow(0, at, length).unsqueeze(0).transpose(1, 2);
}
Tensor in_a_row(const Tensor& tensor) { // (1, heads, length, width) → (length, heads, width)
    return tensor.squeeze(0).transpose(0, 1);
}

struct Window {
    bool causal = false, at_the_end = false;
    std::optional<int64_t> left, right;
};
Attention windowed(const Tensor& query, const Tensor& key, const Tensor& value, const Tensor& bias,
    const Window& window, const Scale& scale, double unseen) {
    Attention call = call_of(query, key, value, bias, window.causal, scale, unseen);
    if (window.at_the_end)
        call = from_the_end(call);
    call.left = window.left;
    if (window.right && !call.right)
        call.right = window.right;
    return call;
}
Window flash_window(bool causal, const Number& left, const Number& right) {
    Window window{causal, /*at_the_end=*/true, {}, {}};
    if (left && *left >= 0)
        window.left = *left;
    if (right && *right >= 0)
        window.right = *right;
    return window;
}

Five flash_forward(const Tensor& query, const Tensor& key, const Tensor& value, const Optional& of_query,
    const Optional& of_key, int64_t, int64_t, double dropout, bool causal, bool, Scale scale, Number left,
    Number right, const Optional& used, const Optional& slopes) {
    no_dropout(dropout);
    TORCH_CHECK(!used || !used->defined(), "attention with seqused_k is not composed");
    TORCH_CHECK(!slopes || !slopes->defined(), "attention with alibi_slopes is not composed");
    const Window window = flash_window(causal, left, right);
    if (!of_query || !of_query->defined()) {
        const Attended found = attend(windowed(
            query.transpose(1, 2), key.transpose(1, 2), value.transpose(1, 2), {}, window, scale, kInfinity));
        return {as(found.output.transpose(1, 2), query), found.sums.to(at::kFloat), flash_state(), seed(),
            no_mask(query)};
    }
    const Tensor output = at::zeros_like(query);
    const Tensor sums = at::zeros({query.size(1), query.size(0)}, at::dtype(at::kFloat));
    for (const Sequence& part : sequences(of_query, of_key)) {
        const Attended found = attend(windowed(cut(query, part.query, part.queries),
            cut(key, part.key, part.keys), cut(value, part.key, part.keys), {}, window, scale, kInfinity));
        output.narrow(0, part.query, part.queries).copy_(in_a_row(found.output));
        sums.narrow(1, part.query, part.queries).copy_(found.sums.squeeze(0));
    }
    return {output, sums, flash_state(), seed(), no_mask(query)};
}
Five flash_forward_paged(const Tensor& query, const Tensor& key, const Tensor& value,
    const Optional& of_query, const Optional& of_key, int64_t most_q, int64_t most_k, double dropout,
    bool causal, bool debug, Scale scale, Number left, Number right, const Optional& used,
    const Optional& slopes, const Optional& table, Number) {
    TORCH_CHECK(!table || !table->defined(), "attention with a block_table is not composed");
    return flash_forward(query, key, value, of_query, of_key, most_q, most_k, dropout, causal, debug, scale,
        left, right, used, slopes);
}
Three flash_pieces_backward(const Tensor& gradient, const Tensor& query, const Tensor& key,
    const Tensor& value, const Tensor& output, const Tensor& sums, const Optional& of_query,
    const Optional& of_key, int64_t, int64_t, double dropout, bool causal, const Optional&, const Optional&,
    Scale scale, Number left, Number right) {
    no_dropout(dropout);
    const Window window = flash_window(causal, left, right);
    if (!of_query || !of_query->defined()) {
        const auto t = [](const Tensor& tensor) { return tensor.transpose(1, 2); };
        const AttentionGradients found =
            attend_backward(windowed(t(query), t(key), t(value), {}, window, scale, kInfinity), t(gradient),
                t(output), sums, false);
        return {as(t(found.query), query), as(t(found.key), key), as(t(found.value), value)};
    }
    const Tensor q = at::zeros_like(query), k = at::zeros_like(key), v = at::zeros_like(value);
    for (const Sequence& part : sequences(of_query, of_key)) {
        const AttentionGradients found =
            attend_backward(windowed(cut(query, part.query, part.queries), cut(key, part.key, part.keys),
                                cut(value, part.key, part.keys), {}, window, scale, kInfinity),
                cut(gradient, part.query, part.queries), cut(output, part.query, part.queries),
                sums.narrow(1, part.query, part.queries).unsqueeze(0), false);
        q.narrow(0, part.query, part.queries).copy_(in_a_row(found.query));
        k.narrow(0, part.key, part.keys).copy_(in_a_row(found.key));
        v.narrow(0, part.key, part.keys).copy_(in_a_row(found.value));
    }
    return {q, k, v};
}

Window efficient_window(int64_t mask, const Number& width) {
    TORCH_CHECK(mask >= 0 && mask <= 2, "attention has no mask of the kind ", mask);
    Window window{mask != 0, /*at_the_end=*/mask == 2, {}, {}};
    if (width && *width > 0)
        window.left = *width - 1;
    return window;
}

using EfficientResults = std::tuple<Tensor, Tensor, Tensor, Tensor, int64_t, int64_t>;

EfficientResults efficient_forward(const Tensor& query, const Tensor& key, const Tensor& value,
    const Optional& bias, const Optional& of_query, const Optional& of_key, Number most_q, Number most_k,
    double dropout, int64_t mask, bool want_sums, Scale scale, const Optional& lengths, Number width) {
    no_dropout(dropout);
    TORCH_CHECK(!lengths || !lengths->defined(), "attention with seqlen_k is not composed");
    const Window window = efficient_window(mask, width);
    if (!of_query || !of_query->defined()) {
        const Attended found = attend(windowed(query.transpose(1, 2), key.transpose(1, 2),
            value.transpose(1, 2), given(bias), window, scale, 0));
        return {found.output.to(query.scalar_type()).transpose(1, 2).contiguous(),
            filled_up(found.sums, want_sums), seed(), seed(), query.size(1), most_k ? *most_k : key.size(1)};
    }
    TORCH_CHECK(!bias || !bias->defined(), "attention with a bias over sequences in a row is not composed");
    TORCH_CHECK(most_q, "max_seqlen_q is missing");
    const auto parts = sequences(of_query, of_key);
    const Tensor output = at::zeros({1, query.size(1), query.size(2), value.size(3)}, query.options());
    const Tensor sums = at::full(
        {static_cast<int64_t>(parts.size()), query.size(2), *most_q}, kInfinity, at::dtype(at::kFloat));
    for (size_t i = 0; i < parts.size(); ++i) {
        const Sequence& part = parts[i];
        const Attended found = attend(windowed(cut(query[0], part.query, part.queries),
            cut(key[0], part.key, part.keys), cut(value[0], part.key, part.keys), {}, window, scale, 0));
        output[0].narrow(0, part.query, part.queries).copy_(in_a_row(found.output));
        sums[static_cast<int64_t>(i)].narrow(1, 0, part.queries).copy_(found.sums.squeeze(0));
    }
    return {output, filled_up(sums, want_sums), seed(), seed(), *most_q, most_k ? *most_k : key.size(1)};
}
Four efficient_pieces_backward(const Tensor& gradient, const Tensor& query, const Tensor& key,
    const Tensor& value, const Optional& bias, const Tensor& output, const Optional& of_query,
    const Optional& of_key, int64_t, int64_t, const Tensor& sums, double dropout, const Optional&,
    const Optional&, int64_t mask, bool want_bias, Scale scale, Number, Number width, bool) {
    no_dropout(dropout);
    const Window window = efficient_window(mask, width);
    if (!of_query || !of_query->defined()) {
        const auto t = [](const Tensor& tensor) { return tensor.transpose(1, 2); };
        const AttentionGradients found =
            attend_backward(windowed(t(query), t(key), t(value), given(bias), window, scale, 0), t(gradient),
                t(output), sums, want_bias && bias);
        return {as(t(found.query), query), as(t(found.key), key), as(t(found.value), value),
            found.bias.defined() ? bias_gradient(found.bias, *bias) : Tensor()};
    }
    TORCH_CHECK(!bias || !bias->defined(), "attention with a bias over sequences in a row is not composed");
    const auto parts = sequences(of_query, of_key);
    const Tensor q = at::zeros_like(query), k = at::zeros_like(key), v = at::zeros_like(value);
    for (size_t i = 0; i < parts.size(); ++i) {
        const Sequence& part = parts[i];
        const AttentionGradients found = attend_backward(
            windowed(cut(query[0], part.query, part.queries), cut(key[0], part.key, part.keys),
                cut(value[0], part.key, part.keys), {}, window, scale, 0),
            cut(gradient[0], part.query, part.queries), cut(output[0], part.query, part.queries),
            sums.narrow(0, static_cast<int64_t>(i), 1), false);
        q[0].narrow(0, part.query, part.queries).copy_(in_a_row(found.query));
        k[0].narrow(0, part.key, part.keys).copy_(in_a_row(found.key));
        v[0].narrow(0, part.key, part.keys).copy_(in_a_row(found.value));
    }
    return {q, k, v, Tensor()};
}

} // namespace

const std::vector<Composition>& attention_piece_compositions() {
    static const std::vector<Composition> table{
        {"aten",
            "_flash_attention_forward(Tensor query, Tensor key, Tensor value, Tensor? cum_seq_q, Tensor? "
            "cum_seq_k, int max_q, int max_k, float dropout_p, bool is_causal, bool return_debug_mask, *, "
            "float? "
            "scale=None, int? window_size_left=None, int? window_size_right=None, Tensor? seqused_k=None, "
            "Tensor? "
            "alibi_slopes=None, Tensor? block_table=None, int? num_splits=None) -> (Tensor output, Tensor "
            "softmax_logsumexp, Tensor rng_state, Tensor unused, Tensor debug_attn_mask)",
            HOPSCOPE_KERNEL(flash_forward_paged)},
        {"aten",
            "_flash_attention_backward(Tensor grad_out, Tensor query, Tensor key, Tensor value, Tensor out, "
            "Tensor logsumexp, Tensor? cum_seq_q, Tensor? cum_seq_k, int max_q, int max_k, float dropout_p, "
            "bool "
            "is_causal, Tensor? rng_state, Tensor? unused, *, float? scale=None, int? window_size_left=None, "
            "int? "
            "window_size_right=None) -> (Tensor, Tensor, Tensor)",
            HOPSCOPE_KERNEL(flash_pieces_backward)},
        {"aten",
            "_efficient_attention_forward(Tensor query, Tensor key, Tensor value, Tensor? bias, Tensor? "
            "cu_seqlens_q, Tensor? cu_seqlens_k, int? max_seqlen_q, int? max_seqlen_k, float dropout_p, int "
            "custom_mask_type, bool compute_log_sumexp=False, *, float? scale=None, Tensor? seqlen_k=None, "
            "int? "
            "window_size=None) -> (Tensor output, Tensor logsumexp, Tensor philox_seed, Tensor "
            "philox_offset, int "
            "max_seqlen_batch_q, int max_seqlen_batch_k)",
            HOPSCOPE_KERNEL(efficient_forward)},
        {"aten",
            "_efficient_attention_backward(Tensor grad_out_, Tensor query, Tensor key, Tensor value, Tensor? "
            "bias, Tensor out, Tensor? cu_seqlens_q, Tensor? cu_seqlens_k, int max_seqlen_q, int "
            "max_seqlen_k, "
            "Tensor logsumexp, float dropout_p, Tensor? philox_seed, Tensor? philox_offset, int "
            "custom_mask_type, "
            "bool bias_requires_grad, *, float? scale=None, int? num_splits_key=None, int? window_size=None, "
            "bool "
            "shared_storage_dqdkdv=False) -> (Tensor, Tensor, Tensor, Tensor)",
            HOPSCOPE_KERNEL(efficient_pieces_backward)},
    };
    return table;
}

} // namespace hopscope::executor
