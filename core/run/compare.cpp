#include "core/run/compare.h"

#include "core/base/text.h"
#include "core/graph/types.h"
#include "core/wire/tolerance.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <numeric>
#include <set>
#include <tuple>

namespace hopscope::run {

namespace {

// Runs the other body and keeps its values in the worker; then loads the first one again.
Status run_other(
    worker::Worker& worker, const Prepared& prepared, const CompareRequest& request, const Job& job) {
    Prepared other = *request.other;
    other.reference.clear();
    if (const auto loaded = load_into(worker, other, job); !loaded)
        return loaded.error();
    wire::RunRequest kept;
    kept.keep = true;
    kept.seed = request.other_seed;
    const auto ran = worker.run(kept, job);
    if (!ran)
        return ran.error();
    if (ran->failure)
        return make_error(Error::Kind::External,
            "in the other run '" + ran->failure->path + "' failed: " + ran->failure->message);
    if (Status status = worker.keep_as_reference(job); !status)
        return status;
    Prepared again = prepared;
    again.reference.clear();
    const auto loaded = load_into(worker, again, job, /*keep_reference=*/true);
    return loaded ? Status() : Status(loaded.error());
}

// Gives the worker, which has the body and its reference, inputs of these sizes; loads the body anew where
// the sizes are others.
Status put_on(worker::Worker& worker, const Prepared& p, const std::vector<tensors::Value>& values,
    const Bindings& symbols, bool other_sizes, const Job& job) {
    if (other_sizes)
        if (const auto loaded = worker.load(p.module, p.body, symbols, job, /*keep_reference=*/true); !loaded)
            return loaded.error();
    return worker.bind(values, wire::BindRequest::As::Inputs, job);
}

// Which nodes that compute have a value under their name, as a whole, as an item, or inside of a call.
void count_unrecorded(RunComparison& c, const Prepared& prepared) {
    std::set<std::string_view> recorded;
    for (const tensors::Value& value : prepared.reference)
        recorded.insert(std::string_view(value.name).substr(0, value.name.find_first_of("#/")));
    for (const Node& node : prepared.module->body(prepared.body).nodes) {
        if (node.op == Opcode::Placeholder || node.op == Opcode::GetAttr || node.op == Opcode::Output)
            continue;
        ++c.computing;
        c.unrecorded += !recorded.contains(prepared.module->text(node.name));
    }
}

} // namespace

Result<RunComparison> compare(
    worker::Worker& worker, const Prepared& prepared, const CompareRequest& request, const Job& job) {
    using Against = CompareRequest::Against;
    if (request.against == Against::Recorded && prepared.reference.empty())
        return make_error(Error::Kind::Usage, "no recorded values were given to compare with");
    if (request.against == Against::Run && !request.other)
        return make_error(Error::Kind::Usage, "no other run was given to compare with");
    if (request.against == Against::Run)
        if (const Status status = run_other(worker, prepared, request, job); !status)
            return status.error();
    wire::CompareRequest asked;
    asked.strict = request.strict || request.against == Against::Run || !request.tolerances.empty();
    asked.alone = request.alone.value_or(request.against == Against::Recorded && !asked.strict);
    asked.seed = request.seed;
    asked.float64 = request.against == Against::Float64;
    asked.any_dtype = request.against == Against::Run && request.other->module != prepared.module;
    asked.tolerances = request.tolerances;
    const OtherInputs* recorded_on =
        request.against == Against::Recorded ? prepared.recorded_on.get() : nullptr;
    const bool other_sizes = recorded_on && recorded_on->symbols != prepared.symbols;
    if (recorded_on)
        if (const Status status =
                put_on(worker, prepared, recorded_on->values, recorded_on->symbols, other_sizes, job);
            !status)
            return status.error();
    auto answer = worker.compare(asked, job);
    if (!answer)
        return answer.error();
    if (recorded_on)
        if (const Status status =
                put_on(worker, prepared, prepared.inputs.values, prepared.symbols, other_sizes, job);
            !status)
            return status.error();
    RunComparison c{std::move(*answer),
        request.against == Against::Recorded      ? "recorded values"
            : request.against == Against::Float64 ? "float64"
                                                  : "the run of " + request.other->address,
        asked.strict, {}, recorded_on ? recorded_on->text() : std::string()};
    if (request.against == Against::Recorded)
        count_unrecorded(c, prepared);
    if (recorded_on)
        leave_out_unknown(c, prepared, *recorded_on);
    for (size_t i = 0; i < c.values.size() && !c.first; ++i)
        if (!c.values[i].equal)
            c.first = i;
    // What was bound to compare with is there again.
    if (request.against == Against::Run && !prepared.reference.empty())
        if (const Status status = worker.bind(prepared.reference, wire::BindRequest::As::Reference, job);
            !status)
            return status.error();
    return c;
}

size_t RunComparison::count(wire::Verdict verdict) const {
    return static_cast<size_t>(std::count_if(
        values.begin(), values.end(), [&](const ComparedValue& v) { return v.verdict == verdict; }));
}

const ComparedValue* RunComparison::largest(double ComparedValue::*figure) const {
    const ComparedValue* found = nullptr;
    for (const ComparedValue& v : values)
        if (v.verdict != wire::Verdict::NotCompared && v.*figure > (found ? found->*figure : 0))
            found = &v;
    return found;
}

size_t RunComparison::other_strides() const {
    return static_cast<size_t>(std::count_if(
        values.begin(), values.end(), [](const ComparedValue& v) { return !v.strides.empty(); }));
}

size_t RunComparison::undecided() const {
    constexpr double kDecides = 0.1;
    return strict
        ? 0
        : static_cast<size_t>(std::count_if(values.begin(), values.end(), [](const ComparedValue& v) {
              return v.verdict == wire::Verdict::WithinRounding && v.max_rel > kDecides;
          }));
}

std::string verdict_text(const ComparedValue& value, bool strict) {
    switch (value.verdict) {
    case wire::Verdict::NotCompared:
        return "not compared";
    case wire::Verdict::Same:
        return "same";
    case wire::Verdict::WithinRounding:
        return strict ? "within tolerance" : "within rounding";
    case wire::Verdict::Suspicious:
        if (strict)
            return "differs";
        if (value.times == 0)
            return "suspicious"; // by its fixed tolerance
        return std::isfinite(value.times) ? fmt::format("suspicious, {:.3g} × the noise floor", value.times)
                                          : "suspicious, no rounding explains it";
    case wire::Verdict::WrongDtype:
        return "wrong dtype";
    case wire::Verdict::WrongShape:
        return "wrong shape";
    }
    return {};
}

std::string verdicts_text(const RunComparison& comparison) {
    using wire::Verdict;
    const std::pair<Verdict, const char*> all[] = {{Verdict::Same, "same"},
        {Verdict::WithinRounding, comparison.strict ? "within tolerance" : "within rounding"},
        {Verdict::Suspicious, comparison.strict ? "differ" : "suspicious"},
        {Verdict::WrongDtype, "of wrong dtype"}, {Verdict::WrongShape, "of wrong shape"},
        {Verdict::NotCompared, "not compared"}};
    std::string text;
    for (const auto& [verdict, words] : all)
        if (const size_t count = comparison.count(verdict))
            text += fmt::format("{}{} {}",
                text.empty()                          ? ""
                    : verdict == Verdict::NotCompared ? "; "
                                                      : ", ",
                count, words);
    if (const size_t strides = comparison.strict ? 0 : comparison.other_strides())
        text += fmt::format("; {} with other strides", counted(strides, "value"));
    if (const size_t undecided = comparison.undecided())
        text += fmt::format(
            "; {} within rounding only as rounding may move {} by more than a tenth: these inputs decide "
            "nothing there",
            counted(undecided, "value"), undecided == 1 ? "it" : "them");
    return text.empty() ? "no value compared" : text;
}

std::string unrecorded_text(const RunComparison& comparison) {
    if (comparison.unrecorded * 2 <= comparison.computing)
        return {};
    return fmt::format("of {} of the {} nodes nothing is recorded: are these values of this graph?",
        comparison.unrecorded, comparison.computing);
}

int digits_apart(std::vector<double> numbers, int fewest) {
    constexpr int kAll = 17; // tell any two doubles apart
    std::erase_if(
        numbers, [](double number) { return std::isnan(number); }); // equal to nothing, and has none
    std::sort(numbers.begin(), numbers.end());
    int digits = fewest;
    for (size_t i = 1; i < numbers.size(); ++i)
        while (digits < kAll && numbers[i] != numbers[i - 1]
            && fmt::format("{:.{}g}", numbers[i], digits) == fmt::format("{:.{}g}", numbers[i - 1], digits))
            ++digits;
    return digits;
}

std::vector<size_t> by_error(const RunComparison& comparison) {
    const auto rank = [&](size_t i) {
        const ComparedValue& v = comparison.values[i];
        const double infinite = std::numeric_limits<double>::infinity();
        const double away = !v.reason.empty() || std::isnan(v.times) ? infinite : v.times;
        return std::tuple(!v.equal, v.verdict != wire::Verdict::NotCompared, away, v.verdict,
            std::isnan(v.max_rel) ? infinite : v.max_rel);
    };
    std::vector<size_t> order(comparison.values.size());
    std::iota(order.begin(), order.end(), size_t{0});
    std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return rank(a) > rank(b); });
    return order;
}

std::map<std::string, double> default_tolerances(bool alone) {
    std::map<std::string, double> all;
    for (const wire::Tolerance& t : wire::kTolerances)
        all[std::string(t.dtype)] = wire::tolerance(t.dtype, alone);
    return all;
}

Result<std::map<std::string, double>> tolerances_of(const std::vector<std::string>& words) {
    std::map<std::string, double> tolerances;
    for (const std::string& word : words) {
        const size_t equals = word.find('=');
        const std::string name = word.substr(0, equals);
        const DType* dtype = dtype_by_abbreviation(name);
        dtype = dtype ? dtype : dtype_by_name(name);
        char* end = nullptr;
        const double value = equals == std::string::npos ? -1 : std::strtod(word.c_str() + equals + 1, &end);
        if (!dtype || !(value >= 0) || !end || *end || end == word.c_str() + equals + 1)
            return make_error(
                Error::Kind::Usage, "'" + word + "': expected DTYPE=NUMBER, as in float32=1e-5");
        tolerances[std::string(dtype->name)] = value;
    }
    return tolerances;
}

} // namespace hopscope::run
