#include "core/executor/composition.h"
#include "core/executor/torch.h"

#include <cmath>
#include <limits>

namespace hopscope::executor {

namespace {

using at::Tensor;
using Optional = OptionalTensor;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

constexpr double kMinusInfinity = -std::numeric_limits<double>::infinity();

// Half precisions are accumulated in float32, as PyTorch's kernel does.
at::ScalarType accumulated(at::ScalarType type) {
    return type == at::kBFloat16 || type == at::kHalf ? at::kFloat : type;
}

// (B, H, L, …) laid out as (B, L, H, …) transposed back: what PyTorch's kernel gives for gradients and
// log-sum-exp.
Tensor heads_inside(const Tensor& tensor) {
    return tensor.transpose(1, 2).contiguous().transpose(1, 2);
}

Tensor attention_scores(
    const Tensor& query, const Tensor& key, bool causal, const Optional& mask, double scale) {
    Tensor scores = at::matmul(query, key.transpose(-2, -1)).mul(scale);
    if (causal)
        scores = scores.masked_fill(
            at::ones({query.size(-2), key.size(-2)}, at::kBool).tril().logical_not(), kMinusInfinity);
    if (mask && mask->scalar_type() == at::kBool)
        scores = scores.masked_fill(mask->logical_not(), kMinusInfinity);
    else if (mask)
        scores = scores + mask->to(scores.scalar_type());
    return scores;
}

double scale_of(const TorchOptional<double>& scale, const Tensor& query) {
    return scale ? *scale : 1 / std::sqrt(static_cast<double>(query.size(-1)));
}

std::tuple<Tensor, Tensor> attention(const Tensor& query, const Tensor& key, const Tensor& value,
    double dropout, bool causal, const Optional& mask, TorchOptional<double> scale) {
    TORCH_CHECK(dropout == 0, "attention with dropout is not composed");
    const at::ScalarType wide = accumulated(query.scalar_type());
    const Tensor scores =
        attention_scores(query.to(wide), key.to(wide), causal, mask, scale_of(scale, query));
    // A row that is masked out has the output 0 and the log-sum-exp 0, not minus infinity.
    Tensor sums = at::logsumexp(scores, -1);
    sums = sums.masked_fill(sums.eq(kMinusInfinity), 0);
    const Tensor weights = (scores - sums.unsqueeze(-1)).exp();
    // Laid out as the query is (measured: 2.13 with queries of ten layouts).
    Tensor output = at::empty_like(query);
    output.copy_(at::matmul(weights, value.to(wide)));
    return {output, heads_inside(sums)};
}

std::tuple<Tensor, Tensor, Tensor> attention_backward(const Tensor& gradient, const Tensor& query,
    const Tensor& key, const Tensor& value, const Tensor& output, const Tensor& sums, double dropout,
    bool causal, const Optional& mask, TorchOptional<double> scale) {
    TORCH_CHECK(dropout == 0, "attention with dropout is not composed");
    const at::ScalarType narrow = query.scalar_type(), wide = accumulated(narrow);
    const double factor = scale_of(scale, query);
    const Tensor q = query.to(wide), k = key.to(wide), g = gradient.to(wide);
    const Tensor weights = (attention_scores(q, k, causal, mask, factor) - sums.unsqueeze(-1)).exp();
    const Tensor of_value = at::matmul(weights.transpose(-2, -1), g);
    const Tensor of_weights = at::matmul(g, value.to(wide).transpose(-2, -1));
    const Tensor rows = (g * output.to(wide)).sum(-1, /*keepdim=*/true);
    const Tensor of_scores = weights * (of_weights - rows) * factor;
    const Tensor of_query = at::matmul(of_scores, k), of_key = at::matmul(of_scores.transpose(-2, -1), q);
    return {heads_inside(of_query.to(narrow)), heads_inside(of_key.to(narrow)),
        heads_inside(of_value.to(narrow))};
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
