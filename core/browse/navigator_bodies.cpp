// Which bodies stand in the two panes.
#include "core/browse/navigator.h"

#include "core/browse/places.h"
#include <algorithm>

namespace hopscope {

NavState Navigator::opening() const {
    NavState state;
    const Dump& dump = document_->dump();
    const std::vector<Row>& rows = document_->rows();
    if (!rows.empty()) {
        // Where there is something to ask about: all views then speak of one compilation.
        const CompilationId asked = document_->first_to_explain();
        const auto found =
            std::find_if(rows.begin(), rows.end(), [&](const Row& row) { return row.compilation == asked; });
        const int at = found == rows.end() ? 0 : static_cast<int>(found - rows.begin());
        state.row = at;
        state.compilation = rows[static_cast<size_t>(at)].compilation;
        state.region = document_->region_of(at);
        state.subject = Subject::Invocation;
        bodies_of(state, document_->invocation(at));
        return state;
    }
    for (size_t i = 0; i < dump.compilations.size(); ++i) {
        if (!dump.compilations[i].graphs.empty() && dump.compilations[i].last_attempt) {
            roots(state, CompilationId(i));
            return state;
        }
    }
    if (!dump.compilations.empty())
        roots(state, CompilationId(0));
    return state;
}

void Navigator::bodies_of(NavState& state, const Invocation& invocation) const {
    const auto body = [&](CallSite site) { return body_only(invocation.body(site)); };
    Place left, right;
    if (body(CallSite::Forward).graph) {
        left = body(CallSite::Forward);
        right = body(CallSite::Backward).graph ? body(CallSite::Backward)
            : body(CallSite::Joint).graph      ? body(CallSite::Joint)
                                               : body(CallSite::Dynamo);
    } else if (body(CallSite::Inference).graph) {
        left = body(CallSite::Dynamo);
        right = body(CallSite::Inference);
    } else {
        left = body(CallSite::Dynamo);
        right = body(CallSite::Joint);
        // Put inline after Dynamo: the graph that its nodes went into stands beside it.
        if (!right.graph && invocation.inlined) {
            for (Stage stage : {Stage::Forward, Stage::Inference, Stage::Joint}) {
                if (!right.graph)
                    right = document_->root_of(state.compilation, stage);
            }
        }
    }
    if (!left.graph)
        std::swap(left, right);
    if (!left.graph) {
        roots(state, state.compilation);
        return;
    }
    state.panes = {left, right};
}

void Navigator::bodies_of(NavState& state, const Region& region) const {
    if (!region.invocations.empty()) {
        bodies_of(
            state, document_->ledger().of(state.region.compilation).invocation(region.invocations.front()));
        return;
    }
    if (!region.bodies.empty())
        state.panes = {body_only(region.bodies.front().place), Place{}};
}

void Navigator::roots(NavState& state, CompilationId compilation) const {
    state.compilation = compilation;
    const auto root = [&](Stage stage) { return document_->root_of(compilation, stage); };
    Place left = root(Stage::Forward), right = root(Stage::Backward);
    if (left.graph && !right.graph)
        right = root(Stage::Joint).graph ? root(Stage::Joint) : root(Stage::Dynamo);
    if (!left.graph) {
        left = root(Stage::Dynamo);
        right = root(Stage::Inference).graph ? root(Stage::Inference) : root(Stage::Joint);
    }
    if (!left.graph)
        std::swap(left, right);
    for (GraphId id : document_->dump().compilation(compilation).graphs) {
        if (!left.graph && document_->dump().graph(id).module)
            left = {id, BodyId(0), {}};
    }
    state.panes = {left, right};
}

// What belongs beside a body: the backward beside the forward of the same region or root, and so on.
Place Navigator::other_half(const Place& place) const {
    const Graph& graph = document_->dump().graph(place.graph);
    const RegionRef ref = document_->region_of_body(place.graph, place.body);
    const auto wanted = [&]() -> std::vector<Stage> {
        switch (graph.stage) {
        case Stage::Forward:
            return {Stage::Backward, Stage::Joint, Stage::Dynamo};
        case Stage::Backward:
            return {Stage::Forward};
        case Stage::Joint:
            return {Stage::Dynamo, Stage::Forward};
        case Stage::Dynamo:
            return {Stage::Inference, Stage::Forward, Stage::Joint};
        default:
            return {Stage::Dynamo};
        }
    }();
    for (Stage stage : wanted) {
        if (ref.valid()) {
            for (const RegionBody& body : document_->region(ref).bodies) {
                if (body.place.graph && document_->dump().graph(body.place.graph).stage == stage)
                    return body_only(body.place);
            }
        } else if (const Place root = document_->root_of(graph.compilation, stage); root.graph) {
            return root;
        }
    }
    return {};
}

} // namespace hopscope
