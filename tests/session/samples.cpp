#include "tests/session/samples.h"

#include "core/read/open.h"

#include <algorithm>
#include <filesystem>
#include <memory>
#include <tuple>

namespace hopscope::test {

namespace {

constexpr const char* kForward = R"(class GraphModule(torch.nn.Module):
    def forward(self, primals_1: "f32[2, 4][4, 1]cpu", primals_2: "f32[4, 4][4, 1]cpu"):
        # File: /home/dev/model.py:26 in forward, code: x = block(self.läyer, x)
        fw_subgraph_0 = self.fw_subgraph_0
        invoke_subgraph = torch.ops.higher_order.invoke_subgraph(fw_subgraph_0, 'fw_subgraph_0', primals_1, primals_2);  fw_subgraph_0 = primals_1 = primals_2 = None
        getitem: "f32[2, 4][4, 1]cpu" = invoke_subgraph[0];  invoke_subgraph = None
        return (getitem,)

    class fw_subgraph_0(torch.nn.Module):
        def forward(self, arg0_1: "f32[2, 4][4, 1]cpu", arg1_1: "f32[4, 4][4, 1]cpu"):
            # File: /home/dev/model.py:12 in block, code: return torch.sin(x @ w)
            mm: "f32[2, 4][4, 1]cpu" = torch.ops.aten.mm.default(arg0_1, arg1_1);  arg0_1 = arg1_1 = None
            sin: "f32[2, 4][4, 1]cpu" = torch.ops.aten.sin.default(mm);  mm = None
            return (sin,)
)";

std::string tabbed(const std::string& text) {
    std::string out = "\t";
    for (size_t i = 0; i < text.size(); ++i) {
        out += text[i];
        if (text[i] == '\n' && i + 1 < text.size())
            out += '\t';
    }
    return out;
}

Graph graph(CompilationId compilation, Stage stage, const std::string& text, bool with_tabs) {
    auto storage = std::make_shared<const std::string>(text);
    std::vector<Problem> problems;
    Graph g;
    g.compilation = compilation;
    g.stage = stage;
    g.file = FileId(0);
    g.line = 120;
    g.offset = 4096;
    g.text = *storage;
    g.tabbed = with_tabs;
    g.module = read_print_readable(g.text, storage, with_tabs, problems);
    return g;
}

} // namespace

Dump hand_made() {
    Dump d;
    d.name = "hand 'made'";
    d.torch_version = "2.13.0+cpu";
    d.has_text_log = true;
    d.files = {{"trace.log", "TORCH_TRACE", 123456789012}, {"a \"b\" \xF0\x9F\x94\xA5.txt", "TORCH_LOGS", 7}};
    Compilation c;
    c.key = {.rank = {}, .id = "0/0", .attempt = 0};
    c.function = "forward";
    c.file = "/home/dev/model.py";
    c.line = 20;
    c.fail_type = "RuntimeError";
    c.fail_reason = "line one\nline two";
    c.recompile_reason = "L['x'].size()[0] == 2";
    c.compile_seconds = 1.25;
    c.last_attempt = false;
    d.compilations.push_back(c);
    c.key = {.rank = {}, .id = "0/0", .attempt = 1};
    c.last_attempt = true;
    d.compilations.push_back(c);
    c.key = {.rank = 3, .id = "!1/2/0", .attempt = 0};
    d.compilations.push_back(c);
    d.graphs.push_back(graph(CompilationId(1), Stage::Forward, kForward, false));
    d.graphs.push_back(graph(CompilationId(2), Stage::Forward, tabbed(kForward), true));
    d.graphs.push_back(graph(CompilationId(2), Stage::PostGrad, kForward, false));
    d.graphs.back().label = "before_pass";
    d.graphs.push_back(graph(CompilationId(2), Stage::Forward, kForward, false));
    d.graphs.back().ordinal = 1;
    d.graphs.back().stage_evidence = "title";
    d.graphs.back().cut = true;
    d.graphs.back().also = {{FileId(1), 77, 5000}, {FileId(0), 1, 0}};
    SavedTensor weight;
    weight.name = "primals_2";
    weight.path = "/home/dev/model.pt2";
    weight.member = "model/data/weights/weight_0";
    weight.dtype = "float32";
    weight.shape = {4, 4};
    weight.stride = {4, 1};
    weight.offset = 3;
    SavedTensor input;
    input.name = "primals_1";
    input.path = "/home/dev/model.pt2";
    input.member = "model/data/sample_inputs/model.pt";
    input.pickled = true;
    input.entry = "[0][0]";
    input.place = 2;
    input.sample = true;
    d.graphs[0].saved = {weight, input};
    d.sources.push_back({"class N\xC3\xA4t", FileId(1), 3, 40});
    d.compilations[1].graphs = {GraphId(0)};
    d.compilations[2].graphs = {GraphId(3), GraphId(1), GraphId(2)};
    for (size_t kind = 0; kind <= static_cast<size_t>(RegionTimer::Kind::FakeTensor); ++kind)
        d.timers.push_back({.kind = static_cast<RegionTimer::Kind>(kind),
            .compilation = CompilationId(1),
            .begin_us = 1795450200818224.25,
            .end_us = kind == 2 ? std::nullopt : std::optional(1795450200818999.5),
            .parent = kind == 0 ? std::nullopt : std::optional(static_cast<uint32_t>(kind) - 1),
            .file = FileId(0),
            .line = kind});
    for (size_t kind = 0; kind <= static_cast<size_t>(ReuseMessage::Kind::Other); ++kind)
        d.messages.push_back({.kind = static_cast<ReuseMessage::Kind>(kind),
            .key = {0, "0/0", 1},
            .identifier = "subgraph_0",
            .function = "block",
            .detail = std::string("a\0b", 3),
            .count = kind == 0 ? std::nullopt : std::optional(static_cast<int>(kind) - 1),
            .file = FileId(1),
            .line = kind});
    d.duplicates.push_back(
        {CompilationId(1), "fw_subgraph_0", "bw_subgraph_0_1", "{\"a\": 1}", FileId(0), 5});
    d.failures.push_back({CompilationId(0), "dynamo_error", "message", "whole\ntext", FileId(0), 6});
    d.failures.push_back({CompilationId(), "fx_interpreter_error", "", "", FileId(), 0});
    d.artifacts.push_back({CompilationId(1), "aotautograd_cache_miss", FileId(0), 7, 1ull << 40});
    d.symbols.push_back({CompilationId(1), "s77", "8", "[2, int_oo]", "L['ids'].size()[0]", FileId(0), 9});
    d.caches.push_back({CacheRecord::Cache::FxGraph, CacheRecord::State::Bypass, CompilationId(1), true,
        "fkey", "cache not enabled", 12520.0, std::nullopt, FileId(0), 11, 1100});
    d.caches.push_back({CacheRecord::Cache::AotAutograd, CacheRecord::State::Disabled, CompilationId(),
        std::nullopt, "", "", std::nullopt, 0.5, FileId(), 0, 0});
    d.inputs.push_back({CompilationId(1), "L['self']._parameters['w']", "float32", "[8, 16]", "[16, 1]",
        "device(type='cuda', index=0)", true, true, false, 0, 4, std::nullopt, 3, 512, FileId(0), 12, 1200});
    d.inputs.push_back({CompilationId(1), "L['x']", "int64", "[]", "[]", "", false, false, true, std::nullopt,
        std::nullopt, 4, std::nullopt, std::nullopt, FileId(0), 13, 1300});
    d.module_calls.push_back(
        {CompilationId(1), "L['self']._modules['b']", "block", "return b(x)", FileId(0), 15});
    d.marked.push_back({CompilationId(1), "decoder_layer", "/m.py", 18, FileId(0), 14});
    d.symbols.push_back({CompilationId(), "zf1", "1e-05", "[-oo, oo]", "", FileId(), 0});
    d.problems.push_back({Severity::Warning, "bad line", FileId(0), 8, 999});
    d.problems.push_back({Severity::Note, "nothing", FileId(), 0, 0});
    return d;
}

Dump recorded(const std::string& name) {
    const std::string folder = std::string(HOPSCOPE_TEST_DATA) + "/" + name;
    Result<Dump> dump = open_dump({folder + "/trace", folder + "/torch_logs.txt.gz"});
    if (!dump.ok()) // some have no text log
        dump = open_dump({folder + "/trace"});
    return dump.ok() ? std::move(dump).value() : Dump();
}

std::vector<std::string> recordings() {
    return {"gpt12", "dup_tangents", "ddp4", "failing", "recompiles", "too_many_shapes", "gpt4_dynamic",
        "effects", "v2.9-mlp4"};
}

namespace {

// Collects the name of the first pair of values that differ.
class FirstDifference {
public:
    template <class Value> void operator()(const std::string& what, const Value& a, const Value& b) {
        if (found.empty() && !(a == b))
            found = what;
    }
    std::string found;
};

void compare_modules(
    FirstDifference& same, const std::string& where, const GraphModule* a, const GraphModule* b) {
    same(where + "has a module", a != nullptr, b != nullptr);
    if (!a || !b || !same.found.empty())
        return;
    same(where + "bodies", a->bodies.size(), b->bodies.size());
    same(where + "nodes", a->node_count(), b->node_count());
    if (!same.found.empty())
        return;
    same(where + "text", same_body(*a, BodyId(0), *b, BodyId(0)), true);
    for (size_t i = 0; i < a->bodies.size(); ++i)
        for (size_t n = 0; n < a->bodies[i].nodes.size(); ++n)
            same(where + "node's line", a->bodies[i].nodes[n].line, b->bodies[i].nodes[n].line);
}

void compare_graphs(FirstDifference& same, const Dump& a, const Dump& b) {
    for (size_t i = 0; i < a.graphs.size(); ++i) {
        const Graph &x = a.graphs[i], &y = b.graphs[i];
        const std::string where = "graph " + std::to_string(i) + ": ";
        same(where + "compilation", x.compilation, y.compilation);
        same(where + "stage", x.stage, y.stage);
        same(where + "label", x.label, y.label);
        same(where + "ordinal", x.ordinal, y.ordinal);
        same(where + "file", x.file, y.file);
        same(where + "line", x.line, y.line);
        same(where + "offset", x.offset, y.offset);
        // A script with bodies that were taken from another graph is kept as it prints: its text has them
        // not.
        const bool borrowed = x.module && x.module->bodies.size() > 1
            && x.module->text(x.module->bodies[0].class_name) == "Repro";
        if (!borrowed)
            same(where + "text", x.text, y.text);
        same(where + "tabbed", x.tabbed, y.tabbed);
        same(where + "stage_evidence", x.stage_evidence, y.stage_evidence);
        same(where + "cut", x.cut, y.cut);
        same(where + "also", x.also.size(), y.also.size());
        for (size_t k = 0; k < std::min(x.also.size(), y.also.size()); ++k)
            same(where + "also", std::tie(x.also[k].file, x.also[k].line, x.also[k].offset),
                std::tie(y.also[k].file, y.also[k].line, y.also[k].offset));
        same(where + "saved", x.saved.size(), y.saved.size());
        for (size_t k = 0; k < std::min(x.saved.size(), y.saved.size()); ++k) {
            const SavedTensor &s = x.saved[k], &t = y.saved[k];
            same(where + "saved " + s.name,
                std::tie(s.name, s.member, s.pickled, s.entry, s.place, s.sample, s.dtype, s.shape, s.stride,
                    s.offset),
                std::tie(t.name, t.member, t.pickled, t.entry, t.place, t.sample, t.dtype, t.shape, t.stride,
                    t.offset));
            same(where + "path of " + s.name, std::filesystem::absolute(s.path).lexically_normal().string(),
                std::filesystem::absolute(t.path).lexically_normal().string());
        }
        compare_modules(same, where, x.module.get(), y.module.get());
    }
}

void compare_compilations(FirstDifference& same, const Dump& a, const Dump& b) {
    for (size_t i = 0; i < a.files.size(); ++i) {
        same("file path", a.files[i].path, b.files[i].path);
        same("file kind", a.files[i].kind, b.files[i].kind);
        same("file bytes", a.files[i].bytes, b.files[i].bytes);
    }
    for (size_t i = 0; i < a.compilations.size(); ++i) {
        const Compilation &x = a.compilations[i], &y = b.compilations[i];
        same("compilation key", x.key, y.key);
        same("compilation function", x.function, y.function);
        same("compilation file", x.file, y.file);
        same("compilation line", x.line, y.line);
        same("fail_type", x.fail_type, y.fail_type);
        same("fail_reason", x.fail_reason, y.fail_reason);
        same("recompile_reason", x.recompile_reason, y.recompile_reason);
        same("compile_seconds", x.compile_seconds, y.compile_seconds);
        same("last_attempt", x.last_attempt, y.last_attempt);
        same("compilation graphs", x.graphs, y.graphs);
    }
}

void compare_evidence(FirstDifference& same, const Dump& a, const Dump& b) {
    for (size_t i = 0; i < a.timers.size(); ++i) {
        const RegionTimer &x = a.timers[i], &y = b.timers[i];
        same("timer kind", x.kind, y.kind);
        same("timer compilation", x.compilation, y.compilation);
        same("timer begin", x.begin_us, y.begin_us);
        same("timer end", x.end_us, y.end_us);
        same("timer parent", x.parent, y.parent);
        same("timer place", std::pair(x.file, x.line), std::pair(y.file, y.line));
    }
    for (size_t i = 0; i < a.messages.size(); ++i) {
        const ReuseMessage &x = a.messages[i], &y = b.messages[i];
        same("message kind", x.kind, y.kind);
        same("message key", x.key, y.key);
        same("message identifier", x.identifier, y.identifier);
        same("message function", x.function, y.function);
        same("message detail", x.detail, y.detail);
        same("message count", x.count, y.count);
        same("message place", std::pair(x.file, x.line), std::pair(y.file, y.line));
    }
}

void compare_reports(FirstDifference& same, const Dump& a, const Dump& b) {
    for (size_t i = 0; i < a.duplicates.size(); ++i) {
        const BackwardDuplicate &x = a.duplicates[i], &y = b.duplicates[i];
        same("duplicate",
            std::tie(x.compilation, x.forward_identifier, x.backward_identifier, x.text, x.file, x.line),
            std::tie(y.compilation, y.forward_identifier, y.backward_identifier, y.text, y.file, y.line));
    }
    for (size_t i = 0; i < a.failures.size(); ++i) {
        const Failure &x = a.failures[i], &y = b.failures[i];
        same("failure", std::tie(x.compilation, x.kind, x.message, x.text, x.file, x.line),
            std::tie(y.compilation, y.kind, y.message, y.text, y.file, y.line));
    }
    for (size_t i = 0; i < a.symbols.size(); ++i) {
        const SymbolHint &x = a.symbols[i], &y = b.symbols[i];
        same("symbol", std::tie(x.compilation, x.name, x.value, x.range, x.source, x.file, x.line),
            std::tie(y.compilation, y.name, y.value, y.range, y.source, y.file, y.line));
    }
    for (size_t i = 0; i < a.caches.size(); ++i) {
        const CacheRecord &x = a.caches[i], &y = b.caches[i];
        same("cache", std::tie(x.cache, x.state, x.compilation, x.backward, x.key, x.reason),
            std::tie(y.cache, y.state, y.compilation, y.backward, y.key, y.reason));
        same("cache times and place", std::tie(x.saved_ms, x.took_ms, x.file, x.line, x.offset),
            std::tie(y.saved_ms, y.took_ms, y.file, y.line, y.offset));
    }
    for (size_t i = 0; i < a.inputs.size(); ++i) {
        const DescribedInput &x = a.inputs[i], &y = b.inputs[i];
        same("input", std::tie(x.compilation, x.source, x.dtype, x.shape, x.stride),
            std::tie(y.compilation, y.source, y.dtype, y.shape, y.stride));
        same("input flags", std::tie(x.requires_grad, x.is_parameter, x.is_view, x.storage, x.storage_bytes),
            std::tie(y.requires_grad, y.is_parameter, y.is_view, y.storage, y.storage_bytes));
        same("input tensor", std::tie(x.device, x.describer, x.tensor, x.base),
            std::tie(y.device, y.describer, y.tensor, y.base));
        same("input place", std::tie(x.file, x.line, x.offset), std::tie(y.file, y.line, y.offset));
    }
    for (size_t i = 0; i < a.module_calls.size(); ++i) {
        const ModuleCall &x = a.module_calls[i], &y = b.module_calls[i];
        same("module call", std::tie(x.compilation, x.module, x.function, x.code, x.file, x.line),
            std::tie(y.compilation, y.module, y.function, y.code, y.file, y.line));
    }
    for (size_t i = 0; i < a.marked.size(); ++i) {
        const MarkedFunction &x = a.marked[i], &y = b.marked[i];
        same("marked", std::tie(x.compilation, x.name, x.source_file, x.source_line, x.file, x.line),
            std::tie(y.compilation, y.name, y.source_file, y.source_line, y.file, y.line));
    }
    for (size_t i = 0; i < a.artifacts.size(); ++i) {
        const Artifact &x = a.artifacts[i], &y = b.artifacts[i];
        same("artifact", std::tie(x.compilation, x.name, x.file, x.line, x.bytes),
            std::tie(y.compilation, y.name, y.file, y.line, y.bytes));
    }
    for (size_t i = 0; i < a.sources.size(); ++i) {
        const SourceText &x = a.sources[i], &y = b.sources[i];
        same("source", std::tie(x.label, x.file, x.line, x.offset),
            std::tie(y.label, y.file, y.line, y.offset));
    }
    for (size_t i = 0; i < a.problems.size(); ++i) {
        const Problem &x = a.problems[i], &y = b.problems[i];
        same("problem", std::tie(x.severity, x.message, x.file, x.line, x.offset),
            std::tie(y.severity, y.message, y.file, y.line, y.offset));
    }
}

} // namespace

std::string difference(const Dump& a, const Dump& b) {
    FirstDifference same;
    same("name", a.name, b.name);
    same("torch_version", a.torch_version, b.torch_version);
    same("has_text_log", a.has_text_log, b.has_text_log);
    same("cancelled", a.cancelled, b.cancelled);
    same("files", a.files.size(), b.files.size());
    same("compilations", a.compilations.size(), b.compilations.size());
    same("graphs", a.graphs.size(), b.graphs.size());
    same("timers", a.timers.size(), b.timers.size());
    same("messages", a.messages.size(), b.messages.size());
    same("duplicates", a.duplicates.size(), b.duplicates.size());
    same("failures", a.failures.size(), b.failures.size());
    same("artifacts", a.artifacts.size(), b.artifacts.size());
    same("symbols", a.symbols.size(), b.symbols.size());
    same("caches", a.caches.size(), b.caches.size());
    same("inputs", a.inputs.size(), b.inputs.size());
    same("marked", a.marked.size(), b.marked.size());
    same("module calls", a.module_calls.size(), b.module_calls.size());
    same("sources", a.sources.size(), b.sources.size());
    same("problems", a.problems.size(), b.problems.size());
    if (!same.found.empty())
        return same.found;
    compare_compilations(same, a, b);
    compare_graphs(same, a, b);
    compare_evidence(same, a, b);
    compare_reports(same, a, b);
    return same.found;
}

} // namespace hopscope::test
