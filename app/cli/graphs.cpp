// hopscope graphs and hopscope graph: what a dump holds, and the nodes of one body.
#include "app/cli/cli.h"

#include "core/base/text.h"
#include "core/export/graph_json.h"
#include "core/export/ledger_json.h"
#include "core/graph/print.h"
#include "core/regions/input_names.h"

#include <cstdio>
#include <iostream>

namespace hopscope::cli {

namespace {

// "trace.log:120, torch_logs.txt:345": where several inputs have the same graph.
std::string sources_text(const Dump& dump, const Graph& g) {
    const auto place = [&](FileId file, uint64_t line) {
        const std::string& path = dump.files[file.index].path;
        return path.substr(path.rfind('/') + 1) + ':' + std::to_string(line);
    };
    std::string text = place(g.file, g.line);
    for (const DumpPlace& p : g.also)
        text += ", " + place(p.file, p.line);
    return text;
}

void print_compilation(const Dump& dump, const Compilation& c) {
    std::string head = (c.key.rank ? "rank " + std::to_string(*c.key.rank) + "  " : "") + c.key.id;
    if (!c.last_attempt)
        head += "  attempt " + std::to_string(c.key.attempt) + ", broken off";
    if (!c.function.empty())
        head += "  " + c.function + (c.file.empty() ? "" : "  " + c.file + ':' + std::to_string(c.line));
    std::printf("%s\n", utf8(head).c_str());
    for (const GraphId id : c.graphs) {
        const Graph& g = dump.graph(id);
        for (size_t b = 0; b < g.module->bodies.size(); ++b) {
            const std::string address = address_of(dump, id, BodyId(b));
            std::printf("  %-52s %s%s%s%s\n", utf8(address).c_str(),
                counted(g.module->bodies[b].nodes.size(), "node").c_str(), g.label.empty() || b ? "" : "  ",
                b ? "" : one_line(utf8(g.label)).c_str(), g.cut && !b ? "  (cut off)" : "");
        }
        if (!g.also.empty())
            std::printf("  %-52s from %s\n", "", one_line(utf8(sources_text(dump, g))).c_str());
    }
    for (const Artifact& a : dump.artifacts)
        if (a.compilation && &dump.compilation(a.compilation) == &c && a.name.starts_with("Graph break"))
            std::printf("  %s\n", utf8(a.name).c_str());
    if (!c.recompile_reason.empty()) {
        std::string reason = utf8(c.recompile_reason);
        for (size_t at = reason.find('\n'); at != std::string::npos; at = reason.find('\n', at + 1))
            reason.insert(at + 1, "    ");
        std::printf("  recompiled: %s\n", reason.c_str());
    }
    if (!c.fail_type.empty())
        std::printf("  failed: %s: %s\n", utf8(c.fail_type).c_str(), utf8(headline(c.fail_reason)).c_str());
}

int run_graphs(const std::vector<std::string>& paths, bool json, bool verify) {
    auto dump = open(paths, verify);
    if (!dump)
        return fail(dump.error());
    if (json) {
        finish_check(*dump);
        print_json(graphs_json(*dump));
        return kDone;
    }
    for (const Compilation& c : dump->compilations)
        print_compilation(*dump, c);
    for (size_t i = 0; i < dump->sources.size(); ++i)
        std::printf("  %-52s %s, the user's own: no graph (%s:%llu)\n", source_address(i).c_str(),
            utf8(dump->sources[i].label).c_str(),
            one_line(utf8(dump->files[dump->sources[i].file.index].path)).c_str(),
            static_cast<unsigned long long>(dump->sources[i].line));
    return kDone;
}

int run_graph(const std::vector<std::string>& paths, std::string address, bool json) {
    const auto dump = open(paths);
    if (address.empty() && dump)
        address = only_body(*dump);
    if (address.empty()) // wrong usage first, whatever the dump
        return fail(dump ? address_wanted("which body", *dump)
                         : make_error(Error::Kind::Usage, "--at is required; " + dump.error().text()));
    if (!dump)
        return fail(dump.error());
    const auto place = resolve(*dump, address);
    if (!place)
        return fail(place.error());
    const GraphModule& module = *dump->graph(place->graph).module;
    InputNames names(*dump);
    PrintOptions options;
    options.note = [&](BodyId body, NodeId node) { return input_note(names, {place->graph, body, node}); };
    if (json)
        print_json(graph_json(*dump, *place));
    else if (place->node)
        std::printf("%s\n", utf8(print_statement(module, place->body, place->node)).c_str());
    else
        std::fputs(utf8(print_readable(module, place->body, options)).c_str(), stdout);
    return kDone;
}

} // namespace

void add_graphs(CLI::App& app, Action& action) {
    auto* command = app.add_subcommand("graphs", "List compilations, stages and bodies");
    static std::vector<std::string> paths;
    static bool json = false;
    static bool verify = false;
    add_dumps(*command, paths);
    command->add_flag("--json", json, "Print one JSON document");
    command->add_flag("--verify", verify, "Check every payload of a TORCH_TRACE log against its md5 sum");
    command->callback([&action] { action = [] { return run_graphs(paths, json, verify); }; });
}

void add_graph(CLI::App& app, Action& action) {
    auto* command = app.add_subcommand("graph", "Print the nodes of one body");
    static std::vector<std::string> paths;
    static std::string address;
    static bool json = false;
    static bool text = false;
    add_dumps(*command, paths);
    command->add_option("--at", address, "Which body: [rRANK/]COMPILE:STAGE[#K][:BODY][@NODE]");
    auto* json_flag = command->add_flag("--json", json, "Print one JSON document");
    command->add_flag("--text", text, "Print it as print_readable does (the default)")->excludes(json_flag);
    command->callback([&action] { action = [] { return run_graph(paths, address, json); }; });
}

} // namespace hopscope::cli
