#include "views/shell/panepresenter.h"

#include "core/base/text.h"
#include "core/regions/failures.h"
#include "views/base/findbar.h"
#include "views/base/text.h"
#include "views/shell/actions.h"
#include "views/shell/marks.h"
#include "views/shell/overlayscale.h"
#include "views/shell/pane.h"

#include <QSplitter>

#include <algorithm>

namespace hopscope {

namespace {
constexpr Pane kPanes[] = {Pane::Left, Pane::Right};
}

PanePresenter::PanePresenter(WindowState* state, Actions* actions, QWidget* parent)
    : state_(state)
    , actions_(actions)
    , scenes_(&state->jobs())
    , scale_(new OverlayScale((*actions)[Do::OverlayNone], parent))
    , split_(new PaneSplitter(Qt::Horizontal, parent)) {
    split_->setObjectName(QStringLiteral("paneSplitter"));
    split_->setChildrenCollapsible(false);
    const struct {
        QString name, title;
        Canvas::Side other;
    } made[] = {
        {QStringLiteral("leftPane"), tr("Graph in the left pane"), Canvas::Side::Right},
        {QStringLiteral("rightPane"), tr("Graph in the right pane"), Canvas::Side::Left},
    };
    for (Pane p : kPanes) {
        auto* view = new PaneView(made[size_t(p)].name, parent);
        view->canvas().setCrossingSide(made[size_t(p)].other);
        view->canvas().setAccessibleName(made[size_t(p)].title);
        view->setWhatsThis(
            tr("A body's graph: values run down, of a backward beside its forward up. Click a node and what "
               "makes and uses its value is framed; Return goes into a call, Backspace out; K tells what "
               "colours and marks mean."));
        panes_[size_t(p)] = view;
        split_->addWidget(view);
        connectPane(p);
    }
    connect(&scenes_, &SceneStore::ready, this, &PanePresenter::sceneReady);
    connect(&scenes_, &SceneStore::failed, this, &PanePresenter::sceneFailed);
    connectActions();
    connectPictures();
    connectHalves();
    connectOverlays();
}

PanePresenter::~PanePresenter() {
    disconnect(&scenes_, nullptr, this, nullptr);
}

// --- from the state to the panes

void PanePresenter::follow(const Shown& shown, Changes changed) {
    if (changed & Change::Document)
        setDocument(shown.document);
    if (!document_) {
        greyPictures();
        return;
    }
    const Changes another = Change::Document | Change::Place | Change::Drawing;
    if (changed & another) {
        halfPairs();
        scenes_.keep({keyOf(Pane::Left), keyOf(Pane::Right)});
        for (Pane pane : kPanes)
            showPane(pane);
        showGap();
    }
    mark(changed & (another | Change::Selection | Change::Comparison));
    greyPictures();
    if (changed & Change::Place)
        Q_EMIT viewChanged(); // the focus may be on a picture at another zoom
}

void PanePresenter::setDocument(const std::shared_ptr<const Document>& document) {
    // With graphs added to the same reading, all that is shown stays.
    const bool extended = extends(document_, document);
    document_ = document;
    scenes_.setDocument(document_);
    for (PaneView* view : panes_) {
        view->setDocument(document_);
        if (!extended)
            view->canvas().setScene(nullptr);
    }
    if (extended)
        return;
    shown_ = {};
    paired_ = {};
    sharable_ = {};
    pictures_ = {};
    history_.clear();
    views_.clear();
    if (document_)
        focused().canvas().setFocus();
}

SceneStore::Key PanePresenter::keyOf(Pane pane) const {
    const Place& body = state_->navigator().pane(pane);
    SceneStore::Key key{body.graph, body.body, (*actions_)[Do::Fold]->isChecked(),
        (*actions_)[Do::LayoutDot]->isChecked(), history_.of(body)};
    if (wantsSharedRows()) {
        const Place& beside = state_->navigator().pane(other_pane(pane));
        key.beside = {beside.graph, beside.body};
        key.beside_choice = history_.of(beside);
        key.backward = pane == Pane::Right;
    }
    return key;
}

void PanePresenter::rememberView(Pane pane) {
    const SceneStore::Key& key = shown_[size_t(pane)];
    const Canvas& canvas = panes_[size_t(pane)]->canvas();
    if (key.graph && canvas.scene())
        views_[key.alone()] = canvas.viewState();
}

const PanePresenter::Views& PanePresenter::views() {
    for (Pane pane : kPanes)
        rememberView(pane);
    return views_;
}

void PanePresenter::setViews(Views views) {
    views_ = std::move(views);
}

void PanePresenter::showPane(Pane pane) {
    const size_t p = size_t(pane);
    const NavState& at = state_->at();
    const Place& body = at.panes[p];
    PaneView& view = *panes_[p];
    showSides();
    std::optional<int> row;
    if (at.row && body.graph) {
        for (const Place& of : document_->invocation(*at.row).bodies) {
            if (of.graph == body.graph && of.body == body.body && body.body.valid())
                row = at.row;
        }
    }
    view.setBody(body, row, at.focus == pane);
    if (!body.graph) {
        rememberView(pane);
        shown_[p] = {};
        view.canvas().setScene(nullptr);
        Placeholder empty;
        empty.kind = Placeholder::Kind::Empty;
        empty.title = tr("No graph to show");
        empty.detail = whyNoGraph();
        view.canvas().setPlaceholder(empty);
        return;
    }
    const SceneStore::Key key = keyOf(pane);
    if (key == shown_[p] && view.canvas().scene())
        return;
    if (scenes_.get(key)) {
        sceneReady(key);
        return;
    }
    const bool sameBody = shown_[p].graph == key.graph && shown_[p].body == key.body;
    if (!sameBody && view.canvas().scene()) {
        rememberView(pane);
        shown_[p] = {};
        view.canvas().setScene(nullptr);
    }
    Placeholder busy;
    busy.kind = Placeholder::Kind::Busy;
    busy.title = tr("Laying out %1").arg(countOf(document_->body(body).nodes.size(), "node"));
    view.canvas().setPlaceholder(busy);
}

// A pane without a graph gives its room to the other, and so does the one without the focus where one is
// enough.
void PanePresenter::showSides() {
    const NavState& at = state_->at();
    const bool single = (*actions_)[Do::SinglePane]->isChecked();
    // Pictures that run sideways need the width: they stand above each other.
    const bool flat = std::all_of(
        at.panes.begin(), at.panes.end(), [this](const Place& body) { return history_.of(body).sideways; });
    split_->setOrientation(flat ? Qt::Vertical : Qt::Horizontal);
    for (Pane pane : kPanes) {
        const bool has = pane == Pane::Left || at.panes[size_t(pane)].graph.valid() || isHairpin(pane);
        // Both halves in one picture need the room of both panes.
        const bool alone = isHairpin(other_pane(pane)) && at.focus != pane;
        panes_[size_t(pane)]->setVisible(single ? pane == at.focus : has && !alone);
    }
}

PaneView* PanePresenter::paneOf(const QWidget* widget) const {
    for (PaneView* view : panes_) {
        if (widget && (view == widget || view->isAncestorOf(widget)))
            return view;
    }
    return nullptr;
}

// A compile that failed leaves no graphs: then its failure is what the person came for.
QString PanePresenter::whyNoGraph() const {
    const CompilationId id = state_->at().compilation;
    if (const auto story = id ? failure_of(document_->dump(), id) : std::nullopt) {
        const UserFrame* line = story->users_line();
        return tr("%1 failed: %2%3")
            .arg(qs(document_->compile_label(id)), qs(story->short_sentence()),
                line ? QLatin1Char('\n') + qs(line->file.substr(line->file.rfind('/') + 1)) + QLatin1Char(':')
                        + QString::number(line->line) + QStringLiteral("  ") + qs(line->code)
                     : QString());
    }
    for (const Failure& failure : document_->dump().failures) {
        if (!id || failure.compilation == id)
            return tr("%1 failed: %2")
                .arg(failure.compilation ? qs(document_->compile_label(failure.compilation))
                                         : tr("The compile"),
                    qs(failure.message));
    }
    return tr("The dump has no graph here.");
}

void PanePresenter::sceneReady(const SceneStore::Key& key) {
    following_ = true; // what is selected stays where it is: the pane with the focus leads, below
    for (Pane pane : kPanes) {
        const size_t p = size_t(pane);
        if (keyOf(pane) != key || (shown_[p] == key && panes_[p]->canvas().scene()))
            continue;
        const std::shared_ptr<const NumberedPicture> picture = scenes_.get(key);
        if (!picture)
            continue;
        const std::shared_ptr<const NumberedPicture> before = pictures_[p];
        pictures_[p] = picture;
        Canvas& canvas = panes_[p]->canvas();
        const bool sameBody = shown_[p].graph == key.graph && shown_[p].body == key.body;
        rememberView(pane);
        shown_[p] = key;
        canvas.setPlaceholder({});
        const auto now = [&](NodeId node) { return picture->same_as(*before, node); };
        if (sameBody && before)
            number_[p] = now(number_[p]);
        canvas.setScene({picture, &picture->scene()},
            sameBody ? Canvas::Change::SameBody : Canvas::Change::NewBody,
            sameBody && before ? std::function<NodeId(NodeId)>(now) : nullptr);
        if (const auto view = views_.find(key.alone()); view != views_.end() && !sameBody)
            canvas.setViewState(view->second);
    }
    following_ = false;
    showOverlay();
    mark(true);
    for (PaneView* view : panes_)
        view->canvas().takeOpeningViewAgain(); // with the current call, which is marked only now
    showGap();
    greyPictures(); // now there is a picture that can be folded, turned, coloured
    Q_EMIT pictureChanged();
}

void PanePresenter::sceneFailed(const SceneStore::Key& key, const QString& message) {
    for (Pane pane : kPanes) {
        if (keyOf(pane) != key)
            continue;
        Placeholder error;
        error.kind = Placeholder::Kind::Error;
        error.title = tr("This body could not be laid out");
        error.detail = message;
        panes_[size_t(pane)]->canvas().setPlaceholder(error);
    }
}

// Where the selection and its value are may be off screen: with `reveal` they are brought in without moving
// what is visible already.
void PanePresenter::mark(bool reveal) {
    const NavState& at = state_->at();
    for (Pane pane : kPanes) {
        Canvas& canvas = panes_[size_t(pane)]->canvas();
        if (!at.panes[size_t(pane)].graph || !canvas.scene())
            continue;
        const NodeId selected = selectedIn(pane);
        canvas.setSelected(selected);
        if (selected && reveal)
            canvas.ensureVisible(selected);
        Marks marks = marksIn(pane);
        if (reveal && !marks.crossing.empty())
            canvas.ensureVisible(marks.crossing.front());
        else if (reveal && !marks.partners.empty())
            canvas.ensureVisible(marks.partners.front());
        canvas.setMarks(std::move(marks));
    }
    lightLinks();
}

QString PanePresenter::whyNotDot() const {
    const size_t p = size_t(state_->at().focus);
    const auto scene = panes_[p]->canvas().scene();
    if (!scene || !shown_[p].dot || scene->engine == "dot" || scene->boxes.empty())
        return {};
    return scene->note.empty() ? tr("layered layout, as this body is too large for dot")
                               : tr("layered layout: %1").arg(qs(scene->note));
}

std::vector<std::pair<QString, Place>> PanePresenter::bodies(int* focused) const {
    std::vector<std::pair<QString, Place>> bodies;
    *focused = 0;
    for (Pane pane : kPanes) {
        const Place& body = state_->navigator().pane(pane);
        if (!body.graph)
            continue;
        if (pane == state_->at().focus)
            *focused = int(bodies.size());
        bodies.emplace_back(
            pane == Pane::Left ? tr("Left pane") : tr("Right pane"), Place{body.graph, body.body, {}});
    }
    return bodies;
}

} // namespace hopscope
