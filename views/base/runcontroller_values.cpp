// Breakpoints, values, timings and files of a run.
#include "core/base/save.h"
#include "core/run/store.h"
#include "core/tensors/npy.h"
#include "core/tensors/tensor_file.h"
#include "views/base/runcontroller.h"
#include "views/base/runcontroller_p.h"
#include "views/base/text.h"

#include <QFileInfo>

#include <algorithm>

namespace hopscope {

namespace {
constexpr size_t kValuesAtOnce = 32; // of one job, so that a move never waits long
constexpr size_t kAnswersKept = 20'000;

// The bytes of one value of a file of many, as its own file.
Result<std::string> one(const std::string& all, const std::string& name, bool npy) {
    const auto bytes = std::make_shared<const std::string>(all);
    const Result<tensors::TensorFile> file = tensors::TensorFile::read(*bytes, bytes);
    if (!file)
        return file.error();
    const tensors::Value* value = file->find(name);
    if (!value)
        return make_error(Error::Kind::NotFound, "'" + name + "' has no value here");
    if (npy)
        return tensors::write_npy(*value);
    return tensors::write_tensor_file({*value});
}
} // namespace

// --- breakpoints

const std::vector<run::Breakpoint>& RunController::breakpoints() const {
    static const std::vector<run::Breakpoint> kNone;
    const auto found = breakpoints_.find(breakGraph_.index);
    return found == breakpoints_.end() ? kNone : found->second;
}

void RunController::setBreakpointGraph(GraphId graph) {
    if (active() || state_ == State::Starting || graph == breakGraph_)
        return;
    breakGraph_ = graph;
    Q_EMIT breakpointsChanged();
}

void RunController::toggleBreakpoint(const run::Breakpoint& breakpoint) {
    std::vector<run::Breakpoint>& list = breakpoints_[breakGraph_.index];
    const auto found = std::find(list.begin(), list.end(), breakpoint);
    if (found == list.end())
        list.push_back(breakpoint);
    else
        list.erase(found);
    Q_EMIT breakpointsChanged();
}

void RunController::enableBreakpoint(size_t index, bool on) {
    std::vector<run::Breakpoint>& list = breakpoints_[breakGraph_.index];
    if (index >= list.size() || list[index].enabled == on)
        return;
    list[index].enabled = on;
    Q_EMIT breakpointsChanged();
}

void RunController::removeBreakpoint(size_t index) {
    std::vector<run::Breakpoint>& list = breakpoints_[breakGraph_.index];
    if (index >= list.size())
        return;
    list.erase(list.begin() + qsizetype(index));
    Q_EMIT breakpointsChanged();
}

// --- values

const ValueAnswer* RunController::answer(const ValueQuery& query) const {
    const auto found = answers_.find(query);
    return found == answers_.end() ? nullptr : &found->second;
}

void RunController::want(const QString& owner, const std::vector<ValueQuery>& queries) {
    std::vector<ValueQuery> missing;
    for (const ValueQuery& query : queries) {
        if (!answers_.contains(query))
            missing.push_back(query);
    }
    if (missing.empty()) {
        wanted_.erase(owner);
        return;
    }
    if (state_ != State::Ready)
        return;
    wanted_[owner] = std::move(missing);
    next_();
}

void RunController::fetch() {
    std::vector<ValueQuery> queries;
    for (auto& [owner, list] : wanted_) {
        std::erase_if(list, [this](const ValueQuery& query) { return answers_.contains(query); });
        for (const ValueQuery& query : list) {
            if (queries.size() < kValuesAtOnce)
                queries.push_back(query);
        }
    }
    std::erase_if(wanted_, [](const auto& entry) { return entry.second.empty(); });
    if (queries.empty() || state_ != State::Ready)
        return;
    Task task;
    task.name = tr("Fetching values");
    task.fetch = true;
    task.work = [queries](Live& live, const Job& job, Outcome& outcome) {
        for (const ValueQuery& query : queries) {
            if (job.cancelled() || live.yield.load(std::memory_order_relaxed))
                return;
            const Result<wire::ValueAnswer> value = live.stepper->value(query, job);
            if (!value && (job.cancelled() || !live.started.worker->alive())) {
                outcome.error = value.error();
                return;
            }
            ValueAnswer answer;
            if (value)
                answer.value = *value;
            else
                answer.error = qs(value.error().text());
            outcome.answers.emplace_back(query, std::move(answer));
        }
    };
    task.after = [this](const Outcome& outcome) {
        if (answers_.size() > kAnswersKept)
            answers_.clear();
        for (const auto& [query, answer] : outcome.answers)
            answers_[query] = answer;
        if (!outcome.answers.empty())
            Q_EMIT valuesReady();
    };
    tasks_.push_back(std::move(task));
    next_();
}

// --- time

void RunController::measure(int repeat) {
    if (state_ != State::Ready)
        return;
    Task task;
    task.name = tr("Timing %1 runs").arg(repeat);
    task.work = [repeat, seed = request_.seed.value_or(0)](Live& live, const Job& job, Outcome& outcome) {
        Result<run::Timing> timing = run::time_nodes(*live.started.worker, repeat, seed, job);
        if (timing)
            outcome.timing = std::move(*timing);
        else
            outcome.error = timing.error();
    };
    task.after = [this](const Outcome& outcome) {
        if (outcome.error) {
            Q_EMIT message(tr("No times: %1").arg(qs(outcome.error->text())), true);
            return;
        }
        timing_ = *outcome.timing;
        Q_EMIT timingReady();
    };
    push(std::move(task));
}

// --- comparing

namespace {
Result<run::RunComparison> compareWith(
    const Dump& dump, run::Request request, const RunController::CompareOptions& options, const Job& job) {
    using Against = run::CompareRequest::Against;
    if (options.against == Against::Recorded)
        request.reference = options.reference;
    const Result<run::Prepared> mine = run::prepare(dump, request);
    if (!mine)
        return mine.error();
    run::CompareRequest what;
    what.against = options.against;
    what.seed = request.seed.value_or(0);
    what.alone = options.alone;
    what.tolerances = options.tolerances;
    std::optional<run::Prepared> other;
    if (options.against == Against::Run) {
        run::Request second = request;
        second.seed = options.seed;
        second.inputs = options.inputs;
        second.reference.clear();
        Result<run::Prepared> prepared = run::prepare(dump, second);
        if (!prepared)
            return prepared.error();
        other = std::move(*prepared);
        what.other = &*other;
        what.other_seed = options.seed.value_or(0);
    }
    const Result<run::Started> started = run::start(*mine, request, job);
    if (!started)
        return started.error();
    return run::compare(*started->worker, *mine, what, job);
}
} // namespace

void RunController::compare(const CompareOptions& options) {
    if (state_ != State::Ready)
        return;
    Task task;
    task.name = tr("Comparing");
    task.work = [dump = dump_, request = request_, options](Live&, const Job& job, Outcome& outcome) {
        Result<run::RunComparison> comparison = compareWith(*dump, request, options, job);
        if (comparison)
            outcome.comparison = std::make_shared<const run::RunComparison>(std::move(*comparison));
        else
            outcome.error = comparison.error();
    };
    task.after = [this](const Outcome& outcome) {
        comparison_ = outcome.comparison;
        compareError_ = outcome.error ? qs(outcome.error->text()) : QString();
        Q_EMIT compared();
    };
    push(std::move(task));
}

// --- keeping

void RunController::keep(Keeper into) {
    if (state_ != State::Ready)
        return;
    Task task;
    task.name = tr("Keeping the run");
    task.work = [dump = dump_, request = request_, comparison = comparison_](
                    Live&, const Job& job, Outcome& outcome) {
        const auto fail = [&](const Error& error) { outcome.error = error; };
        const Result<run::Prepared> prepared = run::prepare(*dump, request);
        if (!prepared)
            return fail(prepared.error());
        const Result<run::Started> started = run::start(*prepared, request, job);
        if (!started)
            return fail(started.error());
        run::ExecuteOptions how;
        how.seed = request.seed.value_or(0);
        how.keep = true;
        Result<run::RunResult> ran = run::execute(*started->worker, *prepared, how, job);
        if (!ran)
            return fail(ran.error());
        if (comparison)
            ran->comparison = *comparison;
        Result<run::KeptRun> kept =
            run::kept_run(*started->worker, *prepared, request, *ran, /*tensors=*/false, job);
        if (!kept)
            return fail(kept.error());
        outcome.kept = std::move(*kept);
    };
    task.after = [this, into = std::move(into)](const Outcome& outcome) {
        const Status status = outcome.error ? Status(*outcome.error) : into(outcome.kept);
        Q_EMIT message(status ? tr("Kept the run in the session: figures of %1")
                                    .arg(countOf(outcome.kept.values.size(), "value"))
                              : tr("The run was not kept: %1").arg(qs(status.error().text())),
            !status);
    };
    push(std::move(task));
}

// --- files

void RunController::with(const QString& name,
    std::function<Status(run::Stepper&, const run::Prepared&, const Job&)> work,
    std::function<void(const Status&)> done) {
    if (state_ != State::Ready)
        return;
    Task task;
    task.name = name;
    task.work = [work = std::move(work)](Live& live, const Job& job, Outcome& outcome) {
        const Status status = work(*live.stepper, *live.prepared, job);
        if (!status)
            outcome.error = status.error();
    };
    task.after = [done = std::move(done)](
                     const Outcome& outcome) { done(outcome.error ? Status(*outcome.error) : Status()); };
    push(std::move(task));
}

void RunController::saveAll(const QString& path) {
    with(
        tr("Saving %1").arg(QFileInfo(path).fileName()),
        [path](run::Stepper& stepper, const run::Prepared&, const Job& job) -> Status {
            const Result<std::string> bytes = stepper.save(job);
            return bytes ? save_file(ss(path), *bytes) : Status(bytes.error());
        },
        [this, path](const Status& status) {
            Q_EMIT message(
                status ? tr("Saved all values at this position to %1").arg(path) : qs(status.error().text()),
                !status);
        });
}

void RunController::saveValue(size_t step, int item, const QString& path) {
    const bool npy = path.endsWith(QStringLiteral(".npy"), Qt::CaseInsensitive);
    with(
        tr("Saving %1").arg(QFileInfo(path).fileName()),
        [=](run::Stepper& stepper, const run::Prepared&, const Job& job) -> Status {
            const Result<std::string> bytes = stepper.save(job);
            if (!bytes)
                return bytes.error();
            std::string name = stepper.path(step);
            if (stepper.steps()[step].tuple)
                name += '#' + std::to_string(item);
            const Result<std::string> mine = one(*bytes, name, npy);
            return mine ? save_file(ss(path), *mine) : Status(mine.error());
        },
        [this, path](const Status& status) {
            Q_EMIT message(status ? tr("Saved %1").arg(path) : qs(status.error().text()), !status);
        });
}

} // namespace hopscope
