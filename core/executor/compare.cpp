#include "core/executor/compare.h"

#include "core/executor/arguments.h"
#include "core/executor/tensors.h"
#include "core/executor/torch.h"
#include "core/wire/tolerance.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace hopscope::executor {

namespace {

std::string list(at::IntArrayRef numbers) {
    std::string out = "(";
    for (size_t i = 0; i < numbers.size(); ++i)
        out += (i ? ", " : "") + std::to_string(numbers[i]);
    return out + ")";
}

// Strides of dimensions of one element, and of tensors without any, say nothing.
bool same_strides(const at::Tensor& a, const at::Tensor& b) {
    if (a.numel() == 0)
        return true;
    for (int64_t d = 0; d < a.dim(); ++d)
        if (a.size(d) != 1 && a.stride(d) != b.stride(d))
            return false;
    return true;
}

// A product that cancels to near zero is off by what its largest terms round to: two units in the last place
// of the tensor's largest value. Only where the tolerance is as tight as that.
double noise(at::ScalarType dtype, bool alone) {
    if (!alone)
        return 0;
    return dtype == at::kFloat ? 2 * static_cast<double>(std::numeric_limits<float>::epsilon())
        : dtype == at::kDouble ? 2 * std::numeric_limits<double>::epsilon()
                               : 0;
}

// The distance of a value to the next larger one of the dtype.
double spacing(double value, at::ScalarType dtype) {
    const int digits = dtype == at::kDouble ? 53 : dtype == at::kFloat ? 24 : dtype == at::kHalf ? 11 : 8;
    const int least = dtype == at::kDouble ? -1022 : dtype == at::kHalf ? -14 : -126;
    int exponent = 0;
    std::frexp(value, &exponent); // value = m * 2^exponent, 0.5 <= m < 1
    return std::ldexp(1.0, std::max(exponent - 1, least) - (digits - 1));
}

std::vector<int64_t> place_of(int64_t index, at::IntArrayRef sizes) {
    std::vector<int64_t> place(sizes.size());
    for (size_t d = sizes.size(); d-- > 0;) {
        place[d] = index % sizes[d];
        index /= sizes[d];
    }
    return place;
}

void compare_floats(
    wire::ComparedValue& row, const at::Tensor& a, const at::Tensor& b, const CompareOptions& options) {
    const at::Tensor x = a.to(at::kDouble).contiguous(), y = b.to(at::kDouble).contiguous();
    const double *p = x.data_ptr<double>(), *q = y.data_ptr<double>();
    const double t = row.tolerance;
    double largest = 0;
    for (int64_t i = 0; i < y.numel(); ++i)
        if (std::isfinite(q[i]))
            largest = std::max(largest, std::fabs(q[i]));
    const double floor = t + noise(a.scalar_type(), options.alone) * largest;
    double worst_excess = -1, worst_difference = -1;
    int64_t worst = 0, furthest = 0;
    for (int64_t i = 0; i < x.numel(); ++i) {
        if ((std::isnan(p[i]) && std::isnan(q[i])) || p[i] == q[i])
            continue;
        const bool finite = std::isfinite(p[i]) && std::isfinite(q[i]);
        const double difference = finite ? std::fabs(p[i] - q[i]) : std::numeric_limits<double>::infinity();
        row.equal = row.equal && finite && difference <= floor + t * std::fabs(q[i]);
        const double excess = finite ? difference / (floor + t * std::fabs(q[i])) : difference;
        if (excess > worst_excess) {
            worst_excess = excess;
            worst = i;
        }
        if (difference > worst_difference) {
            worst_difference = difference;
            furthest = i;
        }
    }
    // All figures are of one element, so that they agree with each other: the one that leaves its tolerance
    // most, the largest difference where none does.
    if (row.equal)
        worst = furthest;
    if (worst_excess >= 0) {
        const bool finite = std::isfinite(p[worst]) && std::isfinite(q[worst]);
        row.max_abs = finite ? std::fabs(p[worst] - q[worst]) : std::numeric_limits<double>::infinity();
        row.max_ulp = finite ? row.max_abs / spacing(q[worst], a.scalar_type()) : row.max_abs;
        row.times = row.equal ? 0 : worst_excess;
    }
    row.max_rel = largest > 0 ? row.max_abs / largest : row.max_abs;
    row.worst = place_of(worst, a.sizes());
    row.found = p[worst];
    row.expected = q[worst];
}

bool same_kind(at::ScalarType a, at::ScalarType b) {
    return a == b || (at::isFloatingType(a) && at::isFloatingType(b))
        || (at::isComplexType(a) && at::isComplexType(b));
}

// A tensor that is not there is None to Python.
bool is_none(const c10::IValue& value) {
    return value.isNone() || (value.isTensor() && !value.toTensor().defined());
}

void wrong(wire::ComparedValue& row, wire::Verdict verdict, std::string reason) {
    unequal(row, std::move(reason));
    row.verdict = verdict;
}

void compare_scalars(wire::ComparedValue& row, const c10::IValue& found, const c10::IValue& expected,
    const CompareOptions& options) {
    row.found = found.toScalar().toDouble();
    row.expected = expected.toScalar().toDouble();
    const bool same = row.found == row.expected || (std::isnan(row.found) && std::isnan(row.expected));
    row.max_abs = same ? 0 : std::fabs(row.found - row.expected);
    row.dtype = found.isInt() ? "int" : found.isBool() ? "bool" : "float";
    // A number that was computed from tensors carries their rounding.
    const bool near = !options.strict && found.isDouble()
        && row.max_abs <= wire::tolerance("float32", false) * (1 + std::fabs(row.expected));
    row.equal = same || near;
    row.verdict = same ? wire::Verdict::Same
        : near         ? wire::Verdict::WithinRounding
                       : wire::Verdict::Suspicious;
}

} // namespace

void unequal(wire::ComparedValue& row, std::string reason) {
    row.equal = false;
    row.reason = std::move(reason);
}

void compare_wholes(wire::ComparedValue& row, const at::Tensor& a, const at::Tensor& b) {
    row.equal = at::equal(a, b.to(a.scalar_type()));
    const at::Tensor x = a.to(at::kDouble).contiguous(), y = b.to(at::kDouble).contiguous();
    const at::Tensor difference = (x - y).abs();
    const int64_t worst = difference.flatten().argmax().item().toLong();
    row.max_abs = difference.max().item().toDouble();
    const double largest = y.abs().max().item().toDouble();
    row.max_rel = largest > 0 ? row.max_abs / largest : row.max_abs;
    row.max_ulp = row.max_abs;
    row.worst = place_of(worst, a.sizes());
    row.found = x.data_ptr<double>()[worst];
    row.expected = y.data_ptr<double>()[worst];
}

bool alike(wire::ComparedValue& row, const c10::IValue& found, const c10::IValue& expected,
    const CompareOptions& options) {
    using wire::Verdict;
    if (is_none(found) || is_none(expected)) {
        if (is_none(found) != is_none(expected))
            wrong(row, Verdict::WrongDtype,
                std::string("found ") + (is_none(found) ? "None" : found.tagKind()) + ", recorded "
                    + (is_none(expected) ? "None" : expected.tagKind()));
        return false;
    }
    if (!expected.isTensor() || !found.isTensor()) {
        if (expected.isTensor() == found.isTensor() && expected.isScalar() && found.isScalar())
            compare_scalars(row, found, expected, options);
        else
            wrong(row, Verdict::WrongDtype, "found " + found.tagKind() + ", recorded " + expected.tagKind());
        return false;
    }
    const at::Tensor &a = found.toTensor(), &b = expected.toTensor();
    row.dtype = scalar_type_name(a.scalar_type());
    const auto own = options.tolerances.find(a.scalar_type());
    row.tolerance = own != options.tolerances.end() ? own->second : wire::tolerance(row.dtype, options.alone);
    if (options.any_dtype ? !same_kind(a.scalar_type(), b.scalar_type()) : a.scalar_type() != b.scalar_type())
        wrong(row, Verdict::WrongDtype,
            "dtype " + row.dtype + ", recorded " + std::string(scalar_type_name(b.scalar_type())));
    else if (a.sizes() != b.sizes())
        wrong(row, Verdict::WrongShape, "shape " + list(a.sizes()) + ", recorded " + list(b.sizes()));
    else if (!same_strides(a, b))
        row.strides = "stride " + list(a.strides()) + ", recorded " + list(b.strides());
    return row.reason.empty();
}

wire::ComparedValue compare(const std::string& path, const c10::IValue& found, const c10::IValue& expected,
    const CompareOptions& options) {
    wire::ComparedValue row;
    row.path = path;
    if (!alike(row, found, expected, options))
        return row;
    const at::Tensor &a = found.toTensor(), &b = expected.toTensor();
    if (options.strict && !row.strides.empty())
        unequal(row, row.strides);
    else if (a.numel() > 0 && a.is_complex())
        compare_floats(row, at::view_as_real(a.resolve_conj()), at::view_as_real(b.resolve_conj()), options);
    else if (a.numel() > 0 && a.is_floating_point())
        compare_floats(row, a, b, options);
    else if (a.numel() > 0)
        compare_wholes(row, a, b);
    return row;
}

} // namespace hopscope::executor
