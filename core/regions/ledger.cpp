#include "core/regions/ledger.h"

#include "core/regions/build.h"
#include "core/regions/failures.h"

#include <algorithm>
#include <map>
#include <tuple>

namespace hopscope {

namespace regions {
namespace {

using Kind = ReuseMessage::Kind;

class CompilationBuilder {
public:
    CompilationBuilder(const Dump& dump, CompilationId id, std::vector<Problem>& problems)
        : dump_(dump)
        , problems_(problems) {
        ledger_.compilation = id;
    }

    CompilationLedger build() {
        const CompilationId id = ledger_.compilation;
        rows_ = make_rows(dump_, ledger_, problems_);
        name_regions();
        decide(dump_, id, ledger_, rows_.rows, problems_);
        if (!rows_.of_dynamo)
            regions_without_graph();
        pair_stages(dump_, dump_.compilation(id), ledger_);
        count_executions(ledger_);
        describe_regions(dump_, ledger_, rows_);
        tell_failure();
        count_times(dump_, ledger_, rows_.rows);
        count_saved(dump_, ledger_);
        explain_reasons(dump_, ledger_, rows_.rows);
        count_totals(ledger_);
        return std::move(ledger_);
    }

private:
    RegionId region_named(const std::string& identifier) {
        for (size_t i = 0; i < ledger_.regions.size(); ++i)
            if (ledger_.regions[i].identifier == identifier)
                return RegionId(i);
        Region region;
        region.identifier = identifier;
        ledger_.regions.push_back(std::move(region));
        return RegionId(ledger_.regions.size() - 1);
    }
    void assign(size_t row, const std::string& identifier) {
        Invocation& inv = ledger_.invocations[row];
        inv.region = region_named(identifier);
        ledger_.regions[inv.region.index].invocations.push_back(InvocationId(row));
    }

    // Rows that a graph shows get their region from it, and the code object that it was traced from.
    void name_regions() {
        std::vector<CodeFacts> codes;
        for (size_t i = 0; i < rows_.rows.size(); ++i) {
            Row& row = rows_.rows[i];
            if (!row.call)
                continue;
            assign(i, std::string(row.call->region));
            Region& region = ledger_.regions[ledger_.invocations[i].region.index];
            if (!region.code)
                region.code = code_of(row, ledger_.invocations[i], codes);
            row.code = region.code;
        }
    }

    // What a code object's first body shows: where its first node was made, and where it was called.
    struct CodeFacts {
        std::string_view file, function, caller;
        uint32_t line = 0, call_line = 0;
        bool same_function(const CodeFacts& o) const { return file == o.file && function == o.function; }
        bool same_call(const CodeFacts& o) const {
            return call_line != 0 && caller == o.caller && call_line == o.call_line;
        }
    };
    CodeFacts code_facts(const GraphCall& call) const {
        CodeFacts facts;
        const GraphModule& m = *dump_.graph(rows_.graph).module;
        for (const Node& n : m.body(call.call.body).nodes)
            if (const Source* s = m.source(n.source); s && s->has_place()) {
                facts.file = m.text(s->file);
                facts.function = m.text(s->function);
                facts.line = s->line;
                break;
            }
        if (const Source* s = m.source(m.body(call.scope).node(call.call.node).source); s && s->has_place()) {
            facts.caller = m.text(s->file);
            facts.call_line = s->line;
        }
        return facts;
    }

    // Which code object the first call of a body is of, by number. The same function traced twice mostly
    // starts on the same line; where it does not (a branch of it that was taken), the log counts the bodies
    // of one code object, and a lookup is made only for a code object that has an entry
    // (torch/_dynamo/variables/invoke_subgraph.py, has_reuse_entries).
    std::optional<int> code_of(const Row& row, const Invocation& inv, std::vector<CodeFacts>& codes) const {
        if (!row.call->call.body)
            return std::nullopt;
        const CodeFacts facts = code_facts(*row.call);
        const auto first = [&](auto&& fits) -> std::optional<int> {
            const auto at = std::find_if(codes.begin(), codes.end(), fits);
            return at == codes.end() ? std::nullopt : std::optional(static_cast<int>(at - codes.begin()));
        };
        std::optional<int> found;
        if (!facts.file.empty())
            found = first([&](const CodeFacts& c) { return c.same_function(facts) && c.line == facts.line; });
        const ReuseMessage* installing = find_message(inv, Kind::Installing);
        const bool counted = installing && installing->count;
        const bool told = (row.opening && row.opening->lookup) || (counted && *installing->count > 1);
        const bool no_word = !row.opening && !counted;
        if (!found && (told || (no_word && facts.function != "<lambda>")))
            found = first([&](const CodeFacts& c) { return c.same_call(facts) && c.same_function(facts); });
        if (!found && told)
            found = first([&](const CodeFacts& c) { return c.same_call(facts); });
        if (!found && told)
            found = first([&](const CodeFacts& c) { return c.same_function(facts); });
        if (!found && told && codes.size() == 1)
            found = 0;
        if (found)
            return found;
        codes.push_back(facts);
        return static_cast<int>(codes.size() - 1);
    }

    // Without a graph the log names the bodies; without a log they are numbered as Dynamo numbers them.
    void regions_without_graph() {
        int installed = 0;
        for (size_t i = 0; i < rows_.rows.size(); ++i) {
            Invocation& inv = ledger_.invocations[i];
            if (inv.region)
                continue;
            const ReuseMessage* named = nullptr;
            for (const Kind kind : {Kind::Installing, Kind::CacheHit, Kind::HashHit})
                named = named ? named : find_message(inv, kind);
            if (named) {
                assign(i, named->identifier);
                installed += named->kind == Kind::Installing;
            } else if (inv.decision == Decision::Traced || inv.decision == Decision::RetracedNew) {
                assign(i, "subgraph_" + std::to_string(installed++));
            } else if (inv.decision == Decision::Reused && installed == 1) {
                assign(i, "subgraph_0");
            } else {
                assign(i, "");
            }
        }
    }

    // What no graph shows: the frames of a failure name the region that was under way, and the call of a
    // graph at which a backend stopped has the backend's reason.
    void tell_failure() {
        const auto story = failure_of(dump_, ledger_.compilation);
        if (!story || !story->in_region)
            return;
        for (Region& region : ledger_.regions) {
            const bool failed = std::any_of(region.invocations.begin(), region.invocations.end(),
                [&](InvocationId i) { return ledger_.invocation(i).decision == Decision::Failed; });
            if (failed && region.function.empty())
                region.function = story->function;
        }
        for (Invocation& inv : ledger_.invocations) {
            const Place& call = inv.call(CallSite::Dynamo);
            if (!call.graph || inv.parent || story->node.empty())
                continue;
            const GraphModule& m = *dump_.graph(call.graph).module;
            if (m.text(m.body(call.body).node(call.node).name) == story->node && inv.reason.empty())
                inv.reason = "traced; then the backend failed: " + story->sentence();
        }
    }

    const Dump& dump_;
    std::vector<Problem>& problems_;
    CompilationLedger ledger_;
    Rows rows_;
};

} // namespace
} // namespace regions

Place Invocation::origin() const {
    for (const CallSite site :
        {CallSite::Dynamo, CallSite::Forward, CallSite::Inference, CallSite::Joint, CallSite::Backward})
        if (call(site).graph)
            return call(site);
    return {};
}

const Source* call_source(const Dump& dump, const Invocation& invocation) {
    const Place place = invocation.origin();
    if (!place.graph)
        return nullptr;
    const GraphModule& m = *dump.graph(place.graph).module;
    return m.source(m.body(place.body).node(place.node).source);
}

Totals Ledger::totals(const Dump& dump) const {
    Totals sum;
    for (const CompilationLedger& c : compilations) {
        if (!dump.compilation(c.compilation).last_attempt)
            continue;
        sum.invocations += c.totals.invocations;
        sum.bodies += c.totals.bodies;
        sum.traced += c.totals.traced;
        sum.reused += c.totals.reused;
        sum.tracing_ms += c.totals.tracing_ms;
        sum.saved_ms += c.totals.saved_ms;
        sum.saved_bytes += c.totals.saved_bytes;
    }
    return sum;
}

Ledger build_ledger(const Dump& dump) {
    Ledger ledger;
    for (size_t i = 0; i < dump.compilations.size(); ++i)
        ledger.compilations.push_back(
            regions::CompilationBuilder(dump, CompilationId(i), ledger.problems).build());
    return ledger;
}

} // namespace hopscope
