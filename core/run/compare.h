// A run against something that should agree with it, node by node.
#pragma once

#include "core/base/job.h"
#include "core/base/result.h"
#include "core/run/request.h"
#include "core/worker/worker.h"

#include <nlohmann/json.hpp>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace hopscope::run {

// One value against its counterpart.
struct ComparedValue {
    std::string path; // the key: "mm", "call/mm", "split#1"
    BodyId body; // of the loaded module
    NodeId node;
    std::string dtype; // of the value found: "float32"; "int", "float", "bool" for numbers
    bool equal = true; // |found - expected| <= tolerance * (1 + |expected|) everywhere
    double max_abs = 0; // largest difference; infinite where one is finite and the other is not
    double max_rel = 0; // largest difference / largest expected value
    double max_ulp = 0; // largest difference in units in the last place of the expected element
    double tolerance = 0;
    std::vector<int64_t> worst; // the element that leaves its tolerance most
    double found = 0, expected = 0; // there
    std::string reason; // why the two cannot be compared: "shape (2, 3), recorded (3, 2)"
};

struct Comparison {
    std::string against; // "recorded values", "float64", "the run of 0/0:forward, seed 2"
    std::vector<ComparedValue> values; // in the order in which they were computed
    int first = -1; // the first that is not equal; -1 = none
    uint64_t nodes = 0, run = 0, compared = 0, mismatched = 0;
    double max_abs = 0, max_rel = 0, max_ulp = 0;
    double wall_ms = 0;
    std::vector<std::string> random; // nodes that took the reference's value, as random ones cannot agree
    nlohmann::json failure; // as in the answer to `run`; null = every node ran

    bool holds() const { return mismatched == 0 && failure.is_null(); }
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

// The executor has `prepared` loaded and bound (start(), load_into()); afterwards it has so again.
// Errors: External, Cancelled; Usage where nothing was bound to compare with.
Result<Comparison> compare(
    worker::Worker& executor, const Prepared& prepared, const CompareRequest& request, const Job& job = {});

// Indices of the values: those that are not equal first, by how far they leave their tolerance; then the
// others by relative error. Ties keep their order.
std::vector<size_t> by_error(const Comparison& comparison);

// "1e-06 (float32)": the tolerances in force where none is given, by dtype.
std::map<std::string, double> default_tolerances(bool alone);
// "float32=1e-5" taken apart, with PyTorch's abbreviations too ("f32=1e-5"). Errors: Usage.
Result<std::map<std::string, double>> tolerances_of(const std::vector<std::string>& words);

nlohmann::ordered_json to_json(const ComparedValue& value);
nlohmann::ordered_json to_json(const Comparison& comparison);

} // namespace hopscope::run
