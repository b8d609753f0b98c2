// hopscope repeats: equal blocks of a body, such as the layers of a model without regions.
#include "app/cli/cli.h"
#include "app/cli/output.h"

#include "core/base/text.h"
#include "core/repeats/repeats.h"

#include <cstdio>

namespace hopscope::cli {

namespace {

using Json = nlohmann::ordered_json;

struct Request {
    std::vector<std::string> paths;
    std::string address;
    bool json = false;
    RepeatOptions options;
};

std::string name_of(const GraphModule& module, const Body& body, NodeId node) {
    return utf8(module.text(body.node(node).name));
}

Json repeats_json(
    const GraphModule& module, const Body& body, const std::string& address, const Repeats& repeats) {
    Json groups = Json::array();
    for (const RepeatGroup& group : repeats.groups) {
        Json blocks = Json::array();
        for (const RepeatBlock& block : group.blocks) {
            Json nodes = Json::array();
            for (const NodeId node : block.nodes)
                nodes.push_back(name_of(module, body, node));
            blocks.push_back({{"path", block.path.empty() ? Json(nullptr) : Json(utf8(block.path))},
                {"follows", block.follows}, {"nodes", std::move(nodes)}});
        }
        groups.push_back({{"count", group.blocks.size()}, {"nodes", group.nodes()},
            {"values_in", group.values_in}, {"values_out", group.values_out}, {"blocks", std::move(blocks)}});
    }
    return {{"address", address}, {"nodes", repeats.nodes}, {"covered", repeats.covered},
        {"groups", std::move(groups)}};
}

void print_group(const GraphModule& module, const Body& body, const RepeatGroup& group) {
    std::printf("×%zu  %zu node%s each, %zu in, %zu out\n", group.blocks.size(), group.nodes(),
        group.nodes() == 1 ? "" : "s", group.values_in, group.values_out);
    size_t widest = 0;
    for (const RepeatBlock& block : group.blocks)
        widest = std::max(widest, block.path.size());
    bool first = true;
    for (const RepeatBlock& block : group.blocks) {
        if (!first && !block.follows)
            std::printf("      …\n"); // something else stands between
        first = false;
        std::printf("      %-*s  %s … %s\n", static_cast<int>(widest), utf8(block.path).c_str(),
            name_of(module, body, block.nodes.front()).c_str(),
            name_of(module, body, block.nodes.back()).c_str());
    }
}

int run(const Request& request) {
    const auto dump = open(request.paths);
    if (!dump)
        return fail(dump.error());
    const std::string wanted = request.address.empty() ? only_body(*dump) : request.address;
    if (wanted.empty())
        return fail(address_wanted("which body", *dump));
    const auto place = resolve(*dump, wanted);
    if (!place)
        return fail(place.error());
    const GraphModule& module = *dump->graph(place->graph).module;
    const Body& body = module.body(place->body);
    const std::string address = address_of(*dump, place->graph, place->body);
    const Repeats repeats = find_repeats(module, place->body, request.options);
    if (request.json) {
        print_json(repeats_json(module, body, utf8(address), repeats));
        return kDone;
    }
    std::printf("%s: %zu of %zu operations stand in equal blocks\n", utf8(address).c_str(), repeats.covered,
        repeats.nodes);
    for (const RepeatGroup& group : repeats.groups)
        print_group(module, body, group);
    return kDone;
}

} // namespace

void add_repeats(CLI::App& app, Action& action) {
    static Request request;
    auto* command =
        app.add_subcommand("repeats", "List equal blocks of a body: its layers, or calls in a row");
    add_dumps(*command, request.paths);
    command->add_option("--at", request.address, "Address of the body, as `hopscope graphs` lists them");
    command
        ->add_option(
            "--least-nodes", request.options.least_nodes, "Blocks of fewer operations are not listed")
        ->check(whole_from(1))
        ->capture_default_str();
    command->add_flag("--json", request.json, "Print one JSON document");
    command->callback([&action] { action = [] { return run(request); }; });
}

} // namespace hopscope::cli
