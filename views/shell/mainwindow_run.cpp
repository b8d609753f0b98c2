#include "views/shell/mainwindow.h"

#include "core/base/text.h"
#include "core/session/session.h"
#include "views/base/text.h"
#include "views/compare/compareview.h"
#include "views/run/rundialog.h"
#include "views/run/stepsview.h"
#include "views/shell/pane.h"
#include "views/values/valueview.h"

#include <QDockWidget>
#include <QFileDialog>
#include <QFileInfo>
#include <QLabel>

#include <algorithm>

namespace hopscope {

namespace {
constexpr int kTimedRuns = 7; // enough for a median that one slow run does not move
} // namespace

// --- what there is

void MainWindow::buildRunDocks() {
    values_ = new ValueView(&run_, actions_[Do::RunBody], actions_[Do::RunRestart], this);
    steps_ = new StepsView(&run_, actions_[Do::RunToEnd], actions_[Do::MeasureTimes], this);
    addDock(QStringLiteral("valuesDock"), tr("Values"), values_, Qt::RightDockWidgetArea,
        QStringLiteral("Alt+6"));
    addDock(
        QStringLiteral("stepsDock"), tr("Steps"), steps_, Qt::BottomDockWidgetArea, QStringLiteral("Alt+7"));
    compare_ = new CompareView(&run_, this);
    addDock(QStringLiteral("compareDock"), tr("Compare"), compare_, Qt::BottomDockWidgetArea,
        QStringLiteral("Alt+8"));
}

bool MainWindow::showDock(const QString& name) {
    QDockWidget* dock = findChild<QDockWidget*>(name + QStringLiteral("Dock"));
    if (!dock)
        return false;
    dock->show();
    dock->raise();
    return true;
}

void MainWindow::connectRun() {
    connect(&run_, &RunController::stateChanged, this, &MainWindow::runChanged);
    connect(&run_, &RunController::moved, this, &MainWindow::runMoved);
    connect(&run_, &RunController::breakpointsChanged, this, [this] {
        updateMarks();
        updateActions();
    });
    const auto retag = [this] {
        for (Pane pane : {Pane::Left, Pane::Right})
            tagNodes(pane);
    };
    connect(&run_, &RunController::valuesReady, this, retag);
    connect(&run_, &RunController::timingReady, this, [this, retag] {
        if (run_.timing().repeat == 0)
            return;
        steps_->showTimes();
        showDock(QStringLiteral("steps"));
        actions_[Do::TimesOnNodes]->setChecked(true);
        retag();
        updateActions();
    });
    connect(&run_, &RunController::message, this, [this](const QString& text, bool isError) {
        if (text.isEmpty())
            updateStatus();
        else
            note(text, isError);
    });
    const auto go = [this](const Place& place) {
        if (place.node)
            navigator_.go_to(place);
    };
    connect(steps_, &StepsView::placeChosen, this, go);
    connect(compare_, &CompareView::valueChosen, this, [this](const run::ComparedValue& value) {
        // Of several runs of the node, to behind the one that was compared.
        values_->setWantedItem(value.path);
        run_.goBehind(value.path);
    });
    connect(compare_, &CompareView::message, this,
        [this](const QString& text, bool isError) { note(text, isError); });
    connect(&run_, &RunController::compared, this, [this] {
        updateMarks();
        if (run_.comparison() || !run_.compareError().isEmpty())
            showDock(QStringLiteral("compare"));
    });
}

void MainWindow::connectRunActions() {
    using Move = RunController::Move;
    const auto move = [this](Do what, Move m) { on(what, [this, m] { run_.move(m); }); };
    on(Do::RunBody, [this] { runDialog(); });
    on(Do::RunContinue, [this] {
        if (run_.active())
            run_.move(Move::Run);
        else
            runDialog();
    });
    move(Do::RunBack, Move::BackRun);
    move(Do::RunOver, Move::Over);
    move(Do::RunBackOver, Move::BackOver);
    move(Do::RunBackInto, Move::BackInto);
    move(Do::RunBackOut, Move::BackOut);
    move(Do::NextNonFinite, Move::NonFinite);
    move(Do::PreviousNonFinite, Move::BackNonFinite);
    // Two meanings: of the run while there is one, of the bodies otherwise.
    on(Do::StepInto, [this] {
        if (run_.active())
            run_.move(Move::Into);
        else
            navigator_.step_into();
    });
    on(Do::StepOut, [this] {
        if (run_.active())
            run_.move(Move::Out);
        else
            navigator_.step_out();
    });
    on(Do::RunToNode, [this] { run_.runTo(navigator_.state().node.body, navigator_.state().node.node); });
    on(Do::RunBackToNode,
        [this] { run_.runTo(navigator_.state().node.body, navigator_.state().node.node, true); });
    on(Do::RunToEnd, [this] { run_.computeAll(); });
    on(Do::ToggleBreakpoint, [this] { toggleBreakpoint(); });
    on(Do::RunRestart, [this] { run_.restart(); });
    on(Do::RunStop, [this] { run_.stop(); });
    on(Do::WatchNode, [this] {
        steps_->watch(navigator_.state().node);
        updateActions();
    });
    on(Do::MeasureTimes, [this] { run_.measure(kTimedRuns); });
    on(Do::CompareRun, [this] {
        showDock(QStringLiteral("compare"));
        compare_->against().setFocus(Qt::ShortcutFocusReason);
    });
    on(Do::KeepRun, [this] {
        run_.keep([this](const run::KeptRun& kept) -> Status {
            if (!notes_.has_file())
                return make_error(Error::Kind::Usage, "the session was closed meanwhile");
            const Result<int64_t> id = notes_.session()->add_run(document_->dump(), kept.run, kept.values);
            return id ? Status() : Status(id.error());
        });
    });
    on(Do::SaveValues, [this] { saveValues(); });
    actions_[Do::FollowStep]->setChecked(true);
    const auto retag = [this] {
        for (Pane pane : {Pane::Left, Pane::Right})
            tagNodes(pane);
    };
    connect(actions_[Do::ValuesOnNodes], &QAction::toggled, this, retag);
    connect(actions_[Do::TimesOnNodes], &QAction::toggled, this, retag);
}

void MainWindow::updateRunActions(const QString& noDump) {
    const bool body = document_ && navigator_.pane(navigator_.state().focus).graph;
    const QString noBody = !noDump.isEmpty() ? noDump : body ? QString() : tr("no body is shown here");
    const auto stepper = run_.stepper();
    const bool ready = run_.state() == RunController::State::Ready && stepper;
    const QString noRun = !noDump.isEmpty()              ? noDump
        : run_.state() == RunController::State::Starting ? tr("the run is being started")
        : run_.state() == RunController::State::Died     ? tr("the executor died: restart it")
        : ready                                          ? QString()
                                                         : tr("nothing runs; F5 runs a body");
    const bool atEnd = ready
        && (stepper->at_end() || (stepper->failure() && stepper->failure()->step == stepper->position()));
    const QString noForward = !noRun.isEmpty() ? noRun
        : atEnd ? (stepper->failure() ? tr("the run stopped at a failure") : tr("the run is at its end"))
                : QString();
    const QString noBack = !noRun.isEmpty()                      ? noRun
        : run_.ranLast() || (ready && !stepper->stack().empty()) ? QString()
                                                                 : tr("the run is at its start");
    const QString noCall = !noRun.isEmpty() ? noRun
        : stepper->stack().empty()          ? tr("the run is in no called body")
                                            : QString();
    actions_.setReason(Do::RunBody, noBody);
    actions_.setReason(Do::RunContinue,
        run_.active() || run_.state() == RunController::State::Starting ? noForward : noBody);
    for (Do what : {Do::RunOver, Do::NextNonFinite})
        actions_.setReason(what, noForward);
    for (Do what : {Do::RunBack, Do::RunBackOver, Do::RunBackInto, Do::PreviousNonFinite})
        actions_.setReason(what, noBack);
    actions_.setReason(Do::RunBackOut, noCall);
    if (run_.active()) {
        actions_.setReason(Do::StepInto, noForward);
        actions_.setReason(Do::StepOut, !noForward.isEmpty() ? noForward : noCall);
    }
    actions_.setReason(Do::RunToEnd,
        !noRun.isEmpty()          ? noRun
            : stepper->complete() ? tr("it is computed already")
                                  : QString());
    const Place& node = navigator_.state().node;
    const QString noNode = !noDump.isEmpty() ? noDump : node.node ? QString() : tr("no node is selected");
    const QString elsewhere = ready && node.node && node.graph != run_.graph()
        ? tr("the selected node is of another graph")
        : QString();
    const QString here = !noRun.isEmpty() ? noRun : !noNode.isEmpty() ? noNode : elsewhere;
    actions_.setReason(Do::RunToNode, !here.isEmpty() ? here : noForward);
    actions_.setReason(Do::RunBackToNode, !here.isEmpty() ? here : noBack);
    actions_.setReason(Do::ToggleBreakpoint,
        !noNode.isEmpty()                                 ? noNode
            : run_.active() && node.graph != run_.graph() ? tr("the selected node is of another graph")
                                                          : QString());
    actions_.setReason(Do::RunRestart, run_.active() ? QString() : noRun);
    actions_.setReason(
        Do::RunStop, run_.state() == RunController::State::None ? tr("nothing runs") : QString());
    actions_.setReason(Do::WatchNode, noNode);
    actions_[Do::WatchNode]->setText(node.node && steps_->isWatched(node) ? tr("Stop &Watching the Node")
                                                                          : tr("&Watch the Selected Node"));
    for (Do what : {Do::MeasureTimes, Do::SaveValues, Do::CompareRun, Do::ValuesOnNodes})
        actions_.setReason(what, noRun);
    actions_.setReason(Do::KeepRun,
        !noRun.isEmpty()         ? noRun
            : !notes_.has_file() ? tr("save the dump as a session first")
            : notes_.read_only() ? tr("the session's file cannot be written")
                                 : QString());
    actions_.setReason(Do::TimesOnNodes,
        !noRun.isEmpty()               ? noRun
            : run_.timing().repeat > 0 ? QString()
                                       : tr("no times were measured yet"));
}

// --- starting

void MainWindow::startRun(const run::Request& request) {
    if (!document_)
        return;
    showDock(QStringLiteral("values"));
    showDock(QStringLiteral("steps"));
    run_.start(document_->dump_pointer(), request);
}

void MainWindow::runDialog() {
    std::vector<std::pair<QString, Place>> bodies;
    int chosen = 0;
    const auto add = [&](const QString& name, const Place& place) {
        for (const auto& known : bodies) {
            if (known.second == place)
                return;
        }
        bodies.emplace_back(name, place);
    };
    for (Pane pane : {Pane::Left, Pane::Right}) {
        const Place& body = navigator_.pane(pane);
        if (!body.graph)
            continue;
        if (pane == navigator_.state().focus)
            chosen = int(bodies.size());
        add(pane == Pane::Left ? tr("Left pane") : tr("Right pane"), {body.graph, body.body, {}});
    }
    for (Pane pane : {Pane::Left, Pane::Right}) {
        if (const Place& body = navigator_.pane(pane); body.graph)
            add(tr("Whole graph"), {body.graph, BodyId(0), {}});
    }
    if (bodies.empty())
        return;
    // A region's body: of the call that the window is about.
    run::Request before = run_.request();
    if (const NavState& s = navigator_.state(); s.row >= 0)
        before.invocation = document_->invocation(s.row).index;
    auto* dialog = new RunDialog(document_, bodies, std::min(chosen, int(bodies.size()) - 1), before, this);
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    connect(dialog, &RunDialog::runRequested, this, &MainWindow::startRun);
    dialog->open();
}

void MainWindow::toggleBreakpoint() {
    const Place& node = navigator_.state().node;
    run_.setBreakpointGraph(node.graph);
    run::Breakpoint breakpoint;
    breakpoint.body = node.body;
    breakpoint.node = node.node;
    run_.toggleBreakpoint(breakpoint);
}

void MainWindow::saveValues() {
    const QString folder = paths_.isEmpty() ? QString() : QFileInfo(paths_.first()).path() + QLatin1Char('/');
    const QString path = QFileDialog::getSaveFileName(this, tr("Save all values at this position"),
        folder + QStringLiteral("values.safetensors"), tr("Tensors (*.safetensors)"));
    if (!path.isEmpty())
        run_.saveAll(path);
}

// --- following it

void MainWindow::runChanged() {
    const RunController::State before = runState_;
    runState_ = run_.state();
    if (before != runState_) {
        actions_.setRunning(run_.active());
        if (runState_ == RunController::State::None)
            updateMarks();
        hasError_ = false;
        if (runState_ == RunController::State::Failed || runState_ == RunController::State::Died) {
            hasError_ = true;
            lastError_ = make_error(Error::Kind::External, ss(run_.error()));
        }
    }
    updateActions();
}

void MainWindow::runMoved() {
    followRun();
    updateMarks();
    updateActions();
}

// The panes go where the run is, into a region's body and out of it, and the cursor to what ran last.
void MainWindow::followRun() {
    if (!document_ || run_.state() != RunController::State::Ready)
        return;
    const auto prepared = run_.prepared();
    const Place next = run_.next();
    const Place body{run_.graph(), next.node ? next.body : prepared->body, {}};
    const NavState& s = navigator_.state();
    // The pane that shows it already, else the one that shows its graph, else the focused one.
    const auto fits = [&](Pane pane) { return navigator_.pane(pane) == body; };
    const auto near = [&](Pane pane) { return navigator_.pane(pane).graph == body.graph; };
    Pane pane = s.focus;
    if (!fits(pane))
        pane = fits(other_pane(pane)) ? other_pane(pane)
            : near(pane)              ? pane
            : near(other_pane(pane))  ? other_pane(pane)
                                      : pane;
    if (!fits(pane))
        navigator_.show_body(pane, body);
    if (!actions_[Do::FollowStep]->isChecked())
        return;
    const std::optional<size_t> last = run_.ranLast();
    const Place ran = last ? run_.placeOf(*last) : Place();
    const NodeId node = ran.node && ran.body == body.body ? ran.node : next.node;
    navigator_.select_node(pane, node);
    if (next.node && next.body == body.body)
        panes_[size_t(pane)]->canvas().ensureVisible(next.node);
}

} // namespace hopscope
