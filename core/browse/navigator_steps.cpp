// From call to body and back, from stage to stage.
#include "core/browse/navigator.h"
#include "core/browse/places.h"
#include "core/graph/calls.h"

#include <algorithm>

namespace hopscope {

bool Navigator::step(StepTo to, int direction) {
    if (!document_)
        return false;
    const std::optional<int> row = next_row(*document_, state_.row, to, direction);
    if (!row)
        return false;
    // Whoever looks at a node looks at the same one of the next invocation.
    show_invocation(*row, state_.subject == Subject::Node);
    return true;
}

std::string Navigator::why_no_step(StepTo to, int direction) const {
    return document_ ? hopscope::why_no_step(*document_, state_.row, to, direction) : "no dump is open";
}

std::string Navigator::why_not_into() const {
    if (!document_)
        return "no dump is open";
    if (state_.node.node) {
        if (document_->row_of_call(state_.node))
            return {};
        if (!called_bodies(document_->module(state_.node.graph), state_.node.body, state_.node.node).empty())
            return {};
    }
    if (!state_.row)
        return "no region call is selected";
    NavState there = state_;
    bodies_of(there, document_->invocation(*state_.row));
    return there.panes == state_.panes ? "the bodies of this invocation are shown already" : std::string();
}

bool Navigator::step_into() {
    if (!why_not_into().empty())
        return false;
    if (state_.node.node) {
        if (const std::optional<int> row = document_->row_of_call(state_.node)) {
            select_invocation(*row);
            return true;
        }
        const std::vector<BodyId> bodies =
            called_bodies(document_->module(state_.node.graph), state_.node.body, state_.node.node);
        if (!bodies.empty()) {
            show_body(state_.focus, {state_.node.graph, bodies.front(), {}});
            return true;
        }
    }
    select_invocation(*state_.row);
    return true;
}

// What the selected node calls in its own graph; without one, the body of the current invocation in the
// focused pane's graph.
Place Navigator::called_body() const {
    if (!document_)
        return {};
    if (const Place& node = state_.node; node.node) {
        const std::vector<BodyId> bodies = called_bodies(document_->module(node.graph), node.body, node.node);
        if (!bodies.empty())
            return {node.graph, bodies.front(), {}};
    }
    if (state_.row && pane(state_.focus).graph) {
        for (const Place& body : document_->invocation(*state_.row).bodies)
            if (body.graph == pane(state_.focus).graph && body.body)
                return body_only(body);
    }
    return {};
}

std::string Navigator::why_not_beside() const {
    if (!document_)
        return "no dump is open";
    const Place body = called_body();
    if (!body.graph)
        return state_.node.node ? "the selected node calls no body" : "no call is selected";
    return same_body(body, pane(other_pane(state_.focus))) ? "it is shown in the other pane already"
                                                           : std::string();
}

bool Navigator::open_beside() {
    if (!why_not_beside().empty())
        return false;
    open_beside(called_body());
    return true;
}

void Navigator::open_beside(const Place& body) {
    if (body.graph && pane(state_.focus).graph)
        show_body(other_pane(state_.focus), body);
}

std::string Navigator::why_not_out() const {
    if (!document_)
        return "no dump is open";
    const Place& body = pane(state_.focus);
    if (!body.graph || !document_->region_of_body(body.graph, body.body).valid())
        return "no region's body is shown here";
    return !state_.row ? "no invocation is current" : std::string();
}

bool Navigator::step_out() {
    if (!why_not_out().empty())
        return false;
    const Invocation& invocation = document_->invocation(*state_.row);
    NavState next = state_;
    bool found = false;
    for (size_t p = 0; p < 2; ++p) {
        for (size_t h = 0; h < kCallSiteCount; ++h) {
            const Place& call = invocation.calls[h];
            if (!call.graph || !call.node || !same_body(invocation.bodies[h], state_.panes[p]))
                continue;
            next.panes[p] = body_only(call);
            if (Pane(p) == state_.focus) {
                next.node = call;
                next.wanted = document_->node_name(call);
                next.subject = Subject::Node;
                found = true;
            }
            break;
        }
    }
    if (!found)
        return up();
    go(std::move(next), true);
    return true;
}

std::string Navigator::why_not_up() const {
    if (!document_ || !pane(state_.focus).graph)
        return "no body is shown here";
    return document_->body(pane(state_.focus)).parent ? std::string() : "this is a root body";
}

bool Navigator::up() {
    if (!why_not_up().empty())
        return false;
    const Place& body = pane(state_.focus);
    show_body(state_.focus, {body.graph, document_->body(body).parent, {}});
    return true;
}

// The graph before or after that of the focused pane, of the same compilation; none = there is none.
GraphId Navigator::graph_beside(int direction) const {
    if (!document_ || !pane(state_.focus).graph)
        return {};
    const GraphId here = pane(state_.focus).graph;
    const std::vector<GraphId>& graphs =
        document_->dump().compilation(document_->dump().graph(here).compilation).graphs;
    const auto found = std::find(graphs.begin(), graphs.end(), here);
    for (int next = int(found - graphs.begin()) + direction; next >= 0 && next < int(graphs.size());
         next += direction) {
        if (document_->dump().graph(graphs[size_t(next)]).module)
            return graphs[size_t(next)];
    }
    return {};
}

std::string Navigator::why_no_stage(int direction) const {
    if (graph_beside(direction))
        return {};
    return std::string("this compilation has no ") + (direction > 0 ? "later" : "earlier") + " stage";
}

bool Navigator::step_stage(int direction) {
    const GraphId graph = graph_beside(direction);
    if (!graph)
        return false;
    Place target{graph, BodyId(0), {}};
    // Inside a region, stay in its body of the other stage.
    const Place& here = pane(state_.focus);
    if (const RegionRef ref = document_->region_of_body(here.graph, here.body); ref.valid()) {
        for (const RegionBody& body : document_->region(ref).bodies) {
            if (body.place.graph == target.graph) {
                target = body_only(body.place);
                break;
            }
        }
    }
    show_body(state_.focus, target);
    return true;
}

} // namespace hopscope
