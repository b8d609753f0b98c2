#include "core/export/ledger_json.h"

#include "core/base/text.h"
#include "core/export/explain_json.h"
#include "core/export/graph_json.h"
#include "core/graph/calls.h"

#include <cmath>
#include <map>

namespace hopscope {

namespace {

using Json = nlohmann::ordered_json;

template <class Value> Json or_null(const std::optional<Value>& value) {
    return value ? Json(*value) : Json(nullptr);
}

Json rank_json(const Compilation& c) {
    return or_null(c.key.rank);
}
Json text_or_null(const std::string& text) {
    return text.empty() ? Json(nullptr) : Json(utf8(text));
}

// Milliseconds to the microsecond, null where the dump has no such time.
Json ms_json(std::optional<double> ms) {
    return ms ? Json(std::round(*ms * 1000) / 1000) : Json(nullptr);
}

// Which region each body of a module belongs to, by the identifier under which it is called.
std::map<BodyId, std::string> regions_of_bodies(const GraphModule& module) {
    std::map<BodyId, std::string> regions;
    for (size_t b = 0; b < module.bodies.size(); ++b)
        for (const RegionCall& call : region_calls(module, BodyId(b)))
            if (call.body)
                regions.try_emplace(call.body, identifier_parts(call.identifier).region);
    return regions;
}

Json bodies_json(const GraphModule& module) {
    const auto regions = regions_of_bodies(module);
    Json bodies = Json::array();
    for (size_t b = 0; b < module.bodies.size(); ++b) {
        const auto region = regions.find(BodyId(b));
        bodies.push_back(
            {{"path", utf8(body_path(module, BodyId(b)))}, {"nodes", module.bodies[b].nodes.size()},
                {"region", region == regions.end() ? Json(nullptr) : Json(utf8(region->second))}});
    }
    return bodies;
}

Json calls_json(const Dump& dump, const Invocation& inv) {
    Json nodes = Json::object();
    for (size_t s = 0; s < kCallSiteCount; ++s) {
        const Place& p = inv.calls[s];
        if (!p.graph)
            continue;
        const GraphModule& m = *dump.graph(p.graph).module;
        nodes[std::string(call_site_name(static_cast<CallSite>(s)))] =
            utf8(m.text(m.body(p.body).node(p.node).name));
    }
    return nodes;
}

Json source_json(const Dump& dump, const Invocation& inv) {
    const Source* s = call_source(dump, inv);
    if (!s || !s->has_place())
        return nullptr;
    const GraphModule& m = *dump.graph(inv.origin().graph).module;
    return {{"file", utf8(m.text(s->file))}, {"line", s->line}, {"function", utf8(m.text(s->function))},
        {"code", utf8(m.text(s->code))}};
}

// The names of what a call passes, null for what the program computes.
Json operands_json(const Dump& dump, InputNames& names, const Invocation& inv) {
    const Place at = inv.origin();
    Json out = Json::array();
    if (!at.graph)
        return out;
    const auto call = region_call(*dump.graph(at.graph).module, at.body, at.node);
    for (const NodeId operand : call ? call->operands : std::vector<NodeId>())
        out.push_back(text_or_null(names.of({at.graph, at.body, operand}).text()));
    return out;
}

// What a region's body takes from outside, by position.
Json inputs_json(const Dump& dump, InputNames& names, const Region& r) {
    Json out = Json::array();
    const RegionBody* body = r.bodies.empty() ? nullptr : &r.bodies.front();
    if (!body || !body->place.graph)
        return out;
    const auto& inputs = names.of(body->place.graph, body->place.body);
    for (size_t i = 0; i < inputs.size(); ++i)
        if (inputs[i].known()) {
            Json one = {{"operand", i}};
            one.update(input_json(dump, names, inputs[i]));
            out.push_back(std::move(one));
        }
    return out;
}

Json invocation_json(const Dump& dump, InputNames& names, const Invocation& inv, const CallCaches& caches) {
    Json evidence = Json::array();
    for (const std::string_view name : evidence_names(inv.evidence))
        evidence.push_back(name);
    return {{"index", inv.index}, {"call_id", or_null(inv.call_id)},
        {"decision", decision_name(inv.decision)}, {"inlined", inv.inlined}, {"executions", inv.executions},
        {"reason", text_or_null(inv.reason)}, {"evidence", std::move(evidence)},
        {"trace_ms", ms_json(inv.trace_ms)}, {"lookup_ms", ms_json(inv.lookup_ms)},
        {"stamp_out_ms", ms_json(inv.stamp_out_ms)}, {"saved_ms", ms_json(inv.saved_ms)},
        {"nodes", calls_json(dump, inv)}, {"variant", or_null(inv.variant)},
        {"pairing", pairing_name(inv.pairing)},
        {"parent", inv.parent ? Json(inv.parent.index) : Json(nullptr)}, {"source", source_json(dump, inv)},
        {"caches", cells_json(dump, caches.cells)}, {"operands", operands_json(dump, names, inv)}};
}

Json region_json(const Dump& dump, const CompilationLedger& c, const Region& r, const Explanation& e,
    const LedgerJsonOptions& options) {
    Json invocations = Json::array();
    InputNames names(dump);
    for (const InvocationId i : r.invocations)
        if (!options.where || options.where(c, c.invocation(i)))
            invocations.push_back(invocation_json(dump, names, c.invocation(i), e.caches.calls[i.index]));
    const int joint = r.body_count(CallSite::JointBackward);
    return {{"identifier", text_or_null(r.identifier)}, {"function", text_or_null(r.function)},
        {"bodies",
            {{"dynamo", r.body_count(CallSite::Dynamo)},
                {"joint", joint ? joint : r.body_count(CallSite::Joint)},
                {"forward", r.body_count(CallSite::Forward)}, {"backward", r.body_count(CallSite::Backward)},
                {"inference", r.body_count(CallSite::Inference)}}},
        {"invocations", std::move(invocations)}, {"inlined", r.inlined},
        {"source",
            r.defined_line > 0
                ? Json{{"file", utf8(r.defined_file)}, {"line", r.defined_line}, {"of", "definition"}}
                : r.source_file.empty()
                ? Json(nullptr)
                : Json{{"file", utf8(r.source_file)}, {"line", r.source_line}, {"of", "first_operator"}}},
        {"saved",
            {{"values", r.saved.size()}, {"bytes", or_null(r.saved_bytes)},
                {"bytes_all", or_null(r.saved_bytes_all)}}},
        {"inputs", inputs_json(dump, names, r)}};
}

} // namespace

Json problems_json(const Dump& dump, const std::vector<Problem>& problems) {
    Json list = Json::array();
    for (const Problem& p : problems)
        list.push_back({{"severity", severity_name(p.severity)}, {"message", utf8(p.message)},
            {"file", p.file ? Json(utf8(dump.files[p.file.index].path)) : Json(nullptr)}, {"line", p.line},
            {"offset", p.offset}});
    return list;
}

std::string source_address(size_t index) {
    return "-:source" + (index ? '#' + std::to_string(index) : std::string());
}

namespace {

// Every place where an input has the graph, the one that it was read from first.
Json sources_json(const Dump& dump, const Graph& g) {
    std::vector<DumpPlace> places{{g.file, g.line, g.offset}};
    places.insert(places.end(), g.also.begin(), g.also.end());
    Json list = Json::array();
    for (const DumpPlace& p : places) {
        const DumpFile& file = dump.files[p.file.index];
        list.push_back(
            {{"file", utf8(file.path)}, {"line", p.line}, {"offset", p.offset}, {"kind", file.kind}});
    }
    return list;
}

} // namespace

Json graphs_json(const Dump& dump) {
    Json compilations = Json::array();
    for (const Compilation& c : dump.compilations) {
        Json stages = Json::array();
        for (const GraphId id : c.graphs) {
            const Graph& g = dump.graph(id);
            stages.push_back({{"address", utf8(address_of(dump, id))}, {"stage", stage_name(g.stage)},
                {"label", utf8(g.label)}, {"file", utf8(dump.files[g.file.index].path)}, {"line", g.line},
                {"bodies", bodies_json(*g.module)}, {"cut", g.cut}, {"sources", sources_json(dump, g)},
                {"stage_evidence", text_or_null(g.stage_evidence)}});
        }
        compilations.push_back({{"rank", rank_json(c)}, {"id", utf8(c.key.id)}, {"attempt", c.key.attempt},
            {"stages", std::move(stages)}, {"function", text_or_null(c.function)},
            {"last_attempt", c.last_attempt}, {"recompile_reason", text_or_null(c.recompile_reason)},
            {"failed",
                c.fail_type.empty() ? Json(nullptr)
                                    : Json{{"type", utf8(c.fail_type)}, {"reason", utf8(c.fail_reason)}}}});
    }
    // The user's own modules, of stage `source`: a compilation of their own, as they belong to none.
    if (!dump.sources.empty()) {
        Json stages = Json::array();
        for (size_t i = 0; i < dump.sources.size(); ++i) {
            const SourceText& s = dump.sources[i];
            stages.push_back({{"address", source_address(i)}, {"stage", "source"}, {"label", utf8(s.label)},
                {"file", utf8(dump.files[s.file.index].path)}, {"line", s.line}, {"bodies", Json::array()},
                {"stage_evidence", nullptr}});
        }
        compilations.push_back({{"rank", nullptr}, {"id", "source"}, {"attempt", 0},
            {"stages", std::move(stages)}, {"function", nullptr}, {"last_attempt", true},
            {"recompile_reason", nullptr}, {"failed", nullptr}});
    }
    return {{"compilations", std::move(compilations)}, {"problems", problems_json(dump, dump.problems)}};
}

Json ledger_json(const Dump& dump, const Ledger& ledger, const LedgerJsonOptions& options) {
    Json compilations = Json::array();
    for (const CompilationLedger& c : ledger.compilations) {
        const Compilation& compilation = dump.compilation(c.compilation);
        if (!compilation.last_attempt && !options.attempts)
            continue;
        const Explanation e = explain(dump, ledger, c.compilation);
        Json regions = Json::array();
        for (const Region& r : c.regions) {
            Json region = region_json(dump, c, r, e, options);
            if (!options.where || !region["invocations"].empty())
                regions.push_back(std::move(region));
        }
        const Totals& t = c.totals;
        compilations.push_back({{"rank", rank_json(compilation)}, {"id", utf8(compilation.key.id)},
            {"regions", std::move(regions)},
            {"totals",
                {{"invocations", t.invocations}, {"traced", t.traced}, {"reused", t.reused},
                    {"saved_ms", std::round(t.saved_ms * 1000) / 1000}, {"bodies", t.bodies},
                    {"tracing_ms", std::round(t.tracing_ms * 1000) / 1000}, {"saved_bytes", t.saved_bytes}}},
            {"attempt", compilation.key.attempt},
            {"headline", c.invocations.empty() ? Json(nullptr) : Json(utf8(e.headline))},
            {"caches", cells_json(dump, e.caches.whole)}, {"failure", failure_json(dump, e.failure)},
            {"recompile_reason", text_or_null(compilation.recompile_reason)}});
    }
    Json problems = problems_json(dump, dump.problems);
    for (Json& p : problems_json(dump, ledger.problems))
        problems.push_back(std::move(p));
    return {{"compilations", std::move(compilations)}, {"problems", std::move(problems)}};
}

} // namespace hopscope
