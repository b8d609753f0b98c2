#include "core/explain/explain_text.h"

#include "core/base/text.h"

#include <algorithm>

namespace hopscope {

std::string mismatch_text(const Mismatch& m) {
    std::string out = m.where + (m.where.empty() ? "" : ": ") + m.field;
    if (!m.expected.empty() || !m.found.empty())
        out += ' ' + (m.found.empty() ? "none" : m.found) + (m.expected.empty() ? "" : ", not " + m.expected);
    out += m.against.empty() ? "" : " as in " + m.against;
    out += "  (";
    for (size_t i = 0; i < m.evidence.size(); ++i)
        out += (i ? ", " : "") + std::string(ground_name(m.evidence[i]));
    return out + ')';
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
            if (!options_.region || options_.region(c_.regions[static_cast<size_t>(r.region)]))
                region(r);
        out_ += "  caches of whole graphs\n";
        for (const CacheCell& one : e_.caches.whole)
            cell(one, one.state != CacheState::NotConsulted);
        return std::move(out_);
    }

private:
    bool asked(const CallAnswer& call) const { return !options_.call || options_.call(call); }
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
        out_ += "  " + (r.identifier.empty() ? "a region that was never installed" : utf8(r.identifier))
            + (r.function.empty() ? "" : " (" + utf8(r.function) + ')') + ": "
            + std::string(outcome_label(answer.outcome)) + ": " + utf8(answer.where) + '\n';
        for (const Spot& s : answer.spots)
            if (answer.outcome != Outcome::Kept)
                out_ += "      " + spot_text(dump_, s) + '\n';
        calls(answer);
        for (const VariantAnswer& v : answer.variants)
            variant(v);
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
                && decision(answer.calls[end]) == decision(first) && first.differences.size() <= 1
                && answer.calls[end].differences.size() == first.differences.size()
                && answer.calls[end].index == answer.calls[end - 1].index + 1)
                ++end;
            if (end - i > 1)
                out_ += "    calls " + std::to_string(first.index) + "–"
                    + std::to_string(answer.calls[end - 1].index) + "  "
                    + std::string(decision_label(decision(first))) + ": " + utf8(first.summary) + '\n';
            else
                call(first);
            i = end;
        }
    }

    void call(const CallAnswer& answer) {
        out_ += "    call " + std::to_string(answer.index) + "  "
            + std::string(decision_label(decision(answer))) + ": " + utf8(answer.summary) + '\n';
        if (answer.differences.size() > 1)
            for (const Mismatch& m : answer.differences)
                out_ += "        " + utf8(mismatch_text(m)) + '\n';
        if (options_.cells)
            for (const CacheCell& one : e_.caches.calls[static_cast<size_t>(answer.index)].cells)
                cell(one, true);
    }

    void variant(const VariantAnswer& v) {
        out_ += "    backward body " + utf8(v.body) + '\n';
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
            + padded(std::string(cache_state_label(one.state)), 14) + ' ' + utf8(one.reason);
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
