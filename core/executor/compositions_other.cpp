#include "core/executor/composition.h"
#include "core/executor/torch.h"

#include <algorithm>

namespace hopscope::executor {

namespace {

using at::Tensor;
using Dims = at::OptionalIntArrayRef;

void assert_async(const Tensor& self, std::string message) {
    TORCH_CHECK(self.item().toBool(), message);
}
void assert_scalar(const at::Scalar& self, std::string message) {
    TORCH_CHECK(self.toBool(), message);
}
void constrain_range(const at::Scalar& size, TorchOptional<int64_t> least, TorchOptional<int64_t> most) {
    const int64_t number = size.toLong();
    TORCH_CHECK((!least || number >= *least) && (!most || number <= *most), "the size ", number,
        " lies outside of its range");
}

// Dimensions as numbers from 0, largest first, so that taking one away does not move the others.
std::vector<int64_t> falling(const Tensor& self, Dims dims) {
    std::vector<int64_t> all;
    if (dims)
        for (const int64_t d : *dims)
            all.push_back(d < 0 ? d + self.dim() : d);
    else
        for (int64_t d = 0; d < self.dim(); ++d)
            all.push_back(d);
    std::sort(all.rbegin(), all.rend());
    return all;
}
Tensor any_dims(const Tensor& self, Dims dims, bool keepdim) {
    Tensor result = self.scalar_type() == at::kByte ? self : self.to(at::kBool);
    for (const int64_t d : falling(self, dims))
        result = result.any(d, keepdim);
    return result;
}
Tensor all_dims(const Tensor& self, Dims dims, bool keepdim) {
    Tensor result = self.scalar_type() == at::kByte ? self : self.to(at::kBool);
    for (const int64_t d : falling(self, dims))
        result = result.all(d, keepdim);
    return result;
}
Tensor is_all_true(const Tensor& self) {
    return self.all();
}
Tensor is_any_true(const Tensor& self) {
    return self.any();
}

Tensor squeeze_dims(const Tensor& self, at::IntArrayRef dims) {
    Tensor result = self;
    for (const int64_t d : falling(self, dims))
        result = result.squeeze(d);
    return result;
}
Tensor squeeze_copy_dims(const Tensor& self, at::IntArrayRef dims) {
    return squeeze_dims(self, dims).clone();
}
Tensor reshape_copy(const Tensor& self, at::IntArrayRef size) {
    return self.reshape(size).clone(at::MemoryFormat::Contiguous);
}
// `layout` names the dimensions from the outermost in memory to the innermost.
Tensor empty_permuted(at::IntArrayRef size, at::IntArrayRef layout, TorchOptional<at::ScalarType> dtype,
    TorchOptional<at::Layout>, TorchOptional<at::Device>, TorchOptional<bool>) {
    std::vector<int64_t> stride(size.size());
    int64_t step = 1;
    for (size_t i = layout.size(); i-- > 0; step *= size[static_cast<size_t>(layout[i])])
        stride[static_cast<size_t>(layout[i])] = step;
    return at::empty_strided(size, stride, at::dtype(dtype ? *dtype : at::kFloat));
}

Tensor prelu(const Tensor& self, const Tensor& weight) {
    return at::where(self.gt(0), self, weight * self);
}
std::tuple<Tensor, Tensor> prelu_backward(const Tensor& gradient, const Tensor& self, const Tensor& weight) {
    const Tensor positive = self.gt(0);
    return {at::where(positive, gradient, weight * gradient),
        at::where(positive, at::zeros({}, self.options()), self * gradient)};
}
class PreluFunction : public torch::autograd::Function<PreluFunction> {
public:
    static Tensor forward(
        torch::autograd::AutogradContext* context, const Tensor& self, const Tensor& weight) {
        const at::AutoDispatchBelowADInplaceOrView below;
        static const auto op = c10::Dispatcher::singleton()
                                   .findSchemaOrThrow("aten::_prelu_kernel", "")
                                   .typed<decltype(prelu)>();
        context->save_for_backward({self, weight});
        return op.call(self, weight);
    }
    static torch::autograd::variable_list backward(
        torch::autograd::AutogradContext* context, const torch::autograd::variable_list& gradients) {
        static const auto op = c10::Dispatcher::singleton()
                                   .findSchemaOrThrow("aten::_prelu_kernel_backward", "")
                                   .typed<decltype(prelu_backward)>();
        const auto saved = context->get_saved_variables();
        const auto [of_self, of_weight] = op.call(gradients[0], saved[0], saved[1]);
        return {of_self, of_weight};
    }
};
Tensor prelu_autograd(const Tensor& self, const Tensor& weight) {
    return PreluFunction::apply(self, weight);
}

Tensor int_mm(const Tensor& self, const Tensor& other) {
    return at::mm(self.to(at::kInt), other.to(at::kInt));
}

} // namespace

const std::vector<Composition>& other_compositions() {
    static const std::vector<Composition> table{
        {"aten", "_assert_async.msg(Tensor self, str assert_msg) -> ()", HOPSCOPE_KERNEL(assert_async)},
        {"aten", "_assert_scalar(Scalar self, str assert_msg) -> ()", HOPSCOPE_KERNEL(assert_scalar)},
        {"aten", "sym_constrain_range(Scalar size, *, int? min=None, int? max=None) -> ()",
            HOPSCOPE_KERNEL(constrain_range)},
        {"aten", "sym_constrain_range_for_size(Scalar size, *, int? min=None, int? max=None) -> ()",
            HOPSCOPE_KERNEL(constrain_range)},
        {"aten", "any.dims(Tensor self, int[]? dim=None, bool keepdim=False) -> Tensor",
            HOPSCOPE_THROUGH(any_dims)},
        {"aten", "all.dims(Tensor self, int[]? dim=None, bool keepdim=False) -> Tensor",
            HOPSCOPE_THROUGH(all_dims)},
        {"aten", "_is_all_true(Tensor self) -> Tensor", HOPSCOPE_THROUGH(is_all_true)},
        {"aten", "_is_any_true(Tensor self) -> Tensor", HOPSCOPE_THROUGH(is_any_true)},
        {"aten", "squeeze.dims(Tensor(a) self, int[] dim) -> Tensor(a)", HOPSCOPE_THROUGH(squeeze_dims)},
        {"aten", "squeeze_copy.dims(Tensor self, int[] dim) -> Tensor", HOPSCOPE_THROUGH(squeeze_copy_dims)},
        {"aten", "_reshape_copy(Tensor self, int[] size) -> Tensor", HOPSCOPE_THROUGH(reshape_copy)},
        {"aten",
            "empty_permuted(int[] size, int[] physical_layout, *, ScalarType? dtype=None, Layout? "
            "layout=None, Device? "
            "device=None, bool? pin_memory=None) -> Tensor",
            HOPSCOPE_KERNEL(empty_permuted)},
        {"aten", "_prelu_kernel(Tensor self, Tensor weight) -> Tensor", HOPSCOPE_KERNEL(prelu),
            HOPSCOPE_AUTOGRAD(prelu_autograd)},
        {"aten", "_prelu_kernel_backward(Tensor grad_output, Tensor self, Tensor weight) -> (Tensor, Tensor)",
            HOPSCOPE_KERNEL(prelu_backward)},
        {"aten", "_int_mm(Tensor self, Tensor mat2) -> Tensor", HOPSCOPE_KERNEL(int_mm)},
    };
    return table;
}

} // namespace hopscope::executor
