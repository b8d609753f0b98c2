// What the person asks of the panes: by mouse, keys, menus and actions.
#include "core/base/text.h"
#include "views/base/findbar.h"
#include "views/base/text.h"
#include "views/shell/actions.h"
#include "views/shell/marks.h"
#include "views/shell/pane.h"
#include "views/shell/panepresenter.h"

#include <QGuiApplication>
#include <QKeyEvent>
#include <QMenu>
#include <QSplitter>

#include <span>

namespace hopscope {

void PanePresenter::connectPane(Pane pane) {
    PaneView& view = *panes_[size_t(pane)];
    Canvas& canvas = view.canvas();
    Navigator& navigator = state_->navigator();
    const auto select = [this, pane](NodeId node) { choose(pane, node); };
    connect(&view, &PaneView::bodyChosen, this,
        [&navigator, pane](const Place& body) { navigator.show_body(pane, body); });
    connect(&view, &PaneView::rowChosen, this, [&navigator](int row) { navigator.select_invocation(row); });
    connect(&view, &PaneView::compilationChosen, this,
        [&navigator](CompilationId id) { navigator.select_compilation(id); });
    connect(&view, &PaneView::focused, this, [this, pane] {
        if (state_->document())
            state_->navigator().set_focus(pane);
    });
    connect(&canvas, &Canvas::nodeSelected, this, select);
    connect(&canvas, &Canvas::nodeActivated, this, [this, pane](NodeId node) {
        if (QGuiApplication::keyboardModifiers() & Qt::ControlModifier) {
            choose(pane, node);
            state_->navigator().open_beside();
        } else {
            enter(pane, node);
        }
    });
    connect(&canvas, &Canvas::contextMenuRequested, this,
        [this, pane](NodeId node, QPoint at) { showMenu(pane, node, at); });
    connect(&canvas, &Canvas::cancelRequested, this, [this, pane] { scenes_.cancel(keyOf(pane)); });
    connect(&canvas, &Canvas::viewChanged, this, &PanePresenter::viewChanged);
    connect(&canvas, &Canvas::escapePressed, this, [this, &view, select] { // the nearest first
        if (!view.findBar().isHidden())
            view.findBar().close();
        else if (view.canvas().isDimmed())
            view.canvas().setDimmed(false);
        else if (endOverlay())
            return;
        else
            select(NodeId());
    });
    canvas.setHoverProvider([this, pane](NodeId node) { return cardOf(pane, node); });
    canvas.setEdgeHoverProvider([this, pane](const draw::Edge& edge) { return cardOf(pane, edge); });
    connect(&canvas, &Canvas::alsoSelectedChanged, this, &PanePresenter::greyPictures);
    canvas.installEventFilter(this);
    // Both panes open at one scale: sizes can be compared across the gap.
    canvas.setOpeningBeside([this, pane]() -> Canvas::Beside {
        const PaneView& other = *panes_[size_t(other_pane(pane))];
        if (other.isHidden())
            return {};
        return {other.canvas().openingZoom(), sharesRows() ? other.canvas().beginsAt() : 0.0};
    });
    connect(&canvas, &Canvas::openingViewTaken, this, [this, pane] {
        if (levelling_)
            return;
        levelling_ = true;
        panes_[size_t(other_pane(pane))]->canvas().takeOpeningViewAgain();
        levelling_ = false;
    });
}

void PanePresenter::connectActions() {
    const auto canvas = [this]() -> Canvas& { return focused().canvas(); };
    actions_->connectTo(this,
        {
            {Do::Fit,
                [=, this] {
                    if (sharesRows())
                        fitBoth();
                    else
                        canvas().fitAll();
                }},
            {Do::FitSelection, [=] { canvas().fitSelection(); }},
            {Do::ZoomIn, [=] { canvas().zoomIn(); }},
            {Do::ZoomOut, [=] { canvas().zoomOut(); }},
            {Do::Zoom100, [=] { canvas().zoom100(); }},
            {Do::Users, [this] { showUsers(); }},
            {Do::OtherPane,
                [this] {
                    const Pane other = other_pane(state_->at().focus);
                    state_->navigator().set_focus(other);
                    state_->flush();
                    if (!pane(other).isHidden())
                        pane(other).canvas().setFocus();
                }},
            {Do::OpenBeside, [this] { state_->navigator().open_beside(); }},
        });
    for (Do what : {Do::Minimap, Do::Fold, Do::LayoutLayered, Do::LinkPanes})
        (*actions_)[what]->setChecked(true);
    actions_->onToggled(Do::Minimap, this, [this](bool on) {
        for (PaneView* view : panes_)
            view->canvas().setMinimapVisible(on);
    });
    actions_->onToggled(Do::WheelZooms, this, [this](bool on) {
        for (PaneView* view : panes_)
            view->canvas().setWheelZooms(on);
    });
    actions_->onToggled(Do::LinkPanes, this, [this](bool on) { state_->navigator().set_linked(on); });
    actions_->onToggled(Do::SinglePane, this, [this](bool) {
        if (document_)
            showSides();
    });
    for (Do what : {Do::Fold, Do::LayoutDot})
        actions_->onToggled(what, this, [this](bool) { state_->touch(Change::Drawing); });
    for (Do what : {Do::ValuesOnNodes, Do::TimesOnNodes})
        actions_->onToggled(what, this, [this](bool) { state_->touch(Change::Values); });
    actions_->restrictTo(split_,
        {Do::FoldRepeats, Do::LeftToRight, Do::Hairpin, Do::AlignHalves, Do::SavedLinks, Do::ExpandHere,
            Do::CollapseHere, Do::HideNodes, Do::HideOthers, Do::Extract, Do::RevealInputs, Do::RevealOutputs,
            Do::ShowAll, Do::TraceAncestors, Do::TraceDescendants, Do::TracePath, Do::UndoView, Do::RedoView,
            Do::Fit, Do::FitSelection, Do::Minimap, Do::Fold, Do::Users, Do::OpenBeside, Do::ValuesOnNodes,
            Do::TimesOnNodes});
}

bool PanePresenter::eventFilter(QObject* watched, QEvent* event) {
    if (event->type() == QEvent::KeyPress) {
        for (PaneView* view : panes_) {
            if (watched == &view->canvas() && canvasKey(*view, *static_cast<QKeyEvent*>(event)))
                return true;
        }
    }
    return QObject::eventFilter(watched, event);
}

// Keys without Ctrl or Alt mean something in the graphs alone.
bool PanePresenter::canvasKey(PaneView& view, const QKeyEvent& key) {
    switch (key.key()) {
    case Qt::Key_Backspace:
        if (key.modifiers() & Qt::ShiftModifier)
            return false; // collapses, where there is something to collapse
        if (!state_->navigator().step_out())
            state_->navigator().up();
        return true;
    case Qt::Key_Plus:
    case Qt::Key_Equal:
        view.canvas().zoomIn();
        return true;
    case Qt::Key_Minus:
        view.canvas().zoomOut();
        return true;
    default:
        if (key.key() < Qt::Key_1 || key.key() > Qt::Key_9 || (key.modifiers() & ~Qt::KeypadModifier))
            return false;
        chooseInput(size_t(key.key() - Qt::Key_1));
        return true;
    }
}

// The n-th of what the selected node takes, from 0.
void PanePresenter::chooseInput(size_t n) {
    const Place at = state_->at().node;
    if (!document_ || !document_->node(at))
        return state_->say(tr("Select a node first: a digit goes to that input of it"));
    const std::span<const NodeId> inputs = document_->body(at).inputs_of(*document_->node(at));
    if (n >= inputs.size())
        return state_->say(
            tr("%1 has %2").arg(qs(document_->node_name(at)), qs(counted(inputs.size(), "input"))));
    state_->navigator().go_to({at.graph, at.body, inputs[n]});
}

void PanePresenter::showUsers() {
    const Pane focus = state_->at().focus;
    const auto& picture = pictures_[size_t(focus)];
    const NodeId number = selectedIn(focus);
    QMenu menu(split_);
    for (NodeId user : picture&& number ? picture->users(number) : std::vector<NodeId>()) {
        const Place place = picture->origin(user);
        menu.addAction(
            QStringLiteral("%1\t%2").arg(qs(picture->name(user)),
                qs(short_target(document_->module(place.graph), document_->body(place).node(place.node)))),
            this, [this, focus, user] { choose(focus, user); });
    }
    Canvas& canvas = focused().canvas();
    const QRect box = canvas.boxRect(number);
    menu.exec(canvas.viewport()->mapToGlobal(box.isNull() ? QPoint(40, 40) : box.bottomLeft()));
}

void PanePresenter::showMenu(Pane pane, NodeId node, const QPoint& at) {
    constexpr Do kGap = Do::Count_;
    // What only a graph has, behind what every item has.
    static constexpr Do kOfNode[] = {Do::StepInto, Do::ExpandHere, Do::CollapseHere, Do::FitSelection, kGap,
        Do::HideNodes, Do::Extract, Do::RevealInputs, Do::RevealOutputs, Do::TraceAncestors,
        Do::TraceDescendants, kGap, Do::RunToNode, Do::RunBackToNode, Do::ToggleBreakpoint, Do::WatchNode,
        kGap, Do::AddNote};
    static constexpr Do kOfBody[] = {Do::Fit, Do::Zoom100, Do::Fold, Do::FoldRepeats, Do::LeftToRight,
        Do::Hairpin, Do::ExpandAll, Do::CollapseAll, Do::ShowAll, Do::Minimap, kGap, Do::Up, Do::StepOut,
        Do::Find, Do::Export};
    choose(pane, node);
    state_->flush();
    QMenu menu(split_);
    menu.setToolTipsVisible(true);
    if (node && itemMenu_) {
        Item item;
        item.place = state_->at().node; // a picture may hold nodes of several bodies
        item.row = document_->row_of_call(item.place);
        item.name = qs(document_->node_name(item.place));
        itemMenu_(menu, item);
        menu.addSeparator();
    }
    for (Do what : node ? std::span<const Do>(kOfNode) : std::span<const Do>(kOfBody)) {
        if (what == kGap)
            menu.addSeparator();
        else
            menu.addAction((*actions_)[what]);
    }
    menu.exec(at);
}

} // namespace hopscope
