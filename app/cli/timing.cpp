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
            std::printf("  %-52s %6llu calls  %10.1f µs  %4.1f %%\n", utf8(o.target).c_str(),
                static_cast<unsigned long long>(o.calls), o.total_us, 100 * o.total_us / (t.wall_ms * 1000));
    std::printf("by node\n");
    shown = 0;
    for (const size_t i : t.by_time())
        if (const run::NodeTime& n = t.nodes[i]; shown++ < top)
            std::printf("  %-52s %6llu calls  %10.1f µs  %s\n",
                utf8((n.path.empty() ? "" : n.path + " ") + n.name).c_str(),
                static_cast<unsigned long long>(n.calls), n.total_us, utf8(n.target).c_str());
}

int timing(const Options& options) {
    Opened opened;
    if (const int status = open_and_start(options.run, opened); status != kDone)
        return status;
    const auto timed =
        run::time_nodes(*opened.started.executor, options.repeat, options.run.random_seed(), opened.job);
    if (!timed)
        return executor_failed(timed.error());
    if (options.as_json) {
        nlohmann::ordered_json report{{"address", opened.prepared.address},
            {"inputs", opened.prepared.inputs.synthetic ? "synthetic" : "recorded"}};
        report.update(to_json(*timed));
        print_json(report);
    } else {
        print_report(opened.prepared.address, *timed, options.top);
    }
    return timed->failure.is_null() ? kDone : executor_failed(failure_of(timed->failure));
}

} // namespace

void add_timing(CLI::App& app, Action& action) {
    auto* command = app.add_subcommand("timing", "Time a body on the executor, by node and by operator");
    static Options options;
    add_run_options(*command, options.run);
    command->add_option("--repeat", options.repeat, "Run so often; the median of each node counts")
        ->check(CLI::Range(1, 100000))
        ->capture_default_str();
    command->add_option("--top", options.top, "How many lines of each table")->capture_default_str();
    command->add_flag("--json", options.as_json, "Print one JSON document");
    command->callback([&action] { action = [] { return timing(options); }; });
}

} // namespace hopscope::cli
