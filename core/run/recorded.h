// Recorded values: which of a file are a body's, and whether they were computed from the inputs of a run.
#pragma once

#include "core/base/result.h"
#include "core/run/inputs.h"
#include "core/tensors/tensor_file.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace hopscope::run {

struct Prepared;
struct RunComparison;

// What of a file are values of this body, their keys seen from it: those below `prefix`, the call that is
// meant ("call/", core/run/inputs.h), else all of a file that a run of the body itself was written to.
// Errors: NotFound where the file has values of other calls only, or of the whole graph without those inside
// of the call.
Result<tensors::TensorFile> values_of_body(
    const tensors::TensorFile& file, const GraphModule& module, BodyId body, const std::string& prefix);

// What recorded values were computed from, where that is not what the run is on.
struct OtherInputs {
    std::vector<std::string> other; // inputs of which another value is recorded, in graph order
    // Inputs of which no value is recorded, where others are other ones, or where the run's were made: what
    // hangs on them cannot be compared.
    std::vector<std::string> unknown;
    size_t inputs = 0; // of the body, tensors and numbers
    // To compare on: what is recorded, and the run's own where nothing is.
    std::vector<tensors::Value> values;
    Bindings symbols;

    std::string text() const; // for people
};

// Null where `prepared` runs on what its reference was computed from, as far as the reference tells. What it
// gives points to the bytes of `prepared`. Errors: Usage where what is recorded of an input does not fit the
// body.
Result<std::shared_ptr<const OtherInputs>> other_inputs(const Prepared& prepared);

// Takes out of a comparison what hangs on inputs of which nothing is recorded: not compared, and why. A
// recorded value that a node was given (RunComparison::alone) hangs on nothing.
void leave_out_unknown(RunComparison& comparison, const Prepared& prepared, const OtherInputs& inputs);

} // namespace hopscope::run
