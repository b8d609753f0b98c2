#include "core/regions/build.h"

#include <map>
#include <tuple>
#include <unordered_map>

namespace hopscope {

std::vector<SavedValue> saved_values(
    const GraphModule& forward, BodyId forward_body, const GraphModule& backward, BodyId backward_body) {
    std::vector<SavedValue> saved;
    const Body& fw = forward.body(forward_body);
    const Body& bw = backward.body(backward_body);
    if (fw.nodes.empty() || fw.nodes.back().op != Opcode::Output)
        return saved;
    std::unordered_map<std::string_view, NodeId> placeholders;
    for (size_t i = 0; i < bw.placeholder_count(); ++i)
        placeholders.emplace(backward.text(bw.nodes[i].name), NodeId(i));
    for (const NodeId output : fw.inputs_of(fw.nodes.back())) {
        const Node& node = fw.node(output);
        const auto found = placeholders.find(forward.text(node.name));
        if (found == placeholders.end())
            continue;
        SavedValue value;
        value.name = node.name;
        value.node = output;
        value.placeholder = found->second;
        if (const ValueType* type = forward.type(node.type))
            value.bytes = byte_size(forward, *type);
        saved.push_back(value);
    }
    return saved;
}

namespace regions {

namespace {

// Sum of what is known; none where nothing is.
std::optional<int64_t> sum_bytes(const std::vector<SavedValue>& values) {
    int64_t sum = 0;
    bool known = values.empty();
    for (const SavedValue& v : values)
        if (v.bytes) {
            sum += *v.bytes;
            known = true;
        }
    return known ? std::optional(sum) : std::nullopt;
}

} // namespace

void count_saved(const Dump& dump, CompilationLedger& ledger) {
    // By forward graph and both bodies.
    std::map<std::tuple<GraphId, BodyId, BodyId>, std::optional<int64_t>> sums;
    ledger.totals.saved_bytes = 0;
    for (const Invocation& inv : ledger.invocations) {
        const Place& forward = inv.body(CallSite::Forward);
        const Place& backward = inv.body(CallSite::Backward);
        if (!forward.graph || !backward.graph || !inv.region)
            continue;
        const auto key = std::tuple(forward.graph, forward.body, backward.body);
        auto known = sums.find(key);
        if (known == sums.end()) {
            auto values = saved_values(*dump.graph(forward.graph).module, forward.body,
                *dump.graph(backward.graph).module, backward.body);
            known = sums.emplace(key, sum_bytes(values)).first;
            Region& region = ledger.regions[inv.region.index];
            if (!region.saved_bytes) {
                region.saved = std::move(values);
                region.saved_bytes = known->second;
            }
        }
        ledger.totals.saved_bytes += known->second.value_or(0) * inv.executions;
    }
}

} // namespace regions
} // namespace hopscope
