// Whether the bodies of a region are the same computation: forward and backward bodies, run as autograd does,
// against the joint graph that PyTorch recorded and against the one that is derived from the forward, on the
// same inputs.
#pragma once

#include "core/base/job.h"
#include "core/base/result.h"
#include "core/proof/joint.h"
#include "core/regions/ledger.h"
#include "core/worker/worker.h"

#include <string>
#include <vector>

namespace hopscope::proof {

struct ProveOptions {
    std::string region; // identifier or function; empty = all
    int seeds = 3;
    Bindings symbols;
    // Recorded values, by the keys of `call/inner`: where they hold an invocation's primals and tangents, it
    // is rerun as autograd runs it, on these. Of any file, or of several together (a forward's and a
    // backward's).
    std::vector<tensors::TensorFile> recorded;
    std::optional<int> invocation; // of which; else of the first that uses the bodies
    std::vector<std::string> libraries; // custom operators
};

// One result of the joint graph.
struct ProvenOutput {
    std::string name; // "gradient of primals_1", "output 0"
    // Largest over all trials, relative to the largest element; none: not compared.
    std::optional<double> halves_error; // forward and backward bodies, against the reference
    std::optional<double> derived_error; // derived joint, against the reference
    bool equal = true;
    bool none = true; // None on both sides in every trial: no gradient
    std::string problem; // what differs first, in words: "forward and backward bodies, seed 1: …"
};

// A set of bodies that belong together: one per tangent variant, and per way in which calls hand saved values
// on.
struct Proof {
    CompilationId compilation;
    std::string region; // identifier
    std::optional<int> variant;
    int invocation = 0; // the first that uses these bodies, or the one that was asked for
    Place forward_call, backward_call; // its calls; graph none where there are none
    Place forward, backward; // the halves; graph none where there are none
    Place joint; // recorded; graph none where there is none
    Place derived_from; // the forward body that was differentiated
    std::string reference; // "recorded joint", or "derived joint" where none was recorded
    std::vector<OperatorDifference> operators; // recorded against derived joint
    int trials = 0; // input sets that were run
    bool on_recorded = false; // the invocation's recorded primals and tangents among them
    std::vector<std::string>
        left_out; // trials that the bodies' own operators refuse (a view of permuted strides)
    std::vector<ProvenOutput> outputs;
    bool equal = true;
    bool compared =
        true; // false: the executor could not run one of the bodies, and `problem` says why; not equal
    std::string problem; // what does not fit, where it is not a value
};

struct Proofs {
    std::string libtorch; // that ran the bodies
    std::vector<Proof> all;

    bool equal() const; // all of them
    bool different() const; // one is: its bodies were compared
};

// Starts the newest executor that has the operators of the dump's joint graph, or else of its first graph,
// and proves. Trials: `seeds` sets of synthetic inputs of different magnitudes, then the first with permuted
// strides (all inputs of two or more dimensions, then each of them alone). Errors: NotFound where no such
// region, or none that has two of the three, is in the dump; External and Cancelled from the executor.
Result<Proofs> prove(
    const Dump& dump, const Ledger& ledger, const ProveOptions& options, const Job& job = {});
// The same on a worker that runs.
Result<std::vector<Proof>> prove(worker::Worker& worker, const Dump& dump, const Ledger& ledger,
    const ProveOptions& options, const Job& job = {});

} // namespace hopscope::proof
