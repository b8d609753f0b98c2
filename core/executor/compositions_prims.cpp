#include "core/executor/compositions_prims.h"

#include "core/executor/composition.h"
#include "core/executor/torch.h"

#include <algorithm>

#include <cmath>
#include <limits>

namespace hopscope::executor {

namespace {

using at::Tensor;
using Dims = at::OptionalIntArrayRef;
using Dtype = TorchOptional<at::ScalarType>;

Tensor convert_element_type(const Tensor& a, at::ScalarType dtype) {
    return a.to(dtype);
}
Tensor device_put(const Tensor& a, at::Device, bool) {
    return a.clone(); // everything is on the CPU already
}

Tensor iota(int64_t length, int64_t start, int64_t step, at::ScalarType dtype, at::Device, bool) {
    return at::arange(length, at::dtype(at::kLong)).mul(step).add(start).to(dtype);
}
Tensor full(at::IntArrayRef shape, const at::Scalar& value, at::ScalarType dtype, at::Device, bool) {
    return at::full(shape, value, at::dtype(dtype));
}
Tensor full_like(const Tensor& a, const at::Scalar& value, at::ScalarType dtype, at::Device, bool) {
    return at::full_like(a, value, at::dtype(dtype));
}
Tensor scalar_tensor(const at::Scalar& value, Dtype dtype, TorchOptional<at::Device>) {
    return dtype ? at::scalar_tensor(value, at::dtype(*dtype)) : at::scalar_tensor(value);
}
Tensor empty_strided(at::IntArrayRef shape, at::IntArrayRef stride, at::ScalarType dtype, at::Device, bool) {
    return at::empty_strided(shape, stride, at::dtype(dtype));
}
Tensor fill(const Tensor& self, const at::Scalar& value) {
    return at::full_like(self, value);
}

Tensor broadcast_in_dim(const Tensor& a, at::IntArrayRef shape, at::IntArrayRef dimensions) {
    TORCH_CHECK(static_cast<int64_t>(dimensions.size()) == a.dim(), "one dimension each was expected");
    // The dimensions that are not named are put in, as a view.
    Tensor between = a;
    for (int64_t d = 0; d < static_cast<int64_t>(shape.size()); ++d)
        if (std::find(dimensions.begin(), dimensions.end(), d) == dimensions.end())
            between = between.unsqueeze(d);
    return between.expand(shape);
}
Tensor squeeze(const Tensor& a, at::IntArrayRef dimensions) {
    std::vector<int64_t> falling(dimensions.begin(), dimensions.end());
    std::sort(falling.rbegin(), falling.rend());
    Tensor result = a;
    for (const int64_t d : falling)
        result = result.squeeze(d);
    return result;
}
std::vector<int64_t> collapsed(const Tensor& a, int64_t start, int64_t end) {
    std::vector<int64_t> shape = a.sizes().vec();
    for (int64_t d = start + 1; d <= end; ++d)
        shape[static_cast<size_t>(start)] *= a.size(d);
    shape.erase(shape.begin() + start + 1, shape.begin() + end + 1);
    return shape;
}
Tensor collapse_view(const Tensor& a, int64_t start, int64_t end) {
    return a.view(collapsed(a, start, end));
}
Tensor collapse(const Tensor& a, int64_t start, int64_t end) {
    return a.reshape(collapsed(a, start, end)).clone(at::MemoryFormat::Contiguous);
}
Tensor split_dim(const Tensor& a, int64_t dim, int64_t outer) {
    std::vector<int64_t> shape = a.sizes().vec();
    const int64_t inner = shape[static_cast<size_t>(dim)] / outer;
    shape[static_cast<size_t>(dim)] = outer;
    shape.insert(shape.begin() + dim + 1, inner);
    return a.view(shape);
}
Tensor reshape(const Tensor& a, at::IntArrayRef shape) {
    return a.reshape(shape).clone(at::MemoryFormat::Contiguous);
}
Tensor rev(const Tensor& a, at::IntArrayRef dims) {
    return a.flip(dims);
}

std::vector<int64_t> given_or_all(const Tensor& input, Dims dims) {
    if (dims)
        return dims->vec();
    std::vector<int64_t> all(static_cast<size_t>(input.dim()));
    for (size_t d = 0; d < all.size(); ++d)
        all[d] = static_cast<int64_t>(d);
    return all;
}
Tensor prims_sum(const Tensor& input, Dims dims, Dtype dtype) {
    return dims ? at::sum(input, *dims, /*keepdim=*/false, dtype) : at::sum(input, dtype);
}
Tensor prims_prod(const Tensor& input, Dims dims, Dtype dtype) {
    std::vector<int64_t> falling = given_or_all(input, dims);
    std::sort(falling.rbegin(), falling.rend());
    Tensor result = input;
    for (const int64_t d : falling)
        result = at::prod(result, d, /*keepdim=*/false, dtype);
    return result;
}
Tensor prims_amax(const Tensor& input, Dims dims, Dtype dtype) {
    const Tensor result = at::amax(input, given_or_all(input, dims));
    return dtype ? result.to(*dtype) : result;
}
Tensor prims_amin(const Tensor& input, Dims dims, Dtype dtype) {
    const Tensor result = at::amin(input, given_or_all(input, dims));
    return dtype ? result.to(*dtype) : result;
}
Tensor prims_var(const Tensor& input, Dims dims, TorchOptional<double> correction, Dtype dtype) {
    const std::vector<int64_t> over = given_or_all(input, dims);
    double count = 1;
    for (const int64_t d : over)
        count *= static_cast<double>(input.size(d));
    const double missing = correction ? *correction : 1;
    const Tensor mean = input.mean(over, /*keepdim=*/true);
    const Tensor result = (input - mean).pow(2).sum(over).div(std::max(count - missing, 0.0));
    return dtype ? result.to(*dtype) : result;
}

// Whole numbers are divided towards zero (torch/_prims, _div_aten).
Tensor div(const Tensor& self, const Tensor& other) {
    if (at::isIntegralType(self.scalar_type(), /*includeBool=*/true))
        return at::div(self, other, "trunc");
    return at::div(self, other);
}
Tensor cbrt(const Tensor& self) {
    return self.abs().pow(1.0 / 3).mul(self.sign());
}
// torch/_inductor/inductor_prims.py
Tensor fma(const Tensor& a, const Tensor& b, const Tensor& c) {
    return a * b + c;
}
std::tuple<Tensor, Tensor> prepare_softmax_online(const Tensor& a, int64_t dim) {
    const Tensor largest = at::amax(a, dim, /*keepdim=*/true);
    return {largest, (a - largest).exp().sum(dim, /*keepdim=*/true)};
}
Tensor force_stride_order(const Tensor& input, at::IntArrayRef stride) {
    if (input.strides() == stride)
        return input;
    const Tensor result = at::empty_strided(input.sizes(), stride, input.options());
    return result.copy_(input);
}

// torch/_inductor/inductor_prims.py: where in its window the largest value stands, and back to where in the
// input.
std::vector<Tensor> coordinates(const Tensor& flat, at::IntArrayRef sizes) {
    std::vector<Tensor> all(sizes.size());
    Tensor rest = flat;
    for (size_t d = sizes.size(); d-- > 0;) {
        all[d] = rest.remainder(sizes[d]);
        rest = at::div(rest, sizes[d], "floor");
    }
    return all;
}
Tensor flattened(const std::vector<Tensor>& places, at::IntArrayRef sizes) {
    Tensor flat = places[0];
    for (size_t d = 1; d < places.size(); ++d)
        flat = flat.mul(sizes[d]).add(places[d]);
    return flat;
}
// Where the windows begin, along dimension d of the last `count`.
Tensor window_begins(const Tensor& pooled, size_t d, size_t count, int64_t stride, int64_t padding) {
    std::vector<int64_t> shape(static_cast<size_t>(pooled.dim()), 1);
    const size_t at = shape.size() - count + d;
    shape[at] = -1;
    return at::arange(pooled.size(static_cast<int64_t>(at)), at::dtype(at::kLong))
        .view(shape)
        .mul(stride)
        .sub(padding);
}
std::tuple<Tensor, Tensor> max_pool_with_offsets(const Tensor& self, at::IntArrayRef kernel,
    at::IntArrayRef stride, at::IntArrayRef padding, at::IntArrayRef dilation, bool ceil) {
    const size_t count = kernel.size();
    const auto [values, indices] = count == 2
        ? at::max_pool2d_with_indices(self, kernel, stride, padding, dilation, ceil)
        : at::max_pool3d_with_indices(self, kernel, stride, padding, dilation, ceil);
    std::vector<Tensor> places = coordinates(indices, self.sizes().slice(self.sizes().size() - count));
    for (size_t d = 0; d < count; ++d)
        places[d] = at::div(
            places[d] - window_begins(indices, d, count, stride[d], padding[d]), dilation[d], "floor");
    return {values, flattened(places, kernel).to(at::kChar)};
}
Tensor max_pool_indices(const Tensor& self, at::IntArrayRef kernel, at::IntArrayRef input,
    at::IntArrayRef stride, at::IntArrayRef padding, at::IntArrayRef dilation) {
    const size_t count = kernel.size();
    std::vector<Tensor> places = coordinates(self.to(at::kLong), kernel);
    for (size_t d = 0; d < count; ++d)
        places[d] = places[d].mul(dilation[d]) + window_begins(self, d, count, stride[d], padding[d]);
    return flattened(places, input);
}

constexpr int64_t kMostSeed = std::numeric_limits<int64_t>::max();
Tensor seed(at::Device) {
    return at::randint(kMostSeed, {}, at::dtype(at::kLong));
}
Tensor seeds(int64_t count, at::Device) {
    return at::randint(kMostSeed, {count}, at::dtype(at::kLong));
}
Tensor lookup_seed(const Tensor& all, int64_t index) {
    return all.select(0, index).clone();
}
// A generator for each seed: forward and backward draw the same numbers from the same seed, as Inductor's
// code does.
at::Generator generator_of(const Tensor& seed) {
    return at::make_generator<at::CPUGeneratorImpl>(static_cast<uint64_t>(seed.item().toLong()));
}
Tensor random(at::IntArrayRef size, const Tensor& seed, std::string mode, Dtype) {
    TORCH_CHECK(mode == "rand" || mode == "randn", "random numbers of the kind '", mode, "' are not known");
    return mode == "rand" ? at::rand(size, generator_of(seed), at::dtype(at::kFloat))
                          : at::randn(size, generator_of(seed), at::dtype(at::kFloat));
}
Tensor randint(int64_t low, int64_t high, at::IntArrayRef size, const Tensor& seed) {
    return at::randint(low, high, size, generator_of(seed), at::dtype(at::kLong));
}
Tensor normal(at::IntArrayRef shape, const at::Scalar& mean, const at::Scalar& deviation,
    at::ScalarType dtype, at::Device, bool, TorchOptional<at::Generator> generator) {
    return at::normal(mean.toDouble(), deviation.toDouble(), shape, generator, at::dtype(dtype));
}

Tensor make_token() {
    return at::empty({0});
}
void sink_tokens(at::TensorList) { }

} // namespace

const std::vector<Composition>& prims_compositions() {
    static const std::vector<Composition> table{
        {"prims", "convert_element_type(Tensor a, ScalarType dtype) -> Tensor",
            HOPSCOPE_THROUGH(convert_element_type)},
        {"prims", "device_put(Tensor a, Device device, bool non_blocking=False) -> Tensor",
            HOPSCOPE_THROUGH(device_put)},
        {"prims",
            "iota(int length, *, int start, int step, ScalarType dtype, Device device, bool requires_grad) "
            "-> Tensor",
            HOPSCOPE_KERNEL(iota)},
        {"prims",
            "full(int[] shape, Scalar fill_value, *, ScalarType dtype, Device device, bool requires_grad) -> "
            "Tensor",
            HOPSCOPE_KERNEL(full)},
        {"prims",
            "full_like(Tensor a, Scalar fill_value, *, ScalarType dtype, Device device, bool requires_grad) "
            "-> Tensor",
            HOPSCOPE_THROUGH(full_like)},
        {"prims", "scalar_tensor(Scalar s, *, ScalarType? dtype=None, Device? device=None) -> Tensor",
            HOPSCOPE_KERNEL(scalar_tensor)},
        {"prims",
            "empty_strided(int[] shape, int[] strides, *, ScalarType dtype, Device device, bool "
            "requires_grad) -> Tensor",
            HOPSCOPE_KERNEL(empty_strided)},
        {"prims", "fill(Tensor self, Scalar value) -> Tensor", HOPSCOPE_THROUGH(fill)},
        {"prims", "broadcast_in_dim(Tensor(a) a, int[] shape, int[] broadcast_dimensions) -> Tensor(a)",
            HOPSCOPE_THROUGH(broadcast_in_dim)},
        {"prims", "squeeze(Tensor(a) a, int[] dimensions) -> Tensor(a)", HOPSCOPE_THROUGH(squeeze)},
        {"prims", "collapse_view(Tensor(a) a, int start, int end) -> Tensor(a)",
            HOPSCOPE_THROUGH(collapse_view)},
        {"prims", "collapse(Tensor a, int start, int end) -> Tensor", HOPSCOPE_THROUGH(collapse)},
        {"prims", "split_dim(Tensor(a) a, int dim, int outer_length) -> Tensor(a)",
            HOPSCOPE_THROUGH(split_dim)},
        {"prims", "reshape(Tensor a, int[] shape) -> Tensor", HOPSCOPE_THROUGH(reshape)},
        {"prims", "rev(Tensor a, int[] dims) -> Tensor", HOPSCOPE_THROUGH(rev)},
        {"prims", "sum(Tensor inp, int[]? dims, *, ScalarType? output_dtype=None) -> Tensor",
            HOPSCOPE_THROUGH(prims_sum)},
        {"prims", "prod(Tensor inp, int[]? dims, *, ScalarType? output_dtype=None) -> Tensor",
            HOPSCOPE_THROUGH(prims_prod)},
        {"prims", "amax(Tensor inp, int[]? dims, *, ScalarType? output_dtype=None) -> Tensor",
            HOPSCOPE_THROUGH(prims_amax)},
        {"prims", "amin(Tensor inp, int[]? dims, *, ScalarType? output_dtype=None) -> Tensor",
            HOPSCOPE_THROUGH(prims_amin)},
        {"prims",
            "var(Tensor inp, int[]? dims, float? correction=1, *, ScalarType? output_dtype=None) -> Tensor",
            HOPSCOPE_THROUGH(prims_var)},
        {"prims", "div(Tensor self, Tensor other) -> Tensor", HOPSCOPE_THROUGH(div)},
        {"prims", "cbrt(Tensor self) -> Tensor", HOPSCOPE_THROUGH(cbrt)},
        {"prims", "fma(Tensor a, Tensor b, Tensor c) -> Tensor", HOPSCOPE_THROUGH(fma)},
        {"prims", "prepare_softmax_online(Tensor a, int dim) -> (Tensor, Tensor)",
            HOPSCOPE_THROUGH(prepare_softmax_online)},
        {"prims", "inductor_force_stride_order(Tensor input, int[] stride) -> Tensor",
            HOPSCOPE_KERNEL(force_stride_order)},
        {"prims", "inductor_seed(Device device) -> Tensor", HOPSCOPE_KERNEL(seed), nullptr, true},
        {"prims", "inductor_seeds(int count, Device device) -> Tensor", HOPSCOPE_KERNEL(seeds), nullptr,
            true},
        {"prims", "inductor_lookup_seed(Tensor seeds, int index) -> Tensor", HOPSCOPE_KERNEL(lookup_seed)},
        {"prims",
            "inductor_random(int[] size, Tensor seed, str mode, *, ScalarType? align_dtype=None) -> Tensor",
            HOPSCOPE_KERNEL(random), nullptr, true},
        {"prims", "inductor_randint(int low, int high, int[] size, Tensor seed) -> Tensor",
            HOPSCOPE_KERNEL(randint), nullptr, true},
        {"prims",
            "normal(int[] shape, *, Scalar mean, Scalar std, ScalarType dtype, Device device, bool "
            "requires_grad, "
            "Generator? generator=None) -> Tensor",
            HOPSCOPE_KERNEL(normal), nullptr, true},
        {"prims",
            "_low_memory_max_pool_with_offsets(Tensor self, int[] kernel_size, int[] stride, int[] padding, "
            "int[] "
            "dilation, bool ceil_mode) -> (Tensor, Tensor)",
            HOPSCOPE_KERNEL(max_pool_with_offsets)},
        {"prims",
            "_low_memory_max_pool_offsets_to_indices(Tensor self, int[] kernel_size, int[] input_size, int[] "
            "stride, int[] padding, int[] dilation) -> Tensor",
            HOPSCOPE_KERNEL(max_pool_indices)},
        {"prims", "_make_token() -> Tensor", HOPSCOPE_KERNEL(make_token)},
        {"prims", "_sink_tokens(Tensor[] tokens) -> ()", HOPSCOPE_KERNEL(sink_tokens)},
    };
    return table;
}

// Operators that are aten's under another name (torch/_prims/__init__.py, impl_aten of each).
const std::vector<Renamed>& renamed_prims() {
    static const std::vector<Renamed> table = [] {
        std::vector<Renamed> all;
        for (const char* name : {"abs", "acos", "acosh", "asin", "asinh", "atan", "atanh", "bitwise_not",
                 "ceil", "cos", "cosh", "digamma", "erf", "erfc", "exp", "exp2", "expm1", "floor", "isfinite",
                 "lgamma", "log", "log10", "log1p", "log2", "neg", "reciprocal", "round", "rsqrt", "sign",
                 "signbit", "sin", "sinh", "sqrt", "tan", "tanh", "trunc"})
            all.push_back({std::string(name) + "(Tensor self) -> Tensor", name, ""});
        for (const auto& [name, aten] : {std::pair("erf_inv", "erfinv"), std::pair("bessel_i0", "i0"),
                 std::pair("bessel_i0e", "special_i0e"), std::pair("bessel_i1", "special_i1"),
                 std::pair("bessel_i1e", "special_i1e"), std::pair("bessel_j0", "special_bessel_j0"),
                 std::pair("bessel_j1", "special_bessel_j1"), std::pair("erfcx", "special_erfcx"),
                 std::pair("ndtri", "special_ndtri")})
            all.push_back({std::string(name) + "(Tensor self) -> Tensor", aten, ""});
        for (const char* name : {"add", "sub", "mul", "bitwise_and", "bitwise_or", "bitwise_xor", "eq", "ne",
                 "lt", "le", "gt", "ge", "fmod", "remainder"})
            all.push_back({std::string(name) + "(Tensor self, Tensor other) -> Tensor", name, "Tensor"});
        for (const char* name :
            {"atan2", "fmax", "fmin", "gcd", "hypot", "igamma", "igammac", "maximum", "minimum", "nextafter"})
            all.push_back({std::string(name) + "(Tensor self, Tensor other) -> Tensor", name, ""});
        all.push_back({"pow(Tensor self, Tensor other) -> Tensor", "pow", "Tensor_Tensor"});
        all.push_back({"shift_left(Tensor self, Tensor other) -> Tensor", "bitwise_left_shift", "Tensor"});
        all.push_back(
            {"shift_right_arithmetic(Tensor self, Tensor other) -> Tensor", "bitwise_right_shift", "Tensor"});
        all.push_back({"zeta(Tensor self, Tensor other) -> Tensor", "special_zeta", ""});
        all.push_back({"where(Tensor pred, Tensor a, Tensor b) -> Tensor", "where", "self"});
        all.push_back({"cat(Tensor[] tensors, int dim) -> Tensor", "cat", ""});
        all.push_back({"transpose(Tensor(a) a, int[] permutation) -> Tensor(a)", "permute", ""});
        all.push_back({"clone(Tensor self, *, MemoryFormat? memory_format=None) -> Tensor", "clone", ""});
        all.push_back({"view_of(Tensor(a) a) -> Tensor(a)", "alias", ""});
        return all;
    }();
    return table;
}

} // namespace hopscope::executor
