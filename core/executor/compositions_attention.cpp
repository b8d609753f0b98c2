#include "core/executor/attention.h"
#include "core/executor/composition.h"
#include "core/executor/torch.h"

#include <limits>

namespace hopscope::executor {

namespace {

using at::Tensor;
using Optional = OptionalTensor;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

constexpr double kMinusInfinity = -std::numeric_limits<double>::infinity();

Attention call_of(const Tensor& query, const Tensor& key, const Tensor& value, double dropout, bool causal,
    const Optional& mask, const TorchOptional<double>& scale) {
    TORCH_CHECK(dropout == 0, "attention with dropout is random and not composed");
    Attention call;
    call.query = query;
    call.key = key;
    call.value = value;
    call.bias = mask ? *mask : Tensor();
    call.scale = attention_scale(scale, query);
    if (causal)
        call.right = 0;
    return call;
}

std::tuple<Tensor, Tensor> attention(const Tensor& query, const Tensor& key, const Tensor& value,
    double dropout, bool causal, const Optional& mask, TorchOptional<double> scale) {
    // Laid out as the query is (measured: 2.13 with queries of ten layouts).
    const Attended found = attend(call_of(query, key, value, dropout, causal, mask, scale),
        laid_out_like(attended_sizes(query, value), query));
    return {found.output, heads_inside(found.sums)};
}

std::tuple<Tensor, Tensor, Tensor> attention_backward(const Tensor& gradient, const Tensor& query,
    const Tensor& key, const Tensor& value, const Tensor& output, const Tensor& sums, double dropout,
    bool causal, const Optional& mask, TorchOptional<double> scale) {
    const AttentionGradients found = attend_backward(
        call_of(query, key, value, dropout, causal, mask, scale), gradient, output, sums, false);
    const at::ScalarType type = query.scalar_type();
    return {heads_inside(found.query.to(type)), heads_inside(found.key.to(type)),
        heads_inside(found.value.to(type))};
}

// So that autograd asks for the backward operator by its name, as PyTorch's own derivative does
// (tools/autograd/derivatives.yaml).
class AttentionFunction : public torch::autograd::Function<AttentionFunction> {
public:
    static variable_list forward(AutogradContext* context, const Tensor& query, const Tensor& key,
        const Tensor& value, double dropout, bool causal, const Optional& mask, TorchOptional<double> scale) {
        const at::AutoDispatchBelowADInplaceOrView below;
        static const auto op = c10::Dispatcher::singleton()
                                   .findSchemaOrThrow("aten::_scaled_dot_product_flash_attention_for_cpu", "")
                                   .typed<decltype(attention)>();
        const auto [output, sums] = op.call(query, key, value, dropout, causal, mask, scale);
        context->save_for_backward({query, key, value, output, sums, mask ? *mask : Tensor()});
        context->saved_data["dropout"] = dropout;
        context->saved_data["causal"] = causal;
        context->saved_data["scale"] = scale;
        context->mark_non_differentiable({sums});
        return {output, sums};
    }
    static variable_list backward(AutogradContext* context, const variable_list& gradients) {
        static const auto op =
            c10::Dispatcher::singleton()
                .findSchemaOrThrow("aten::_scaled_dot_product_flash_attention_for_cpu_backward", "")
                .typed<decltype(attention_backward)>();
        const variable_list saved = context->get_saved_variables();
        const auto [of_query, of_key, of_value] = op.call(gradients[0], saved[0], saved[1], saved[2],
            saved[3], saved[4], context->saved_data["dropout"].toDouble(),
            context->saved_data["causal"].toBool(), saved[5].defined() ? Optional(saved[5]) : Optional(),
            context->saved_data["scale"].toOptional<double>());
        return {of_query, of_key, of_value, {}, {}, {}, {}};
    }
};

std::tuple<Tensor, Tensor> attention_autograd(const Tensor& query, const Tensor& key, const Tensor& value,
    double dropout, bool causal, const Optional& mask, TorchOptional<double> scale) {
    const variable_list results = AttentionFunction::apply(query, key, value, dropout, causal, mask, scale);
    return {results[0], results[1]};
}

Tensor safe_softmax(const Tensor& self, int64_t dim, TorchOptional<at::ScalarType> dtype) {
    const Tensor masked = self.eq(kMinusInfinity).all(dim, /*keepdim=*/true);
    return at::softmax(self, dim, dtype).masked_fill(masked, 0);
}

// tools/autograd/derivatives.yaml: as softmax's, of the result.
class SafeSoftmaxFunction : public torch::autograd::Function<SafeSoftmaxFunction> {
public:
    static Tensor forward(
        AutogradContext* context, const Tensor& self, int64_t dim, TorchOptional<at::ScalarType> dtype) {
        const at::AutoDispatchBelowADInplaceOrView below;
        static const auto op = c10::Dispatcher::singleton()
                                   .findSchemaOrThrow("aten::_safe_softmax", "")
                                   .typed<decltype(safe_softmax)>();
        const Tensor result = op.call(self, dim, dtype);
        context->save_for_backward({result});
        context->saved_data["dim"] = dim;
        context->saved_data["dtype"] = static_cast<int64_t>(self.scalar_type());
        return result;
    }
    static variable_list backward(AutogradContext* context, const variable_list& gradients) {
        const Tensor result = context->get_saved_variables()[0];
        return {at::_softmax_backward_data(gradients[0], result, context->saved_data["dim"].toInt(),
                    static_cast<at::ScalarType>(context->saved_data["dtype"].toInt())),
            {}, {}};
    }
};
Tensor safe_softmax_autograd(const Tensor& self, int64_t dim, TorchOptional<at::ScalarType> dtype) {
    return SafeSoftmaxFunction::apply(self, dim, dtype);
}

// What a graph of an earlier stage asks for: without gradients PyTorch's CPU kernel is the one above.
Tensor scaled_dot_product_attention(const Tensor& query, const Tensor& key, const Tensor& value,
    const Optional& mask, double dropout, bool causal, TorchOptional<double> scale, bool grouped) {
    static const auto op = c10::Dispatcher::singleton()
                               .findSchemaOrThrow("aten::_scaled_dot_product_flash_attention_for_cpu", "")
                               .typed<decltype(attention)>();
    Tensor k = key, v = value;
    if (grouped) {
        k = key.repeat_interleave(query.size(-3) / key.size(-3), -3);
        v = value.repeat_interleave(query.size(-3) / value.size(-3), -3);
    }
    // The kernel takes (batch, heads, length, width).
    const auto four = [](Tensor tensor) {
        while (tensor.dim() < 4)
            tensor = tensor.unsqueeze(0);
        return tensor;
    };
    Tensor output = std::get<0>(op.call(four(query), four(k), four(v), dropout, causal, mask, scale));
    while (output.dim() > query.dim())
        output = output.squeeze(0);
    return output;
}

} // namespace

const std::vector<Composition>& attention_compositions() {
    static const std::vector<Composition> table{
        {"aten",
            "_scaled_dot_product_flash_attention_for_cpu(Tensor query, Tensor key, Tensor value, float "
            "dropout_p=0.0, "
            "bool is_causal=False, *, Tensor? attn_mask=None, float? scale=None) -> (Tensor output, Tensor "
            "logsumexp)",
            HOPSCOPE_KERNEL(attention), HOPSCOPE_AUTOGRAD(attention_autograd)},
        {"aten",
            "_scaled_dot_product_flash_attention_for_cpu_backward(Tensor grad_out, Tensor query, Tensor key, "
            "Tensor "
            "value, Tensor out, Tensor logsumexp, float dropout_p, bool is_causal, *, Tensor? "
            "attn_mask=None, "
            "float? "
            "scale=None) -> (Tensor grad_query, Tensor grad_key, Tensor grad_value)",
            HOPSCOPE_KERNEL(attention_backward)},
        {"aten", "_safe_softmax(Tensor self, int dim, ScalarType? dtype=None) -> Tensor",
            HOPSCOPE_KERNEL(safe_softmax), HOPSCOPE_AUTOGRAD(safe_softmax_autograd)},
        {"aten",
            "scaled_dot_product_attention(Tensor query, Tensor key, Tensor value, Tensor? attn_mask=None, "
            "float "
            "dropout_p=0.0, bool is_causal=False, *, float? scale=None, bool enable_gqa=False) -> Tensor",
            HOPSCOPE_THROUGH(scaled_dot_product_attention)},
    };
    return table;
}

} // namespace hopscope::executor
