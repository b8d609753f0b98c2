// Whole runs: as they are, timed node by node, and compared.
#include "core/base/clock.h"
#include "core/executor/arguments.h"
#include "core/executor/server.h"
#include "core/executor/tensors.h"
#include "core/executor/torch.h"
#include "core/executor/value_comparer.h"

#include <algorithm>
#include <map>

namespace hopscope::executor {

namespace {

// Every node's share: medians over whole runs.
class NodeTimer : public Observer {
public:
    using Key = std::pair<uint32_t, uint32_t>; // body, node
    bool before(const ObservedStep& observed) override {
        begun_.resize(observed.depth);
        begun_.emplace_back();
        return false;
    }
    void value(const ObservedStep& observed, c10::IValue*, size_t) override { add(observed); }
    void after(const ObservedStep& observed, const std::vector<c10::IValue>&) override {
        if (observed.step.kind == StepKind::Output)
            add(observed);
    }
    std::map<Key, std::pair<uint64_t, double>> taken; // runs, µs of all of them

private:
    void add(const ObservedStep& observed) {
        const double took = begun_.at(observed.depth).milliseconds() * 1000;
        auto& [calls, total] = taken[{observed.body.index, observed.node.index}];
        ++calls;
        total += took;
    }
    std::vector<Stopwatch> begun_; // by depth
};

double median(std::vector<double>& numbers) {
    const auto middle = numbers.begin() + static_cast<std::ptrdiff_t>(numbers.size() / 2);
    std::nth_element(numbers.begin(), middle, numbers.end());
    return *middle;
}

CompareOptions compare_options(const wire::CompareRequest& request) {
    CompareOptions options;
    options.alone = request.alone;
    options.strict = request.strict;
    for (const auto& [name, tolerance] : request.tolerances) {
        const auto dtype = scalar_type(name);
        if (!dtype || !(tolerance >= 0))
            throw Fault{wire::kInvalidParams,
                "no tolerance for a dtype: \"" + name + "\": " + std::to_string(tolerance)};
        options.tolerances[*dtype] = tolerance;
    }
    return options;
}

} // namespace

RunSettings Server::settings(uint64_t seed, const std::string& to) {
    RunSettings s;
    s.progress = files_.progress;
    s.stop = [this] { return stop(); };
    cancel_ = false;
    if (!to.empty()) {
        s.until = find_node(*program_->module, program_->module->bodies[0], to);
        if (!s.until)
            throw Fault{wire::kInvalidParams, "no node '" + to + "' in the body"};
    }
    at::manual_seed(seed);
    return s;
}

wire::RunOutcome Server::told(const Outcome& outcome) const {
    if (outcome.cancelled)
        throw Fault{wire::kCancelled, "cancelled after " + std::to_string(outcome.run) + " nodes"};
    wire::RunOutcome answer{outcome.nodes, outcome.run, outcome.widened, {}};
    if (outcome.failure)
        answer.failure = executor::told(*program_->module, *outcome.failure);
    return answer;
}

wire::RunAnswer Server::run_all(const wire::RunRequest& request) {
    need_inputs();
    RunSettings s = settings(request.seed, request.to);
    if (request.repeat < 1 || request.repeat > 1000000)
        throw Fault{wire::kInvalidParams, "'repeat' must lie between 1 and 1000000"};
    kept_.clear();
    const Program& program = request.float64 ? in_float64() : *program_;
    const std::vector<c10::IValue> inputs = request.float64 ? inputs_in_float64() : inputs_;
    Keeper keeper(*program_->module, program.mutates, request.only);
    std::vector<double> times;
    wire::RunAnswer answer;
    for (int64_t i = 0; i < request.repeat; ++i) {
        // Values are kept of the last run, so that the others are timed as they are.
        s.observer = request.keep && i + 1 == request.repeat ? &keeper : nullptr;
        const Stopwatch watch;
        const Outcome outcome = run(program, inputs, s);
        const double took = watch.milliseconds();
        static_cast<wire::RunOutcome&>(answer) = told(outcome);
        if (!s.observer || request.repeat == 1)
            times.push_back(took);
        if (outcome.failure)
            break;
    }
    kept_ = keeper.take();
    std::sort(times.begin(), times.end());
    answer.best_ms = times.empty() ? 0 : times.front();
    answer.wall_ms = times.empty() ? 0 : times[times.size() / 2];
    return answer;
}

wire::TimingAnswer Server::timing(const wire::TimingRequest& request) {
    need_inputs();
    RunSettings s = settings(request.seed);
    if (request.repeat < 1 || request.repeat > 100000)
        throw Fault{wire::kInvalidParams, "'repeat' must lie between 1 and 100000"};
    std::map<NodeTimer::Key, std::vector<double>> samples;
    std::map<NodeTimer::Key, uint64_t> calls;
    std::vector<double> walls;
    wire::TimingAnswer answer;
    for (int64_t i = 0; i <= request.repeat; ++i) {
        NodeTimer timer;
        s.observer = &timer;
        const Stopwatch watch;
        static_cast<wire::RunOutcome&>(answer) = told(run(*program_, inputs_, s));
        const double took = watch.milliseconds();
        if (i == 0 && !answer.failure)
            continue; // the first run pays for what is made once
        walls.push_back(took);
        for (const auto& [key, taken] : timer.taken) {
            calls[key] = taken.first;
            samples[key].push_back(taken.second);
        }
        if (answer.failure)
            break;
    }
    for (auto& [key, numbers] : samples) {
        const double total = median(numbers);
        answer.rows.push_back({BodyId(key.first), NodeId(key.second), calls[key],
            total / static_cast<double>(calls[key]), total});
    }
    answer.repeat = static_cast<int64_t>(walls.size());
    answer.wall_ms = median(walls);
    return answer;
}

// The same body in double precision: what rounding alone explains shows itself against it.
const Program& Server::in_float64() {
    if (!float64_) {
        auto made = compile(program_->module, symbols_, /*float64=*/true);
        if (!made)
            throw Fault{wire::kInvalidParams, made.error().message};
        float64_ = *made;
    }
    return *float64_;
}

std::vector<c10::IValue> Server::inputs_in_float64() const {
    const c10::InferenceMode guard;
    std::vector<c10::IValue> wide = inputs_;
    for (c10::IValue& value : wide)
        if (value.isTensor() && value.toTensor().is_floating_point())
            value = with_dtype(value.toTensor(), at::kDouble);
    return wide;
}

std::vector<c10::IValue> Server::moved_inputs() const {
    const c10::InferenceMode guard;
    std::vector<c10::IValue> all = inputs_;
    for (size_t i = 0; i < all.size(); ++i)
        all[i] = moved(all[i], 1, i + 1);
    return all;
}

wire::KeepAsReferenceAnswer Server::keep_as_reference(const wire::KeepAsReferenceRequest&) {
    if (kept_.empty())
        throw Fault{wire::kNotReady, "the last run kept no values"};
    reference_ = Reference(std::move(kept_));
    kept_.clear();
    return {reference_.size()};
}

wire::CompareAnswer Server::compare_all(const wire::CompareRequest& request) {
    need_inputs();
    CompareOptions options = compare_options(request);
    RunSettings s = settings(request.seed);
    if (!request.float64 && !reference_.there())
        throw Fault{wire::kNotReady, "no reference is bound"};
    options.any_dtype = request.float64 || request.any_dtype;
    // A body that writes into tensors must keep its aliases: its values are never exchanged.
    options.alone = options.alone && !program_->mutates && !options.any_dtype;
    Wide wide;
    if (request.float64 || !options.strict)
        wide = {&in_float64(), inputs_in_float64(),
            options.alone || options.strict ? inputs_ : moved_inputs(), s.stop};
    ValueComparer comparison(*program_->module, request.float64 ? nullptr : &reference_, options, wide);
    s.observer = &comparison;
    const Stopwatch watch;
    wire::CompareAnswer answer;
    static_cast<wire::RunOutcome&>(answer) = told(run(*program_, inputs_, s));
    answer.wall_ms = watch.milliseconds();
    answer.values = comparison.rows();
    for (const wire::ComparedValue& row : answer.values) {
        answer.max_abs = std::max(answer.max_abs, row.max_abs);
        answer.max_rel = std::max(answer.max_rel, row.max_rel);
        answer.max_ulp = std::max(answer.max_ulp, row.max_ulp);
        answer.mismatched += !row.equal;
        if (!row.equal && !answer.first_mismatch)
            answer.first_mismatch = row;
    }
    answer.alone = options.alone;
    answer.compared = comparison.compared();
    answer.random = comparison.random();
    return answer;
}

} // namespace hopscope::executor
