#include "core/base/text.h"
#include "core/regions/build.h"
#include "core/regions/failures.h"

#include <algorithm>
#include <set>

namespace hopscope::regions {

namespace {

using Kind = ReuseMessage::Kind;

// Whether the compilation ended in an error that came out of a region, and what the last call's trace met.
struct Ending {
    bool in_region = false;
    bool exceeded = false; // the body was traced; storing it broke the limit on entries
};

Ending ending_of(const Dump& dump, CompilationId id) {
    Ending ending;
    const Compilation& c = dump.compilation(id);
    ending.exceeded = c.fail_reason.find("exceeded maximum reuse entries") != std::string::npos;
    for (const Failure& f : dump.failures)
        if (f.compilation == id && f.kind == "dynamo_error") {
            ending.in_region = ending.in_region || f.text.find("invoke_subgraph") != std::string::npos;
            ending.exceeded =
                ending.exceeded || f.text.find("exceeded maximum reuse entries") != std::string::npos;
        }
    return ending;
}

class Decider {
public:
    Decider(const Dump& dump, CompilationId compilation, CompilationLedger& ledger,
        const std::vector<Row>& rows, std::vector<Problem>& problems)
        : dump_(dump)
        , compilation_(compilation)
        , ledger_(ledger)
        , rows_(rows)
        , problems_(problems)
        , old_(has_reuse_cache(dump) == false) { }

    void run() {
        for (size_t i = 0; i < rows_.size(); ++i)
            decide(ledger_.invocations[i], rows_[i]);
        mark_failed();
    }

private:
    void decide(Invocation& inv, const Row& row) {
        const bool known_body = row.call && !seen_.insert(row.call->region).second;
        const bool known_code = row.code && !codes_.insert(*row.code).second;
        if (row.opening)
            by_timers(inv, *row.opening, known_body, known_code, row.call != nullptr);
        else if (row.call && has_openings_)
            inv.decision = Decision::Unknown;
        else if (row.call)
            by_graph(inv, known_body, known_code);
        confirm(inv, row);
    }

    void by_timers(Invocation& inv, const Opening& o, bool known_body, bool known_code, bool has_call) {
        inv.evidence |= kTraceTimer;
        if (o.stamp_out) {
            inv.decision = o.lookup || !o.hash ? Decision::Reused : Decision::ReusedByKey;
        } else if (o.trace) {
            if (known_body)
                inv.decision = Decision::RetracedSame;
            else if (o.lookup || known_code)
                inv.decision = Decision::RetracedNew;
            else
                inv.decision = Decision::Traced;
            if (has_call)
                inv.evidence |= kGraph; // whether the body is a new one shows in the graph
        } else if (has_error()) {
            inv.decision = Decision::Failed; // looked up and nothing came of it
        } else {
            // The records end before its own, or those are lost: a process that was killed, a file still
            // written to.
            inv.decision = Decision::Unknown;
            inv.reason =
                "it was looked up, and the dump has no record of what came of it: neither a trace, nor a "
                "reuse, nor an error";
            const RegionTimer& asked = dump_.timers[o.lookup ? *o.lookup : *o.hash];
            problems_.push_back({Severity::Warning,
                "call " + std::to_string(inv.index) + " of " + dump_.compilation(compilation_).key.id + ": "
                    + inv.reason,
                asked.file, asked.line, 0});
        }
    }

    bool has_error() const {
        return !dump_.compilation(compilation_).fail_reason.empty()
            || !dump_.compilation(compilation_).fail_type.empty()
            || std::any_of(dump_.failures.begin(), dump_.failures.end(),
                [&](const Failure& f) { return f.compilation == compilation_; });
    }

    void by_graph(Invocation& inv, bool known_body, bool known_code) {
        inv.evidence |= kGraph;
        if (known_body)
            inv.decision = old_ ? Decision::RetracedSame : Decision::Unknown;
        else
            inv.decision = known_code ? Decision::RetracedNew : Decision::Traced;
    }

    // What the text log says of this call; it may know more (which trace was the first of its code object).
    void confirm(Invocation& inv, const Row& row) {
        if (inv.messages.empty())
            return;
        const bool hit = find_message(inv, Kind::CacheHit) || find_message(inv, Kind::HashHit);
        const ReuseMessage* installing = find_message(inv, Kind::Installing);
        const bool traced =
            installing || find_message(inv, Kind::Guards) || find_message(inv, Kind::NotEligible);
        const bool reused = inv.decision == Decision::Reused || inv.decision == Decision::ReusedByKey;
        if (row.opening && ((hit && !reused) || (traced && reused))) {
            problems_.push_back({Severity::Warning,
                "the text log and the timers disagree about call " + std::to_string(inv.index) + " of "
                    + dump_.compilation(compilation_).key.id + ": the log says " + (hit ? "reused" : "traced")
                    + ", the timers say " + std::string(decision_label(inv.decision)),
                inv.messages.front().file, inv.messages.front().line, 0});
            return;
        }
        if (!hit && !traced)
            return;
        if (inv.decision == Decision::Unknown)
            inv.evidence = 0; // what the graph shows decides nothing
        inv.evidence |= kTextLog;
        if (find_message(inv, Kind::HashHit))
            inv.decision = Decision::ReusedByKey;
        else if (find_message(inv, Kind::CacheHit))
            inv.decision = Decision::Reused;
        else if (installing && installing->count)
            inv.decision = *installing->count <= 1 ? Decision::Traced : Decision::RetracedNew;
        else if (!installing && !old_)
            inv.decision = Decision::RetracedSame;
    }

    void mark_failed() {
        if (ledger_.invocations.empty() || main_graph(dump_, dump_.compilation(compilation_), Stage::Dynamo))
            return;
        const Ending ending = ending_of(dump_, compilation_);
        if (!ending.in_region && !ending.exceeded)
            return;
        // The call under way was the last one that was traced; calls inside it that ended well stay as they
        // are.
        size_t last = ledger_.invocations.size() - 1;
        if (!ending.exceeded && rows_[last].opening)
            while (rows_[last].opening && rows_[last].opening->parent && ended_well(last))
                last = parent_row(last);
        Invocation& inv = ledger_.invocations[last];
        inv.decision = Decision::Failed;
        inv.traced_to_end = ending.exceeded;
        if (inv.reason.empty())
            if (const auto story = failure_of(dump_, compilation_))
                inv.reason = story->sentence();
        if (inv.reason.empty())
            inv.reason = headline(dump_.compilation(compilation_).fail_reason);
    }

    bool ended_well(size_t row) const {
        const Invocation& inv = ledger_.invocations[row];
        return inv.decision == Decision::Reused || find_message(inv, Kind::Installing)
            || find_message(inv, Kind::Guards);
    }
    size_t parent_row(size_t row) const {
        const InvocationId parent = ledger_.invocations[row].parent;
        return parent ? parent.index : 0;
    }

    const Dump& dump_;
    CompilationId compilation_;
    CompilationLedger& ledger_;
    const std::vector<Row>& rows_;
    std::vector<Problem>& problems_;
    const bool old_;
    const bool has_openings_ =
        std::any_of(rows_.begin(), rows_.end(), [](const Row& r) { return r.opening != nullptr; });
    std::set<std::string_view> seen_; // identifiers
    std::set<int> codes_;
};

} // namespace

void decide(const Dump& dump, CompilationId compilation, CompilationLedger& ledger,
    const std::vector<Row>& rows, std::vector<Problem>& problems) {
    Decider(dump, compilation, ledger, rows, problems).run();
}

} // namespace hopscope::regions
