// The attention operators that PyTorch has for GPUs only. What each gives besides the output follows
// torch/_meta_registrations.py of 2.13; seeds, offsets and debug masks mean nothing without dropout.
#include "core/executor/gpu_attention.h"

namespace hopscope::executor {

namespace {

using Three = std::tuple<Tensor, Tensor, Tensor>;
using Four = std::tuple<Tensor, Tensor, Tensor, Tensor>;
using Nine = std::tuple<Tensor, Tensor, Tensor, Tensor, int64_t, int64_t, Tensor, Tensor, Tensor>;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// --- flash: aten/src/ATen/native/transformers/cuda/attention.cu, mha_fwd in flash_attn/flash_api.cpp

Nine flash(const Tensor& query, const Tensor& key, const Tensor& value, double dropout, bool causal, bool,
    Scale scale) {
    no_dropout(dropout);
    const Attended found = attend(from_the_end(call_of(query, key, value, {}, causal, scale, kInfinity)),
        laid_out_like(attended_sizes(query, value), query));
    return {found.output, found.sums.to(at::kFloat), Tensor(), Tensor(), query.size(2), key.size(2),
        flash_state(), seed(), no_mask(query)};
}
Three flash_backward(const Tensor& gradient, const Tensor& query, const Tensor& key, const Tensor& value,
    const Tensor& output, const Tensor& sums, const Optional&, const Optional&, int64_t, int64_t,
    double dropout, bool causal, const Optional&, const Optional&, Scale scale) {
    no_dropout(dropout);
    const AttentionGradients found =
        attend_backward(from_the_end(call_of(query, key, value, {}, causal, scale, kInfinity)), gradient,
            output, sums, false);
    return {as(found.query, query), as(found.key, key), as(found.value, value)};
}

// --- cuDNN: causal from the first query on; the sums have a last dimension of 1

Nine cudnn(const Tensor& query, const Tensor& key, const Tensor& value, const Optional& bias, bool,
    double dropout, bool causal, bool, Scale scale) {
    no_dropout(dropout);
    const Attended found = attend(call_of(query, key, value, given(bias), causal, scale, -kInfinity),
        laid_out_like(attended_sizes(query, value), query));
    return {found.output, found.sums.to(at::kFloat).unsqueeze(-1), Tensor(), Tensor(), query.size(2),
        key.size(2), seed(), seed(), Tensor()};
}
Three cudnn_backward(const Tensor& gradient, const Tensor& query, const Tensor& key, const Tensor& value,
    const Tensor& output, const Tensor& sums, const Optional&, const Optional&, const Optional& bias,
    const Optional&, const Optional&, int64_t, int64_t, double dropout, bool causal, Scale scale) {
    no_dropout(dropout);
    const AttentionGradients found = attend_backward(
        call_of(query, key, value, given(bias), causal, scale, -kInfinity), gradient, output, sums, false);
    return {as(found.query, query), as(found.key, key), as(found.value, value)};
}

Nine overrideable(const Tensor& query, const Tensor& key, const Tensor& value, const Optional& bias,
    double dropout, bool causal, bool, Scale scale) {
    no_dropout(dropout);
    const Attended found = attend(call_of(query, key, value, given(bias), causal, scale, -kInfinity),
        laid_out_like(attended_sizes(query, value), query));
    return {found.output, found.sums.to(at::kFloat), Tensor(), Tensor(), query.size(2), key.size(2), seed(),
        seed(), Tensor()};
}
Four overrideable_backward(const Tensor& gradient, const Tensor& query, const Tensor& key,
    const Tensor& value, const Optional& bias, std::array<bool, 4> wanted, const Tensor& output,
    const Tensor& sums, const Optional&, const Optional&, int64_t, int64_t, double dropout, bool causal,
    const Optional&, const Optional&, Scale scale) {
    no_dropout(dropout);
    const AttentionGradients found =
        attend_backward(call_of(query, key, value, given(bias), causal, scale, -kInfinity), gradient, output,
            sums, wanted[3] && bias);
    return {as(found.query, query), as(found.key, key), as(found.value, value),
        found.bias.defined() ? as(found.bias, *bias) : Tensor()};
}

// --- memory-efficient (kernel_forward.h in cuda/mem_eff_attention)

Four efficient(const Tensor& query, const Tensor& key, const Tensor& value, const Optional& bias,
    bool want_sums, double dropout, bool causal, Scale scale) {
    no_dropout(dropout);
    const Attended found = attend(call_of(query, key, value, given(bias), causal, scale, 0));
    return {
        heads_inside(found.output.to(query.scalar_type())), filled_up(found.sums, want_sums), seed(), seed()};
}
Four efficient_backward(const Tensor& gradient, const Tensor& query, const Tensor& key, const Tensor& value,
    const Optional& bias, const Tensor& output, const Tensor& sums, const Optional&, const Optional&,
    double dropout, std::array<bool, 4> wanted, bool causal, Scale scale) {
    no_dropout(dropout);
    const AttentionGradients found = attend_backward(
        call_of(query, key, value, given(bias), causal, scale, 0), gradient, output, sums, wanted[3] && bias);
    const auto inside = [](const Tensor& of, const Tensor& operand) {
        return heads_inside(of.to(operand.scalar_type()));
    };
    return {inside(found.query, query), inside(found.key, key), inside(found.value, value),
        found.bias.defined() ? bias_gradient(found.bias, *bias) : Tensor()};
}

// --- derivatives: each asks for its backward operator by name, as tools/autograd/derivatives.yaml does

template <class Signature> auto typed(const char* name) {
    return c10::Dispatcher::singleton().findSchemaOrThrow(name, "").typed<Signature>();
}

class FlashFunction : public torch::autograd::Function<FlashFunction> {
public:
    static variable_list forward(AutogradContext* context, const Tensor& query, const Tensor& key,
        const Tensor& value, bool causal, bool debug, Scale scale, int64_t* most) {
        const at::AutoDispatchBelowADInplaceOrView below;
        static const auto op = typed<decltype(flash)>("aten::_scaled_dot_product_flash_attention");
        const auto [output, sums, of_query, of_key, most_q, most_k, state, offset, mask] =
            op.call(query, key, value, 0, causal, debug, scale);
        most[0] = most_q;
        most[1] = most_k;
        context->save_for_backward({query, key, value, output, sums, state, offset});
        context->saved_data["causal"] = causal;
        context->saved_data["scale"] = scale;
        context->saved_data["most_q"] = most_q;
        context->saved_data["most_k"] = most_k;
        context->mark_non_differentiable({sums, state, offset, mask});
        return {output, sums, state, offset, mask};
    }
    static variable_list backward(AutogradContext* context, const variable_list& gradients) {
        static const auto op =
            typed<decltype(flash_backward)>("aten::_scaled_dot_product_flash_attention_backward");
        const variable_list saved = context->get_saved_variables();
        const auto [q, k, v] = op.call(gradients[0], saved[0], saved[1], saved[2], saved[3], saved[4], {}, {},
            context->saved_data["most_q"].toInt(), context->saved_data["most_k"].toInt(), 0,
            context->saved_data["causal"].toBool(), saved[5], saved[6],
            context->saved_data["scale"].toOptional<double>());
        return {q, k, v, {}, {}, {}, {}};
    }
};
Nine flash_autograd(const Tensor& query, const Tensor& key, const Tensor& value, double dropout, bool causal,
    bool debug, Scale scale) {
    no_dropout(dropout);
    int64_t most[2];
    const variable_list found = FlashFunction::apply(query, key, value, causal, debug, scale, most);
    return {found[0], found[1], Tensor(), Tensor(), most[0], most[1], found[2], found[3], found[4]};
}

class CudnnFunction : public torch::autograd::Function<CudnnFunction> {
public:
    static variable_list forward(AutogradContext* context, const Tensor& query, const Tensor& key,
        const Tensor& value, const Optional& bias, bool causal, Scale scale, int64_t* most) {
        const at::AutoDispatchBelowADInplaceOrView below;
        static const auto op = typed<decltype(cudnn)>("aten::_scaled_dot_product_cudnn_attention");
        const auto [output, sums, of_query, of_key, most_q, most_k, philox, offset, mask] =
            op.call(query, key, value, bias, true, 0, causal, false, scale);
        most[0] = most_q;
        most[1] = most_k;
        context->save_for_backward({query, key, value, output, sums, philox, offset, given(bias)});
        context->saved_data["causal"] = causal;
        context->saved_data["scale"] = scale;
        context->saved_data["most_q"] = most_q;
        context->saved_data["most_k"] = most_k;
        context->mark_non_differentiable({sums, philox, offset});
        return {output, sums, philox, offset};
    }
    static variable_list backward(AutogradContext* context, const variable_list& gradients) {
        static const auto op =
            typed<decltype(cudnn_backward)>("aten::_scaled_dot_product_cudnn_attention_backward");
        const variable_list saved = context->get_saved_variables();
        const auto [q, k, v] = op.call(gradients[0], saved[0], saved[1], saved[2], saved[3], saved[4],
            saved[5], saved[6], maybe(saved[7]), {}, {}, context->saved_data["most_q"].toInt(),
            context->saved_data["most_k"].toInt(), 0, context->saved_data["causal"].toBool(),
            context->saved_data["scale"].toOptional<double>());
        return {q, k, v, {}, {}, {}, {}};
    }
};
Nine cudnn_autograd(const Tensor& query, const Tensor& key, const Tensor& value, const Optional& bias, bool,
    double dropout, bool causal, bool, Scale scale) {
    no_dropout(dropout);
    int64_t most[2];
    const variable_list found = CudnnFunction::apply(query, key, value, bias, causal, scale, most);
    return {found[0], found[1], Tensor(), Tensor(), most[0], most[1], found[2], found[3], Tensor()};
}

class EfficientFunction : public torch::autograd::Function<EfficientFunction> {
public:
    static variable_list forward(AutogradContext* context, const Tensor& query, const Tensor& key,
        const Tensor& value, const Tensor& bias, bool causal, Scale scale) {
        const at::AutoDispatchBelowADInplaceOrView below;
        static const auto op = typed<decltype(efficient)>("aten::_scaled_dot_product_efficient_attention");
        const auto [output, sums, philox, offset] =
            op.call(query, key, value, maybe(bias), true, 0, causal, scale);
        context->save_for_backward({query, key, value, bias, output, sums, philox, offset});
        context->saved_data["causal"] = causal;
        context->saved_data["scale"] = scale;
        context->mark_non_differentiable({sums, philox, offset});
        return {output, sums, philox, offset};
    }
    static variable_list backward(AutogradContext* context, const variable_list& gradients) {
        static const auto op =
            typed<decltype(efficient_backward)>("aten::_scaled_dot_product_efficient_attention_backward");
        const variable_list saved = context->get_saved_variables();
        const bool of_bias = saved[3].defined() && saved[3].requires_grad();
        const auto [q, k, v, bias] = op.call(gradients[0], saved[0], saved[1], saved[2], maybe(saved[3]),
            saved[4], saved[5], saved[6], saved[7], 0, {true, true, true, of_bias},
            context->saved_data["causal"].toBool(), context->saved_data["scale"].toOptional<double>());
        return {q, k, v, bias, {}, {}};
    }
};
Four efficient_autograd(const Tensor& query, const Tensor& key, const Tensor& value, const Optional& bias,
    bool, double dropout, bool causal, Scale scale) {
    no_dropout(dropout);
    const variable_list found = EfficientFunction::apply(query, key, value, given(bias), causal, scale);
    return {found[0], found[1], found[2], found[3]};
}

} // namespace

const std::vector<Composition>& gpu_attention_compositions() {
    static const std::vector<Composition> table{
        {"aten",
            "_scaled_dot_product_flash_attention(Tensor query, Tensor key, Tensor value, float "
            "dropout_p=0.0, "
            "bool is_causal=False, bool return_debug_mask=False, *, float? scale=None) -> (Tensor output, "
            "Tensor "
            "logsumexp, Tensor cum_seq_q, Tensor cum_seq_k, int max_q, int max_k, Tensor rng_state, Tensor "
            "unused, Tensor debug_attn_mask)",
            HOPSCOPE_KERNEL(flash), HOPSCOPE_AUTOGRAD(flash_autograd)},
        {"aten",
            "_scaled_dot_product_flash_attention_backward(Tensor grad_out, Tensor query, Tensor key, Tensor "
            "value, Tensor out, Tensor logsumexp, Tensor? cum_seq_q, Tensor? cum_seq_k, int max_q, int "
            "max_k, "
            "float dropout_p, bool is_causal, Tensor? philox_seed, Tensor? philox_offset, *, float? "
            "scale=None) "
            "-> (Tensor grad_query, Tensor grad_key, Tensor grad_value)",
            HOPSCOPE_KERNEL(flash_backward)},
        {"aten",
            "_scaled_dot_product_cudnn_attention(Tensor query, Tensor key, Tensor value, Tensor? attn_bias, "
            "bool "
            "compute_log_sumexp, float dropout_p=0.0, bool is_causal=False, bool return_debug_mask=False, *, "
            "float? scale=None) -> (Tensor output, Tensor logsumexp, Tensor cum_seq_q, Tensor cum_seq_k, int "
            "max_q, int max_k, Tensor philox_seed, Tensor philox_offset, Tensor debug_attn_mask)",
            HOPSCOPE_KERNEL(cudnn), HOPSCOPE_AUTOGRAD(cudnn_autograd)},
        {"aten",
            "_scaled_dot_product_cudnn_attention_backward(Tensor grad_out, Tensor query, Tensor key, Tensor "
            "value, Tensor out, Tensor logsumexp, Tensor? philox_seed, Tensor? philox_offset, Tensor? "
            "attn_bias, "
            "Tensor? cum_seq_q, Tensor? cum_seq_k, int max_q, int max_k, float dropout_p, bool is_causal, *, "
            "float? scale=None) -> (Tensor, Tensor, Tensor)",
            HOPSCOPE_KERNEL(cudnn_backward)},
        {"aten",
            "_scaled_dot_product_fused_attention_overrideable(Tensor query, Tensor key, Tensor value, "
            "Tensor? "
            "attn_bias=None, float dropout_p=0.0, bool is_causal=False, bool return_debug_mask=False, *, "
            "float? "
            "scale=None) -> (Tensor output, Tensor logsumexp, Tensor cum_seq_q, Tensor cum_seq_k, int max_q, "
            "int "
            "max_k, Tensor philox_seed, Tensor philox_offset, Tensor debug_attn_mask)",
            HOPSCOPE_KERNEL(overrideable)},
        {"aten",
            "_scaled_dot_product_fused_attention_overrideable_backward(Tensor grad_out, Tensor query, Tensor "
            "key, "
            "Tensor value, Tensor? attn_bias, bool[4] grad_input_mask, Tensor out, Tensor logsumexp, Tensor? "
            "cum_seq_q, Tensor? cum_seq_k, int max_q, int max_k, float dropout_p, bool is_causal, Tensor? "
            "philox_seed, Tensor? philox_offset, *, float? scale=None) -> (Tensor grad_query, Tensor "
            "grad_key, "
            "Tensor grad_value, Tensor grad_attn_bias)",
            HOPSCOPE_KERNEL(overrideable_backward)},
        {"aten",
            "_scaled_dot_product_efficient_attention(Tensor query, Tensor key, Tensor value, Tensor? "
            "attn_bias, "
            "bool compute_log_sumexp, float dropout_p=0.0, bool is_causal=False, *, float? scale=None) -> "
            "(Tensor "
            "output, Tensor log_sumexp, Tensor philox_seed, Tensor philox_offset)",
            HOPSCOPE_KERNEL(efficient), HOPSCOPE_AUTOGRAD(efficient_autograd)},
        {"aten",
            "_scaled_dot_product_efficient_attention_backward(Tensor grad_out_, Tensor query, Tensor key, "
            "Tensor "
            "value, Tensor? attn_bias, Tensor out, Tensor logsumexp, Tensor? philox_seed, Tensor? "
            "philox_offset, "
            "float dropout_p, bool[4] grad_input_mask, bool is_causal=False, *, float? scale=None) -> "
            "(Tensor, "
            "Tensor, Tensor, Tensor)",
            HOPSCOPE_KERNEL(efficient_backward)},
    };
    return table;
}

} // namespace hopscope::executor
