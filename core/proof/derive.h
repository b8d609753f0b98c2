// Deriving the joint graph of a body of a dump, from beginning to end.
#pragma once

#include "core/base/job.h"
#include "core/base/result.h"
#include "core/proof/joint.h"
#include "core/run/request.h"

#include <optional>
#include <string>
#include <vector>

namespace hopscope::proof {

struct DeriveRequest {
    // Inputs, symbols, libraries. With neither a seed nor inputs the seed is 0: the graph hardly ever depends
    // on the values. The address is not looked at.
    run::Request run;
    std::optional<int> variant; // as plan_joint() takes it
    std::optional<size_t> outputs;
    std::vector<std::string> without; // placeholders that need no gradient
};

struct Derived {
    std::string address; // of the forward body
    std::string libtorch; // that derived it
    bool synthetic = false; // on made inputs
    std::string note; // JointPlan's
    DerivedJoint joint;
    std::optional<RecordedJoint> recorded; // that it was made like
    std::vector<OperatorDifference> differences; // against that one
};

// Finds what is wanted, starts the executor, asks it. Errors: as plan_joint() and run::prepare(); External
// for whatever the executor is to blame for; Cancelled.
Result<Derived> derive(
    const Dump& dump, const Place& forward, const DeriveRequest& request, const Job& job = {});

} // namespace hopscope::proof
