#include "core/explain/holdings_page.h"

#include <array>

namespace hopscope {

namespace explain_parts {

void HoldingsPage::files() {
    Holding& trace = add(Group::Files, "trace", "structured log (TORCH_TRACE)",
        "every graph with its compilation, timers of reuse, failures, cache records, names of inputs");
    count_files(trace, "TORCH_TRACE");
    if (trace.presence == Presence::Missing)
        lacks(trace, "no file of this dump is one", kRecordTrace);
    Holding& text = add(Group::Files, "text_log", "text log of hierarchical_compile (TORCH_LOGS)",
        "which guard failed, what was not eligible for reuse and why, the function of each body");
    size_t told = 0;
    for (const ReuseMessage& m : dump_.messages)
        told += m.kind != ReuseMessage::Kind::Other;
    if (told > 0) {
        is_there(text, number_of(told, "message", "messages"));
        text.spots.push_back({dump_.messages.front().file, dump_.messages.front().line, {}, "first message"});
    } else if (has_text_log() && !calls_regions())
        makes_none(text, "the text log has no message of a region: nothing in it calls one");
    else if (has_text_log() && !installed())
        // The first message of a region is that its body was installed.
        makes_none(text,
            "the text log has no message of a region: the compilation failed before the first was "
            "installed");
    else
        lacks(text,
            has_text_log() ? "the text log has no message of hierarchical_compile"
                           : "no file of this dump is one",
            kRecordLog);
    Holding& version = add(Group::Files, "version", "version of PyTorch", "which caches there are at all");
    if (!dump_.torch_version.empty())
        is_there(version, dump_.torch_version);
    else
        lacks(version,
            has_trace() ? "no record of the structured log names it"
                        : "text logs do not name it; a structured log does",
            has_trace() ? "" : kRecordTrace);
}

void HoldingsPage::graphs() {
    stage(Stage::Dynamo, "what the program's own lines became; the calls in its order");
    stage(Stage::PreGrad, "what Inductor's first passes changed");
    stage(Stage::Joint, "which value of the forward a gradient comes from, before it is cut in two");
    stage(Stage::Forward, "what runs forward, and what it saves");
    stage(Stage::Backward, "backward bodies and their tangents; what is computed again");
    stage(Stage::Inference, "what runs where no gradient is wanted");
    stage(Stage::PostGrad, "what Inductor lowers, after its passes");
    stage(Stage::Export, "what an exported program calls");
}

void HoldingsPage::stage(Stage stage, const char* answers) {
    Holding& h = add(Group::Graphs, stage_name(stage), std::string(stage_name(stage)) + " graphs", answers);
    const Count n = count(stage);
    if (n.graphs > 0) {
        is_there(h,
            number_of(n.graphs, "graph", "graphs")
                + (n.bodies ? ", " + number_of(n.bodies, "body of regions", "bodies of regions") : ""));
        if (n.cut > 0) {
            h.presence = Presence::Partly;
            h.found += ", " + std::to_string(n.cut) + " of them cut off";
        }
        const Graph& g = dump_.graph(n.first);
        h.spots.push_back({g.file, g.line, g.offset, address_of(dump_, n.first)});
        return;
    }
    switch (stage) {
    case Stage::Joint:
    case Stage::Forward:
    case Stage::Backward:
        if (has(Stage::Inference) && !trains())
            return makes_none(h, "compiled for inference: no gradient was wanted");
        if (stage == Stage::Backward && has(Stage::Forward))
            return lacks(h, "the forward is there: AOTAutograd compiled no backward, or the dump lacks it",
                "call .backward() before the process ends");
        break;
    case Stage::Inference:
        if (trains())
            return makes_none(h, "compiled for training: a forward and a backward stand for it");
        break;
    case Stage::PreGrad:
    case Stage::PostGrad:
        if (!inductor() && !dump_.graphs.empty() && has_trace())
            return makes_none(h, "no graph was lowered by Inductor");
        break;
    case Stage::Export:
        return makes_none(h, "nothing here is an exported program");
    default:
        break;
    }
    if (failed() && stage != Stage::Dynamo)
        return makes_none(h, "the compilation failed before it was made");
    if (failed())
        return makes_none(h, "the compilation failed while Dynamo traced");
    if (has_trace())
        return lacks(h, "the structured log has none");
    lacks(h, "the files of this dump have none", kRecordTrace);
}

void HoldingsPage::of_graphs() {
    by_share(add(Group::OfGraphs, "sources", "lines of the program",
                 "which line of the program a node comes from"),
        share([](const GraphModule& m, const Node& n) {
            if (n.op == Opcode::Placeholder)
                return -1;
            const Source* s = m.source(n.source);
            return s && s->has_place() ? 1 : 0;
        }),
        "the graphs were printed without",
        "print_readable() of a graph that Dynamo traced, or a structured log");
    by_share(add(Group::OfGraphs, "types", "dtype and shape of values", "sizes, mismatches, reruns"),
        share([](const GraphModule& m, const Node& n) { return m.type(n.type) ? 1 : 0; }),
        "the graphs were printed without", "print_readable(), or a structured log");
    by_share(add(Group::OfGraphs, "strides", "strides and devices of tensors",
                 "misses and backward variants that differ in stride"),
        share([](const GraphModule& m, const Node& n) {
            const ValueType* type = m.type(n.type);
            return !type || type->kind != TypeKind::Tensor ? -1 : type->has_stride ? 1 : 0;
        }),
        "the graphs were printed without",
        "print_readable(include_stride=True, include_device=True), or a structured log");
    by_share(add(Group::OfGraphs, "descriptors", "AOT descriptors of inputs",
                 "which input, tangent or parameter a placeholder is"),
        share([](const GraphModule& m, const Node& n) {
            const std::string_view name = m.text(n.name);
            return n.op != Opcode::Placeholder
                    || !(name.starts_with("primals_") || name.starts_with("tangents_"))
                ? -1
                : n.descriptor ? 1
                               : 0;
        }),
        "PyTorch writes them since 2.9, into structured logs", "");
    call_ids();
    names();
    symbols();
}

void HoldingsPage::call_ids() {
    Holding& h = add(Group::OfGraphs, "call_ids", "call_id of region calls",
        "which backward call belongs to which forward call");
    size_t all = 0, with = 0;
    for (const CompilationLedger& c : ledger_.compilations)
        for (const Invocation& inv : c.invocations) {
            const bool later = inv.call(CallSite::Forward).graph || inv.call(CallSite::Joint).graph;
            all += later;
            with += later && inv.call_id;
        }
    if (all == 0)
        return makes_none(h, "no region is called in a joint or forward graph");
    if (with > 0) {
        is_there(h, std::to_string(with) + " of " + number_of(all, "call", "calls"));
        h.presence = with == all ? Presence::Present : Presence::Partly;
    } else
        makes_none(
            h, torch_name(dump_) + " writes none here; calls were paired by what is saved, or in order");
}

void HoldingsPage::names() {
    Holding& h = add(Group::OfGraphs, "input_names", "names of inputs (describe_source)",
        "which parameter of the model an input is, whether it needs a gradient");
    if (dump_.inputs.empty())
        return lacks(h, only_in_trace(), has_trace() ? "" : kRecordTrace);
    const auto parameters = static_cast<size_t>(std::count_if(
        dump_.inputs.begin(), dump_.inputs.end(), [](const DescribedInput& d) { return d.is_parameter; }));
    is_there(h,
        number_of(dump_.inputs.size(), "record", "records") + ", "
            + number_of(parameters, "parameter", "parameters"));
    h.spots.push_back({dump_.inputs.front().file, dump_.inputs.front().line, dump_.inputs.front().offset,
        "describe_source"});
}

void HoldingsPage::symbols() {
    Holding& h = add(Group::OfGraphs, "symbols", "values of symbols (create_symbol)",
        "what a symbol stood for, so that a body with symbols can run");
    if (!dump_.symbols.empty()) {
        is_there(h, number_of(dump_.symbols.size(), "record", "records"));
        h.spots.push_back({dump_.symbols.front().file, dump_.symbols.front().line, {}, "create_symbol"});
        return;
    }
    const bool symbolic = std::any_of(dump_.graphs.begin(), dump_.graphs.end(), [](const Graph& g) {
        return std::any_of(g.module->types.begin(), g.module->types.end(),
            [](const ValueType& t) { return t.kind == TypeKind::Sym; });
    });
    if (!symbolic)
        return makes_none(h, "no graph has a symbol");
    lacks(h, only_in_trace(), has_trace() ? "" : kRecordTrace);
}

} // namespace explain_parts

std::string_view presence_name(Presence p) {
    static constexpr std::array<std::string_view, 4> kNames{"present", "partly", "missing", "not_applicable"};
    return kNames[static_cast<size_t>(p)];
}

std::string_view presence_label(Presence p) {
    return p == Presence::NotApplicable ? "none made" : presence_name(p);
}

std::string_view holding_group_label(HoldingGroup group) {
    static constexpr std::array<std::string_view, 6> kNames{
        "files", "graphs", "in the graphs", "caches", "failures and recompiles", "for a rerun"};
    return kNames[static_cast<size_t>(group)];
}

std::vector<Holding> holdings(const Dump& dump, const Ledger& ledger) {
    return explain_parts::HoldingsPage(dump, ledger).run();
}

} // namespace hopscope
