#include "app/cli/run_options.h"

#include "core/base/text.h"

#include <cmath>
#include <cstdio>

namespace hopscope::cli {

run::Request RunOptions::request() const {
    run::Request request;
    request.address = address;
    request.invocation = invocation;
    request.seed = seed;
    request.inputs = inputs;
    request.single_inputs = single_inputs;
    request.bind = bind;
    request.libraries = libraries;
    return request;
}

int open_and_start(const RunOptions& options, Opened& opened) {
    auto dump = open(options.paths);
    if (!dump)
        return fail(dump.error());
    opened.dump = std::move(*dump);
    const run::Request request = options.request();
    show_progress("making inputs");
    auto prepared = run::prepare(opened.dump, request);
    if (!prepared)
        return fail(prepared.error());
    opened.prepared = std::move(*prepared);
    opened.job = interruptible();
    auto started = run::start(opened.prepared, request, opened.job);
    if (!started)
        return executor_failed(started.error());
    opened.started = std::move(*started);
    return kDone;
}

void add_run_options(CLI::App& command, RunOptions& options) {
    add_dumps(command, options.paths);
    command.add_option("--at", options.address, "Which body: [rRANK/]COMPILE:STAGE[#K][:BODY]");
    command
        .add_option(
            "--invocation", options.invocation, "Which call of a region's body, from 0: its recorded values")
        ->check(whole_from(0));
    command.add_option("--seed", options.seed, "Make synthetic inputs from this seed")->check(whole_from(0));
    command.add_option("--inputs", options.inputs,
        "A file of inputs: .safetensors, .pt, .npy, or a folder with a NAME.npy for each placeholder");
    command.add_option("--input", options.single_inputs,
        "With --seed: one input by its shape, x=f32[2,3] or x=f32[2,3][1,2], or a number, k=3");
    command.add_option("--bind", options.bind, "A symbol's value: s77=8");
    command.add_option(
        "--load-library", options.libraries, "A shared library that registers custom operators");
}

namespace {
std::string figure(double value, int digits = 3) {
    char text[32];
    std::snprintf(text, sizeof text, "%.*g", digits, value);
    return text;
}
} // namespace

namespace {
// Three maxima, each with the value that has it: they are seldom one value's.
void print_largest(const run::RunComparison& c) {
    const auto told = [](const run::ComparedValue* v, double run::ComparedValue::*what, const char* unit) {
        return (std::isnan(v->found) != std::isnan(v->expected) ? std::string("NaN on one side")
                                                                : figure(v->*what) + unit)
            + " (" + utf8(v->path) + ")";
    };
    const run::ComparedValue* away = c.largest(&run::ComparedValue::max_abs);
    if (!away)
        return;
    std::string text = "largest difference " + told(away, &run::ComparedValue::max_abs, "");
    if (const auto* v = c.largest(&run::ComparedValue::max_rel))
        text += ", relative to its value " + told(v, &run::ComparedValue::max_rel, "");
    if (const auto* v = c.largest(&run::ComparedValue::max_ulp))
        text += ", in units in the last place " + told(v, &run::ComparedValue::max_ulp, " ulp");
    std::printf("  %s\n", text.c_str());
}
} // namespace

void print_verdicts(const run::RunComparison& c) {
    if (!c.basis.empty())
        std::printf("  %s\n", utf8(c.basis).c_str());
    if (const std::string text = run::unrecorded_text(c); !text.empty())
        std::printf("  %s\n", text.c_str());
    if (!c.random.empty())
        std::printf("  %s took the other side's value\n", counted(c.random.size(), "random node").c_str());
    std::printf("  %s of %s compared%s: %s\n",
        counted(c.values.size() - c.count(wire::Verdict::NotCompared), "value").c_str(),
        counted(c.compared, "node").c_str(), c.alone ? ", each on recorded inputs" : ", as a whole",
        run::verdicts_text(c).c_str());
    print_largest(c);
}

void print_value(const run::ComparedValue& v, bool strict) {
    std::string text = run::verdict_text(v, strict);
    if (!strict && v.verdict == wire::Verdict::WithinRounding && v.times > 0)
        text += ", " + figure(v.times) + " × the noise floor";
    if (!v.reason.empty()) {
        text += ": " + v.reason;
    } else if (v.max_abs > 0) {
        std::string place;
        for (const int64_t index : v.worst)
            place += (place.empty() ? "" : ", ") + std::to_string(index);
        std::vector<double> numbers{v.found, v.expected};
        if (v.floor > 0)
            numbers.push_back(v.exact);
        const int digits = run::digits_apart(numbers, 3);
        text += ": found " + figure(v.found, digits) + ", expected " + figure(v.expected, digits);
        if (v.floor > 0)
            text += ", exact " + figure(v.exact, digits);
        text += place.empty() ? "" : " at [" + place + "]";
        if (std::isnan(v.found) == std::isnan(v.expected)) // else there is no distance
            text += ", apart by " + figure(v.max_abs) + " (" + figure(v.max_ulp) + " ulp)";
    }
    if (!v.strides.empty() && v.reason.empty())
        text += "; other strides: " + v.strides;
    if (!v.why.empty())
        text += "; " + v.why;
    std::printf("  %-40s %-8s %s\n", utf8(v.path).c_str(), v.dtype.c_str(), utf8(text).c_str());
}

int failed(const Error& error) {
    return error.kind == Error::Kind::External ? executor_failed(error) : fail(error);
}

int failed(const wire::NodeFailure& failure) {
    return executor_failed(make_error(Error::Kind::External, failure.text()));
}

nlohmann::ordered_json failure_json(const wire::NodeFailure& failure) {
    return {{"body", failure.body}, {"message", failure.message}, {"node", failure.node},
        {"path", failure.path}, {"target", failure.target}, {"unsupported", failure.unsupported}};
}

nlohmann::ordered_json forecast_json(
    const Dump& dump, const Place& place, const run::Forecast& forecast, const run::BodyForecast& body) {
    nlohmann::ordered_json stops;
    if (body.stops) {
        const GraphModule& module = *forecast.module;
        const Node& n = module.body(body.stops->body).node(body.stops->node);
        const std::string helps = run::remedy(*body.stops, forecast.libtorch);
        stops = {{"body", body_path(module, body.stops->body)}, {"node", std::string(module.text(n.name))},
            {"target", std::string(short_target(module, n))},
            {"obstacle", wire::name_of(body.stops->obstacle)}, {"reason", body.stops->reason},
            {"remedy", helps.empty() ? nlohmann::ordered_json() : nlohmann::ordered_json(helps)},
            {"perhaps", body.perhaps}};
    }
    return {{"address", address_of(dump, place.graph, place.body)}, {"runs", body.runs()},
        {"nodes", body.nodes}, {"widened", body.widened}, {"composed", body.composed},
        {"unsure", body.unsure}, {"cannot", body.cannot}, {"stops", stops}};
}

} // namespace hopscope::cli
