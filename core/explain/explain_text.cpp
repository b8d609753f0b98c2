#include "core/explain/explain_text.h"

#include "core/base/text.h"

#include <algorithm>

namespace hopscope {

std::string mismatch_text(const Mismatch& m) {
    const std::string place = m.where + (m.name.empty() ? "" : " (" + m.name + ')');
    const bool no_values = m.expected.empty() && m.found.empty();
    // Values are open, and with them whether it differs at all; the arguments' tree has none to tell.
    const bool open = no_values && (m.field != "tree" || m.evidence.back() == Ground::Elimination);
    std::string out = (open ? "perhaps " : "") + place + (place.empty() ? "" : ": ") + m.field;
    if (m.expected.empty() && !m.found.empty())
        out += ": " + m.found; // PyTorch's own words
    else if (!no_values)
        out += ' ' + (m.found.empty() ? "none" : m.found) + ", not " + m.expected;
    if (!m.against.empty())
        out += open              ? ", against " + m.against
            : no_values          ? " is other than in " + m.against
            : m.expected.empty() ? ", against " + m.against
                                 : " as in " + m.against;
    out += "  (";
    for (size_t i = 0; i < m.evidence.size(); ++i)
        out += (i ? ", " : "") + std::string(ground_name(m.evidence[i]));
    return out + ')';
}

std::string remedy_text(const VariantRemedy& m) {
    return m.field == "alias" ? "did the same tangents share a storage in all calls"
                              : "were " + m.where + "'s " + m.field + " the same in all calls";
}

std::string spot_text(const Dump& dump, const Spot& s) {
    std::string out =
        s.file ? utf8(dump.files[s.file.index].path) + ':' + std::to_string(s.line) : std::string();
    if (s.offset)
        out += " (byte " + std::to_string(*s.offset) + ')';
    return out + (out.empty() ? "" : "  ") + utf8(s.what);
}

namespace {

std::string padded(std::string text, size_t width) {
    text.resize(std::max(text.size(), width), ' ');
    return text;
}

// PyTorch's own words may hold line breaks.
std::string one_line(const std::string& text) {
    std::string out;
    for (const char c : text)
        if (const bool blank = c == '\n' || c == ' '; !blank)
            out += c;
        else if (!out.empty() && out.back() != ' ')
            out += ' ';
    return std::string(trimmed(out));
}

std::string indented(const std::string& text) {
    std::string out;
    for (const char c : utf8(text))
        out += c == '\n' ? std::string("\n      ") : std::string(1, c);
    return out;
}

class Writer {
public:
    Writer(const Dump& dump, const CompilationLedger& ledger, const Explanation& explanation,
        const ExplainTextOptions& options)
        : dump_(dump)
        , c_(ledger)
        , e_(explanation)
        , options_(options) { }

    std::string run() {
        const Compilation& compilation = dump_.compilation(e_.compilation);
        if (compilation.key.rank)
            out_ += "rank " + std::to_string(*compilation.key.rank) + "  ";
        out_ += utf8(compilation.key.id) + "  " + utf8(e_.headline) + '\n';
        if (e_.failure)
            failure(*e_.failure);
        for (const RegionAnswer& r : e_.regions)
            if ((!options_.region || options_.region(c_.regions[static_cast<size_t>(r.region)]))
                && has_asked(r))
                region(r);
        // That none was asked is worth a line only where the cells were asked for.
        const bool any = std::any_of(e_.caches.whole.begin(), e_.caches.whole.end(),
            [](const CacheCell& one) { return one.state != CacheState::NotConsulted; });
        if (any || options_.cells)
            out_ += "  caches of whole graphs\n";
        for (const CacheCell& one : e_.caches.whole)
            if (any || options_.cells)
                cell(one, one.state != CacheState::NotConsulted);
        return std::move(out_);
    }

private:
    bool asked(const CallAnswer& call) const { return !options_.call || options_.call(call); }
    // Where one call is asked about, its region alone is told.
    bool has_asked(const RegionAnswer& r) const {
        return !options_.call
            || std::any_of(r.calls.begin(), r.calls.end(), [&](const CallAnswer& c) { return asked(c); });
    }
    Decision decision(const CallAnswer& call) const {
        return c_.invocations[static_cast<size_t>(call.index)].decision;
    }

    void failure(const FailureStory& story) {
        out_ += story.type.empty() ? "  failed\n" : "  failed: " + utf8(story.type) + '\n';
        out_ += "      " + indented(story.message) + '\n';
        if (!story.explanation.empty())
            out_ += "    explanation: " + indented(story.explanation) + '\n';
        for (const std::string& hint : story.hints)
            out_ += "    hint: " + indented(hint) + '\n';
        if (!story.context.empty())
            out_ += "    context: " + indented(story.context) + '\n';
        for (const UserFrame& f : story.frames)
            if (!f.of_torch)
                out_ += "    " + utf8(f.file) + ':' + std::to_string(f.line) + " in " + utf8(f.function)
                    + ": " + utf8(f.code) + '\n';
    }

    void region(const RegionAnswer& answer) {
        const Region& r = c_.regions[static_cast<size_t>(answer.region)];
        const bool installed = std::any_of(r.invocations.begin(), r.invocations.end(),
            [&](InvocationId i) { return c_.invocation(i).traced_to_end; });
        out_ += "  "
            + (!r.identifier.empty() ? utf8(r.identifier)
                    : installed      ? "a body that was one too many"
                                     : "a region that was never installed")
            + (r.function.empty() ? "" : " (" + utf8(r.function_label()) + ')') + ": "
            + std::string(outcome_label(answer.outcome)) + ": " + utf8(answer.where) + '\n';
        for (const Spot& s : answer.spots)
            if (answer.outcome != Outcome::Kept)
                out_ += "      " + spot_text(dump_, s) + '\n';
        calls(answer);
        for (const VariantAnswer& v : answer.variants)
            variant(v);
        for (const VariantRemedy& m : answer.remedies)
            out_ += "    " + remedy_text(m) + ", " + std::to_string(m.remaining)
                + (m.remaining == 1 ? " backward body would remain\n" : " backward bodies would remain\n");
        for (const EqualBody& b : answer.equal)
            out_ += "    its body is equal to that of " + utf8(b.identifier)
                + ", and not shared with it: " + utf8(b.why) + '\n';
        if (answer.near)
            out_ += "    its body is nearly that of " + utf8(answer.near->identifier)
                + ", another function's: " + (answer.near->same_structure ? "the same operators, but " : "")
                + utf8(answer.near->difference) + '\n';
    }

    // Calls that say the same stand in one line: "calls 1–11".
    void calls(const RegionAnswer& answer) {
        for (size_t i = 0; i < answer.calls.size();) {
            const CallAnswer& first = answer.calls[i];
            size_t end = i + 1;
            if (!asked(first)) {
                i = end;
                continue;
            }
            while (!options_.cells && end < answer.calls.size() && answer.calls[end].summary == first.summary
                && decision(answer.calls[end]) == decision(first)
                && same(answer.calls[end].differences, first.differences)
                && answer.calls[end].contradiction == first.contradiction
                && answer.calls[end].index == answer.calls[end - 1].index + 1)
                ++end;
            if (end - i > 1)
                out_ += "    calls " + std::to_string(first.index) + "–"
                    + std::to_string(answer.calls[end - 1].index) + "  "
                    + std::string(decision_label(decision(first))) + ": " + utf8(first.summary) + '\n';
            else
                call(first);
            if (!options_.cells)
                differences(first);
            i = end;
        }
    }

    void call(const CallAnswer& answer) {
        out_ += "    call " + std::to_string(answer.index) + "  "
            + std::string(decision_label(decision(answer))) + ": " + utf8(answer.summary) + '\n';
        if (!options_.cells)
            return;
        differences(answer);
        for (const CacheCell& one : e_.caches.calls[static_cast<size_t>(answer.index)].cells)
            cell(one, true);
    }

    static bool same(const std::vector<Mismatch>& a, const std::vector<Mismatch>& b) {
        return std::equal(a.begin(), a.end(), b.begin(), b.end(),
            [](const Mismatch& x, const Mismatch& y) { return mismatch_text(x) == mismatch_text(y); });
    }
    void differences(const CallAnswer& answer) {
        if (!answer.contradiction.empty())
            out_ += "        contradiction: " + utf8(answer.contradiction) + '\n';
        for (const Mismatch& m : answer.differences)
            out_ += "        " + utf8(mismatch_text(m)) + '\n';
    }

    void variant(const VariantAnswer& v) {
        out_ += "    backward body " + utf8(v.body);
        for (size_t i = 0; i < v.calls.size(); ++i)
            out_ += (i == 0 ? v.calls.size() == 1 ? ", of call " : ", of calls " : ", ")
                + std::to_string(v.calls[i]);
        out_ += '\n';
        for (const Mismatch& m : v.differences)
            out_ += "        " + utf8(mismatch_text(m)) + '\n';
        if (!v.cause.graph)
            return;
        const GraphModule& m = *dump_.graph(v.cause.graph).module;
        const Source* s = m.source(m.body(v.cause.body).node(v.cause.node).source);
        out_ += "        made by " + utf8(address_of(dump_, v.cause.graph, v.cause.body, v.cause.node));
        if (s && s->has_place())
            out_ += utf8("  " + std::string(m.text(s->file)) + ':' + std::to_string(s->line) + "  "
                + std::string(m.text(s->code)));
        out_ += '\n';
    }

    void cell(const CacheCell& one, bool spots) {
        std::string name(cache_label(one.cache));
        if (one.half)
            name += *one.half == Half::Forward ? ", forward" : ", backward";
        out_ += "        " + padded(std::move(name), 24) + ' '
            + padded(std::string(cache_state_label(one.state)), 14) + ' ' + utf8(one_line(one.reason));
        if (one.ms)
            out_ += "; " + format_milliseconds(*one.ms);
        if (one.saved_ms)
            out_ += "; saved " + format_milliseconds(*one.saved_ms);
        out_ += '\n';
        if (spots)
            for (const Spot& s : one.spots)
                out_ += "            " + spot_text(dump_, s) + '\n';
    }

    const Dump& dump_;
    const CompilationLedger& c_;
    const Explanation& e_;
    const ExplainTextOptions& options_;
    std::string out_;
};

} // namespace

std::string explanation_text(const Dump& dump, const Ledger& ledger, const Explanation& explanation,
    const ExplainTextOptions& options) {
    return Writer(dump, ledger.of(explanation.compilation), explanation, options).run();
}

} // namespace hopscope
