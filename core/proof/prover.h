// One set of bodies that belong together: makes the third, runs all on the same inputs, compares the results.
#pragma once

#include "core/proof/difference.h"
#include "core/proof/prove.h"
#include "core/proof/trials.h"
#include "core/proof/wiring.h"

#include <fmt/format.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hopscope::proof {

using Results = std::vector<std::optional<BodyResults>>; // by trial; none: refused

class Prover {
public:
    Prover(worker::Worker& worker, const Dump& dump, const ProveOptions& options, const Job& job)
        : worker_(worker)
        , dump_(dump)
        , options_(options)
        , told_(job) {
        // What is done, for whom, before the node that the worker is at.
        job_.cancel = job.cancel;
        if (job.progress)
            job_.progress = [this](uint64_t done, uint64_t total, std::string_view phase) {
                told_.report(done, total, fmt::format("{}: {}", doing_, phase));
            };
    }

    Status run(Proof& proof, std::vector<BackwardOperand> wiring);

private:
    Status derive();
    Status run_joint(const GraphModule& module, BodyId body, Results& out);
    Status run_halves();
    Status load(const GraphModule& module, BodyId body, std::shared_ptr<const GraphModule> owner);
    std::vector<tensors::Value> primals_of(const Trial& trial) const {
        return {trial.values.begin(), trial.values.begin() + static_cast<std::ptrdiff_t>(primals_)};
    }
    std::optional<Trial> recorded_trial(const GraphModule& joint, BodyId joint_body) const;
    void leave_out(size_t trial, const std::string& where, const std::string& refusal);
    Result<wire::JointRequest> request() const;

    // prover_compare.cpp
    using Judged = std::vector<std::optional<wire::ComparedValue>>; // by result, as judge_results() gives it
    // What is held against the reference.
    struct Side {
        const Results& results;
        const char* what; // in words
        std::optional<double> ProvenOutput::*error;
        bool halves() const { return error == &ProvenOutput::halves_error; }
    };
    const Results& reference() const { return proof_->joint.graph ? of_joint_ : of_derived_; }
    Status compare();
    Status compare_with(const Side& side);
    Result<std::vector<Difference>> differences(const Side& side, size_t trial);
    Status judge(const Side& side, size_t trial, std::vector<Difference>& all);
    Result<Judged> judged_by(const GraphModule& module, BodyId body,
        const std::shared_ptr<const GraphModule>& owner, size_t trial, const BodyResults& found,
        const std::vector<tensors::Value>& random);
    void add(const Side& side, size_t trial, const std::vector<Difference>& found);
    void tell_precisions();

    void doing(std::string_view what, size_t trial) {
        doing_ =
            fmt::format("{}, {}, input set {} of {}", proof_->region, what, trial + 1, trials_.all.size());
        told_.report(0, 0, doing_);
    }

    std::shared_ptr<const GraphModule> module_of(const Place& place) const {
        return dump_.graph(place.graph).module;
    }

    worker::Worker& worker_;
    const Dump& dump_;
    ProveOptions options_; // its symbols grow by those that nobody bound
    const Job& told_;
    Job job_;
    std::string doing_;
    Proof* proof_ = nullptr;
    std::vector<BackwardOperand> wiring_;
    size_t primals_ = 0, own_ = 0;
    std::optional<DerivedJoint> derived_;
    Trials trials_;
    std::vector<std::string> refused_; // by trial: why it is left out; empty = it is not
    std::string derived_refused_; // why the derived joint graph does not run where the recorded one does
    Results of_joint_, of_halves_, of_derived_;
    const GraphModule* judging_ = nullptr; // the module that the worker has loaded for judging
    std::string own_half_, joint_half_; // the half precisions of the forward and of the recorded joint
    std::string coarsest_half_; // of these; empty: none
    bool by_coarser_ = false; // results are equal within the rounding of the forward's half precision
};

} // namespace hopscope::proof
