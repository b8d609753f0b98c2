#include "core/executor/compare.h"

#include "core/executor/arguments.h"
#include "core/executor/tensors.h"
#include "core/executor/tf32.h"
#include "core/executor/torch.h"
#include "core/graph/reading.h"
#include "core/wire/tolerance.h"

#include <algorithm>
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

namespace {

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

// Looks at everything but the elements; whether these are to be compared.
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

} // namespace

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

namespace {

// Of so few elements several noisy repetitions are looked at.
constexpr int64_t kFew = 256;
constexpr uint64_t kSamplesOfFew = 8;

// Result `output`, of a list its item; undefined where there is none.
at::Tensor tensor_at(const std::vector<c10::IValue>* values, size_t output, int64_t item) {
    if (!values || output >= values->size())
        return {};
    const c10::IValue& value = (*values)[output];
    if (item < 0)
        return value.isTensor() ? value.toTensor() : at::Tensor();
    const auto at = static_cast<size_t>(item);
    return value.isTensorList() && at < value.toTensorList().size() ? value.toTensorList().get(at)
                                                                    : at::Tensor();
}

at::Tensor tensor_at(const std::optional<std::vector<c10::IValue>>& values, size_t output, int64_t item) {
    return tensor_at(values ? &*values : nullptr, output, item);
}

// Of the same elements as what it is held against, in double precision.
bool serves(const at::Tensor& exact, const at::Tensor& found) {
    return exact.defined() && exact.sizes() == found.sizes() && exact.is_complex() == found.is_complex()
        && (exact.is_floating_point() || exact.is_complex());
}

void step_by_step(wire::ComparedValue& row, at::ScalarType type) {
    row.verdict = wire::Verdict::NotCompared;
    row.why = "PyTorch rounds each step of it to " + std::string(scalar_type_name(type))
        + ", which no bound of rounding covers";
}

// An operator whose tensors are integers only (sin, mean, div may give floats of them).
bool has_only_wholes(const ObservedStep& observed) {
    const c10::FunctionSchema* schema = observed.repeat->schema();
    if (!schema || observed.step.results != 1)
        return false;
    bool any = false;
    for (const c10::IValue& value : observed.repeat->operands()) {
        if (value.isTensorList())
            return false;
        if (!value.isTensor() || !value.toTensor().defined())
            continue;
        if (!at::isIntegralType(value.toTensor().scalar_type(), /*includeBool=*/false))
            return false;
        any = true;
    }
    return any;
}
c10::IValue floats_of_wholes(const c10::IValue& value) {
    return value.isTensor() && value.toTensor().defined()
            && at::isIntegralType(value.toTensor().scalar_type(), /*includeBool=*/false)
        ? c10::IValue(with_dtype(value.toTensor(), at::kFloat))
        : value;
}

void fixed(wire::ComparedValue& row) {
    using wire::Verdict;
    if (row.verdict == Verdict::WrongDtype || row.verdict == Verdict::WrongShape)
        return;
    row.verdict = !row.equal ? Verdict::Suspicious
        : row.max_abs == 0   ? Verdict::Same
                             : Verdict::WithinRounding;
}

} // namespace

ValueComparer::ValueComparer(
    const GraphModule& module, const Reference* reference, CompareOptions options, const Wide& wide)
    : module_(module)
    , reference_(reference)
    , options_(std::move(options))
    , wide_(wide) {
    if (!reference_ || (!options_.strict && !options_.alone))
        exact_ = std::make_unique<Follower>(*wide_.program, wide_.inputs, /*noisy=*/false, wide_.stop);
    if (!options_.strict && !options_.alone)
        noisy_ = std::make_unique<Follower>(*wide_.program, wide_.moved, /*noisy=*/true, wide_.stop);
}

const ValueComparer::Again& ValueComparer::again(const ObservedStep& observed, bool floats) {
    if (again_.asked)
        return again_;
    again_.asked = true;
    // What turns integers into float32 computes in that: they are moved by its rounding.
    const bool wholes = floats && has_only_wholes(observed);
    const auto repeat = [&](double share, uint64_t salt) {
        return observed.repeat->again(*wide_.program, [&](uint32_t slot, const c10::IValue& value) {
            const c10::IValue given = wholes ? floats_of_wholes(value) : value;
            return share == 0 ? widened(given) : moved(given, share, (uint64_t{slot} << 8) + salt);
        });
    };
    again_.exact = repeat(0, 0);
    // Fractional pooling computes places from random samples below 1: moved beyond, it reads elsewhere.
    const c10::FunctionSchema* schema = observed.repeat->schema();
    if (!again_.exact || (schema && schema->name().find("fractional_max_pool") != std::string::npos))
        return again_;
    int64_t most = 0;
    for (const c10::IValue& value : *again_.exact)
        if (value.isTensor() && value.toTensor().defined())
            most = std::max(most, value.toTensor().numel());
    for (uint64_t sample = 1; sample <= (most <= kFew ? kSamplesOfFew : 1); ++sample) {
        auto moved_so = repeat(1, 16 * sample), moved_less = repeat(0.5, 16 * sample);
        if (moved_so && moved_less) {
            again_.moved.push_back(std::move(*moved_so));
            again_.moved_less.push_back(std::move(*moved_less));
        }
    }
    return again_;
}

Exact ValueComparer::alone_exact(const Place& place, const at::Tensor& found) {
    const Again& all = again(place.observed, /*floats=*/true);
    Exact exact;
    exact.value = tensor_at(all.exact, place.output, place.item);
    if (const c10::FunctionSchema* schema = place.observed.repeat->schema(); schema && exact.value.defined())
        exact.growth = growth_of(*schema, place.observed.repeat->operands(), found);
    for (size_t s = 0; s < all.moved.size() && exact.value.defined(); ++s) {
        const at::Tensor moved = tensor_at(&all.moved[s], place.output, place.item),
                         less = tensor_at(&all.moved_less[s], place.output, place.item);
        if (serves(moved, exact.value) && serves(less, exact.value)) {
            exact.moved.push_back(moved);
            exact.moved_less.push_back(less);
        }
    }
    return exact;
}

std::optional<Result<c10::IValue>> ValueComparer::expected(
    const std::string& name, const Place& place) const {
    if (reference_)
        return reference_->find(name);
    if (!exact_values_ || place.output >= exact_values_->size())
        return std::nullopt;
    const c10::IValue& value = (*exact_values_)[place.output];
    if (place.item < 0)
        return value;
    return c10::IValue(tensor_at(exact_values_, place.output, place.item));
}

// Why a value says nothing; empty: it is compared.
std::string ValueComparer::not_compared(const ObservedStep& observed, size_t output) const {
    if (observed.step.random)
        return reference_ ? "random: the recorded value was taken" : "random: both runs have one value";
    if (!(observed.step.unspecified >> output & 1))
        return {};
    const Body& body = module_.body(observed.body);
    const Node* n = &body.node(observed.node);
    if (short_target(module_.text(n->target)) == "operator.getitem" && !body.inputs_of(*n).empty())
        n = &body.node(body.inputs_of(*n)[0]);
    const std::string_view target = module_.text(n->target);
    const auto has = [&](std::string_view word) { return target.find(word) != target.npos; };
    if (has("linalg_eig") || has("linalg_svd"))
        return "vectors that are determined up to a factor";
    if (has("linalg_solve") || has("ctc_loss") || has("batch_norm"))
        return "work space that only the operator's own kernels read";
    return target.find("empty") != target.npos ? "memory that nobody has written to"
        : target.find("effects") != target.npos
        ? "the token of an effect"
        : "a seed, an offset or a mask, which means nothing elsewhere";
}

// The recorded value is away from the exact one, as it was computed with fewer digits than its type has.
void ValueComparer::excuse(wire::ComparedValue& row, const Place& place, const at::Tensor& found,
    const at::Tensor& expected, const Exact& exact, const Precision& precision) {
    const c10::FunctionSchema* schema = place.observed.repeat->schema();
    if (!schema)
        return;
    wire::ComparedValue own;
    judge(own, found, {}, exact, precision);
    if (own.verdict == wire::Verdict::Suspicious)
        return;
    const at::ScalarType type = found.scalar_type();
    if ((type == at::kHalf || type == at::kBFloat16) && rounds_at_each_step(schema->name())) {
        step_by_step(row, type);
    } else if (type == at::kFloat && multiplies_in_tf32(schema->name())) {
        judge_tf32(row, place, expected, exact);
    }
}

// Products of float32 that a GPU computed in TF32 (torch.backends.cuda.matmul.allow_tf32 and
// torch.backends.cudnn.allow_tf32, which is on for convolutions unless it is turned off).
void ValueComparer::judge_tf32(
    wire::ComparedValue& row, const Place& place, const at::Tensor& expected, const Exact& exact) {
    const auto rounded_so = [&](Tf32 how) {
        const std::vector<uint32_t> bias = added_slots(*wide_.program, place.observed);
        const auto values =
            place.observed.repeat->again(*wide_.program, [&](uint32_t slot, const c10::IValue& value) {
                return std::find(bias.begin(), bias.end(), slot) != bias.end() ? widened(value)
                                                                               : in_tf32(value, how);
            });
        return tensor_at(values, place.output, place.item);
    };
    const Precision precision = precision_of(at::kFloat);
    for (const Tf32 how : {Tf32::Nearest, Tf32::Truncated}) {
        Exact of_rounded;
        of_rounded.value = rounded_so(how);
        of_rounded.growth = exact.growth;
        if (!serves(of_rounded.value, expected))
            return;
        for (const at::Tensor& moved : exact.moved)
            of_rounded.moved.push_back(of_rounded.value + (moved - exact.value));
        wire::ComparedValue proven;
        judge(proven, of_rounded.value.to(at::kFloat), expected, of_rounded, precision);
        if (proven.verdict == wire::Verdict::Suspicious)
            continue;
        row.verdict = wire::Verdict::WithinRounding;
        row.why = "recorded in TF32: it is the product of operands "
            + std::string(how == Tf32::Nearest ? "rounded" : "cut") + " to 10 bits after the point";
        return;
    }
    // Algorithms that transform their operands first (Winograd), or split sums: within what TF32 rounds to.
    if (!wide_.program->gpu)
        return;
    Exact coarse;
    coarse.value = exact.value;
    const auto values =
        place.observed.repeat->again(*wide_.program, [&](uint32_t slot, const c10::IValue& value) {
            return moved(value, kTf32Share, uint64_t{slot} << 8);
        });
    if (const at::Tensor moved = tensor_at(values, place.output, place.item); serves(moved, expected))
        coarse.moved.push_back(moved);
    wire::ComparedValue within;
    judge(within, exact.value.to(at::kFloat), expected, coarse, precision);
    if (coarse.moved.empty() || within.times > kTf32Floors)
        return;
    row.verdict = wire::Verdict::WithinRounding;
    row.why = "within the rounding of TF32, in which GPUs may multiply float32";
}

void ValueComparer::judge_numbers(
    wire::ComparedValue& row, const Place& place, const at::Tensor& found, const at::Tensor& expected) {
    const bool first = place.output == 0 && place.item < 0;
    const Precision precision = first && place.observed.step.foreign
        ? precision_of(*place.observed.step.foreign)
        : precision_of(found.scalar_type());
    Exact exact;
    if (options_.alone) {
        exact = alone_exact(place, found);
    } else if (!exact_->took_over()) {
        exact.value = tensor_at(exact_values_, place.output, place.item);
        if (const at::Tensor moved = tensor_at(noisy_values_, place.output, place.item); serves(moved, found))
            exact.moved.push_back(moved);
    }
    if (!serves(exact.value, found)) {
        const wire::ComparedValue by = compare(row.path, found, expected, options_);
        row.max_abs = by.max_abs;
        row.max_rel = by.max_rel;
        row.max_ulp = by.max_ulp;
        row.worst = by.worst;
        row.found = by.found;
        row.expected = by.expected;
        row.equal = by.equal;
        row.why = "by its fixed tolerance, as the operator could not be repeated in double precision";
        fixed(row);
        return;
    }
    judge(row, found, reference_ ? expected : at::Tensor(), exact, precision);
    if (row.verdict == wire::Verdict::Suspicious && reference_ && options_.alone)
        excuse(row, place, found, expected, exact, precision);
    if (row.verdict != wire::Verdict::Suspicious || options_.alone || (reference_ && choice_.empty()))
        return;
    // What its operands carry may take it further than one noisy run shows: a branch of a choice, chaos. The
    // node itself is right where it does to its own operands what it should.
    const Exact own = alone_exact(place, found);
    if (!serves(own.value, found))
        return;
    wire::ComparedValue alone;
    judge(alone, found, {}, own, precision);
    if (alone.verdict == wire::Verdict::Suspicious)
        return;
    if (reference_) {
        row.verdict = wire::Verdict::NotCompared;
        row.why = "behind another choice, of " + choice_ + "; right on its own operands";
        return;
    }
    row.verdict = wire::Verdict::WithinRounding;
    row.times = alone.times;
    row.why = "right on its own operands, which another choice or the rounding before it has changed";
}

// Integers and booleans.
void ValueComparer::judge_choice(
    wire::ComparedValue& row, const Place& place, const at::Tensor& found, const at::Tensor& expected) {
    compare_wholes(row, found, expected);
    if (row.equal) {
        row.verdict = wire::Verdict::Same;
        return;
    }
    row.verdict = wire::Verdict::Suspicious;
    row.times = std::numeric_limits<double>::infinity();
    const std::vector<c10::IValue> operands = place.observed.repeat->operands();
    if (const c10::FunctionSchema* schema = place.observed.repeat->schema();
        schema && place.item < 0 && equal_choice(*schema, operands, place.output, found, expected)) {
        chosen(row, "another choice among equal elements");
        return;
    }
    if (options_.alone) {
        if (const c10::FunctionSchema* schema = place.observed.repeat->schema(); schema
            && rounds_at_each_step(schema->name()) && !operands.empty() && operands[0].isTensor()
            && precision_of(operands[0].toTensor().scalar_type()).digits < 24)
            step_by_step(row, operands[0].toTensor().scalar_type());
        return;
    }
    const at::Tensor own = tensor_at(again(place.observed, /*floats=*/false).exact, place.output, place.item);
    if (own.defined() && own.sizes() == found.sizes() && at::equal(own.to(found.scalar_type()), found)) {
        chosen(row, "another choice: its operands differ by their rounding");
    } else if (!own.defined() && !choice_.empty()) { // a call of a body
        row.verdict = wire::Verdict::NotCompared;
        row.why = "behind another choice, of " + choice_;
    }
}

void ValueComparer::chosen(wire::ComparedValue& row, std::string why) {
    row.verdict = wire::Verdict::WithinRounding;
    row.times = 0;
    row.why = std::move(why);
    if (choice_.empty())
        choice_ = row.path;
}

void ValueComparer::give_verdict(
    wire::ComparedValue& row, const Place& place, const at::Tensor& found, const at::Tensor& expected) {
    if (found.numel() == 0 || same_elements(found, expected))
        row.verdict = wire::Verdict::Same;
    else if (found.is_floating_point() || found.is_complex())
        judge_numbers(row, place, found, expected);
    else
        judge_choice(row, place, found, expected);
}

// An item of a tuple is what was judged as part of it.
bool ValueComparer::inherit(const std::string& name, const ObservedStep& observed) {
    const Body& body = module_.body(observed.body);
    const Node& n = body.node(observed.node);
    const auto inputs = body.inputs_of(n);
    if (observed.step.kind != StepKind::Nothing || n.op != Opcode::CallFunction || inputs.size() != 1)
        return false;
    const Step& tuple = wide_.program->bodies[observed.body.index].steps[inputs[0].index];
    const std::string path = observed.prefix + std::string(module_.text(body.node(inputs[0]).name)) + "#"
        + std::to_string(observed.step.result - tuple.result);
    const auto found = std::find_if(
        rows_.rbegin(), rows_.rend(), [&](const wire::ComparedValue& row) { return row.path == path; });
    if (found == rows_.rend() || found->verdict == wire::Verdict::Same)
        return false;
    wire::ComparedValue row = *found;
    row.path = name;
    keep(std::move(row), observed);
    return true;
}

void ValueComparer::keep(wire::ComparedValue row, const ObservedStep& observed) {
    row.body = observed.body;
    row.node = observed.node;
    rows_.push_back(std::move(row));
}

bool ValueComparer::take(const std::string& name, Place place, c10::IValue& value) {
    if (value.isTensorList()) {
        auto items = value.toTensorList();
        bool any = false;
        for (size_t i = 0; i < items.size(); ++i) {
            c10::IValue item = static_cast<at::Tensor>(items[i]);
            any = take(name + "#" + std::to_string(i),
                      {place.observed, place.output, static_cast<int64_t>(i)}, item)
                || any;
            if (options_.alone)
                items[i] = item.toTensor();
        }
        return any;
    }
    const auto there = expected(name, place);
    if (!there)
        return false;
    const std::string why = not_compared(place.observed, place.output);
    if (why.empty() && !options_.strict && inherit(name, place.observed))
        return true;
    if (!why.empty()) {
        wire::ComparedValue row;
        row.path = name;
        row.verdict = wire::Verdict::NotCompared;
        row.why = why;
        if (value.isTensor() && value.toTensor().defined())
            row.dtype = scalar_type_name(value.toTensor().scalar_type());
        keep(std::move(row), place.observed);
    } else if (!there->ok()) {
        wire::ComparedValue row;
        row.path = name;
        unequal(row, there->error().message);
        row.verdict = wire::Verdict::WrongDtype;
        keep(std::move(row), place.observed);
    } else if (options_.strict) {
        wire::ComparedValue row = compare(name, value, **there, options_);
        fixed(row);
        keep(std::move(row), place.observed);
    } else {
        wire::ComparedValue row;
        row.path = name;
        if (alike(row, value, **there, options_))
            give_verdict(row, place, value.toTensor(), (*there)->toTensor());
        row.equal = row.verdict <= wire::Verdict::WithinRounding;
        keep(std::move(row), place.observed);
    }
    if (reference_ && there->ok() && (options_.alone || !why.empty()))
        value = **there;
    return why.empty();
}

void ValueComparer::value(const ObservedStep& observed, c10::IValue* values, size_t count) {
    const Node& n = module_.body(observed.body).node(observed.node);
    again_ = {};
    exact_values_ = exact_ ? exact_->catch_up(observed, values, count) : nullptr;
    noisy_values_ = noisy_ ? noisy_->catch_up(observed, values, count) : nullptr;
    // Inputs are what was recorded; a body by name is no value; an item of a tuple was compared as part of
    // it, but counts as the node it is.
    if (n.op == Opcode::Placeholder || n.op == Opcode::GetAttr)
        return;
    const std::string name = observed.prefix + std::string(module_.text(n.name));
    bool any = false;
    const size_t before = rows_.size();
    for (size_t i = 0; i < count; ++i)
        any =
            take(observed.tuple ? name + "#" + std::to_string(i) : name, {observed, i, -1}, values[i]) || any;
    if (rows_.size() > before && observed.step.random)
        random_.push_back(name);
    compared_ += any;
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
