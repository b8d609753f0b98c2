// A forward body and its backward in the two panes: on the same rows, at the same heights, with what leads
// from one to the other drawn across the gap.
#include "views/shell/actions.h"
#include "views/shell/gap.h"
#include "views/shell/pane.h"
#include "views/shell/panepresenter.h"

#include <algorithm>

namespace hopscope {

namespace {

bool is_simple(const PictureChoice& choice) {
    return !choice.with_backward && !choice.fold_repeats && !choice.sideways && choice.columns == 1;
}

} // namespace

void PanePresenter::connectHalves() {
    (*actions_)[Do::AlignHalves]->setChecked(true);
    actions_->onToggled(Do::AlignHalves, this, [this](bool) { state_->touch(Change::Drawing); });
    (*actions_)[Do::SavedLinks]->setChecked(true);
    actions_->onToggled(Do::SavedLinks, this, [this](bool on) {
        for (PaneView* view : panes_)
            view->canvas().setSavedLinks(on);
        split_->updateGap();
    });
    actions_->onToggled(Do::LinkViews, this, [this](bool) { showGap(); });
    for (const Pane pane : {Pane::Left, Pane::Right}) {
        const Canvas& canvas = panes_[size_t(pane)]->canvas();
        connect(&canvas, &Canvas::viewChanged, this, [this, pane] { followRows(pane); });
        connect(&canvas, &Canvas::linkHovered, this, [this] { lightLinks(); });
    }
}

// Whether the panes show a forward and its backward.
bool PanePresenter::areHalves() const {
    const std::array<Place, 2>& shown = state_->at().panes;
    if (!document_)
        return false;
    if (shown != sharable_.bodies) {
        sharable_.bodies = shown;
        sharable_.yes = can_share_rows(document_->dump(), shown[0], shown[1]);
    }
    return sharable_.yes;
}

// Whether the two panes are to be drawn on shared rows.
bool PanePresenter::wantsSharedRows() const {
    const std::array<Place, 2>& shown = state_->at().panes;
    return areHalves() && (*actions_)[Do::AlignHalves]->isChecked()
        && !(*actions_)[Do::LayoutDot]->isChecked() && !(*actions_)[Do::SinglePane]->isChecked()
        && is_simple(history_.of(shown[0])) && is_simple(history_.of(shown[1]));
}

// And are: until the picture of the other pane has come too, its rows are those of before.
bool PanePresenter::sharesRows() const {
    return shown_[0].beside_choice == shown_[1].choice && shown_[1].beside_choice == shown_[0].choice
        && shown_[0].beside.graph && shown_[1].beside.graph && shown_[0].beside == shown_[1].place()
        && shown_[1].beside == shown_[0].place() && panes_[0]->canvas().scene()
        && panes_[1]->canvas().scene();
}

// One scrolls with the other: what belongs together stays at the same height.
void PanePresenter::followRows(Pane moved) {
    split_->updateGap();
    if (following_ || !sharesRows() || !(*actions_)[Do::LinkViews]->isChecked())
        return;
    following_ = true;
    panes_[size_t(other_pane(moved))]->canvas().showRowsOf(panes_[size_t(moved)]->canvas());
    following_ = false;
    split_->updateGap();
}

// Both, at the scale at which both fit.
void PanePresenter::fitBoth() {
    following_ = true;
    for (PaneView* view : panes_)
        view->canvas().fitAll();
    const double zoom = std::min(panes_[0]->canvas().zoom(), panes_[1]->canvas().zoom());
    for (PaneView* view : panes_)
        view->canvas().fitAll(zoom);
    following_ = false;
    followRows(Pane::Left);
}

// The gap is wide where lines lead across it; then one bar scrolls both panes.
void PanePresenter::showGap() {
    const bool shared = sharesRows();
    const bool linked = shared && (*actions_)[Do::LinkViews]->isChecked();
    panes_[0]->canvas().setVerticalScrollBarPolicy(linked ? Qt::ScrollBarAlwaysOff : Qt::ScrollBarAsNeeded);
    if (shared != bool(split_->lines()))
        split_->setLines(shared ? [this] { return gapLines(); } : std::function<PaneSplitter::Lines()>());
    if (linked)
        followRows(state_->at().focus);
    lightLinks();
}

// What is selected or pointed at in one pane lights what it is linked to in the other.
void PanePresenter::lightLinks() {
    const bool shared = sharesRows();
    for (const Pane pane : {Pane::Left, Pane::Right})
        panes_[size_t(pane)]->canvas().setLit(
            shared ? panes_[size_t(other_pane(pane))]->canvas().ownLinks() : std::vector<uint32_t>());
    split_->updateGap();
}

PaneSplitter::Lines PanePresenter::gapLines() {
    PaneSplitter::Lines told;
    if (!sharesRows())
        return told;
    const Canvas &left = panes_[0]->canvas(), &right = panes_[1]->canvas();
    const auto height = [this](const Canvas& canvas, double scene) {
        return canvas.viewport()->mapTo(split_, QPoint()).y() + canvas.fromScene({0, scene}).y();
    };
    told.top = std::max(height(left, left.toScene({0, 0}).y()), height(right, right.toScene({0, 0}).y()));
    told.bottom = told.top + std::min(left.viewport()->height(), right.viewport()->height());
    std::vector<uint32_t> lit = left.ownLinks();
    const std::vector<uint32_t> other = right.ownLinks();
    lit.insert(lit.end(), other.begin(), other.end());
    const auto &from = left.links(), &to = right.links();
    for (size_t i = 0; i < std::min(from.size(), to.size()); ++i) {
        const draw::Edge &out = left.scene()->edges[from[i]], &in = right.scene()->edges[to[i]];
        const bool is_lit = std::find(lit.begin(), lit.end(), uint32_t(i)) != lit.end();
        if (!is_lit && !left.savedLinks())
            continue;
        if (!out.points.empty() && !in.points.empty())
            told.lines.push_back(
                {height(left, out.points.back().y), height(right, in.points.front().y), true, is_lit});
        else if (is_lit) // too far up or down to be drawn otherwise
            told.lines.push_back({height(left, left.outlet(out.from_box)),
                height(right, right.outlet(in.to_box)), true, true});
    }
    const Pane focus = state_->at().focus;
    const Canvas& own = panes_[size_t(focus)]->canvas();
    const Canvas& partner = panes_[size_t(other_pane(focus))]->canvas();
    const std::optional<double> at = own.outlet(own.selected());
    for (const NodeId node : at ? partner.marks().partners : std::vector<NodeId>())
        if (const std::optional<double> there = partner.outlet(node)) {
            const double a = height(own, *at), b = height(partner, *there);
            told.lines.push_back({focus == Pane::Left ? a : b, focus == Pane::Left ? b : a, false, true});
        }
    return told;
}

// The other part of a link that leads out of a pane.
const draw::Edge* PanePresenter::acrossFrom(Pane pane, const draw::Edge& edge) const {
    const Canvas& other = panes_[size_t(other_pane(pane))]->canvas();
    if (!edge.across || !sharesRows() || *edge.across >= other.links().size())
        return nullptr;
    return &other.scene()->edges[other.links()[*edge.across]];
}

} // namespace hopscope
