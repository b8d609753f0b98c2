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
Tensor squeeze_dims_(Tensor self, at::IntArrayRef dims) {
    for (const int64_t d : falling(self, dims))
        self.squeeze_(d);
    return self;
}
bool is_contiguous(const Tensor& self, at::MemoryFormat format) {
    return self.is_contiguous(format);
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

// Tensors cut into chunks of equal length, filled up with zeros; chunk i of all of them in row i
// (aten/src/ATen/native/TensorShape.cpp, _pad_chunk).
Tensor chunk_cat(at::TensorList tensors, int64_t dim, int64_t chunks) {
    TORCH_CHECK(!tensors.empty() && chunks > 0, "_chunk_cat needs tensors and chunks");
    if (dim < 0)
        dim += tensors[0].dim();
    std::vector<Tensor> all;
    for (const Tensor& tensor : tensors) {
        TORCH_CHECK(dim >= 0 && dim < tensor.dim(), "_chunk_cat along a dimension that is not there");
        const int64_t size = tensor.size(dim), whole = (size + chunks - 1) / chunks * chunks;
        std::vector<int64_t> sizes = tensor.sizes().vec();
        sizes[static_cast<size_t>(dim)] = whole;
        const Tensor padded = at::zeros(sizes, tensor.options());
        padded.narrow(dim, 0, size).copy_(tensor);
        sizes.resize(static_cast<size_t>(dim));
        sizes.push_back(chunks);
        sizes.push_back(-1);
        all.push_back(padded.view(sizes));
    }
    return at::cat(all, dim + 1);
}

using Dtype = TorchOptional<at::ScalarType>;
using Where = TorchOptional<at::Device>;
using Laid = TorchOptional<at::Layout>;
using Pinned = TorchOptional<bool>;

at::TensorOptions of(const Dtype& dtype) {
    return dtype ? at::dtype(*dtype) : at::TensorOptions();
}
Tensor linspace_tt(const Tensor& start, const Tensor& end, int64_t steps, Dtype dtype, Laid, Where, Pinned) {
    return at::linspace(start.item(), end.item(), steps, of(dtype));
}
Tensor linspace_ts(
    const Tensor& start, const at::Scalar& end, int64_t steps, Dtype dtype, Laid, Where, Pinned) {
    return at::linspace(start.item(), end, steps, of(dtype));
}
Tensor linspace_st(
    const at::Scalar& start, const Tensor& end, int64_t steps, Dtype dtype, Laid, Where, Pinned) {
    return at::linspace(start, end.item(), steps, of(dtype));
}
Tensor logspace_tt(
    const Tensor& start, const Tensor& end, int64_t steps, double base, Dtype dtype, Laid, Where, Pinned) {
    return at::logspace(start.item(), end.item(), steps, base, of(dtype));
}
Tensor logspace_ts(const Tensor& start, const at::Scalar& end, int64_t steps, double base, Dtype dtype, Laid,
    Where, Pinned) {
    return at::logspace(start.item(), end, steps, base, of(dtype));
}
Tensor logspace_st(const at::Scalar& start, const Tensor& end, int64_t steps, double base, Dtype dtype, Laid,
    Where, Pinned) {
    return at::logspace(start, end.item(), steps, base, of(dtype));
}

// aten/src/ATen/native/cuda/RNN.cu: gates of input, forget, cell and output in a row; the workspace keeps
// them activated.
std::tuple<Tensor, Tensor, Tensor> lstm_cell(const Tensor& of_input, const Tensor& of_hidden,
    const Tensor& cell, const OptionalTensor& input_bias, const OptionalTensor& hidden_bias) {
    Tensor gates = of_input + of_hidden;
    if (input_bias && input_bias->defined())
        gates = gates + *input_bias;
    if (hidden_bias && hidden_bias->defined())
        gates = gates + *hidden_bias;
    const auto parts = gates.chunk(4, 1);
    const Tensor in = parts[0].sigmoid(), forget = parts[1].sigmoid(), fresh = parts[2].tanh(),
                 out = parts[3].sigmoid();
    const Tensor next = forget * cell + in * fresh;
    return {out * next.tanh(), next, at::cat({in, forget, fresh, out}, 1)};
}
std::tuple<Tensor, Tensor, Tensor> lstm_cell_backward(const OptionalTensor& of_hidden,
    const OptionalTensor& of_cell, const Tensor& cell, const Tensor& next, const Tensor& workspace,
    bool has_bias) {
    const auto parts = workspace.chunk(4, 1);
    const Tensor &in = parts[0], &forget = parts[1], &fresh = parts[2], &out = parts[3];
    const Tensor h = of_hidden && of_hidden->defined() ? *of_hidden : at::zeros_like(cell);
    const Tensor squashed = next.tanh();
    Tensor c = h * out * (1 - squashed * squashed);
    if (of_cell && of_cell->defined())
        c = c + *of_cell;
    const Tensor gates = at::cat({c * fresh * in * (1 - in), c * cell * forget * (1 - forget),
                                     c * in * (1 - fresh * fresh), h * squashed * out * (1 - out)},
        1);
    return {gates, c * forget, has_bias ? gates.sum(0) : Tensor()};
}

Tensor functional_assert(const Tensor& self, std::string message, const Tensor& token) {
    assert_async(self, std::move(message));
    return token.clone();
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
        {"aten", "squeeze_.dims(Tensor(a!) self, int[] dim) -> Tensor(a!)", HOPSCOPE_KERNEL(squeeze_dims_)},
        {"aten", "sym_is_contiguous(Tensor self, MemoryFormat memory_format=contiguous_format) -> bool",
            HOPSCOPE_KERNEL(is_contiguous)},
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
        {"aten", "_chunk_cat(Tensor[] tensors, int dim, int num_chunks) -> Tensor",
            HOPSCOPE_KERNEL(chunk_cat)},
        {"aten",
            "linspace.Tensor_Tensor(Tensor start, Tensor end, int steps, *, ScalarType? dtype=None, Layout? "
            "layout=None, Device? device=None, bool? pin_memory=None) -> Tensor",
            HOPSCOPE_KERNEL(linspace_tt)},
        {"aten",
            "linspace.Tensor_Scalar(Tensor start, Scalar end, int steps, *, ScalarType? dtype=None, Layout? "
            "layout=None, Device? device=None, bool? pin_memory=None) -> Tensor",
            HOPSCOPE_KERNEL(linspace_ts)},
        {"aten",
            "linspace.Scalar_Tensor(Scalar start, Tensor end, int steps, *, ScalarType? dtype=None, Layout? "
            "layout=None, Device? device=None, bool? pin_memory=None) -> Tensor",
            HOPSCOPE_KERNEL(linspace_st)},
        {"aten",
            "logspace.Tensor_Tensor(Tensor start, Tensor end, int steps, float base=10.0, *, ScalarType? "
            "dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor",
            HOPSCOPE_KERNEL(logspace_tt)},
        {"aten",
            "logspace.Tensor_Scalar(Tensor start, Scalar end, int steps, float base=10.0, *, ScalarType? "
            "dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor",
            HOPSCOPE_KERNEL(logspace_ts)},
        {"aten",
            "logspace.Scalar_Tensor(Scalar start, Tensor end, int steps, float base=10.0, *, ScalarType? "
            "dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor",
            HOPSCOPE_KERNEL(logspace_st)},
        {"aten",
            "_thnn_fused_lstm_cell(Tensor input_gates, Tensor hidden_gates, Tensor cx, Tensor? "
            "input_bias=None, "
            "Tensor? hidden_bias=None) -> (Tensor, Tensor, Tensor)",
            HOPSCOPE_KERNEL(lstm_cell)},
        {"aten",
            "_thnn_fused_lstm_cell_backward_impl(Tensor? grad_hy, Tensor? grad_cy, Tensor cx, Tensor cy, "
            "Tensor "
            "workspace, bool has_bias) -> (Tensor, Tensor, Tensor)",
            HOPSCOPE_KERNEL(lstm_cell_backward)},
        {"aten", "_functional_assert_async.msg(Tensor self, str assert_msg, Tensor dep_token) -> Tensor",
            HOPSCOPE_KERNEL(functional_assert)},
        {"aten", "_int_mm(Tensor self, Tensor mat2) -> Tensor", HOPSCOPE_KERNEL(int_mm)},
    };
    return table;
}

} // namespace hopscope::executor
