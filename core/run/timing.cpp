#include "core/run/timing.h"

#include "core/graph/calls.h"

#include <algorithm>
#include <map>
#include <numeric>

namespace hopscope::run {

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

Result<Timing> time_nodes(worker::Worker& worker, int repeat, uint64_t seed, const Job& job) {
    auto answer = worker.timing({repeat, seed}, job);
    if (!answer)
        return answer.error();
    const GraphModule& module = *worker.module();
    Timing timing;
    timing.repeat = static_cast<int>(answer->repeat);
    timing.wall_ms = answer->wall_ms;
    timing.failure = std::move(answer->failure);
    std::map<std::string, OperatorTime> operators;
    for (const wire::NodeTiming& row : answer->rows) {
        if (!row.body)
            continue;
        NodeTime n;
        n.body = row.body;
        n.node = row.node;
        const Node& node = module.body(n.body).node(n.node);
        // Placeholders, attributes and outputs only stand for values.
        if (node.op == Opcode::Placeholder || node.op == Opcode::GetAttr || node.op == Opcode::Output)
            continue;
        n.path = body_path(module, n.body);
        n.name = module.text(node.name);
        n.target = short_target(module, node);
        n.calls = row.calls;
        n.call_us = row.median_us;
        n.total_us = row.total_us;
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

} // namespace hopscope::run
