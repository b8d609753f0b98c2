// Which calls there are: what the timers, a graph and the text log tell of, put together as rows.
#include "core/base/text.h"
#include "core/regions/build.h"
#include "core/regions/roles.h"

#include <algorithm>
#include <map>

namespace hopscope::regions {
namespace {

using Kind = ReuseMessage::Kind;

class RowMaker {
public:
    RowMaker(const Dump& dump, CompilationLedger& ledger, std::vector<Problem>& problems)
        : dump_(dump)
        , compilation_(dump.compilation(ledger.compilation))
        , ledger_(ledger)
        , problems_(problems) { }

    Rows make() {
        out_.openings = openings(dump_, ledger_.compilation);
        out_.graph = main_graph(dump_, compilation_, Stage::Dynamo);
        out_.of_dynamo = out_.graph.valid();
        if (out_.of_dynamo)
            out_.calls = graph_calls(*dump_.graph(out_.graph).module);
        else if (out_.openings.empty())
            calls_from_later_stage();
        for (const ReuseMessage& m : dump_.messages)
            if (m.key == compilation_.key || (!m.key.rank && same_compile(m.key)))
                messages_.push_back(&m);
        make_rows();
        attach_messages();
        return std::move(out_);
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
                out_.graph = id;
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
            moved[i] = out_.calls.size();
            out_.calls.push_back(std::move(calls[i]));
        }
    }

    using Index = std::optional<size_t>; // none: no call around it

    // Which of the graph's calls each opening is, level by level, in order.
    std::vector<Index> match_openings() {
        const auto& [openings, calls, rows, graph, of_dynamo] = out_;
        std::vector<Index> call_of(openings.size());
        std::map<Index, std::vector<size_t>> open_by_parent;
        std::map<Index, std::vector<size_t>> calls_by_parent;
        for (size_t i = 0; i < openings.size(); ++i)
            open_by_parent[openings[i].parent].push_back(i);
        for (size_t i = 0; i < calls.size(); ++i)
            calls_by_parent[calls[i].parent].push_back(i);
        std::vector<std::pair<Index, Index>> levels(1);
        while (!levels.empty() && of_dynamo) {
            const auto [opening, call] = levels.back();
            levels.pop_back();
            const auto& these = open_by_parent[opening];
            const auto& those = calls_by_parent[call];
            for (size_t k = 0; k < these.size() && k < those.size(); ++k) {
                call_of[these[k]] = those[k];
                levels.emplace_back(these[k], those[k]);
            }
            if (!openings.empty() && these.size() != those.size() && !opening)
                problems_.push_back({Severity::Warning,
                    "compilation " + compilation_.key.id + ": the timers show " + std::to_string(these.size())
                        + " calls of regions, the Dynamo graph " + std::to_string(those.size()),
                    dump_.graph(graph).file, dump_.graph(graph).line, 0});
        }
        return call_of;
    }

    // Calls that the timers show, then those that only the graph shows.
    void make_rows() {
        const std::vector<Index> call_of = match_openings();
        std::vector<InvocationId> row_of_opening(out_.openings.size());
        std::vector<InvocationId> row_of_call(out_.calls.size());
        for (size_t i = 0; i < out_.openings.size(); ++i) {
            const Opening& o = out_.openings[i];
            const Index c = call_of[i];
            row_of_opening[i] = InvocationId(out_.rows.size());
            if (c)
                row_of_call[*c] = row_of_opening[i];
            add(&o, c ? &out_.calls[*c] : nullptr, o.parent ? row_of_opening[*o.parent] : InvocationId());
        }
        for (size_t i = 0; i < out_.calls.size(); ++i) {
            if (row_of_call[i])
                continue;
            const Index parent = out_.calls[i].parent;
            row_of_call[i] = InvocationId(out_.rows.size());
            add(nullptr, &out_.calls[i], parent ? row_of_call[*parent] : InvocationId());
        }
    }
    void add(const Opening* opening, const GraphCall* call, InvocationId parent) {
        Invocation inv;
        inv.index = static_cast<int>(out_.rows.size());
        inv.parent = parent;
        if (call) {
            const CallSite site = out_.of_dynamo ? CallSite::Dynamo : site_of(stage_of(dump_, out_.graph));
            inv.calls[static_cast<size_t>(site)] = {out_.graph, call->scope, call->call.node};
            if (call->call.body)
                inv.bodies[static_cast<size_t>(site)] = {out_.graph, call->call.body, {}};
        }
        out_.rows.push_back({opening, call, {}});
        ledger_.invocations.push_back(std::move(inv));
    }

    void attach_messages() {
        if (messages_.empty())
            return;
        std::vector<Row>& rows = out_.rows;
        // Openings come first among the rows, in the same order.
        std::vector<std::string_view> regions(out_.openings.size());
        for (size_t i = 0; i < regions.size(); ++i)
            regions[i] = rows[i].call ? rows[i].call->region : std::string_view();
        const auto [groups, unclear, left] = group_messages(messages_, out_.openings, regions);
        if (!unclear.empty())
            problems_.push_back({Severity::Note,
                "compilation " + compilation_.key.id + ": " + counted(unclear.size(), "refusal")
                    + " of the text log may be of a call or of one inside of it, and are told of neither",
                unclear.front()->file, unclear.front()->line, 0});
        if (!left.empty())
            problems_.push_back({Severity::Warning,
                "compilation " + compilation_.key.id
                    + ": from here on the text log tells of other calls than " + "the timers do, "
                    + counted(left.size(), "message") + ": it is of another run, or lines of it are lost",
                left.front()->file, left.front()->line, 0});
        if (!out_.openings.empty()) {
            for (size_t i = 0; i < groups.size(); ++i)
                append(ledger_.invocations[i], groups[i]);
            return;
        }
        if (rows.empty()) { // a text log alone
            for (const auto& group : groups) {
                Invocation inv;
                inv.index = static_cast<int>(rows.size());
                append(inv, group);
                rows.emplace_back();
                ledger_.invocations.push_back(std::move(inv));
            }
            return;
        }
        // A log with graphs in it: the k-th group is of the call that ends as the k-th.
        if (out_.of_dynamo && groups.size() == rows.size()) {
            const std::vector<size_t> order = in_order_of_end();
            for (size_t i = 0; i < groups.size(); ++i)
                append(ledger_.invocations[order[i]], groups[i]);
            return;
        }
        // Graphs without timers (before the reuse cache): each "Installing" belongs to its region's first
        // call.
        for (const auto& group : groups)
            for (size_t i = 0; i < rows.size(); ++i)
                if (rows[i].call && !group.empty() && group.back()->kind == Kind::Installing
                    && rows[i].call->region == group.back()->identifier) {
                    append(ledger_.invocations[i], group);
                    break;
                }
    }
    // A call inside of another ends before it.
    std::vector<size_t> in_order_of_end() const {
        std::vector<std::vector<size_t>> inside(out_.rows.size());
        std::vector<size_t> stack, order;
        for (size_t i = out_.rows.size(); i-- > 0;)
            if (const InvocationId parent = ledger_.invocations[i].parent)
                inside[parent.index].push_back(i); // the last one first
            else
                stack.push_back(i);
        std::vector<char> entered(out_.rows.size(), 0);
        while (!stack.empty()) {
            const size_t row = stack.back();
            if (entered[row]) {
                stack.pop_back();
                order.push_back(row);
                continue;
            }
            entered[row] = 1;
            stack.insert(stack.end(), inside[row].begin(), inside[row].end());
        }
        return order;
    }
    static void append(Invocation& inv, const std::vector<const ReuseMessage*>& group) {
        for (const ReuseMessage* m : group)
            inv.messages.push_back(*m);
    }

    const Dump& dump_;
    const Compilation& compilation_;
    CompilationLedger& ledger_;
    std::vector<Problem>& problems_;
    std::vector<const ReuseMessage*> messages_;
    Rows out_;
};

} // namespace

Rows make_rows(const Dump& dump, CompilationLedger& ledger, std::vector<Problem>& problems) {
    return RowMaker(dump, ledger, problems).make();
}

} // namespace hopscope::regions
