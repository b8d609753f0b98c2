// hopscope classes: how many bodies of a dump are really different ones.
#include "app/cli/cli.h"

#include "core/base/text.h"
#include "core/diff/classes.h"

#include <cstdio>

namespace hopscope::cli {

namespace {

using Json = nlohmann::ordered_json;

std::string address(const Dump& dump, const Place& place) {
    return address_of(dump, place.graph, place.body);
}

const Place& first_of(const StageClasses& s, size_t index) {
    return s.classes[index].members.front();
}

Json nearest_json(const Dump& dump, const StageClasses& s, const EqualBodies& c) {
    if (!c.nearest)
        return nullptr;
    const Place& near = first_of(s, *c.nearest);
    const GraphModule& a = *dump.graph(near.graph).module;
    const GraphModule& b = *dump.graph(c.members.front().graph).module;
    const auto node = [](const GraphModule& m, BodyId body, NodeId n) {
        return n ? Json(utf8(m.text(m.body(body).node(n).name))) : Json(nullptr);
    };
    const auto text = [](const std::string& t) { return t.empty() ? Json(nullptr) : Json(utf8(t)); };
    const Difference& d = c.difference;
    return {{"body", utf8(address(dump, near))}, {"same_structure", c.same_structure},
        {"difference",
            {{"a", node(a, d.body_a, d.a)}, {"b", node(b, d.body_b, d.b)},
                {"field", field_name(d.what.field)}, {"where", text(d.what.where)},
                {"expected", text(d.what.expected)}, {"found", text(d.what.found)}}}};
}

Json classes_json(const Dump& dump, const std::vector<StageClasses>& stages) {
    Json list = Json::array();
    for (const StageClasses& s : stages) {
        Json classes = Json::array();
        for (const EqualBodies& c : s.classes) {
            Json members = Json::array();
            for (const Place& p : c.members)
                members.push_back(utf8(address(dump, p)));
            const Graph& g = dump.graph(c.members.front().graph);
            classes.push_back({{"members", std::move(members)},
                {"nodes", g.module->body(c.members.front().body).nodes.size()},
                {"nearest", nearest_json(dump, s, c)}});
        }
        list.push_back({{"stage", stage_name(s.stage)}, {"bodies", s.bodies}, {"unique", s.classes.size()},
            {"classes", std::move(classes)}});
    }
    return {{"stages", std::move(list)}};
}

void print_stage(const Dump& dump, const StageClasses& s) {
    std::printf("%s: %s, %zu unique\n", std::string(stage_name(s.stage)).c_str(),
        s.bodies == 1 ? "1 body" : (std::to_string(s.bodies) + " bodies").c_str(), s.classes.size());
    for (const EqualBodies& c : s.classes) {
        std::string line;
        constexpr size_t kMost = 6;
        for (size_t i = 0; i < std::min(c.members.size(), kMost); ++i)
            line += (i ? " = " : "") + address(dump, c.members[i]);
        if (c.members.size() > kMost)
            line += " = … (" + std::to_string(c.members.size()) + " in all)";
        std::printf("  %s\n", utf8(line).c_str());
        if (!c.nearest)
            continue;
        const Place& near = first_of(s, *c.nearest);
        const std::string told = difference_text(*dump.graph(near.graph).module,
            *dump.graph(c.members.front().graph).module, c.difference, near.body);
        std::printf("      %s as %s but for %s\n", c.same_structure ? "built" : "nearly built",
            utf8(address(dump, near)).c_str(), utf8(told).c_str());
    }
}

int run_classes(const std::vector<std::string>& paths, bool json) {
    const auto dump = open(paths);
    if (!dump)
        return fail(dump.error());
    const auto stages = structural_classes(*dump);
    if (json) {
        print_json(classes_json(*dump, stages));
        return kDone;
    }
    for (const StageClasses& s : stages)
        print_stage(*dump, s);
    if (stages.empty())
        std::printf("no graph of this dump calls a body\n");
    return kDone;
}

} // namespace

void add_classes(CLI::App& app, Action& action) {
    auto* command =
        app.add_subcommand("classes", "List which called bodies are equal, and what keeps near ones apart");
    static std::vector<std::string> paths;
    static bool json = false;
    add_dumps(*command, paths);
    command->add_flag("--json", json, "Print one JSON document");
    command->callback([&action] { action = [] { return run_classes(paths, json); }; });
}

} // namespace hopscope::cli
