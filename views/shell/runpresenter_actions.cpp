// The actions of a run: what each does, which can apply, and why the others cannot.
#include "views/base/text.h"
#include "views/compare/compareview.h"
#include "views/run/stepsview.h"
#include "views/shell/actions.h"
#include "views/shell/docks.h"
#include "views/shell/runpresenter.h"

#include <QComboBox>

namespace hopscope {

namespace {
constexpr int kTimedRuns = 7; // enough for a median that one slow run does not move

using Move = RunController::Move;
constexpr std::pair<Do, Move> kMoves[] = {
    {Do::RunBack, Move::BackRun},
    {Do::RunOver, Move::Over},
    {Do::RunBackOver, Move::BackOver},
    {Do::RunBackInto, Move::BackInto},
    {Do::RunBackOut, Move::BackOut},
    {Do::NextNonFinite, Move::NonFinite},
    {Do::PreviousNonFinite, Move::BackNonFinite},
};
} // namespace

void RunPresenter::connectActions() {
    Navigator& navigator = state_->navigator();
    for (const auto& [what, move] : kMoves)
        actions_->connectTo(this, {{what, [this, move = move] { run_.move(move); }}});
    const auto runTo = [this](
                           bool back) { run_.runTo(state_->at().node.body, state_->at().node.node, back); };
    // Two meanings: of the run while there is one, of the bodies otherwise.
    const auto either = [this](Move move, auto otherwise) {
        return [=, this] { run_.active() ? run_.move(move) : otherwise(); };
    };
    actions_->connectTo(this,
        {
            {Do::RunBody, [this] { openDialog(); }},
            {Do::RunContinue, either(Move::Run, [this] { openDialog(); })},
            {Do::StepInto, either(Move::Into, [&navigator] { navigator.step_into(); })},
            {Do::StepOut, either(Move::Out, [&navigator] { navigator.step_out(); })},
            {Do::RunToNode, [=] { runTo(false); }},
            {Do::RunBackToNode, [=] { runTo(true); }},
            {Do::RunToEnd, [this] { run_.computeAll(); }},
            {Do::ToggleBreakpoint, [this] { toggleBreakpoint(); }},
            {Do::RunRestart, [this] { run_.restart(); }},
            {Do::RunStop, [this] { run_.stop(); }},
            {Do::WatchNode,
                [this] {
                    panels_.steps->watch(state_->at().node);
                    state_->touch(Change::Selection);
                }},
            {Do::MeasureTimes, [this] { run_.measure(kTimedRuns); }},
            {Do::CompareRun,
                [this] {
                    docks_->show(QStringLiteral("compare"));
                    panels_.compare->against().setFocus(Qt::ShortcutFocusReason);
                }},
            {Do::KeepRun, [this] { keep(); }},
            {Do::SaveValues, [this] { saveValues(); }},
        });
    (*actions_)[Do::FollowStep]->setChecked(true);
}

void RunPresenter::follow(const Shown& shown, Changes changed) {
    if (changed & Change::Document)
        forecasts_.setDump(shown.document ? shown.document->dump_pointer() : nullptr);
    const Changes concerns = Change::Document | Change::Place | Change::Selection | Change::Run
        | Change::Breakpoints | Change::Values | Change::Notes;
    if (!(changed & concerns))
        return;
    const Reasons why = reasons();
    // Where a run stopped at what cannot be run, an executor is asked what may help.
    const auto stepper = run_.stepper();
    const bool stopped = run_.active() && stepper && stepper->failure() && stepper->failure()->unsupported
        && stepper->failure()->step;
    if (stopped)
        forecasts_.ask(run_.graph());
    panels_.steps->setHelp(
        stopped ? forecasts_.remedy(run_.placeOf(size_t(*stepper->failure()->step))) : QString());
    updateStepping(why);
    updateOthers(why);
}

RunPresenter::Reasons RunPresenter::reasons() const {
    using State = RunController::State;
    const auto either = [](const QString& first, const QString& other) {
        return first.isEmpty() ? other : first;
    };
    const auto stepper = run_.stepper();
    const bool ready = run_.state() == State::Ready && stepper;
    Reasons why;
    why.noDump = state_->document() ? QString() : tr("no dump is open");
    const bool body = state_->document() && state_->body().graph;
    why.noBody = either(why.noDump, body ? QString() : tr("no body is shown here"));
    why.noRun = either(why.noDump,
        run_.state() == State::Starting   ? tr("the run is being started")
            : run_.state() == State::Died ? tr("the executor died: restart it")
            : ready                       ? QString()
                                          : tr("nothing runs; F5 runs a body"));
    const bool atFailure = ready && stepper->failure() && stepper->failure()->step == stepper->position();
    const bool atEnd = ready && (stepper->at_end() || atFailure);
    why.noForward = either(why.noRun,
        !atEnd                   ? QString()
            : stepper->failure() ? tr("the run stopped at a failure")
                                 : tr("the run is at its end"));
    const bool called = ready && !stepper->stack().empty();
    why.noBack = either(why.noRun, called || run_.ranLast() ? QString() : tr("the run is at its start"));
    why.noCall = either(why.noRun, called ? QString() : tr("the run is in no called body"));
    const Place& node = state_->at().node;
    why.noNode = either(why.noDump, node.node ? QString() : tr("no node is selected"));
    why.here = either(either(why.noRun, why.noNode),
        ready && node.graph != run_.graph() ? tr("the selected node is of another graph") : QString());
    return why;
}

void RunPresenter::updateStepping(const Reasons& why) {
    const bool starting = run_.state() == RunController::State::Starting;
    const bool running = run_.active() || starting;
    const auto either = [](const QString& first, const QString& other) {
        return first.isEmpty() ? other : first;
    };
    actions_->setReason(Do::RunBody, why.noBody);
    actions_->setReason(Do::RunContinue, running ? why.noForward : why.noBody);
    actions_->setReason({Do::RunOver, Do::NextNonFinite}, why.noForward);
    actions_->setReason({Do::RunBack, Do::RunBackOver, Do::RunBackInto, Do::PreviousNonFinite}, why.noBack);
    actions_->setReason(Do::RunBackOut, why.noCall);
    const Navigator& navigator = state_->navigator();
    actions_->setReason(
        Do::StepInto, running ? why.noForward : either(why.noDump, qs(navigator.why_not_into())));
    actions_->setReason(Do::StepOut,
        running ? either(why.noForward, why.noCall) : either(why.noDump, qs(navigator.why_not_out())));
    actions_->setReason(Do::RunToNode, either(why.here, why.noForward));
    actions_->setReason(Do::RunBackToNode, either(why.here, why.noBack));
    actions_->setReason(Do::RunRestart, run_.active() ? QString() : why.noRun);
    actions_->setReason(
        Do::RunStop, run_.state() == RunController::State::None ? tr("nothing runs") : QString());
}

void RunPresenter::updateOthers(const Reasons& why) {
    const auto either = [](const QString& first, const QString& other) {
        return first.isEmpty() ? other : first;
    };
    const Place& node = state_->at().node;
    const bool complete = why.noRun.isEmpty() && run_.stepper()->complete();
    actions_->setReason(Do::RunToEnd, either(why.noRun, complete ? tr("it is computed already") : QString()));
    actions_->setReason(Do::ToggleBreakpoint,
        either(why.noNode,
            run_.active() && node.graph != run_.graph() ? tr("the selected node is of another graph")
                                                        : QString()));
    actions_->setReason(Do::WatchNode, why.noNode);
    const bool watched = node.node && panels_.steps->isWatched(node);
    (*actions_)[Do::WatchNode]->setText(
        watched ? tr("Stop &Watching the Node") : tr("&Watch the Selected Node"));
    actions_->setReason({Do::MeasureTimes, Do::SaveValues, Do::CompareRun, Do::ValuesOnNodes}, why.noRun);
    const NoteStore& notes = state_->notes();
    actions_->setReason(Do::KeepRun,
        either(why.noRun,
            !notes.has_file()       ? tr("save the dump as a session first")
                : notes.read_only() ? tr("the session's file cannot be written")
                                    : QString()));
    actions_->setReason(Do::TimesOnNodes,
        either(why.noRun, run_.timing().repeat > 0 ? QString() : tr("no times were measured yet")));
}

} // namespace hopscope
