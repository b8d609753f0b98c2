#include "core/regions/build.h"

#include <algorithm>
#include <set>

namespace hopscope::regions {

std::vector<GraphCall> graph_calls(const GraphModule& module) {
    std::vector<GraphCall> calls;
    if (module.bodies.empty())
        return calls;
    // A body is entered once by its identifier and place; other higher-order operators' bodies (cond,
    // checkpoints) are walked in place, they are no calls of their own.
    struct Frame {
        BodyId body;
        size_t next = 0;
        int parent = -1;
    };
    std::set<std::string_view> entered;
    std::vector<bool> walked(
        module.bodies.size(), false); // else bodies called twice at every depth never end
    std::vector<Frame> stack{{BodyId(0)}};
    while (!stack.empty()) {
        Frame& frame = stack.back();
        const Body& body = module.body(frame.body);
        if (frame.next >= body.nodes.size()) {
            stack.pop_back();
            continue;
        }
        const NodeId node(frame.next++);
        if (!module.text(body.node(node).target).starts_with("torch.ops.higher_order."))
            continue;
        const BodyId scope = frame.body;
        const int parent = frame.parent;
        if (auto call = region_call(module, scope, node)) {
            GraphCall found;
            found.parts = identifier_parts(call->identifier);
            found.region = found.parts.region;
            found.scope = scope;
            found.parent = parent;
            const Source* source = module.source(body.node(node).source);
            found.call_id = source ? source->call_id : -1;
            const BodyId called = call->body;
            const bool first = entered.insert(call->identifier).second;
            found.call = std::move(*call);
            calls.push_back(std::move(found));
            if (called && first)
                stack.push_back({called, 0, static_cast<int>(calls.size()) - 1});
            continue;
        }
        const auto bodies = called_bodies(module, scope, node);
        for (size_t i = bodies.size(); i-- > 0;)
            if (!walked[bodies[i].index]) {
                walked[bodies[i].index] = true;
                stack.push_back({bodies[i], 0, parent});
            }
    }
    return calls;
}

GraphId main_graph(const Dump& dump, const Compilation& compilation, Stage stage) {
    for (const GraphId id : compilation.graphs)
        if (dump.graph(id).stage == stage && dump.graph(id).label.empty())
            return id;
    return {};
}

Half half_of_lone_graph(const std::vector<GraphCall>& calls) {
    const auto any = [&](IdentifierParts::Half half) {
        return std::any_of(
            calls.begin(), calls.end(), [&](const GraphCall& c) { return c.parts.half == half; });
    };
    const bool forward = any(IdentifierParts::Half::Forward);
    const bool backward = any(IdentifierParts::Half::Backward);
    const bool partitioned =
        std::any_of(calls.begin(), calls.end(), [](const GraphCall& c) { return c.parts.partitioned; });
    if (forward && backward)
        return partitioned ? Half::Backward
                           : Half::Joint; // a backward that recomputes holds forward calls too
    if (backward)
        return Half::Backward;
    return forward ? Half::Forward : Half::Inference;
}

} // namespace hopscope::regions
