// hopscope compare: a run against another, against double precision or against recorded values, node by node.
#include "app/cli/run_options.h"

#include "core/base/text.h"
#include "core/export/comparison_json.h"
#include "core/run/compare.h"

#include <cstdio>

namespace hopscope::cli {

namespace {

using nlohmann::ordered_json;

struct Options {
    RunOptions run;
    std::string against = "float64"; // or a file
    std::string with, with_inputs; // another body, other inputs
    long long with_seed = -1;
    std::vector<std::string> tolerances;
    int top = 10;
    bool alone = false, as_json = false;
};

std::string figure(double value) {
    char text[32];
    std::snprintf(text, sizeof text, "%.3g", value);
    return text;
}

void print_row(const run::ComparedValue& v) {
    std::string place;
    for (const int64_t index : v.worst)
        place += (place.empty() ? "[" : ", ") + std::to_string(index);
    std::printf("  %-40s %-8s %s\n", utf8(v.path).c_str(), v.dtype.c_str(),
        !v.reason.empty()
            ? v.reason.c_str()
            : ("abs " + figure(v.max_abs) + "  rel " + figure(v.max_rel) + "  ulp " + figure(v.max_ulp)
                + (v.equal ? ""
                           : "  found " + figure(v.found) + ", expected " + figure(v.expected)
                            + (place.empty() ? "" : " at " + place + "]")))
                  .c_str());
}

void print_report(const std::string& address, const run::RunComparison& c, bool synthetic, int top) {
    std::printf("%s against %s, %s inputs\n", address.c_str(), c.against.c_str(),
        synthetic ? "synthetic" : "recorded");
    std::printf("  %s compared, %s; largest error %s absolute, %s relative, %s ulp\n",
        counted(c.compared, "node").c_str(),
        c.mismatched ? (counted(c.mismatched, "value") + " differ").c_str() : "none differs",
        figure(c.max_abs).c_str(), figure(c.max_rel).c_str(), figure(c.max_ulp).c_str());
    if (!c.random.empty())
        std::printf("  %s took the other run's value\n", counted(c.random.size(), "random node").c_str());
    if (c.first) {
        std::printf("first difference\n");
        print_row(c.values[*c.first]);
    }
    std::printf("by error\n");
    int shown = 0;
    for (const size_t i : run::by_error(c))
        if (shown++ < top)
            print_row(c.values[i]);
}

Result<run::Prepared> other_of(const Dump& dump, const Options& options) {
    run::Request other = options.run.request();
    if (!options.with.empty())
        other.address = options.with;
    if (!options.with_inputs.empty()) {
        other.inputs = options.with_inputs;
        other.seed.reset();
    } else if (options.with_seed >= 0) {
        other.inputs.clear();
        other.seed = static_cast<uint64_t>(options.with_seed);
    }
    return run::prepare(dump, other);
}

int compare(const Options& options) {
    const auto tolerances = run::tolerances_of(options.tolerances);
    if (!tolerances)
        return fail(tolerances.error());
    const auto dump = open(options.run.paths);
    if (!dump)
        return fail(dump.error());
    const bool other_run = !options.with.empty() || !options.with_inputs.empty() || options.with_seed >= 0;
    run::Request request = options.run.request();
    run::CompareRequest how;
    how.alone = options.alone;
    how.seed = options.run.random_seed();
    how.tolerances = *tolerances;
    if (other_run) {
        how.against = run::CompareRequest::Against::Run;
    } else if (options.against == "float64") {
        how.against = run::CompareRequest::Against::Float64;
    } else {
        request.reference = options.against;
    }
    const auto prepared = run::prepare(*dump, request);
    if (!prepared)
        return fail(prepared.error());
    Result<run::Prepared> other = run::Prepared();
    if (other_run) {
        other = other_of(*dump, options);
        if (!other)
            return fail(other.error());
        how.other = &*other;
        how.other_seed = options.with_seed >= 0 ? static_cast<uint64_t>(options.with_seed) : how.seed;
    }
    const Job job = interruptible();
    const auto started = run::start(*prepared, request, job);
    if (!started)
        return executor_failed(started.error());
    const auto compared = run::compare(*started->worker, *prepared, how, job);
    if (!compared)
        return executor_failed(compared.error());
    if (options.as_json) {
        const wire::InitializeAnswer& facts = started->worker->facts();
        ordered_json report{{"address", prepared->address},
            {"executor", {{"libtorch", facts.libtorch}, {"threads", facts.threads}}},
            {"inputs", prepared->inputs.synthetic ? "synthetic" : "recorded"}};
        report.update(comparison_json(compared->against, *compared));
        print_json(report);
    } else {
        print_report(prepared->address, *compared, prepared->inputs.synthetic, options.top);
    }
    if (compared->failure)
        return failed(*compared->failure);
    return compared->holds() ? kDone : kDiffers;
}

} // namespace

void add_compare(CLI::App& app, Action& action) {
    auto* command = app.add_subcommand("compare",
        "Compare a run with double precision, with recorded values or with another run, node by node");
    static Options options;
    add_run_options(*command, options.run);
    command->add_option("--against", options.against, "float64, or a .safetensors file of recorded values")
        ->capture_default_str();
    command->add_option("--with", options.with, "Another body; its values are matched by node name");
    command
        ->add_option("--with-seed", options.with_seed, "The other run's synthetic inputs and random numbers")
        ->check(CLI::NonNegativeNumber);
    command->add_option("--with-inputs", options.with_inputs, "The other run's recorded inputs");
    command->add_flag("--alone", options.alone,
        "Give each node the other side's values of its inputs, so that only what is wrong itself differs");
    command->add_option("--tolerance", options.tolerances,
        "Largest |a - b| / (1 + |b|) of a dtype that counts as equal: float32=1e-5");
    command->add_option("--top", options.top, "How many values to list")->capture_default_str();
    command->add_flag("--json", options.as_json, "Print one JSON document");
    command->callback([&action] { action = [] { return compare(options); }; });
}

} // namespace hopscope::cli
