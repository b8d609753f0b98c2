// The window's one state: what is open, where one is in it, the notes, the run; and who is told of changes.
//
// Whoever changes something says which part with touch() (the navigator and the run do it by themselves).
// Panels are told once per turn of the event loop, in the order in which they were added, with all that
// changed since the last time.
#pragma once

#include "core/browse/navigator.h"
#include "core/browse/note_history.h"
#include "core/browse/notes.h"
#include "views/base/follower.h"
#include "views/base/jobs.h"
#include "views/base/runcontroller.h"
#include "views/base/text.h"

#include <QObject>
#include <QString>

#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace hopscope {

class WindowState : public QObject {
    Q_OBJECT

public:
    explicit WindowState(QObject* parent = nullptr);
    ~WindowState() override;

    const std::shared_ptr<const Document>& document() const { return document_; }
    // Another reading of the same run keeps the place as far as it is there; graphs added to the same reading
    // keep everything. Null closes.
    void setDocument(std::shared_ptr<const Document> document, bool sameRun);

    // Two bodies of the document; null ends it. Another reading ends it too.
    void setComparison(std::shared_ptr<const Comparison> comparison);
    const std::shared_ptr<const Comparison>& comparison() const { return comparison_; }

    // What proving a region came to: kept as long as the reading is.
    void setProof(RegionRef region, const QString& text);

    JobRunner& jobs() { return jobs_; }
    Navigator& navigator() { return navigator_; }
    const NavState& at() const { return navigator_.state(); }
    const Place& body() const { return navigator_.pane(at().focus); } // of the focused pane
    NoteStore& notes() { return notes_; }
    NoteHistory& history() { return history_; }
    RunController& run() { return run_; }

    // `panel` must live as long as this.
    void add(Follower* panel);
    void touch(Changes changes);
    void flush(); // tells now what has changed
    bool settled() const { return !pending_; }

    // --- what is said to the person, after all that changed before has been shown; empty: nothing more
    void say(const QString& text, bool isError = false);
    void say(const Error& error) { say(qs(error.text()), true); }
    // Something that was asked for cannot be done. `title` is empty where it has been said already.
    void fail(const QString& title, const Error& error);
    void clearError() { error_.reset(); }
    const Error* lastError() const { return error_ ? &*error_ : nullptr; }

Q_SIGNALS:
    void said(const QString& text, bool isError);
    void failedTo(const QString& title, const hopscope::Error& error);

private:
    void navigated(const NavState& before);

    JobRunner jobs_;
    RunController run_{&jobs_};
    Navigator navigator_;
    NoteStore notes_;
    NoteHistory history_{&notes_};
    std::shared_ptr<const Document> document_;
    std::map<std::pair<uint32_t, uint32_t>, QString> proofs_; // by compilation and region
    std::shared_ptr<const Comparison> comparison_;
    std::vector<Follower*> panels_;
    Shown shown_; // as the panels were told last
    Changes pending_;
    bool queued_ = false, telling_ = false;
    std::optional<Error> error_;
};

} // namespace hopscope
