// hopscope graphs: compilations, stages and bodies.
#include "app/cli/cli.h"

#include <nlohmann/json.hpp>

#include <cstdio>

namespace hopscope::cli {

namespace {

using Json = nlohmann::ordered_json;

int run(const std::vector<std::string>& paths, bool json, bool verify) {
    const auto dump = open(paths, verify);
    if (!dump)
        return fail(dump.error());
    (void)json;
    for (const Graph& g : dump->graphs) {
        const GraphId id(static_cast<size_t>(&g - dump->graphs.data()));
        for (size_t b = 0; b < g.module->bodies.size(); ++b)
            std::printf(
                "%s %zu\n", address_of(*dump, id, BodyId(b)).c_str(), g.module->bodies[b].nodes.size());
    }
    return kDone;
}

} // namespace

void add_graphs(CLI::App& app, Action& action) {
    auto* command = app.add_subcommand("graphs", "Lists compilations, stages and bodies");
    static std::vector<std::string> paths;
    static bool json = false;
    static bool verify = false;
    add_dumps(*command, paths);
    command->add_flag("--json", json, "Print one JSON document");
    command->add_flag("--verify", verify, "Check every payload against its md5 sum");
    command->callback([&action] { action = [] { return run(paths, json, verify); }; });
}

} // namespace hopscope::cli
