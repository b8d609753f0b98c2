#include "views/base/jobs.h"

#include "views/base/text.h"

#include <algorithm>

namespace hopscope {

JobRunner::JobRunner(QObject* parent)
    : QObject(parent) {
    pool_.setMaxThreadCount(4); // reading, both panes and an export: none waits for another
    pool_.setStackSize(8u << 20);
}

JobRunner::~JobRunner() {
    cancelAll();
    pool_.waitForDone();
}

JobRunner::Id JobRunner::start(
    const QString& name, std::function<void(const Job&)> work, std::function<void()> done) {
    auto job = std::make_shared<Running>();
    job->id = ++last_;
    job->name = name;
    job->clock.start();
    job->after = std::move(done);
    jobs_.push_back(job);
    pool_.start([this, job, work = std::move(work)] {
        Job handle;
        handle.cancel = &job->cancel;
        Running* state = job.get();
        handle.progress = [state](uint64_t doneNow, uint64_t total, std::string_view phase) {
            state->done.store(doneNow, std::memory_order_relaxed);
            state->total.store(total, std::memory_order_relaxed);
            const std::lock_guard lock(state->mutex);
            if (state->phase != phase)
                state->phase = phase;
        };
        work(handle);
        QMetaObject::invokeMethod(
            this, [this, id = job->id] { end(id); }, Qt::QueuedConnection);
    });
    Q_EMIT changed();
    return job->id;
}

void JobRunner::end(Id id) {
    const auto found =
        std::find_if(jobs_.begin(), jobs_.end(), [id](const auto& job) { return job->id == id; });
    if (found == jobs_.end())
        return;
    const std::shared_ptr<Running> job = *found;
    jobs_.erase(found);
    // `after` may start the next job, so that a chain of jobs is never taken for idle in between.
    if (job->after)
        job->after();
    Q_EMIT changed();
    if (jobs_.empty())
        Q_EMIT finished();
}

void JobRunner::cancel(Id id) {
    for (const auto& job : jobs_) {
        if (job->id == id)
            job->cancel.store(true, std::memory_order_relaxed);
    }
}

void JobRunner::cancelAll() {
    for (const auto& job : jobs_)
        job->cancel.store(true, std::memory_order_relaxed);
}

std::vector<JobRunner::Status> JobRunner::statuses() const {
    std::vector<Status> out;
    for (const auto& job : jobs_) {
        Status status;
        status.id = job->id;
        status.name = job->name;
        status.elapsedMs = job->clock.elapsed();
        status.cancelling = job->cancel.load(std::memory_order_relaxed);
        const uint64_t total = job->total.load(std::memory_order_relaxed);
        if (total > 0)
            status.percent =
                int(std::min<uint64_t>(100, job->done.load(std::memory_order_relaxed) * 100 / total));
        const std::lock_guard lock(job->mutex);
        status.phase = qs(job->phase);
        out.push_back(std::move(status));
    }
    return out;
}

} // namespace hopscope
