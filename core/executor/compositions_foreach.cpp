// Operators over lists of tensors (aten/src/ATen/native/ForeachOpsKernels.cpp): one by one.
#include "core/executor/composition.h"
#include "core/executor/torch.h"

namespace hopscope::executor {

namespace {

using at::Scalar;
using at::Tensor;
using Tensors = at::TensorList;
using Scalars = at::ArrayRef<Scalar>;
using Made = std::vector<Tensor>;

template <class F> Made each(Tensors self, size_t others, const F& made) {
    TORCH_CHECK(self.size() == others, "the lists have ", self.size(), " and ", others, " items");
    Made all;
    all.reserve(self.size());
    for (size_t i = 0; i < self.size(); ++i)
        all.push_back(made(i));
    return all;
}
template <Tensor (*Op)(const Tensor&)> Made of_each(Tensors self) {
    return each(self, self.size(), [&](size_t i) { return Op(self[i]); });
}
template <Tensor (*Op)(const Tensor&, const Tensor&)> Made by_list(Tensors self, Tensors other) {
    return each(self, other.size(), [&](size_t i) { return Op(self[i], other[i]); });
}
template <Tensor (*Op)(const Tensor&, const Tensor&)> Made by_tensor(Tensors self, const Tensor& other) {
    return each(self, self.size(), [&](size_t i) { return Op(self[i], other); });
}
template <Tensor (*Op)(const Tensor&, const Scalar&)> Made by_scalar(Tensors self, const Scalar& other) {
    return each(self, self.size(), [&](size_t i) { return Op(self[i], other); });
}
template <Tensor (*Op)(const Tensor&, const Scalar&)> Made by_scalars(Tensors self, Scalars other) {
    return each(self, other.size(), [&](size_t i) { return Op(self[i], other[i]); });
}

Tensor rsqrt(const Tensor& a) {
    return a.rsqrt();
}
Tensor sign(const Tensor& a) {
    return a.sign();
}
Tensor largest(const Tensor& a) {
    return a.max();
}
Tensor maximum(const Tensor& a, const Tensor& b) {
    return at::maximum(a, b);
}
Tensor minimum(const Tensor& a, const Tensor& b) {
    return at::minimum(a, b);
}
Tensor at_least(const Tensor& a, const Scalar& b) {
    return a.clamp_min(b);
}
Tensor at_most(const Tensor& a, const Scalar& b) {
    return a.clamp_max(b);
}
Tensor power(const Tensor& a, const Tensor& b) {
    return a.pow(b);
}
Tensor power_of(const Tensor& a, const Scalar& b) {
    return a.pow(b);
}
Tensor product(const Tensor& a, const Tensor& b) {
    return a.mul(b);
}
Tensor quotient(const Tensor& a, const Tensor& b) {
    return a.div(b);
}
Tensor matrix_product(const Tensor& a, const Tensor& b) {
    return a.mm(b);
}
Made power_from(const Scalar& self, Tensors exponent) {
    return each(exponent, exponent.size(), [&](size_t i) { return at::pow(self, exponent[i]); });
}
Made add(Tensors self, const Tensor& other, const Scalar& alpha) {
    return each(self, self.size(), [&](size_t i) { return self[i].add(other, alpha); });
}
Made clone(Tensors self, TorchOptional<at::MemoryFormat> format) {
    return each(self, self.size(), [&](size_t i) { return self[i].clone(format); });
}
Made copy(Tensors self, Tensors from, bool) {
    return each(self, from.size(), [&](size_t i) { return at::empty_like(self[i]).copy_(from[i]); });
}
Made lerp_list(Tensors self, Tensors end, Tensors weights) {
    return each(self, end.size(), [&](size_t i) { return self[i].lerp(end[i], weights[i]); });
}
Made lerp(Tensors self, Tensors end, const Scalar& weight) {
    return each(self, end.size(), [&](size_t i) { return self[i].lerp(end[i], weight); });
}
Made lerp_scalars(Tensors self, Tensors end, Scalars weights) {
    return each(self, end.size(), [&](size_t i) { return self[i].lerp(end[i], weights[i]); });
}
Made addcmul(Tensors self, Tensors a, Tensors b, const Tensor& scalars) {
    return each(self, a.size(),
        [&](size_t i) { return self[i].addcmul(a[i], b[i], scalars[static_cast<int64_t>(i)].item()); });
}
Made addcdiv(Tensors self, Tensors a, Tensors b, const Tensor& scalars) {
    return each(self, a.size(),
        [&](size_t i) { return self[i].addcdiv(a[i], b[i], scalars[static_cast<int64_t>(i)].item()); });
}
Made power_sums(Tensors self, const Scalar& order, TorchOptional<at::ScalarType> dtype) {
    return each(self, self.size(), [&](size_t i) { return self[i].abs().pow(order).sum(dtype); });
}

} // namespace

const std::vector<Composition>& foreach_compositions() {
    static const std::vector<Composition> table{
        {"aten", "_foreach_rsqrt(Tensor[] self) -> Tensor[]", HOPSCOPE_THROUGH(of_each<rsqrt>)},
        {"aten", "_foreach_sign(Tensor[] self) -> Tensor[]", HOPSCOPE_THROUGH(of_each<sign>)},
        {"aten", "_foreach_max(Tensor[] self) -> Tensor[]", HOPSCOPE_THROUGH(of_each<largest>)},
        {"aten", "_foreach_clamp_min.Scalar(Tensor[] self, Scalar scalar) -> Tensor[]",
            HOPSCOPE_THROUGH(by_scalar<at_least>)},
        {"aten", "_foreach_clamp_min.List(Tensor[] self, Tensor[] other) -> Tensor[]",
            HOPSCOPE_THROUGH(by_list<maximum>)},
        {"aten", "_foreach_clamp_min.ScalarList(Tensor[] self, Scalar[] scalars) -> Tensor[]",
            HOPSCOPE_THROUGH(by_scalars<at_least>)},
        {"aten", "_foreach_clamp_max.Scalar(Tensor[] self, Scalar scalar) -> Tensor[]",
            HOPSCOPE_THROUGH(by_scalar<at_most>)},
        {"aten", "_foreach_clamp_max.List(Tensor[] self, Tensor[] other) -> Tensor[]",
            HOPSCOPE_THROUGH(by_list<minimum>)},
        {"aten", "_foreach_clamp_max.ScalarList(Tensor[] self, Scalar[] scalars) -> Tensor[]",
            HOPSCOPE_THROUGH(by_scalars<at_most>)},
        {"aten", "_foreach_maximum.Scalar(Tensor[] self, Scalar scalar) -> Tensor[]",
            HOPSCOPE_THROUGH(by_scalar<at_least>)},
        {"aten", "_foreach_maximum.ScalarList(Tensor[] self, Scalar[] scalars) -> Tensor[]",
            HOPSCOPE_THROUGH(by_scalars<at_least>)},
        {"aten", "_foreach_minimum.Scalar(Tensor[] self, Scalar scalar) -> Tensor[]",
            HOPSCOPE_THROUGH(by_scalar<at_most>)},
        {"aten", "_foreach_minimum.ScalarList(Tensor[] self, Scalar[] scalars) -> Tensor[]",
            HOPSCOPE_THROUGH(by_scalars<at_most>)},
        {"aten", "_foreach_pow.List(Tensor[] self, Tensor[] exponent) -> Tensor[]",
            HOPSCOPE_THROUGH(by_list<power>)},
        {"aten", "_foreach_pow.Scalar(Tensor[] self, Scalar exponent) -> Tensor[]",
            HOPSCOPE_THROUGH(by_scalar<power_of>)},
        {"aten", "_foreach_pow.ScalarList(Tensor[] self, Scalar[] exponent) -> Tensor[]",
            HOPSCOPE_THROUGH(by_scalars<power_of>)},
        {"aten", "_foreach_pow.ScalarAndTensor(Scalar self, Tensor[] exponent) -> Tensor[]",
            HOPSCOPE_THROUGH(power_from)},
        {"aten", "_foreach_mul.Tensor(Tensor[] self, Tensor other) -> Tensor[]",
            HOPSCOPE_THROUGH(by_tensor<product>)},
        {"aten", "_foreach_div.Tensor(Tensor[] self, Tensor other) -> Tensor[]",
            HOPSCOPE_THROUGH(by_tensor<quotient>)},
        {"aten", "_foreach_add.Tensor(Tensor[] self, Tensor other, *, Scalar alpha=1) -> Tensor[]",
            HOPSCOPE_THROUGH(add)},
        {"aten", "_foreach_mm(Tensor[] self, Tensor[] mat2) -> Tensor[]",
            HOPSCOPE_THROUGH(by_list<matrix_product>)},
        {"aten", "_foreach_clone(Tensor[] self, *, MemoryFormat? memory_format=None) -> Tensor[]",
            HOPSCOPE_THROUGH(clone)},
        {"aten", "_foreach_copy(Tensor[] self, Tensor[] src, bool non_blocking=False) -> Tensor[]",
            HOPSCOPE_KERNEL(copy)},
        {"aten", "_foreach_lerp.List(Tensor[] self, Tensor[] tensors1, Tensor[] weights) -> Tensor[]",
            HOPSCOPE_THROUGH(lerp_list)},
        {"aten", "_foreach_lerp.Scalar(Tensor[] self, Tensor[] tensors1, Scalar weight) -> Tensor[]",
            HOPSCOPE_THROUGH(lerp)},
        {"aten", "_foreach_lerp.ScalarList(Tensor[] self, Tensor[] tensors1, Scalar[] weight) -> Tensor[]",
            HOPSCOPE_THROUGH(lerp_scalars)},
        {"aten",
            "_foreach_addcmul.Tensor(Tensor[] self, Tensor[] tensor1, Tensor[] tensor2, Tensor scalars) -> "
            "Tensor[]",
            HOPSCOPE_THROUGH(addcmul)},
        {"aten",
            "_foreach_addcdiv.Tensor(Tensor[] self, Tensor[] tensor1, Tensor[] tensor2, Tensor scalars) -> "
            "Tensor[]",
            HOPSCOPE_THROUGH(addcdiv)},
        {"aten", "_foreach_powsum.Scalar(Tensor[] self, Scalar ord=2, ScalarType? dtype=None) -> Tensor[]",
            HOPSCOPE_THROUGH(power_sums)},
    };
    return table;
}

} // namespace hopscope::executor
