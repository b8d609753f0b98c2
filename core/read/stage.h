// Which stage a graph out of a text is of: told by what stands above it, by names, or by its placeholders.
#pragma once

#include "core/graph/dump.h"

#include <optional>
#include <string>
#include <string_view>

namespace hopscope::read {

struct StageGuess {
    Stage stage = Stage::Graph;
    std::string label; // "" = nothing beyond the stage
    std::string
        evidence; // "" = nothing told it: "title", "log artifact", "file name", "class name", "placeholders"
    std::optional<int> number; // AOT's number of the graph, of a title "Forward graph 4"
};

// "Forward graph 0", "__compiled_fn_1", "AFTER POST GRAD", "ExportedProgram:" (torch/_logging,
// _format_graph_code; torch/_functorch/_aot_autograd/graph_compile.py). Nothing for words that name no graph.
std::optional<StageGuess> stage_of_title(std::string_view title);
// A TORCH_LOGS artifact: "aot_joint_graph", "graph_code".
std::optional<StageGuess> stage_of_artifact(std::string_view artifact);
// The stem of a file, or of the folder it lies in: "Forward_graph.0", "model__0_backward_3".
std::optional<StageGuess> stage_of_file(std::string_view name);
std::optional<StageGuess> stage_of_class(std::string_view name);
// By what the graph takes and returns (core/graph/roles.h).
std::optional<StageGuess> stage_of_placeholders(const GraphModule& module);

} // namespace hopscope::read
