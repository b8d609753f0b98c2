// hopscope explain: why each call was traced or reused, and why backward variants exist.
#include "app/cli/cli.h"

#include "core/base/text.h"
#include "core/explain/explain.h"
#include "core/export/ledger_json.h"

#include <cstdio>

namespace hopscope::cli {

namespace {

using Json = nlohmann::ordered_json;

struct Words {
    std::vector<std::string> paths;
    std::string region;
    int invocation = -1;
    bool json = false;
};

Json text_or_null(const std::string& text) {
    return text.empty() ? Json(nullptr) : Json(utf8(text));
}

Json mismatches_json(const std::vector<Mismatch>& list) {
    Json out = Json::array();
    for (const Mismatch& m : list) {
        Json evidence = Json::array();
        for (const Ground g : m.evidence)
            evidence.push_back(ground_name(g));
        out.push_back({{"against", text_or_null(m.against)}, {"where", text_or_null(m.where)},
            {"field", m.field}, {"expected", text_or_null(m.expected)}, {"found", text_or_null(m.found)},
            {"evidence", std::move(evidence)}});
    }
    return out;
}

Json cause_json(const Dump& dump, const Place& p) {
    if (!p.graph)
        return nullptr;
    const GraphModule& m = *dump.graph(p.graph).module;
    const Node& n = m.body(p.body).node(p.node);
    const Source* s = m.source(n.source);
    Json source = nullptr;
    if (s && s->has_place())
        source = {{"file", utf8(m.text(s->file))}, {"line", s->line}};
    return {{"node", utf8(m.text(n.name))}, {"source", std::move(source)},
        {"at", utf8(address_of(dump, p.graph, p.body, p.node))}};
}

// Whether the words ask for this region and call.
bool asked(const Words& w, const Region& r) {
    return w.region.empty() || r.identifier == w.region || r.function == w.region;
}
bool asked(const Words& w, const CallAnswer& c) {
    return w.invocation < 0 || c.index == w.invocation;
}

Json region_json(
    const Dump& dump, const CompilationLedger& c, const RegionAnswer& answer, const Words& words) {
    const Region& r = c.regions[static_cast<size_t>(answer.region)];
    Json calls = Json::array();
    for (const CallAnswer& call : answer.calls)
        if (asked(words, call))
            calls.push_back({{"index", call.index},
                {"decision", decision_name(c.invocations[static_cast<size_t>(call.index)].decision)},
                {"summary", utf8(call.summary)}, {"differences", mismatches_json(call.differences)}});
    Json variants = Json::array();
    for (const VariantAnswer& v : answer.variants)
        variants.push_back({{"body", utf8(v.body)}, {"differences", mismatches_json(v.differences)},
            {"caused_by", cause_json(dump, v.cause)}});
    return {{"identifier", text_or_null(r.identifier)}, {"function", text_or_null(r.function)},
        {"outcome", answer.outcome}, {"invocations", std::move(calls)},
        {"backward_variants", std::move(variants)}};
}

std::string change(const Mismatch& m) {
    std::string out = m.where + (m.where.empty() ? "" : ": ") + m.field;
    if (!m.expected.empty() || !m.found.empty())
        out += ' ' + (m.found.empty() ? "none" : m.found) + (m.expected.empty() ? "" : ", not " + m.expected);
    out += m.against.empty() ? "" : " as in " + m.against;
    out += "  (";
    for (size_t i = 0; i < m.evidence.size(); ++i)
        out += (i ? ", " : "") + std::string(ground_name(m.evidence[i]));
    return out + ')';
}

void print_region(
    const Dump& dump, const CompilationLedger& c, const RegionAnswer& answer, const Words& words) {
    const Region& r = c.regions[static_cast<size_t>(answer.region)];
    const std::string name = r.identifier.empty() ? "a region that was never installed" : r.identifier;
    std::printf("  %s%s: %s\n", utf8(name).c_str(),
        utf8(r.function.empty() ? "" : " (" + r.function + ')').c_str(), answer.outcome.c_str());
    for (const CallAnswer& call : answer.calls) {
        if (!asked(words, call))
            continue;
        const Invocation& inv = c.invocations[static_cast<size_t>(call.index)];
        std::printf("    call %d  %s: %s\n", call.index, std::string(decision_label(inv.decision)).c_str(),
            utf8(call.summary).c_str());
        if (call.differences.size() > 1)
            for (const Mismatch& m : call.differences)
                std::printf("        %s\n", utf8(change(m)).c_str());
    }
    for (const VariantAnswer& v : answer.variants) {
        std::printf("    backward body %s\n", utf8(v.body).c_str());
        for (const Mismatch& m : v.differences)
            std::printf("        %s\n", utf8(change(m)).c_str());
        if (!v.cause.graph)
            continue;
        const GraphModule& m = *dump.graph(v.cause.graph).module;
        const Source* s = m.source(m.body(v.cause.body).node(v.cause.node).source);
        std::printf("        made by %s%s\n",
            utf8(address_of(dump, v.cause.graph, v.cause.body, v.cause.node)).c_str(),
            s && s->has_place() ? utf8("  " + std::string(m.text(s->file)) + ':' + std::to_string(s->line)
                + "  " + std::string(m.text(s->code)))
                                      .c_str()
                                : "");
    }
}

int run_explain(const Words& words) {
    const auto dump = open(words.paths);
    if (!dump)
        return fail(dump.error());
    const Ledger ledger = build_ledger(*dump);
    Json compilations = Json::array();
    bool found = words.region.empty();
    for (const Explanation& e : explain(*dump, ledger)) {
        const Compilation& compilation = dump->compilation(e.compilation);
        const CompilationLedger& c = ledger.of(e.compilation);
        Json regions = Json::array();
        if (!words.json)
            std::printf("%s%s  %s\n",
                compilation.key.rank ? ("rank " + std::to_string(*compilation.key.rank) + "  ").c_str()
                                          : "",
                utf8(compilation.key.id).c_str(), e.headline.c_str());
        for (const RegionAnswer& r : e.regions) {
            if (!asked(words, c.regions[static_cast<size_t>(r.region)]))
                continue;
            found = true;
            if (words.json)
                regions.push_back(region_json(*dump, c, r, words));
            else
                print_region(*dump, c, r, words);
        }
        compilations.push_back(
            {{"rank", compilation.key.rank ? Json(*compilation.key.rank) : Json(nullptr)},
                {"id", utf8(compilation.key.id)}, {"regions", std::move(regions)}, {"headline", e.headline}});
    }
    if (!found)
        return fail(make_error(Error::Kind::NotFound, "no region '" + words.region + "' in this dump"));
    if (words.json) {
        Json problems = problems_json(*dump, dump->problems);
        for (Json& p : problems_json(*dump, ledger.problems))
            problems.push_back(std::move(p));
        print_json({{"compilations", std::move(compilations)}, {"problems", std::move(problems)}});
    } else if (compilations.empty()) {
        std::printf("no compilation of this dump calls a region\n");
    }
    return kDone;
}

} // namespace

void add_explain(CLI::App& app, Action& action) {
    auto* command =
        app.add_subcommand("explain", "Why each call was traced or reused, and why backward variants exist");
    static Words words;
    add_dumps(*command, words.paths);
    command->add_option("--region", words.region, "Only this region: its identifier or its function");
    command->add_option("--invocation", words.invocation, "Only this call, by its number in the compilation");
    command->add_flag("--json", words.json, "Print one JSON document");
    command->callback([&action] { action = [] { return run_explain(words); }; });
}

} // namespace hopscope::cli
