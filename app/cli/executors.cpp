// hopscope executors: what there is to run bodies with.
#include "app/cli/run_options.h"

#include "core/base/text.h"
#include "core/graph/calls.h"
#include "core/run/forecast.h"
#include "core/run/request.h"
#include "core/worker/choose.h"
#include "core/worker/worker.h"

#include <algorithm>
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

struct Told {
    Place place;
    run::Forecast forecast;
    run::BodyForecast body;
};

// Whether the bodies of the graphs at hand, roots and regions, run on an executor.
Result<std::vector<Told>> forecast_all(
    const Dump& dump, const std::vector<Place>& roots, const std::string& executor, const Options& options) {
    const auto forecasts = run::forecast(executor, options.libraries, dump, roots, {}, interruptible());
    if (!forecasts)
        return forecasts.error();
    std::vector<Told> all;
    for (size_t r = 0; r < roots.size(); ++r) {
        const run::Forecast& forecast = (*forecasts)[r];
        const GraphModule& module = *forecast.module;
        std::vector<BodyId> bodies{roots[r].body};
        for (size_t i = 0; i < bodies.size(); ++i)
            for (const RegionCall& call : region_calls(module, bodies[i]))
                if (call.body && std::find(bodies.begin(), bodies.end(), call.body) == bodies.end())
                    bodies.push_back(call.body);
        std::sort(bodies.begin(), bodies.end());
        for (const BodyId body : bodies)
            all.push_back({{roots[r].graph, body, {}}, forecast, run::of_body(forecast, body)});
    }
    return all;
}

void print(const Dump& dump, const std::vector<Told>& all) {
    size_t width = 0, stop = 0;
    for (const Told& told : all) {
        width = std::max(width, address_of(dump, told.place.graph, told.place.body).size());
        stop += !told.body.runs();
    }
    std::printf("%s, of which %s to the end\n",
        (std::to_string(all.size()) + (all.size() == 1 ? " body" : " bodies")).c_str(),
        stop ? (std::to_string(all.size() - stop) + " will run").c_str() : "all will run");
    for (const Told& told : all)
        std::printf("  %-*s  %s\n", static_cast<int>(width),
            utf8(address_of(dump, told.place.graph, told.place.body)).c_str(),
            utf8(run::text(told.forecast, told.body)).c_str());
}

int list_executors(const Options& options) {
    const auto executors = worker::find_executors();
    if (!executors) {
        fail(executors.error());
        return kExecutorFailed;
    }
    std::vector<std::string> operators;
    std::string address;
    Dump dump;
    std::vector<Place> roots; // all graphs, unless one body is named
    if (!options.paths.empty()) {
        auto opened = open(options.paths);
        if (!opened)
            return fail(opened.error());
        dump = std::move(*opened);
        if (!options.address.empty() || dump.graphs.size() == 1) {
            const auto place = run::place_of(dump, options.address);
            if (!place)
                return fail(place.error());
            address = address_of(dump, place->graph, place->body);
            roots.push_back({place->graph, place->body, {}});
        }
        for (size_t i = 0; i < dump.graphs.size() && address.empty(); ++i)
            roots.push_back({GraphId(i), BodyId(0), {}});
        for (const Place& root : roots)
            for (std::string& name : worker::needed_operators(*dump.graph(root.graph).module, root.body))
                operators.push_back(std::move(name));
        std::sort(operators.begin(), operators.end());
        operators.erase(std::unique(operators.begin(), operators.end()), operators.end());
    }
    const worker::Choice choice =
        worker::compare_executors(*executors, operators, options.libraries, interruptible());
    std::vector<Told> told;
    if (choice.found() && !roots.empty()) {
        auto all = forecast_all(dump, roots, choice.candidates[*choice.chosen].executor, options);
        if (!all)
            return executor_failed(all.error());
        told = std::move(*all);
    }
    if (options.as_json) {
        ordered_json report = report_of(choice, address);
        report["bodies"] = ordered_json::array();
        for (const Told& one : told)
            report["bodies"].push_back(forecast_json(dump, one.place, one.forecast, one.body));
        print_json(report);
    } else {
        print(choice, address);
        if (!told.empty())
            print(dump, told);
    }
    return choice.found() ? kDone : kExecutorFailed;
}

} // namespace

void add_executors(CLI::App& app, Action& action) {
    auto* command =
        app.add_subcommand("executors", "List the executors that are there, and which one runs a body");
    static Options options;
    command->add_option("DUMP", options.paths,
        "A dump; then what each executor lacks for it is told, and which bodies will run");
    command->add_option(
        "--at", options.address, "Only this body, and those that it calls: [rRANK/]COMPILE:STAGE[#K][:BODY]");
    command->add_option(
        "--load-library", options.libraries, "A shared library that registers custom operators");
    command->add_flag("--json", options.as_json, "Print one JSON document");
    command->callback([&action] { action = [] { return list_executors(options); }; });
}

} // namespace hopscope::cli
