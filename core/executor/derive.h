// The joint graph of a forward body: what torch/_higher_order_ops/invoke_subgraph.py,
// trace_joint_graph_as_bwd and its joint_fn make, derived by running the body under autograd and writing down
// what is asked for below it.
#pragma once

#include "core/executor/machine.h"
#include "core/executor/recorder.h"
#include "core/wire/messages.h"

#include <functional>
#include <vector>

namespace hopscope::executor {

using wire::JointOutput;
using wire::JointRequest;

// Once a node failed nothing but `failure` is set, besides `run`.
struct Joint : wire::JointAnswer {
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
