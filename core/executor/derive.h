// The joint graph of a forward body: what torch/_higher_order_ops/invoke_subgraph.py,
// trace_joint_graph_as_bwd and its joint_fn make, derived by running the body under autograd and writing down
// what is asked for below it.
#pragma once

#include "core/executor/machine.h"
#include "core/executor/recorder.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace hopscope::executor {

struct JointRequest {
    // For each placeholder; empty = all floating ones. Others never need a gradient.
    std::vector<bool> requires_grad;
    // How many of the body's results are its own; what follows (values that a partitioned forward saves) is
    // cut off.
    std::optional<size_t> outputs;
    // Strides of the tangents, in their order; missing ones are those of the outputs.
    std::vector<std::vector<int64_t>> tangent_strides;
    uint64_t seed = 0; // of the tangents and of random operators
};

// As OutputMetadata of invoke_subgraph.py has it, for each output.
struct JointOutput {
    std::string kind; // "tensor", "int", "float", "bool", "None"
    bool needs_gradient = false; // and so has a tangent; tensors that do not are filtered from the tangents
};

struct JointNode {
    std::string text; // the statement
    std::string forward; // path of the forward's node that it is; empty in the backward
    std::string backward_of; // path of the forward's node whose derivative it is part of; empty if unknown
};

struct Joint {
    struct Placeholder {
        std::string name, type; // type as an annotation
        bool attribute = false; // a tensor that the body has as attribute
    };
    std::vector<Placeholder> placeholders; // primals, then tangents
    std::vector<JointNode> nodes;
    std::string returned; // "(mm_2, None, add)": a gradient for each primal, then the forward's outputs
    std::vector<bool> requires_grad; // of the primals
    std::vector<JointOutput> outputs;
    uint64_t heard = 0; // operators that were called, whether or not their result is needed
    uint64_t run = 0; // nodes of the forward
    std::optional<Failure> failure; // of a forward's node; nothing else is set then
    bool cancelled = false;
};

// Regions that the body calls are put inline. Gradients have the strides that autograd gives them, as in
// PyTorch's own joint graphs (in 7 recorded ones these are not the primals'). An output or gradient that
// shares its storage with an input is cloned (invoke_subgraph.py, clone_outputs_aliasing_inputs). Throws
// c10::Error where the graph cannot be written down, std::invalid_argument where the request does not fit the
// body.
Joint derive_joint(const Program& program, const std::vector<c10::IValue>& inputs,
    const JointRequest& request, wire::Progress* progress, const std::function<bool()>& stop);

} // namespace hopscope::executor
