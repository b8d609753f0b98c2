#include "core/regions/ledger.h"

#include "core/base/text.h"
#include "core/regions/build.h"
#include "core/regions/failures.h"
#include "core/regions/roles.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

namespace hopscope {

namespace regions {
namespace {

using Kind = ReuseMessage::Kind;

class CompilationBuilder {
public:
    CompilationBuilder(const Dump& dump, CompilationId id, std::vector<Problem>& problems)
        : dump_(dump)
        , id_(id)
        , compilation_(dump.compilation(id))
        , problems_(problems) {
        ledger_.compilation = id;
    }

    CompilationLedger build() {
        openings_ = openings(dump_, id_);
        graph_ = main_graph(dump_, compilation_, Stage::Dynamo);
        if (graph_)
            calls_ = graph_calls(*dump_.graph(graph_).module);
        else if (openings_.empty())
            calls_from_later_stage();
        for (const ReuseMessage& m : dump_.messages)
            if (m.key == compilation_.key || (!m.key.rank && same_compile(m.key)))
                messages_.push_back(&m);
        make_rows();
        attach_messages();
        name_regions();
        decide(dump_, id_, ledger_, rows_, problems_);
        if (!graph_)
            regions_without_graph();
        pair_stages(dump_, compilation_, ledger_);
        count_executions();
        describe_regions();
        tell_failure();
        count_times();
        count_saved(dump_, ledger_);
        explain_reasons(dump_, ledger_, rows_);
        count_totals();
        return std::move(ledger_);
    }

private:
    // A log without ranks beside a trace with one rank only.
    bool same_compile(const CompileKey& key) const {
        return key.id == compilation_.key.id && key.attempt == compilation_.key.attempt
            && std::none_of(dump_.compilations.begin(), dump_.compilations.end(), [&](const Compilation& c) {
                   return c.key.id == key.id && c.key.attempt == key.attempt
                       && c.key.rank != compilation_.key.rank;
               });
    }

    // A dump that lacks Dynamo's graph: the calls of the forward graph, or whatever there is, are the
    // invocations.
    void calls_from_later_stage() {
        for (const Stage stage :
            {Stage::Forward, Stage::Inference, Stage::Joint, Stage::Export, Stage::Graph, Stage::Backward}) {
            for (const GraphId id : compilation_.graphs) {
                const Graph& g = dump_.graph(id);
                if (g.stage != stage || (stage != Stage::Graph && !g.label.empty()))
                    continue;
                auto calls = graph_calls(*g.module);
                if (calls.empty()
                    || (stage == Stage::Graph && stage_of(dump_, id) == Stage::Backward && other_forward(id)))
                    continue;
                const bool only_backward = std::all_of(calls.begin(), calls.end(),
                    [](const GraphCall& c) { return c.parts.half == Half::Backward; });
                keep_calls(std::move(calls), only_backward);
                later_graph_ = id;
                return;
            }
        }
    }
    bool other_forward(GraphId not_this) const {
        return std::any_of(compilation_.graphs.begin(), compilation_.graphs.end(), [&](GraphId id) {
            if (id == not_this)
                return false;
            const auto calls = graph_calls(*dump_.graph(id).module);
            return !calls.empty() && stage_of(dump_, id) != Stage::Backward;
        });
    }
    // Keeps the forward calls (all, where there are only backward ones) and their nesting.
    void keep_calls(std::vector<GraphCall> calls, bool only_backward) {
        std::vector<std::optional<size_t>> moved(calls.size());
        for (size_t i = 0; i < calls.size(); ++i) {
            if (!only_backward && calls[i].parts.half == Half::Backward)
                continue;
            if (calls[i].parent) {
                calls[i].parent = moved[*calls[i].parent];
                if (!calls[i].parent)
                    continue;
            }
            moved[i] = calls_.size();
            calls_.push_back(std::move(calls[i]));
        }
    }

    // Calls that the timers show and calls that the graph shows, level by level, in order.
    void make_rows() {
        using Index = std::optional<size_t>; // none: no call around it
        std::vector<Index> call_of(openings_.size());
        std::vector<bool> taken(calls_.size(), false);
        std::map<Index, std::vector<size_t>> open_by_parent;
        std::map<Index, std::vector<size_t>> calls_by_parent;
        for (size_t i = 0; i < openings_.size(); ++i)
            open_by_parent[openings_[i].parent].push_back(i);
        for (size_t i = 0; i < calls_.size(); ++i)
            calls_by_parent[calls_[i].parent].push_back(i);
        std::vector<std::pair<Index, Index>> levels(1);
        while (!levels.empty() && graph_) {
            const auto [opening, call] = levels.back();
            levels.pop_back();
            const auto& these = open_by_parent[opening];
            const auto& those = calls_by_parent[call];
            for (size_t k = 0; k < these.size() && k < those.size(); ++k) {
                call_of[these[k]] = those[k];
                taken[those[k]] = true;
                levels.emplace_back(these[k], those[k]);
            }
            if (!openings_.empty() && these.size() != those.size() && !opening)
                problems_.push_back({Severity::Warning,
                    "compilation " + compilation_.key.id + ": the timers show " + std::to_string(these.size())
                        + " calls of regions, the Dynamo graph " + std::to_string(those.size()),
                    dump_.graph(graph_).file, dump_.graph(graph_).line, 0});
        }
        std::vector<InvocationId> row_of_opening(openings_.size());
        std::vector<InvocationId> row_of_call(calls_.size());
        const auto add = [&](const Opening* o, const GraphCall* c, InvocationId parent) {
            Invocation inv;
            inv.index = static_cast<int>(rows_.size());
            inv.parent = parent;
            if (c) {
                const CallSite site = graph_ ? CallSite::Dynamo : later_site();
                const GraphId in = graph_ ? graph_ : later_graph_;
                inv.calls[static_cast<size_t>(site)] = {in, c->scope, c->call.node};
                if (c->call.body)
                    inv.bodies[static_cast<size_t>(site)] = {in, c->call.body, {}};
            }
            rows_.push_back({o, c, {}});
            ledger_.invocations.push_back(std::move(inv));
        };
        for (size_t i = 0; i < openings_.size(); ++i) {
            const Opening& o = openings_[i];
            const Index c = call_of[i];
            row_of_opening[i] = InvocationId(rows_.size());
            if (c)
                row_of_call[*c] = row_of_opening[i];
            add(&o, c ? &calls_[*c] : nullptr, o.parent ? row_of_opening[*o.parent] : InvocationId());
        }
        for (size_t i = 0; i < calls_.size(); ++i) {
            if (taken[i])
                continue;
            const Index parent = calls_[i].parent;
            row_of_call[i] = InvocationId(rows_.size());
            add(nullptr, &calls_[i], parent ? row_of_call[*parent] : InvocationId());
        }
    }

    CallSite later_site() const { return site_of(stage_of(dump_, later_graph_)); }

    void attach_messages() {
        if (messages_.empty())
            return;
        const auto groups = group_messages(messages_, openings_);
        if (!openings_.empty()) {
            // Openings come first among the rows, in the same order.
            for (size_t i = 0; i < groups.size(); ++i)
                append(ledger_.invocations[i], groups[i]);
            return;
        }
        if (rows_.empty()) { // a text log alone
            for (const auto& group : groups) {
                Invocation inv;
                inv.index = static_cast<int>(rows_.size());
                append(inv, group);
                rows_.emplace_back();
                ledger_.invocations.push_back(std::move(inv));
            }
            return;
        }
        // A log with graphs in it: the k-th group is of the k-th call. Where calls lie in each other the log
        // has them in another order.
        const bool nested = std::any_of(ledger_.invocations.begin(), ledger_.invocations.end(),
            [](const Invocation& i) { return i.parent; });
        if (graph_ && !nested && groups.size() == rows_.size()) {
            for (size_t i = 0; i < groups.size(); ++i)
                append(ledger_.invocations[i], groups[i]);
            return;
        }
        // Graphs without timers (before the reuse cache): each "Installing" belongs to its region's first
        // call.
        for (const auto& group : groups)
            for (size_t i = 0; i < rows_.size(); ++i)
                if (rows_[i].call && !group.empty() && group.back()->kind == Kind::Installing
                    && rows_[i].call->region == group.back()->identifier) {
                    append(ledger_.invocations[i], group);
                    break;
                }
    }
    static void append(Invocation& inv, const std::vector<const ReuseMessage*>& group) {
        for (const ReuseMessage* m : group)
            inv.messages.push_back(*m);
    }

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
        std::map<std::tuple<std::string_view, std::string_view, uint32_t>, int> codes;
        for (size_t i = 0; i < rows_.size(); ++i) {
            const GraphCall* call = rows_[i].call;
            if (!call)
                continue;
            assign(i, std::string(call->region));
            const GraphModule& m = *dump_.graph(graph_ ? graph_ : later_graph_).module;
            if (!call->call.body)
                continue;
            // The same function traced twice starts on the same line; equal code elsewhere does not.
            for (const Node& n : m.body(call->call.body).nodes)
                if (const Source* s = m.source(n.source); s && s->has_place()) {
                    const auto key = std::tuple(m.text(s->file), m.text(s->function), s->line);
                    rows_[i].code = codes.try_emplace(key, static_cast<int>(codes.size())).first->second;
                    break;
                }
        }
    }

    // Without a graph the log names the bodies; without a log they are numbered as Dynamo numbers them.
    void regions_without_graph() {
        int installed = 0;
        for (size_t i = 0; i < rows_.size(); ++i) {
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

    // A call inside a body runs as often as all calls of that body's region together.
    void count_executions() {
        std::vector<InvocationId> order;
        for (size_t i = 0; i < ledger_.invocations.size(); ++i)
            order.push_back(InvocationId(i));
        // Rows stand outer before inner, but later calls of the outer region count too: settle from the
        // outside in.
        std::vector<int> depth(order.size(), 0);
        for (size_t i = 0; i < order.size(); ++i)
            if (const InvocationId p = ledger_.invocations[i].parent)
                depth[i] = depth[p.index] + 1;
        std::stable_sort(order.begin(), order.end(),
            [&](InvocationId a, InvocationId b) { return depth[a.index] < depth[b.index]; });
        for (const InvocationId i : order) {
            Invocation& inv = ledger_.invocation(i);
            if (!inv.parent)
                continue;
            const Invocation& outer = ledger_.invocation(inv.parent);
            int runs = 0;
            if (outer.region)
                for (const InvocationId call : ledger_.regions[outer.region.index].invocations)
                    runs += ledger_.invocation(call).executions;
            inv.executions = std::max(runs, 1);
        }
    }

    void describe_regions() {
        for (Region& region : ledger_.regions) {
            for (const InvocationId i : region.invocations)
                if (const ReuseMessage* m = find_message(ledger_.invocation(i), Kind::Installing)) {
                    region.function = m->function;
                    break;
                }
            if (graph_) {
                RegionBody body;
                body.site = CallSite::Dynamo;
                body.identifier = region.identifier;
                for (const InvocationId i : region.invocations)
                    if (const Place& called = ledger_.invocation(i).body(CallSite::Dynamo); called.graph) {
                        if (!body.calls++)
                            body.place = called;
                    }
                if (body.calls)
                    region.bodies.insert(region.bodies.begin(), body);
            }
            for (const RegionBody& b : region.bodies) {
                place_region(region, b.place);
                if (!region.source_file.empty())
                    break;
            }
        }
    }
    void place_region(Region& region, const Place& place) const {
        const GraphModule& m = *dump_.graph(place.graph).module;
        const Body& body = m.body(place.body);
        const auto placed = [&](NodeId n) {
            const Source* s = n ? m.source(body.node(n).source) : nullptr;
            return s && s->has_place() ? s : nullptr;
        };
        for (size_t i = 0; i < body.nodes.size() && region.source_file.empty(); ++i)
            if (const Source* s = placed(NodeId(i))) {
                region.source_file = std::string(m.text(s->file));
                region.source_line = static_cast<int>(s->line);
            }
        if (!region.function.empty() || body.nodes.empty())
            return;
        region.function = marked_name(m, body);
        // Without the log: what is returned is mostly computed in the region's own function, not in one that
        // it calls.
        for (const NodeId output : body.inputs_of(body.nodes.back()))
            if (const Source* s = region.function.empty() ? placed(output) : nullptr)
                region.function = std::string(m.text(s->function));
        // A method that every module has names nothing: then as the program calls it.
        if (is_everywhere(region.function))
            if (std::string called = name_at_call(region); !called.empty())
                region.function = std::move(called);
    }

    static bool is_everywhere(std::string_view function) {
        return function.empty() || function == "forward" || function == "__call__" || function == "wrapper"
            || function == "inner" || function == "_call_impl" || function == "_wrapped_call_impl";
    }

    // As Dynamo's guards name the function that was marked: the only one there is, or the one in which the
    // body's nodes were made.
    std::string marked_name(const GraphModule& m, const Body& body) const {
        std::vector<const MarkedFunction*> marked;
        for (const MarkedFunction& f : dump_.marked)
            if (f.compilation == id_)
                marked.push_back(&f);
        std::set<int> codes;
        for (const Row& row : rows_)
            if (row.code)
                codes.insert(*row.code);
        if (marked.size() == 1 && codes.size() <= 1)
            return marked.front()->name;
        for (const MarkedFunction* f : marked)
            for (const Node& n : body.nodes)
                if (const Source* s = m.source(n.source); s && s->has_place()
                    && m.text(s->function) == f->name && m.text(s->file) == f->source_file)
                    return f->name;
        return {};
    }

    // "decoder_layer" of "hidden_states = decoder_layer(".
    std::string name_at_call(const Region& region) const {
        for (const InvocationId i : region.invocations) {
            const Invocation& inv = ledger_.invocation(i);
            const Source* s = call_source(dump_, inv);
            if (!s || !s->has_place())
                continue;
            const std::string_view code = dump_.graph(inv.origin().graph).module->text(s->code);
            for (size_t open = code.find('('); open != std::string_view::npos;
                 open = code.find('(', open + 1)) {
                size_t begin = open;
                while (begin > 0 && is_identifier_char(code[begin - 1]))
                    --begin;
                const std::string_view name = code.substr(begin, open - begin);
                if (is_identifier(name) && name != "super" && name != "enumerate" && name != "zip"
                    && !is_everywhere(name) && !name.starts_with("__"))
                    return std::string(name);
            }
        }
        return {};
    }

    // What no graph shows: the frames of a failure name the region that was under way, and the call of a
    // graph at which a backend stopped has the backend's reason.
    void tell_failure() {
        const auto story = failure_of(dump_, id_);
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

    std::optional<double> timer_ms(std::optional<size_t> timer) const {
        return timer ? dump_.timers[*timer].milliseconds() : std::nullopt;
    }

    void count_times() {
        for (size_t i = 0; i < rows_.size(); ++i) {
            const Opening* o = rows_[i].opening;
            if (!o)
                continue;
            Invocation& inv = ledger_.invocations[i];
            inv.timers = {o->hash, o->lookup, o->trace, o->stamp_out};
            inv.trace_ms = timer_ms(o->trace);
            inv.lookup_ms = timer_ms(o->lookup ? o->lookup : o->hash);
            inv.stamp_out_ms = timer_ms(o->stamp_out);
        }
        for (const Region& region : ledger_.regions) {
            std::optional<double> first;
            for (const InvocationId i : region.invocations) {
                Invocation& inv = ledger_.invocation(i);
                if (!first && inv.trace_ms)
                    first = inv.trace_ms;
                else if (first && inv.stamp_out_ms)
                    inv.saved_ms = *first - inv.lookup_ms.value_or(0) - *inv.stamp_out_ms;
            }
        }
    }

    void count_totals() {
        Totals& t = ledger_.totals;
        t.invocations = static_cast<int>(ledger_.invocations.size());
        for (const Region& r : ledger_.regions)
            t.bodies += !r.identifier.empty();
        for (Invocation& inv : ledger_.invocations) {
            switch (inv.decision) {
            case Decision::Traced:
            case Decision::RetracedNew:
            case Decision::RetracedSame:
                inv.traced_to_end = true;
                break;
            case Decision::Reused:
            case Decision::ReusedByKey:
                ++t.reused;
                break;
            case Decision::Failed:
            case Decision::Unknown:
                break;
            }
            t.traced += inv.traced_to_end;
            // A nested trace lies inside its outer one: count the time once.
            const bool nested = inv.parent && ledger_.invocation(inv.parent).trace_ms.value_or(0) > 0;
            if (inv.trace_ms && !nested)
                t.tracing_ms += *inv.trace_ms;
            if (inv.saved_ms)
                t.saved_ms += std::max(*inv.saved_ms, 0.0);
        }
    }

    const Dump& dump_;
    const CompilationId id_;
    const Compilation& compilation_;
    std::vector<Problem>& problems_;
    CompilationLedger ledger_;
    std::vector<Opening> openings_;
    std::vector<GraphCall> calls_;
    std::vector<const ReuseMessage*> messages_;
    std::vector<Row> rows_;
    GraphId graph_, later_graph_;
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
