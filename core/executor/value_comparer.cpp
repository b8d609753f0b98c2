#include "core/executor/value_comparer.h"

#include "core/executor/arguments.h"
#include "core/executor/tensors.h"
#include "core/executor/tf32.h"
#include "core/executor/torch.h"
#include "core/graph/reading.h"

#include <algorithm>
#include <limits>

namespace hopscope::executor {

namespace {

// Of so few elements several noisy repetitions are looked at.
constexpr int64_t kFew = 256;
constexpr uint64_t kSamplesOfFew = 8;

// Result `output`, of a list its item; undefined where there is none.
at::Tensor tensor_at(const std::vector<c10::IValue>* values, size_t output, std::optional<size_t> item) {
    if (!values || output >= values->size())
        return {};
    const c10::IValue& value = (*values)[output];
    if (!item)
        return value.isTensor() ? value.toTensor() : at::Tensor();
    return value.isTensorList() && *item < value.toTensorList().size() ? value.toTensorList().get(*item)
                                                                       : at::Tensor();
}

at::Tensor tensor_at(
    const std::optional<std::vector<c10::IValue>>& values, size_t output, std::optional<size_t> item) {
    return tensor_at(values ? &*values : nullptr, output, item);
}

// Of the same elements as what it is held against, in double precision.
bool serves(const at::Tensor& exact, const at::Tensor& found) {
    return exact.defined() && exact.sizes() == found.sizes() && exact.is_complex() == found.is_complex()
        && (exact.is_floating_point() || exact.is_complex());
}

// Whether there are infinities or NaN where double precision has numbers.
bool overflown(const at::Tensor& found, const at::Tensor& exact) {
    return at::isfinite(found).logical_not_().logical_and_(at::isfinite(exact)).any().item().toBool();
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
    if (!place.item)
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
    wire::ComparedValue own;
    if (place.observed.step.kind == StepKind::Flex) {
        // Its graphs round the scores that they change, which operands that are moved do not show: that both
        // sides agree does.
        Exact recorded;
        recorded.value = with_dtype(expected, at::kDouble);
        for (const at::Tensor& moved : exact.moved)
            recorded.moved.push_back(recorded.value + (moved - exact.value));
        judge(own, found, {}, recorded, precision);
        if (own.verdict == wire::Verdict::Suspicious)
            return;
        row.verdict = wire::Verdict::WithinRounding;
        row.why =
            "agrees with what is recorded; both are away from double precision by the rounding of scores";
        return;
    }
    if (!schema)
        return;
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
    const bool first = place.output == 0 && !place.item;
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
    row.why = overflown(found, exact.value)
        ? "right on its own operands: behind numbers too large for the type, which double precision holds"
        : "right on its own operands, which another choice or the rounding before it has changed";
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
        schema && !place.item && equal_choice(*schema, operands, place.output, found, expected)) {
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

// The path under which a value was judged already: an item of a tuple as part of it, what a body's call gives
// as the result of a node in there. Empty: nowhere.
std::string ValueComparer::judged_as(const Place& place) const {
    const ObservedStep& observed = place.observed;
    const Body& body = module_.body(observed.body);
    const Node& n = body.node(observed.node);
    const auto path_of = [&](NodeId id) {
        return observed.prefix + std::string(module_.text(body.node(id).name));
    };
    if (observed.step.kind == StepKind::Call) {
        if (options_.alone)
            return {}; // what it gives was put in place of what its body computed
        const Body& called = module_.body(observed.step.first);
        size_t at = 0;
        for (const Arg* result : results_of(called))
            if (at++ == place.output && result->node())
                return path_of(observed.node) + "/"
                    + std::string(module_.text(called.node(result->node()).name));
        return {};
    }
    const auto inputs = body.inputs_of(n);
    if (observed.step.kind != StepKind::Nothing || n.op != Opcode::CallFunction || inputs.size() != 1)
        return {};
    const Step& tuple = wide_.program->bodies[observed.body.index].steps[inputs[0].index];
    return path_of(inputs[0]) + "#" + std::to_string(observed.step.result - tuple.result);
}

bool ValueComparer::inherit(const std::string& name, const Place& place) {
    const std::string path = judged_as(place);
    if (path.empty())
        return false;
    const auto found = std::find_if(
        rows_.rbegin(), rows_.rend(), [&](const wire::ComparedValue& row) { return row.path == path; });
    if (found == rows_.rend() || found->verdict == wire::Verdict::Same)
        return false;
    wire::ComparedValue row = *found;
    row.path = name;
    keep(std::move(row), place.observed);
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
            any = take(name + "#" + std::to_string(i), {place.observed, place.output, i}, item) || any;
            if (options_.alone)
                items[i] = item.toTensor();
        }
        return any;
    }
    const auto there = expected(name, place);
    if (!there)
        return false;
    const std::string why = not_compared(place.observed, place.output);
    if (why.empty() && !options_.strict && inherit(name, place))
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

// What means nothing by itself (random numbers, memory that nobody wrote to) is what was recorded, in the
// runs behind this one too, which take this one's.
void ValueComparer::give_recorded(
    const ObservedStep& observed, const std::string& name, c10::IValue* values, size_t count) {
    for (size_t i = 0; i < count; ++i) {
        if (!observed.step.random && !(observed.step.unspecified >> i & 1))
            continue;
        const std::string key = observed.tuple ? name + "#" + std::to_string(i) : name;
        if (values[i].isTensorList()) {
            auto items = values[i].toTensorList();
            for (size_t item = 0; item < items.size(); ++item)
                if (const auto there = reference_->find(key + "#" + std::to_string(item));
                    there && there->ok() && (*there)->isTensor())
                    items[item] = (*there)->toTensor();
        } else if (const auto there = reference_->find(key); there && there->ok()) {
            values[i] = **there;
        }
    }
}

void ValueComparer::value(const ObservedStep& observed, c10::IValue* values, size_t count) {
    const Node& n = module_.body(observed.body).node(observed.node);
    again_ = {};
    if (reference_ && exact_)
        give_recorded(observed, observed.prefix + std::string(module_.text(n.name)), values, count);
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
            take(observed.tuple ? name + "#" + std::to_string(i) : name, {observed, i, {}}, values[i]) || any;
    if (rows_.size() > before && observed.step.random)
        random_.push_back(name);
    compared_ += any;
}

} // namespace hopscope::executor
