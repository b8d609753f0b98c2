#include "core/read/read_graphs.h"

#include "core/base/text.h"
#include "core/graph/calls.h"
#include "core/read/readable.h"
#include "core/read/script_task.h"
#include "core/read/settle.h"

#include <algorithm>
#include <atomic>
#include <map>
#include <thread>
#include <tuple>

namespace hopscope::read {

namespace {

// What a text held. Each task has its own, so that the outcome is the same whatever the timing.
struct Output {
    std::vector<ReadableModule> modules;
    std::vector<Problem> problems;
    std::optional<Script> script;
    bool is_artifact = false; // it was to be a script, and is none
};

bool lacks_return(const GraphModule& module) {
    return std::any_of(module.bodies.begin(), module.bodies.end(), [](const Body& b) {
        return !b.nodes.empty() && std::none_of(b.nodes.begin(), b.nodes.end(), [](const Node& n) {
            return n.op == Opcode::Output;
        });
    });
}

// The regions that are called and whose bodies the text lacks, in order of their first calls.
std::vector<std::string> lacking_bodies(const GraphModule& module) {
    std::vector<std::string> names;
    for (size_t b = 0; b < module.bodies.size(); ++b)
        for (const RegionCall& call : region_calls(module, BodyId(b))) {
            std::string name(module.strings.text(call.attribute));
            if (!call.body && std::find(names.begin(), names.end(), name) == names.end())
                names.push_back(std::move(name));
        }
    return names;
}

// Lines of a text that was made of others become those of the file.
void in_file(const GraphTask& task, std::vector<ReadableModule>& modules, std::vector<Problem>& problems) {
    const auto line_of = [&](uint64_t line) {
        return line >= task.line && line - task.line < task.lines->size() ? (*task.lines)[line - task.line]
                                                                          : task.line;
    };
    for (ReadableModule& module : modules) {
        module.line = static_cast<uint32_t>(line_of(module.line));
        // The reader has just made the module, for us alone.
        for (Body& body : std::const_pointer_cast<GraphModule>(module.module)->bodies)
            for (Node& node : body.nodes)
                node.line = static_cast<uint32_t>(line_of(node.line));
    }
    for (Problem& problem : problems) {
        problem.line = line_of(problem.line);
        problem.offset = task.offset;
    }
}

void read_task(GraphTask& task, Output& out) {
    if (task.script) {
        out.script = read_task_script(task);
        out.is_artifact = !out.script && task.else_artifact;
        if (out.is_artifact)
            return;
    }
    ReadableOptions options;
    options.tabbed = task.tabbed;
    options.first_line = task.line;
    options.first_offset = task.offset;
    options.partial = task.partial;
    if (task.places)
        options.places = std::span(*task.places).subspan(std::min(task.places_from, task.places->size()));
    out.modules = read_modules(task.text, task.storage, options, out.problems);
    if (task.lines)
        in_file(task, out.modules, out.problems);
}

std::vector<Output> read_tasks(Collector& collector, unsigned wanted) {
    std::vector<GraphTask>& tasks = collector.tasks;
    const Job& job = *collector.job;
    std::vector<Output> outputs(tasks.size());
    // Largest first: the threads end together.
    std::vector<size_t> order(tasks.size());
    std::vector<size_t> sizes;
    uint64_t texts_total = 1;
    for (size_t i = 0; i < order.size(); ++i) {
        order[i] = i;
        sizes.push_back(tasks[i].text.size());
        texts_total += sizes.back();
    }
    std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return sizes[a] > sizes[b]; });
    std::atomic<size_t> next{0};
    std::atomic<uint64_t> texts_done{0};
    const uint64_t total = collector.bytes_total;
    const uint64_t scanned = total / Collector::kScanShare;
    const auto caller = std::this_thread::get_id();
    const auto work = [&] {
        for (size_t i = next++; i < order.size() && !job.cancelled(); i = next++) {
            read_task(tasks[order[i]], outputs[order[i]]);
            texts_done += sizes[order[i]];
            if (std::this_thread::get_id() == caller)
                job.report(scanned + (total - scanned) * texts_done / texts_total, total, "reading graphs");
        }
    };
    std::vector<std::thread> threads;
    for (unsigned i = 1; i < wanted && i < tasks.size(); ++i)
        threads.emplace_back(work);
    work();
    for (std::thread& t : threads)
        t.join();
    return outputs;
}

// What scripts say beside their graphs, in the order of the texts.
void tell_scripts(Collector& collector, std::vector<Output>& outputs) {
    for (size_t i = 0; i < outputs.size(); ++i) {
        if (!outputs[i].script)
            continue;
        GraphTask& task = collector.tasks[i];
        collector.reading = task.owner ? task.owner : task.file;
        tell_script(collector, task, std::move(*outputs[i].script),
            collector.dump.files[task.file.index].path, false);
    }
    // From the last one on: an artifact's place counts those before it.
    std::vector<Artifact>& artifacts = collector.dump.artifacts;
    for (size_t i = outputs.size(); i-- > 0;)
        if (outputs[i].is_artifact) {
            auto& [place, artifact] = *collector.tasks[i].else_artifact;
            artifacts.insert(artifacts.begin() + static_cast<ptrdiff_t>(place), std::move(artifact));
        }
}

Graph graph_of(Collector& collector, const GraphTask& task, Output& out, size_t k) {
    ReadableModule& found = out.modules[k];
    Graph g;
    g.compilation = collector.compilation(task.key);
    g.stage = task.stage;
    g.label = task.label;
    std::string_view name = found.label;
    while (name.ends_with(':'))
        name.remove_suffix(1);
    // The graph of a stage is the one without a label.
    if (out.modules.size() > 1 && !name.empty() && (task.stage == Stage::Graph || !g.label.empty()))
        g.label += (g.label.empty() ? "" : " ") + std::string(name);
    g.file = task.file;
    g.line = found.line;
    g.offset = task.lines ? task.offset : found.file_offset;
    g.stage_evidence = task.evidence;
    const bool is_last = k + 1 == out.modules.size();
    const size_t end = is_last ? task.text.size() : out.modules[k + 1].offset;
    g.text = task.text.substr(found.offset, end - found.offset);
    g.tabbed = task.tabbed;
    // Of a text that ends early, the last graph is not whole: its tail, or the bodies behind it.
    std::vector<std::string> lacking =
        task.from_text || task.cut ? lacking_bodies(*found.module) : std::vector<std::string>{};
    std::erase(lacking, ""); // called by what is not in the text either, which is told of
    g.cut = lacks_return(*found.module) || (task.cut && is_last && !lacking.empty());
    if (task.from_text && !g.cut && !lacking.empty()) // a script never prints them
        collector.problem(Severity::Note,
            "the text lacks a body that it calls: " + lacking.front()
                + (lacking.size() > 1 ? ", and " + std::to_string(lacking.size() - 1) + " more" : ""),
            g.file, g.line, g.offset);
    g.saved = task.saved;
    g.module = std::move(found.module);
    return g;
}

// A text may hold a graph twice, as a log with two handlers does. Both are listed, and that they are equal is
// said.
void tell_repeated(Collector& collector, const std::vector<bool>& of_text) {
    Dump& dump = collector.dump;
    struct Repeated {
        size_t first = 0, again = 0, count = 0;
    };
    std::map<FileId, Repeated> repeated;
    std::map<std::tuple<FileId, CompilationId, Stage, std::string, std::string_view>, size_t> seen;
    for (size_t g = 0; g < dump.graphs.size(); ++g) {
        const Graph& graph = dump.graphs[g];
        if (!of_text[g] || graph.cut)
            continue;
        // Without what told it apart from the first of its name.
        std::string label = graph.label;
        if (const std::string line = "line " + std::to_string(graph.line); label.ends_with(line))
            label.resize(label.size() - line.size());
        while (label.ends_with(' '))
            label.pop_back();
        std::string_view text = graph.text;
        text = text.substr(0, text.find_last_not_of(" \t\r\n") + 1); // npos + 1 = 0
        const auto [at, is_new] =
            seen.try_emplace({graph.file, graph.compilation, graph.stage, label, text}, g);
        if (is_new)
            continue;
        Repeated& of_file = repeated[graph.file];
        if (!of_file.count++) {
            of_file.first = at->second;
            of_file.again = g;
        }
    }
    for (const auto& [file, r] : repeated)
        collector.problem(Severity::Note,
            (r.count == 1 ? "a graph stands" : counted(r.count, "graph") + " stand")
                + " in this text twice, word for word, under one compilation"
                + (r.count == 1 ? ": this one" : "; the first is this one") + ", as on line "
                + std::to_string(dump.graphs[r.first].line),
            file, dump.graphs[r.again].line, dump.graphs[r.again].offset);
}

} // namespace

void read_graphs(Collector& collector, unsigned threads) {
    std::vector<Output> outputs =
        read_tasks(collector, threads ? threads : std::min(4U, std::thread::hardware_concurrency()));
    tell_scripts(collector, outputs);
    Dump& dump = collector.dump;
    std::vector<bool> of_text;
    for (size_t i = 0; i < outputs.size(); ++i) {
        const GraphTask& task = collector.tasks[i];
        collector.reading = task.owner ? task.owner : task.file;
        for (Problem& p : outputs[i].problems) {
            p.file = task.file;
            dump.problems.push_back(std::move(p));
        }
        if (outputs[i].modules.empty() && task.must_hold_graph && !outputs[i].is_artifact
            && !collector.job->cancelled())
            collector.problem(Severity::Warning,
                "found no graph in "
                    + (task.label.empty() ? std::string(stage_name(task.stage)) : task.label),
                task.file, task.line, task.offset);
        for (size_t k = 0; k < outputs[i].modules.size(); ++k) {
            dump.graphs.push_back(graph_of(collector, task, outputs[i], k));
            of_text.push_back(task.from_text);
        }
    }
    settle_graphs(dump, of_text);
    tell_repeated(collector, of_text);
}

} // namespace hopscope::read
