#include "core/executor/compare.h"

#include "core/executor/arguments.h"
#include "core/executor/tensors.h"
#include "core/executor/torch.h"
#include "core/wire/tolerance.h"

#include <charconv>
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

void unequal(wire::ComparedValue& row, std::string reason) {
    row.equal = false;
    row.reason = std::move(reason);
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
    double worst_excess = -1;
    int64_t worst = 0;
    for (int64_t i = 0; i < x.numel(); ++i) {
        if ((std::isnan(p[i]) && std::isnan(q[i])) || p[i] == q[i])
            continue;
        const bool finite = std::isfinite(p[i]) && std::isfinite(q[i]);
        const double difference = finite ? std::fabs(p[i] - q[i]) : std::numeric_limits<double>::infinity();
        row.equal = row.equal && finite && difference <= floor + t * std::fabs(q[i]);
        row.max_abs = std::max(row.max_abs, difference);
        row.max_ulp =
            std::max(row.max_ulp, finite ? difference / spacing(q[i], a.scalar_type()) : difference);
        // The worst element is that which leaves the tolerance most, not the largest one.
        const double excess = finite ? difference / (floor + t * std::fabs(q[i])) : difference;
        if (excess > worst_excess) {
            worst_excess = excess;
            worst = i;
        }
    }
    row.max_rel = largest > 0 ? row.max_abs / largest : row.max_abs;
    row.worst = place_of(worst, a.sizes());
    row.found = p[worst];
    row.expected = q[worst];
}

// Integers and booleans are equal or not.
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

bool same_kind(at::ScalarType a, at::ScalarType b) {
    return a == b || (at::isFloatingType(a) && at::isFloatingType(b))
        || (at::isComplexType(a) && at::isComplexType(b));
}

} // namespace

std::optional<Result<c10::IValue>> Reference::find(const std::string& key) const {
    if (!kept_.empty()) {
        if (const auto found = kept_.find(key); found != kept_.end() && !found->second.tuple
            && !found->second.values.empty() && !found->second.values[0].isTensorList())
            return found->second.values[0];
        // "name#1", also an item of a list value.
        const size_t hash = key.rfind('#');
        size_t item = 0;
        if (hash == std::string::npos
            || std::from_chars(key.data() + hash + 1, key.data() + key.size(), item).ec != std::errc())
            return std::nullopt;
        const auto found = kept_.find(key.substr(0, hash));
        if (found == kept_.end())
            return std::nullopt;
        const std::vector<c10::IValue>& values = found->second.values;
        if (!found->second.tuple && values.size() == 1 && values[0].isTensorList()) {
            const auto items = values[0].toTensorVector();
            return item < items.size() ? std::optional<Result<c10::IValue>>(c10::IValue(items[item]))
                                       : std::nullopt;
        }
        return item < values.size() ? std::optional<Result<c10::IValue>>(values[item]) : std::nullopt;
    }
    const tensors::Value* recorded = file_.find(key);
    if (!recorded || recorded->kind == tensors::Value::Kind::Tuple)
        return std::nullopt;
    return from_wire(*recorded);
}

wire::ComparedValue compare(const std::string& path, const c10::IValue& found, const c10::IValue& expected,
    const CompareOptions& options) {
    wire::ComparedValue row;
    row.path = path;
    // A tensor that is not there is None to Python.
    const auto none = [](const c10::IValue& value) {
        return value.isNone() || (value.isTensor() && !value.toTensor().defined());
    };
    if (none(found) || none(expected)) {
        if (none(found) != none(expected))
            unequal(row,
                std::string("found ") + (none(found) ? "None" : found.tagKind()) + ", recorded "
                    + (none(expected) ? "None" : expected.tagKind()));
        return row;
    }
    if (!expected.isTensor() || !found.isTensor()) {
        const bool both = expected.isTensor() == found.isTensor();
        if (both && expected.isScalar() && found.isScalar()) {
            row.found = found.toScalar().toDouble();
            row.expected = expected.toScalar().toDouble();
            row.equal = row.found == row.expected || (std::isnan(row.found) && std::isnan(row.expected));
            row.max_abs = row.equal ? 0 : std::fabs(row.found - row.expected);
            row.dtype = found.isInt() ? "int" : found.isBool() ? "bool" : "float";
        } else {
            unequal(row, "found " + found.tagKind() + ", recorded " + expected.tagKind());
        }
        return row;
    }
    const at::Tensor &a = found.toTensor(), &b = expected.toTensor();
    row.dtype = scalar_type_name(a.scalar_type());
    const auto own = options.tolerances.find(a.scalar_type());
    row.tolerance = own != options.tolerances.end() ? own->second : wire::tolerance(row.dtype, options.alone);
    if (options.any_dtype ? !same_kind(a.scalar_type(), b.scalar_type()) : a.scalar_type() != b.scalar_type())
        unequal(row, "dtype " + row.dtype + ", recorded " + std::string(scalar_type_name(b.scalar_type())));
    else if (a.sizes() != b.sizes())
        unequal(row, "shape " + list(a.sizes()) + ", recorded " + list(b.sizes()));
    else if (!same_strides(a, b))
        unequal(row, "stride " + list(a.strides()) + ", recorded " + list(b.strides()));
    else if (a.numel() > 0 && a.is_complex())
        compare_floats(row, at::view_as_real(a.resolve_conj()), at::view_as_real(b.resolve_conj()), options);
    else if (a.numel() > 0 && a.is_floating_point())
        compare_floats(row, a, b, options);
    else if (a.numel() > 0)
        compare_wholes(row, a, b);
    return row;
}

bool ValueComparer::take(
    const std::string& name, const ObservedStep& observed, c10::IValue& value, bool replace, bool check) {
    if (value.isTensorList()) {
        auto items = value.toTensorList();
        bool any = false;
        for (size_t i = 0; i < items.size(); ++i) {
            c10::IValue item = static_cast<at::Tensor>(items[i]);
            any = take(name + "#" + std::to_string(i), observed, item, replace, check) || any;
            if (replace)
                items[i] = item.toTensor();
        }
        return any;
    }
    const auto expected = reference_.find(name);
    if (!expected)
        return false;
    if (check) {
        wire::ComparedValue row;
        if (expected->ok()) {
            row = compare(name, value, **expected, options_);
        } else {
            row.path = name;
            unequal(row, expected->error().message);
        }
        row.body = observed.body;
        row.node = observed.node;
        rows_.push_back(std::move(row));
    }
    if (replace && expected->ok())
        value = **expected;
    return true;
}

void ValueComparer::value(const ObservedStep& observed, c10::IValue* values, size_t count) {
    const Node& n = module_.body(observed.body).node(observed.node);
    // Inputs are what was recorded; a body by name is no value; an item of a tuple was compared as part of
    // it, but counts as the node it is.
    if (n.op == Opcode::Placeholder || n.op == Opcode::GetAttr)
        return;
    const std::string name = observed.prefix + std::string(module_.text(n.name));
    const bool random = observed.step.random;
    bool any = false;
    // A view must stay a view of what is written later: only fresh values are exchanged.
    for (size_t i = 0; i < count; ++i)
        any = take(observed.tuple ? name + "#" + std::to_string(i) : name, observed, values[i],
                  options_.alone || random, !random && !(observed.step.unspecified >> i & 1))
            || any;
    if (any && random)
        random_.push_back(name);
    compared_ += any && !random;
}

void Keeper::value(const ObservedStep& observed, c10::IValue* values, size_t count) {
    const Node& n = module_.body(observed.body).node(observed.node);
    if (n.op == Opcode::GetAttr && count == 1 && values[0].isNone())
        return;
    NodeValues taken{observed.tuple, std::vector<c10::IValue>(values, values + count)};
    if (clone_)
        for (c10::IValue& value : taken.values)
            if (value.isTensor() && value.toTensor().defined())
                value = clone_with_strides(value.toTensor());
    kept_[observed.prefix + std::string(module_.text(n.name))] = std::move(taken);
}

} // namespace hopscope::executor
