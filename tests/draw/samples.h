// Bodies to draw: recorded ones, and small ones made by hand.
#pragma once

#include "core/draw/scene.h"
#include "core/graph/dump.h"
#include "core/read/open.h"

#include <string>
#include <string_view>
#include <vector>

namespace hopscope::test {

// One recorded graph by its place in tests/data ("gpt12/values/00_forward.txt"); the test ends where it is
// missing.
std::shared_ptr<const GraphModule> recorded(const std::string& file);
// A text in print_readable's form.
std::shared_ptr<const GraphModule> parsed(std::string text);

// A dump that holds this graph and knows nothing else of it.
Dump dump_of(std::shared_ptr<const GraphModule> module);
// Options with the roles that the graph alone tells.
draw::Options told(const std::shared_ptr<const GraphModule>& module, BodyId body);

// All recorded graphs, with all their bodies.
struct Sample {
    std::string name;
    std::shared_ptr<const GraphModule> module;
    BodyId body;
};
std::vector<Sample> samples();

// A module with one body whose nodes have the given names, each a call of aten.sin of the one before. The
// names may hold any bytes, which no reader lets through.
std::shared_ptr<const GraphModule> hostile(const std::vector<std::string>& names);

// Every box below the one before, every line straight: places that do not change when layout gets better.
Result<layout::Output> stack(const layout::Input& input);
Result<draw::Scene> stacked_scene(const GraphModule& module, BodyId body, const draw::Options& options = {});

NodeId node_named(const GraphModule& module, BodyId body, std::string_view name);

} // namespace hopscope::test
