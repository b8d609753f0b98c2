// Joint graphs of forward bodies: derived on the executor, and found among those that were recorded.
//
// A joint graph takes (primals, tangents) and returns (gradients, forward outputs), one gradient for each
// primal, None where it needs none (torch/_higher_order_ops/invoke_subgraph.py, trace_joint_graph_as_bwd).
#pragma once

#include "core/base/job.h"
#include "core/base/result.h"
#include "core/graph/dump.h"
#include "core/graph/symbols.h"
#include "core/worker/worker.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace hopscope::proof {

struct DerivedJoint {
    std::shared_ptr<const GraphModule> module; // one body
    std::vector<bool> requires_grad; // of the primals
    std::vector<wire::JointOutput> outputs; // what each of the forward's outputs is
    uint64_t heard = 0; // operators that were called; those whose result nobody needs are left out
};

// Derives the joint graph of `body`, which must be what `worker` has loaded, with its inputs bound. Regions
// that it calls are put inline. Nodes of the forward keep their names and source lines; nodes of the backward
// have the source line of the node whose derivative they are. Sizes are those of the inputs. Errors: External
// with the node that failed or what could not be written down; Cancelled.
Result<DerivedJoint> derive_joint(worker::Worker& worker, const GraphModule& forward, BodyId body,
    const wire::JointRequest& request, const Job& job = {});

// Puts it into a dump, as a joint graph with the label "joint (derived)".
GraphId add_to(Dump& dump, CompilationId compilation, const DerivedJoint& joint);

// A joint graph that PyTorch recorded for a forward body; there is one for each tangent variant.
struct RecordedJoint {
    Place place; // node none
    std::string identifier; // "bw_subgraph_0_1"
    std::optional<int> variant;
};
// Those of a forward body ("fw_…", "partitioned_fw_…", or unnamed inside of one), by variant.
std::vector<RecordedJoint> recorded_joints(const Dump& dump, const Place& forward);

// What a partitioned forward's backward body says of its joint graph, where none was recorded: `outputs` as
// own_results (core/regions/roles.h), nothing else where there is no backward body either.
wire::JointRequest request_from_backward(const Dump& dump, const Place& forward, const Bindings& symbols);

// What a recorded joint graph says of which primals need a gradient, of its tangents' strides and of its
// outputs. Errors: NotFound naming the symbol that is not bound; Damaged where the body is no joint graph of
// so many primals.
Result<wire::JointRequest> request_like(
    const GraphModule& module, BodyId joint, size_t primals, const Bindings& symbols);

// What is to be derived of a forward body: like the recorded joint graph of it where there is one (of that
// tangent variant; none: the first), else as its backward body tells. Errors: NotFound where no graph has the
// variant; Usage where the body also returns what it saves and nothing in the dump tells it apart (then
// `outputs` says how many are its own).
struct JointPlan {
    wire::JointRequest request;
    std::string
        note; // on what evidence results are the body's own, where that had to be inferred; else empty
    std::optional<RecordedJoint> recorded;
};
Result<JointPlan> plan_joint(const Dump& dump, const Place& forward, const Bindings& symbols,
    std::optional<int> variant = {}, std::optional<size_t> outputs = {});

// An operator that two joint graphs hold in different numbers.
struct OperatorDifference {
    std::string target; // "aten.view.default"
    int recorded = 0, derived = 0;
    std::string reason; // why it is the same computation all the same; empty where nothing explains it
};
// Calls of regions in the recorded graph count as what they run, each forward once.
std::vector<OperatorDifference> compare_operators(
    const GraphModule& recorded, BodyId recorded_body, const GraphModule& derived, BodyId derived_body);

} // namespace hopscope::proof
