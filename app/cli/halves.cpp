// hopscope halves: which backward nodes compute the derivative of which forward node, and what says so.
#include "app/cli/cli.h"
#include "app/cli/output.h"

#include "core/base/text.h"
#include "core/regions/half_links.h"
#include "core/regions/roles.h"

#include <cstdio>

namespace hopscope::cli {

namespace {

using Json = nlohmann::ordered_json;

struct Request {
    std::vector<std::string> paths;
    std::string address;
    bool json = false;
};

int run(const Request& request) {
    const auto dump = open(request.paths);
    if (!dump)
        return fail(dump.error());
    if (request.address.empty())
        return fail(address_wanted("which body", *dump));
    const auto place = resolve(*dump, request.address);
    if (!place)
        return fail(place.error());
    const auto half = half_of(*dump, place->graph, place->body);
    const Place other = half ? other_half(*dump, place->graph, place->body) : Place{};
    if (!other.graph)
        return fail(make_error(Error::Kind::NotFound,
            address_of(*dump, place->graph, place->body) + " is no half of a pair that the dump has"));
    const bool is_forward = *half == Half::Forward;
    const Place forward = is_forward ? *place : other, backward = is_forward ? other : *place;
    const HalfLinks links = link_halves(*dump, forward, backward);
    const auto name = [&](const Place& body, NodeId node) {
        const GraphModule& module = *dump->graph(body.graph).module;
        return utf8(module.text(module.body(body.body).node(node).name));
    };
    if (request.json) {
        Json list = Json::array();
        for (const HalfLink& link : links.links)
            list.push_back(
                {{"backward", name(backward, link.backward)}, {"forward", name(forward, link.forward)},
                    {"by", half_evidence_text(link.evidence, link.placed)}});
        Json none = Json::array();
        for (const NodeId node : links.unlinked)
            none.push_back(name(backward, node));
        print_json({{"forward", utf8(address_of(*dump, forward.graph, forward.body))},
            {"backward", utf8(address_of(*dump, backward.graph, backward.body))},
            {"backward_nodes", links.backward_nodes}, {"linked", links.linked}, {"links", std::move(list)},
            {"unlinked", std::move(none)}});
        return kDone;
    }
    std::printf("%zu of %zu backward nodes belong to a forward one\n", links.linked, links.backward_nodes);
    for (size_t i = 0; i < links.links.size();) {
        const HalfLink& first = links.links[i];
        std::string forwards;
        for (; i < links.links.size() && links.links[i].backward == first.backward; ++i)
            forwards += (forwards.empty() ? "" : ", ") + name(forward, links.links[i].forward);
        std::printf("  %-32s of %s  (%s)\n", name(backward, first.backward).c_str(), forwards.c_str(),
            half_evidence_text(first.evidence, first.placed).c_str());
    }
    for (const NodeId node : links.unlinked)
        std::printf("  %-32s nothing tells\n", name(backward, node).c_str());
    return kDone;
}

} // namespace

void add_halves(CLI::App& app, Action& action) {
    static Request request;
    auto* command = app.add_subcommand(
        "halves", "List which backward nodes belong to which forward node, and what says so");
    add_dumps(*command, request.paths);
    command->add_option("--at", request.address, "Address of either body, as `hopscope graphs` lists them");
    command->add_flag("--json", request.json, "Print one JSON document");
    command->callback([&action] { action = [] { return run(request); }; });
}

} // namespace hopscope::cli
