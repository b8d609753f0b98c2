// A run against something that should agree with it, node by node.
#pragma once

#include "core/base/job.h"
#include "core/base/result.h"
#include "core/run/request.h"
#include "core/worker/worker.h"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace hopscope::run {

using wire::ComparedValue;

struct RunComparison : wire::CompareAnswer {
    std::string against; // "recorded values", "float64", "the run of 0/0:forward, seed 2"
    std::optional<size_t> first; // of `values`, the first that is not equal

    bool holds() const { return mismatched == 0 && !failure; }
};

struct CompareRequest {
    enum class Against : uint8_t {
        Recorded, // what is bound as "reference"
        Float64, // the same body and inputs in double precision
        Run, // another run: `other`
    };
    Against against = Against::Recorded;
    const Prepared* other = nullptr; // Run: its body and inputs; values are matched by their keys
    uint64_t other_seed = 0; // Run: of its random operators
    uint64_t seed = 0; // of random operators
    bool alone = false; // each node is given the reference's values, so that errors do not add up
    std::map<std::string, double> tolerances; // by dtype ("float32"), in place of the measured ones
};

// The worker has `prepared` loaded and bound (start(), load_into()); afterwards it has so again.
// Errors: External, Cancelled; Usage where nothing was bound to compare with.
Result<RunComparison> compare(
    worker::Worker& worker, const Prepared& prepared, const CompareRequest& request, const Job& job = {});

// Indices of the values: those that are not equal first, by how far they leave their tolerance; then the
// others by relative error. Ties keep their order.
std::vector<size_t> by_error(const RunComparison& comparison);

// "1e-06 (float32)": the tolerances in force where none is given, by dtype.
std::map<std::string, double> default_tolerances(bool alone);
// "float32=1e-5" taken apart, with PyTorch's abbreviations too ("f32=1e-5"). Errors: Usage.
Result<std::map<std::string, double>> tolerances_of(const std::vector<std::string>& words);

} // namespace hopscope::run
