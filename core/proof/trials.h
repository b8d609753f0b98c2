// The input sets on which bodies are compared, and what a body gives for one.
#pragma once

#include "core/run/inputs.h"
#include "core/worker/worker.h"

#include <optional>
#include <string>
#include <vector>

namespace hopscope::proof {

// Values for a joint graph's placeholders, by position.
struct Trial {
    std::string name; // "seed 0", "seed 0, arg3_1 permuted"
    uint64_t seed = 0; // of random operators
    bool permuted = false;
    std::vector<tensors::Value> values;
};
struct Trials {
    std::vector<Trial> all;
    std::deque<run::Inputs> owners; // of the bytes
};

// `seeds` sets of synthetic values, whose magnitudes differ, unless the body computes in half precision, so
// that small constants show; then the first of them with the dimensions of inputs permuted in memory: of all
// first, then of each alone. Errors: as synthetic_inputs.
Result<Trials> make_trials(
    const GraphModule& module, BodyId joint, int seeds, size_t primals, const Bindings& symbols);

// What a body gave: its results by position, and by name these and what its random nodes drew.
struct BodyResults {
    tensors::TensorFile file, forward_file; // the latter of a forward body whose results are among these
    std::vector<tensors::Value> results; // None and numbers that stand in the graph as Number
};

// Runs the body that the worker has loaded. The inner optional is empty, with `refusal` set, where an
// operator refused these inputs.
Result<std::optional<BodyResults>> run_body(worker::Worker& worker, const GraphModule& module, BodyId body,
    const std::vector<tensors::Value>& inputs, uint64_t seed, std::string& refusal, const Job& job);

// The values under the names of a body's placeholders.
std::vector<tensors::Value> named_for(
    const GraphModule& module, BodyId body, const std::vector<tensors::Value>& by_position);

} // namespace hopscope::proof
