#include "views/shell/runpresenter.h"

#include "core/base/text.h"
#include "core/session/session.h"
#include "views/base/text.h"
#include "views/compare/compareview.h"
#include "views/run/rundialog.h"
#include "views/run/stepsview.h"
#include "views/shell/actions.h"
#include "views/shell/docks.h"
#include "views/shell/pane.h"
#include "views/shell/panepresenter.h"
#include "views/values/valueview.h"

#include <QFileDialog>
#include <QSplitter>

#include <algorithm>

namespace hopscope {

RunPresenter::RunPresenter(
    WindowState* state, Actions* actions, Docks* docks, PanePresenter* panes, RunPanels panels)
    : state_(state)
    , actions_(actions)
    , docks_(docks)
    , panes_(panes)
    , panels_(panels)
    , run_(state->run())
    , forecasts_(&state->jobs()) {
    connectRun();
    panes_->setForecasts(&forecasts_);
    // Marks on nodes, and what the Inspector says of one.
    connect(&forecasts_, &Forecasts::changed, state_,
        [this] { state_->touch(Change::Values | Change::Selection | Change::Run); });
    connectPanels();
    connectActions();
}

RunPresenter::~RunPresenter() {
    disconnect(&run_, nullptr, this, nullptr);
}

void RunPresenter::connectRun() {
    connect(&run_, &RunController::stateChanged, this, &RunPresenter::stateChanged);
    connect(&run_, &RunController::moved, this, &RunPresenter::moved);
    connect(&run_, &RunController::timingReady, this, [this] {
        if (run_.timing().repeat == 0)
            return;
        panels_.steps->showTimes();
        docks_->show(QStringLiteral("steps"));
        (*actions_)[Do::TimesOnNodes]->setChecked(true);
    });
    connect(&run_, &RunController::compared, this, [this] {
        if (run_.comparison() || !run_.compareError().isEmpty())
            docks_->show(QStringLiteral("compare"));
    });
    connect(&run_, &RunController::message, this,
        [this](const QString& text, bool isError) { state_->say(text, isError); });
}

void RunPresenter::connectPanels() {
    connect(panels_.steps, &StepsView::placeChosen, this, [this](const Place& place) {
        if (place.node)
            state_->navigator().go_to(place);
    });
    connect(panels_.compare, &CompareView::valueChosen, this, [this](const run::ComparedValue& value) {
        // Of several runs of the node, to behind the one that was compared.
        panels_.values->setWantedItem(value.path);
        run_.goBehind(value.path);
    });
    connect(panels_.compare, &CompareView::message, this,
        [this](const QString& text, bool isError) { state_->say(text, isError); });
}

// --- starting

void RunPresenter::start(const run::Request& request) {
    if (!state_->document())
        return;
    docks_->show(QStringLiteral("values"));
    docks_->show(QStringLiteral("steps"));
    run_.start(state_->document()->dump_pointer(), request);
}

void RunPresenter::openDialog() {
    int chosen = 0;
    std::vector<std::pair<QString, Place>> bodies;
    const auto add = [&](const QString& name, const Place& place) {
        const auto same = [&](const auto& known) { return known.second == place; };
        if (std::none_of(bodies.begin(), bodies.end(), same))
            bodies.emplace_back(name, place);
    };
    const std::vector<std::pair<QString, Place>> shown = panes_->bodies(&chosen);
    for (const auto& [name, place] : shown)
        add(name, place);
    for (const auto& [name, place] : shown)
        add(tr("Whole graph"), {place.graph, BodyId(0), {}});
    if (bodies.empty())
        return;
    // A region's body: of the call that the window is about.
    run::Request before = run_.request();
    if (const std::optional<int> row = state_->at().row)
        before.invocation = state_->document()->invocation(*row).index;
    auto* dialog = new RunDialog(state_->document(), bodies, std::min(chosen, int(bodies.size()) - 1), before,
        &forecasts_, panes_->widget()->window());
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    connect(dialog, &RunDialog::runRequested, this, &RunPresenter::start);
    dialog->open();
}

void RunPresenter::toggleBreakpoint() {
    const Place& node = state_->at().node;
    run_.setBreakpointGraph(node.graph);
    run::Breakpoint breakpoint;
    breakpoint.body = node.body;
    breakpoint.node = node.node;
    run_.toggleBreakpoint(breakpoint);
}

void RunPresenter::keep() {
    run_.keep([this](const run::KeptRun& kept) -> Status {
        if (!state_->notes().has_file())
            return make_error(Error::Kind::Usage, "the session was closed meanwhile");
        const Result<int64_t> id =
            state_->notes().session()->add_run(state_->document()->dump(), kept.run, kept.values);
        return id ? Status() : Status(id.error());
    });
}

void RunPresenter::saveValues() {
    const QString path =
        QFileDialog::getSaveFileName(panes_->widget()->window(), tr("Save all values at this position"),
            folder() + QStringLiteral("values.safetensors"), tr("Tensors (*.safetensors)"));
    if (!path.isEmpty())
        run_.saveAll(path);
}

// --- following it

// Keys change hands at once: what is pressed while the run starts is not meant for the invocations.
void RunPresenter::stateChanged() {
    using State = RunController::State;
    const State now = run_.state();
    if (std::exchange(seen_, now) == now)
        return;
    actions_->setRunning(run_.active() || now == State::Starting);
    state_->clearError();
    if (now == State::Failed || now == State::Died)
        state_->fail({}, make_error(run_.errorKind(), ss(run_.error())));
}

// The panes go where the run is, into a region's body and out of it, and the cursor to what ran last.
void RunPresenter::moved() {
    if (!state_->document() || run_.state() != RunController::State::Ready)
        return;
    Navigator& navigator = state_->navigator();
    const auto prepared = run_.prepared();
    const Place next = run_.next();
    const Place body{run_.graph(), next.node ? next.body : prepared->body, {}};
    // The pane that shows it already, else the one that shows its graph, else the focused one.
    const auto fits = [&](Pane pane) { return navigator.pane(pane) == body; };
    const auto near = [&](Pane pane) { return navigator.pane(pane).graph == body.graph; };
    Pane pane = state_->at().focus;
    if (!fits(pane))
        pane = fits(other_pane(pane)) ? other_pane(pane)
            : near(pane)              ? pane
            : near(other_pane(pane))  ? other_pane(pane)
                                      : pane;
    if (!fits(pane))
        navigator.show_body(pane, body);
    if (!(*actions_)[Do::FollowStep]->isChecked())
        return;
    const std::optional<size_t> last = run_.ranLast();
    const Place ran = last ? run_.placeOf(*last) : Place();
    const NodeId node = ran.node && ran.body == body.body ? ran.node : next.node;
    navigator.select_node(pane, node);
    if (next.node && next.body == body.body) {
        state_->flush();
        panes_->pane(pane).canvas().ensureVisible(next.node);
    }
}

} // namespace hopscope
