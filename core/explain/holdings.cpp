#include "core/explain/holdings.h"

#include "core/base/text.h"
#include "core/graph/calls.h"
#include "core/regions/roles.h"

#include <algorithm>
#include <array>
#include <optional>
#include <set>

namespace hopscope {

namespace {

constexpr const char* kTrace = "TORCH_TRACE=/tmp/trace python train.py";
constexpr const char* kLog =
    "TORCH_LOGS=+hierarchical_compile,graph_code,aot_graphs,aot_joint_graph,recompiles,"
    "graph_breaks python train.py 2> torch_logs.txt";

std::string number_of(size_t n, const char* one, const char* more) {
    return std::to_string(n) + ' ' + (n == 1 ? one : more);
}

class Page {
public:
    Page(const Dump& dump, const Ledger& ledger)
        : dump_(dump)
        , ledger_(ledger) { }

    std::vector<Holding> run() {
        files();
        graphs();
        of_graphs();
        caches();
        failures();
        of_run();
        return std::move(out_);
    }

private:
    using Group = HoldingGroup;

    Holding& add(Group group, std::string_view key, std::string what, std::string answers) {
        Holding& h = out_.emplace_back();
        h.group = group;
        h.key = key;
        h.what = std::move(what);
        h.answers = std::move(answers);
        return h;
    }
    static void is_there(Holding& h, std::string found) {
        h.presence = Presence::Present;
        h.found = std::move(found);
    }
    static void lacks(Holding& h, std::string why, std::string record = {}) {
        h.presence = Presence::Missing;
        h.found = std::move(why);
        h.record = std::move(record);
    }
    static void makes_none(Holding& h, std::string why) {
        h.presence = Presence::NotApplicable;
        h.found = std::move(why);
    }

    bool is_kind(FileId file, std::string_view kind) const {
        return file && dump_.files[file.index].kind == kind;
    }
    bool has_kind(std::string_view kind) const {
        return std::any_of(
            dump_.files.begin(), dump_.files.end(), [&](const DumpFile& f) { return f.kind == kind; });
    }
    bool has_trace() const { return has_kind("TORCH_TRACE"); }
    // A log that has errors alone and no message of a known artifact is a text of which no graph comes.
    bool has_text_log() const {
        for (size_t f = 0; f < dump_.files.size(); ++f) {
            const std::string& kind = dump_.files[f].kind;
            const bool gave = std::any_of(dump_.graphs.begin(), dump_.graphs.end(),
                [&](const Graph& g) { return g.file == FileId(f); });
            if (kind == "TORCH_LOGS" || (kind == "print_readable" && !gave && has_trace()))
                return true;
        }
        return false;
    }
    // Whether the body of any call was traced to its end.
    bool installed() const {
        return std::any_of(
            ledger_.compilations.begin(), ledger_.compilations.end(), [](const CompilationLedger& c) {
                return std::any_of(c.invocations.begin(), c.invocations.end(),
                    [](const Invocation& inv) { return inv.decision != Decision::Failed; });
            });
    }
    bool calls_regions() const {
        return std::any_of(ledger_.compilations.begin(), ledger_.compilations.end(),
            [](const CompilationLedger& c) { return !c.invocations.empty(); });
    }
    // What is only in a structured log: why it is missing here.
    std::string only_in_trace() const {
        return has_trace() ? "the structured log has none"
                           : "only a structured log has them, and there is none";
    }

    void files() {
        Holding& trace = add(Group::Files, "trace", "structured log (TORCH_TRACE)",
            "every graph with its compilation, timers of reuse, failures, cache records, names of inputs");
        count_files(trace, "TORCH_TRACE");
        if (trace.presence == Presence::Missing)
            lacks(trace, "no file of this dump is one", kTrace);
        Holding& text = add(Group::Files, "text_log", "text log of hierarchical_compile (TORCH_LOGS)",
            "which guard failed, what was not eligible for reuse and why, the function of each body");
        size_t told = 0;
        for (const ReuseMessage& m : dump_.messages)
            told += m.kind != ReuseMessage::Kind::Other;
        if (told > 0) {
            is_there(text, number_of(told, "message", "messages"));
            text.spots.push_back(
                {dump_.messages.front().file, dump_.messages.front().line, {}, "first message"});
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
                kLog);
        Holding& version =
            add(Group::Files, "version", "version of PyTorch", "which caches there are at all");
        if (!dump_.torch_version.empty())
            is_there(version, dump_.torch_version);
        else
            lacks(version,
                has_trace() ? "no record of the structured log names it"
                            : "text logs do not name it; a structured log does",
                has_trace() ? "" : kTrace);
    }

    void count_files(Holding& h, std::string_view kind) {
        size_t n = 0;
        uint64_t bytes = 0;
        for (const DumpFile& f : dump_.files)
            if (f.kind == kind) {
                ++n;
                bytes += f.bytes;
            }
        if (n > 0)
            is_there(h, number_of(n, "file", "files") + ", " + format_bytes(bytes));
    }

    struct Count {
        size_t graphs = 0, bodies = 0, cut = 0;
        GraphId first;
    };
    Count count(Stage stage) const {
        Count n;
        for (size_t g = 0; g < dump_.graphs.size(); ++g) {
            const Graph& graph = dump_.graphs[g];
            // As recorded: what a script holds beside is no stage of its own.
            if (stage_of(dump_, GraphId(g)) != stage)
                continue;
            ++n.graphs;
            n.bodies += graph.module->bodies.size() - 1;
            n.cut += graph.cut;
            n.first = n.first ? n.first : GraphId(g);
        }
        return n;
    }
    bool has(Stage stage) const { return count(stage).graphs > 0; }
    bool failed() const {
        return std::any_of(dump_.compilations.begin(), dump_.compilations.end(),
            [](const Compilation& c) { return c.last_attempt && !c.fail_type.empty(); });
    }
    bool trains() const { return has(Stage::Joint) || has(Stage::Forward) || has(Stage::Backward); }
    bool inductor() const {
        return has(Stage::PostGrad) || has(Stage::PreGrad)
            || std::any_of(dump_.artifacts.begin(), dump_.artifacts.end(),
                [](const Artifact& a) { return a.name.starts_with("inductor_"); });
    }

    void graphs() {
        stage(Stage::Dynamo, "what the program's own lines became; the calls in its order");
        stage(Stage::PreGrad, "what Inductor's first passes changed");
        stage(Stage::Joint, "which value of the forward a gradient comes from, before it is cut in two");
        stage(Stage::Forward, "what runs forward, and what it saves");
        stage(Stage::Backward, "backward bodies and their tangents; what is computed again");
        stage(Stage::Inference, "what runs where no gradient is wanted");
        stage(Stage::PostGrad, "what Inductor lowers, after its passes");
        stage(Stage::Export, "what an exported program calls");
    }

    void stage(Stage stage, const char* answers) {
        Holding& h =
            add(Group::Graphs, stage_name(stage), std::string(stage_name(stage)) + " graphs", answers);
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
                return lacks(h,
                    "the forward is there: AOTAutograd compiled no backward, or the dump lacks it",
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
        lacks(h, "the files of this dump have none", kTrace);
    }

    // Of all nodes that compute, how many have something.
    template <class Has> std::pair<size_t, size_t> share(Has&& has_it) const {
        size_t all = 0, with = 0;
        for (const Graph& g : dump_.graphs)
            for (const Body& b : g.module->bodies)
                for (const Node& n : b.nodes) {
                    if (n.op == Opcode::Output || n.op == Opcode::GetAttr)
                        continue;
                    const int has = has_it(*g.module, n);
                    all += has >= 0;
                    with += has > 0;
                }
        return {with, all};
    }
    void by_share(Holding& h, std::pair<size_t, size_t> n, const char* why, const char* record) {
        if (n.second == 0)
            return makes_none(h, "no graph has such nodes");
        const std::string found = std::to_string(n.first) + " of " + number_of(n.second, "node", "nodes");
        if (n.first == 0)
            return lacks(h, why, record);
        is_there(h, found);
        // A node that PyTorch itself put in has no line: what lacks for a few is no fault of the dump.
        h.presence = n.first == n.second || n.first * 2 > n.second ? Presence::Present : Presence::Partly;
    }

    void of_graphs() {
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

    void call_ids() {
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

    void names() {
        Holding& h = add(Group::OfGraphs, "input_names", "names of inputs (describe_source)",
            "which parameter of the model an input is, whether it needs a gradient");
        if (dump_.inputs.empty())
            return lacks(h, only_in_trace(), has_trace() ? "" : kTrace);
        const auto parameters = static_cast<size_t>(std::count_if(dump_.inputs.begin(), dump_.inputs.end(),
            [](const DescribedInput& d) { return d.is_parameter; }));
        is_there(h,
            number_of(dump_.inputs.size(), "record", "records") + ", "
                + number_of(parameters, "parameter", "parameters"));
        h.spots.push_back({dump_.inputs.front().file, dump_.inputs.front().line, dump_.inputs.front().offset,
            "describe_source"});
    }

    void symbols() {
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
        lacks(h, only_in_trace(), has_trace() ? "" : kTrace);
    }

    void caches() {
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
                number_of(
                    static_cast<size_t>(std::count_if(dump_.timers.begin(), dump_.timers.end(), of_reuse)),
                    "timer", "timers"));
            timers.spots.push_back({timer->file, timer->line, {}, "first timer"});
        } else if (!calls_regions())
            makes_none(timers, "no compilation calls a region");
        else if (has_reuse_cache(dump_) == false)
            makes_none(
                timers, torch_name(dump_) + " has no reuse cache: each call is traced, and nothing times it");
        else
            lacks(timers, only_in_trace(), has_trace() ? "" : kTrace);
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

    // What the guards say: the name of what was marked.
    void marked() {
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
            lacks(h, only_in_trace(), kTrace);
    }

    void records(CacheRecord::Cache cache, std::string_view key, const char* what) {
        Holding& h = add(Group::Caches, key, what, "whether whole graphs came from disk, and why not");
        const auto of = [&](const CacheRecord& r) { return r.cache == cache; };
        const auto first = std::find_if(dump_.caches.begin(), dump_.caches.end(), of);
        if (first == dump_.caches.end())
            return inductor() || !has_trace()
                ? lacks(h, only_in_trace(), has_trace() ? "" : kTrace)
                : makes_none(h, "no graph was lowered by Inductor, which asks it");
        is_there(h,
            number_of(static_cast<size_t>(std::count_if(dump_.caches.begin(), dump_.caches.end(), of)),
                "record", "records"));
        h.spots.push_back({first->file, first->line, first->offset, "first record"});
    }

    void failures() {
        Holding& h = add(Group::Failures, "failures", "failure records (dynamo_error, fx_interpreter_error)",
            "the whole message, its explanation and hints, the user's frames");
        if (!dump_.failures.empty()) {
            is_there(h, number_of(dump_.failures.size(), "record", "records"));
            h.spots.push_back(
                {dump_.failures.front().file, dump_.failures.front().line, {}, dump_.failures.front().kind});
        } else if (failed())
            lacks(h, "a compilation failed, and no record has its traceback", kTrace);
        else
            makes_none(h, "no compilation failed");
        Holding& why = add(Group::Failures, "recompile_reasons", "recompile reasons",
            "which guard made a frame compile again");
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
                std::to_string(told) + " of "
                    + number_of(again, "further compilation", "further compilations"));
            why.presence = Presence::Partly;
        } else
            lacks(why,
                number_of(again, "further compilation", "further compilations") + ", and nothing says why",
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
                number_of(static_cast<size_t>(
                              std::count_if(dump_.artifacts.begin(), dump_.artifacts.end(), is_break)),
                    "record", "records"));
            breaks.spots.push_back({first->file, first->line, {}, first->name});
        } else if (resumed)
            lacks(breaks, "a function was resumed behind a break, and no record says why",
                "TORCH_LOGS=graph_breaks python train.py 2> torch_logs.txt, or a structured log");
        else
            makes_none(breaks, "no function was resumed behind a break");
    }

    void of_run() {
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
                number_of(static_cast<size_t>(
                              std::count_if(dump_.artifacts.begin(), dump_.artifacts.end(), is_code)),
                    "record", "records"));
            code.spots.push_back({first->file, first->line, {}, first->name});
        } else if (inductor() || !has_trace())
            lacks(code, only_in_trace(), has_trace() ? "" : kTrace);
        else
            makes_none(code, "no graph was lowered by Inductor");
    }

    const Dump& dump_;
    const Ledger& ledger_;
    std::vector<Holding> out_;
};

} // namespace

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
    return Page(dump, ledger).run();
}

} // namespace hopscope
