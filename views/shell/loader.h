// Opening dumps and sessions: read by a job, the last one that was asked for wins.
#pragma once

#include "views/shell/windowstate.h"

#include <QFileSystemWatcher>
#include <QStringList>

#include <memory>

namespace hopscope {

class Loader : public QObject {
    Q_OBJECT

public:
    explicit Loader(WindowState* state);

    // Files, folders or one session, as evidence about one run. `at` is an address to go to.
    void open(const QStringList& paths, const QString& at = {});
    // A text that is no file: an untitled dump, which a session can keep.
    void openText(const QString& text);
    void close(); // nothing is open any more, and what is being read is not waited for
    bool sameRun(const QStringList& paths) const { return state_->document() && paths == paths_; }

    const QStringList& paths() const { return paths_; } // of the open dump; empty where it was pasted
    void setPaths(const QStringList& paths) { paths_ = paths; } // it is kept there now
    QString folder() const; // where it lies, with a slash; empty where nothing is open
    double seconds() const { return seconds_; } // that reading it took

    static QStringList samplePaths(); // empty where the sample is not installed

Q_SIGNALS:
    void reading(const QString& names);
    void shown(bool sameRun); // the document is in the state; the place can be restored
    void opened(); // and it is at `at`
    void failed(); // see WindowState::lastError()

private:
    struct Loaded;
    void start(std::shared_ptr<Loaded> result);
    void checkPayloads();
    void watch();
    void take(const std::shared_ptr<Loaded>& result);
    void refuse(const Loaded& result);
    Status takeNotes(Loaded& result);

    WindowState* state_;
    QStringList paths_;
    double seconds_ = 0;
    JobRunner::Id job_ = 0;
    JobRunner::Id check_ = 0; // of the payloads' md5 sums
    QFileSystemWatcher watched_; // the files that were read
    int generation_ = 0; // results of an older one are dropped
};

} // namespace hopscope
