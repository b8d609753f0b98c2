// hopscope explain: why each call was traced or reused, and why backward variants exist.
#include "app/cli/cli.h"

#include "core/base/text.h"
#include "core/explain/explain.h"
#include "core/explain/lint.h"
#include "core/export/explain_json.h"
#include "core/export/ledger_json.h"

#include <algorithm>
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

// Whether the words ask for this region and call.
bool asked(const Words& w, const Region& r) {
    return w.region.empty() || r.identifier == w.region || r.function == w.region;
}
bool asked(const Words& w, const CallAnswer& c) {
    return w.invocation < 0 || c.index == w.invocation;
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

std::string place_text(const Dump& dump, const Spot& s) {
    std::string out =
        s.file ? utf8(dump.files[s.file.index].path) + ':' + std::to_string(s.line) : std::string();
    if (s.offset)
        out += " (byte " + std::to_string(*s.offset) + ')';
    return out + (out.empty() ? "" : "  ") + utf8(s.what);
}

void print_cell(const Dump& dump, const CacheCell& cell, bool spots) {
    std::string name(cache_label(cell.cache));
    if (cell.half)
        name += *cell.half == Half::Forward ? ", forward" : ", backward";
    std::printf("        %-24s %-14s %s", name.c_str(), std::string(cache_state_label(cell.state)).c_str(),
        utf8(cell.reason).c_str());
    if (cell.ms)
        std::printf("; %s", format_milliseconds(*cell.ms).c_str());
    if (cell.saved_ms)
        std::printf("; saved %s", format_milliseconds(*cell.saved_ms).c_str());
    std::printf("\n");
    if (spots)
        for (const Spot& s : cell.spots)
            std::printf("            %s\n", place_text(dump, s).c_str());
}

void print_call(const Dump& dump, const CompilationLedger& c, const Explanation& e, const CallAnswer& call,
    const Words& words) {
    const Invocation& inv = c.invocations[static_cast<size_t>(call.index)];
    std::printf("    call %d  %s: %s\n", call.index, std::string(decision_label(inv.decision)).c_str(),
        utf8(call.summary).c_str());
    if (call.differences.size() > 1)
        for (const Mismatch& m : call.differences)
            std::printf("        %s\n", utf8(change(m)).c_str());
    if (words.invocation >= 0)
        for (const CacheCell& cell : e.caches.calls[static_cast<size_t>(call.index)].cells)
            print_cell(dump, cell, true);
}

// Calls that say the same stand in one line: "calls 1–11".
void print_calls(const Dump& dump, const CompilationLedger& c, const Explanation& e,
    const RegionAnswer& answer, const Words& words) {
    for (size_t i = 0; i < answer.calls.size();) {
        const CallAnswer& call = answer.calls[i];
        size_t end = i + 1;
        if (!asked(words, call)) {
            i = end;
            continue;
        }
        const auto decision = [&](const CallAnswer& a) {
            return c.invocations[static_cast<size_t>(a.index)].decision;
        };
        while (words.invocation < 0 && end < answer.calls.size() && answer.calls[end].summary == call.summary
            && decision(answer.calls[end]) == decision(call) && call.differences.size() <= 1
            && answer.calls[end].differences.size() == call.differences.size()
            && answer.calls[end].index == answer.calls[end - 1].index + 1)
            ++end;
        if (end - i > 1)
            std::printf("    calls %d–%d  %s: %s\n", call.index, answer.calls[end - 1].index,
                std::string(decision_label(decision(call))).c_str(), utf8(call.summary).c_str());
        else
            print_call(dump, c, e, call, words);
        i = end;
    }
}

void print_region(const Dump& dump, const CompilationLedger& c, const Explanation& e,
    const RegionAnswer& answer, const Words& words) {
    const Region& r = c.regions[static_cast<size_t>(answer.region)];
    const std::string name = r.identifier.empty() ? "a region that was never installed" : r.identifier;
    std::printf("  %s%s: %s: %s\n", utf8(name).c_str(),
        utf8(r.function.empty() ? "" : " (" + r.function + ')').c_str(),
        std::string(outcome_label(answer.outcome)).c_str(), utf8(answer.where).c_str());
    for (const Spot& s : answer.spots)
        if (answer.outcome != Outcome::Kept)
            std::printf("      %s\n", place_text(dump, s).c_str());
    print_calls(dump, c, e, answer, words);
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

void print_failure(const FailureStory& story) {
    std::printf("  failed%s\n", story.type.empty() ? "" : (": " + utf8(story.type)).c_str());
    const auto indented = [](const std::string& text) {
        std::string out;
        for (const char c : utf8(text))
            out += c == '\n' ? std::string("\n      ") : std::string(1, c);
        return out;
    };
    std::printf("      %s\n", indented(story.message).c_str());
    if (!story.explanation.empty())
        std::printf("    explanation: %s\n", indented(story.explanation).c_str());
    for (const std::string& hint : story.hints)
        std::printf("    hint: %s\n", indented(hint).c_str());
    if (!story.context.empty())
        std::printf("    context: %s\n", indented(story.context).c_str());
    for (const UserFrame& f : story.frames)
        if (!f.of_torch)
            std::printf("    %s:%d in %s: %s\n", utf8(f.file).c_str(), f.line, utf8(f.function).c_str(),
                utf8(f.code).c_str());
}

void print_explanation(const Dump& dump, const Ledger& ledger, const Explanation& e, const Words& words) {
    const Compilation& compilation = dump.compilation(e.compilation);
    const CompilationLedger& c = ledger.of(e.compilation);
    std::printf("%s%s  %s\n",
        compilation.key.rank ? ("rank " + std::to_string(*compilation.key.rank) + "  ").c_str() : "",
        utf8(compilation.key.id).c_str(), utf8(e.headline).c_str());
    if (e.failure)
        print_failure(*e.failure);
    for (const RegionAnswer& r : e.regions)
        if (asked(words, c.regions[static_cast<size_t>(r.region)]))
            print_region(dump, c, e, r, words);
    std::printf("  caches of whole graphs\n");
    for (const CacheCell& cell : e.caches.whole)
        print_cell(dump, cell, cell.state != CacheState::NotConsulted);
}

// Before anything is printed: whether there is what the words ask for, and if not, what there is.
Status wanted_exists(const Words& words, const Ledger& ledger) {
    std::vector<std::string> names;
    size_t most = 0;
    bool found = words.region.empty();
    for (const CompilationLedger& c : ledger.compilations) {
        most = std::max(most, c.invocations.size());
        for (const Region& r : c.regions) {
            found = found || asked(words, r);
            const std::string name = utf8(r.identifier)
                + (r.function.empty() || r.function == r.identifier ? "" : " (" + utf8(r.function) + ')');
            if (std::find(names.begin(), names.end(), name) == names.end())
                names.push_back(name);
        }
    }
    if (!found) {
        std::string list;
        for (const std::string& name : names)
            list += (list.empty() ? "" : ", ") + name;
        return make_error(Error::Kind::NotFound,
            "no region '" + words.region + "' in this dump; "
                + (list.empty() ? "it has none" : "its regions are " + list));
    }
    if (words.invocation >= 0 && static_cast<size_t>(words.invocation) >= most)
        return make_error(Error::Kind::NotFound,
            "no call " + std::to_string(words.invocation) + ": "
                + (most ? "the calls are numbered from 0 to " + std::to_string(most - 1)
                        : "no compilation of this dump calls a region"));
    return {};
}

int run_explain(const Words& words) {
    const auto dump = open(words.paths);
    if (!dump)
        return fail(dump.error());
    const Ledger ledger = build_ledger(*dump);
    Json compilations = Json::array();
    ExplainJsonOptions options;
    options.region = [&](const Region& r) { return asked(words, r); };
    options.call = [&](const CallAnswer& call) { return asked(words, call); };
    if (const Status there = wanted_exists(words, ledger); !there)
        return fail(there.error());
    for (const Explanation& e : explain(*dump, ledger)) {
        if (!words.json)
            print_explanation(*dump, ledger, e, words);
        compilations.push_back(words.json ? explanation_json(*dump, ledger, e, options) : Json());
    }
    std::vector<Problem> found = ledger.problems;
    for (Problem& p : lint(*dump, ledger))
        found.push_back(std::move(p));
    if (words.json) {
        Json problems = problems_json(*dump, dump->problems);
        for (Json& p : problems_json(*dump, found))
            problems.push_back(std::move(p));
        print_json({{"compilations", std::move(compilations)}, {"problems", std::move(problems)}});
        return kDone;
    }
    for (const Problem& p : found)
        std::printf("%s: %s\n", std::string(severity_name(p.severity)).c_str(), utf8(p.message).c_str());
    if (compilations.empty())
        std::printf("no compilation of this dump calls a region\n");
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
