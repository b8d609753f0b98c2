// Whole runs: as they are, timed node by node, and compared.
#include "core/executor/arguments.h"
#include "core/executor/server.h"
#include "core/executor/statistics.h"
#include "core/executor/tensors.h"
#include "core/executor/torch.h"

#include <algorithm>
#include <chrono>
#include <map>

namespace hopscope::executor {

using nlohmann::json;

namespace {

// Every node's share: medians over whole runs.
class Stopwatch : public Observer {
public:
    using Key = std::pair<uint32_t, uint32_t>; // body, node
    bool before(const Moment& moment) override {
        begun_.resize(moment.depth);
        begun_.push_back(Clock::now());
        return false;
    }
    void value(const Moment& moment, c10::IValue*, size_t) override { add(moment); }
    void after(const Moment& moment, const std::vector<c10::IValue>&) override {
        if (moment.step.kind == StepKind::Output)
            add(moment);
    }
    std::map<Key, std::pair<uint64_t, double>> taken; // runs, µs of all of them

private:
    using Clock = std::chrono::steady_clock;
    void add(const Moment& moment) {
        const std::chrono::duration<double, std::micro> took = Clock::now() - begun_.at(moment.depth);
        auto& [calls, total] = taken[{moment.body.index, moment.node.index}];
        ++calls;
        total += took.count();
    }
    std::vector<Clock::time_point> begun_;
};

double median(std::vector<double>& numbers) {
    const auto middle = numbers.begin() + static_cast<std::ptrdiff_t>(numbers.size() / 2);
    std::nth_element(numbers.begin(), middle, numbers.end());
    return *middle;
}

CompareOptions compare_options(const json& params) {
    CompareOptions options;
    options.alone = flag_of(params, "alone");
    const json given = params.value("tolerances", json::object());
    if (!given.is_object())
        throw Fault{wire::kInvalidParams, "'tolerances' must be an object, such as {\"float32\": 1e-5}"};
    for (const auto& [name, number] : given.items()) {
        const auto dtype = scalar_type(name);
        if (!dtype || !number.is_number() || !(number.get<double>() >= 0))
            throw Fault{wire::kInvalidParams, "no tolerance for a dtype: \"" + name + "\": " + number.dump()};
        options.tolerances[*dtype] = number.get<double>();
    }
    return options;
}

} // namespace

RunSettings Server::settings(const json& params) {
    RunSettings s;
    s.progress = files_.progress;
    s.stop = [this] { return stop(); };
    cancel_ = false;
    if (const std::string to = text_of(params, "to"); !to.empty()) {
        s.until = find_node(*program_->module, program_->module->bodies[0], to);
        if (!s.until)
            throw Fault{wire::kInvalidParams, "no node '" + to + "' in the body"};
    }
    at::manual_seed(static_cast<uint64_t>(number_of(params, "seed", 0)));
    return s;
}

json Server::told(const Outcome& outcome) const {
    if (outcome.cancelled)
        throw Fault{wire::kCancelled, "cancelled after " + std::to_string(outcome.run) + " nodes"};
    json result{{"nodes", outcome.nodes}, {"run", outcome.run}, {"widened", outcome.widened}};
    if (outcome.failure) {
        const Failure& f = *outcome.failure;
        const GraphModule& module = *program_->module;
        const Node& node = module.body(f.body).node(f.node);
        result["failure"] = {{"body", body_path(module, f.body)}, {"node", module.text(node.name)},
            {"path", f.path}, {"target", short_target(module, node)}, {"message", f.message},
            {"unsupported", f.unsupported}};
    }
    return result;
}

json Server::run_all(const json& params) {
    need_inputs();
    RunSettings s = settings(params);
    const bool keep = flag_of(params, "keep");
    const int64_t repeat = number_of(params, "repeat", 1);
    if (repeat < 1 || repeat > 1000000)
        throw Fault{wire::kInvalidParams, "'repeat' must lie between 1 and 1000000"};
    kept_.clear();
    const bool double_precision = flag_of(params, "float64");
    const Program& program = double_precision ? in_float64() : *program_;
    const std::vector<c10::IValue> inputs = double_precision ? inputs_in_float64() : inputs_;
    Keeper keeper(*program_->module, program.mutates);
    std::vector<double> times;
    json result;
    for (int64_t i = 0; i < repeat; ++i) {
        // Values are kept of the last run, so that the others are timed as they are.
        s.observer = keep && i + 1 == repeat ? &keeper : nullptr;
        const auto begin = std::chrono::steady_clock::now();
        const Outcome outcome = run(program, inputs, s);
        const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - begin;
        result = told(outcome);
        if (!s.observer || repeat == 1)
            times.push_back(took.count());
        if (outcome.failure)
            break;
    }
    kept_ = keeper.take();
    std::sort(times.begin(), times.end());
    result["best_ms"] = times.empty() ? 0 : times.front();
    result["wall_ms"] = times.empty() ? 0 : times[times.size() / 2];
    return result;
}

json Server::timing(const json& params) {
    need_inputs();
    RunSettings s = settings(params);
    const int64_t repeat = number_of(params, "repeat", 20);
    if (repeat < 1 || repeat > 100000)
        throw Fault{wire::kInvalidParams, "'repeat' must lie between 1 and 100000"};
    std::map<Stopwatch::Key, std::vector<double>> samples;
    std::map<Stopwatch::Key, uint64_t> calls;
    std::vector<double> walls;
    json result;
    for (int64_t i = 0; i <= repeat; ++i) {
        Stopwatch watch;
        s.observer = &watch;
        const auto begin = std::chrono::steady_clock::now();
        result = told(run(*program_, inputs_, s));
        const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - begin;
        if (i == 0 && !result.contains("failure"))
            continue; // the first run pays for what is made once
        walls.push_back(took.count());
        for (const auto& [key, taken] : watch.taken) {
            calls[key] = taken.first;
            samples[key].push_back(taken.second);
        }
        if (result.contains("failure"))
            break;
    }
    json rows = json::array();
    for (auto& [key, numbers] : samples) {
        const double total = median(numbers);
        rows.push_back({{"body", key.first}, {"node", key.second}, {"calls", calls[key]},
            {"median_us", total / static_cast<double>(calls[key])}, {"total_us", total}});
    }
    result["rows"] = std::move(rows);
    result["repeat"] = walls.size();
    result["wall_ms"] = median(walls);
    return result;
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

json Server::keep_as_reference() {
    if (kept_.empty())
        throw Fault{wire::kNotReady, "the last run kept no values"};
    reference_ = Reference(std::move(kept_));
    kept_.clear();
    return {{"values", reference_.size()}};
}

json Server::compare_all(const json& params) {
    need_inputs();
    CompareOptions options = compare_options(params);
    RunSettings s = settings(params);
    Reference wide;
    if (flag_of(params, "float64")) {
        Keeper keeper(*program_->module, in_float64().mutates);
        s.observer = &keeper;
        const json there = told(run(in_float64(), inputs_in_float64(), s));
        if (there.contains("failure"))
            throw Fault{wire::kInternalError,
                "in float64 '" + there["failure"]["path"].get<std::string>()
                    + "' failed: " + there["failure"]["message"].get<std::string>(),
                there["failure"]};
        wide = Reference(keeper.take());
        options.any_dtype = true;
        settings(params); // the same random numbers again
    } else if (!reference_.there()) {
        throw Fault{wire::kNotReady, "no reference is bound"};
    }
    options.any_dtype = options.any_dtype || flag_of(params, "any_dtype");
    // A body that writes into tensors must keep its aliases: its values are never exchanged.
    options.alone = options.alone && !program_->mutates && !options.any_dtype;
    Comparison comparison(*program_->module, wide.there() ? wide : reference_, options);
    s.observer = &comparison;
    const auto begin = std::chrono::steady_clock::now();
    json result = told(run(*program_, inputs_, s));
    const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - begin;
    json rows = json::array(), first;
    double max_abs = 0, max_rel = 0, max_ulp = 0;
    uint64_t mismatched = 0;
    for (const Row& row : comparison.rows()) {
        max_abs = std::max(max_abs, row.max_abs);
        max_rel = std::max(max_rel, row.max_rel);
        max_ulp = std::max(max_ulp, row.max_ulp);
        mismatched += !row.equal;
        json entry = to_json(row);
        if (!row.equal && first.is_null())
            first = entry;
        rows.push_back(std::move(entry));
    }
    result["wall_ms"] = took.count();
    result["rows"] = std::move(rows);
    result["compared"] = comparison.compared();
    result["mismatched"] = mismatched;
    result["first_mismatch"] = first;
    result["max_abs_error"] = json_number(max_abs);
    result["max_rel_error"] = json_number(max_rel);
    result["max_ulp_error"] = json_number(max_ulp);
    result["random"] = comparison.random();
    return result;
}

} // namespace hopscope::executor
