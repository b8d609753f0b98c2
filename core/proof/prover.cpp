// What is run: the derived joint graph, the recorded one, and the halves as autograd runs them.
#include "core/proof/prover.h"

#include "core/graph/reading.h"
#include "core/regions/roles.h"

#include <algorithm>

namespace hopscope::proof {

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
    doing_ = proof_->region;
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

} // namespace hopscope::proof
