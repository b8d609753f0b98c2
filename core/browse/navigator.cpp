#include "core/browse/navigator.h"

#include "core/browse/places.h"

namespace hopscope {

namespace {
constexpr size_t kHistoryLimit = 200;
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

// Of what would be shown, only the focused pane's part.
void Navigator::hold_other_pane(NavState& next) const {
    const size_t mine = size_t(state_.focus), other = size_t(other_pane(state_.focus));
    if (linked_ || !state_.panes[mine].graph)
        return;
    if (!next.panes[mine].graph)
        next.panes[mine] = next.panes[other];
    next.panes[other] = state_.panes[other];
    next.focus = state_.focus;
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
    hold_other_pane(next);
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
    if (!next.row || document_->region_of(*next.row) != region) {
        next.row = document_->first_row_of(region);
        bodies_of(next, document_->region(region));
    } else {
        bodies_of(next, document_->invocation(*next.row));
    }
    hold_other_pane(next);
    keep_node(next);
    go(std::move(next), true);
}

void Navigator::select_compilation(CompilationId compilation) {
    if (!document_ || !compilation)
        return;
    NavState next = state_;
    roots(next, compilation);
    hold_other_pane(next);
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
        const std::optional<int> first = document_->first_row_of(region);
        if (first && (!next.row || document_->region_of(*next.row) != region))
            next.row = first;
    }
    if (same_body(body, next.panes[0])) {
        next.focus = Pane::Left;
    } else if (same_body(body, next.panes[1])) {
        next.focus = Pane::Right;
    } else if (!linked_) {
        next.panes[size_t(next.focus)] = body;
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
        if (const std::optional<int> row = document_->row_of_call(next.node)) {
            next.row = row;
            next.region = document_->region_of(*row);
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
    next.subject = node ? Subject::Node : (next.row ? Subject::Invocation : Subject::Body);
    go(std::move(next), false);
}

void Navigator::select_place(Pane p, const Place& node) {
    if (!document_ || !pane(p).graph || !document_->node(node))
        return;
    NavState next = state_;
    next.focus = p;
    next.node = node;
    next.wanted = document_->node_name(node);
    next.subject = Subject::Node;
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

} // namespace hopscope
