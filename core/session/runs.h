// Runs that a session keeps: what was run, on what, and what came out. Figures, not tensors, unless asked
// for.
#pragma once

#include "core/graph/symbols.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hopscope {

// One execution of a body. Texts that do not apply are empty, figures absent.
struct StoredRun {
    int64_t id = 0; // from 1, never used twice; given by add_run
    std::string address; // of the body: "0/0:forward"
    std::string created; // ISO 8601, UTC; now, where add_run is given none
    std::optional<int64_t> invocation; // of a region's body: the call whose recorded values were taken
    std::optional<uint64_t> seed; // of synthetic inputs
    std::string inputs_file; // name of the file that inputs were taken from; empty: synthetic
    std::string inputs_hash; // of the inputs' bytes, as whoever ran it makes it
    Bindings symbols; // what sizes were bound to
    std::string reference; // what it was compared with: a file's name, "float64", "run 3"; empty: nothing
    std::string libtorch; // of the executor: "1.13.1"
    int threads = 1;
    std::string tolerance; // in words: "float32=2e-05 float64=1e-14"
    uint64_t nodes = 0, run = 0; // of all bodies that were entered; run to their end
    std::optional<uint64_t> compared, mismatched; // nodes; values
    std::string first_mismatch; // path of the value
    std::optional<double> max_abs_error, max_rel_error, max_ulp_error;
    std::optional<double> wall_ms;
    std::string failed_node, failure; // path of the node that failed, and why
    std::string verdict; // "done", "equal", "differs", "not compared", "failed", "cancelled"
    friend bool operator==(const StoredRun&, const StoredRun&) = default;
};

// One value of a run. A figure that is NaN is stored as absent.
struct StoredRunValue {
    std::string path; // node; "call/inner" in a region's body
    std::optional<int64_t> item; // of a tuple
    std::string python; // numbers and None: "8"; then the rest is empty
    std::string dtype; // "float32"
    std::vector<int64_t> shape, stride; // elements
    std::optional<double> min, max, mean, std; // of finite elements; std with n as divisor
    std::optional<uint64_t> nan, inf, zero; // how many
    std::optional<double> abs_error, rel_error, ulp_error; // largest; where compared
    std::optional<bool> ok; // within tolerance; absent: not compared
    std::string reason; // why it could not be compared
    std::string tensor; // elements, row-major; given to add_run only where they are to be kept
    std::optional<uint64_t> tensor_bytes; // of run_values(): how many are kept; run_tensor() gives them
    friend bool operator==(const StoredRunValue&, const StoredRunValue&) = default;
};

} // namespace hopscope
