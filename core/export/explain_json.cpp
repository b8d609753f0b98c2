#include "core/export/explain_json.h"

#include "core/base/text.h"
#include "core/regions/input_names.h"

#include <cmath>

namespace hopscope {

namespace {

using Json = nlohmann::ordered_json;

Json text_or_null(const std::string& text) {
    return text.empty() ? Json(nullptr) : Json(utf8(text));
}
Json ms_json(std::optional<double> ms) {
    return ms ? Json(std::round(*ms * 1000) / 1000) : Json(nullptr);
}

Json mismatches_json(const std::vector<Mismatch>& list) {
    Json out = Json::array();
    for (const Mismatch& m : list) {
        Json evidence = Json::array();
        for (const Ground g : m.evidence)
            evidence.push_back(ground_name(g));
        out.push_back({{"against", text_or_null(m.against)}, {"where", text_or_null(m.where)},
            {"field", m.field}, {"expected", text_or_null(m.expected)}, {"found", text_or_null(m.found)},
            {"evidence", std::move(evidence)}, {"name", text_or_null(m.name)}});
    }
    return out;
}

Json near_json(const Dump& dump, const std::optional<NearRegion>& near) {
    if (!near)
        return nullptr;
    return {{"identifier", utf8(near->identifier)}, {"same_structure", near->same_structure},
        {"difference", utf8(near->difference)},
        {"mine", utf8(address_of(dump, near->mine.graph, near->mine.body))},
        {"other", utf8(address_of(dump, near->other.graph, near->other.body))}};
}

Json cause_json(const Dump& dump, const Place& p) {
    if (!p.graph)
        return nullptr;
    const GraphModule& m = *dump.graph(p.graph).module;
    const Node& n = m.body(p.body).node(p.node);
    const Source* s = m.source(n.source);
    Json source = nullptr;
    if (s && s->has_place())
        source = {{"file", utf8(m.text(s->file))}, {"line", s->line}};
    return {{"node", utf8(m.text(n.name))}, {"source", std::move(source)},
        {"at", utf8(address_of(dump, p.graph, p.body, p.node))}};
}

} // namespace

Json spots_json(const Dump& dump, const std::vector<Spot>& spots) {
    Json out = Json::array();
    for (const Spot& s : spots)
        out.push_back(
            {{"file", s.file ? Json(utf8(dump.files[s.file.index].path)) : Json(nullptr)}, {"line", s.line},
                {"offset", s.offset ? Json(*s.offset) : Json(nullptr)}, {"what", utf8(s.what)}});
    return out;
}

Json cells_json(const Dump& dump, const std::vector<CacheCell>& cells) {
    Json out = Json::array();
    for (const CacheCell& cell : cells) {
        Json evidence = Json::array();
        for (const std::string_view name : cell.evidence)
            evidence.push_back(name);
        Json one = {{"cache", cache_name(cell.cache)}};
        if (cell.cache == Cache::FxGraph)
            one["half"] =
                cell.half ? Json(*cell.half == Half::Forward ? "forward" : "backward") : Json(nullptr);
        one["state"] = cache_state_name(cell.state);
        one["reason"] = utf8(cell.reason);
        one["evidence"] = std::move(evidence);
        one["at"] = spots_json(dump, cell.spots);
        one["ms"] = ms_json(cell.ms);
        if (cell.cache == Cache::FxGraph || cell.cache == Cache::AotAutograd)
            one["saved_ms"] = ms_json(cell.saved_ms);
        out.push_back(std::move(one));
    }
    return out;
}

Json failure_json(const Dump& dump, const std::optional<FailureStory>& failure) {
    if (!failure)
        return nullptr;
    Json frames = Json::array();
    for (const UserFrame& f : failure->frames)
        frames.push_back({{"file", utf8(f.file)}, {"line", f.line}, {"function", utf8(f.function)},
            {"code", utf8(f.code)}, {"of_torch", f.of_torch}});
    Json hints = Json::array();
    for (const std::string& h : failure->hints)
        hints.push_back(utf8(h));
    return {{"kind", failure->kind}, {"type", text_or_null(failure->type)},
        {"message", utf8(failure->message)}, {"explanation", text_or_null(failure->explanation)},
        {"hints", std::move(hints)}, {"context", text_or_null(failure->context)},
        {"node", text_or_null(failure->node)}, {"identifier", text_or_null(failure->identifier)},
        {"function", text_or_null(failure->function)}, {"frames", std::move(frames)},
        {"at", spots_json(dump, {{failure->file, failure->line, {}, failure->kind}})[0]}};
}

// The tensors that a compilation takes and that are views, or lie in a storage with another one.
Json aliased_json(const Dump& dump, CompilationId id) {
    Json out = Json::array();
    const InputNames names(dump);
    const auto number = [](std::optional<int64_t> n) { return n ? Json(*n) : Json(nullptr); };
    for (size_t i = 0; i < dump.inputs.size(); ++i) {
        const DescribedInput& input = dump.inputs[i];
        if (input.compilation != id || (!input.is_view && !input.storage))
            continue;
        Json shares = Json::array();
        for (const std::string& other : names.sharing(i))
            shares.push_back(utf8(other));
        if (!input.is_view && shares.empty())
            continue;
        const DescribedInput* base = names.base(input);
        out.push_back({{"name", utf8(user_name(input.source))}, {"source", utf8(input.source)},
            {"is_view", input.is_view}, {"tensor", number(input.tensor)}, {"base", number(input.base)},
            {"base_name", base ? Json(utf8(user_name(base->source))) : Json(nullptr)},
            {"storage", number(input.storage)}, {"storage_bytes", number(input.storage_bytes)},
            {"shares_storage_with", std::move(shares)}});
    }
    return out;
}

Json explanation_json(
    const Dump& dump, const Ledger& ledger, const Explanation& e, const ExplainJsonOptions& options) {
    const CompilationLedger& c = ledger.of(e.compilation);
    const Compilation& compilation = dump.compilation(e.compilation);
    Json regions = Json::array();
    for (const RegionAnswer& answer : e.regions) {
        const Region& r = c.regions[static_cast<size_t>(answer.region)];
        if (options.region && !options.region(r))
            continue;
        Json calls = Json::array();
        for (const CallAnswer& call : answer.calls)
            if (!options.call || options.call(call))
                calls.push_back({{"index", call.index},
                    {"decision", decision_name(c.invocations[static_cast<size_t>(call.index)].decision)},
                    {"summary", utf8(call.summary)}, {"differences", mismatches_json(call.differences)},
                    {"contradiction", text_or_null(call.contradiction)},
                    {"caches", cells_json(dump, e.caches.calls[static_cast<size_t>(call.index)].cells)}});
        Json variants = Json::array();
        for (const VariantAnswer& v : answer.variants)
            variants.push_back({{"body", utf8(v.body)}, {"differences", mismatches_json(v.differences)},
                {"caused_by", cause_json(dump, v.cause)}, {"invocations", v.calls}});
        Json remedies = Json::array(), equal = Json::array();
        for (const VariantRemedy& m : answer.remedies)
            remedies.push_back({{"where", m.where}, {"field", m.field}, {"backward_bodies", m.remaining}});
        for (const EqualBody& b : answer.equal)
            equal.push_back({{"identifier", utf8(b.identifier)}, {"why", utf8(b.why)}});
        regions.push_back({{"identifier", text_or_null(r.identifier)}, {"function", text_or_null(r.function)},
            {"outcome", outcome_name(answer.outcome)}, {"invocations", std::move(calls)},
            {"backward_variants", std::move(variants)}, {"where", utf8(answer.where)},
            {"at", spots_json(dump, answer.spots)}, {"remedies", std::move(remedies)},
            {"equal_bodies", std::move(equal)}, {"near_body", near_json(dump, answer.near)},
            {"function_as_called", r.function_as_called}});
    }
    return {{"rank", compilation.key.rank ? Json(*compilation.key.rank) : Json(nullptr)},
        {"id", utf8(compilation.key.id)}, {"regions", std::move(regions)}, {"headline", utf8(e.headline)},
        {"caches", cells_json(dump, e.caches.whole)}, {"failure", failure_json(dump, e.failure)},
        {"recompile_reason", text_or_null(compilation.recompile_reason)},
        {"aliased_inputs", aliased_json(dump, e.compilation)}};
}

} // namespace hopscope
