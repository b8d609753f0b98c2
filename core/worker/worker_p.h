// What a worker is made of. For worker.cpp and verbs.cpp alone.
#pragma once

#include "core/base/child.h"
#include "core/wire/framing.h"
#include "core/worker/exchange.h"
#include "core/worker/worker.h"

#include <nlohmann/json_fwd.hpp>

namespace hopscope::worker {

struct Worker::Parts {
    StartOptions options;
    std::unique_ptr<Exchange> exchange;
    ChildProcess child; // after the exchange: it ends before the folder goes
    wire::FrameReader frames;
    wire::InitializeAnswer facts;
    int next_id = 1;
    std::shared_ptr<const GraphModule> module;
    std::vector<BodyId> bodies; // the worker's, in the module
    uint64_t steps = 0; // of the run that is stepped through, begun so far
    NodePlace died_at;
    bool told = false; // how it ended was answered to somebody
    bool hurried = false; // it was asked to stop, and nobody waits for it any more

    // The node that runs, in words; unknown between nodes. `number`, `count`: where it stands in its body.
    NodePlace running(size_t* number = nullptr, size_t* count = nullptr) const;
    void report(const std::string& verb, const Job& job) const;
    Error died(const std::string& verb);
    Error distrust(const std::string& verb, const std::string& what);
    std::optional<Result<nlohmann::json>> take(const std::string& text, int id, const std::string& verb);
    Result<nlohmann::json> wait(
        int id, const std::string& verb, std::string_view to_send, const Job& job, int milliseconds);
    Result<nlohmann::json> call(
        const std::string& verb, const nlohmann::json& params, const Job& job, int milliseconds);
    bool alive() { return child.started() && !child.ended(); }

    // From the worker's numbers to the module's bodies; false where there is no such node. None of both where
    // the module does not have the body.
    bool place(BodyId& body, NodeId& node) const;
};

} // namespace hopscope::worker
