#include "core/proof/prove.h"

#include "core/graph/reading.h"
#include "core/proof/difference.h"
#include "core/proof/floors.h"
#include "core/proof/trials.h"
#include "core/proof/wiring.h"
#include "core/regions/roles.h"
#include "core/worker/choose.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

namespace hopscope::proof {

namespace {

using Results = std::vector<std::optional<BodyResults>>; // by trial; none: refused

// One set of bodies: finds them, makes the third, runs all on the same inputs.
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
    Status compare();
    Result<std::vector<Difference>> differences(const Results& other, size_t trial, bool halves);
    Status compare_with(const Results& other, const char* what, std::optional<double> ProvenOutput::*error);
    void leave_out(size_t trial, const std::string& where, const std::string& refusal);
    Result<wire::JointRequest> request() const;
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
    std::optional<Trial> recorded_trial(const GraphModule& joint, BodyId joint_body) const;

    std::vector<BackwardOperand> wiring_;
    size_t primals_ = 0, own_ = 0;
    std::optional<DerivedJoint> derived_;
    Trials trials_;
    std::vector<std::string> refused_; // by trial: why it is left out; empty = it is not
    std::string derived_refused_; // why the derived joint graph does not run where the recorded one does
    Results of_joint_, of_halves_, of_derived_;
    bool reference_loaded_ = false; // in the worker, for judging
};

Status Prover::load(const GraphModule& module, BodyId body, std::shared_ptr<const GraphModule> owner) {
    const auto loaded = worker_.load(std::move(owner), body, options_.symbols, job_);
    if (!loaded)
        return loaded.error();
    if (loaded->unsupported.empty())
        return {};
    const wire::Unsupported& first = loaded->unsupported.front();
    return make_error(Error::Kind::External,
        "'" + first.node + "' (" + first.target + ") in '" + body_path(module, body)
            + "' cannot be run: " + first.reason);
}

// Which gradients are wanted, and how the tangents lie: as the recorded joint graph says, else the backward
// body.
Result<wire::JointRequest> Prover::request() const {
    if (proof_->joint.graph)
        return request_like(*module_of(proof_->joint), proof_->joint.body, primals_, options_.symbols);
    wire::JointRequest request;
    request.outputs = own_;
    if (!proof_->backward.graph)
        return request;
    const GraphModule& backward = *module_of(proof_->backward);
    const Body& bw = backward.body(proof_->backward.body);
    for (const Arg* gradient : results_of(bw))
        request.requires_grad.push_back(gradient->kind != ArgKind::None);
    for (size_t i = 0; i < wiring_.size(); ++i) {
        const ValueType* type = backward.type(bw.nodes[i].type);
        if (wiring_[i].from != BackwardOperand::From::Tangent || !type || type->kind != TypeKind::Tensor)
            continue;
        std::vector<int64_t>& stride = request.tangent_strides.emplace_back();
        for (const StringId dim : backward.stride(*type))
            stride.push_back(evaluate_symbolic(backward.text(dim), options_.symbols).value_or(0));
    }
    return request;
}

Status Prover::derive() {
    const auto module = module_of(proof_->derived_from);
    const BodyId body = proof_->derived_from.body;
    const auto wanted = request();
    if (!wanted)
        return wanted.error();
    const auto inputs = run::synthetic_inputs(*module, body, 0, options_.symbols);
    if (!inputs)
        return inputs.error();
    if (const Status status = load(*module, body, module); !status)
        return status;
    if (const Status status = worker_.bind(inputs->values, wire::BindRequest::As::Inputs, job_); !status)
        return status;
    auto derived = derive_joint(worker_, *module, body, *wanted, job_);
    if (!derived)
        return derived.error();
    derived_ = std::move(*derived);
    return {};
}

void Prover::leave_out(size_t trial, const std::string& where, const std::string& refusal) {
    if (refused_[trial].empty())
        refused_[trial] = trials_.all[trial].name + ": " + where + " refuses it at " + refusal;
}

Status Prover::run_joint(const GraphModule& module, BodyId body, Results& out) {
    const std::string where =
        body_path(module, body).empty() ? "the derived joint graph" : body_path(module, body);
    for (size_t t = 0; t < trials_.all.size(); ++t) {
        std::string refusal;
        doing(where, t);
        auto ran = run_body(worker_, module, body, named_for(module, body, trials_.all[t].values),
            trials_.all[t].seed, refusal, job_);
        if (!ran)
            return ran.error();
        // What the recorded joint graph takes and the derived one does not shows a fault of the deriving or
        // of the executor, none of the bodies: they are compared all the same.
        const bool ours = &out == &of_derived_ && proof_->joint.graph && of_joint_[t];
        if (!*ran && ours && !trials_.all[t].permuted && derived_refused_.empty())
            derived_refused_ = trials_.all[t].name + ": " + where + " refuses it at " + refusal;
        else if (!*ran && !ours)
            leave_out(t, where, refusal);
        out.push_back(std::move(*ran));
    }
    return {};
}

// As InvokeSubgraphAutogradOp does (torch/_higher_order_ops/invoke_subgraph.py): the forward body, what it
// saves, and the backward body with the tangents.
Status Prover::run_halves() {
    const auto forward = module_of(proof_->forward), backward = module_of(proof_->backward);
    const BodyId fw = proof_->forward.body, bw = proof_->backward.body;
    if (const Status status = load(*forward, fw, forward); !status)
        return status;
    Results first;
    for (size_t t = 0; t < trials_.all.size(); ++t) {
        std::string refusal;
        doing(body_path(*forward, fw), t);
        auto ran = run_body(worker_, *forward, fw, named_for(*forward, fw, primals_of(trials_.all[t])),
            trials_.all[t].seed, refusal, job_);
        if (!ran)
            return ran.error();
        if (!*ran)
            leave_out(t, body_path(*forward, fw), refusal);
        first.push_back(std::move(*ran));
    }
    if (const Status status = load(*backward, bw, backward); !status)
        return status;
    for (size_t t = 0; t < trials_.all.size(); ++t) {
        of_halves_.emplace_back();
        if (!first[t])
            continue;
        std::vector<tensors::Value> given;
        for (const BackwardOperand& operand : wiring_) {
            const size_t at =
                operand.from == BackwardOperand::From::Tangent ? primals_ + operand.index : operand.index;
            given.push_back(operand.from == BackwardOperand::From::Result ? first[t]->results[operand.index]
                                                                          : trials_.all[t].values.at(at));
        }
        std::string refusal;
        doing(body_path(*backward, bw), t);
        auto ran = run_body(
            worker_, *backward, bw, named_for(*backward, bw, given), trials_.all[t].seed, refusal, job_);
        if (!ran)
            return ran.error();
        if (!*ran) {
            leave_out(t, body_path(*backward, bw), refusal);
            continue;
        }
        // As one joint graph would give them; the forward's file keeps the bytes of its results.
        BodyResults& both = **ran;
        both.forward_file = std::move(first[t]->file);
        both.results.insert(both.results.end(), first[t]->results.begin(),
            first[t]->results.begin()
                + static_cast<std::ptrdiff_t>(std::min(own_, first[t]->results.size())));
        of_halves_.back() = std::move(*ran);
    }
    return {};
}

// By fixed tolerances first; what these call different, and half precisions, whose tolerance is wide, by the
// noise floor of the reference. Permuted inputs are the first trial's values once more, where an operator
// that takes memory for what it is not is far off, so that there the wide tolerance is enough.
Result<std::vector<Difference>> Prover::differences(const Results& other, size_t t, bool halves) {
    const GraphModule& module = proof_->joint.graph ? *module_of(proof_->joint) : *derived_->module;
    const BodyId body = proof_->joint.graph ? proof_->joint.body : BodyId(0);
    const Results& reference = proof_->joint.graph ? of_joint_ : of_derived_;
    const std::vector<tensors::Value>&a = other[t]->results, &b = reference[t]->results;
    double reach = 0;
    for (const tensors::Value& value : b)
        reach = std::max(reach, largest_of(value));
    std::vector<Difference> all;
    bool judged = false;
    for (size_t i = 0; i < b.size(); ++i) {
        const Difference& d = all.emplace_back(difference(a[i], b[i], reach));
        const bool half = b[i].dtype == "float16" || b[i].dtype == "bfloat16";
        const bool closely = half && d.absolute > 0 && !trials_.all[t].permuted;
        judged = judged || (d.reason.empty() && (!d.equal || closely));
    }
    if (!judged)
        return all;
    Drawn drawn;
    if (halves)
        drawn = drawn_values(
            *module_of(proof_->forward), proof_->forward.body, other[t]->forward_file, module, body);
    if (!drawn.problem.empty()) {
        proof_->compared = false;
        proof_->problem = drawn.problem;
        return std::vector<Difference>();
    }
    doing(halves ? "judging forward and backward" : "judging the derived joint graph", t);
    if (!reference_loaded_)
        if (const Status status =
                load(module, body, proof_->joint.graph ? module_of(proof_->joint) : derived_->module);
            !status)
            return status.error();
    reference_loaded_ = true;
    const Trial& trial = trials_.all[t];
    const auto rows = judge_results(
        worker_, module, body, named_for(module, body, trial.values), trial.seed, a, drawn.values, job_);
    if (!rows)
        return rows.error();
    for (size_t i = 0; i < b.size(); ++i)
        if (const auto& row = (*rows)[i]; row && all[i].reason.empty()) {
            all[i].equal = row->equal;
            // The reference drew other numbers than it did for the errors above.
            if (!drawn.values.empty())
                all[i].relative = row->max_rel;
            if (!row->equal)
                all[i].reason = fmt::format("{:.3g} times what rounding explains", row->times);
        }
    return all;
}

namespace {

bool is_none(const tensors::Value& value) {
    return value.kind == tensors::Value::Kind::Number && value.python_type == "NoneType";
}

} // namespace

Status Prover::compare_with(
    const Results& other, const char* what, std::optional<double> ProvenOutput::*error) {
    const Results& reference = proof_->joint.graph ? of_joint_ : of_derived_;
    size_t counted = 0;
    std::string overflow;
    for (size_t t = 0; t < trials_.all.size(); ++t) {
        if (!refused_[t].empty() || !reference[t] || !other[t])
            continue;
        const std::vector<tensors::Value>&a = other[t]->results, &b = reference[t]->results;
        if (a.size() != b.size()) {
            proof_->equal = false;
            proof_->problem = std::string(what) + " gives " + std::to_string(a.size()) + " results, the "
                + proof_->reference + " " + std::to_string(b.size());
            return {};
        }
        auto found = differences(other, t, error == &ProvenOutput::halves_error);
        if (!found)
            return found.error();
        if (!proof_->compared) {
            proof_->equal = false;
            return {};
        }
        const auto unequal = [](const Difference& d) { return !d.equal; };
        if (std::any_of(found->begin(), found->end(), unequal)
            && std::any_of(
                b.begin(), b.end(), [](const tensors::Value& value) { return !is_finite(value); })) {
            overflow = trials_.all[t].name + ": " + what + " and the " + proof_->reference
                + " are not compared, as the latter's results are not finite";
            proof_->left_out.push_back(overflow);
            continue;
        }
        ++counted;
        for (size_t i = 0; i < b.size(); ++i) {
            ProvenOutput& output = proof_->outputs[i];
            Difference d = (*found)[i];
            output.none = output.none && is_none(a[i]) && is_none(b[i]);
            if (d.equal && !trials_.all[t].permuted && a[i].stride != b[i].stride) {
                // Autograd chooses the strides of a derived gradient, which changes no value: told, and
                // equal.
                d.equal = error == &ProvenOutput::derived_error;
                d.reason = d.equal ? "other strides, the same values" : "its strides differ";
            }
            if (std::optional<double>& most = output.*error; !most || !(*most >= d.relative))
                most = d.relative;
            if ((!d.equal || !d.reason.empty()) && output.problem.empty())
                output.problem = std::string(what) + ", " + trials_.all[t].name
                    + (d.reason.empty() ? "" : ": " + d.reason);
            output.equal = output.equal && d.equal;
            proof_->equal = proof_->equal && d.equal;
        }
    }
    if (counted == 0 && !overflow.empty() && proof_->problem.empty()) {
        proof_->equal = proof_->compared = false;
        proof_->problem = overflow;
    }
    return {};
}

Status Prover::compare() {
    const GraphModule& module = *module_of(proof_->derived_from);
    const Body& body = module.body(proof_->derived_from.body);
    for (size_t i = 0; i < primals_; ++i)
        proof_->outputs.push_back(
            {"gradient of " + std::string(module.text(body.nodes[i].name)), {}, {}, true, true, {}});
    for (size_t i = 0; i < own_; ++i)
        proof_->outputs.push_back({"output " + std::to_string(i), {}, {}, true, true, {}});
    for (size_t t = 0; t < trials_.all.size(); ++t)
        if (refused_[t].empty())
            ++proof_->trials;
        else if (trials_.all[t].permuted)
            proof_->left_out.push_back(refused_[t]);
        else {
            // The bodies must take what they were recorded for. Where they do and the derived joint graph,
            // which is all there is to compare with, does not, nothing was compared.
            proof_->equal = false;
            proof_->compared = !(t < of_halves_.size() && of_halves_[t]);
            proof_->problem = refused_[t];
            return {};
        }
    if (!of_halves_.empty())
        if (const Status status =
                compare_with(of_halves_, "forward and backward bodies", &ProvenOutput::halves_error);
            !status)
            return status;
    if (proof_->joint.graph && proof_->problem.empty()) {
        if (const Status status = compare_with(of_derived_, "derived joint", &ProvenOutput::derived_error);
            !status)
            return status;
        // Autocast may choose another precision where the joint graph is traced than where the forward is.
        const std::string own = half_precisions(module, proof_->derived_from.body),
                          other = half_precisions(*module_of(proof_->joint), proof_->joint.body);
        if (!proof_->equal && own != other && proof_->problem.empty())
            proof_->problem = "the forward computes in " + (own.empty() ? "no half precision" : own)
                + ", the recorded joint in " + (other.empty() ? "none" : other)
                + ": they differ by that, not only by rounding";
    }
    if (proof_->equal && !derived_refused_.empty()) {
        proof_->equal = proof_->compared = false;
        proof_->problem = derived_refused_;
    }
    return {};
}

// The invocation's primals and tangents as they were recorded; nothing where one of them is not in the files.
std::optional<Trial> Prover::recorded_trial(const GraphModule& joint, BodyId joint_body) const {
    const auto find = [&](const Place& call, const Place& body, size_t placeholder) -> const tensors::Value* {
        const GraphModule& module = *module_of(body);
        const GraphModule& caller = *module_of(call);
        const std::string key = std::string(caller.text(caller.body(call.body).node(call.node).name)) + "/"
            + std::string(module.text(module.body(body.body).nodes[placeholder].name));
        for (const tensors::TensorFile& file : options_.recorded)
            if (const tensors::Value* value = file.find(key))
                return value;
        return nullptr;
    };
    if (options_.recorded.empty() || !proof_->forward_call.graph || !proof_->backward_call.graph)
        return std::nullopt;
    Trial trial;
    trial.name = "recorded, invocation " + std::to_string(proof_->invocation);
    std::vector<const tensors::Value*> values;
    for (size_t i = 0; i < primals_; ++i)
        values.push_back(find(proof_->forward_call, proof_->forward, i));
    for (size_t i = 0; i < wiring_.size(); ++i)
        if (wiring_[i].from == BackwardOperand::From::Tangent)
            values.push_back(find(proof_->backward_call, proof_->backward, i));
    const Body& of = joint.body(joint_body);
    if (values.size() != of.placeholder_count())
        return std::nullopt;
    for (size_t i = 0; i < values.size(); ++i) {
        if (!values[i] || values[i]->kind == tensors::Value::Kind::Tuple)
            return std::nullopt;
        trial.values.push_back(*values[i]);
        trial.values.back().name = std::string(joint.text(of.nodes[i].name));
    }
    return trial;
}

Status Prover::run(Proof& proof, std::vector<BackwardOperand> wiring) {
    proof_ = &proof;
    wiring_ = std::move(wiring);
    const GraphModule& module = *module_of(proof.derived_from);
    primals_ = module.body(proof.derived_from.body).placeholder_count();
    own_ = own_results(dump_, proof.derived_from.graph, proof.derived_from.body).value_or(0);
    proof.reference = proof.joint.graph ? "recorded joint" : "derived joint";
    // Bound once, so that all bodies are loaded and fed with the same.
    const Bindings hints = run::symbol_hints(dump_, proof.derived_from.graph);
    run::bind_default_symbols(module, proof.derived_from.body, hints, options_.symbols);
    if (proof.joint.graph)
        run::bind_default_symbols(*module_of(proof.joint), proof.joint.body, hints, options_.symbols);
    if (const Status status = derive(); !status)
        return status;
    const auto joint = proof.joint.graph ? module_of(proof.joint) : derived_->module;
    const BodyId body = proof.joint.graph ? proof.joint.body : BodyId(0);
    size_t tangents = 0;
    for (const BackwardOperand& operand : wiring_)
        tangents += operand.from == BackwardOperand::From::Tangent;
    if (proof.backward.graph && primals_ + tangents != joint->body(body).placeholder_count()) {
        proof.equal = false;
        proof.problem = "the backward body takes " + std::to_string(tangents) + " tangents, the "
            + proof.reference + " " + std::to_string(joint->body(body).placeholder_count() - primals_);
        return {};
    }
    auto trials = make_trials(*joint, body, options_.seeds, primals_, options_.symbols);
    if (!trials)
        return trials.error();
    trials_ = std::move(*trials);
    if (auto recorded = recorded_trial(*joint, body)) {
        trials_.all.insert(trials_.all.begin(), std::move(*recorded));
        proof.on_recorded = true;
    }
    refused_.resize(trials_.all.size());
    if (proof.joint.graph) {
        proof.operators = compare_operators(*joint, body, *derived_->module, BodyId(0));
        if (const Status status = load(*joint, body, joint); !status)
            return status;
        if (const Status status = run_joint(*joint, body, of_joint_); !status)
            return status;
    }
    if (const Status status = load(*derived_->module, BodyId(0), derived_->module); !status)
        return status;
    if (const Status status = run_joint(*derived_->module, BodyId(0), of_derived_); !status)
        return status;
    if (proof.backward.graph)
        if (const Status status = run_halves(); !status)
            return status;
    return compare();
}

// A body that the partitioner made, as against a joint graph in the backward's place (nested regions).
bool is_partitioned_call(const Dump& dump, const Place& call) {
    const auto found =
        call.graph ? region_call(*dump.graph(call.graph).module, call.body, call.node) : std::nullopt;
    return found && identifier_parts(found->identifier).partitioned;
}

// What of an invocation can be proven; nothing if it has less than two of the three.
std::optional<Proof> proof_of(const Dump& dump, const Invocation& invocation) {
    Proof proof;
    proof.invocation = invocation.index;
    proof.variant = invocation.variant;
    const Place &joint_forward = invocation.body(CallSite::Joint),
                &forward = invocation.body(CallSite::Forward);
    proof.joint = invocation.body(CallSite::JointBackward);
    const bool halves = forward.graph && invocation.body(CallSite::Backward).graph
        && is_partitioned_call(dump, invocation.call(CallSite::Backward));
    if (halves) {
        proof.forward = forward;
        proof.backward = invocation.body(CallSite::Backward);
        proof.forward_call = invocation.call(CallSite::Forward);
        proof.backward_call = invocation.call(CallSite::Backward);
    } else if (!proof.joint.graph) {
        proof.joint = invocation.body(CallSite::Backward);
    }
    proof.derived_from = joint_forward.graph ? joint_forward : forward;
    if (!proof.derived_from.graph || (!proof.joint.graph && !halves))
        return std::nullopt;
    return proof;
}

// The newest executor that has the operators of the dump's joint graph, or else of its first.
Result<std::string> executor_for(
    const Dump& dump, const std::vector<std::string>& libraries, const Job& job) {
    if (dump.graphs.empty())
        return make_error(Error::Kind::NotFound, "the dump has no graph");
    const Graph* chosen = &dump.graphs.front();
    for (const Graph& graph : dump.graphs)
        if (graph.stage == Stage::Joint && chosen->stage != Stage::Joint)
            chosen = &graph;
    const auto choice = worker::choose_executor(*chosen->module, BodyId(0), libraries, job);
    if (!choice)
        return choice.error();
    return choice->candidates[*choice->chosen].executor;
}

} // namespace

bool Proofs::equal() const {
    return std::all_of(all.begin(), all.end(), [](const Proof& proof) { return proof.equal; });
}
bool Proofs::different() const {
    return std::any_of(
        all.begin(), all.end(), [](const Proof& proof) { return !proof.equal && proof.compared; });
}

Result<Proofs> prove(const Dump& dump, const Ledger& ledger, const ProveOptions& options, const Job& job) {
    auto executor = executor_for(dump, options.libraries, job);
    if (!executor)
        return executor.error();
    worker::StartOptions start;
    start.executor = std::move(*executor);
    start.libraries = options.libraries;
    const auto started = worker::Worker::start(start, job);
    if (!started)
        return started.error();
    auto proofs = prove(**started, dump, ledger, options, job);
    if (!proofs)
        return proofs.error();
    return Proofs{(*started)->facts().libtorch, std::move(*proofs)};
}

Result<std::vector<Proof>> prove(worker::Worker& worker, const Dump& dump, const Ledger& ledger,
    const ProveOptions& options, const Job& job) {
    std::vector<Proof> proofs;
    bool known = options.region.empty(), invoked = !options.invocation;
    for (const CompilationLedger& c : ledger.compilations) {
        using Key = std::tuple<Place, Place, Place, Place, std::vector<BackwardOperand>>;
        std::vector<Key> done;
        for (const Invocation& invocation : c.invocations) {
            const Region* region = invocation.region ? &c.regions[invocation.region.index] : nullptr;
            if (!region
                || (!options.region.empty() && region->identifier != options.region
                    && region->function != options.region))
                continue;
            known = true;
            if (options.invocation && invocation.index != *options.invocation)
                continue;
            invoked = true;
            auto proof = proof_of(dump, invocation);
            if (!proof)
                continue;
            proof->compilation = c.compilation;
            proof->region = region->identifier;
            std::vector<BackwardOperand> wiring;
            if (proof->backward.graph) {
                auto operands = backward_operands(dump, invocation);
                if (!operands) {
                    proof->equal = false;
                    proof->problem = operands.error().message;
                    proofs.push_back(std::move(*proof));
                    continue;
                }
                wiring = std::move(*operands);
            }
            Key key{proof->forward, proof->backward, proof->joint, proof->derived_from, wiring};
            if (std::find(done.begin(), done.end(), key) != done.end())
                continue;
            done.push_back(std::move(key));
            if (const Status status = Prover(worker, dump, options, job).run(*proof, std::move(wiring));
                !status) {
                if (!worker.alive() || status.error().kind == Error::Kind::Cancelled)
                    return status.error();
                proof->equal = proof->compared = false;
                proof->problem = status.error().message;
            }
            proofs.push_back(std::move(*proof));
        }
    }
    if (!known)
        return make_error(Error::Kind::NotFound, "no region '" + options.region + "' in the dump");
    if (!invoked)
        return make_error(Error::Kind::NotFound,
            fmt::format("no invocation {} of {}; the first is 0", *options.invocation,
                options.region.empty() ? "any region of the dump" : "region '" + options.region + "'"));
    if (proofs.empty())
        return make_error(Error::Kind::NotFound,
            (options.region.empty() ? std::string("no region of the dump")
                                    : "region '" + options.region + "'")
                + (options.region.empty() ? " has" : " does not have")
                + " a forward body with a backward body or joint graph");
    return proofs;
}

} // namespace hopscope::proof
