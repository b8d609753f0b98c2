#include "core/executor/compositions.h"

#include "core/executor/optional.h"

#include <ATen/ATen.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/library.h>

#include <cmath>
#include <limits>
#include <memory>

namespace hopscope::executor {

namespace {

using at::Tensor;
using Optional = TorchOptional<Tensor>;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

constexpr double kMinusInfinity = -std::numeric_limits<double>::infinity();

// Half precisions are accumulated in float32, as PyTorch's kernel does.
at::ScalarType accumulated(at::ScalarType type) {
    return type == at::kBFloat16 || type == at::kHalf ? at::kFloat : type;
}

// (B, H, L, …) laid out as (B, L, H, …) transposed back: the strides of PyTorch's kernel.
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
    return {heads_inside(at::matmul(weights, value.to(wide)).to(query.scalar_type())), heads_inside(sums)};
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

void assert_async(const Tensor& self, std::string message) {
    TORCH_CHECK(self.item().toBool(), message);
}

// torch/_higher_order_ops/effects.py, new_token_tensor.
Tensor make_token() {
    return at::empty({0});
}
void sink_tokens(at::TensorList) { }

Tensor convert_element_type(const Tensor& a, at::ScalarType dtype) {
    return a.to(dtype);
}

Tensor iota(int64_t length, int64_t start, int64_t step, at::ScalarType dtype, at::Device, bool) {
    return at::arange(length, at::dtype(at::kLong)).mul(step).add(start).to(dtype);
}

Tensor broadcast_in_dim(const Tensor& a, at::IntArrayRef shape, at::IntArrayRef dimensions) {
    TORCH_CHECK(static_cast<int64_t>(dimensions.size()) == a.dim(), "one dimension each was expected");
    std::vector<int64_t> between(shape.size(), 1);
    for (size_t d = 0; d < dimensions.size(); ++d)
        between.at(static_cast<size_t>(dimensions[d])) = a.size(static_cast<int64_t>(d));
    // As a view: reshape would copy where strides are odd.
    std::vector<int64_t> stride(shape.size(), 0);
    for (size_t d = 0; d < dimensions.size(); ++d)
        if (a.size(static_cast<int64_t>(d)) != 1)
            stride[static_cast<size_t>(dimensions[d])] = a.stride(static_cast<int64_t>(d));
    return a.as_strided(between, stride).expand(shape);
}

Tensor prims_sum(const Tensor& input, at::OptionalIntArrayRef dims, TorchOptional<at::ScalarType> dtype) {
    return dims ? at::sum(input, *dims, /*keepdim=*/false, dtype) : at::sum(input, dtype);
}

using Three = std::tuple<Tensor, Tensor, Tensor>;
Three batch_norm(const Tensor& input, const Optional& weight, const Optional& bias, Tensor mean,
    Tensor variance, bool training, double momentum, double eps) {
    return at::native_batch_norm(input, weight, bias, mean, variance, training, momentum, eps);
}
Three batch_norm_no_stats(const Tensor& input, const Optional& weight, const Optional& bias, bool training,
    double momentum, double eps) {
    return at::native_batch_norm(input, weight, bias, {}, {}, training, momentum, eps);
}
Three batch_norm_no_training(const Tensor& input, const Optional& weight, const Optional& bias,
    const Tensor& mean, const Tensor& variance, double momentum, double eps) {
    return at::native_batch_norm(input, weight, bias, mean, variance, /*training=*/false, momentum, eps);
}

Tensor any_dims(const Tensor& self, at::OptionalIntArrayRef dims, bool keepdim) {
    Tensor result = self.to(at::kBool);
    if (dims)
        for (const int64_t d : *dims)
            result = result.any(d, /*keepdim=*/true);
    else
        for (int64_t d = 0; d < self.dim(); ++d)
            result = result.any(d, /*keepdim=*/true);
    if (keepdim)
        return result;
    std::vector<int64_t> kept;
    for (int64_t d = 0; d < self.dim(); ++d) {
        bool reduced = !dims;
        if (dims)
            for (const int64_t r : *dims)
                reduced = reduced || (r < 0 ? r + self.dim() : r) == d;
        if (!reduced)
            kept.push_back(self.size(d));
    }
    return result.reshape(kept);
}

Tensor squeeze_dims(const Tensor& self, at::IntArrayRef dims) {
    std::vector<int64_t> size, stride;
    for (int64_t d = 0; d < self.dim(); ++d) {
        bool named = false;
        for (const int64_t s : dims)
            named = named || (s < 0 ? s + self.dim() : s) == d;
        if (named && self.size(d) == 1)
            continue;
        size.push_back(self.size(d));
        stride.push_back(self.stride(d));
    }
    return self.as_strided(size, stride);
}

struct Composition {
    const char* space;
    const char* schema; // PyTorch 2.13's, sizes as plain int
    torch::CppFunction (*kernel)();
    torch::CppFunction (*autograd)() = nullptr; // none: the operator has no derivative
};

#define HOPSCOPE_AUTOGRAD(function)                                                                          \
    [] { return torch::dispatch(c10::DispatchKey::Autograd, torch::CppFunction(TORCH_FN(function))); }
#define HOPSCOPE_KERNEL(function)                                                                            \
    [] {                                                                                                     \
        return torch::dispatch(                                                                              \
            c10::DispatchKey::CompositeExplicitAutograd, torch::CppFunction(TORCH_FN(function)));            \
    }

const Composition kTable[] = {
    {"aten",
        "_scaled_dot_product_flash_attention_for_cpu(Tensor query, Tensor key, Tensor value, float "
        "dropout_p=0.0, "
        "bool is_causal=False, *, Tensor? attn_mask=None, float? scale=None) -> (Tensor output, Tensor "
        "logsumexp)",
        HOPSCOPE_KERNEL(attention), HOPSCOPE_AUTOGRAD(attention_autograd)},
    {"aten",
        "_scaled_dot_product_flash_attention_for_cpu_backward(Tensor grad_out, Tensor query, Tensor key, "
        "Tensor "
        "value, Tensor out, Tensor logsumexp, float dropout_p, bool is_causal, *, Tensor? attn_mask=None, "
        "float? "
        "scale=None) -> (Tensor grad_query, Tensor grad_key, Tensor grad_value)",
        HOPSCOPE_KERNEL(attention_backward)},
    {"aten", "_safe_softmax(Tensor self, int dim, ScalarType? dtype=None) -> Tensor",
        HOPSCOPE_KERNEL(safe_softmax)},
    {"aten", "_assert_async.msg(Tensor self, str assert_msg) -> ()", HOPSCOPE_KERNEL(assert_async)},
    {"aten",
        "_native_batch_norm_legit(Tensor input, Tensor? weight, Tensor? bias, Tensor(a!) running_mean, "
        "Tensor(b!) "
        "running_var, bool training, float momentum, float eps) -> (Tensor, Tensor, Tensor)",
        HOPSCOPE_KERNEL(batch_norm)},
    {"aten",
        "_native_batch_norm_legit.no_stats(Tensor input, Tensor? weight, Tensor? bias, bool training, float "
        "momentum, "
        "float eps) -> (Tensor, Tensor, Tensor)",
        HOPSCOPE_KERNEL(batch_norm_no_stats)},
    {"aten",
        "_native_batch_norm_legit_no_training(Tensor input, Tensor? weight, Tensor? bias, Tensor "
        "running_mean, Tensor "
        "running_var, float momentum, float eps) -> (Tensor, Tensor, Tensor)",
        HOPSCOPE_KERNEL(batch_norm_no_training)},
    {"aten", "any.dims(Tensor self, int[]? dim=None, bool keepdim=False) -> Tensor",
        HOPSCOPE_KERNEL(any_dims)},
    {"aten", "squeeze.dims(Tensor(a) self, int[] dim) -> Tensor(a)", HOPSCOPE_KERNEL(squeeze_dims)},
    {"prims", "_make_token() -> Tensor", HOPSCOPE_KERNEL(make_token)},
    {"prims", "_sink_tokens(Tensor[] tokens) -> ()", HOPSCOPE_KERNEL(sink_tokens)},
    {"prims", "convert_element_type(Tensor a, ScalarType dtype) -> Tensor",
        HOPSCOPE_KERNEL(convert_element_type)},
    {"prims",
        "iota(int length, *, int start, int step, ScalarType dtype, Device device, bool requires_grad) -> "
        "Tensor",
        HOPSCOPE_KERNEL(iota)},
    {"prims", "broadcast_in_dim(Tensor(a) a, int[] shape, int[] broadcast_dimensions) -> Tensor(a)",
        HOPSCOPE_KERNEL(broadcast_in_dim)},
    {"prims", "sum(Tensor inp, int[]? dims, *, ScalarType? output_dtype=None) -> Tensor",
        HOPSCOPE_KERNEL(prims_sum)},
};

#undef HOPSCOPE_KERNEL
#undef HOPSCOPE_AUTOGRAD

} // namespace

std::vector<std::string> register_missing_operators() {
    // Kept for the process: a library that is destroyed takes its operators along.
    static std::vector<std::unique_ptr<torch::Library>> libraries;
    std::vector<std::string> added;
    for (const Composition& entry : kTable) {
        const std::string schema(entry.schema);
        const std::string full = schema.substr(0, schema.find('('));
        const size_t dot = full.find('.');
        const std::string overload = dot == std::string::npos ? "" : full.substr(dot + 1);
        const std::string name = std::string(entry.space) + "::" + full.substr(0, dot);
        if (c10::Dispatcher::singleton().findSchema({name, overload}))
            continue;
        auto library = std::make_unique<torch::Library>(
            torch::Library::FRAGMENT, entry.space, kNoDispatchKey, __FILE__, __LINE__);
        library->def(entry.schema);
        library->impl(full.c_str(), entry.kernel());
        if (entry.autograd)
            library->impl(full.c_str(), entry.autograd());
        libraries.push_back(std::move(library));
        added.push_back(std::string(entry.space) + "." + full);
    }
    return added;
}

} // namespace hopscope::executor
