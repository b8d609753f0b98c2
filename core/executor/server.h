// The worker's side of the protocol: requests in, answers out.
#pragma once

#include "core/executor/fault.h"
#include "core/executor/machine.h"
#include "core/executor/reference.h"
#include "core/executor/tracer.h"
#include "core/tensors/tensor_file.h"
#include "core/wire/framing.h"
#include "core/wire/messages.h"

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
    // `facts`: what of them the server does not know itself: libtorch, memory, sandbox, composed operators.
    Server(const ServerFiles& files, wire::InitializeAnswer facts);
    ~Server();

    // Serves until `shutdown` or until the stream ends; returns the exit status.
    int serve();

private:
    struct Message; // a request

    // server.cpp: messages
    bool read_messages(bool wait); // false: the stream has ended
    void take(const std::string& text);
    void handle(const Message& message);
    bool stop();

    // verbs_load.cpp
    wire::InitializeAnswer initialize(const wire::InitializeRequest& request);
    wire::LoadAnswer load(const wire::LoadRequest& request);
    wire::BindAnswer bind(const wire::BindRequest& request);
    std::shared_ptr<std::string> tensor_bytes() const;

    // verbs_run.cpp
    wire::RunAnswer run_all(const wire::RunRequest& request);
    wire::TimingAnswer timing(const wire::TimingRequest& request);
    wire::CompareAnswer compare_all(const wire::CompareRequest& request);
    wire::KeepAsReferenceAnswer keep_as_reference(const wire::KeepAsReferenceRequest& request);
    RunSettings settings(uint64_t seed, const std::string& to = {});
    wire::RunOutcome told(const Outcome& outcome) const;
    const Program& in_float64();
    std::vector<c10::IValue> inputs_in_float64() const;
    std::vector<c10::IValue> moved_inputs() const; // compare.h: Wide::moved

    // verbs_step.cpp
    wire::AdvanceAnswer begin(const wire::BeginRequest& request);
    wire::AdvanceAnswer advance(const wire::AdvanceRequest& request);
    wire::ValueAnswer value(const wire::ValueRequest& request);
    wire::FiguresAnswer figures(const wire::FiguresRequest& request);
    wire::SaveAnswer save(const wire::SaveRequest& request);
    Tracer& tracer();

    wire::JointAnswer joint(const wire::JointRequest& request); // verbs_joint.cpp
    wire::SchemaAnswer schema(const wire::SchemaRequest& request); // verbs_schema.cpp
    wire::ShutdownAnswer shut_down(const wire::ShutdownRequest& request);

    void need_inputs() const;

    ServerFiles files_;
    wire::InitializeAnswer facts_;
    wire::FrameReader frames_;
    std::deque<std::unique_ptr<Message>> waiting_;
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
