#include "core/executor/verbs_joint.h"

#include "core/executor/derive.h"
#include "core/executor/params.h"

namespace hopscope::executor {

using nlohmann::json;

namespace {

JointRequest request_of(const json& params) {
    const auto list = [&](const char* name) {
        json given = params.value(name, json());
        if (!given.is_null() && !given.is_array())
            throw Fault{wire::kInvalidParams, std::string("parameter '") + name + "' has the wrong type"};
        return given;
    };
    JointRequest request;
    for (const json& flag : list("requires_grad")) {
        if (!flag.is_boolean())
            throw Fault{wire::kInvalidParams, "parameter 'requires_grad' must be a list of booleans"};
        request.requires_grad.push_back(flag.get<bool>());
    }
    if (const int64_t outputs = number_of(params, "outputs", -1); outputs >= 0)
        request.outputs = static_cast<size_t>(outputs);
    for (const json& stride : list("tangent_strides")) {
        request.tangent_strides.push_back(numbers_of(stride, "tangent_strides"));
        for (const int64_t step : request.tangent_strides.back())
            if (step < 0)
                throw Fault{wire::kInvalidParams, "a tangent has a negative stride"};
    }
    request.seed = static_cast<uint64_t>(number_of(params, "seed", 0));
    return request;
}

json failure_json(const Program& program, const Failure& failure) {
    const GraphModule& module = *program.module;
    const Node& node = module.body(failure.body).node(failure.node);
    return {{"body", body_path(module, failure.body)}, {"node", module.text(node.name)},
        {"path", failure.path}, {"target", short_target(module, node)}, {"message", failure.message},
        {"unsupported", failure.unsupported}};
}

} // namespace

json joint_verb(const Program& program, const std::vector<c10::IValue>& inputs, const json& params,
    wire::Progress* progress, const std::function<bool()>& stop) {
    const Joint joint = derive_joint(program, inputs, request_of(params), progress, stop);
    if (joint.cancelled)
        throw Fault{wire::kCancelled, "cancelled after " + std::to_string(joint.run) + " nodes"};
    if (joint.failure)
        return {{"failure", failure_json(program, *joint.failure)}};
    json placeholders = json::array(), nodes = json::array(), outputs = json::array();
    for (const Joint::Placeholder& p : joint.placeholders)
        placeholders.push_back({{"name", p.name}, {"type", p.type}, {"attribute", p.attribute}});
    for (const JointNode& node : joint.nodes) {
        json entry{{"text", node.text}};
        if (!node.forward.empty())
            entry["forward"] = node.forward;
        if (!node.backward_of.empty())
            entry["backward_of"] = node.backward_of;
        nodes.push_back(std::move(entry));
    }
    for (const JointOutput& output : joint.outputs)
        outputs.push_back({{"kind", output.kind}, {"needs_gradient", output.needs_gradient}});
    return {{"placeholders", placeholders}, {"nodes", nodes}, {"returned", joint.returned},
        {"requires_grad", joint.requires_grad}, {"outputs", outputs}, {"heard", joint.heard},
        {"run", joint.run}};
}

} // namespace hopscope::executor
