// A run against something that should agree with it, node by node.
#pragma once

#include "core/base/job.h"
#include "core/base/result.h"
#include "core/run/request.h"
#include "core/worker/worker.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace hopscope::run {

using wire::ComparedValue;

struct RunComparison : wire::CompareAnswer {
    std::string against; // "recorded values", "float64", "the run of 0/0:forward, seed 2"
    bool strict = false; // by fixed tolerances
    std::optional<size_t> first; // of `values`, the first that is not equal
    // What the recorded values were computed from, where that is not what the run is on, and so what was
    // compared on instead (OtherInputs::text()); else empty.
    std::string basis;
    // Against recorded values: nodes of the body that compute, and those of them of which nothing is
    // recorded.
    size_t computing = 0, unrecorded = 0;

    // What was asked for is shown: something was compared, and all of it agrees.
    bool holds() const { return compared > 0 && mismatched == 0 && !failure; }
    size_t count(wire::Verdict verdict) const;
    size_t other_strides() const; // values of which only the strides differ
    // The value with the largest max_abs, max_rel or max_ulp, the first of several; null where all are 0.
    const ComparedValue* largest(double ComparedValue::*figure) const;
    // Values within rounding that rounding may move by more than a tenth of their largest element: on these
    // inputs they decide nothing. 0 where strict.
    size_t undecided() const;
};

// "same", "within rounding", "suspicious, 31 × the noise floor", "wrong dtype": for people.
std::string verdict_text(const ComparedValue& value, bool strict);
// "403 same, 12 within rounding, 1 suspicious; 3 not compared", without what there is none of.
std::string verdicts_text(const RunComparison& comparison);

// "of 603 of the 604 nodes nothing is recorded: are these values of this graph?"; empty where most nodes have
// a value.
std::string unrecorded_text(const RunComparison& comparison);

// So many significant digits that numbers which differ are printed apart, at least `fewest`.
int digits_apart(std::vector<double> numbers, int fewest);

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
    // Each node is given the reference's values, so that errors do not add up. None: where recorded values
    // are compared with by verdict.
    std::optional<bool> alone;
    // By fixed tolerances, and with the strides, instead of by the noise floor. Another run is always
    // compared so: that it is on other inputs no rounding explains.
    bool strict = false;
    std::map<std::string, double> tolerances; // by dtype ("float32"), in place of the measured ones: strict
};

// The worker has `prepared` loaded and bound (start(), load_into()); afterwards it has so again.
// Errors: External, Cancelled; Usage where nothing was bound to compare with.
Result<RunComparison> compare(
    worker::Worker& worker, const Prepared& prepared, const CompareRequest& request, const Job& job = {});

// Indices of the values: those that are not equal first, by how far they leave their floor or tolerance; then
// the others likewise; what was not compared last. Ties keep their order.
std::vector<size_t> by_error(const RunComparison& comparison);

// "1e-06 (float32)": the tolerances in force where none is given, by dtype.
std::map<std::string, double> default_tolerances(bool alone);
// "float32=1e-5" taken apart, with PyTorch's abbreviations too ("f32=1e-5"). Errors: Usage.
Result<std::map<std::string, double>> tolerances_of(const std::vector<std::string>& words);

} // namespace hopscope::run
