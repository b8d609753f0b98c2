// Matrix products that PyTorch has for GPUs only: grouped, scaled (float8), with an output type of their own.
// Products accumulate in float32 and are rounded once.
#include "core/executor/attention.h"
#include "core/executor/composition.h"

#include <algorithm>

namespace hopscope::executor {

namespace {

using at::Tensor;
using Optional = OptionalTensor;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;
using Dtype = TorchOptional<at::ScalarType>;

Tensor wide(const Tensor& tensor) {
    const at::ScalarType type = tensor.scalar_type();
    return type == at::kDouble || type == at::kFloat || !at::isFloatingType(type) ? tensor
                                                                                  : tensor.to(at::kFloat);
}

Tensor mm_dtype(const Tensor& self, const Tensor& other, at::ScalarType dtype) {
    return at::mm(wide(self), wide(other)).to(dtype);
}
Tensor bmm_dtype(const Tensor& self, const Tensor& other, at::ScalarType dtype) {
    return at::bmm(wide(self), wide(other)).to(dtype);
}
Tensor addmm_dtype(const Tensor& self, const Tensor& first, const Tensor& second, at::ScalarType dtype,
    const at::Scalar& beta, const at::Scalar& alpha) {
    return at::addmm(wide(self), wide(first), wide(second), beta, alpha).to(dtype);
}
Tensor baddbmm_dtype(const Tensor& self, const Tensor& first, const Tensor& second, at::ScalarType dtype,
    const at::Scalar& beta, const at::Scalar& alpha) {
    return at::baddbmm(wide(self), wide(first), wide(second), beta, alpha).to(dtype);
}

// aten/src/ATen/native/GroupedMMUtils.h, create_grouped_gemm_output_tensor: rows of a multiple of 16 bytes.
Tensor grouped_output(at::IntArrayRef sizes, at::ScalarType type) {
    const int64_t per_row = 16 / static_cast<int64_t>(c10::elementSize(type));
    const int64_t row = (sizes.back() + per_row - 1) / per_row * per_row;
    std::vector<int64_t> strides(sizes.size(), 1);
    strides[sizes.size() - 2] = row;
    if (sizes.size() == 3)
        strides[0] = sizes[1] * row;
    const Tensor all = at::empty_strided(sizes, strides, at::dtype(type));
    return all.zero_();
}

// Group g ends before offsets[g]. Of two matrices the inner dimension is grouped; else the dimension that one
// of them lacks; two batches are multiplied one by one (meta of _grouped_mm in torch/_meta_registrations.py).
Tensor grouped_mm(
    const Tensor& self, const Tensor& other, const Optional& offsets, const Optional& bias, Dtype dtype) {
    TORCH_CHECK(!bias || !bias->defined(), "a grouped product with a bias is not composed");
    const at::ScalarType type = dtype ? *dtype : self.scalar_type();
    const bool flat = self.dim() == 2, other_flat = other.dim() == 2;
    TORCH_CHECK((flat || self.dim() == 3) && (other_flat || other.dim() == 3),
        "a grouped product takes matrices and batches of them");
    const Tensor a = wide(self), b = wide(other);
    if (!flat && !other_flat) {
        const Tensor output = grouped_output({a.size(0), a.size(1), b.size(2)}, type);
        return output.copy_(at::bmm(a, b));
    }
    TORCH_CHECK(offsets && offsets->defined() && offsets->dim() == 1, "a grouped product needs offsets");
    const Tensor ends = offsets->to(at::kLong).contiguous();
    const int64_t* end = ends.data_ptr<int64_t>();
    const int64_t groups = ends.size(0), rows = self.size(-2), columns = other.size(-1);
    const int64_t grouped = flat && other_flat ? self.size(1) : flat ? rows : columns;
    const Tensor output = flat && other_flat ? grouped_output({groups, rows, columns}, type)
                                             : grouped_output({rows, columns}, type);
    int64_t begin = 0;
    for (int64_t g = 0; g < groups; begin = end[g], ++g) {
        TORCH_CHECK(end[g] >= begin && end[g] <= grouped, "group ", g, " ends at ", end[g], ", after ", begin,
            " and not beyond ", grouped, " was expected");
        const int64_t length = end[g] - begin;
        if (flat && other_flat)
            output[g].copy_(at::mm(a.narrow(1, begin, length), b.narrow(0, begin, length)));
        else if (flat)
            output.narrow(0, begin, length).copy_(at::mm(a.narrow(0, begin, length), b[g]));
        else
            output.narrow(1, begin, length).copy_(at::mm(a[g], b.narrow(1, begin, length)));
    }
    return output;
}

// tools/autograd/derivatives.yaml, _grouped_mm: each gradient is a grouped product again, transposed where
// the operand lies column by column (_grouped_mm_mat1_backward in torch/csrc/autograd/FunctionsManual.cpp).
class GroupedFunction : public torch::autograd::Function<GroupedFunction> {
public:
    static auto op() {
        static const auto found = c10::Dispatcher::singleton()
                                      .findSchemaOrThrow("aten::_grouped_mm", "")
                                      .typed<decltype(grouped_mm)>();
        return found;
    }
    static Tensor forward(AutogradContext* context, const Tensor& self, const Tensor& other,
        const Optional& offsets, Dtype dtype) {
        const at::AutoDispatchBelowADInplaceOrView below;
        context->save_for_backward({self, other, offsets ? *offsets : Tensor()});
        return op().call(self, other, offsets, {}, dtype);
    }
    static bool by_columns(const Tensor& tensor) {
        const int64_t last = tensor.dim() - 1;
        return tensor.stride(last - 1) == 1 && tensor.stride(last) == tensor.size(last - 1);
    }
    static variable_list backward(AutogradContext* context, const variable_list& gradients) {
        const variable_list saved = context->get_saved_variables();
        const Tensor &self = saved[0], &other = saved[1], &g = gradients[0];
        const Optional offsets = saved[2].defined() ? Optional(saved[2]) : Optional();
        const auto turned = [](const Tensor& tensor) { return tensor.transpose(-2, -1); };
        const auto product = [&](const Tensor& a, const Tensor& b) {
            return op().call(a, b, offsets, {}, {});
        };
        return {by_columns(self) ? turned(product(other, turned(g))) : product(g, turned(other)),
            by_columns(other) ? turned(product(turned(g), self)) : product(turned(self), g), {}, {}};
    }
};
Tensor grouped_mm_autograd(
    const Tensor& self, const Tensor& other, const Optional& offsets, const Optional& bias, Dtype dtype) {
    TORCH_CHECK(!bias || !bias->defined(), "a grouped product with a bias is not composed");
    return GroupedFunction::apply(self, other, offsets, dtype);
}

// A scale for each element that it serves: one for all, for each row or column, or for blocks of them.
Tensor spread(const Tensor& scale, at::IntArrayRef sizes) {
    if (scale.numel() == 1)
        return scale.to(at::kFloat).reshape({});
    Tensor all = scale.to(at::kFloat);
    TORCH_CHECK(all.dim() == 2, "a scale of ", all.dim(), " dimensions for a matrix is not composed");
    for (int64_t d = 0; d < 2; ++d) {
        const int64_t size = sizes[static_cast<size_t>(d)], given = all.size(d);
        if (given == 1 || given == size)
            continue;
        const int64_t block = (size + given - 1) / given;
        all = all.repeat_interleave(block, d).narrow(d, 0, size);
    }
    return all;
}

Tensor scaled_mm(const Tensor& self, const Tensor& other, const Tensor& scale_a, const Tensor& scale_b,
    const Optional& bias, const Optional& scale_result, Dtype dtype, bool) {
    const Tensor a = wide(self), b = wide(other);
    const Tensor of_a = spread(scale_a, a.sizes()), of_b = spread(scale_b, b.sizes());
    // What is the same along the inner dimension is applied to the result, as the kernels do.
    const bool after = (of_a.dim() == 0 || of_a.size(1) == 1) && (of_b.dim() == 0 || of_b.size(0) == 1);
    Tensor found = after ? at::mm(a, b).mul_(of_a).mul_(of_b) : at::mm(a * of_a, b * of_b);
    if (bias && bias->defined())
        found = found + wide(*bias);
    if (scale_result && scale_result->defined())
        found = found * scale_result->to(at::kFloat);
    return found.to(dtype ? *dtype : self.scalar_type());
}

// Weights of 8 bits with a scale for each row (_weight_int8pack_mm in
// aten/src/ATen/native/LinearAlgebra.cpp).
Tensor weight_int8pack_mm(const Tensor& self, const Tensor& weight, const Tensor& scales) {
    return self.to(at::kFloat)
        .mm(weight.to(at::kFloat).t())
        .mul(scales.to(at::kFloat))
        .to(self.scalar_type());
}

} // namespace

const std::vector<Composition>& product_compositions() {
    static const std::vector<Composition> table{
        {"aten", "mm.dtype(Tensor self, Tensor mat2, ScalarType out_dtype) -> Tensor",
            HOPSCOPE_KERNEL(mm_dtype)},
        {"aten", "bmm.dtype(Tensor self, Tensor mat2, ScalarType out_dtype) -> Tensor",
            HOPSCOPE_KERNEL(bmm_dtype)},
        {"aten",
            "addmm.dtype(Tensor self, Tensor mat1, Tensor mat2, ScalarType out_dtype, *, Scalar beta=1, "
            "Scalar "
            "alpha=1) -> Tensor",
            HOPSCOPE_KERNEL(addmm_dtype)},
        {"aten",
            "baddbmm.dtype(Tensor self, Tensor batch1, Tensor batch2, ScalarType out_dtype, *, Scalar "
            "beta=1, "
            "Scalar alpha=1) -> Tensor",
            HOPSCOPE_KERNEL(baddbmm_dtype)},
        {"aten",
            "_grouped_mm(Tensor self, Tensor mat2, Tensor? offs=None, Tensor? bias=None, ScalarType? "
            "out_dtype=None) -> Tensor",
            HOPSCOPE_KERNEL(grouped_mm), HOPSCOPE_AUTOGRAD(grouped_mm_autograd)},
        {"aten",
            "_scaled_mm(Tensor self, Tensor mat2, Tensor scale_a, Tensor scale_b, Tensor? bias=None, Tensor? "
            "scale_result=None, ScalarType? out_dtype=None, bool use_fast_accum=False) -> Tensor",
            HOPSCOPE_KERNEL(scaled_mm)},
        {"aten", "_weight_int8pack_mm(Tensor self, Tensor mat2, Tensor scales) -> Tensor",
            HOPSCOPE_KERNEL(weight_int8pack_mm)},
    };
    return table;
}

} // namespace hopscope::executor
