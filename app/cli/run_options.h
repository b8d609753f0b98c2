// What every command that runs a body takes: which one, on what, with which libraries.
#pragma once

#include "app/cli/cli.h"

#include "core/run/compare.h"
#include "core/run/forecast.h"
#include "core/run/request.h"

#include <optional>
#include <string>
#include <vector>

namespace hopscope::cli {

struct RunOptions {
    std::vector<std::string> paths;
    std::string address;
    std::optional<int> invocation;
    std::optional<uint64_t> seed;
    std::string inputs;
    std::vector<std::string> single_inputs, bind, libraries;

    run::Request request() const;
    uint64_t random_seed() const { return seed.value_or(0); }
};

// What stands between the options and a running worker, for commands that have nothing to say in between.
struct Opened {
    Dump dump;
    run::Prepared prepared;
    run::Started started;
    Job job;
};
// kDone, or the exit status of what went wrong, which has been said.
int open_and_start(const RunOptions& options, Opened& opened);

void add_run_options(CLI::App& command, RunOptions& options);

// "10 values of 9 nodes compared, each on recorded inputs: 8 same, …" and the largest difference.
void print_verdicts(const run::RunComparison& comparison);
// A line: what the verdict is and what it rests on.
void print_value(const run::ComparedValue& value, bool strict);

// Exit status 4 where the executor is to blame, else as fail().
int failed(const Error& error);
int failed(const wire::NodeFailure& failure);
// {"body","message","node","path","target","unsupported"}
nlohmann::ordered_json failure_json(const wire::NodeFailure& failure);

// Whether a body will run, as JSON: its address, how many nodes run in which way, and where it stops.
nlohmann::ordered_json forecast_json(
    const Dump& dump, const Place& place, const run::Forecast& forecast, const run::BodyForecast& body);

} // namespace hopscope::cli
