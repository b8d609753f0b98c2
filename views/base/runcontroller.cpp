#include "views/base/runcontroller.h"

#include "core/base/text.h"
#include "core/run/default_symbols.h"
#include "views/base/errortext.h"
#include "views/base/runcontroller_p.h"
#include "views/base/text.h"

#include <QFileInfo>
#include <QPointer>

#include <algorithm>

namespace hopscope {

namespace {
constexpr size_t kMovesWaiting = 16; // a key that is held down must not run on for long after it

using run::Stop;

QString placeText(const worker::NodePlace& at) {
    QString text = qs(at.node);
    if (!at.target.empty())
        text += QStringLiteral(" (%1)").arg(qs(at.target));
    if (!at.body.empty())
        text += QObject::tr(" in %1").arg(qs(at.body));
    return text;
}
// What the worker said of the body when it was loaded: nodes that will stop the run, and devices.
QStringList cannotRun(const wire::LoadAnswer& loaded) {
    QStringList notes;
    for (const wire::Unsupported& node : loaded.unsupported)
        notes
            << QObject::tr("%1 (%2) cannot be run: %3").arg(qs(node.node), qs(node.target), qs(node.reason));
    if (loaded.moved)
        notes << QObject::tr("the graph names another device; it runs on the CPU");
    return notes;
}
} // namespace

RunController::RunController(JobRunner* jobs, QObject* parent)
    : QObject(parent)
    , jobs_(jobs) { }

RunController::~RunController() {
    if (running_)
        jobs_->cancel(running_);
}

// --- beginning and ending

void RunController::start(std::shared_ptr<const Dump> dump, const run::Request& request) {
    stop();
    dump_ = std::move(dump);
    request_ = request;
    if (const Result<Place> place = resolve(*dump_, request.address); place)
        breakGraph_ = place->graph;
    else if (dump_->graphs.size() == 1)
        breakGraph_ = GraphId(0);
    launch(0);
}

void RunController::restart() {
    if (!dump_ || state_ == State::None)
        return;
    const size_t position = view_ ? view_->position() : 0;
    const std::shared_ptr<const Dump> dump = dump_;
    const run::Request request = request_;
    stop();
    dump_ = dump;
    request_ = request;
    launch(position);
}

void RunController::launch(size_t position) {
    setState(State::Starting);
    live_ = std::make_shared<Live>();
    Task task;
    task.name = tr("Starting the run");
    task.work = [dump = dump_, request = request_, position, breakpoints = breakpoints()](
                    Live& live, const Job& job, Outcome& outcome) {
        const auto fail = [&](const Error& error) { outcome.error = error; };
        job.report(0, 0, "reading inputs");
        Result<run::Prepared> prepared = run::prepare(*dump, request);
        if (!prepared)
            return fail(prepared.error());
        live.prepared = std::make_shared<run::Prepared>(std::move(*prepared));
        job.report(0, 0, "starting the executor");
        Result<run::Started> started = run::start(*live.prepared, request, job);
        if (!started)
            return fail(started.error());
        live.started = std::move(*started);
        live.stepper = std::make_unique<run::Stepper>(live.started.worker);
        live.stepper->tell();
        live.stepper->breakpoints() = breakpoints;
        wire::BeginRequest options;
        options.seed = request.seed.value_or(0);
        options.recorded_random = !live.prepared->reference.empty();
        Result<Stop> stop = live.stepper->begin(options, job);
        if (stop && position > 0)
            stop = live.stepper->run_to_step(position, job);
        if (!stop)
            return fail(stop.error());
        outcome.stop = *stop;
    };
    push(std::move(task));
}

void RunController::stop() {
    if (running_)
        jobs_->cancel(running_);
    running_ = 0;
    tasks_.clear();
    fetching_ = false;
    // Its end may take a moment: not on this thread.
    if (live_ && live_->started.worker)
        jobs_->start(tr("Ending the run"), [live = std::exchange(live_, nullptr)](const Job&) {}, {});
    live_.reset();
    forget();
    if (state_ == State::None)
        return;
    state_ = State::None;
    dump_.reset();
    Q_EMIT stateChanged();
    Q_EMIT moved();
    Q_EMIT timingReady();
    Q_EMIT compared();
}

void RunController::forget() {
    view_.reset();
    module_.reset();
    graph_ = {};
    address_.clear();
    stop_ = {};
    error_.clear();
    diedAt_.clear();
    executor_.clear();
    notes_.clear();
    synthetic_ = false;
    answers_.clear();
    wanted_.clear();
    timing_ = {};
    comparison_.reset();
    compareError_.clear();
}

void RunController::setState(State state) {
    state_ = state;
    Q_EMIT stateChanged();
}

// --- what runs

std::shared_ptr<const run::Prepared> RunController::prepared() const {
    return live_ && state_ == State::Ready ? live_->prepared : nullptr;
}

int64_t RunController::workerPid() const {
    return live_ && state_ == State::Ready && live_->started.worker ? live_->started.worker->pid() : 0;
}

QString RunController::inputsText() const {
    if (request_.inputs.empty())
        return tr("synthetic inputs, seed %1").arg(request_.seed.value_or(0));
    return tr("inputs of %1").arg(QFileInfo(qs(request_.inputs)).fileName());
}

size_t RunController::totalSteps() const {
    return view_ ? view_->expected_steps() : 0;
}

Place RunController::placeOf(size_t step) const {
    if (!view_ || step >= view_->steps().size())
        return {};
    const run::Step& at = view_->steps()[step];
    return {graph_, at.body, at.node};
}

Place RunController::next() const {
    return view_ && !view_->at_end() ? placeOf(view_->position()) : Place();
}

std::optional<size_t> RunController::ranLast() const {
    if (!view_)
        return {};
    const size_t position = view_->position();
    const std::vector<run::Step>& steps = view_->steps();
    for (size_t at = std::min(position, steps.size()); at-- > 0;) {
        // A step that ran and holds the position no more; of a call and its last node the call.
        size_t step = at;
        if (!view_->done(step))
            return {}; // the call whose body was just entered
        while (steps[step].parent && view_->done(steps[step].parent.index))
            step = steps[step].parent.index;
        const Opcode op = module_->body(steps[step].body).node(steps[step].node).op;
        if (op != Opcode::Placeholder && op != Opcode::GetAttr && op != Opcode::Output)
            return step;
        at = step;
    }
    return {};
}

// --- the queue

void RunController::push(Task task) {
    if (task.scrub) {
        std::erase_if(tasks_, [](const Task& waiting) { return waiting.scrub; });
    } else if (task.move && tasks_.size() >= kMovesWaiting) {
        return;
    }
    // Values can wait: they are fetched again for where the run comes to. No cancel, which would cost a
    // worker that is busy with one large value its life.
    if (fetching_)
        live_->yield.store(true, std::memory_order_relaxed);
    tasks_.push_back(std::move(task));
    next_();
}

void RunController::next_() {
    if (running_ || !live_)
        return;
    if (tasks_.empty()) {
        fetch();
        return;
    }
    const auto task = std::make_shared<Task>(std::move(tasks_.front()));
    tasks_.pop_front();
    const std::shared_ptr<Live> live = live_;
    auto outcome = std::make_shared<Outcome>();
    fetching_ = task->fetch;
    live->yield.store(false, std::memory_order_relaxed);
    running_ = jobs_->start(
        task->name,
        [live, task, outcome, breakpoints = breakpoints()](const Job& job) {
            if (live->stepper)
                live->stepper->breakpoints() = breakpoints;
            task->work(*live, job, *outcome);
            if (live->stepper && !live->stepper->steps().empty())
                outcome->news = live->stepper->news();
            outcome->dead = live->started.worker && !live->started.worker->alive();
        },
        [self = QPointer<RunController>(this), live, task, outcome] {
            if (self && self->live_ == live)
                self->finish(live, *task, outcome);
        });
    Q_EMIT stateChanged();
}

void RunController::finish(
    const std::shared_ptr<Live>& live, const Task& task, const std::shared_ptr<Outcome>& outcome) {
    running_ = 0;
    fetching_ = false;
    const bool starting = state_ == State::Starting;
    if (starting && live->prepared) {
        module_ = live->prepared->module;
        graph_ = breakGraph_ = live->prepared->place.graph;
        address_ = live->prepared->address;
        synthetic_ = live->prepared->inputs.synthetic;
        if (!live->prepared->inputs.defaults.empty())
            notes_ << qs(run::in_words(live->prepared->symbols, live->prepared->inputs.defaults));
        notes_ << qsl(live->started.notes) << cannotRun(live->started.loaded);
        if (live->started.worker)
            executor_ = tr("libtorch %1 · %2")
                            .arg(qs(live->started.worker->facts().libtorch), qs(live->started.executor));
    }
    if (outcome->news) {
        if (!view_)
            view_ = std::make_shared<run::Stepper>(live->started.worker);
        view_->follow(std::move(*outcome->news));
        for (run::Breakpoint& mine : breakpoints_[breakGraph_.index]) {
            for (const run::Breakpoint& theirs : view_->breakpoints()) {
                if (mine == theirs)
                    mine.hits = theirs.hits;
            }
        }
    }
    if (outcome->dead) {
        died(outcome->error.value_or(make_error(Error::Kind::External, "the executor is gone")), live);
        return;
    }
    if (outcome->error && starting) {
        tasks_.clear();
        if (outcome->error->kind == Error::Kind::Cancelled) {
            stop();
            Q_EMIT message(tr("The run was cancelled"), false);
            return;
        }
        error_ = errorText(*outcome->error);
        errorKind_ = outcome->error->kind;
        setState(State::Failed);
        Q_EMIT message(tr("The run cannot begin: %1").arg(error_), true);
        return;
    }
    if (starting)
        state_ = State::Ready;
    if (outcome->stop)
        stop_ = *outcome->stop;
    const bool moves = task.move || starting;
    if (moves) {
        Q_EMIT moved();
        Q_EMIT breakpointsChanged();
        if (outcome->error)
            Q_EMIT message(outcome->error->kind == Error::Kind::Cancelled
                    ? tr("Stepping was cancelled; the run stands where it came to")
                    : qs(outcome->error->text()),
                outcome->error->kind != Error::Kind::Cancelled);
        else
            tell(stop_, task.back);
    }
    if (task.after)
        task.after(*outcome);
    if (live_ != live)
        return; // what was just called ended the run
    next_();
    if (!running_)
        Q_EMIT stateChanged();
}

void RunController::died(const Error& error, const std::shared_ptr<Live>& live) {
    error_ = qs(error.text());
    errorKind_ = error.kind;
    const worker::NodePlace& at = live->started.worker->died_at();
    diedAt_ = at.known() ? placeText(at) : QString();
    tasks_.clear();
    wanted_.clear();
    setState(State::Died);
    Q_EMIT moved();
    Q_EMIT message(diedAt_.isEmpty() ? tr("The executor died: %1. Restart goes on from here").arg(error_)
                                     : tr("The executor died at %1. Restart goes on from here").arg(diedAt_),
        true);
}

} // namespace hopscope
