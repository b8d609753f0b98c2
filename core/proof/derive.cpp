#include "core/proof/derive.h"

namespace hopscope::proof {

namespace {

// Inputs that the person says need no gradient.
Status leave_out(const std::vector<std::string>& names, const GraphModule& module, BodyId id,
    wire::JointRequest& request) {
    const Body& body = module.body(id);
    if (!names.empty())
        request.requires_grad.resize(body.placeholder_count(), true);
    for (const std::string& name : names) {
        const NodeId node = find_node(module, body, name);
        if (!node || node.index >= body.placeholder_count())
            return make_error(Error::Kind::NotFound,
                "no gradient is wanted for '" + name + "'; the body has no such placeholder");
        request.requires_grad[node.index] = false;
    }
    return {};
}

} // namespace

Result<Derived> derive(const Dump& dump, const Place& forward, const DeriveRequest& request, const Job& job) {
    run::Request inputs = request.run;
    if (inputs.inputs.empty() && !inputs.seed)
        inputs.seed = 0;
    const auto prepared = run::prepare(dump, forward, inputs);
    if (!prepared)
        return prepared.error();
    auto plan = plan_joint(dump, prepared->place, prepared->symbols, request.variant, request.outputs);
    if (!plan)
        return plan.error();
    if (const Status status = leave_out(request.without, *prepared->module, prepared->body, plan->request);
        !status)
        return status.error();
    plan->request.seed = inputs.seed.value_or(0);
    const auto started = run::start(*prepared, inputs, job);
    if (!started)
        return started.error();
    auto joint = derive_joint(*started->worker, *prepared->module, prepared->body, plan->request, job);
    if (!joint)
        return joint.error();
    Derived derived{prepared->address, started->worker->facts().libtorch, prepared->inputs.synthetic,
        std::move(plan->note), std::move(*joint), std::move(plan->recorded), {}};
    if (derived.recorded) {
        const Place& place = derived.recorded->place;
        derived.differences =
            compare_operators(*dump.graph(place.graph).module, place.body, *derived.joint.module, BodyId(0));
    }
    return derived;
}

} // namespace hopscope::proof
