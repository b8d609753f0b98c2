#include "core/executor/composition.h"
#include "core/executor/torch.h"

#include <array>
#include <limits>

namespace hopscope::executor {

namespace {

using at::Tensor;
using Optional = OptionalTensor;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

using Three = std::tuple<Tensor, Tensor, Tensor>;
using Four = std::tuple<Tensor, Tensor, Tensor, Tensor>;

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
// The statistics are returned, not written to.
std::tuple<Tensor, Tensor, Tensor, Tensor, Tensor> batch_norm_functional(const Tensor& input,
    const Optional& weight, const Optional& bias, const Tensor& mean, const Tensor& variance, bool training,
    double momentum, double eps) {
    const Tensor new_mean = mean.clone(), new_variance = variance.clone();
    auto [output, saved_mean, saved_deviation] =
        at::native_batch_norm(input, weight, bias, new_mean, new_variance, training, momentum, eps);
    return {output, saved_mean, saved_deviation, new_mean, new_variance};
}
// `reserve` is cuDNN's; the CPU has none.
Tensor no_reserve(const Tensor& input) {
    return at::empty({0}, input.options().dtype(at::kByte));
}
Four batch_norm_with_update(const Tensor& input, const Optional& weight, const Optional& bias, Tensor mean,
    Tensor variance, double momentum, double eps) {
    auto [output, saved_mean, saved_deviation] =
        at::native_batch_norm(input, weight, bias, mean, variance, /*training=*/true, momentum, eps);
    return {output, saved_mean, saved_deviation, no_reserve(input)};
}
std::tuple<Tensor, Tensor, Tensor, Tensor, Tensor, Tensor> batch_norm_with_update_functional(
    const Tensor& input, const Optional& weight, const Optional& bias, const Tensor& mean,
    const Tensor& variance, double momentum, double eps) {
    auto [output, saved_mean, saved_deviation, new_mean, new_variance] =
        batch_norm_functional(input, weight, bias, mean, variance, /*training=*/true, momentum, eps);
    return {output, saved_mean, saved_deviation, no_reserve(input), new_mean, new_variance};
}
Four batch_norm_no_update(const Tensor& input, const Optional& weight, const Optional& bias,
    const Optional& mean, const Optional& variance, double momentum, double eps) {
    auto [output, saved_mean, saved_deviation] =
        at::native_batch_norm(input, weight, bias, mean, variance, /*training=*/false, momentum, eps);
    return {output, saved_mean, saved_deviation, no_reserve(input)};
}
Three batch_norm_backward(const Tensor& gradient, const Tensor& input, const Tensor& weight,
    const Optional& mean, const Optional& variance, const Optional& saved_mean,
    const Optional& saved_deviation, bool update, double eps, std::array<bool, 3> wanted, const Tensor&) {
    return at::native_batch_norm_backward(
        gradient, input, weight, mean, variance, saved_mean, saved_deviation, update, eps, wanted);
}

// Half precisions are computed in float32 (torch/_decomp, and aten/src/ATen/native/layer_norm.cpp, rms_norm).
at::ScalarType wide(const Tensor& input) {
    const at::ScalarType type = input.scalar_type();
    return type == at::kBFloat16 || type == at::kHalf ? at::kFloat : type;
}
std::vector<int64_t> last_dimensions(size_t count) {
    std::vector<int64_t> dims(count);
    for (size_t i = 0; i < count; ++i)
        dims[i] = static_cast<int64_t>(i) - static_cast<int64_t>(count);
    return dims;
}

std::tuple<Tensor, Tensor> rms_norm(
    const Tensor& input, at::IntArrayRef shape, const Optional& weight, TorchOptional<double> eps) {
    const Tensor x = input.to(wide(input));
    const double small = eps             ? *eps
        : x.scalar_type() == at::kDouble ? std::numeric_limits<double>::epsilon()
                                         : static_cast<double>(std::numeric_limits<float>::epsilon());
    const Tensor scale = x.pow(2).mean(last_dimensions(shape.size()), /*keepdim=*/true).add(small).rsqrt();
    Tensor result = x * scale;
    if (weight)
        result = result * *weight;
    return {result.to(input.scalar_type()), scale};
}

std::tuple<Tensor, Tensor> rms_norm_backward(const Tensor& gradient, const Tensor& input,
    at::IntArrayRef shape, const Tensor& scale, const Optional& weight, std::array<bool, 2> wanted) {
    const at::ScalarType type = wide(input);
    const Tensor x = input.to(type), g = gradient.to(type), normal = x * scale;
    const Tensor of_normal = weight ? g * weight->to(type) : g;
    Tensor of_input, of_weight;
    if (wanted[0]) {
        const Tensor mean = (of_normal * normal).mean(last_dimensions(shape.size()), /*keepdim=*/true);
        of_input = ((of_normal - normal * mean) * scale).to(input.scalar_type()).contiguous();
    }
    if (wanted[1] && weight) {
        std::vector<int64_t> rows;
        for (int64_t d = 0; d < input.dim() - static_cast<int64_t>(shape.size()); ++d)
            rows.push_back(d);
        of_weight = g * normal;
        of_weight = (rows.empty() ? of_weight : of_weight.sum(rows)).to(weight->scalar_type());
    }
    return {of_input, of_weight};
}

class RmsNormFunction : public torch::autograd::Function<RmsNormFunction> {
public:
    static variable_list forward(AutogradContext* context, const Tensor& input, std::vector<int64_t> shape,
        const Optional& weight, TorchOptional<double> eps) {
        const at::AutoDispatchBelowADInplaceOrView below;
        static const auto op = c10::Dispatcher::singleton()
                                   .findSchemaOrThrow("aten::_fused_rms_norm", "")
                                   .typed<decltype(rms_norm)>();
        const auto [output, scale] = op.call(input, shape, weight, eps);
        context->save_for_backward({input, scale, weight ? *weight : Tensor()});
        context->saved_data["shape"] = shape;
        context->saved_data["wanted"] = weight && weight->requires_grad();
        context->mark_non_differentiable({scale});
        return {output, scale};
    }
    static variable_list backward(AutogradContext* context, const variable_list& gradients) {
        static const auto op = c10::Dispatcher::singleton()
                                   .findSchemaOrThrow("aten::_fused_rms_norm_backward", "")
                                   .typed<decltype(rms_norm_backward)>();
        const variable_list saved = context->get_saved_variables();
        const auto [of_input, of_weight] =
            op.call(gradients[0], saved[0], context->saved_data["shape"].toIntVector(), saved[1],
                saved[2].defined() ? Optional(saved[2]) : Optional(),
                {true, context->saved_data["wanted"].toBool()});
        return {of_input, {}, of_weight, {}};
    }
};
std::tuple<Tensor, Tensor> rms_norm_autograd(
    const Tensor& input, at::IntArrayRef shape, const Optional& weight, TorchOptional<double> eps) {
    const variable_list results = RmsNormFunction::apply(input, shape.vec(), weight, eps);
    return {results[0], results[1]};
}
// The operator of an earlier stage.
Tensor plain_rms_norm(
    const Tensor& input, at::IntArrayRef shape, const Optional& weight, TorchOptional<double> eps) {
    static const auto op = c10::Dispatcher::singleton()
                               .findSchemaOrThrow("aten::_fused_rms_norm", "")
                               .typed<decltype(rms_norm)>();
    return std::get<0>(op.call(input, shape, weight, eps));
}

} // namespace

const std::vector<Composition>& norm_compositions() {
    static const std::vector<Composition> table{
        {"aten",
            "_native_batch_norm_legit(Tensor input, Tensor? weight, Tensor? bias, Tensor(a!) running_mean, "
            "Tensor(b!) "
            "running_var, bool training, float momentum, float eps) -> (Tensor, Tensor, Tensor)",
            HOPSCOPE_THROUGH(batch_norm)},
        {"aten",
            "_native_batch_norm_legit.no_stats(Tensor input, Tensor? weight, Tensor? bias, bool training, "
            "float "
            "momentum, float eps) -> (Tensor, Tensor, Tensor)",
            HOPSCOPE_THROUGH(batch_norm_no_stats)},
        {"aten",
            "_native_batch_norm_legit_no_training(Tensor input, Tensor? weight, Tensor? bias, Tensor "
            "running_mean, "
            "Tensor running_var, float momentum, float eps) -> (Tensor, Tensor, Tensor)",
            HOPSCOPE_THROUGH(batch_norm_no_training)},
        {"aten",
            "_native_batch_norm_legit_functional(Tensor input, Tensor? weight, Tensor? bias, Tensor "
            "running_mean, "
            "Tensor running_var, bool training, float momentum, float eps) -> (Tensor, Tensor, Tensor, "
            "Tensor "
            "running_mean_out, Tensor running_var_out)",
            HOPSCOPE_THROUGH(batch_norm_functional)},
        {"aten",
            "_batch_norm_with_update(Tensor input, Tensor? weight, Tensor? bias, Tensor(a!) running_mean, "
            "Tensor(b!) "
            "running_var, float momentum, float eps) -> (Tensor, Tensor, Tensor, Tensor)",
            HOPSCOPE_THROUGH(batch_norm_with_update)},
        {"aten",
            "_batch_norm_with_update_functional(Tensor input, Tensor? weight, Tensor? bias, Tensor "
            "running_mean, "
            "Tensor running_var, float momentum, float eps) -> (Tensor, Tensor, Tensor, Tensor, Tensor "
            "running_mean_out, Tensor running_var_out)",
            HOPSCOPE_THROUGH(batch_norm_with_update_functional)},
        {"aten",
            "_batch_norm_no_update(Tensor input, Tensor? weight, Tensor? bias, Tensor? running_mean, Tensor? "
            "running_var, float momentum, float eps) -> (Tensor, Tensor, Tensor, Tensor)",
            HOPSCOPE_THROUGH(batch_norm_no_update)},
        {"aten",
            "batch_norm_backward(Tensor grad_out, Tensor input, Tensor weight, Tensor? running_mean, Tensor? "
            "running_var, Tensor? save_mean, Tensor? save_var, bool update, float eps, bool[3] output_mask, "
            "Tensor "
            "reserve) -> (Tensor, Tensor, Tensor)",
            HOPSCOPE_KERNEL(batch_norm_backward)},
        {"aten",
            "_fused_rms_norm(Tensor input, int[] normalized_shape, Tensor? weight, float? eps) -> (Tensor, "
            "Tensor)",
            HOPSCOPE_KERNEL(rms_norm), HOPSCOPE_AUTOGRAD(rms_norm_autograd)},
        {"aten",
            "_fused_rms_norm_backward(Tensor grad_out, Tensor input, int[] normalized_shape, Tensor rstd, "
            "Tensor? "
            "weight, bool[2] output_mask) -> (Tensor, Tensor)",
            HOPSCOPE_KERNEL(rms_norm_backward)},
        {"aten",
            "rms_norm(Tensor input, int[] normalized_shape, Tensor? weight=None, float? eps=None) -> Tensor",
            HOPSCOPE_THROUGH(plain_rms_norm)},
    };
    return table;
}

} // namespace hopscope::executor
