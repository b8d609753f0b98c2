#include "core/regions/build.h"

#include <map>
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

// Sum of what is known; -1 where nothing is.
int64_t sum_bytes(const std::vector<SavedValue>& values) {
    int64_t sum = 0;
    bool known = values.empty();
    for (const SavedValue& v : values)
        if (v.bytes >= 0) {
            sum += v.bytes;
            known = true;
        }
    return known ? sum : -1;
}

} // namespace

void count_saved(const Dump& dump, CompilationLedger& ledger) {
    std::map<std::pair<Id<GraphTag>, std::pair<uint32_t, uint32_t>>, int64_t>
        sums; // by forward graph and both bodies
    ledger.totals.saved_bytes = 0;
    for (const Invocation& inv : ledger.invocations) {
        const Place& forward = inv.body(Half::Forward);
        const Place& backward = inv.body(Half::Backward);
        if (!forward.graph || !backward.graph || !inv.region)
            continue;
        const auto key = std::pair(forward.graph, std::pair(forward.body.index, backward.body.index));
        auto known = sums.find(key);
        if (known == sums.end()) {
            auto values = saved_values(*dump.graph(forward.graph).module, forward.body,
                *dump.graph(backward.graph).module, backward.body);
            known = sums.emplace(key, sum_bytes(values)).first;
            Region& region = ledger.regions[inv.region.index];
            if (region.saved_bytes < 0) {
                region.saved = std::move(values);
                region.saved_bytes = known->second;
            }
        }
        if (known->second > 0)
            ledger.totals.saved_bytes += known->second * inv.executions;
    }
}

} // namespace regions
} // namespace hopscope
