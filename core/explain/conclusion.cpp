// What an explanation comes to, on one line.
#include "core/explain/parts.h"

#include "core/base/text.h"

#include <algorithm>
#include <set>

namespace hopscope::explain_parts {

namespace {

std::string several(size_t n, const char* one, const char* more) {
    return std::to_string(n) + ' ' + (n == 1 ? one : more);
}

// What the ledger's totals do not say.
struct Counts {
    size_t same = 0, missed = 0, failed = 0, unknown = 0; // of those traced: same and missed
    size_t inlined = 0; // bodies
    size_t bodies = 0, forward = 0, backward = 0;
};

Counts count(const CompilationLedger& c) {
    Counts n;
    for (const Invocation& inv : c.invocations)
        switch (inv.decision) {
        case Decision::Traced:
        case Decision::Reused:
        case Decision::ReusedByKey:
            break;
        case Decision::RetracedSame:
            ++n.same;
            break;
        case Decision::RetracedNew:
            ++n.missed;
            break;
        case Decision::Failed:
            ++n.failed;
            break;
        case Decision::Unknown:
            ++n.unknown;
            break;
        }
    int behind = 0;
    for (const Region& r : c.regions) {
        n.inlined += r.inlined;
        n.bodies += static_cast<size_t>(r.body_count(CallSite::Dynamo));
        n.forward += static_cast<size_t>(r.body_count(CallSite::Forward));
        n.backward += static_cast<size_t>(r.body_count(CallSite::Backward));
        behind += std::max({r.body_count(CallSite::Forward), r.body_count(CallSite::Inference),
            r.body_count(CallSite::Joint)});
    }
    // A dump that lacks Dynamo's graph: the log or the graphs behind it tell the bodies.
    if (n.bodies == 0)
        n.bodies = behind > 0
            ? static_cast<size_t>(behind)
            : static_cast<size_t>(std::count_if(c.regions.begin(), c.regions.end(), [&](const Region& r) {
                  // Installed, and then one too many.
                  return !r.identifier.empty()
                      || std::any_of(r.invocations.begin(), r.invocations.end(),
                          [&](InvocationId i) { return c.invocation(i).traced_to_end; });
              }));
    return n;
}

// The fields for which calls were traced anew, in the order in which they are met.
std::string fields_of(const CompilationLedger& c, const Explanation& e) {
    std::vector<std::string> fields;
    bool open = false; // the dump leaves the field of one open
    for (const RegionAnswer& r : e.regions)
        for (const CallAnswer& call : r.calls) {
            if (c.invocations[static_cast<size_t>(call.index)].decision != Decision::RetracedNew)
                continue;
            if (call.differences.empty()) {
                open = true;
                continue;
            }
            // Of the nearest body; several fields of the log alone mean that it does not say which: then
            // those that the records of the inputs make likely.
            const Mismatch& first = call.differences.front();
            const auto told = [&](const Mismatch& m) { return m.expected.size() + m.found.size() > 0; };
            const bool which = !first.against.empty() || told(first);
            bool any = false;
            for (const Mismatch& m : call.differences) {
                const bool likely = which
                    || std::find(m.evidence.begin(), m.evidence.end(), Ground::Artifact) != m.evidence.end();
                if (m.against != first.against || !likely)
                    continue;
                any = true;
                const std::string field = which ? m.field : "perhaps " + m.field;
                if (std::find(fields.begin(), fields.end(), field) == fields.end())
                    fields.push_back(field);
            }
            open = open || !any;
        }
    std::string out;
    for (const std::string& f : fields)
        out += (out.empty() ? "" : ", ") + f;
    if (open)
        out += out.empty() ? "for what, the dump does not tell" : ", and more that the dump does not tell";
    return out;
}

std::string what_caches_did(
    const Dump& dump, const CompilationLedger& c, const Explanation& e, const Counts& n) {
    const std::optional<bool> cache = has_reuse_cache(dump);
    const Totals& totals = c.totals;
    if (n.unknown > 0 && totals.reused == 0 && n.same == 0)
        return "the dump does not tell whether the further calls were reused or traced and found equal";
    std::string again; // of those traced, what they were traced for
    if (n.same > 0)
        again = std::to_string(n.same) + " found equal";
    if (n.missed > 0) {
        again += (again.empty() ? "" : ", ") + std::to_string(n.missed)
            + (cache == false ? " unlike any before" : " missed");
        if (const std::string fields = fields_of(c, e); !fields.empty())
            again += ": " + fields;
    }
    std::string out;
    if (cache == false)
        out = torch_name(dump) + " has no reuse cache: each call was traced";
    else if (totals.traced + totals.reused > 0)
        out = std::to_string(totals.traced) + " traced";
    if (!again.empty())
        out += " (" + again + ')';
    if (totals.reused > 0)
        out += ", " + std::to_string(totals.reused) + " reused";
    return out;
}

} // namespace

std::string own_reason(const std::string& reasons, const std::string& id) {
    for (size_t at = reasons.find(id + ": "); at != std::string::npos; at = reasons.find(id + ": ", at + 1)) {
        if (at > 0 && std::string_view("0123456789/").find(reasons[at - 1]) != std::string_view::npos)
            continue; // the end of another id
        const std::string_view text = std::string_view(reasons).substr(at);
        const size_t end = std::min({text.find('\n'), text.find("\","), text.find("\"]"), text.find("    ")});
        std::string_view reason = trimmed(text.substr(0, end));
        while (reason.ends_with('"') || reason.ends_with(','))
            reason.remove_suffix(1); // of a list over several lines
        return std::string(reason);
    }
    return {};
}

std::string first_reason(const std::string& reasons) {
    std::string text = reasons;
    if (text.starts_with('[')) {
        const size_t begin = text.find('"');
        const size_t end = text.find("\",", begin + 1);
        text = begin == std::string::npos
            ? text
            : text.substr(begin + 1, end == std::string::npos ? end : end - begin - 1);
    }
    text = text.substr(0, text.find('\n'));
    return std::string(trimmed(text.substr(0, text.find("    "))));
}

// "; a further backward body, as the tangents differ in stride"; empty where there is none.
static std::string further_backwards(const Explanation& e) {
    size_t n = 0;
    std::vector<std::string> fields;
    for (const RegionAnswer& r : e.regions)
        for (const VariantAnswer& v : r.variants) {
            ++n;
            for (const Mismatch& m : v.differences)
                if (m.evidence.back() != Ground::Elimination
                    && std::find(fields.begin(), fields.end(), m.field) == fields.end())
                    fields.push_back(m.field);
        }
    if (n == 0)
        return {};
    std::string out =
        n == 1 ? "; a further backward body" : "; " + std::to_string(n) + " further backward bodies";
    for (size_t i = 0; i < fields.size(); ++i)
        out += (i == 0                          ? ", as tangents differ in "
                       : i + 1 == fields.size() ? " and "
                                                : ", ")
            + (fields[i] == "alias" ? "aliasing" : fields[i]);
    return out;
}

// Of a long text the first sentence.
static std::string first_sentence(std::string text) {
    constexpr size_t kLong = 120, kShortest = 40;
    if (const size_t end = text.find(". ", kShortest); text.size() > kLong && end != std::string::npos)
        text.resize(end);
    return text;
}

std::string conclude(const Dump& dump, const CompilationLedger& c, const Explanation& e) {
    const Counts n = count(c);
    const Compilation& compilation = dump.compilation(c.compilation);
    std::string out = several(c.invocations.size(), "call", "calls");
    if (n.bodies > 0)
        out += " → " + several(n.bodies, "body", "bodies");
    if (n.inlined > 0)
        out +=
            n.inlined == n.bodies ? ", put inline" : ", " + std::to_string(n.inlined) + " of them put inline";
    if (n.backward > 0)
        out += " → " + (n.forward > 0 ? std::to_string(n.forward) + " forward, " : "")
            + std::to_string(n.backward) + " backward";
    if (const std::string did = what_caches_did(dump, c, e, n); !did.empty())
        out += "; " + did;
    out += further_backwards(e);
    const bool as_met = std::any_of(c.invocations.begin(), c.invocations.end(), [](const Invocation& i) {
        return i.call(CallSite::Dynamo).graph || i.timers.trace || i.timers.lookup || !i.messages.empty();
    });
    if (!as_met && n.forward + n.backward > 0)
        out += "; regions that were put inline are in no graph of this dump";
    if (n.failed > 0 || (e.failure && !compilation.fail_type.empty())) {
        const auto failed = std::find_if(e.regions.begin(), e.regions.end(),
            [](const RegionAnswer& r) { return r.outcome == Outcome::Failed && !r.spots.empty(); });
        out += "; failed";
        if (failed != e.regions.end()) {
            const Region& r = c.regions[static_cast<size_t>(failed->region)];
            if (!r.function.empty() || !r.identifier.empty())
                out += " in " + (r.function.empty() || r.function_as_called ? r.identifier : r.function)
                    + (r.function_as_called ? " (" + r.function_label() + ')' : "");
        }
        if (e.failure)
            out += ": " + e.failure->short_sentence();
    }
    const auto moved = std::find_if(e.regions.begin(), e.regions.end(), [](const RegionAnswer& r) {
        return r.outcome == Outcome::GraphBreak || r.outcome == Outcome::Recompiled
            || r.outcome == Outcome::Exported || r.outcome == Outcome::Consumed;
    });
    if (moved != e.regions.end())
        out += "; " + moved->where;
    const bool said = moved != e.regions.end() && moved->outcome == Outcome::Recompiled;
    if (!said && !compilation.recompile_reason.empty())
        out += "; compiled again: " + first_sentence(first_reason(compilation.recompile_reason));
    return out;
}

} // namespace hopscope::explain_parts
