// Results of two bodies that should be the same computation, judged as a run is: by the noise floor.
#pragma once

#include "core/proof/trials.h"
#include "core/worker/worker.h"

#include <optional>
#include <string>
#include <vector>

namespace hopscope::proof {

// Runs the body that the worker has loaded, on the inputs of a trial, once more: beside itself in double
// precision and with every result moved by a rounding, and judges `found`, another body's results by
// position, against what it gives. `random` are values that its random nodes take instead of drawing them.
// For each result its verdict; none where it holds no floating numbers, or a result before it has the same
// node.
Result<std::vector<std::optional<wire::ComparedValue>>> judge_results(worker::Worker& worker,
    const GraphModule& module, BodyId body, const std::vector<tensors::Value>& inputs, uint64_t seed,
    const std::vector<tensors::Value>& found, const std::vector<tensors::Value>& random, const Job& job);

// The nodes that draw random numbers.
std::vector<NodeId> drawing_nodes(const GraphModule& module, BodyId body);

// Values that `from`'s random nodes drew, under the names of `to`'s, in their order: bodies of one trace draw
// the same numbers, by other operators (aten.rand, prims.inductor_random). Nothing where both draw by the
// same operators, so that a seed is enough. An error, as text, where they cannot be paired.
struct Drawn {
    std::vector<tensors::Value> values;
    std::string problem;
};
Drawn drawn_values(const GraphModule& from, BodyId from_body, const tensors::TensorFile& values,
    const GraphModule& to, BodyId to_body);

// "float16", "bfloat16, float16": the half precisions in which a body's nodes compute.
std::string half_precisions(const GraphModule& module, BodyId body);

} // namespace hopscope::proof
