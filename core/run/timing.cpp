#include "core/run/timing.h"

#include "core/graph/calls.h"

#include <algorithm>
#include <map>
#include <numeric>

namespace hopscope::run {

using nlohmann::json;
using nlohmann::ordered_json;

double Timing::operator_us() const {
    return std::accumulate(operators.begin(), operators.end(), 0.0,
        [](double sum, const OperatorTime& o) { return sum + o.total_us; });
}

std::vector<size_t> Timing::by_time() const {
    std::vector<size_t> order;
    for (size_t i = 0; i < nodes.size(); ++i)
        if (!nodes[i].calls_body)
            order.push_back(i);
    std::stable_sort(order.begin(), order.end(),
        [&](size_t a, size_t b) { return nodes[a].total_us > nodes[b].total_us; });
    return order;
}

Result<Timing> time_nodes(worker::Worker& executor, int repeat, uint64_t seed, const Job& job) {
    const auto answer = executor.call("timing", {{"repeat", repeat}, {"seed", seed}}, job);
    if (!answer)
        return answer.error();
    const GraphModule& module = *executor.module();
    Timing timing;
    timing.repeat = answer->at("repeat").get<int>();
    timing.wall_ms = answer->at("wall_ms").get<double>();
    timing.failure = answer->value("failure", json());
    std::map<std::string, OperatorTime> operators;
    for (const json& row : answer->at("rows")) {
        NodeTime n;
        n.body = executor.body_of(row.at("body").get<uint32_t>());
        n.node = NodeId(row.at("node").get<uint32_t>());
        if (!n.body)
            continue;
        const Node& node = module.body(n.body).node(n.node);
        // Placeholders, attributes and outputs only stand for values.
        if (node.op == Opcode::Placeholder || node.op == Opcode::GetAttr || node.op == Opcode::Output)
            continue;
        n.path = body_path(module, n.body);
        n.name = module.text(node.name);
        n.target = short_target(module, node);
        n.calls = row.at("calls").get<uint64_t>();
        n.call_us = row.at("median_us").get<double>();
        n.total_us = row.at("total_us").get<double>();
        n.calls_body = !called_bodies(module, n.body, n.node).empty();
        if (!n.calls_body && n.target != "operator.getitem") {
            OperatorTime& o = operators[n.target];
            o.target = n.target;
            o.calls += n.calls;
            o.total_us += n.total_us;
        }
        timing.nodes.push_back(std::move(n));
    }
    for (auto& [target, time] : operators)
        timing.operators.push_back(std::move(time));
    std::stable_sort(timing.operators.begin(), timing.operators.end(),
        [](const OperatorTime& a, const OperatorTime& b) { return a.total_us > b.total_us; });
    return timing;
}

ordered_json to_json(const Timing& timing) {
    ordered_json nodes = ordered_json::array(), operators = ordered_json::array();
    for (const NodeTime& n : timing.nodes)
        nodes.push_back({{"body", n.path}, {"node", n.name}, {"target", n.target}, {"calls", n.calls},
            {"call_us", n.call_us}, {"total_us", n.total_us}});
    for (const OperatorTime& o : timing.operators)
        operators.push_back({{"target", o.target}, {"calls", o.calls}, {"total_us", o.total_us}});
    return {
        {"repeat", timing.repeat}, {"wall_ms", timing.wall_ms}, {"operators", operators}, {"nodes", nodes}};
}

} // namespace hopscope::run
