// Where a run's time goes: medians over several runs.
#pragma once

#include "core/base/job.h"
#include "core/base/result.h"
#include "core/worker/worker.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace hopscope::run {

struct NodeTime {
    BodyId body; // of the loaded module
    NodeId node;
    std::string path, name, target; // of the body; of the node
    uint64_t calls = 0; // in one run
    double call_us = 0; // of one call
    double total_us = 0; // of all calls in one run, with what they call themselves
    bool calls_body = false; // its time is that of the nodes in the body that it calls
};

struct OperatorTime {
    std::string target;
    uint64_t calls = 0;
    double total_us = 0;
};

struct Timing {
    std::vector<NodeTime> nodes; // by body and graph order; what takes no time of its own is left out
    std::vector<OperatorTime> operators; // without calls of bodies; most time first
    int repeat = 0;
    double wall_ms = 0; // of a whole run, the clock's own cost included
    std::optional<wire::NodeFailure> failure; // none = every node ran

    double operator_us() const;
    std::vector<size_t> by_time() const; // indices of `nodes`, most time first, calls of bodies left out
};

// Errors: External, Cancelled.
Result<Timing> time_nodes(worker::Worker& worker, int repeat, uint64_t seed, const Job& job = {});

} // namespace hopscope::run
