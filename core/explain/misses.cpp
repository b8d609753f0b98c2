// Why a call was traced again: what the graphs show against every body that was installed, what the text log
// says beside them, what neither tells.
#include "core/explain/call_compare.h"
#include "core/explain/call_words.h"
#include "core/explain/input_spread.h"
#include "core/explain/parts.h"
#include "core/explain/reuse_log.h"

#include "core/regions/exporting.h"

#include <algorithm>
#include <array>

namespace hopscope::explain_parts {

namespace {

// What PyTorch compares of a tensor (torch/_dynamo/guards.py, extract_tensor_metadata).
constexpr std::array<const char*, 5> kMetadata{"dtype", "shape", "stride", "device", "requires_grad"};

bool is_metadata(const Mismatch& m) {
    return std::find(kMetadata.begin(), kMetadata.end(), m.field) != kMetadata.end();
}

bool told_by_log(const Mismatch& m) {
    return std::find(m.evidence.begin(), m.evidence.end(), Ground::TextLog) != m.evidence.end();
}

class Call {
public:
    Call(const Dump& dump, const CompilationLedger& ledger, const Invocation& inv, Facts& facts)
        : dump_(dump)
        , ledger_(ledger)
        , inv_(inv)
        , log_(reuse_log(dump, ledger, inv))
        , graphs_(dump, ledger, inv, facts) { }

    CallAnswer run() {
        CallAnswer answer;
        answer.index = inv_.index;
        std::vector<Mismatch>& list = answer.differences;
        const bool again = inv_.decision == Decision::RetracedNew || inv_.decision == Decision::RetracedSame;
        if (inv_.decision == Decision::RetracedNew)
            list = graphs_.against_all();
        if (again || inv_.decision == Decision::Traced)
            add_log(list);
        if (inv_.decision == Decision::RetracedSame)
            add_what_is_not_shown(list);
        in_order(list);
        // Asked by key, and traced: no entry has it (find_reuse_entry_by_key).
        const bool new_key = again && inv_.timers.hash && !inv_.timers.stamp_out;
        if (new_key)
            list.push_back({{}, "key of the user's hash function", "guard", {}, "new", {Ground::Artifact}});
        if (inv_.decision == Decision::Reused || inv_.decision == Decision::ReusedByKey)
            list = misfits();
        answer.summary = call_sentence(dump_, ledger_, inv_, list, {new_key, graphs_.compared()});
        answer.contradiction = contradiction_;
        return answer;
    }

private:
    std::vector<Mismatch> misfits() {
        std::vector<Mismatch> out = graphs_.misfits();
        if (!out.empty() && inv_.decision == Decision::Reused)
            contradiction_ = "the log or the timers say that the conditions of `" + out.front().against
                + "` held, and the graph passes operands that it does not fit";
        return out;
    }

    // What made the call not eligible; then body by body, as they were; of each what PyTorch itself names
    // first.
    static void in_order(std::vector<Mismatch>& list) {
        std::vector<std::string> bodies;
        for (const Mismatch& m : list)
            if (std::find(bodies.begin(), bodies.end(), m.against) == bodies.end())
                bodies.push_back(m.against);
        const auto rank = [&](const Mismatch& m) {
            return std::pair(std::find(bodies.begin(), bodies.end(), m.against), !told_by_log(m));
        };
        std::stable_sort(list.begin(), list.end(),
            [&](const Mismatch& x, const Mismatch& y) { return rank(x) < rank(y); });
    }

    // Looked up, refused, traced, and found equal: what keeps a call from the conditions of a body that is
    // equal is in no graph. All that PyTorch compares is listed, but for what is known to be the same.
    void add_what_is_not_shown(std::vector<Mismatch>& out) const {
        if (!out.empty() || !inv_.messages.empty() || !inv_.timers.trace || inv_.timers.hash || !inv_.region
            || has_reuse_cache(dump_) == false || exported_strictly(dump_, ledger_.compilation))
            return;
        const std::string& body = ledger_.regions[inv_.region.index].identifier;
        if (!inv_.timers.lookup) { // no call of it was eligible, so that none left an entry to look up
            for (const char* field : {"output", "side_effect", "mutation", "kind"})
                out.push_back({{}, {}, field, {}, {}, {Ground::Elimination}});
            return;
        }
        for (const char* field : {"tree", "kind", "symbol", "constant", "guard", "mutation"})
            if (std::string_view(field) != "symbol" || graphs_.takes_symbols())
                out.push_back({body, {}, field, {}, {}, {Ground::Elimination}});
    }

    // What the log says beside the graphs: it confirms, or tells what no graph shows.
    void add_log(std::vector<Mismatch>& out) {
        if (!log_.metadata.empty())
            add_metadata(out);
        for (Mismatch m : log_.told) {
            // With one body there, it is that one.
            if (m.against.empty())
                if (const auto bodies = graphs_.installed(); bodies.size() == 1)
                    m.against = bodies.front()->identifier;
            add_told(out, std::move(m));
        }
        out.insert(out.begin(), log_.not_eligible.begin(), log_.not_eligible.end());
    }
    static void add_told(std::vector<Mismatch>& out, Mismatch m) {
        const auto same = std::find_if(out.begin(), out.end(), [&](const Mismatch& o) {
            return o.against == m.against && o.field == m.field && o.found == m.found
                && (o.where == m.where || (!o.name.empty() && o.name == m.where));
        });
        if (same == out.end())
            out.push_back(std::move(m));
        else if (!told_by_log(*same))
            same->evidence.insert(same->evidence.begin(), Ground::TextLog);
    }

    // The log says that a tensor's metadata differs, never which of five fields.
    void add_metadata(std::vector<Mismatch>& out) {
        const bool open = !graphs_.compared() && open_fields(out);
        for (Mismatch& m : out)
            if (!open && is_metadata(m) && log_.says_metadata(m.against))
                m.evidence.insert(m.evidence.begin(), Ground::TextLog);
        if (open || std::any_of(out.begin(), out.end(), is_metadata))
            return;
        const std::string input = log_.metadata_input.empty() ? "an input" : log_.metadata_input;
        const bool clear = graphs_.compared() && !graphs_.unclear();
        if (clear && !graphs_.gradients_known()) {
            out.push_back({{}, "operands", "requires_grad", {}, {}, {Ground::TextLog, Ground::Elimination}});
            return;
        }
        // All five are compared, and all five are in the graphs and records.
        if (clear && inv_.decision == Decision::RetracedNew)
            contradiction_ = "the log finds the metadata of " + input
                + " other than that of each installed body, and by the graphs and the records of inputs "
                  "dtype, shape, stride, device and requires_grad of all operands are the same";
        for (const char* field : kMetadata)
            out.push_back({{}, log_.metadata_input, field, {}, {}, {Ground::TextLog}});
    }

    // No graph shows the bodies (the compilation failed before it was printed): the log leaves five fields
    // open. The tensors that the compilation takes tell which of them differ at all; false where they tell
    // nothing.
    bool open_fields(std::vector<Mismatch>& out) const {
        const InputSpread differing = input_spread(dump_, ledger_.compilation);
        if (differing.fields.empty())
            return false;
        for (const bool likely : {true, false})
            for (const char* field : kMetadata)
                if (differing.has(field) == likely)
                    out.push_back({{}, log_.metadata_input, field, {}, {},
                        likely ? std::vector{Ground::TextLog, Ground::Artifact}
                               : std::vector{Ground::TextLog}});
        return true;
    }

    const Dump& dump_;
    const CompilationLedger& ledger_;
    const Invocation& inv_;
    const ReuseLog log_;
    CallComparer graphs_;
    std::string contradiction_;
};

} // namespace

CallAnswer explain_call(
    const Dump& dump, const CompilationLedger& ledger, const Invocation& invocation, Facts& facts) {
    return Call(dump, ledger, invocation, facts).run();
}

} // namespace hopscope::explain_parts
