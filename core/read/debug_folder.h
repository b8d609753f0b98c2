// The folder that TORCH_COMPILE_DEBUG=1 writes (torch/_dynamo/utils.py and torch/_inductor/debug.py):
//   torch_compile_debug/run_2026_07_31_10_08_20_399685-pid_443923/
//       torchdynamo/debug.log
//       torchinductor/aot_model___0_debug.log
//       torchinductor/model__0_forward_1.0/fx_graph_readable.py, output_code.py, …
#pragma once

#include "core/graph/dump.h"

#include <optional>
#include <string>
#include <string_view>

namespace hopscope::read {

// What a file of such a folder is, by its place: its text tells neither stage nor model.
struct DebugPlace {
    enum class Role : uint8_t {
        DynamoLog, // messages without a prefix, and Dynamo's graph
        AotLog,
        Readable, // fx_graph_readable.py: what Inductor was given
        Transformed, // fx_graph_transformed.py: after its post-grad passes
        Runnable, // fx_graph_runnable.py
        Other, // output_code.py, ir_*.txt, provenance: listed, not read as graphs
    };
    Role role = Role::Other;
    std::string run; // the folder of the process, as a path
    int sequence = 0; // in which order the run's graphs were compiled: 1 of "model__0_forward_1.0"
    // Number of the AOTAutograd graph: 0 of "model__0_forward_1.0"; none of a whole run's logs.
    std::optional<int> model;
    std::optional<Stage> stage;
};

// Nothing for a file that lies elsewhere. Works on any part of the folder that the path still shows.
std::optional<DebugPlace> debug_place(std::string_view path);

} // namespace hopscope::read
