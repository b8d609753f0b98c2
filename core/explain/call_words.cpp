#include "core/explain/call_words.h"

#include "core/explain/input_spread.h"

#include "core/base/text.h"
#include "core/regions/failures.h"

#include <algorithm>

namespace hopscope::explain_parts {

namespace {

bool by_elimination(const Mismatch& m) {
    return m.evidence.back() == Ground::Elimination;
}

std::string named(const Mismatch& m) {
    return m.where + (m.name.empty() ? "" : " (" + m.name + ')');
}

std::string operands(const std::string& count) {
    return count + (count == "1" ? " operand" : " operands");
}

// Of fields that the dump leaves open.
std::string open_field(const Mismatch& m, const std::string& body) {
    if (m.field == "symbol" && !m.where.empty())
        return "nothing else that the dump shows differs from " + body + " than perhaps the symbol of "
            + m.where + ": a size is compared as an object, and the same one taken again may be another";
    if (m.field == "requires_grad")
        return "nothing that the dump shows differs from " + body
            + "; what it does not show is whether the operands require a gradient";
    if (m.against.empty() && m.field == "output")
        return "traced without a lookup: no call of this region is eligible for reuse; no graph shows "
               "whether "
               "for an output that is no tensor or flat tuple of tensors, a side effect, a source that was "
               "written to, or an argument of a kind that takes no part (the text log of "
               "TORCH_LOGS=\"+hierarchical_compile\" says it)";
    return "no graph shows what keeps it from " + body
        + ": that its arguments are nested or named otherwise, are of another kind or another constant, a "
          "guard, or a source that was written to (the text log of TORCH_LOGS=\"+hierarchical_compile\" says "
          "it)";
}

std::string told(const Mismatch& m) {
    const std::string body = m.against.empty() ? "an installed body" : "`" + m.against + '`';
    if (m.expected.empty() && m.found.empty()) {
        if (m.field == "tree" && !by_elimination(m))
            return "its arguments are nested or named otherwise than those of " + body;
        if (by_elimination(m))
            return open_field(m, body);
        return (m.where.empty() ? "an input" : m.where)
            + " differs from an installed body in dtype, shape, stride, device or requires_grad; the log "
              "does "
              "not say in which, and no graph shows it";
    }
    if (m.against.empty() && m.expected.empty()
        && (m.field == "output" || m.field == "side_effect" || m.field == "mutation" || m.field == "kind"))
        return "not eligible for reuse: " + m.found;
    if (m.field == "mutation" && !m.where.empty())
        return "a source that " + body + " reads was written to after it was traced: " + m.where;
    if (m.field == "requires_grad")
        return named(m) + (m.found == "True" ? " requires a gradient where " : " requires no gradient where ")
            + body + (m.expected == "True" ? " expects one that does" : " expects one that does not");
    // Operands are counted without repeats (torch/_dynamo/variables/higher_order_ops.py, lifted inputs).
    if (m.field == "count" && m.where == "operands")
        return "it takes " + operands(m.found) + " where " + body + " takes " + m.expected
            + " (a tensor or size that is passed twice counts once)";
    if (m.field == "count" && m.where == "inputs")
        return "it is given " + m.found + " arguments where " + body + " is given " + m.expected;
    if (m.field == "guard" && !m.where.empty() && !m.expected.empty())
        return m.where + " is " + m.found + " where " + body + " expects " + m.expected;
    if (m.field == "guard" && !m.where.empty())
        return m.where + ' ' + m.found;
    std::string out = m.where.empty() ? std::string("the call") : named(m);
    out +=
        m.found_layout.empty() || m.found_layout == m.expected_layout ? ": " : " is " + m.found_layout + ": ";
    out += m.field;
    if (!m.found.empty())
        out += ' ' + m.found;
    else if (!m.expected.empty())
        out += " none";
    if (!m.expected.empty())
        out += " where " + body + " expects " + m.expected;
    return out;
}

// The other fields that keep the call from the nearest body, each in a few words.
std::string further(const std::vector<Mismatch>& list) {
    std::string out;
    const std::string& nearest = list.front().against;
    for (size_t i = 1; i < list.size() && !nearest.empty(); ++i) {
        const Mismatch& m = list[i];
        if (m.against != nearest || (by_elimination(m) && by_elimination(list.front())))
            continue;
        const bool same_place = m.where == list.front().where;
        if (m.field == "tree" || m.field == "count" || m.field == "requires_grad" || m.field == "guard"
            || m.field == "mutation")
            out += "; " + told(m);
        else
            out += "; " + (same_place ? "and" : m.where + ':') + ' ' + m.field + ' '
                + (m.found.empty() ? "none" : m.found) + (m.expected.empty() ? "" : ", not " + m.expected);
    }
    return out;
}

class Words {
public:
    Words(const Dump& dump, const CompilationLedger& ledger, const Invocation& invocation,
        const std::vector<Mismatch>& list, const CallSentence& facts)
        : dump_(dump)
        , ledger_(ledger)
        , inv_(invocation)
        , list_(list)
        , facts_(facts) { }

    std::string run() const {
        switch (inv_.decision) {
        case Decision::Reused:
            return "the conditions of an installed body held"
                + (list_.empty() ? std::string() : ", and yet " + told(list_.front()) + further(list_));
        case Decision::ReusedByKey:
            return "the user's hash function gave the key of an installed body"
                + (list_.empty() ? std::string("; what it does not read was not compared")
                                 : ", which the call does not fit: " + told(list_.front()) + further(list_)
                            + "; the key is too coarse");
        case Decision::Failed:
            return failed();
        case Decision::Unknown:
            return !inv_.reason.empty() ? inv_.reason
                : inv_.region
                ? std::string(
                      "its body is one that an earlier call has; whether it was reused, or traced and "
                      "found equal, only ")
                    + (dump_.has_text_log ? "the timers of a TORCH_TRACE log tell"
                                          : "timers (TORCH_TRACE) or the text log tell")
                : "the dump does not tell";
        case Decision::Traced:
            return (inv_.timers.trace || inv_.call(CallSite::Dynamo).graph || !inv_.messages.empty()
                           ? std::string("the first call of its function in this compilation")
                           : "the first call of its function that the dump shows: regions that were put "
                             "inline "
                             "are in no graph behind Dynamo's, which the dump lacks")
                + (list_.empty() ? std::string() : "; " + told(list_.front()) + advice());
        case Decision::RetracedSame:
            return found_equal();
        case Decision::RetracedNew:
            break;
        }
        return new_body();
    }

private:
    // The whole message stands with the compilation's failure.
    std::string failed() const {
        if (inv_.reason.empty())
            return "tracing ended in an error";
        const auto story = failure_of(dump_, ledger_.compilation);
        return story && inv_.reason == story->sentence() ? story->short_sentence() : inv_.reason;
    }

    std::string found_equal() const {
        if (facts_.new_key)
            return "the user's hash function gave a key that no entry has, and the body came out equal to an "
                   "installed one: the key tells apart what is one body";
        if (!list_.empty())
            return "an installed body was equal, but the call was traced; " + told(list_.front()) + advice();
        if (inv_.reason.empty() && has_reuse_cache(dump_) == false)
            return torch_name(dump_)
                + " has no reuse cache: each call was traced, and this one's body was equal to an installed "
                  "one";
        return inv_.reason.empty()
            ? "an installed body was equal; the dump does not tell why the call was traced"
            : "an installed body was equal, but the call was traced; " + headline(inv_.reason);
    }

    std::string new_body() const {
        const std::string hint =
            facts_.graphs_compared ? std::string() : input_spread(dump_, ledger_.compilation).hint();
        if (list_.empty())
            return (!inv_.reason.empty()            ? headline(inv_.reason)
                           : facts_.graphs_compared ? "the dump does not tell why"
                                                    : "the dump does not tell why: it has neither a graph of "
                                                      "the body nor the text log's lines of it")
                + hint;
        if (facts_.new_key)
            return "the user's hash function gave a key that no entry has"
                + (list_.size() > 1 ? "; " + told(list_.front()) + further(list_) : std::string());
        return told(list_.front()) + (list_.front().against.empty() ? hint : std::string()) + further(list_)
            + advice() + why_not_equal();
    }

    // Of a call that is not eligible: it would have shared a body that came out equal.
    std::string why_not_equal() const {
        if (!list_.front().against.empty() || list_.front().found.empty())
            return {};
        const auto other =
            std::find_if(list_.begin(), list_.end(), [](const Mismatch& m) { return !m.against.empty(); });
        return other == list_.end() ? std::string() : "; and no installed body is equal: " + told(*other);
    }

    // What would let the call reuse the nearest body, where all that keeps it from it is of one kind.
    std::string advice() const {
        const std::string& nearest = list_.front().against;
        const auto all = [&](auto&& fits) {
            return std::all_of(list_.begin(), list_.end(),
                [&](const Mismatch& m) { return m.against != nearest || (!by_elimination(m) && fits(m)); });
        };
        const auto only = [&](std::string_view field) {
            return all([&](const Mismatch& m) { return m.field == field; });
        };
        if (nearest.empty()) {
            if (only("output"))
                return "; a tensor, or a flat tuple or list of tensors, as its output would make it eligible";
            if (only("side_effect"))
                return "; without the side effect, or with a `reuse_hash_fn`, it would be eligible";
            return {};
        }
        const std::string before = " before " + (line().empty() ? std::string("the call") : line());
        if (only("stride"))
            return all([](const Mismatch& m) { return m.expected_layout == "contiguous"; })
                ? "; a `.contiguous()`" + before + " would let it reuse"
                : "; a copy with these strides" + before + " would let it reuse";
        if (only("dtype"))
            return "; a cast to " + list_.front().expected + before + " would let it reuse";
        if (only("device"))
            return "; a move to " + list_.front().expected + before + " would let it reuse";
        if (only("tree"))
            return "; the same arguments in the same form and order as in the call that made it would let it "
                   "reuse";
        if (all([](const Mismatch& m) {
                return m.field == "constant" || (m.field == "guard" && !m.expected.empty());
            }))
            return "; each value gets a body of its own";
        return {};
    }

    // Of the user's program; empty where no graph says it, or where it stands in PyTorch itself.
    std::string line() const {
        const Source* s = call_source(dump_, inv_);
        if (!s || !s->has_place())
            return {};
        const std::string_view file = dump_.graph(inv_.origin().graph).module->text(s->file);
        if (file.find("/torch/") != std::string_view::npos)
            return {};
        return std::string(file.substr(file.rfind('/') + 1)) + ':' + std::to_string(s->line);
    }

    const Dump& dump_;
    const CompilationLedger& ledger_;
    const Invocation& inv_;
    const std::vector<Mismatch>& list_;
    const CallSentence& facts_;
};

} // namespace

std::string call_sentence(const Dump& dump, const CompilationLedger& ledger, const Invocation& invocation,
    const std::vector<Mismatch>& list, const CallSentence& facts) {
    return Words(dump, ledger, invocation, list, facts).run();
}

} // namespace hopscope::explain_parts
