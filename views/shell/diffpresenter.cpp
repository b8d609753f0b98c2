#include "views/shell/diffpresenter.h"

#include "views/base/text.h"
#include "views/diff/diffview.h"
#include "views/shell/actions.h"
#include "views/shell/docks.h"
#include "views/shell/pane.h"
#include "views/shell/panepresenter.h"

#include <QAction>
#include <QPointer>

#include <algorithm>
#include <climits>

namespace hopscope {

DiffPresenter::DiffPresenter(
    WindowState* state, Actions* actions, Docks* docks, DiffView* view, PanePresenter* panes)
    : state_(state)
    , actions_(actions)
    , docks_(docks)
    , panes_(panes) {
    actions_->connectTo(this,
        {
            {Do::ComparePanes,
                [this] {
                    const Navigator& navigator = state_->navigator();
                    compare(navigator.pane(Pane::Left), navigator.pane(Pane::Right));
                }},
            {Do::NextDifference, [this] { step(1); }},
            {Do::PreviousDifference, [this] { step(-1); }},
        });
    connect(view, &DiffView::rowChosen, this, &DiffPresenter::choose);
    connect(view, &DiffView::optionsChosen, this, &DiffPresenter::again);
    actions_->operator[](Do::LinkViews)->setCheckable(true);
    actions_->operator[](Do::LinkViews)->setChecked(true);
    for (const Pane pane : {Pane::Left, Pane::Right})
        connect(&panes_->pane(pane).canvas(), &Canvas::viewChanged, this, [this, pane] { followView(pane); });
}

// The same two bodies, with other fields looked past.
void DiffPresenter::again(const MatchOptions& options) {
    options_ = options;
    if (const std::shared_ptr<const Comparison> of = state_->comparison())
        compare(of->a, of->b);
}

// The other view is put so that the node nearest to the middle of this one, of those that both bodies have,
// stands in the same place in both.
void DiffPresenter::followView(Pane moved) {
    const std::shared_ptr<const Comparison> of = state_->comparison();
    if (!of || linking_ || panes_->sharesRows() || !actions_->operator[](Do::LinkViews)->isChecked())
        return;
    const auto same = [](const Place& x, const Place& y) { return x.graph == y.graph && x.body == y.body; };
    const Place &left = panes_->pane(Pane::Left).body(), &right = panes_->pane(Pane::Right).body();
    const bool straight = same(left, of->a) && same(right, of->b);
    if (!straight && !(same(left, of->b) && same(right, of->a)))
        return;
    const bool of_a = (moved == Pane::Left) == straight;
    Canvas& mine = panes_->pane(moved).canvas();
    Canvas& other = panes_->pane(other_pane(moved)).canvas();
    if (!mine.scene() || !other.scene())
        return;
    const QPoint middle = mine.viewport()->rect().center();
    NodeId nearest, partner;
    int best = INT_MAX;
    constexpr size_t kMost = 4000; // of larger bodies each step of the wheel would cost too much
    const size_t count = state_->document()->body(of_a ? of->a : of->b).nodes.size();
    for (size_t i = 0; i < std::min(count, kMost); ++i) {
        const NodeId their = of->partner(of_a, NodeId(i));
        const QRect box = their ? mine.boxRect(NodeId(i)) : QRect();
        const int distance = (box.center() - middle).manhattanLength();
        if (box.isNull() || distance >= best || other.boxRect(their).isNull())
            continue;
        best = distance;
        nearest = NodeId(i);
        partner = their;
    }
    if (!nearest)
        return;
    linking_ = true;
    const double zoom = mine.zoom();
    const QPointF off = QPointF(mine.boxRect(nearest).center() - middle) / zoom;
    other.setViewState({zoom, other.toScene(other.boxRect(partner).center()) - off});
    linking_ = false;
}

void DiffPresenter::compare(const Place& a, const Place& b) {
    Navigator& navigator = state_->navigator();
    if (navigator.pane(Pane::Left).graph != a.graph || navigator.pane(Pane::Left).body != a.body)
        navigator.show_body(Pane::Left, a);
    if (navigator.pane(Pane::Right).graph != b.graph || navigator.pane(Pane::Right).body != b.body)
        navigator.show_body(Pane::Right, b);
    docks_->show(QStringLiteral("diff"));
    const std::shared_ptr<const Document> document = state_->document();
    const int generation = ++generation_;
    const MatchOptions options = options_;
    auto made = std::make_shared<std::shared_ptr<const Comparison>>();
    state_->jobs().start(
        tr("Comparing %1 and %2").arg(qs(document->address(a)), qs(document->address(b))),
        [=](const Job&) {
            *made = std::make_shared<const Comparison>(compare_bodies(*document, a, b, options));
        },
        [=, self = QPointer(this)] {
            if (self && generation == self->generation_ && self->state_->document()
                && document->same_reading(*self->state_->document()))
                self->take(*made);
        });
}

void DiffPresenter::take(std::shared_ptr<const Comparison> comparison) {
    state_->setComparison(std::move(comparison));
    if (!state_->comparison()->rows.first_row.empty())
        choose(state_->comparison()->rows.first_row.front());
}

// Selects the row's node where it is; its other half is marked in the other pane.
void DiffPresenter::choose(size_t row) {
    const std::shared_ptr<const Comparison> of = state_->comparison();
    if (!of)
        return;
    const DiffRow& at = of->rows.rows[row];
    const bool left = at.a.valid();
    const Place& body = left ? of->a : of->b;
    const Pane pane = left ? Pane::Left : Pane::Right;
    Navigator& navigator = state_->navigator();
    if (navigator.pane(pane).graph != body.graph || navigator.pane(pane).body != body.body)
        navigator.show_body(pane, body);
    navigator.select_node(pane, left ? at.a : at.b);
}

void DiffPresenter::step(int direction) {
    const std::shared_ptr<const Comparison> of = state_->comparison();
    if (!of || of->rows.first_row.empty())
        return;
    const NavState& at = state_->at();
    const std::optional<size_t> row = of->row_of(at.focus == Pane::Left, at.node.node);
    const std::optional<size_t> next = next_difference(of->rows, row, direction);
    if (next)
        choose(*next);
    else
        state_->say(
            direction > 0 ? tr("There is no further difference") : tr("There is no earlier difference"));
}

void DiffPresenter::follow(const Shown& shown, Changes changed) {
    if (!(changed & (Change::Document | Change::Place | Change::Comparison)))
        return;
    const NavState& at = shown.at;
    const bool two = shown.document && at.panes[0].graph && at.panes[1].graph;
    actions_->setReason(Do::ComparePanes, two ? QString() : tr("two bodies must be shown"));
    actions_->setReason(Do::LinkViews, two ? QString() : tr("two bodies must be shown"));
    const QString none = !shown.comparison         ? tr("nothing is compared")
        : shown.comparison->rows.first_row.empty() ? tr("the two bodies are equal")
                                                   : QString();
    actions_->setReason({Do::NextDifference, Do::PreviousDifference}, none);
}

} // namespace hopscope
