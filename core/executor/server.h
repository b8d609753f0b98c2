// The worker's side of the protocol: requests in, answers out.
#pragma once

#include "core/executor/compare.h"
#include "core/executor/machine.h"
#include "core/executor/params.h"
#include "core/executor/tracer.h"
#include "core/tensors/tensor_file.h"
#include "core/wire/framing.h"

#include <nlohmann/json.hpp>

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace hopscope::executor {

struct ServerFiles {
    int in = -1, out = -1; // messages
    int to_worker = -1, from_worker = -1; // tensor files of the exchange folder
    wire::Progress* progress = nullptr;
};

class Server {
public:
    Server(const ServerFiles& files, std::vector<std::string> added, nlohmann::json facts)
        : files_(files)
        , added_(std::move(added))
        , facts_(std::move(facts)) { }

    // Serves until `shutdown` or until the stream ends; returns the exit status.
    int serve();

private:
    // server.cpp: messages
    bool read_messages(bool wait); // false: the stream has ended
    void take(const std::string& text);
    void answer(const nlohmann::json& id, const char* kind, nlohmann::json content);
    void handle(const nlohmann::json& message);
    nlohmann::json call(const std::string& method, const nlohmann::json& params);
    bool stop();

    // verbs_load.cpp
    nlohmann::json initialize(const nlohmann::json& params);
    nlohmann::json load(const nlohmann::json& params);
    nlohmann::json bind(const nlohmann::json& params);
    std::shared_ptr<std::string> tensor_bytes() const;

    // verbs_run.cpp
    nlohmann::json run_all(const nlohmann::json& params);
    nlohmann::json timing(const nlohmann::json& params);
    nlohmann::json compare_all(const nlohmann::json& params);
    nlohmann::json keep_as_reference();
    RunSettings settings(const nlohmann::json& params);
    nlohmann::json told(const Outcome& outcome) const;
    const Program& in_float64();
    std::vector<c10::IValue> inputs_in_float64() const;

    // verbs_step.cpp
    nlohmann::json begin(const nlohmann::json& params);
    nlohmann::json advance(const nlohmann::json& params);
    nlohmann::json value(const nlohmann::json& params);
    nlohmann::json figures();
    nlohmann::json save(const nlohmann::json& params);
    Tracer& tracer();

    // verbs_schema.cpp
    nlohmann::json schema(const nlohmann::json& params);

    void need_inputs() const;

    ServerFiles files_;
    std::vector<std::string> added_;
    nlohmann::json facts_;
    wire::FrameReader frames_;
    std::deque<nlohmann::json> waiting_;
    bool ended_ = false, shut_down_ = false, cancel_ = false;

    std::shared_ptr<const Program> program_;
    std::shared_ptr<const Program> float64_; // the same in double precision, once it was wanted
    Bindings symbols_;
    std::vector<c10::IValue> inputs_;
    bool bound_ = false;
    Reference reference_;
    KeptValues kept_; // of the last run
    std::unique_ptr<Tracer> tracer_; // the run that is stepped through
};

} // namespace hopscope::executor
