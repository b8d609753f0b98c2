#include "views/shell/mainwindow.h"

#include "core/base/text.h"
#include "views/base/text.h"
#include "views/bodytext/bodytext.h"
#include "views/inspector/inspector.h"
#include "views/ledger/ledgerview.h"
#include "views/outline/outlineview.h"
#include "views/problems/problemsview.h"
#include "views/shell/findbar.h"
#include "views/shell/gotobox.h"
#include "views/shell/pane.h"
#include "views/shell/startpage.h"
#include "views/stepper/stepperbar.h"
#include "views/values/valueview.h"

#include <QApplication>
#include <QDockWidget>
#include <QFileInfo>
#include <QLabel>
#include <QMouseEvent>
#include <QTabBar>

namespace hopscope {

// --- from the views to the navigator

void MainWindow::connectViews() {
    connect(outline_, &OutlineView::rowChosen, this, [this](int row) { navigator_.select_invocation(row); });
    connect(outline_, &OutlineView::regionChosen, this,
        [this](RegionRef region) { navigator_.select_region(region); });
    connect(outline_, &OutlineView::compilationChosen, this,
        [this](CompilationId id) { navigator_.select_compilation(id); });
    connect(outline_, &OutlineView::bodyChosen, this, [this](const Place& body) { navigator_.go_to(body); });
    connect(outline_, &OutlineView::failureChosen, this, [this](int failure) {
        QDockWidget* dock = findChild<QDockWidget*>(QStringLiteral("problemsDock"));
        dock->show();
        dock->raise();
        problems_->showFailure(failure);
    });
    connect(ledger_, &LedgerView::rowChosen, this, [this](int row) { navigator_.select_invocation(row); });
    connect(ledger_, &LedgerView::rowActivated, this, [this](int row) {
        navigator_.select_invocation(row);
        focusedPane().canvas().setFocus();
    });
    connect(
        inspector_, &Inspector::placeChosen, this, [this](const Place& place) { navigator_.go_to(place); });
    connect(inspector_, &Inspector::rowChosen, this, [this](int row) { navigator_.select_invocation(row); });
    connect(inspector_, &Inspector::regionChosen, this,
        [this](RegionRef region) { navigator_.select_region(region); });
    connect(inspector_, &Inspector::pageChosen, this, [this] { updateNotes(); });
    connect(bodyText_, &BodyText::nodeChosen, this,
        [this](NodeId node) { navigator_.select_node(navigator_.state().focus, node); });
    connect(goto_, &GotoBox::placeChosen, this, [this](const Place& place) { navigator_.go_to(place); });
    connect(goto_, &GotoBox::rowChosen, this, [this](int row) { navigator_.select_invocation(row); });
    connect(
        goto_, &GotoBox::regionChosen, this, [this](RegionRef region) { navigator_.select_region(region); });
    connect(start_, &StartPage::recentChosen, this, [this](const QStringList& paths) { openPaths(paths); });
    connect(&scenes_, &SceneStore::ready, this, &MainWindow::sceneReady);
    connect(&scenes_, &SceneStore::failed, this, &MainWindow::sceneFailed);
    connect(&Theme::instance(), &Theme::changed, this, &MainWindow::updateStatus);

    NotesPane& notes = inspector_->notes();
    connect(&notes, &NotesPane::addRequested, this, [this](const QString& text) {
        notesChanged(history_.add(navigator_.current_address(), ss(text)),
            notes_.has_file() ? tr("Note saved")
                              : tr("Note kept until the window closes; save as a session to keep it"));
    });
    connect(&notes, &NotesPane::editRequested, this, [this](qint64 id, const QString& text) {
        notesChanged(history_.edit(id, ss(text)), tr("Note changed"));
    });
    connect(&notes, &NotesPane::removeRequested, this,
        [this](qint64 id) { notesChanged(history_.remove(id), tr("Note deleted; Ctrl+Z brings it back")); });
    for (Pane pane : {Pane::Left, Pane::Right})
        connectPane(pane);
}

void MainWindow::connectPane(Pane pane) {
    PaneView& view = *panes_[size_t(pane)];
    Canvas& canvas = view.canvas();
    connect(&view, &PaneView::bodyChosen, this,
        [this, pane](const Place& body) { navigator_.show_body(pane, body); });
    connect(&view, &PaneView::rowChosen, this, [this](int row) { navigator_.select_invocation(row); });
    connect(&view, &PaneView::compilationChosen, this,
        [this](CompilationId id) { navigator_.select_compilation(id); });
    connect(&view, &PaneView::nodeChosen, this,
        [this, pane](NodeId node) { navigator_.select_node(pane, node); });
    connect(&view, &PaneView::focused, this, [this, pane] {
        if (document_)
            navigator_.set_focus(pane);
    });
    connect(&canvas, &Canvas::nodeSelected, this,
        [this, pane](NodeId node) { navigator_.select_node(pane, node); });
    connect(&canvas, &Canvas::nodeActivated, this, [this, pane](NodeId node) {
        navigator_.select_node(pane, node);
        navigator_.step_into();
    });
    connect(&canvas, &Canvas::contextMenuRequested, this,
        [this, pane](NodeId node, QPoint at) { showNodeMenu(pane, node, at); });
    connect(&canvas, &Canvas::cancelRequested, this, [this, pane] { scenes_.cancel(keyOf(pane)); });
    connect(&canvas, &Canvas::viewChanged, this, [this] {
        if (notes_.has_file())
            saveTimer_.start();
    });
    connect(&canvas, &Canvas::escapePressed, this, [this, pane] {
        FindBar& find = panes_[size_t(pane)]->findBar();
        if (!find.isHidden())
            find.close();
        else
            navigator_.select_node(pane, NodeId());
    });
    canvas.setHoverProvider([this, pane](NodeId node) { return hoverCard(pane, node); });
}

// Keys without Ctrl or Alt mean something in the graphs alone.
bool MainWindow::canvasKey(PaneView& pane, const QKeyEvent& key) {
    switch (key.key()) {
    case Qt::Key_Backspace:
        if (!navigator_.step_out())
            navigator_.up();
        return true;
    case Qt::Key_Plus:
    case Qt::Key_Equal:
        pane.canvas().zoomIn();
        return true;
    case Qt::Key_Minus:
        pane.canvas().zoomOut();
        return true;
    default:
        return false;
    }
}

// Mouse side buttons go back and forward wherever the pointer is.
bool MainWindow::eventFilter(QObject* watched, QEvent* event) {
    if (event->type() == QEvent::MouseButtonPress) {
        const auto* widget = qobject_cast<QWidget*>(watched);
        const Qt::MouseButton button = static_cast<QMouseEvent*>(event)->button();
        if (widget && widget->window() == this && (button == Qt::BackButton || button == Qt::ForwardButton)) {
            button == Qt::BackButton ? navigator_.back() : navigator_.forward();
            return true;
        }
    }
    if (event->type() == QEvent::KeyPress) {
        for (PaneView* pane : panes_) {
            if (watched == &pane->canvas() && canvasKey(*pane, *static_cast<QKeyEvent*>(event)))
                return true;
        }
    }
    return QMainWindow::eventFilter(watched, event);
}

void MainWindow::mousePressEvent(QMouseEvent* event) {
    QMainWindow::mousePressEvent(event);
}

// --- from the navigator to the views

SceneStore::Key MainWindow::keyOf(Pane pane) const {
    const Place& body = navigator_.pane(pane);
    return {body.graph, body.body, actions_[Do::Fold]->isChecked(), actions_[Do::LayoutDot]->isChecked()};
}

void MainWindow::rememberView(Pane pane) {
    const SceneStore::Key& key = shown_[size_t(pane)];
    const Canvas& canvas = panes_[size_t(pane)]->canvas();
    if (key.graph && canvas.scene())
        views_[key] = canvas.viewState();
}

void MainWindow::navigated(const NavState&) {
    if (!document_)
        return;
    scenes_.keep({keyOf(Pane::Left), keyOf(Pane::Right)});
    for (Pane pane : {Pane::Left, Pane::Right})
        showPane(pane);
    updateMarks();
    const NavState& s = navigator_.state();
    outline_->setCurrent(s.row, s.panes[0], s.panes[1], s.panes[size_t(s.focus)]);
    ledger_->setCurrent(s.row);
    stepper_->setCurrent(document_.get(), s.row);
    bodyText_->showBody(s.panes[size_t(s.focus)], s.node.node);
    values_->setNode(s.node);
    updateInspector();
    updateNotes();
    updateStatus();
    updateTitle();
    updateActions();
    if (notes_.has_file())
        saveTimer_.start();
}

void MainWindow::showPane(Pane pane) {
    const size_t p = size_t(pane);
    const Place& body = navigator_.pane(pane);
    PaneView& view = *panes_[p];
    const NavState& s = navigator_.state();
    view.setVisible(pane == Pane::Left || body.graph.valid());
    int row = -1;
    if (s.row >= 0 && body.graph) {
        for (const Place& of : document_->invocation(s.row).bodies) {
            if (of.graph == body.graph && of.body == body.body && body.body.valid())
                row = s.row;
        }
    }
    view.setBody(body, row, s.focus == pane);
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
    if (const std::shared_ptr<const draw::Scene> scene = scenes_.get(key)) {
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
    busy.title = tr("Laying out %1 nodes").arg(grouped(document_->body(body).nodes.size()));
    view.canvas().setPlaceholder(busy);
}

// A compile that failed leaves no graphs: then its failure is what the person came for.
QString MainWindow::whyNoGraph() const {
    const CompilationId id = navigator_.state().compilation;
    for (const Failure& failure : document_->dump().failures) {
        if (!id || failure.compilation == id)
            return tr("%1 failed: %2")
                .arg(failure.compilation ? qs(document_->compile_label(failure.compilation))
                                         : tr("The compile"),
                    qs(failure.message));
    }
    return tr("The dump has no graph here.");
}

void MainWindow::sceneReady(const SceneStore::Key& key) {
    for (Pane pane : {Pane::Left, Pane::Right}) {
        const size_t p = size_t(pane);
        if (keyOf(pane) != key || (shown_[p] == key && panes_[p]->canvas().scene()))
            continue;
        const std::shared_ptr<const draw::Scene> scene = scenes_.get(key);
        if (!scene)
            continue;
        Canvas& canvas = panes_[p]->canvas();
        const bool sameBody = shown_[p].graph == key.graph && shown_[p].body == key.body;
        rememberView(pane);
        shown_[p] = key;
        canvas.setPlaceholder({});
        canvas.setScene(scene, sameBody ? Canvas::Change::SameBody : Canvas::Change::NewBody);
        if (const auto view = views_.find(key); view != views_.end() && !sameBody)
            canvas.setViewState(view->second);
    }
    updateMarks();
    if (!whyNotDot().isEmpty())
        updateStatus();
}

void MainWindow::sceneFailed(const SceneStore::Key& key, const QString& message) {
    for (Pane pane : {Pane::Left, Pane::Right}) {
        if (keyOf(pane) != key)
            continue;
        Placeholder error;
        error.kind = Placeholder::Kind::Error;
        error.title = tr("This body could not be laid out");
        error.detail = message;
        panes_[size_t(pane)]->canvas().setPlaceholder(error);
    }
}

void MainWindow::updateMarks() {
    if (!document_)
        return;
    const NavState& s = navigator_.state();
    for (Pane pane : {Pane::Left, Pane::Right}) {
        Canvas& canvas = panes_[size_t(pane)]->canvas();
        const Place& body = navigator_.pane(pane);
        if (!body.graph || !canvas.scene())
            continue;
        const bool here =
            s.node.node && s.focus == pane && s.node.graph == body.graph && s.node.body == body.body;
        canvas.setSelected(here ? s.node.node : NodeId());
        const Body& nodes = document_->body(body);
        std::vector<NodeId> users, producers, crossing;
        if (here) {
            const Node& node = nodes.node(s.node.node);
            const auto u = nodes.users_of(node), i = nodes.inputs_of(node);
            users.assign(u.begin(), u.end());
            producers.assign(i.begin(), i.end());
            canvas.ensureVisible(s.node.node);
        }
        for (const Crossing& pair : navigator_.crossings()) {
            const NodeId mine = pane == Pane::Left ? pair.left : pair.right;
            const NodeId other = pane == Pane::Left ? pair.right : pair.left;
            if (s.node.node && s.focus != pane && other == s.node.node)
                crossing.push_back(mine);
        }
        // Where the value arrives may be off screen: it is brought in without moving what is visible already.
        if (!crossing.empty())
            canvas.ensureVisible(crossing.front());
        canvas.setMarked(std::move(users), std::move(producers));
        canvas.setCrossing(std::move(crossing));
        NodeId call;
        if (s.row >= 0) {
            for (const Place& of : document_->invocation(s.row).calls) {
                if (of.graph == body.graph && of.body == body.body)
                    call = of.node;
            }
        }
        canvas.setCurrentStep(call);
        canvas.setBookmarked(notes_.marked(body.graph, body.body));
        markRun(pane);
    }
}

void MainWindow::updateInspector() {
    const NavState& s = navigator_.state();
    Inspector::About about;
    about.node = s.node;
    about.row = s.row;
    about.region = s.region;
    about.body = s.panes[size_t(s.focus)];
    const Place& other = s.panes[size_t(other_pane(s.focus))];
    for (const Crossing& pair : navigator_.crossings()) {
        const NodeId mine = s.focus == Pane::Left ? pair.left : pair.right;
        const NodeId there = s.focus == Pane::Left ? pair.right : pair.left;
        if (s.node.node && mine == s.node.node)
            about.crossing.push_back({other.graph, other.body, there});
    }
    Inspector::Page page = Inspector::BodyPage;
    switch (s.subject) {
    case Subject::Node:
        page = s.node.node ? Inspector::NodePage : Inspector::BodyPage;
        break;
    case Subject::Invocation:
        page = Inspector::InvocationPage;
        break;
    case Subject::Region:
        page = Inspector::RegionPage;
        break;
    case Subject::Body:
    case Subject::Compilation:
        page = Inspector::BodyPage;
        break;
    }
    inspector_->inspect(about, page);
}

void MainWindow::updateNotes() {
    std::vector<NoteText> texts;
    const std::string address = document_ ? navigator_.current_address() : std::string();
    const auto add = [&](const Note& note, const QString& of) {
        const QString when =
            options_.reproducible ? QString() : qs(note.changed.empty() ? note.created : note.changed);
        texts.push_back({note.id, qs(note.text), when, of});
    };
    if (document_) {
        for (const Note& note : notes_.at(address))
            add(note, {});
        // No place of this dump would ever show them.
        for (const Note& note : notes_.elsewhere())
            add(note, qs(note.address));
    }
    NotesPane& pane = inspector_->notes();
    pane.setNotes(
        qs(address), texts, notes_.read_only() ? tr("the session's file cannot be written") : QString());
    pane.setProblem(qs(notes_.unreadable()));
    updateMarks();
}

void MainWindow::notesChanged(const Status& status, const QString& what) {
    if (status)
        inspector_->notes().accept();
    updateNotes();
    updateTitle();
    updateActions();
    note(status ? what : qs(status.error().text()), !status);
}

QString MainWindow::stepName(std::optional<NoteHistory::Kind> kind) {
    if (!kind)
        return {};
    switch (*kind) {
    case NoteHistory::Kind::Add:
        return tr("add note");
    case NoteHistory::Kind::Edit:
        return tr("edit note");
    case NoteHistory::Kind::Remove:
        return tr("delete note");
    }
    return {};
}

// Goes to the note as well: a change that is out of sight looks like none.
void MainWindow::undoNote(bool redo) {
    const QString name = stepName(redo ? history_.redo_kind() : history_.undo_kind());
    const Result<std::string> address = redo ? history_.redo() : history_.undo();
    if (!address) {
        notesChanged(address.error(), {});
        return;
    }
    if (navigator_.current_address() != *address)
        (void)navigator_.go_to(*address);
    notesChanged({}, (redo ? tr("Redone: %1 at %2") : tr("Undone: %1 at %2")).arg(name, qs(*address)));
}

// What to say of the focused picture where dot was asked for and another layout served; empty = nothing.
QString MainWindow::whyNotDot() const {
    const size_t p = size_t(navigator_.state().focus);
    const auto scene = panes_[p]->canvas().scene();
    if (!scene || !shown_[p].dot || scene->engine == "dot" || scene->boxes.empty())
        return {};
    return scene->note.empty() ? tr("layered layout, as this body is too large for dot")
                               : tr("layered layout: %1").arg(qs(scene->note));
}

void MainWindow::updateStatus() {
    if (!document_) {
        note(tr("Open a dump, or drop one here"));
        statusCounts_->clear();
        stepper_->setCurrent(nullptr, -1);
        return;
    }
    stepper_->setCurrent(document_.get(), navigator_.state().row);
    const QString notDot = whyNotDot();
    note(qs(navigator_.title(navigator_.state()))
        + (notDot.isEmpty() ? QString() : QStringLiteral(" · ") + notDot));
    size_t nodes = 0;
    uint64_t bytes = 0;
    for (const Graph& graph : document_->dump().graphs)
        nodes += graph.module ? graph.module->node_count() : 0;
    for (const DumpFile& file : document_->dump().files)
        bytes += file.bytes;
    QStringList parts;
    if (bytes)
        parts << qs(format_bytes(bytes));
    parts << tr("%1 in %2")
                 .arg(qs(counted(nodes, "node")).replace(QString::number(nodes), grouped(nodes)),
                     qs(counted(document_->dump().graphs.size(), "graph")));
    if (problems_->count())
        parts << qs(counted(uint64_t(problems_->count()), "problem"));
    if (!options_.reproducible)
        parts << tr("read in %1").arg(qs(format_milliseconds(readSeconds_ * 1000)));
    QPalette palette = statusCounts_->palette();
    palette.setColor(QPalette::WindowText, color(Role::Quiet));
    statusCounts_->setPalette(palette);
    statusCounts_->setText(parts.join(QStringLiteral(" · ")));
    QDockWidget* problems = findChild<QDockWidget*>(QStringLiteral("problemsDock"));
    problems->setWindowTitle(
        problems_->count() ? tr("Problems (%1)").arg(problems_->count()) : tr("Problems"));
}

void MainWindow::updateTitle() {
    if (!document_) {
        setWindowTitle(tr("Hopscope"));
        return;
    }
    setWindowTitle(
        tr("%1%2 — Hopscope")
            .arg(qs(document_->dump().name), notes_.has_unsaved() ? QStringLiteral(" *") : QString()));
}

HoverCard MainWindow::hoverCard(Pane pane, NodeId node) const {
    HoverCard card;
    const Place& body = navigator_.pane(pane);
    if (!document_ || !body.graph || !node)
        return card;
    const Place place{body.graph, body.body, node};
    const Node* n = document_->node(place);
    if (!n)
        return card;
    const GraphModule& module = document_->module(body.graph);
    card.title = qs(document_->node_name(place));
    card.target = qs(short_target(module, *n));
    if (const ValueType* type = module.type(n->type)) {
        card.type = qs(short_type(module, *type));
        if (type->kind == TypeKind::Tensor) {
            if (!is_contiguous(module, *type)) {
                QStringList strides;
                for (StringId stride : module.stride(*type))
                    strides << qs(module.text(stride));
                card.stride = tr("stride (%1)").arg(strides.join(QStringLiteral(", ")));
            }
            card.device = qs(module.text(type->device));
            if (const auto bytes = byte_size(module, *type))
                card.device += (card.device.isEmpty() ? QString() : QStringLiteral(" · "))
                    + qs(format_bytes(uint64_t(*bytes)));
        }
    }
    if (const Source* source = document_->source(place); source && source->has_place())
        card.source = QFileInfo(qs(module.text(source->file))).fileName() + QLatin1Char(':')
            + QString::number(source->line) + QStringLiteral("  ") + qs(module.text(source->code));
    if (const int row = document_->row_of_call(place); row >= 0)
        card.note = tr("call %1, %2")
                        .arg(document_->invocation(row).index)
                        .arg(qs(decision_label(document_->invocation(row).decision)));
    return card;
}

} // namespace hopscope
