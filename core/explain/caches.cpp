#include "core/explain/caches.h"

#include "core/base/text.h"
#include "core/explain/cache_rules.h"
#include "core/explain/parts.h"
#include "core/graph/calls.h"
#include "core/graph/reading.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>

namespace hopscope {

std::string_view cache_name(Cache cache) {
    static constexpr std::array<std::string_view, 9> kNames{"subgraph_reuse", "reuse_by_key", "structural",
        "proxy_dispatch", "autograd", "lazy_backward", "effects", "aotautograd", "fx_graph"};
    return kNames[static_cast<size_t>(cache)];
}

std::string_view cache_label(Cache cache) {
    static constexpr std::array<std::string_view, 9> kLabels{"reuse", "by key", "structural",
        "proxy dispatch", "autograd", "lazy backward", "effects", "AOTAutograd cache", "FX graph cache"};
    return kLabels[static_cast<size_t>(cache)];
}

std::string_view cache_state_name(CacheState state) {
    static constexpr std::array<std::string_view, 6> kNames{
        "hit", "miss", "bypass", "not_consulted", "not_there", "unknown"};
    return kNames[static_cast<size_t>(state)];
}

std::string_view cache_state_label(CacheState state) {
    static constexpr std::array<std::string_view, 6> kLabels{
        "hit", "miss", "bypass", "not consulted", "not there", "unknown"};
    return kLabels[static_cast<size_t>(state)];
}

namespace {

using namespace explain_parts;

bool has_effect(const GraphModule& module, BodyId root) {
    return !walk_nodes(module, root, [&](BodyId body, NodeId node) {
        return module.text(module.body(body).node(node).target).ends_with("with_effects") ? Walk::Stop
                                                                                          : Walk::Advance;
    });
}

class Caller {
public:
    Caller(const Dump& dump, const CompilationLedger& ledger)
        : dump_(dump)
        , ledger_(ledger)
        , compilation_(dump.compilation(ledger.compilation))
        , has_cache_(has_reuse_cache(dump)) { }

    CompilationCaches run() {
        CompilationCaches out;
        out.compilation = ledger_.compilation;
        from_disk_ = record(CacheRecord::Cache::AotAutograd, CacheRecord::State::Hit) != nullptr;
        first_backwards();
        for (const Invocation& inv : ledger_.invocations)
            out.calls.push_back(call(inv));
        out.whole = explain_parts::whole_caches(dump_, compilation_, ledger_.compilation);
        return out;
    }

private:
    const CacheRecord* record(CacheRecord::Cache cache, CacheRecord::State state) const {
        for (const CacheRecord& r : dump_.caches)
            if (r.compilation == ledger_.compilation && r.cache == cache && r.state == state)
                return &r;
        return nullptr;
    }

    static const ReuseMessage* said(const Invocation& inv, ReuseMessage::Kind kind) {
        for (const ReuseMessage& m : inv.messages)
            if (m.kind == kind)
                return &m;
        return nullptr;
    }

    const Region* region_of(const Invocation& inv) const {
        return inv.region ? &ledger_.regions[inv.region.index] : nullptr;
    }
    // Of the same function, as far as the dump tells: identifiers count bodies.
    std::string code_of(const Invocation& inv) const {
        const Region* r = region_of(inv);
        return r ? r->function + '\n' + r->source_file + '\n' + std::to_string(r->source_line)
                 : std::string();
    }

    static const Place& later_call(const Invocation& inv) {
        for (const CallSite site : {CallSite::Joint, CallSite::Forward, CallSite::Inference})
            if (inv.call(site).graph)
                return inv.call(site);
        return inv.call(CallSite::Joint);
    }
    static const Place& backward_call(const Invocation& inv) {
        return inv.call(
            inv.call(CallSite::JointBackward).graph ? CallSite::JointBackward : CallSite::Backward);
    }
    std::string identifier_at(const Place& call) const {
        const auto made = region_call(*dump_.graph(call.graph).module, call.body, call.node);
        return made ? std::string(made->identifier) : std::string();
    }

    // Autograd runs the calls in reverse: the first of a backward body is the one that stands first in the
    // graph.
    void first_backwards() {
        std::map<std::string, std::pair<Place, int>> first;
        for (const Invocation& inv : ledger_.invocations) {
            const Place& call = backward_call(inv);
            if (!call.graph)
                continue;
            const auto [at, is_new] = first.try_emplace(identifier_at(call), call, inv.index);
            if (!is_new
                && std::pair(call.body, call.node) < std::pair(at->second.first.body, at->second.first.node))
                at->second = {call, inv.index};
        }
        for (const auto& [identifier, at] : first)
            first_backward_.insert(at.second);
    }

    bool has_later_graph() const {
        return std::any_of(compilation_.graphs.begin(), compilation_.graphs.end(), [&](GraphId id) {
            const Graph& g = dump_.graph(id);
            return g.label.empty()
                && (g.stage == Stage::Joint || g.stage == Stage::Forward || g.stage == Stage::Inference
                    || g.stage == Stage::Backward);
        });
    }

    uint32_t facts_of_log(const Invocation& inv) const {
        using Kind = ReuseMessage::Kind;
        uint32_t facts = 0;
        const bool hash_hit = said(inv, Kind::HashHit), hit = said(inv, Kind::CacheHit);
        if (hash_hit)
            facts |= kTold | kHashed | kStamped;
        if (hit)
            facts |= kTold | kStamped;
        if (said(inv, Kind::ReuseFailed))
            facts |= kTold | kLooked;
        if (said(inv, Kind::Installing) || said(inv, Kind::Guards) || said(inv, Kind::NotEligible)
            || said(inv, Kind::Exceeded))
            facts |= kTold | kTraced;
        if (said(inv, Kind::NotEligible))
            facts |= kIneligible;
        return facts;
    }

    uint32_t facts_of(const Invocation& inv) {
        uint32_t facts = 0;
        if (has_cache_ == false)
            facts |= kNoCache;
        if (has_cache_ == false && !dump_.torch_version.starts_with("2.11"))
            facts |= kOldCaches;
        const CallTimers& t = inv.timers;
        const bool timed = t.hash || t.lookup || t.trace || t.stamp_out;
        if (timed)
            facts |= kTold;
        const auto add = [&](bool known, Fact fact) { facts |= known ? fact : kAny; };
        add(t.hash.has_value(), kHashed);
        add(t.lookup.has_value(), kLooked);
        add(t.stamp_out.has_value(), kStamped);
        add(t.trace.has_value(), kTraced);
        // Where timers tell, the log adds only what they cannot.
        facts |= timed ? facts_of_log(inv) & kIneligible : facts_of_log(inv);
        if (inv.decision == Decision::Failed)
            facts |= kFailed;
        if (inv.decision == Decision::Traced)
            facts |= kFirst;
        const std::string code = code_of(inv);
        const bool stores = said(inv, ReuseMessage::Kind::Guards) || t.lookup;
        if (entries_.count(code))
            facts |= kEntry;
        if (stores)
            entries_.insert(code);
        if (const Region* r = region_of(inv); r && !r->identifier.empty()) {
            if (r->invocations.front() < InvocationId(static_cast<size_t>(inv.index)))
                facts |= kKnown;
            if (inv.call(CallSite::Dynamo).graph)
                facts |= kShown;
        }
        if (inv.inlined)
            facts |= kInline;
        if (from_disk_)
            facts |= kFromDisk;
        if (!has_later_graph())
            facts |= kNoLater;
        if (!compilation_.fail_type.empty() || failed())
            facts |= kBroken;
        if (const Place& call = later_call(inv); call.graph) {
            facts |= kLater;
            if (called_.insert(identifier_at(call)).second)
                facts |= kFirstCalled;
            for (const CallSite site : {CallSite::Joint, CallSite::Forward, CallSite::Inference})
                if (const Place& body = inv.body(site);
                    body.graph && has_effect(*dump_.graph(body.graph).module, body.body))
                    facts |= kEffect;
        }
        if (backward_call(inv).graph) {
            facts |= kBackward;
            if (first_backward_.count(inv.index))
                facts |= kFirstBackward;
            if (inv.variant.value_or(0) > 0)
                facts |= kNewVariant;
        }
        return facts;
    }
    bool failed() const {
        return std::any_of(dump_.failures.begin(), dump_.failures.end(), [&](const Failure& f) {
            return f.compilation == ledger_.compilation && f.kind == "dynamo_error";
        });
    }

    CallCaches call(const Invocation& inv) {
        CallCaches out;
        const uint32_t facts = facts_of(inv);
        for (const Column& column : kColumns) {
            const Rule* rule = column.rules;
            while ((facts & rule->with) != rule->with || (facts & rule->without) != 0)
                ++rule; // the last one of each column asks nothing
            CacheCell cell;
            cell.cache = column.cache;
            cell.state = rule->state;
            cell.reason =
                (rule->state == CacheState::NotThere ? torch_name(dump_) + ": " : "") + rule->reason;
            add_evidence(cell, rule->evidence, inv);
            add_details(cell, inv);
            out.cells.push_back(std::move(cell));
        }
        return out;
    }

    void add_evidence(CacheCell& cell, std::string_view names, const Invocation& inv) const {
        while (!names.empty()) {
            const std::string_view name = names.substr(0, names.find(','));
            names.remove_prefix(std::min(names.size(), name.size() + 1));
            if (name == "call") {
                if (inv.timers.hash || inv.timers.lookup || inv.timers.trace || inv.timers.stamp_out)
                    cell.evidence.emplace_back("trace_timer");
                if (!inv.messages.empty())
                    cell.evidence.emplace_back("text_log");
            } else {
                cell.evidence.push_back(name);
            }
        }
    }

    void at_timer(CacheCell& cell, std::optional<size_t> timer, const char* name) const {
        if (timer)
            cell.spots.push_back({dump_.timers[*timer].file, dump_.timers[*timer].line, {},
                std::string("timer invoke_subgraph_") + name});
    }
    void at_message(CacheCell& cell, const Invocation& inv, ReuseMessage::Kind kind, const char* name) const {
        for (const ReuseMessage& m : inv.messages)
            if (m.kind == kind)
                cell.spots.push_back({m.file, m.line, {}, std::string("message: ") + name});
    }
    void at_call(CacheCell& cell, const Place& call) const {
        if (!call.graph)
            return;
        const Graph& g = dump_.graph(call.graph);
        cell.spots.push_back({g.file, g.module->body(call.body).node(call.node).line, {},
            address_of(dump_, call.graph, call.body, call.node)});
    }

    void add_details(CacheCell& cell, const Invocation& inv) const {
        using Kind = ReuseMessage::Kind;
        const bool consulted = cell.state == CacheState::Hit || cell.state == CacheState::Miss;
        switch (cell.cache) {
        case Cache::SubgraphReuse:
            at_timer(cell, inv.timers.lookup, "reuse_lookup");
            at_timer(cell, inv.timers.stamp_out, "reuse_stamp_out");
            at_message(cell, inv, Kind::ReuseFailed, "reuse failed");
            at_message(cell, inv, Kind::CacheHit, "cache hit");
            at_message(cell, inv, Kind::NotEligible, "not eligible");
            if (cell.state == CacheState::Hit)
                if (const Region* r = region_of(inv); r && !r->identifier.empty())
                    cell.reason = "the conditions of `" + r->identifier + "` held";
            if (cell.state == CacheState::Miss && !inv.reason.empty())
                cell.reason += ": " + headline(inv.reason);
            else if (const ReuseMessage* m = said(inv, Kind::NotEligible);
                     m && cell.state == CacheState::NotConsulted)
                cell.reason += ": " + headline(m->detail);
            if (consulted && inv.lookup_ms)
                cell.ms = *inv.lookup_ms + inv.stamp_out_ms.value_or(0);
            break;
        case Cache::ReuseByKey:
            at_timer(cell, inv.timers.hash, "reuse_hash_fn");
            at_message(cell, inv, Kind::HashHit, "hash key hit");
            if (consulted && inv.timers.hash)
                cell.ms = dump_.timers[*inv.timers.hash].milliseconds();
            break;
        case Cache::Structural:
            at_timer(cell, inv.timers.trace, "trace");
            at_message(cell, inv, Kind::ComparisonFailed, "Graph comparison failed");
            at_message(cell, inv, Kind::Installing, "Installing subgraph");
            at_call(cell, inv.call(CallSite::Dynamo));
            if (const ReuseMessage* m = said(inv, Kind::ComparisonFailed);
                m && cell.state == CacheState::Miss)
                cell.reason += ": the comparison failed " + headline(m->detail);
            if (consulted)
                cell.ms = inv.trace_ms;
            break;
        case Cache::ProxyDispatch:
        case Cache::Autograd:
            at_call(cell, later_call(inv));
            break;
        case Cache::LazyBackward:
            at_call(cell, backward_call(inv));
            if (cell.state == CacheState::Miss)
                for (const BackwardDuplicate& d : dump_.duplicates)
                    if (d.compilation == ledger_.compilation && inv.variant.value_or(0) > 0
                        && identifier_parts(d.backward_identifier).variant == inv.variant
                        && identifier_parts(d.backward_identifier).region
                            == identifier_parts(identifier_at(backward_call(inv))).region) {
                        cell.evidence.emplace_back("artifact");
                        cell.spots.push_back(
                            {d.file, d.line, {}, "artifact invoke_subgraph_backward_duplicate"});
                    }
            break;
        default:
            break;
        }
    }

    const Dump& dump_;
    const CompilationLedger& ledger_;
    const Compilation& compilation_;
    const std::optional<bool> has_cache_;
    bool from_disk_ = false;
    std::set<std::string> entries_; // functions of which an entry was stored
    std::set<std::string> called_; // identifiers after Dynamo
    std::set<int> first_backward_; // invocations
};

} // namespace

CompilationCaches caches_of(const Dump& dump, const CompilationLedger& ledger) {
    return Caller(dump, ledger).run();
}

} // namespace hopscope
