// Where each region went.
#include "core/explain/parts.h"

#include "core/base/text.h"
#include "core/graph/calls.h"
#include "core/regions/exporting.h"

#include <algorithm>
#include <charconv>

namespace hopscope::explain_parts {

namespace {

// "0/1" → frame 0, compile 1.
struct Frame {
    std::string frame;
    int compile = -1;
};
Frame frame_of(const CompileKey& key) {
    const size_t slash = key.id.rfind('/');
    Frame f;
    if (slash == std::string::npos)
        return f;
    f.frame = key.id.substr(0, slash);
    std::from_chars(key.id.data() + slash + 1, key.id.data() + key.id.size(), f.compile);
    return f;
}

std::string file_line(const UserFrame& f) {
    return f.file.substr(f.file.rfind('/') + 1) + ':' + std::to_string(f.line);
}

class Outcomes {
public:
    Outcomes(const Dump& dump, const Ledger& ledger, Explanation& e)
        : dump_(dump)
        , ledger_(ledger)
        , explanation_(e)
        , c_(ledger.of(e.compilation))
        , compilation_(dump.compilation(e.compilation)) { }

    void run() {
        for (RegionAnswer& answer : explanation_.regions) {
            const Region& region = c_.regions[static_cast<size_t>(answer.region)];
            // The first that holds.
            failed(answer, region) || inlined(answer, region) || exported(answer, region)
                || merged(answer, region) || consumed(answer) || broken(answer, region)
                || recompiled(answer, region) || kept(answer, region);
        }
    }

private:
    static bool set(RegionAnswer& answer, Outcome outcome, std::string where) {
        answer.outcome = outcome;
        answer.where = std::move(where);
        return true;
    }

    void at_graph(RegionAnswer& answer, GraphId id, BodyId body = {}) const {
        const Graph& g = dump_.graph(id);
        answer.spots.push_back({g.file, g.line, g.offset, address_of(dump_, id, body)});
    }

    bool failed(RegionAnswer& answer, const Region& region) const {
        bool here = std::any_of(region.invocations.begin(), region.invocations.end(),
            [&](InvocationId i) { return c_.invocation(i).decision == Decision::Failed; });
        const auto& story = explanation_.failure;
        // A backend stops at a node of Dynamo's graph.
        if (!here && story && !story->identifier.empty() && region.identifier == story->identifier)
            here = true;
        if (!here)
            return lost(answer, region);
        std::string where = "the compilation failed in it";
        if (story) {
            where = story->node.empty() ? "tracing it failed" : "the backend failed at " + story->node;
            if (const UserFrame* f = story->users_line())
                where += " (" + file_line(*f) + ')';
            where += ": " + story->short_sentence();
            answer.spots.push_back({story->file, story->line, {}, story->kind});
        }
        return set(answer, Outcome::Failed, where);
    }

    // It was traced, and the compilation failed elsewhere before a graph that runs was made.
    bool lost(RegionAnswer& answer, const Region& region) const {
        if (compilation_.fail_type.empty() && !explanation_.failure)
            return false;
        const auto has_body = [&](auto&& fits) {
            return std::any_of(region.bodies.begin(), region.bodies.end(), fits);
        };
        const auto joint = [](const RegionBody& b) {
            return b.site == CallSite::Joint || b.site == CallSite::JointBackward;
        };
        if (has_body([&](const RegionBody& b) { return b.site != CallSite::Dynamo && !joint(b); }))
            return false;
        const auto& story = explanation_.failure;
        const bool in_a_call = (story && !story->identifier.empty())
            || std::any_of(c_.invocations.begin(), c_.invocations.end(),
                [](const Invocation& i) { return i.decision == Decision::Failed; });
        return set(answer, Outcome::Failed,
            std::string("traced, but the compilation failed ") + (in_a_call ? "in another call" : "later")
                + (has_body(joint) ? ", behind the joint graph"
                                   : ", before any graph behind Dynamo's was made"));
    }

    bool inlined(RegionAnswer& answer, const Region& region) const {
        if (!region.inlined)
            return false;
        const Invocation& inv = c_.invocation(region.invocations.front());
        if (inv.call(CallSite::Dynamo).graph)
            at_graph(answer, inv.call(CallSite::Dynamo).graph, inv.body(CallSite::Dynamo).body);
        return set(answer, Outcome::Inlined,
            "called once, so PyTorch put it inline after Dynamo: Dynamo's graph calls it, no graph after it "
            "does");
    }

    GraphId exported_graph() const {
        for (size_t i = 0; i < dump_.graphs.size(); ++i)
            if (dump_.graphs[i].stage == Stage::Export
                && (!dump_.graphs[i].compilation
                    || dump_.compilation(dump_.graphs[i].compilation).key.rank == compilation_.key.rank))
                return GraphId(i);
        return {};
    }
    bool has(Stage stage) const {
        return std::any_of(compilation_.graphs.begin(), compilation_.graphs.end(),
            [&](GraphId id) { return dump_.graph(id).stage == stage; });
    }
    bool has_later() const {
        return has(Stage::Joint) || has(Stage::Forward) || has(Stage::Backward) || has(Stage::Inference)
            || has(Stage::PostGrad);
    }

    bool exported(RegionAnswer& answer, const Region& region) const {
        const GraphId graph = exported_graph();
        if (has_later() || !compilation_.fail_type.empty())
            return false;
        // Non-strict export compiles each call of a region by itself, as a call of this function
        // (torch/_higher_order_ops/invoke_subgraph.py).
        if (!graph && compilation_.function == "_invoke_subgraph_placeholder_wrapper") {
            for (const GraphId id : compilation_.graphs)
                at_graph(answer, id);
            return set(answer, Outcome::Exported,
                "torch.export traced this call by itself; what became of it is in the exported program "
                "(.pt2), which this dump lacks");
        }
        if (!graph && exported_strictly(dump_, explanation_.compilation)) {
            for (const GraphId id : compilation_.graphs)
                at_graph(answer, id);
            return set(answer, Outcome::Exported,
                "torch.export traced the program in strict mode; what became of its calls is in the exported "
                "program (.pt2), which this dump lacks");
        }
        if (!graph)
            return false;
        const GraphModule& m = *dump_.graph(graph).module;
        size_t calls = 0;
        BodyId body;
        for (size_t b = 0; b < m.bodies.size(); ++b)
            for (const RegionCall& call : region_calls(m, BodyId(b)))
                if (identifier_parts(call.identifier).region == region.identifier) {
                    ++calls;
                    body = body ? body : call.body;
                }
        at_graph(answer, graph, body ? body : BodyId(0));
        const bool own = dump_.graph(graph).compilation == explanation_.compilation;
        if (calls == 0)
            return set(answer, Outcome::Inlined,
                "the exported program has no call of it: it was put inline while exporting");
        std::string where =
            "the exported program calls it " + std::to_string(calls) + (calls == 1 ? " time" : " times");
        if (!own && body)
            where += ", by one body: torch.export goes by the identifier, and each of its calls was compiled "
                     "by itself";
        return set(answer, Outcome::Exported, where);
    }

    // torch/_dynamo/graph_deduplication.py names what it makes regions of.
    bool merged(RegionAnswer& answer, const Region& region) const {
        for (const RegionBody& b : region.bodies) {
            if (b.site != CallSite::Dynamo)
                continue;
            const GraphModule& m = *dump_.graph(b.place.graph).module;
            for (const Node& n : m.body(b.place.body).nodes)
                if (n.op == Opcode::Placeholder
                    && (m.text(n.name).starts_with("subgraph_input_")
                        || m.text(n.name).starts_with("supgraph_input_"))) {
                    at_graph(answer, b.place.graph, b.place.body);
                    return set(answer, Outcome::Merged,
                        "nobody marked it: graph deduplication found " + std::to_string(b.calls)
                            + " equal pieces and made one region of them");
                }
        }
        return false;
    }

    bool consumed(RegionAnswer& answer) const {
        if (has_later() || !has(Stage::Dynamo) || !compilation_.fail_type.empty() || explanation_.failure)
            return false;
        const bool traced =
            std::any_of(compilation_.graphs.begin(), compilation_.graphs.end(), [&](GraphId id) {
                return dump_.files[dump_.graph(id).file.index].kind == "TORCH_TRACE" && !dump_.graph(id).cut;
            });
        if (!traced)
            return false; // a log shows only what was asked for
        for (const GraphId id : compilation_.graphs)
            if (dump_.graph(id).stage == Stage::Dynamo)
                at_graph(answer, id);
        return set(answer, Outcome::Consumed,
            "the backend took Dynamo's graph: the trace has no graph of AOTAutograd behind it");
    }

    // An earlier compilation of the same rank that calls the same function.
    template <class Fits> const Compilation* earlier(const Region& region, Fits&& fits) const {
        for (const CompilationLedger& other : ledger_.compilations) {
            const Compilation& c = dump_.compilation(other.compilation);
            if (other.compilation == explanation_.compilation)
                break;
            if (!c.last_attempt || c.key.rank != compilation_.key.rank || !fits(c))
                continue;
            for (const Region& r : other.regions)
                if (r.function == region.function && r.source_file == region.source_file
                    && (r.source_line == region.source_line || r.function != "<lambda>"))
                    return &c;
        }
        return nullptr;
    }

    static bool is_break(const Artifact& a) {
        return a.compilation && (a.name == "dynamo_graph_break_reason" || a.name.starts_with("Graph break"));
    }
    bool same_rank(const Artifact& a) const {
        return dump_.compilation(a.compilation).key.rank == compilation_.key.rank;
    }
    // The compilation that broke off where this one goes on: the last before it of the same function that has
    // a break. A function resumed twice broke twice.
    std::string broken_frame() const {
        constexpr std::string_view kResume = "torch_dynamo_resume_in_";
        const auto plain = [&](std::string_view function) {
            if (function.starts_with(kResume))
                function.remove_prefix(kResume.size());
            else
                return function;
            return function.substr(0, function.rfind("_at_"));
        };
        std::string id;
        for (const Artifact& a : dump_.artifacts) {
            if (!is_break(a) || !same_rank(a) || a.compilation >= explanation_.compilation)
                continue;
            const Compilation& c = dump_.compilation(a.compilation);
            if (c.key.id != compilation_.key.id
                && (c.function.empty() || plain(c.function) == plain(compilation_.function)))
                id = c.key.id;
        }
        return id;
    }

    bool broken(RegionAnswer& answer, const Region& region) const {
        constexpr std::string_view kResume = "torch_dynamo_resume_in_";
        if (!compilation_.function.starts_with(kResume))
            return false;
        const Compilation* before = earlier(region, [](const Compilation&) { return true; });
        if (!before)
            return false;
        std::string from = compilation_.function.substr(kResume.size());
        if (const size_t at = from.rfind("_at_"); at != std::string::npos)
            from = "line " + from.substr(at + 4) + " of " + from.substr(0, at);
        for (const Artifact& a : dump_.artifacts)
            if (const std::string id = broken_frame();
                is_break(a) && same_rank(a) && dump_.compilation(a.compilation).key.id == id)
                answer.spots.push_back({a.file, a.line, {}, a.name});
        return set(answer, Outcome::GraphBreak,
            "traced anew behind a graph break at " + from + ": no cache outlives a compilation, and "
                + before->key.id + " had traced it");
    }

    bool recompiled(RegionAnswer& answer, const Region& region) const {
        const Frame mine = frame_of(compilation_.key);
        std::string reasons;
        int newest = mine.compile;
        // PyTorch tells one reason for each compilation of the frame that was tried.
        const Compilation* before = earlier(region, [&](const Compilation& c) {
            const Frame f = frame_of(c.key);
            return f.frame == mine.frame && f.compile < mine.compile;
        });
        if (!before)
            return false;
        constexpr int kShown = 3;
        for (int shown = 0; newest > 0 && shown < kShown;) {
            const std::string one =
                own_reason(compilation_.recompile_reason, mine.frame + '/' + std::to_string(--newest));
            if (one.empty())
                continue;
            reasons += (reasons.empty() ? "" : "; ") + one;
            ++shown;
        }
        if (reasons.empty() && !compilation_.recompile_reason.empty())
            reasons = first_reason(compilation_.recompile_reason);
        for (const Artifact& a : dump_.artifacts)
            if (a.compilation == explanation_.compilation && a.name == "recompile_reasons")
                answer.spots.push_back({a.file, a.line, {}, a.name});
        std::string where = "traced anew after a recompile: no cache outlives a compilation, and "
            + before->key.id + (mine.compile > 1 ? " had traced it first" : " had traced it");
        if (!reasons.empty())
            where += " (" + reasons + ')';
        return set(answer, Outcome::Recompiled, where);
    }

    bool kept(RegionAnswer& answer, const Region& region) const {
        std::string where;
        const auto of = [&](CallSite site, const char* what) {
            if (const int n = region.body_count(site); n > 0)
                where += (where.empty() ? "" : ", ") + std::to_string(n) + ' ' + what
                    + (n == 1 ? " body" : " bodies");
        };
        of(CallSite::Forward, "forward");
        of(CallSite::Backward, "backward");
        of(CallSite::Inference, "inference");
        return set(answer, Outcome::Kept,
            where.empty() ? "called as a region wherever the dump shows it"
                          : "called as a region to the end: " + where);
    }

    const Dump& dump_;
    const Ledger& ledger_;
    Explanation& explanation_;
    const CompilationLedger& c_;
    const Compilation& compilation_;
};

} // namespace

void find_outcomes(const Dump& dump, const Ledger& ledger, Explanation& explanation) {
    Outcomes(dump, ledger, explanation).run();
}

} // namespace hopscope::explain_parts
