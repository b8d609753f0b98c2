#include "views/shell/mainwindow.h"

#include "core/base/text.h"
#include "core/graph/print.h"
#include "views/base/text.h"
#include "views/inspector/inspector.h"
#include "views/ledger/ledgerview.h"
#include "views/shell/findbar.h"
#include "views/shell/gotobox.h"
#include "views/shell/keylist.h"
#include "views/shell/pane.h"
#include "views/shell/recents.h"
#include "views/shell/startpage.h"

#include <QActionGroup>
#include <QApplication>
#include <QClipboard>
#include <QDockWidget>
#include <QLineEdit>
#include <QMenuBar>
#include <QMessageBox>
#include <QSplitter>
#include <QTableView>

namespace hopscope {

void MainWindow::buildMenus() {
    const auto add = [this](QMenu* menu, std::initializer_list<Do> items) {
        for (Do what : items)
            menu->addAction(actions_[what]);
        return menu;
    };
    QMenu* file = add(menuBar()->addMenu(tr("&File")), {Do::Open, Do::OpenFolder, Do::OpenSample});
    recentMenu_ = file->addMenu(icon(QStringLiteral("recent")), tr("Open Re&cent"));
    connect(recentMenu_, &QMenu::aboutToShow, this, &MainWindow::fillRecentMenu);
    add(file, {Do::Reload})->addSeparator();
    add(file, {Do::SaveSession, Do::Export})->addSeparator();
    add(file, {Do::CloseDump, Do::Quit});

    QMenu* edit = add(menuBar()->addMenu(tr("&Edit")), {Do::Undo, Do::Redo});
    edit->addSeparator();
    add(edit, {Do::Copy, Do::CopyAddress, Do::CopyStatement})->addSeparator();
    add(edit, {Do::Find, Do::FindNext, Do::FindPrevious, Do::FilterLedger})->addSeparator();
    add(edit, {Do::AddNote, Do::ToggleBookmark});

    QMenu* view = add(
        menuBar()->addMenu(tr("&View")), {Do::Fit, Do::FitSelection, Do::ZoomIn, Do::ZoomOut, Do::Zoom100});
    view->addSeparator();
    add(view, {Do::Fold, Do::Minimap, Do::ValuesOnNodes, Do::TimesOnNodes});
    add(view->addMenu(tr("&Layout")), {Do::LayoutLayered, Do::LayoutDot});
    add(view, {Do::OtherPane})->addSeparator();
    for (QDockWidget* dock : docks_)
        view->addAction(dock->toggleViewAction());
    view->addAction(actions_[Do::DefaultLayout]);
    view->addSeparator();
    add(view->addMenu(icon(QStringLiteral("theme")), tr("&Colours")),
        {Do::ThemeSystem, Do::ThemeLight, Do::ThemeDark});
    view->addAction(actions_[Do::FullScreen]);
    auto* themes = new QActionGroup(this);
    for (Do what : {Do::ThemeSystem, Do::ThemeLight, Do::ThemeDark})
        themes->addAction(actions_[what]);

    auto* layouts = new QActionGroup(this);
    for (Do what : {Do::LayoutLayered, Do::LayoutDot})
        layouts->addAction(actions_[what]);

    QMenu* go = add(menuBar()->addMenu(tr("&Go")), {Do::GoTo, Do::Back, Do::Forward, Do::Up});
    go->addSeparator();
    add(go,
        {Do::NextInvocation, Do::PreviousInvocation, Do::NextReused, Do::PreviousReused, Do::NextTraced,
            Do::PreviousTraced, Do::StepInto, Do::StepOut})
        ->addSeparator();
    add(go, {Do::NextNode, Do::PreviousNode, Do::Users, Do::NextStage, Do::PreviousStage})->addSeparator();
    QMenu* bookmarks = go->addMenu(icon(QStringLiteral("bookmark")), tr("Book&marks"));
    for (int i = 0; i < 9; ++i)
        bookmarks->addAction(actions_[Do(int(Do::Bookmark1) + i)]);

    QMenu* run = add(menuBar()->addMenu(tr("&Run")), {Do::RunBody, Do::RunRestart, Do::RunStop});
    run->addSeparator();
    add(run, {Do::RunContinue, Do::RunOver, Do::StepInto, Do::StepOut, Do::RunToNode, Do::NextNonFinite})
        ->addSeparator();
    add(run,
        {Do::RunBack, Do::RunBackOver, Do::RunBackInto, Do::RunBackOut, Do::RunBackToNode,
            Do::PreviousNonFinite})
        ->addSeparator();
    add(run, {Do::ToggleBreakpoint, Do::WatchNode, Do::FollowStep})->addSeparator();
    add(run, {Do::RunToEnd, Do::MeasureTimes, Do::CompareRun, Do::SaveValues, Do::KeepRun})->addSeparator();
    add(run, {Do::DeriveJoint, Do::ProveRegion, Do::CallSchema});

    add(menuBar()->addMenu(tr("&Help")), {Do::KeyList, Do::About});
}

void MainWindow::on(Do what, std::function<void()> slot) {
    connect(actions_[what], &QAction::triggered, this, [slot = std::move(slot)] { slot(); });
}

void MainWindow::connectActions() {
    on(Do::Open, [this] { openDialog(false); });
    on(Do::OpenFolder, [this] { openDialog(true); });
    on(Do::OpenSample, [this] { openSample(); });
    on(Do::Reload, [this] { openPaths(paths_); });
    on(Do::SaveSession, [this] { saveDialog(); });
    on(Do::Export, [this] { exportDialog(); });
    on(Do::CloseDump, [this] {
        if (mayDiscard())
            closeDump();
    });
    on(Do::Quit, [this] { close(); });
    on(Do::ClearRecents, [this] {
        if (settings_)
            Recents::clear(*settings_);
        start_->setRecents({});
    });

    on(Do::Undo, [this] { undoNote(false); });
    on(Do::Redo, [this] { undoNote(true); });
    const auto copy = [this](const QString& text) {
        QApplication::clipboard()->setText(text);
        note(tr("Copied %1").arg(text.left(80)));
    };
    on(Do::Copy, [=, this] { copy(qs(document_->node_name(navigator_.state().node))); });
    on(Do::CopyAddress, [=, this] { copy(qs(navigator_.current_address())); });
    on(Do::CopyStatement, [=, this] {
        const Place& node = navigator_.state().node;
        copy(qs(print_statement(document_->module(node.graph), node.body, node.node)));
    });
    on(Do::Find, [this] { focusedPane().findBar().open(); });
    const auto findStep = [this](int direction) {
        PaneView& pane = focusedPane();
        if (pane.findBar().isHidden())
            pane.findBar().open();
        pane.stepHit(direction);
    };
    on(Do::FindNext, [=] { findStep(1); });
    on(Do::FindPrevious, [=] { findStep(-1); });
    on(Do::FilterLedger, [this] {
        QDockWidget* dock = findChild<QDockWidget*>(QStringLiteral("ledgerDock"));
        dock->show();
        dock->raise();
        ledger_->filterEdit().setFocus(Qt::ShortcutFocusReason);
        ledger_->filterEdit().selectAll();
    });
    on(Do::AddNote, [this] {
        findChild<QDockWidget*>(QStringLiteral("inspectorDock"))->show();
        inspector_->notes().focusInput();
    });
    on(Do::ToggleBookmark, [this] {
        const Status status =
            notes_.toggle_bookmark(navigator_.current_address(), navigator_.title(navigator_.state()));
        if (!status)
            note(qs(status.error().text()), true);
        updateNotes();
        updateActions();
    });
    for (int i = 0; i < 9; ++i) {
        on(Do(int(Do::Bookmark1) + i), [this, i] {
            const Status status = navigator_.go_to(notes_.bookmark_at(i + 1));
            if (!status)
                note(qs(status.error().text()), true);
        });
    }

    const auto canvas = [this]() -> Canvas& { return focusedPane().canvas(); };
    on(Do::Fit, [=] { canvas().fitAll(); });
    on(Do::FitSelection, [=] { canvas().fitSelection(); });
    on(Do::ZoomIn, [=] { canvas().zoomIn(); });
    on(Do::ZoomOut, [=] { canvas().zoomOut(); });
    on(Do::Zoom100, [=] { canvas().zoom100(); });
    actions_[Do::Minimap]->setChecked(true);
    connect(actions_[Do::Minimap], &QAction::toggled, this, [this](bool on) {
        for (PaneView* pane : panes_)
            pane->canvas().setMinimapVisible(on);
    });
    actions_[Do::Fold]->setChecked(true);
    const auto redraw = [this] {
        if (!document_)
            return;
        for (Pane pane : {Pane::Left, Pane::Right})
            showPane(pane);
        updateMarks();
    };
    connect(actions_[Do::Fold], &QAction::toggled, this, redraw);
    actions_[Do::LayoutLayered]->setChecked(true);
    connect(actions_[Do::LayoutDot], &QAction::toggled, this, [=, this](bool on) {
        if (settings_)
            settings_->setValue(
                QStringLiteral("window/layout"), on ? QStringLiteral("dot") : QStringLiteral("layered"));
        redraw();
        updateStatus();
    });
    on(Do::ThemeSystem, [this] { setTheme(Mode::System); });
    on(Do::ThemeLight, [this] { setTheme(Mode::Light); });
    on(Do::ThemeDark, [this] { setTheme(Mode::Dark); });
    connect(actions_[Do::FullScreen], &QAction::toggled, this,
        [this](bool on) { setWindowState(windowState().setFlag(Qt::WindowFullScreen, on)); });
    on(Do::DefaultLayout, [this] { defaultLayout(); });
    on(Do::OtherPane, [this] {
        const Pane other = other_pane(navigator_.state().focus);
        if (!panes_[size_t(other)]->isHidden())
            panes_[size_t(other)]->canvas().setFocus();
        navigator_.set_focus(other);
    });

    on(Do::Back, [this] { navigator_.back(); });
    on(Do::Forward, [this] { navigator_.forward(); });
    on(Do::Up, [this] { navigator_.up(); });
    on(Do::GoTo, [this] { goto_->open(document_, navigator_.pane(navigator_.state().focus)); });
    on(Do::NextInvocation, [this] { navigator_.step(StepTo::Any, 1); });
    on(Do::PreviousInvocation, [this] { navigator_.step(StepTo::Any, -1); });
    on(Do::NextReused, [this] { navigator_.step(StepTo::Reused, 1); });
    on(Do::PreviousReused, [this] { navigator_.step(StepTo::Reused, -1); });
    on(Do::NextTraced, [this] { navigator_.step(StepTo::Traced, 1); });
    on(Do::PreviousTraced, [this] { navigator_.step(StepTo::Traced, -1); });
    on(Do::NextNode, [this] { navigator_.step_node(1); });
    on(Do::PreviousNode, [this] { navigator_.step_node(-1); });
    on(Do::NextStage, [this] { navigator_.step_stage(1); });
    on(Do::PreviousStage, [this] { navigator_.step_stage(-1); });
    on(Do::Users, [this] { showUsers(); });
    on(Do::KeyList, [this] { showKeys(); });
    on(Do::About, [this] { showAbout(); });
}

void MainWindow::updateActions() {
    const QString none = document_ ? QString() : tr("no dump is open");
    for (Do what : {Do::Export, Do::SaveSession, Do::CloseDump, Do::Find, Do::FindNext, Do::FindPrevious,
             Do::FilterLedger, Do::Fit, Do::ZoomIn, Do::ZoomOut, Do::Zoom100, Do::GoTo, Do::OtherPane,
             Do::CopyAddress})
        actions_.setReason(what, none);
    actions_.setReason(Do::Reload, paths_.isEmpty() ? tr("no dump is open") : QString());
    actions_.setReason(
        Do::OpenSample, samplePaths().isEmpty() ? tr("the sample is not installed") : QString());
    actions_.setReason(Do::ClearRecents,
        settings_ && !Recents::list(*settings_).isEmpty() ? QString() : tr("the list is empty"));
    const bool node = document_ && navigator_.state().node.node;
    const QString noNode = !none.isEmpty() ? none : node ? QString() : tr("no node is selected");
    for (Do what : {Do::Copy, Do::CopyStatement, Do::FitSelection})
        actions_.setReason(what, noNode);
    const bool users = node
        && !document_->body(navigator_.state().node)
                .users_of(*document_->node(navigator_.state().node))
                .empty();
    actions_.setReason(Do::Users,
        !noNode.isEmpty() ? noNode
            : users       ? QString()
                          : tr("nothing uses this value"));
    const QString readOnly = notes_.read_only() ? tr("the session's file cannot be written") : none;
    actions_.setReason(Do::AddNote, readOnly);
    // The step's name stands in the menu and in the tooltip: nobody undoes what he does not know.
    const auto named = [&](Do what, const QString& verb, const QString& name, const QString& nothing) {
        actions_[what]->setText(
            name.isEmpty() ? QLatin1Char('&') + verb : QStringLiteral("&%1 %2").arg(verb, name));
        actions_[what]->setProperty("tip", name.isEmpty() ? verb : QStringLiteral("%1 %2").arg(verb, name));
        actions_.setReason(what, !readOnly.isEmpty() ? readOnly : name.isEmpty() ? nothing : QString());
    };
    named(Do::Undo, tr("Undo"), stepName(history_.undo_kind()), tr("no note was changed"));
    named(Do::Redo, tr("Redo"), stepName(history_.redo_kind()), tr("nothing was undone"));
    actions_.setReason(Do::ToggleBookmark, readOnly);
    for (int i = 0; i < 9; ++i) {
        const Do what = Do(int(Do::Bookmark1) + i);
        const std::string address = document_ ? notes_.bookmark_at(i + 1) : std::string();
        actions_.setReason(what, address.empty() ? tr("no bookmark is set here") : QString());
        actions_[what]->setText(address.empty() ? tr("Bookmark &%1").arg(i + 1)
                                                : QStringLiteral("&%1 %2").arg(i + 1).arg(qs(address)));
    }

    const auto reason = [&](const std::string& why) { return none.isEmpty() ? qs(why) : none; };
    actions_.setReason(
        Do::Back, document_ && navigator_.can_go_back() ? QString() : tr("there is no earlier place"));
    actions_.setReason(
        Do::Forward, document_ && navigator_.can_go_forward() ? QString() : tr("there is no later place"));
    actions_.setReason(Do::Up, reason(navigator_.why_not_up()));
    actions_.setReason(Do::StepInto, reason(navigator_.why_not_into()));
    actions_.setReason(Do::StepOut, reason(navigator_.why_not_out()));
    const std::pair<Do, std::pair<StepTo, int>> steps[] = {
        {Do::NextInvocation, {StepTo::Any, 1}},
        {Do::PreviousInvocation, {StepTo::Any, -1}},
        {Do::NextReused, {StepTo::Reused, 1}},
        {Do::PreviousReused, {StepTo::Reused, -1}},
        {Do::NextTraced, {StepTo::Traced, 1}},
        {Do::PreviousTraced, {StepTo::Traced, -1}},
    };
    for (const auto& [what, step] : steps)
        actions_.setReason(what, reason(navigator_.why_no_step(step.first, step.second)));
    const bool body = document_ && navigator_.pane(navigator_.state().focus).graph;
    const QString noBody = body ? QString() : none.isEmpty() ? tr("no body is shown here") : none;
    actions_.setReason(Do::NextNode, noBody);
    actions_.setReason(Do::PreviousNode, noBody);
    actions_.setReason(Do::NextStage, noBody.isEmpty() ? qs(navigator_.why_no_stage(1)) : noBody);
    actions_.setReason(Do::PreviousStage, noBody.isEmpty() ? qs(navigator_.why_no_stage(-1)) : noBody);
    updateRunActions(none);
    updateDeriveActions();
}

void MainWindow::fillRecentMenu() {
    recentMenu_->clear();
    const QList<QStringList> recents = settings_ ? Recents::list(*settings_) : QList<QStringList>{};
    int digit = 1;
    for (const QStringList& paths : recents) {
        const bool there = Recents::exists(paths);
        QAction* action =
            recentMenu_->addAction(QStringLiteral("&%1 %2").arg(digit++).arg(Recents::label(paths)), this,
                [this, paths] { openPaths(paths); });
        action->setEnabled(there);
        action->setToolTip(there ? paths.join(QLatin1Char('\n')) : tr("is not there any more"));
        if (!there) {
            recentMenu_->addAction(
                tr("      remove %1 from the list").arg(Recents::label(paths)), this, [this, paths] {
                    Recents::remove(*settings_, paths);
                    start_->setRecents(Recents::list(*settings_));
                });
        }
    }
    recentMenu_->setToolTipsVisible(true);
    recentMenu_->addSeparator();
    recentMenu_->addAction(actions_[Do::ClearRecents]);
}

void MainWindow::fillHistoryMenu(QMenu* menu, bool back) {
    menu->clear();
    const std::vector<std::string> titles = back ? navigator_.back_titles() : navigator_.forward_titles();
    for (size_t i = 0; i < titles.size() && i < 15; ++i) {
        const int offset = (back ? -1 : 1) * int(i + 1);
        menu->addAction(qs(titles[i]), this, [this, offset] { navigator_.go_in_history(offset); });
    }
}

void MainWindow::setTheme(Mode mode) {
    applyTheme(*qApp, mode);
    actions_[mode == Mode::System ? Do::ThemeSystem
            : mode == Mode::Light ? Do::ThemeLight
                                  : Do::ThemeDark]
        ->setChecked(true);
    if (settings_)
        settings_->setValue(QStringLiteral("window/theme"),
            mode == Mode::Light      ? QStringLiteral("light")
                : mode == Mode::Dark ? QStringLiteral("dark")
                                     : QStringLiteral("system"));
}

void MainWindow::showUsers() {
    const Place at = navigator_.state().node;
    const Body& body = document_->body(at);
    QMenu menu(this);
    for (NodeId user : body.users_of(body.node(at.node))) {
        const Place place{at.graph, at.body, user};
        menu.addAction(QStringLiteral("%1\t%2").arg(qs(document_->node_name(place)),
                           qs(short_target(document_->module(at.graph), body.node(user)))),
            this, [this, user] { navigator_.select_node(navigator_.state().focus, user); });
    }
    const QRect box = focusedPane().canvas().boxRect(at.node);
    menu.exec(
        focusedPane().canvas().viewport()->mapToGlobal(box.isNull() ? QPoint(40, 40) : box.bottomLeft()));
}

void MainWindow::showNodeMenu(Pane pane, NodeId node, const QPoint& at) {
    navigator_.select_node(pane, node);
    QMenu menu(this);
    if (node) {
        for (Do what : {Do::StepInto, Do::Users, Do::FitSelection})
            menu.addAction(actions_[what]);
        menu.addSeparator();
        for (Do what : {Do::RunToNode, Do::RunBackToNode, Do::ToggleBreakpoint, Do::WatchNode})
            menu.addAction(actions_[what]);
        menu.addSeparator();
        for (Do what : {Do::AddNote, Do::ToggleBookmark})
            menu.addAction(actions_[what]);
        menu.addSeparator();
        for (Do what : {Do::Copy, Do::CopyStatement, Do::CopyAddress})
            menu.addAction(actions_[what]);
    } else {
        for (Do what : {Do::Fit, Do::Zoom100, Do::Fold, Do::Minimap})
            menu.addAction(actions_[what]);
        menu.addSeparator();
        for (Do what : {Do::Up, Do::StepOut, Do::Find, Do::Export})
            menu.addAction(actions_[what]);
    }
    menu.exec(at);
}

void MainWindow::showKeys() {
    QList<QAction*> all = actions_.all();
    for (QDockWidget* dock : docks_)
        all << dock->toggleViewAction();
    auto* list = new KeyList(all, this);
    list->setAttribute(Qt::WA_DeleteOnClose);
    list->show();
}

void MainWindow::showAbout() {
    auto* box = new QMessageBox(QMessageBox::NoIcon, tr("About Hopscope"),
        tr("<b>Hopscope %1</b><p>Inspector for the graphs of PyTorch's nested compile regions.</p>"
           "<p>Apache License 2.0</p>")
            .arg(QStringLiteral(HOPSCOPE_VERSION)),
        QMessageBox::Ok, this);
    box->setAttribute(Qt::WA_DeleteOnClose);
    box->open();
}

} // namespace hopscope
