#include "core/executor/composition.h"

namespace hopscope::executor {

namespace {

using at::Tensor;
using Indices = c10::List<OptionalTensor>;

// "Unsafe" leaves out the check on the device; the CPU always checks.
Tensor unsafe_index(const Tensor& self, const Indices& indices) {
    return at::index(self, indices);
}
Tensor unsafe_index_put(const Tensor& self, const Indices& indices, const Tensor& values, bool accumulate) {
    return at::index_put(self, indices, values, accumulate);
}

// Where the mask is false an index may point anywhere: it is brought inside, and what it reads is not used
// (aten/src/ATen/native/TensorAdvancedIndexing.cpp, _unsafe_masked_index).
Indices inside(const Tensor& self, const Indices& indices) {
    Indices all;
    for (size_t i = 0; i < indices.size(); ++i) {
        const OptionalTensor index = indices.get(i);
        const int64_t size = self.size(static_cast<int64_t>(i));
        all.push_back(
            index && index->defined() ? OptionalTensor(index->to(at::kLong).clamp(-size, size - 1)) : index);
    }
    return all;
}
Tensor masked_index(const Tensor& self, const Tensor& mask, const Indices& indices, const at::Scalar& fill) {
    TORCH_CHECK(self.numel() > 0, "indexing an empty tensor through a mask is not composed");
    return at::index(self, inside(self, indices)).masked_fill(mask.logical_not(), fill);
}
Tensor masked_index_put_accumulate(
    const Tensor& self, const Tensor& mask, const Indices& indices, const Tensor& values) {
    if (self.numel() == 0)
        return self.clone();
    return at::index_put(
        self, inside(self, indices), values.masked_fill(mask.logical_not(), 0), /*accumulate=*/true);
}

Tensor masked_scatter_backward(const Tensor& gradient, const Tensor& mask, at::IntArrayRef sizes) {
    const Tensor selected = gradient.masked_select(mask);
    const int64_t missing = c10::multiply_integers(sizes) - selected.numel();
    if (missing <= 0)
        return selected.view(sizes);
    return at::cat({selected, at::zeros({missing}, gradient.options())}).view(sizes);
}

Tensor nonzero_static(const Tensor& self, int64_t size, int64_t fill) {
    const Tensor found = self.nonzero();
    if (found.size(0) >= size)
        return found.narrow(0, 0, size).contiguous();
    return at::cat({found, at::full({size - found.size(0), found.size(1)}, fill, found.options())});
}

// In place: the first tensor is the result.
Tensor unsafe_index_put_(Tensor self, const Indices& indices, const Tensor& values, bool accumulate) {
    return self.index_put_(indices, values, accumulate);
}

// The derivative of what a flex_attention's graph looks up in a tensor (ModIndex in
// torch/_dynamo/_trace_wrapped_higher_order_op.py): every score of a block adds its share, so that indices
// which stand for several scores are spread over them.
Tensor zeros_and_scatter(at::IntArrayRef shape, at::TensorList indices, const Tensor& values) {
    std::vector<Tensor> all = indices.vec();
    all.push_back(values);
    all = at::broadcast_tensors(all);
    c10::List<TorchOptional<Tensor>> places;
    for (size_t i = 0; i + 1 < all.size(); ++i)
        places.push_back(all[i].to(at::kLong));
    return at::zeros(shape, values.options()).index_put(places, all.back(), /*accumulate=*/true);
}

} // namespace

const std::vector<Composition>& index_compositions() {
    static const std::vector<Composition> table{
        {"flex_lib", "zeros_and_scatter(int[] shape, Tensor[] indices, Tensor vals) -> Tensor",
            HOPSCOPE_KERNEL(zeros_and_scatter)},
        {"aten", "_unsafe_index.Tensor(Tensor self, Tensor?[] indices) -> Tensor",
            HOPSCOPE_THROUGH(unsafe_index)},
        {"aten",
            "_unsafe_index_put(Tensor self, Tensor?[] indices, Tensor values, bool accumulate=False) -> "
            "Tensor",
            HOPSCOPE_THROUGH(unsafe_index_put)},
        {"aten", "_unsafe_masked_index(Tensor self, Tensor mask, Tensor?[] indices, Scalar fill) -> Tensor",
            HOPSCOPE_THROUGH(masked_index)},
        {"aten",
            "_unsafe_masked_index_put_accumulate(Tensor self, Tensor mask, Tensor?[] indices, Tensor values) "
            "-> Tensor",
            HOPSCOPE_THROUGH(masked_index_put_accumulate)},
        {"aten", "masked_scatter_backward(Tensor grad_output, Tensor mask, int[] sizes) -> Tensor",
            HOPSCOPE_KERNEL(masked_scatter_backward)},
        {"aten", "nonzero_static(Tensor self, *, int size, int fill_value=-1) -> Tensor",
            HOPSCOPE_KERNEL(nonzero_static)},
        {"prims",
            "_unsafe_index_put_(Tensor(a!) self, Tensor?[] indices, Tensor values, bool accumulate=False) -> "
            "Tensor(a!)",
            HOPSCOPE_KERNEL(unsafe_index_put_)},
    };
    return table;
}

} // namespace hopscope::executor
