#include "tests/draw/samples.h"

#include "core/regions/roles.h"

#include <algorithm>
#include <fstream>
#include <iterator>

namespace hopscope::test {

std::shared_ptr<const GraphModule> parsed(std::string text) {
    auto owned = std::make_shared<const std::string>(std::move(text));
    std::vector<Problem> problems;
    auto module = read_print_readable(*owned, owned, false, problems);
    if (!module)
        std::abort();
    return module;
}

std::shared_ptr<const GraphModule> recorded(const std::string& file) {
    std::ifstream in(std::string(HOPSCOPE_TEST_DATA) + "/" + file, std::ios::binary);
    return parsed(std::string(std::istreambuf_iterator<char>(in), {}));
}

Dump dump_of(std::shared_ptr<const GraphModule> module) {
    Dump dump;
    dump.name = "sample";
    Compilation compilation;
    compilation.key.id = "-";
    compilation.graphs = {GraphId(0)};
    dump.compilations.push_back(compilation);
    Graph graph;
    graph.compilation = CompilationId(0);
    graph.module = std::move(module);
    dump.graphs.push_back(graph);
    return dump;
}

draw::Options told(const std::shared_ptr<const GraphModule>& module, BodyId body) {
    draw::Options options;
    options.roles = roles_of(dump_of(module), GraphId(0), body);
    return options;
}

std::vector<Sample> samples() {
    std::vector<Sample> all;
    for (const char* dump : {"mlp4", "gpt12", "dup_tangents"}) {
        for (const char* file : {"00_forward", "01_backward"}) {
            const auto module = recorded(std::string(dump) + "/values/" + file + ".txt");
            for (size_t b = 0; b < module->bodies.size(); ++b)
                all.push_back({std::string(dump) + " " + file + " " + body_path(*module, BodyId(b)), module,
                    BodyId(b)});
        }
    }
    return all;
}

std::shared_ptr<const GraphModule> hostile(const std::vector<std::string>& names) {
    auto module = std::make_shared<GraphModule>();
    Body body;
    const StringId sin = module->strings.keep("torch.ops.aten.sin.default");
    for (size_t i = 0; i <= names.size(); ++i) {
        Node node;
        const bool last = i == names.size();
        node.op = i == 0 ? Opcode::Placeholder : last ? Opcode::Output : Opcode::CallFunction;
        node.name = module->strings.keep(last ? "output" : names[i]);
        node.target = i == 0 || last ? node.name : sin;
        node.args_begin = static_cast<uint32_t>(body.args.size());
        if (i > 0)
            body.args.push_back({ArgKind::Node, 1, static_cast<uint32_t>(i - 1)});
        node.args_end = static_cast<uint32_t>(body.args.size());
        body.nodes.push_back(node);
    }
    derive_uses(body);
    module->bodies.push_back(std::move(body));
    return module;
}

Result<layout::Output> stack(const layout::Input& input) {
    layout::Output output;
    int y = 0;
    for (const layout::Box& box : input.boxes) {
        output.places.push_back({0, y});
        output.rows.push_back(static_cast<int>(output.rows.size()));
        output.width = std::max(output.width, box.width);
        y += box.height + 28;
    }
    output.height = std::max(0, y - 28);
    for (uint32_t v = 0; v < input.values.size(); ++v) {
        const layout::Value& value = input.values[v];
        for (uint32_t u = 0; u < value.users.size(); ++u) {
            const uint32_t from = value.producer;
            const uint32_t to = value.users[u].box;
            output.edges.push_back({v, u,
                {{20, output.places[from].y + input.boxes[from].height}, {20, output.places[to].y}}, false});
        }
    }
    output.engine = "stack";
    return output;
}

Result<draw::Scene> stacked_scene(const GraphModule& module, BodyId body, const draw::Options& options) {
    return draw::make_scene(module, body, options, draw::Placer(stack));
}

NodeId node_named(const GraphModule& module, BodyId body, std::string_view name) {
    return find_node(module, module.body(body), name);
}

} // namespace hopscope::test
