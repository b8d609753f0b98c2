// Work off the GUI thread, with progress and cancel. The window is never blocked by it.
#pragma once

#include "core/base/job.h"

#include <QElapsedTimer>
#include <QObject>
#include <QString>
#include <QThreadPool>

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

namespace hopscope {

class JobRunner : public QObject {
    Q_OBJECT

public:
    using Id = int;
    struct Status {
        Id id = 0;
        QString name; // "Reading gpt12.log"
        QString phase;
        std::optional<int> percent; // none: not known
        qint64 elapsedMs = 0;
        bool cancelling = false;
    };

    explicit JobRunner(QObject* parent = nullptr);
    ~JobRunner() override; // cancels and waits

    // Runs `work` on a thread of its own, then `done` on this object's thread (also after cancel; the work's
    // own result tells). `done` is not called once the runner is destroyed.
    Id start(const QString& name, std::function<void(const Job&)> work, std::function<void()> done);
    void cancel(Id id);
    void cancelAll();

    bool idle() const { return jobs_.empty(); }
    std::vector<Status> statuses() const; // oldest first

Q_SIGNALS:
    void changed(); // a job began or ended
    void finished(); // no job is left

private:
    struct Running {
        Id id = 0;
        QString name;
        QElapsedTimer clock;
        std::atomic<bool> cancel{false};
        std::atomic<uint64_t> done{0}, total{0};
        std::mutex mutex;
        std::string phase;
        std::function<void()> after;
    };
    void end(Id id);

    QThreadPool pool_;
    std::vector<std::shared_ptr<Running>> jobs_;
    Id last_ = 0;
};

} // namespace hopscope
