// Where a run goes, and what is said of it.
#include "views/base/runcontroller.h"
#include "views/base/runcontroller_p.h"
#include "views/base/text.h"

#include <algorithm>

namespace hopscope {

using run::Stop;

void RunController::move(Move move) {
    Task task;
    task.move = true;
    task.name = tr("Stepping");
    task.back = move >= Move::BackRun;
    task.work = [move](Live& live, const Job& job, Outcome& outcome) {
        run::Stepper& s = *live.stepper;
        const auto forward = [&](Result<Stop> stop) {
            if (stop)
                outcome.stop = *stop;
            else
                outcome.error = stop.error();
        };
        switch (move) {
        case Move::Run:
            return forward(s.run(job));
        case Move::Over:
            return forward(s.over(job));
        case Move::Into:
            return forward(s.into(job));
        case Move::Out:
            return forward(s.out(job));
        case Move::NonFinite:
            return forward(s.next_non_finite(job));
        case Move::BackRun:
            outcome.stop = s.back_run();
            return;
        case Move::BackOver:
            outcome.stop = s.back_over();
            return;
        case Move::BackInto:
            outcome.stop = s.back_into();
            return;
        case Move::BackOut:
            outcome.stop = s.back_out();
            return;
        case Move::BackNonFinite:
            outcome.stop = s.back_non_finite();
            return;
        }
    };
    if (state_ == State::Ready)
        push(std::move(task));
}

void RunController::runTo(BodyId body, NodeId node, bool back) {
    if (state_ != State::Ready)
        return;
    Task task;
    task.move = true;
    task.back = back;
    task.name = tr("Running to a node");
    task.work = [body, node, back](Live& live, const Job& job, Outcome& outcome) {
        run::Stepper& s = *live.stepper;
        if (!back) {
            Result<Stop> stop = s.run_to(body, node, job);
            if (stop)
                outcome.stop = *stop;
            else
                outcome.error = stop.error();
            return;
        }
        // Before its latest run that lies behind.
        if (const auto at = s.ran_before(body, node, s.position())) {
            outcome.stop = s.go_to(*at);
            return;
        }
        outcome.error = make_error(Error::Kind::NotFound, "this node has not run before here");
    };
    push(std::move(task));
}

void RunController::scrub(size_t position) {
    if (state_ != State::Ready)
        return;
    Task task;
    task.move = task.scrub = true;
    task.name = tr("Going to step %1").arg(position);
    task.work = [position](Live& live, const Job& job, Outcome& outcome) {
        run::Stepper& s = *live.stepper;
        Result<Stop> stop = s.run_to_step(position, job);
        if (stop)
            outcome.stop = *stop;
        else
            outcome.error = stop.error();
    };
    push(std::move(task));
}

void RunController::goBehind(const std::string& path) {
    if (state_ != State::Ready)
        return;
    Task task;
    task.move = task.scrub = true;
    task.name = tr("Going to %1").arg(qs(path));
    task.work = [step = path.substr(0, path.rfind('#'))](Live& live, const Job& job, Outcome& outcome) {
        run::Stepper& s = *live.stepper;
        const size_t before = s.position();
        const auto find = [&](size_t from) {
            while (from < s.steps().size() && (!s.steps()[from].end || s.path(from) != step))
                ++from;
            return from;
        };
        size_t found = find(0);
        if (found == s.steps().size() && !s.complete()) {
            if (const Result<Stop> stop = s.run_to_step(SIZE_MAX, job); !stop) {
                outcome.error = stop.error();
                return;
            }
            found = find(0);
        }
        if (found == s.steps().size()) {
            s.go_to(before);
            outcome.error = make_error(Error::Kind::NotFound, "'" + step + "' is no step of this run");
            return;
        }
        outcome.stop = s.go_to(*s.steps()[found].end);
    };
    push(std::move(task));
}

void RunController::computeAll() {
    if (state_ != State::Ready)
        return;
    Task task;
    task.move = true;
    task.name = tr("Computing to the end");
    task.work = [](Live& live, const Job& job, Outcome& outcome) {
        run::Stepper& s = *live.stepper;
        const size_t before = s.position();
        const Result<Stop> stop = s.run_to_step(SIZE_MAX, job);
        s.go_to(before);
        if (stop)
            outcome.stop = Stop{};
        else
            outcome.error = stop.error();
    };
    push(std::move(task));
}

void RunController::cancel() {
    tasks_.clear();
    if (running_)
        jobs_->cancel(running_);
}

void RunController::tell(const Stop& stop, bool back) {
    const auto name = [this](std::optional<size_t> step) {
        return step && view_ && *step < view_->steps().size() ? qs(view_->path(*step)) : tr("a node");
    };
    switch (stop.reason) {
    case Stop::Reason::Step:
    case Stop::Reason::Target:
        Q_EMIT message({}, false);
        break;
    case Stop::Reason::Breakpoint:
        Q_EMIT message(
            tr("Breakpoint %1 at %2").arg(stop.breakpoint.value_or(0) + 1).arg(name(stop.step)), false);
        break;
    case Stop::Reason::NonFinite:
        Q_EMIT message(tr("%1 made a NaN or an infinity").arg(name(stop.step)), false);
        break;
    case Stop::Reason::Start:
        if (back)
            Q_EMIT message(tr("The start of the run"), false);
        break;
    case Stop::Reason::End:
        Q_EMIT message(tr("The end of the run"), false);
        break;
    case Stop::Reason::Failure:
        if (view_ && view_->failure())
            Q_EMIT message(
                tr("%1 cannot be run: %2").arg(qs(view_->failure()->path), qs(view_->failure()->message)),
                true);
        break;
    case Stop::Reason::Cancelled:
        Q_EMIT message(tr("Stepping was cancelled; the run stands where it came to"), false);
        break;
    }
}

} // namespace hopscope
