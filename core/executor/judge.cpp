#include "core/executor/judge.h"

#include "core/executor/tensors.h"
#include "core/wire/tolerance.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string_view>

namespace hopscope::executor {

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr int kDeepExponent = -100; // numbers below bfloat16's and float32's normal ones do not come up

bool is_real(at::ScalarType type) {
    return at::isFloatingType(type);
}
at::ScalarType real_of(at::ScalarType type) {
    return type == at::kComplexFloat ? at::kFloat : type == at::kComplexDouble ? at::kDouble : type;
}

// Row-major doubles; of a complex number both parts.
at::Tensor dense(const at::Tensor& tensor) {
    const at::Tensor real = tensor.is_complex() ? at::view_as_real(tensor.resolve_conj()) : tensor;
    return real.to(at::kDouble).contiguous();
}

// The distance of a value to the next larger one.
double spacing(double value, const Precision& p) {
    if (!std::isfinite(value))
        return 0;
    int exponent = 0;
    std::frexp(value, &exponent); // value = m * 2^exponent, 0.5 <= m < 1
    return std::ldexp(1.0, std::max(value == 0 ? p.least : exponent - 1, p.least) - (p.digits - 1));
}

// How far a value of the dtype is from the exact one. What is too large for the dtype is infinite there.
double away(double value, double exact, const Precision& p) {
    if (value == exact || (std::isnan(value) && std::isnan(exact)))
        return 0;
    if (std::isnan(value) || std::isnan(exact))
        return kInfinity;
    if (p.largest > 0 && (std::isinf(value) || std::isinf(exact))
        && std::signbit(value) == std::signbit(exact) && std::fabs(value) >= p.largest * (1 - 16 * p.unit())
        && std::fabs(exact) >= p.largest * (1 - 16 * p.unit()))
        return 0;
    return std::fabs(value - exact);
}

// How far rounding of the operands takes each element, and their root mean square.
std::pair<std::vector<double>, double> sway_of(const Exact& exact, int64_t count) {
    std::vector<double> sway(exact.moved.empty() ? 0 : static_cast<size_t>(count));
    const at::Tensor to = dense(exact.value);
    const double* e = to.data_ptr<double>();
    for (size_t s = 0; s < exact.moved.size(); ++s) {
        const at::Tensor moved = dense(exact.moved[s]);
        const at::Tensor less = s < exact.moved_less.size() ? dense(exact.moved_less[s]) : at::Tensor();
        const double *m = moved.data_ptr<double>(), *h = less.defined() ? less.data_ptr<double>() : nullptr;
        for (size_t i = 0; i < sway.size(); ++i) {
            const double d = std::fabs(m[i] - e[i]);
            if (std::isfinite(d) && !(h && std::fabs(h[i] - e[i]) > 0.75 * d))
                sway[i] = std::max(sway[i], exact.growth * d);
        }
    }
    double squares = 0;
    for (const double d : sway)
        squares += d * d;
    return {std::move(sway), sway.empty() ? 0 : std::sqrt(squares / static_cast<double>(count))};
}

std::vector<int64_t> place_of(int64_t index, at::IntArrayRef sizes) {
    std::vector<int64_t> place(sizes.size());
    for (size_t d = sizes.size(); d-- > 0;) {
        place[d] = index % sizes[d];
        index /= sizes[d];
    }
    return place;
}

// 64 signs at a time.
class Signs {
public:
    explicit Signs(uint64_t salt)
        : state_(salt * 0x9e3779b97f4a7c15ULL + 0x2545f4914f6cdd1dULL) { }
    uint64_t next() {
        state_ ^= state_ << 13;
        state_ ^= state_ >> 7;
        state_ ^= state_ << 17;
        return state_;
    }

private:
    uint64_t state_;
};

// Moves each element of a dense tensor by `step`, relative, and below the type's normal numbers by what is a
// rounding there: it is no less than at the smallest of these, which float16 reaches soon. What is 0 stays.
void move_by(at::Tensor& tensor, double step, const Precision& as, uint64_t salt) {
    constexpr int64_t kAtATime = 64;
    const bool complex = tensor.is_complex();
    if (const at::ScalarType wide = complex ? at::kComplexDouble : at::kDouble;
        tensor.scalar_type() != wide) {
        at::Tensor other = tensor.to(wide, false, false, at::MemoryFormat::Preserve);
        move_by(other, step, as, salt);
        tensor.copy_(other);
        return;
    }
    const double least = as.least > kDeepExponent && !complex ? std::ldexp(1.0, as.least) : 0;
    double* to = static_cast<double*>(tensor.data_ptr());
    const int64_t count = tensor.numel() * (complex ? 2 : 1); // the parts of a number move each by itself
    Signs signs(salt);
    for (int64_t at = 0; at < count; at += kAtATime) {
        const uint64_t bits = signs.next();
        const int64_t n = std::min(kAtATime, count - at);
        double* block = to + at;
        for (int64_t i = 0; i < n; ++i) {
            const double by = bits >> i & 1 ? step : -step, value = block[i];
            const double below = value == 0 ? 0 : std::max(0.0, least - std::fabs(value));
            block[i] = value * (1 + by) + below * by;
        }
    }
}

// What a rounding of an operand is. Products of 8-bit floats are exact; what is rounded is their sum, in a
// GPU's matrix units to about as many digits as float16 has.
double unit_of(at::ScalarType type) {
    const Precision p = precision_of(real_of(type));
    return p.digits < 8 ? 0x1p-11 : p.unit();
}

bool can_move(const at::Tensor& tensor) {
    return tensor.defined() && (is_real(tensor.scalar_type()) || tensor.is_complex());
}

c10::IValue widened_tensor(const at::Tensor& tensor) {
    if (!can_move(tensor) || tensor.scalar_type() == at::kDouble
        || tensor.scalar_type() == at::kComplexDouble)
        return tensor;
    const bool number = tensor.unsafeGetTensorImpl()->is_wrapped_number();
    at::Tensor wide =
        with_dtype(tensor.resolve_conj(), tensor.is_complex() ? at::kComplexDouble : at::kDouble);
    if (number)
        wide.unsafeGetTensorImpl()->set_wrapped_number(true);
    return wide;
}

template <class F> c10::IValue each(const c10::IValue& value, const F& change) {
    if (value.isTensor())
        return change(value.toTensor());
    if (value.isTensorList()) {
        c10::List<at::Tensor> all;
        for (const at::Tensor& tensor : value.toTensorVector())
            all.push_back(change(tensor).toTensor());
        return all;
    }
    return value;
}

} // namespace

double Precision::unit() const {
    return std::ldexp(1.0, -digits);
}

Precision precision_of(at::ScalarType type) {
    switch (real_of(type)) {
    case at::kDouble:
        return {53, -1022, 0};
    case at::kFloat:
        return {24, -126, std::numeric_limits<float>::max()};
    case at::kHalf:
        return {11, -14, 65504};
    case at::kBFloat16:
        return {8, -126, 0x1.fep127};
    default:
        break;
    }
    for (const NewType& row : kNewTypes)
        if (row.type == type)
            return row.name.find("e5m2") != row.name.npos ? Precision{3, -14, 57344} : Precision{4, -6, 448};
    return {};
}

Precision precision_of(const ForeignType& type) {
    if (type.exponent_bits == 0)
        return {};
    return {type.mantissa_bits + 1, 1 - type.bias, type.mantissa_bits == 2 ? 57344.0 : 448.0};
}

void judge(wire::ComparedValue& row, const at::Tensor& found, const at::Tensor& expected, const Exact& exact,
    const Precision& precision) {
    const at::Tensor f = dense(found), x = dense(exact.value), r = expected.defined() ? dense(expected) : x;
    const double *p = f.data_ptr<double>(), *q = r.data_ptr<double>(), *e = x.data_ptr<double>();
    const auto [sway, common] = sway_of(exact, f.numel());
    const auto floor = [&, &own = sway, all = common](int64_t i) {
        return spacing(e[i], precision) + all + (own.empty() ? 0 : own[static_cast<size_t>(i)]);
    };
    double largest = 0;
    std::pair<double, int64_t> by_floor(-1, 0), by_distance(-1, 0);
    for (int64_t i = 0; i < f.numel(); ++i) {
        if (std::isfinite(q[i]))
            largest = std::max(largest, std::fabs(q[i]));
        if (p[i] == q[i] || (std::isnan(p[i]) && std::isnan(q[i])))
            continue;
        const double far = std::max(away(p[i], e[i], precision), away(q[i], e[i], precision));
        const double times = far == 0 ? 0 : floor(i) > 0 ? far / floor(i) : kInfinity;
        const double distance = away(p[i], q[i], precision);
        if (times > by_floor.first)
            by_floor = {times, i};
        if (distance > by_distance.first)
            by_distance = {distance, i};
    }
    if (by_floor.first < 0) {
        row.verdict = wire::Verdict::Same;
        return;
    }
    row.times = by_floor.first;
    row.verdict = row.times > wire::kFloors ? wire::Verdict::Suspicious : wire::Verdict::WithinRounding;
    // All figures are of one element, so that they agree with each other.
    const int64_t worst = row.verdict == wire::Verdict::Suspicious ? by_floor.second : by_distance.second;
    row.found = p[worst];
    row.expected = q[worst];
    row.exact = e[worst];
    row.max_abs = away(p[worst], q[worst], precision);
    row.max_rel = largest > 0 ? row.max_abs / largest : row.max_abs;
    const double unit = spacing(q[worst], precision);
    row.max_ulp = unit > 0 && std::isfinite(row.max_abs) ? row.max_abs / unit : row.max_abs;
    row.own_error = away(p[worst], e[worst], precision);
    row.expected_error = away(q[worst], e[worst], precision);
    row.floor = floor(worst);
    row.worst =
        place_of(worst, found.is_complex() ? at::view_as_real(found.resolve_conj()).sizes() : found.sizes());
}

c10::IValue widened(const c10::IValue& value) {
    return each(value, widened_tensor);
}

c10::IValue moved(const c10::IValue& value, double share, uint64_t salt) {
    return each(value, [&](const at::Tensor& tensor) -> c10::IValue {
        if (!can_move(tensor))
            return tensor;
        const at::Tensor wide =
            with_dtype(tensor.resolve_conj(), tensor.is_complex() ? at::kComplexDouble : at::kDouble);
        at::Tensor result = wide.is_non_overlapping_and_dense() ? wide : wide.clone();
        move_by(result, share * unit_of(tensor.scalar_type()), precision_of(tensor.scalar_type()), salt++);
        if (tensor.unsafeGetTensorImpl()->is_wrapped_number())
            result.unsafeGetTensorImpl()->set_wrapped_number(true);
        return result;
    });
}

void move_in_place(const at::Tensor& tensor, const Precision& as, double share, uint64_t salt) {
    if (!can_move(tensor) || !tensor.is_non_overlapping_and_dense())
        return;
    at::Tensor to = tensor;
    move_by(to, share * as.unit(), as, salt);
}

bool same_elements(const at::Tensor& a, const at::Tensor& b) {
    if (a.scalar_type() != b.scalar_type() || a.sizes() != b.sizes())
        return false;
    if (a.numel() == 0)
        return true;
    if (a.is_complex())
        return same_elements(at::view_as_real(a.resolve_conj()), at::view_as_real(b.resolve_conj()));
    if (at::equal(a, b))
        return true;
    if (!is_real(a.scalar_type()))
        return false;
    return a.eq(b).logical_or_(a.isnan().logical_and_(b.isnan())).all().item().toBool();
}

namespace {

const at::Tensor* tensor_of(const std::vector<c10::IValue>& operands, size_t which) {
    return which < operands.size() && operands[which].isTensor() && operands[which].toTensor().defined()
        ? &operands[which].toTensor()
        : nullptr;
}

// So many terms each element of the result adds up; 1 where that is not known.
int64_t terms_of(
    const std::string& name, const std::vector<c10::IValue>& operands, const at::Tensor& result) {
    const auto last = [&](size_t which) -> int64_t {
        const at::Tensor* tensor = tensor_of(operands, which);
        return tensor && tensor->dim() > 0 ? tensor->size(-1) : 1;
    };
    const auto share = [&](size_t which, int64_t of) -> int64_t {
        const at::Tensor* tensor = tensor_of(operands, which);
        return tensor && of > 0 ? tensor->numel() / of : 1;
    };
    if (name == "aten::mm" || name == "aten::bmm" || name == "aten::mv" || name == "aten::dot"
        || name == "aten::vdot" || name == "aten::_grouped_mm" || name == "aten::linear"
        || name == "aten::matmul")
        return last(0);
    if (name == "aten::addmm" || name == "aten::baddbmm" || name == "aten::addmv" || name == "aten::addbmm")
        return last(1);
    if (name.find("convolution") != name.npos || name.find("_rnn") != name.npos) {
        const bool backward = name.find("backward") != name.npos;
        const at::Tensor* weight = tensor_of(operands, backward ? 2 : 1);
        if (!weight || weight->dim() == 0)
            return 1;
        return std::max(share(backward ? 2 : 1, weight->size(0)),
            backward ? share(0, std::max<int64_t>(1, weight->size(0))) : 1);
    }
    if (name.find("attention") != name.npos) {
        int64_t longest = 1;
        for (size_t i = 0; i < operands.size() && i < 4; ++i)
            if (const at::Tensor* tensor = tensor_of(operands, i); tensor && tensor->dim() >= 3)
                longest = std::max({longest, tensor->size(-1), tensor->size(-2), tensor->size(-3)});
        return longest;
    }
    if (name == "aten::cumsum" || name == "aten::cumprod" || name == "aten::logcumsumexp")
        return result.dim() > 0 ? *std::max_element(result.sizes().begin(), result.sizes().end()) : 1;
    if (name.find("embedding") != name.npos || name.find("index_") != name.npos
        || name.find("scatter") != name.npos)
        return std::max<int64_t>(1, share(0, std::max<int64_t>(1, result.dim() > 0 ? result.size(-1) : 1)));
    return 1;
}

} // namespace

bool rounds_at_each_step(std::string_view name) {
    // aten/src/ATen/native: GridSampler.cpp and cpu/GridSamplerKernel.cpp, UpSampleKernel.cpp,
    // FractionalMaxPool2d.cpp and 3d (the places of windows), LinearAlgebra.cpp (matrix_exp).
    constexpr std::string_view kNames[] = {"aten::grid_sampler_2d", "aten::grid_sampler_3d",
        "aten::upsample_bicubic2d", "aten::fractional_max_pool2d", "aten::fractional_max_pool3d",
        "aten::linalg_matrix_exp"};
    return std::find(std::begin(kNames), std::end(kNames), name) != std::end(kNames);
}

double growth_of(
    const c10::FunctionSchema& schema, const std::vector<c10::IValue>& operands, const at::Tensor& result) {
    if (precision_of(result.scalar_type()).digits < 24)
        return 1;
    // Of a sum of n terms of random sign, each addition rounded: u * n / sqrt(6) of a term; its terms moved
    // by u each: u * sqrt(2 n).
    return std::max(1.0, 0.3 * std::sqrt(static_cast<double>(terms_of(schema.name(), operands, result))));
}

namespace {

struct Chooser {
    std::string_view name;
    size_t output; // which result names elements
    int planes = 0; // so many last dimensions are walked over as one; 0 = along the argument "dim"
};
constexpr Chooser kChoosers[] = {{"aten::topk", 1}, {"aten::sort", 1}, {"aten::argsort", 0},
    {"aten::argmax", 0}, {"aten::argmin", 0}, {"aten::max", 1}, {"aten::min", 1}, {"aten::kthvalue", 1},
    {"aten::median", 1}, {"aten::nanmedian", 1}, {"aten::mode", 1}, {"aten::cummax", 1}, {"aten::cummin", 1},
    {"aten::max_pool2d_with_indices", 1, 2}, {"aten::max_pool3d_with_indices", 1, 3},
    {"aten::adaptive_max_pool2d", 1, 2}, {"aten::adaptive_max_pool3d", 1, 3}};

at::Tensor chosen(const at::Tensor& from, const Chooser& row, std::optional<int64_t> dim, at::Tensor index) {
    index = index.to(at::kLong);
    if (row.planes)
        return from.flatten(-row.planes).gather(-1, index.flatten(-row.planes));
    if (!dim)
        return from.flatten().index_select(0, index.flatten());
    if (from.dim() == 0)
        return from;
    return from.gather(*dim, index.dim() == from.dim() ? index : index.unsqueeze(*dim));
}

} // namespace

bool equal_choice(const c10::FunctionSchema& schema, const std::vector<c10::IValue>& operands, size_t output,
    const at::Tensor& found, const at::Tensor& expected) {
    const auto row = std::find_if(std::begin(kChoosers), std::end(kChoosers),
        [&](const Chooser& chooser) { return chooser.name == schema.name() && chooser.output == output; });
    if (row == std::end(kChoosers) || operands.empty() || !operands[0].isTensor()
        || found.sizes() != expected.sizes() || found.numel() == 0
        || at::isFloatingType(expected.scalar_type()))
        return false;
    std::optional<int64_t> dim;
    const auto& arguments = schema.arguments();
    for (size_t i = 0; i < arguments.size() && i < operands.size(); ++i)
        if (arguments[i].name() == "dim" && operands[i].isInt())
            dim = operands[i].toInt();
    try {
        const at::Tensor& from = operands[0].toTensor();
        return same_elements(chosen(from, *row, dim, found), chosen(from, *row, dim, expected));
    } catch (const c10::Error&) {
        return false; // an index that names no element
    }
}

} // namespace hopscope::executor
