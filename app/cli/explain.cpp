// hopscope explain: why each call was traced or reused, and why backward variants exist.
#include "app/cli/cli.h"

#include "core/base/text.h"
#include "core/explain/explain_text.h"
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
    const ExplainTextOptions texts{options.region, options.call, words.invocation >= 0};
    const std::vector<Explanation> explanations = explain(*dump, ledger);
    for (const Explanation& e : explanations) {
        if (!words.json)
            std::fputs(explanation_text(*dump, ledger, e, texts).c_str(), stdout);
        compilations.push_back(words.json ? explanation_json(*dump, ledger, e, options) : Json());
    }
    std::vector<Problem> found = ledger.problems;
    for (Problem& p : lint(*dump, ledger))
        found.push_back(std::move(p));
    const std::vector<RankAnswer> ranks = across_ranks(*dump, ledger, explanations);
    if (words.json) {
        Json unlike = Json::array();
        for (const RankAnswer& r : ranks)
            unlike.push_back({{"rank", *dump->compilation(r.compilation).key.rank},
                {"id", utf8(dump->compilation(r.compilation).key.id)}, {"summary", utf8(r.summary)}});
        Json problems = problems_json(*dump, dump->problems);
        for (Json& p : problems_json(*dump, found))
            problems.push_back(std::move(p));
        print_json({{"compilations", std::move(compilations)}, {"problems", std::move(problems)},
            {"ranks", std::move(unlike)}});
        return kDone;
    }
    for (const RankAnswer& r : ranks)
        std::printf("rank %d  %s  %s\n", *dump->compilation(r.compilation).key.rank,
            utf8(dump->compilation(r.compilation).key.id).c_str(), utf8(r.summary).c_str());
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
    command->add_option("--invocation", words.invocation, "Only this call, by its number in the compilation")
        ->check(whole_from(0));
    command->add_flag("--json", words.json, "Print one JSON document");
    command->callback([&action] { action = [] { return run_explain(words); }; });
}

} // namespace hopscope::cli
