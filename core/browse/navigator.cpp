#include "core/browse/navigator.h"

#include "core/base/hash.h"
#include "core/graph/calls.h"

#include <algorithm>

namespace hopscope {

namespace {
constexpr size_t kHistoryLimit = 200;

Place body_only(Place place) {
    place.node = {};
    return place;
}

bool same_body(const Place& a, const Place& b) {
    return a.graph == b.graph && a.body == b.body;
}
} // namespace

// --- documents

void Navigator::set_document(std::shared_ptr<const Document> document) {
    document_ = std::move(document);
    const NavState before = std::move(state_);
    state_ = document_ ? opening() : NavState{};
    history_.assign(1, state_);
    at_ = 0;
    crossings_ = document_ ? hopscope::crossings(*document_, pane(Pane::Left), pane(Pane::Right))
                           : std::vector<Crossing>{};
    if (changed)
        changed(before);
}

void Navigator::replace_document(std::shared_ptr<const Document> document) {
    if (extends(document_, document)) {
        document_ = std::move(document);
        if (changed)
            changed(state_);
        return;
    }
    const std::string was = document_ ? describe() : std::string();
    const Subject subject = state_.subject;
    set_document(std::move(document));
    if (document_ && !was.empty() && restore(was)) {
        state_.subject = subject;
        history_.assign(1, state_);
        at_ = 0;
    }
}

NavState Navigator::opening() const {
    NavState state;
    const Dump& dump = document_->dump();
    if (!document_->rows().empty()) {
        state.row = 0;
        state.compilation = document_->rows()[0].compilation;
        state.region = document_->region_of(0);
        state.subject = Subject::Invocation;
        bodies_of(state, document_->invocation(0));
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

// --- which bodies

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

// --- going somewhere

void Navigator::keep_node(NavState& next) const {
    next.node = {};
    if (next.wanted.empty())
        return;
    const Place& body = next.panes[size_t(next.focus)];
    if (!body.graph)
        return;
    const NodeId node = find_node(document_->module(body.graph), document_->body(body), next.wanted);
    if (node)
        next.node = {body.graph, body.body, node};
}

void Navigator::go(NavState next, bool record) {
    if (next == state_)
        return;
    const NavState before = state_;
    const bool bodies_changed = next.panes != state_.panes;
    state_ = std::move(next);
    if (record) {
        history_.resize(at_ + 1);
        history_.push_back(state_);
        if (history_.size() > kHistoryLimit)
            history_.erase(history_.begin());
        at_ = history_.size() - 1;
    } else if (!history_.empty()) {
        history_[at_] = state_;
    }
    if (bodies_changed)
        crossings_ = hopscope::crossings(*document_, pane(Pane::Left), pane(Pane::Right));
    if (changed)
        changed(before);
}

void Navigator::select_invocation(int row) {
    show_invocation(row, false);
}

void Navigator::show_invocation(int row, bool at_node) {
    if (!document_ || row < 0 || size_t(row) >= document_->rows().size())
        return;
    NavState next = state_;
    next.row = row;
    next.compilation = document_->rows()[size_t(row)].compilation;
    next.region = document_->region_of(row);
    next.subject = Subject::Invocation;
    bodies_of(next, document_->invocation(row));
    keep_node(next);
    if (at_node && next.node.node)
        next.subject = Subject::Node;
    go(std::move(next), true);
}

void Navigator::select_region(RegionRef region) {
    if (!document_ || !region.valid())
        return;
    NavState next = state_;
    next.compilation = region.compilation;
    next.region = region;
    next.subject = Subject::Region;
    if (next.row < 0 || document_->region_of(next.row) != region) {
        next.row = document_->first_row_of(region);
        bodies_of(next, document_->region(region));
    } else {
        bodies_of(next, document_->invocation(next.row));
    }
    keep_node(next);
    go(std::move(next), true);
}

void Navigator::select_compilation(CompilationId compilation) {
    if (!document_ || !compilation)
        return;
    NavState next = state_;
    roots(next, compilation);
    next.subject = Subject::Compilation;
    keep_node(next);
    go(std::move(next), true);
}

void Navigator::select_stage(GraphId graph) {
    if (document_ && graph && document_->dump().graph(graph).module)
        go_to(Place{graph, BodyId(0), {}});
}

void Navigator::show_body(Pane p, const Place& body) {
    if (!document_ || !body.graph)
        return;
    NavState next = state_;
    next.panes[size_t(p)] = body_only(body);
    next.focus = p;
    next.compilation = document_->dump().graph(body.graph).compilation;
    if (const RegionRef ref = document_->region_of_body(body.graph, body.body); ref.valid())
        next.region = ref;
    next.subject = Subject::Body;
    keep_node(next);
    go(std::move(next), true);
}

void Navigator::go_to(const Place& place) {
    if (!document_ || !place.graph)
        return;
    NavState next = state_;
    const Place body{place.graph, place.body ? place.body : BodyId(0), {}};
    next.compilation = document_->dump().graph(body.graph).compilation;
    const RegionRef region = document_->region_of_body(body.graph, body.body);
    if (region.valid()) {
        next.region = region;
        const int first = document_->first_row_of(region);
        if (first >= 0 && (next.row < 0 || document_->region_of(next.row) != region))
            next.row = first;
    }
    if (same_body(body, next.panes[0])) {
        next.focus = Pane::Left;
    } else if (same_body(body, next.panes[1])) {
        next.focus = Pane::Right;
    } else {
        const Stage stage = document_->dump().graph(body.graph).stage;
        const bool right = stage == Stage::Backward || stage == Stage::Inference || stage == Stage::PostGrad;
        const Place other = other_half(body);
        const bool alone = !other.graph;
        next.focus = right && !alone ? Pane::Right : Pane::Left;
        next.panes[size_t(next.focus)] = body;
        next.panes[size_t(other_pane(next.focus))] = other;
    }
    if (place.node) {
        next.node = {body.graph, body.body, place.node};
        next.wanted = document_->node_name(next.node);
        next.subject = Subject::Node;
        if (const int row = document_->row_of_call(next.node); row >= 0) {
            next.row = row;
            next.region = document_->region_of(row);
        }
    } else {
        next.subject = region.valid() ? Subject::Region : Subject::Body;
        keep_node(next);
    }
    go(std::move(next), true);
}

Status Navigator::go_to(const std::string& address) {
    if (!document_)
        return make_error(Error::Kind::NotFound, "no dump is open");
    const Result<Place> place = resolve(document_->dump(), address);
    if (!place)
        return place.error();
    go_to(*place);
    return {};
}

void Navigator::select_node(Pane p, NodeId node) {
    if (!document_ || !pane(p).graph)
        return;
    NavState next = state_;
    next.focus = p;
    next.node = node ? Place{pane(p).graph, pane(p).body, node} : Place{};
    next.wanted = node ? document_->node_name(next.node) : std::string();
    next.subject = node ? Subject::Node : (next.row >= 0 ? Subject::Invocation : Subject::Body);
    go(std::move(next), false);
}

void Navigator::set_focus(Pane p) {
    NavState next = state_;
    next.focus = p;
    go(std::move(next), false);
}

bool Navigator::step_node(int direction) {
    if (!document_ || !pane(state_.focus).graph)
        return false;
    const int count = int(document_->body(pane(state_.focus)).nodes.size());
    const bool here = state_.node.node && same_body(state_.node, pane(state_.focus));
    const int next = here ? int(state_.node.node.index) + direction : (direction > 0 ? 0 : count - 1);
    if (next < 0 || next >= count)
        return false;
    select_node(state_.focus, NodeId(size_t(next)));
    return true;
}

// --- the stepper

bool Navigator::step(StepTo to, int direction) {
    if (!document_)
        return false;
    const int row = next_row(*document_, state_.row, to, direction);
    if (row < 0)
        return false;
    // Whoever looks at a node looks at the same one of the next invocation.
    show_invocation(row, state_.subject == Subject::Node);
    return true;
}

std::string Navigator::why_no_step(StepTo to, int direction) const {
    return document_ ? hopscope::why_no_step(*document_, state_.row, to, direction) : "no dump is open";
}

std::string Navigator::why_not_into() const {
    if (!document_)
        return "no dump is open";
    if (state_.node.node) {
        if (document_->row_of_call(state_.node) >= 0)
            return {};
        if (!called_bodies(document_->module(state_.node.graph), state_.node.body, state_.node.node).empty())
            return {};
    }
    if (state_.row < 0)
        return "no region call is selected";
    NavState there = state_;
    bodies_of(there, document_->invocation(state_.row));
    return there.panes == state_.panes ? "the bodies of this invocation are shown already" : std::string();
}

bool Navigator::step_into() {
    if (!why_not_into().empty())
        return false;
    if (state_.node.node) {
        if (const int row = document_->row_of_call(state_.node); row >= 0) {
            select_invocation(row);
            return true;
        }
        const std::vector<BodyId> bodies =
            called_bodies(document_->module(state_.node.graph), state_.node.body, state_.node.node);
        if (!bodies.empty()) {
            show_body(state_.focus, {state_.node.graph, bodies.front(), {}});
            return true;
        }
    }
    select_invocation(state_.row);
    return true;
}

std::string Navigator::why_not_out() const {
    if (!document_)
        return "no dump is open";
    const Place& body = pane(state_.focus);
    if (!body.graph || !document_->region_of_body(body.graph, body.body).valid())
        return "no region's body is shown here";
    return state_.row < 0 ? "no invocation is current" : std::string();
}

bool Navigator::step_out() {
    if (!why_not_out().empty())
        return false;
    const Invocation& invocation = document_->invocation(state_.row);
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

// The graph before or after that of the focused pane, of the same compilation; -1 = none.
int Navigator::graph_beside(int direction) const {
    if (!document_ || !pane(state_.focus).graph)
        return -1;
    const GraphId here = pane(state_.focus).graph;
    const std::vector<GraphId>& graphs =
        document_->dump().compilation(document_->dump().graph(here).compilation).graphs;
    const auto found = std::find(graphs.begin(), graphs.end(), here);
    for (int next = int(found - graphs.begin()) + direction; next >= 0 && next < int(graphs.size());
         next += direction) {
        if (document_->dump().graph(graphs[size_t(next)]).module)
            return int(graphs[size_t(next)].index);
    }
    return -1;
}

std::string Navigator::why_no_stage(int direction) const {
    if (graph_beside(direction) >= 0)
        return {};
    return std::string("this compilation has no ") + (direction > 0 ? "later" : "earlier") + " stage";
}

bool Navigator::step_stage(int direction) {
    const int graph = graph_beside(direction);
    if (graph < 0)
        return false;
    Place target{GraphId(size_t(graph)), BodyId(0), {}};
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

// --- history

bool Navigator::back() {
    if (!can_go_back())
        return false;
    go_in_history(-1);
    return true;
}

bool Navigator::forward() {
    if (!can_go_forward())
        return false;
    go_in_history(1);
    return true;
}

void Navigator::go_in_history(int offset) {
    const long target = long(at_) + offset;
    if (target < 0 || size_t(target) >= history_.size() || offset == 0)
        return;
    at_ = size_t(target);
    const NavState state = history_[at_];
    go(state, false);
}

std::vector<std::string> Navigator::back_titles() const {
    std::vector<std::string> titles;
    for (size_t i = at_; i > 0; --i)
        titles.push_back(title(history_[i - 1]));
    return titles;
}

std::vector<std::string> Navigator::forward_titles() const {
    std::vector<std::string> titles;
    for (size_t i = at_ + 1; i < history_.size(); ++i)
        titles.push_back(title(history_[i]));
    return titles;
}

std::string Navigator::title(const NavState& state) const {
    if (!document_ || !state.compilation)
        return {};
    const Place& body = state.panes[size_t(state.focus)];
    std::string text = document_->compile_label(state.compilation);
    if (state.subject == Subject::Invocation && state.row >= 0) {
        if (state.region.valid())
            text += " › " + document_->region(state.region).identifier;
        return text + " › " + position_text(*document_, state.row);
    }
    if (body.graph) {
        text += " › " + document_->stage_label(body.graph);
        if (const std::string name = document_->body_name(body); !name.empty())
            text += " › " + name;
    }
    if (state.node.node)
        text += " › " + document_->node_name(state.node);
    return text;
}

// --- as text

std::string Navigator::describe() const {
    if (!document_)
        return {};
    const auto address = [&](const Place& place) { return document_->address(place); };
    std::string text;
    if (state_.row >= 0) {
        const Row& row = document_->rows()[size_t(state_.row)];
        text += "invocation " + std::to_string(row.invocation) + " of "
            + document_->compile_label(row.compilation) + "\n";
    }
    if (state_.region.valid())
        text += "region " + document_->region(state_.region).identifier + "\n";
    text += "left " + address(pane(Pane::Left)) + "\n";
    text += "right " + address(pane(Pane::Right)) + "\n";
    text += std::string("focus ") + (state_.focus == Pane::Left ? "left" : "right") + "\n";
    if (!state_.wanted.empty())
        text += "node " + state_.wanted + "\n";
    return text;
}

uint64_t Navigator::hash() const {
    return hash64(describe());
}

bool Navigator::restore(const std::string& description) {
    if (!document_)
        return false;
    NavState next = state_;
    bool found = false;
    next.wanted.clear();
    next.node = {};
    for (size_t begin = 0; begin < description.size();) {
        const size_t end = std::min(description.find('\n', begin), description.size());
        const std::string line = description.substr(begin, end - begin);
        begin = end + 1;
        const size_t space = line.find(' ');
        if (space == std::string::npos)
            continue;
        const std::string key = line.substr(0, space), value = line.substr(space + 1);
        if (key == "invocation") {
            for (size_t row = 0; row < document_->rows().size(); ++row) {
                const Row& at = document_->rows()[row];
                if (value
                    == std::to_string(at.invocation) + " of " + document_->compile_label(at.compilation)) {
                    next.row = int(row);
                    next.compilation = at.compilation;
                    next.region = document_->region_of(int(row));
                    next.subject = Subject::Invocation;
                    found = true;
                }
            }
        } else if (key == "left" || key == "right") {
            const Result<Place> place = resolve(document_->dump(), value);
            if (place) {
                next.panes[key == "left" ? 0 : 1] = body_only(*place);
                found = true;
            } else if (value.empty()) {
                next.panes[key == "left" ? 0 : 1] = {};
            }
        } else if (key == "focus") {
            next.focus = value == "right" ? Pane::Right : Pane::Left;
        } else if (key == "node") {
            next.wanted = value;
        }
    }
    if (!found)
        return false;
    if (const Place& body = next.panes[size_t(next.focus)]; body.graph) {
        next.compilation = document_->dump().graph(body.graph).compilation;
        keep_node(next);
        if (next.node.node)
            next.subject = Subject::Node;
    }
    go(std::move(next), false);
    return true;
}

std::string Navigator::current_address() const {
    if (!document_)
        return {};
    const NavState& s = state_;
    if (s.subject == Subject::Node && s.node.node)
        return document_->address(s.node);
    if (s.subject == Subject::Invocation && s.row >= 0) {
        const Invocation& invocation = document_->invocation(s.row);
        for (const CallSite site :
            {CallSite::Forward, CallSite::Inference, CallSite::Joint, CallSite::Dynamo}) {
            if (invocation.call(site).graph && invocation.call(site).node)
                return document_->address(invocation.call(site));
        }
    }
    if (pane(s.focus).graph)
        return document_->address(pane(s.focus));
    return {};
}

} // namespace hopscope
