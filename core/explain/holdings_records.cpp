// What there is beside the graphs: records of caches and failures, and what a rerun needs.
#include "core/explain/holdings_page.h"

namespace hopscope::explain_parts {

void HoldingsPage::caches() {
    Holding& timers = add(Group::Caches, "reuse_timers", "timers of region reuse (chromium_event)",
        "traced or reused for each call, what that cost and saved");
    // AOTAutograd's own timers are older than the reuse cache.
    const auto of_reuse = [](const RegionTimer& t) {
        return t.kind == RegionTimer::Kind::Trace || t.kind == RegionTimer::Kind::ReuseHash
            || t.kind == RegionTimer::Kind::ReuseLookup || t.kind == RegionTimer::Kind::ReuseStampOut;
    };
    const auto timer = std::find_if(dump_.timers.begin(), dump_.timers.end(), of_reuse);
    if (timer != dump_.timers.end()) {
        is_there(timers,
            number_of(static_cast<size_t>(std::count_if(dump_.timers.begin(), dump_.timers.end(), of_reuse)),
                "timer", "timers"));
        timers.spots.push_back({timer->file, timer->line, {}, "first timer"});
    } else if (!calls_regions())
        makes_none(timers, "no compilation calls a region");
    else if (has_reuse_cache(dump_) == false)
        makes_none(
            timers, torch_name(dump_) + " has no reuse cache: each call is traced, and nothing times it");
    else
        lacks(timers, only_in_trace(), has_trace() ? "" : kRecordTrace);
    marked();
    records(CacheRecord::Cache::AotAutograd, "aot_cache", "AOTAutograd cache records");
    records(CacheRecord::Cache::FxGraph, "fx_cache", "FX graph cache records");
    Holding& again = add(Group::Caches, "backward_duplicate", "reports of further backward bodies",
        "PyTorch's own word that one forward body got several backward bodies");
    if (!dump_.duplicates.empty()) {
        is_there(again, number_of(dump_.duplicates.size(), "report", "reports"));
        again.spots.push_back({dump_.duplicates.front().file, dump_.duplicates.front().line, {},
            "invoke_subgraph_backward_duplicate"});
    } else
        makes_none(again,
            has_trace() ? "no forward body got a second backward body, or this PyTorch reports none"
                        : "only a structured log has them");
}

void HoldingsPage::marked() {
    Holding& h = add(Group::Caches, "marked", "functions marked as regions, in the guards",
        "the function's own name where the graphs show only an inner frame");
    if (!dump_.marked.empty()) {
        is_there(h, number_of(dump_.marked.size(), "function", "functions"));
        h.spots.push_back(
            {dump_.marked.front().file, dump_.marked.front().line, {}, "dynamo_cpp_guards_str"});
    } else if (!calls_regions())
        makes_none(h, "no compilation calls a region");
    else if (has_trace())
        makes_none(h, "the guards of this PyTorch do not name them");
    else
        lacks(h, only_in_trace(), kRecordTrace);
}

void HoldingsPage::records(CacheRecord::Cache cache, std::string_view key, const char* what) {
    Holding& h = add(Group::Caches, key, what, "whether whole graphs came from disk, and why not");
    const auto of = [&](const CacheRecord& r) { return r.cache == cache; };
    const auto first = std::find_if(dump_.caches.begin(), dump_.caches.end(), of);
    if (first == dump_.caches.end())
        return inductor() || !has_trace() ? lacks(h, only_in_trace(), has_trace() ? "" : kRecordTrace)
                                          : makes_none(h, "no graph was lowered by Inductor, which asks it");
    is_there(h,
        number_of(static_cast<size_t>(std::count_if(dump_.caches.begin(), dump_.caches.end(), of)), "record",
            "records"));
    h.spots.push_back({first->file, first->line, first->offset, "first record"});
}

void HoldingsPage::failures() {
    Holding& h = add(Group::Failures, "failures", "failure records (dynamo_error, fx_interpreter_error)",
        "the whole message, its explanation and hints, the user's frames");
    if (!dump_.failures.empty()) {
        is_there(h, number_of(dump_.failures.size(), "record", "records"));
        h.spots.push_back(
            {dump_.failures.front().file, dump_.failures.front().line, {}, dump_.failures.front().kind});
    } else if (failed())
        lacks(h, "a compilation failed, and no record has its traceback", kRecordTrace);
    else
        makes_none(h, "no compilation failed");
    Holding& why = add(
        Group::Failures, "recompile_reasons", "recompile reasons", "which guard made a frame compile again");
    size_t again = 0, told = 0;
    for (const Compilation& c : dump_.compilations) {
        const size_t slash = c.key.id.rfind('/');
        const bool further =
            slash != std::string::npos && c.key.id.substr(slash + 1) != "0" && c.last_attempt;
        again += further;
        told += further && !c.recompile_reason.empty();
    }
    if (again == 0)
        makes_none(why, "no frame was compiled again");
    else if (told == again)
        is_there(why, "of " + number_of(again, "further compilation", "further compilations"));
    else if (told > 0) {
        is_there(why,
            std::to_string(told) + " of " + number_of(again, "further compilation", "further compilations"));
        why.presence = Presence::Partly;
    } else
        lacks(why, number_of(again, "further compilation", "further compilations") + ", and nothing says why",
            "TORCH_LOGS=recompiles python train.py 2> torch_logs.txt, or a structured log");
    Holding& breaks =
        add(Group::Failures, "graph_breaks", "graph break reasons", "why the program was cut in pieces");
    const auto is_break = [](const Artifact& a) {
        return a.name == "dynamo_graph_break_reason" || a.name.starts_with("Graph break");
    };
    const auto first = std::find_if(dump_.artifacts.begin(), dump_.artifacts.end(), is_break);
    const bool resumed = std::any_of(dump_.compilations.begin(), dump_.compilations.end(),
        [](const Compilation& c) { return c.function.starts_with("torch_dynamo_resume_in_"); });
    if (first != dump_.artifacts.end()) {
        is_there(breaks,
            number_of(
                static_cast<size_t>(std::count_if(dump_.artifacts.begin(), dump_.artifacts.end(), is_break)),
                "record", "records"));
        breaks.spots.push_back({first->file, first->line, {}, first->name});
    } else if (resumed)
        lacks(breaks, "a function was resumed behind a break, and no record says why",
            "TORCH_LOGS=graph_breaks python train.py 2> torch_logs.txt, or a structured log");
    else
        makes_none(breaks, "no function was resumed behind a break");
}

void HoldingsPage::of_run() {
    Holding& weights = add(Group::Run, "tensors", "weights and inputs",
        "a rerun with the model's own numbers; without them inputs are made from a seed");
    size_t saved = 0;
    for (const Graph& g : dump_.graphs)
        saved += g.saved.size();
    if (saved > 0)
        is_there(weights, number_of(saved, "tensor", "tensors"));
    else
        lacks(weights, "logs hold none",
            "torch.export.save(torch.export.export(model, args), 'model.pt2'), TORCH_COMPILE_DEBUG=1, or "
            "a "
            "safetensors file with the placeholders' names");
    Holding& code = add(Group::Run, "inductor_code", "Inductor's code and kernels",
        "which kernels a graph became; Hopscope lists them and shows their place");
    const auto is_code = [](const Artifact& a) {
        return a.name.starts_with("inductor_output_code") || a.name.starts_with("triton_kernel_info")
            || a.name.starts_with("inductor_provenance");
    };
    const auto first = std::find_if(dump_.artifacts.begin(), dump_.artifacts.end(), is_code);
    if (first != dump_.artifacts.end()) {
        is_there(code,
            number_of(
                static_cast<size_t>(std::count_if(dump_.artifacts.begin(), dump_.artifacts.end(), is_code)),
                "record", "records"));
        code.spots.push_back({first->file, first->line, {}, first->name});
    } else if (inductor() || !has_trace())
        lacks(code, only_in_trace(), has_trace() ? "" : kRecordTrace);
    else
        makes_none(code, "no graph was lowered by Inductor");
}

} // namespace hopscope::explain_parts
