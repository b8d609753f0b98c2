#include "core/executor/verbs_joint.h"

#include "core/executor/derive.h"

#include <stdexcept>

namespace hopscope::executor {

using nlohmann::json;

namespace {

JointRequest request_of(const json& params) {
    const auto wrong = [](const char* name) {
        return std::invalid_argument(std::string("parameter '") + name + "' has the wrong type");
    };
    JointRequest request;
    if (const json given = params.value("requires_grad", json()); !given.is_null()) {
        if (!given.is_array())
            throw wrong("requires_grad");
        for (const json& flag : given) {
            if (!flag.is_boolean())
                throw wrong("requires_grad");
            request.requires_grad.push_back(flag.get<bool>());
        }
    }
    if (const json given = params.value("outputs", json()); !given.is_null()) {
        if (!given.is_number_unsigned())
            throw wrong("outputs");
        request.outputs = given.get<size_t>();
    }
    if (const json given = params.value("tangent_strides", json()); !given.is_null()) {
        if (!given.is_array())
            throw wrong("tangent_strides");
        for (const json& stride : given) {
            if (!stride.is_array())
                throw wrong("tangent_strides");
            std::vector<int64_t>& numbers = request.tangent_strides.emplace_back();
            for (const json& number : stride) {
                if (!number.is_number_integer() || number.get<int64_t>() < 0)
                    throw wrong("tangent_strides");
                numbers.push_back(number.get<int64_t>());
            }
        }
    }
    if (const json given = params.value("seed", json()); !given.is_null()) {
        if (!given.is_number_integer())
            throw wrong("seed");
        request.seed = given.get<uint64_t>();
    }
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
        return {{"cancelled", true}};
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
