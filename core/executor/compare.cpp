#include "core/executor/compare.h"

#include "core/executor/arguments.h"
#include "core/executor/tensors.h"

#include <ATen/ATen.h>

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
bool same_strides(const at::Tensor& a, const std::vector<int64_t>& stride) {
    if (a.numel() == 0)
        return true;
    for (int64_t d = 0; d < a.dim(); ++d)
        if (a.size(d) != 1 && a.stride(d) != stride[static_cast<size_t>(d)])
            return false;
    return true;
}

Row unequal(const std::string& name, std::string reason) {
    Row row;
    row.name = name;
    row.equal = false;
    row.reason = std::move(reason);
    return row;
}

} // namespace

double tolerance(at::ScalarType dtype, bool alone) {
    switch (dtype) {
    case at::kDouble:
    case at::kComplexDouble:
        return alone ? 1e-15 : 1e-14;
    case at::kHalf:
    case at::kBFloat16:
        return alone ? 2e-2 : 5e-2;
    case at::kFloat:
    case at::kComplexFloat:
        return alone ? 1e-6 : 2e-5;
    default:
        return 0; // integers and booleans are equal or not
    }
}

namespace {

// A product that cancels to near zero is off by what its largest terms round to: two units in the last place
// of the tensor's largest value. Only where the tolerance is as tight as that.
double noise(at::ScalarType dtype, bool alone) {
    if (!alone)
        return 0;
    return dtype == at::kFloat ? 2 * static_cast<double>(std::numeric_limits<float>::epsilon())
        : dtype == at::kDouble ? 2 * std::numeric_limits<double>::epsilon()
                               : 0;
}

} // namespace

Row compare(const std::string& name, const c10::IValue& found, const wire::Value& recorded, bool alone) {
    const auto other = from_wire(recorded);
    if (!other)
        return unequal(name, other.error().message);
    if (!other->isTensor() || !found.isTensor()) {
        const bool both = other->isTensor() == found.isTensor();
        const bool numbers = other->isScalar() && found.isScalar();
        if (both && numbers && other->toScalar().toDouble() == found.toScalar().toDouble())
            return Row{name, true, 0, 0, {}};
        if (both && other->isNone() && found.isNone())
            return Row{name, true, 0, 0, {}};
        return unequal(name, "found " + found.tagKind() + ", recorded " + other->tagKind());
    }
    const at::Tensor &a = found.toTensor(), &b = other->toTensor();
    if (!a.defined())
        return unequal(name, "there is no value");
    if (a.scalar_type() != b.scalar_type())
        return unequal(name,
            "dtype " + std::string(scalar_type_name(a.scalar_type())) + ", recorded "
                + std::string(scalar_type_name(b.scalar_type())));
    if (a.sizes() != b.sizes())
        return unequal(name, "shape " + list(a.sizes()) + ", recorded " + list(b.sizes()));
    if (!same_strides(a, recorded.stride))
        return unequal(name, "stride " + list(a.strides()) + ", recorded " + list(recorded.stride));
    Row row;
    row.name = name;
    if (a.numel() == 0)
        return row;
    if (!a.is_floating_point()) {
        row.equal = at::equal(a, b);
        const at::Tensor difference = (a.to(at::kDouble) - b.to(at::kDouble)).abs();
        row.max_abs = difference.max().item().toDouble();
        const double largest = b.to(at::kDouble).abs().max().item().toDouble();
        row.max_rel = largest > 0 ? row.max_abs / largest : row.max_abs;
        return row;
    }
    const at::Tensor x = a.to(at::kDouble).contiguous(), y = b.to(at::kDouble).contiguous();
    const double *p = x.data_ptr<double>(), *q = y.data_ptr<double>();
    const double t = tolerance(a.scalar_type(), alone);
    double largest = 0;
    for (int64_t i = 0; i < y.numel(); ++i)
        if (std::isfinite(q[i]))
            largest = std::max(largest, std::fabs(q[i]));
    const double floor = t + noise(a.scalar_type(), alone) * largest;
    for (int64_t i = 0; i < x.numel(); ++i) {
        if (std::isnan(p[i]) && std::isnan(q[i]))
            continue;
        if (std::isinf(q[i]) || !std::isfinite(p[i])) {
            if (!(p[i] == q[i])) {
                row.equal = false;
                row.max_abs = std::numeric_limits<double>::infinity();
            }
            continue;
        }
        const double difference = std::fabs(p[i] - q[i]);
        row.equal = row.equal && difference <= floor + t * std::fabs(q[i]);
        row.max_abs = std::isnan(difference) ? std::numeric_limits<double>::infinity()
                                             : std::max(row.max_abs, difference);
    }
    row.max_rel = largest > 0 ? row.max_abs / largest : row.max_abs;
    return row;
}

bool Comparison::take(const std::string& name, c10::IValue& value, bool replace, bool check) {
    if (value.isTensorList()) {
        auto items = value.toTensorList();
        bool any = false;
        for (size_t i = 0; i < items.size(); ++i) {
            c10::IValue item = static_cast<at::Tensor>(items[i]);
            any = take(name + "#" + std::to_string(i), item, replace, check) || any;
            if (replace)
                items[i] = item.toTensor();
        }
        return any;
    }
    const wire::Value* recorded = recorded_.find(name);
    if (!recorded || recorded->kind == wire::Value::Kind::Tuple)
        return false;
    if (check)
        rows_.push_back(compare(name, value, *recorded, alone_));
    if (replace)
        if (auto other = from_wire(*recorded))
            value = *other;
    return true;
}

void Comparison::value(const std::string& prefix, BodyId body, NodeId node, bool tuple, bool random,
    c10::IValue* values, size_t count) {
    const Node& n = module_.body(body).node(node);
    // Inputs are what was recorded; a body by name is no value; an item of a tuple was compared as part of
    // it, but counts as the node it is.
    if (n.op == Opcode::Placeholder || n.op == Opcode::GetAttr)
        return;
    const std::string name = prefix + std::string(module_.text(n.name));
    bool any = false;
    // A view must stay a view of what is written later: only fresh values are exchanged.
    for (size_t i = 0; i < count; ++i)
        any =
            take(tuple ? name + "#" + std::to_string(i) : name, values[i], alone_ || random, !random) || any;
    if (any && random)
        random_.push_back(name);
    compared_ += any && !random;
}

} // namespace hopscope::executor
