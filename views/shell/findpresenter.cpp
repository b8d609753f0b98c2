#include "views/shell/findpresenter.h"

#include "core/browse/find.h"
#include "core/browse/places.h"
#include "views/base/findbar.h"
#include "views/base/text.h"
#include "views/bodytext/bodytext.h"
#include "views/outline/outlineview.h"
#include "views/shell/actions.h"
#include "views/shell/pane.h"
#include "views/shell/panepresenter.h"

#include <QApplication>

namespace hopscope {

namespace {
constexpr Pane kBoth[] = {Pane::Left, Pane::Right};
}

FindPresenter::FindPresenter(WindowState* state, Actions* actions, Parts parts)
    : state_(state)
    , actions_(actions)
    , parts_(parts) {
    for (Pane pane : kBoth) {
        FindBar& bar = parts_.panes->pane(pane).findBar();
        connect(&bar, &FindBar::searchChanged, this, [this, pane] {
            searched_ = pane;
            search();
        });
        connect(&bar, &FindBar::stepRequested, this, [this, pane](int direction) {
            searched_ = pane;
            stepHere(direction);
        });
        connect(&bar, &FindBar::closed, this, [this, pane] { end(pane); });
    }
    actions_->connectTo(this,
        {
            {Do::Find, [this] { open(); }},
            {Do::FindNext, [this] { step(1); }},
            {Do::FindPrevious, [this] { step(-1); }},
        });
}

FindBar& FindPresenter::bar() const {
    return parts_.panes->pane(searched_).findBar();
}

bool FindPresenter::isOpen() const {
    return !bar().isHidden();
}

// What has the focus is searched: the text where one reads it, else the graph.
void FindPresenter::open() {
    const QWidget* focus = QApplication::focusWidget();
    if (focus && (parts_.text == focus || parts_.text->isAncestorOf(focus))) {
        parts_.text->openFind();
        return;
    }
    parts_.panes->focused().findBar().open();
}

void FindPresenter::step(int direction) {
    const QWidget* focus = QApplication::focusWidget();
    if (focus && (parts_.text == focus || parts_.text->isAncestorOf(focus))) {
        parts_.text->findStep(direction);
        return;
    }
    // One search over all bodies goes on wherever it has led.
    if (!(isOpen() && everywhere_))
        searched_ = state_->at().focus;
    if (!isOpen()) {
        bar().open();
        if (hits_.total() == 0)
            return;
    }
    stepHere(direction);
}

void FindPresenter::stepHere(int direction) {
    if (job_) {
        waiting_ = direction;
        return;
    }
    const NavState& at = state_->at();
    const Place& body = at.panes[size_t(everywhere_ ? at.focus : searched_)];
    const bool inBody = at.node.node && same_body(at.node, body);
    const Place from = inBody ? at.node : body_only(body);
    // The selected node is the first where it is a hit that was not gone to.
    const bool fresh = !at_ || at_->place != from;
    const std::optional<HitStep> next = hits_.step(from, direction, fresh);
    if (!next)
        return;
    at_ = next;
    Navigator& navigator = state_->navigator();
    bool shown = false;
    for (Pane pane : kBoth) {
        if (same_body(navigator.pane(pane), next->place)) {
            if (!shown)
                navigator.select_node(pane, next->place.node);
            shown = true;
        }
    }
    if (!shown)
        navigator.go_to(next->place);
    state_->flush();
    for (Pane pane : kBoth) {
        if (same_body(navigator.pane(pane), next->place))
            parts_.panes->pane(pane).canvas().ensureVisible(next->place.node);
    }
    show();
}

void FindPresenter::search() {
    ++generation_;
    if (job_)
        state_->jobs().cancel(*job_);
    job_.reset();
    at_.reset();
    error_.clear();
    hits_ = Hits();
    waiting_ = 0;
    everywhere_ = bar().everywhere();
    const std::shared_ptr<const Document> document = state_->document();
    const Place& body = state_->at().panes[size_t(searched_)];
    if (!document || !isOpen() || !body.graph)
        return show();
    Result<Find> find = Find::parse(ss(bar().text()), bar().options());
    if (!find)
        return took(find.error());
    if (find->empty())
        return show();
    if (everywhere_)
        return searchEverywhere(std::move(*find));
    took(find_hits(document->dump(), body, *find));
}

void FindPresenter::searchEverywhere(Find find) {
    auto result = std::make_shared<Result<Hits>>(make_error(Error::Kind::Cancelled, "cancelled"));
    auto what = std::make_shared<Find>(std::move(find));
    const std::shared_ptr<const Document> document = state_->document();
    const int generation = generation_;
    bar().setBusy();
    job_ = state_->jobs().start(
        tr("Searching"), [=](const Job& job) { *result = find_hits(document->dump(), *what, job); },
        [=, this] {
            if (generation != generation_)
                return;
            job_.reset();
            took(std::move(*result));
            if (waiting_)
                stepHere(std::exchange(waiting_, 0));
        });
}

void FindPresenter::took(Result<Hits> hits) {
    if (hits)
        hits_ = std::move(*hits);
    else
        error_ = qs(hits.error().message);
    show();
}

void FindPresenter::end(Pane pane) {
    parts_.panes->pane(pane).canvas().setFocus();
    if (pane != searched_)
        return;
    search(); // of a closed strip: nothing
}

// Marks in the panes that show what was searched, counts in the tree, and what the strip says.
void FindPresenter::show() {
    const NavState& at = state_->at();
    for (Pane pane : kBoth) {
        const Place& body = at.panes[size_t(pane)];
        Canvas& canvas = parts_.panes->pane(pane).canvas();
        const std::span<const NodeId> in = body.graph ? hits_.in(body) : std::span<const NodeId>();
        const bool here = at_ && body.graph && same_body(at_->place, body);
        canvas.setHits({in.begin(), in.end()}, here ? at_->place.node : NodeId());
    }
    std::vector<std::pair<Place, size_t>> counts;
    for (const BodyHits& of : hits_.bodies())
        counts.emplace_back(of.body, of.nodes.size());
    parts_.outline->outline().setHits(std::move(counts));
    if (!isOpen() || job_)
        return;
    FindBar::Shown shown;
    shown.total = hits_.total();
    shown.current = at_ ? at_->number : 0;
    shown.wrapped = at_ && at_->wrapped;
    shown.error = error_;
    if (everywhere_ && hits_.total() > 0)
        shown.where = hits_.bodies().size() == 1 ? tr("in 1 body")
                                                 : tr("in %1 bodies").arg(grouped(hits_.bodies().size()));
    bar().setResult(shown);
}

void FindPresenter::follow(const Shown&, Changes changed) {
    if (changed & Change::Document) {
        if (isOpen())
            search();
        else
            show();
        return;
    }
    if (!(changed & (Change::Place | Change::Drawing)))
        return;
    // A search of one body is about the one that its pane shows.
    const Place& body = state_->at().panes[size_t(searched_)];
    const bool moved =
        !everywhere_ && isOpen() && (hits_.bodies().empty() || !same_body(hits_.bodies().front().body, body));
    if (moved)
        search();
    else
        show();
}

} // namespace hopscope
