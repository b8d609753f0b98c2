// A worker, seen from the side that asks it.
#pragma once

#include "core/base/job.h"
#include "core/base/result.h"
#include "core/graph/body.h"
#include "core/graph/symbols.h"
#include "core/tensors/tensor_file.h"

#include <nlohmann/json.hpp>

#include <memory>
#include <string>
#include <vector>

namespace hopscope::worker {

// Executors that are there: those that HOPSCOPE_EXECUTOR names (several: with colons between) and no others
// if it is set; else beside this program, in the install prefix's libexec, in PATH. choose.h says which of
// them serves best. Errors: NotFound, saying where was looked.
Result<std::vector<std::string>> find_executors();

struct StartOptions {
    std::string program; // of find_executors()
    std::vector<std::string> libraries; // to load before anything else: custom operators
    uint64_t memory = 0; // bytes it may take beyond its start; 0 = half of the machine's
    int start_milliseconds = 120000; // OpenBLAS is known to spin for ever where it gets no memory
};

// A node in words, where a worker died or refused.
struct NodePlace {
    std::string body, node, target;
    bool known() const { return !node.empty(); }
};

class Worker {
public:
    static Result<std::unique_ptr<Worker>> start(const StartOptions& options, const Job& job = {});
    Worker(const Worker&) = delete;
    Worker& operator=(const Worker&) = delete;
    ~Worker();

    const nlohmann::json& facts() const; // the answer to `initialize`: libtorch, threads, …
    pid_t pid() const;
    const std::string& folder() const; // the exchange folder

    // Loads the body and those that it calls. The answer names what cannot be run.
    Result<nlohmann::json> load(std::shared_ptr<const GraphModule> module, BodyId body,
        const Bindings& symbols, const Job& job = {}, bool keep_reference = false);
    // Hands values over, as "inputs" or "reference".
    Status bind(const std::vector<tensors::Value>& values, const std::string& as, const Job& job = {});
    // Any verb. Errors: External with the worker's message, or saying how it died and which node ran;
    // Cancelled. `milliseconds` 0 = no limit; past it the worker is killed.
    Result<nlohmann::json> call(
        const std::string& method, const nlohmann::json& params, const Job& job = {}, int milliseconds = 0);
    // All values that the last run kept, as the bytes of a tensor file; `params` of the method `save`.
    Result<std::string> kept_values(
        const Job& job = {}, const nlohmann::json& params = nlohmann::json::object());

    // What is loaded. Bodies have numbers of their own on the worker's side.
    const std::shared_ptr<const GraphModule>& module() const;
    const std::vector<BodyId>& bodies() const; // by the worker's number; none where it is not in the module
    BodyId body_of(uint32_t number) const;
    uint32_t index_of(BodyId body) const; // the worker's number; UINT32_MAX = not loaded

    bool alive();
    const NodePlace& died_at() const; // set once it died while a node ran

private:
    Worker();
    struct Parts;
    std::unique_ptr<Parts> parts_;
};

} // namespace hopscope::worker
