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
    std::optional<uint64_t> with_seed;
    std::optional<int> with_invocation; // another call
    std::vector<std::string> tolerances;
    int top = 10;
    bool alone = false, whole = false, strict = false, as_json = false;
};

void print_report(const run::Prepared& p, const run::Started& started, const run::RunComparison& c, int top) {
    std::printf("%s against %s, %s inputs\n", p.address.c_str(), c.against.c_str(),
        p.inputs.synthetic ? "synthetic" : "recorded");
    for (const std::vector<std::string>& notes : {p.notes, started.notes})
        for (const std::string& note : notes)
            std::printf("  %s\n", utf8(note).c_str());
    print_verdicts(c);
    if (c.first) {
        std::printf("first %s\n", c.strict ? "difference" : "suspicious");
        print_value(c.values[*c.first], c.strict);
    }
    std::printf("%s\n",
        c.strict
            ? "worst first: what differs by how often its tolerance, then the others by relative difference"
            : "worst first: what is suspicious, then the others, each by how often its noise floor; at "
              "last what was not compared");
    int shown = 0;
    for (const size_t i : run::by_error(c))
        if (shown++ < top)
            print_value(c.values[i], c.strict);
}

run::Request other_request(const Options& options) {
    run::Request other = options.run.request();
    if (!options.with.empty())
        other.address = options.with;
    if (options.with_invocation)
        other.invocation = options.with_invocation;
    if (!options.with_inputs.empty()) {
        other.inputs = options.with_inputs;
        other.seed.reset();
    } else if (options.with_seed) {
        other.inputs.clear();
        other.seed = options.with_seed;
    }
    return other;
}

// Neither another body nor anything else to run it on. Made inputs are the same for every call.
bool is_same_run(
    const run::Request& one, const run::Prepared& a, const run::Request& two, const run::Prepared& b) {
    return a.module == b.module && a.body == b.body && one.inputs == two.inputs && one.seed == two.seed
        && (one.inputs.empty() || a.prefix == b.prefix);
}

int compare(const Options& options) {
    const auto tolerances = run::tolerances_of(options.tolerances);
    if (!tolerances)
        return fail(tolerances.error());
    const auto dump = open(options.run.paths);
    if (!dump)
        return fail(dump.error());
    const bool other_run =
        !options.with.empty() || !options.with_inputs.empty() || options.with_seed || options.with_invocation;
    run::Request request = options.run.request();
    run::CompareRequest how;
    if (options.alone || options.whole)
        how.alone = options.alone;
    how.strict = options.strict;
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
        const run::Request asked = other_request(options);
        other = run::prepare(*dump, asked);
        if (!other)
            return fail(other.error());
        how.other = &*other;
        how.other_seed = options.with_seed.value_or(how.seed);
        if (is_same_run(request, *prepared, asked, *other))
            return fail(make_error(Error::Kind::Usage,
                "both runs are of " + prepared->address
                    + ", on the same inputs: nothing could differ; expected another "
                      "body (--with), call (--with-invocation), file of inputs (--with-inputs) or seed "
                      "(--with-seed)"));
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
        report.update(comparison_json(compared->against, compared->basis, *compared));
        report["unrecorded"] = compared->unrecorded;
        report["strict"] = compared->strict;
        report["first_suspicious"] = compared->strict ? ordered_json() : report["first_mismatch"];
        print_json(report);
    } else {
        print_report(*prepared, *started, *compared, options.top);
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
        ->check(whole_from(0));
    command->add_option("--with-inputs", options.with_inputs, "The other run's recorded inputs");
    command
        ->add_option("--with-invocation", options.with_invocation,
            "The other run's call: its recorded values (without it the other run is of the same call)")
        ->check(whole_from(0));
    auto* alone = command->add_flag("--alone", options.alone,
        "Give each node the recorded values of its inputs, so that only what is wrong itself differs (the "
        "default with recorded values, but for --strict)");
    command->add_flag("--whole", options.whole, "Let the body run on its own values")->excludes(alone);
    command->add_flag(
        "--strict", options.strict, "By fixed tolerances and with strides, not by the noise floor");
    command->add_option("--tolerance", options.tolerances,
        "Largest |a - b| / (1 + |b|) of a dtype that counts as equal: float32=1e-5; as with --strict");
    command->add_option("--top", options.top, "How many values to list")
        ->check(whole_from(0))
        ->capture_default_str();
    command->add_flag("--json", options.as_json, "Print one JSON document");
    command->callback([&action] { action = [] { return compare(options); }; });
}

} // namespace hopscope::cli
