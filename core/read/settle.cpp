#include "core/read/settle.h"

#include "core/graph/reading.h"
#include "core/graph/roles.h"
#include "core/read/stage.h"

#include <algorithm>
#include <filesystem>
#include <set>
#include <tuple>

namespace hopscope::read {

namespace {

// Names of the values that a root body returns, and whether something in it computed each.
std::vector<std::pair<std::string_view, bool>> returned(const GraphModule& module) {
    std::vector<std::pair<std::string_view, bool>> out;
    const Body& root = module.bodies.front();
    if (const Node* output = output_of(root))
        for (const NodeId input : root.inputs_of(*output))
            out.emplace_back(module.text(root.node(input).name), root.node(input).op != Opcode::Placeholder);
    return out;
}

// Whether all that `b` takes, `a` gives behind its own results, and something of it `a` has computed: saved
// values, under their names. A graph that takes the results themselves is the next piece of a model that was
// split (torch/fx/passes/splitter_base.py).
bool takes_saved_values(const GraphModule& a, const GraphModule& b) {
    const auto given = returned(a);
    bool computed = false;
    size_t inputs = 0;
    size_t first = given.size();
    for (const Node& node : b.bodies.front().nodes) {
        if (node.op != Opcode::Placeholder)
            continue;
        ++inputs;
        const std::string_view name = b.text(node.name);
        if (is_tangent(b, node))
            continue;
        const auto known =
            std::find_if(given.begin(), given.end(), [&](const auto& g) { return g.first == name; });
        if (known == given.end())
            return false;
        first = std::min(first, static_cast<size_t>(known - given.begin()));
        computed = computed || known->second;
    }
    return inputs > 0 && first > 0 && computed;
}

bool unnamed(const Graph& g) {
    return g.stage == Stage::Graph && g.stage_evidence.empty();
}

} // namespace

void settle_tasks(Collector& collector) {
    std::vector<GraphTask>& tasks = collector.tasks;
    std::set<std::pair<uint32_t, int>> numbers;
    std::set<uint32_t> several;
    for (const GraphTask& t : tasks)
        if (t.from_text && t.key.id == "-" && t.number)
            numbers.emplace(t.file.index, *t.number);
    for (auto at = numbers.begin(); at != numbers.end(); ++at)
        if (const auto next = std::next(at); next != numbers.end() && next->first == at->first)
            several.insert(at->first);
    for (GraphTask& t : tasks)
        if (t.from_text && t.key.id == "-" && t.number && several.contains(t.file.index))
            t.key.id = "aot" + std::to_string(*t.number);
    for (const GraphTask& t : tasks) {
        collector.reading = t.owner ? t.owner : t.file;
        collector.compilation(t.key);
    }
}

void settle_graphs(Dump& dump, const std::vector<bool>& of_text) {
    for (size_t i = 0; i < dump.graphs.size(); ++i) {
        Graph& g = dump.graphs[i];
        if (!of_text[i] || !unnamed(g))
            continue;
        if (const auto guess = stage_of_placeholders(*g.module)) {
            g.stage = guess->stage;
            g.stage_evidence = guess->evidence;
            if (g.label.empty())
                g.label = guess->label;
        }
    }
    for (size_t i = 0; i + 1 < dump.graphs.size(); ++i) {
        Graph& a = dump.graphs[i];
        Graph& b = dump.graphs[i + 1];
        if (!of_text[i] || !of_text[i + 1] || a.file != b.file || !unnamed(a) || !unnamed(b)
            || !takes_saved_values(*a.module, *b.module))
            continue;
        a.stage = Stage::Forward;
        b.stage = Stage::Backward;
        a.stage_evidence = b.stage_evidence = "names of saved values";
    }
    // A graph of no known stage is called as its file.
    for (size_t i = 0; i < dump.graphs.size(); ++i) {
        Graph& g = dump.graphs[i];
        if (of_text[i] && unnamed(g) && g.label.empty())
            g.label = std::filesystem::path(dump.files[g.file.index].path).stem().string();
    }
    std::set<std::tuple<uint32_t, Stage, std::string>> seen;
    for (size_t i = 0; i < dump.graphs.size(); ++i) {
        Graph& g = dump.graphs[i];
        if (seen.emplace(g.compilation.index, g.stage, g.label).second || !of_text[i])
            continue;
        g.label += (g.label.empty() ? "line " : " line ") + std::to_string(g.line);
    }
}

} // namespace hopscope::read
