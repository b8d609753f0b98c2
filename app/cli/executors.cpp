// hopscope executors: what there is to run bodies with.
#include "app/cli/cli.h"

#include "core/base/text.h"
#include "core/run/request.h"
#include "core/worker/choose.h"
#include "core/worker/worker.h"

#include <cstdio>

namespace hopscope::cli {

namespace {

using nlohmann::ordered_json;

struct Options {
    std::vector<std::string> paths, libraries;
    std::string address;
    bool as_json = false;
};

ordered_json text_or_null(const std::string& text) {
    return text.empty() ? ordered_json() : ordered_json(text);
}

ordered_json report_of(const worker::Choice& choice, const std::string& address) {
    ordered_json list = ordered_json::array();
    for (const worker::Candidate& c : choice.candidates) {
        ordered_json entry{{"path", c.executor}, {"libtorch", text_or_null(c.libtorch)},
            {"protocol", nullptr}, {"operators", c.operators}, {"missing", c.missing},
            {"problem", text_or_null(c.problem)}};
        if (c.protocol)
            entry["protocol"] = c.protocol;
        list.push_back(std::move(entry));
    }
    const std::string chosen = choice.found() ? choice.candidates[*choice.chosen].executor : "";
    return {{"address", text_or_null(address)}, {"executors", list}, {"chosen", text_or_null(chosen)},
        {"note", text_or_null(choice.note)}};
}

void print(const worker::Choice& choice, const std::string& address) {
    for (size_t i = 0; i < choice.candidates.size(); ++i) {
        const worker::Candidate& c = choice.candidates[i];
        std::printf("%s %s\n", i == choice.chosen ? "*" : " ", c.executor.c_str());
        if (!c.problem.empty()) {
            std::printf("    cannot be used: %s\n", c.problem.c_str());
            continue;
        }
        std::printf(
            "    libtorch %s, protocol %d, %zu operators\n", c.libtorch.c_str(), c.protocol, c.operators);
        for (const std::string& name : c.missing)
            std::printf("    lacks %s\n", name.c_str());
    }
    if (choice.found())
        std::printf("* runs %s%s\n", address.empty() ? "bodies" : address.c_str(),
            choice.note.empty() ? "" : (": " + choice.note).c_str());
}

int list_executors(const Options& options) {
    const auto executors = worker::find_executors();
    if (!executors) {
        fail(executors.error());
        return kExecutorFailed;
    }
    std::vector<std::string> operators;
    std::string address;
    if (!options.paths.empty()) {
        const auto dump = open(options.paths);
        if (!dump)
            return fail(dump.error());
        const auto place = run::place_of(*dump, options.address);
        if (!place)
            return fail(place.error());
        address = address_of(*dump, place->graph, place->body);
        operators = worker::needed_operators(*dump->graph(place->graph).module, place->body);
    }
    const worker::Choice choice =
        worker::compare_executors(*executors, operators, options.libraries, interruptible());
    if (options.as_json)
        print_json(report_of(choice, address));
    else
        print(choice, address);
    return choice.found() ? kDone : kExecutorFailed;
}

} // namespace

void add_executors(CLI::App& app, Action& action) {
    auto* command =
        app.add_subcommand("executors", "List the executors that are there, and which one runs a body");
    static Options options;
    command->add_option(
        "DUMP", options.paths, "A dump; then what each executor lacks for a body of it is told");
    command->add_option("--at", options.address, "Which body: [rRANK/]COMPILE:STAGE[#K][:BODY]");
    command->add_option(
        "--load-library", options.libraries, "A shared library that registers custom operators");
    command->add_flag("--json", options.as_json, "Print one JSON document");
    command->callback([&action] { action = [] { return list_executors(options); }; });
}

} // namespace hopscope::cli
