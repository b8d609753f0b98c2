// hopscope timing: where a run's time goes, by node and by operator.
#include "app/cli/run_options.h"

#include "core/base/text.h"
#include "core/run/timing.h"

#include <cstdio>

namespace hopscope::cli {

namespace {

struct Options {
    RunOptions run;
    int repeat = 20, top = 20;
    bool as_json = false;
};

void print_report(const std::string& address, const run::Timing& t, int top) {
    std::printf("%s: %s a run, median of %d; %.0f %% of it in operators\n", address.c_str(),
        format_milliseconds(t.wall_ms).c_str(), t.repeat, 100 * t.operator_us() / (t.wall_ms * 1000));
    std::printf("by operator\n");
    int shown = 0;
    for (const run::OperatorTime& o : t.operators)
        if (shown++ < top)
            std::printf("  %-52s %12s  %10.1f µs  %4.1f %%\n", utf8(o.target).c_str(),
                counted(o.calls, "call").c_str(), o.total_us, 100 * o.total_us / (t.wall_ms * 1000));
    std::printf("by node\n");
    shown = 0;
    for (const size_t i : t.by_time())
        if (const run::NodeTime& n = t.nodes[i]; shown++ < top)
            std::printf("  %-52s %12s  %10.1f µs  %s\n",
                utf8((n.path.empty() ? "" : n.path + " ") + n.name).c_str(), counted(n.calls, "call").c_str(),
                n.total_us, utf8(n.target).c_str());
}

nlohmann::ordered_json report_of(const Opened& opened, const run::Timing& timing) {
    using nlohmann::ordered_json;
    ordered_json nodes = ordered_json::array(), operators = ordered_json::array();
    for (const run::NodeTime& n : timing.nodes)
        nodes.push_back({{"body", n.path}, {"node", n.name}, {"target", n.target}, {"calls", n.calls},
            {"call_us", n.call_us}, {"total_us", n.total_us}});
    for (const run::OperatorTime& o : timing.operators)
        operators.push_back({{"target", o.target}, {"calls", o.calls}, {"total_us", o.total_us}});
    return {{"address", opened.prepared.address},
        {"inputs", opened.prepared.inputs.synthetic ? "synthetic" : "recorded"}, {"repeat", timing.repeat},
        {"wall_ms", timing.wall_ms}, {"operators", operators}, {"nodes", nodes}};
}

int timing(const Options& options) {
    Opened opened;
    if (const int status = open_and_start(options.run, opened); status != kDone)
        return status;
    const auto timed =
        run::time_nodes(*opened.started.worker, options.repeat, options.run.random_seed(), opened.job);
    if (!timed)
        return executor_failed(timed.error());
    if (options.as_json)
        print_json(report_of(opened, *timed));
    else
        print_report(opened.prepared.address, *timed, options.top);
    return timed->failure ? failed(*timed->failure) : kDone;
}

} // namespace

void add_timing(CLI::App& app, Action& action) {
    auto* command = app.add_subcommand("timing", "Time a body on the executor, by node and by operator");
    static Options options;
    add_run_options(*command, options.run);
    command->add_option("--repeat", options.repeat, "Run so often; the median of each node counts")
        ->check(CLI::Range(1, 100000))
        ->capture_default_str();
    command->add_option("--top", options.top, "How many lines of each table")
        ->check(whole_from(0))
        ->capture_default_str();
    command->add_flag("--json", options.as_json, "Print one JSON document");
    command->callback([&action] { action = [] { return timing(options); }; });
}

} // namespace hopscope::cli
