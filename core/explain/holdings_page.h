// The page of what a dump has, while it is written: one function for each group, and what they ask of the
// dump. Internal to core/explain.
#pragma once

#include "core/base/text.h"
#include "core/explain/holdings.h"
#include "core/regions/roles.h"

#include <algorithm>
#include <utility>

namespace hopscope::explain_parts {

constexpr const char* kRecordTrace = "TORCH_TRACE=/tmp/trace python train.py";
constexpr const char* kRecordLog =
    "TORCH_LOGS=+hierarchical_compile,graph_code,aot_graphs,aot_joint_graph,recompiles,"
    "graph_breaks python train.py 2> torch_logs.txt";

inline std::string number_of(size_t n, const char* one, const char* more) {
    return std::to_string(n) + ' ' + (n == 1 ? one : more);
}

class HoldingsPage {
public:
    HoldingsPage(const Dump& dump, const Ledger& ledger)
        : dump_(dump)
        , ledger_(ledger) { }

    std::vector<Holding> run() {
        files();
        graphs();
        of_graphs();
        caches();
        failures();
        of_run();
        return std::move(out_);
    }

private:
    using Group = HoldingGroup;

    Holding& add(Group group, std::string_view key, std::string what, std::string answers) {
        Holding& h = out_.emplace_back();
        h.group = group;
        h.key = key;
        h.what = std::move(what);
        h.answers = std::move(answers);
        return h;
    }
    static void is_there(Holding& h, std::string found) {
        h.presence = Presence::Present;
        h.found = std::move(found);
    }
    static void lacks(Holding& h, std::string why, std::string record = {}) {
        h.presence = Presence::Missing;
        h.found = std::move(why);
        h.record = std::move(record);
    }
    static void makes_none(Holding& h, std::string why) {
        h.presence = Presence::NotApplicable;
        h.found = std::move(why);
    }

    bool is_kind(FileId file, std::string_view kind) const {
        return file && dump_.files[file.index].kind == kind;
    }
    bool has_kind(std::string_view kind) const {
        return std::any_of(
            dump_.files.begin(), dump_.files.end(), [&](const DumpFile& f) { return f.kind == kind; });
    }
    bool has_trace() const { return has_kind("TORCH_TRACE"); }
    // A log that has errors alone and no message of a known artifact is a text of which no graph comes.
    bool has_text_log() const {
        for (size_t f = 0; f < dump_.files.size(); ++f) {
            const std::string& kind = dump_.files[f].kind;
            const bool gave = std::any_of(dump_.graphs.begin(), dump_.graphs.end(),
                [&](const Graph& g) { return g.file == FileId(f); });
            if (kind == "TORCH_LOGS" || (kind == "print_readable" && !gave && has_trace()))
                return true;
        }
        return false;
    }
    // Whether the body of any call was traced to its end.
    bool installed() const {
        return std::any_of(
            ledger_.compilations.begin(), ledger_.compilations.end(), [](const CompilationLedger& c) {
                return std::any_of(c.invocations.begin(), c.invocations.end(),
                    [](const Invocation& inv) { return inv.decision != Decision::Failed; });
            });
    }
    bool calls_regions() const {
        return std::any_of(ledger_.compilations.begin(), ledger_.compilations.end(),
            [](const CompilationLedger& c) { return !c.invocations.empty(); });
    }
    // What is only in a structured log: why it is missing here.
    std::string only_in_trace() const {
        return has_trace() ? "the structured log has none"
                           : "only a structured log has them, and there is none";
    }

    void files();
    void count_files(Holding& h, std::string_view kind) {
        size_t n = 0;
        uint64_t bytes = 0;
        for (const DumpFile& f : dump_.files)
            if (f.kind == kind) {
                ++n;
                bytes += f.bytes;
            }
        if (n > 0)
            is_there(h, number_of(n, "file", "files") + ", " + format_bytes(bytes));
    }

    struct Count {
        size_t graphs = 0, bodies = 0, cut = 0;
        GraphId first;
    };
    Count count(Stage stage) const {
        Count n;
        for (size_t g = 0; g < dump_.graphs.size(); ++g) {
            const Graph& graph = dump_.graphs[g];
            // As recorded: what a script holds beside is no stage of its own.
            if (stage_of(dump_, GraphId(g)) != stage)
                continue;
            ++n.graphs;
            n.bodies += graph.module->bodies.size() - 1;
            n.cut += graph.cut;
            n.first = n.first ? n.first : GraphId(g);
        }
        return n;
    }
    bool has(Stage stage) const { return count(stage).graphs > 0; }
    bool failed() const {
        return std::any_of(dump_.compilations.begin(), dump_.compilations.end(),
            [](const Compilation& c) { return c.last_attempt && !c.fail_type.empty(); });
    }
    bool trains() const { return has(Stage::Joint) || has(Stage::Forward) || has(Stage::Backward); }
    bool inductor() const {
        return has(Stage::PostGrad) || has(Stage::PreGrad)
            || std::any_of(dump_.artifacts.begin(), dump_.artifacts.end(),
                [](const Artifact& a) { return a.name.starts_with("inductor_"); });
    }

    void graphs();
    void stage(Stage stage, const char* answers);

    // Of all nodes that compute, how many have something.
    template <class Has> std::pair<size_t, size_t> share(Has&& has_it) const {
        size_t all = 0, with = 0;
        for (const Graph& g : dump_.graphs)
            for (const Body& b : g.module->bodies)
                for (const Node& n : b.nodes) {
                    if (n.op == Opcode::Output || n.op == Opcode::GetAttr)
                        continue;
                    const int has = has_it(*g.module, n);
                    all += has >= 0;
                    with += has > 0;
                }
        return {with, all};
    }
    void by_share(Holding& h, std::pair<size_t, size_t> n, const char* why, const char* record) {
        if (n.second == 0)
            return makes_none(h, "no graph has such nodes");
        const std::string found = std::to_string(n.first) + " of " + number_of(n.second, "node", "nodes");
        if (n.first == 0)
            return lacks(h, why, record);
        is_there(h, found);
        // A node that PyTorch itself put in has no line: what lacks for a few is no fault of the dump.
        h.presence = n.first == n.second || n.first * 2 > n.second ? Presence::Present : Presence::Partly;
    }

    void of_graphs();
    void call_ids();
    void names();
    void symbols();
    void caches();

    // What the guards say: the name of what was marked.
    void marked();
    void records(CacheRecord::Cache cache, std::string_view key, const char* what);
    void failures();
    void of_run();

    const Dump& dump_;
    const Ledger& ledger_;
    std::vector<Holding> out_;
};

} // namespace hopscope::explain_parts
