// hopscope run: a body on the executor.
#include "app/cli/run_options.h"

#include "core/base/text.h"
#include "core/export/save.h"

#include <cstdio>

namespace hopscope::cli {

namespace {

using nlohmann::json;
using nlohmann::ordered_json;

struct Options {
    RunOptions run;
    std::string save, compare;
    int repeat = 1;
    bool alone = false, as_json = false;
};

ordered_json report_of(const run::Prepared& p, const run::Executor& executor, const json& loaded,
    const json& answer, bool compared) {
    json unsupported = json::array();
    for (const json& entry : loaded["unsupported"])
        unsupported.push_back(entry);
    const double wall = answer.value("wall_ms", 0.0);
    const uint64_t run = answer.value("run", uint64_t{0});
    ordered_json report{{"address", p.address},
        {"executor", {{"libtorch", executor.facts()["libtorch"]}, {"threads", executor.facts()["threads"]}}},
        {"inputs", p.inputs.synthetic ? "synthetic" : "recorded"}, {"nodes", answer["nodes"]}, {"run", run},
        {"unsupported", unsupported}, {"compared", compared ? answer["compared"] : json(0)},
        {"mismatched", compared ? answer["mismatched"] : json(0)},
        {"first_mismatch", compared ? answer["first_mismatch"] : json()},
        {"max_abs_error", compared ? answer["max_abs_error"] : json()},
        {"max_rel_error", compared ? answer["max_rel_error"] : json()}, {"wall_ms", wall},
        {"best_ms", answer.value("best_ms", wall)},
        {"per_node_us", run ? wall * 1000 / static_cast<double>(run) : 0}};
    if (!p.symbols.empty()) {
        report["symbols"] = p.symbols;
        report["defaulted"] = p.defaulted;
    }
    if (compared && !answer["random"].empty())
        report["random"] = answer["random"];
    if (answer.contains("failure"))
        report["failure"] = answer["failure"];
    return report;
}

void print_report(const run::Prepared& p, const ordered_json& r, const json& answer, bool compared) {
    const auto text = [](const ordered_json& value) {
        return value.is_string() ? value.get<std::string>() : value.dump();
    };
    std::printf("%s on libtorch %s, %s inputs\n", text(r["address"]).c_str(),
        text(r["executor"]["libtorch"]).c_str(), text(r["inputs"]).c_str());
    if (!p.symbols.empty())
        std::printf("  %s\n", run::in_words(p.symbols, p.inputs.defaults).c_str());
    std::printf("  %s of %s nodes run in %s, %.2f µs a node\n", text(r["run"]).c_str(),
        text(r["nodes"]).c_str(), format_milliseconds(r["wall_ms"].get<double>()).c_str(),
        r["per_node_us"].get<double>());
    if (r.contains("random"))
        std::printf("  %zu random nodes took the recorded value\n", r["random"].size());
    if (!compared)
        return;
    std::printf("  %s nodes compared, %s values differ; largest error %s, relative %s\n",
        text(r["compared"]).c_str(), text(r["mismatched"]).c_str(), text(r["max_abs_error"]).c_str(),
        text(r["max_rel_error"]).c_str());
    int shown = 0;
    for (const json& row : answer["rows"])
        if (!row["equal"].get<bool>() && shown++ < 10)
            std::printf("  differs: %s: %s\n", row["name"].get<std::string>().c_str(),
                row["reason"].get<std::string>().empty() ? ("by " + row["max_abs_error"].dump()).c_str()
                                                         : row["reason"].get<std::string>().c_str());
}

// An undisturbed run, with a comparison after it where one was asked for.
Result<json> ask(run::Executor& executor, const Options& options, const Job& job) {
    const uint64_t seed = options.run.random_seed();
    json answer;
    const bool compare = !options.compare.empty();
    if (options.repeat > 1 || !options.save.empty() || !compare) {
        auto result = executor.call(
            "run", {{"keep", !options.save.empty()}, {"repeat", options.repeat}, {"seed", seed}}, job);
        if (!result)
            return result.error();
        answer = std::move(*result);
    }
    if (compare && !answer.contains("failure")) {
        auto result = executor.call("compare", {{"alone", options.alone}, {"seed", seed}}, job);
        if (!result)
            return result.error();
        // The time of an undisturbed run, where there was one.
        if (answer.contains("wall_ms"))
            (*result)["wall_ms"] = answer["wall_ms"];
        answer = std::move(*result);
    }
    return answer;
}

int run(const Options& options) {
    const auto dump = open(options.run.paths);
    if (!dump)
        return fail(dump.error());
    run::Request request = options.run.request();
    request.reference = options.compare;
    const auto prepared = run::prepare(*dump, request);
    if (!prepared)
        return fail(prepared.error());
    const Job job = interruptible();
    const auto started = run::start(*prepared, request, job);
    if (!started)
        return executor_failed(started.error());
    for (const std::string& note : started->notes)
        std::fprintf(stderr, "note: %s\n", note.c_str());
    run::Executor& executor = *started->executor;
    const auto answer = ask(executor, options, job);
    if (!answer)
        return executor_failed(answer.error());
    const bool compared = answer->contains("compared");
    if (!options.save.empty() && !answer->contains("failure")) {
        const auto bytes = executor.kept_values(job);
        if (!bytes)
            return executor_failed(bytes.error());
        if (const Status status = save_file(options.save, *bytes); !status)
            return fail(status.error());
    }
    const ordered_json report = report_of(*prepared, executor, started->loaded, *answer, compared);
    if (options.as_json)
        print_json(report);
    else
        print_report(*prepared, report, *answer, compared);
    if (answer->contains("failure"))
        return executor_failed(failure_of((*answer)["failure"]));
    return compared && (*answer)["mismatched"] != 0 ? kDiffers : kDone;
}

} // namespace

void add_run(CLI::App& app, Action& action) {
    auto* command = app.add_subcommand("run", "Run a body on the CPU with PyTorch's own kernels");
    static Options options;
    add_run_options(*command, options.run);
    command->add_option("--save", options.save, "Write all values of all nodes to this .safetensors file");
    command->add_option(
        "--compare", options.compare, "Compare all nodes with the values of this .safetensors file");
    command->add_flag("--alone", options.alone,
        "With --compare: give each node the recorded values of its inputs, so that only what is wrong itself "
        "differs");
    command->add_option("--repeat", options.repeat, "Run so often and tell the median time")
        ->check(CLI::Range(1, 1000000));
    command->add_flag("--json", options.as_json, "Print one JSON document");
    command->callback([&action] { action = [] { return run(options); }; });
}

} // namespace hopscope::cli
