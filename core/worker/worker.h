// A worker, seen from the side that asks it.
#pragma once

#include "core/base/job.h"
#include "core/base/result.h"
#include "core/graph/body.h"
#include "core/graph/symbols.h"
#include "core/tensors/tensor_file.h"
#include "core/wire/messages.h"

#include <memory>
#include <string>
#include <vector>

namespace hopscope::worker {

// Executors that are there: those that HOPSCOPE_EXECUTOR names (several: with colons between) and no others
// if it is set; else beside this program, in the install prefix's libexec, in PATH. choose.h says which of
// them serves best. Errors: NotFound, saying where was looked.
Result<std::vector<std::string>> find_executors();

struct StartOptions {
    std::string executor; // of find_executors()
    std::vector<std::string> libraries; // to load before anything else: custom operators
    uint64_t memory = 0; // bytes it may take beyond its start; 0 = half of the machine's
    int start_milliseconds = 120000; // OpenBLAS is known to spin for ever where it gets no memory
};

// What is to be said of `memory` (StartOptions): nothing, or that the system allows this process less (ulimit
// -v), which a worker keeps to.
std::string memory_note(uint64_t memory);

// How long a worker that is asked to stop gets to say so, before it is killed: 2 seconds unless set, so that
// it need not be started anew. For all workers of this process; any thread.
void set_patience(int milliseconds);

// A node in words, where a worker died or refused.
struct NodePlace {
    std::string body, node, target;
    bool known() const { return !node.empty(); }
};

// Whatever is asked: errors are External with the worker's message, or saying how it died and which node ran;
// Cancelled. A worker whose answer does not hold what the protocol says is stopped: nothing of it is
// believed.
class Worker {
public:
    static Result<std::unique_ptr<Worker>> start(const StartOptions& options, const Job& job = {});
    Worker(const Worker&) = delete;
    Worker& operator=(const Worker&) = delete;
    ~Worker();

    const wire::InitializeAnswer& facts() const;
    pid_t pid() const;
    const std::string& folder() const; // the exchange folder

    // --- the verbs of wire/messages.h. Bodies in what is asked and answered are those of module(); nodes
    // exist.

    // Loads the body and those that it calls. The answer names what cannot be run.
    Result<wire::LoadAnswer> load(std::shared_ptr<const GraphModule> module, BodyId body,
        const Bindings& symbols, const Job& job = {}, bool keep_reference = false);
    // Hands values over.
    Status bind(const std::vector<tensors::Value>& values, wire::BindRequest::As as, const Job& job = {});
    // `milliseconds` 0 = no limit; past it the worker is killed.
    Result<wire::RunAnswer> run(const wire::RunRequest& request, const Job& job = {}, int milliseconds = 0);
    Result<wire::TimingAnswer> timing(const wire::TimingRequest& request, const Job& job = {});
    Result<wire::CompareAnswer> compare(const wire::CompareRequest& request, const Job& job = {});
    Status keep_as_reference(const Job& job = {});
    Result<wire::AdvanceAnswer> begin(const wire::BeginRequest& request, const Job& job = {});
    // Marks in bodies that are not loaded are left out.
    Result<wire::AdvanceAnswer> advance(wire::AdvanceRequest request, const Job& job = {});
    Result<wire::ValueAnswer> value(const wire::ValueRequest& request, const Job& job = {});
    Result<std::vector<wire::NamedFigures>> figures(const Job& job = {});
    // All values that the last run kept, or those at a position of the run that is stepped through, as the
    // bytes of a tensor file.
    Result<std::string> save(const wire::SaveRequest& request = {}, const Job& job = {});
    Result<wire::JointAnswer> joint(const wire::JointRequest& request, const Job& job = {});
    Result<wire::SchemaAnswer> schema(const wire::SchemaRequest& request, const Job& job = {});

    // What is loaded.
    const std::shared_ptr<const GraphModule>& module() const;
    BodyId body() const; // that was asked to be loaded
    const std::vector<BodyId>& bodies() const; // it and those that it calls; none where it is not in the
                                               // module

    bool alive();
    const NodePlace& died_at() const; // set once it died while a node ran

private:
    Worker();
    template <class Request>
    Result<typename Request::Answer> ask(const Request& request, const Job& job, int milliseconds = 0);
    Result<wire::AdvanceAnswer> stepped(const char* verb, Result<wire::AdvanceAnswer> answer);

    struct Parts;
    std::unique_ptr<Parts> parts_;
};

} // namespace hopscope::worker
