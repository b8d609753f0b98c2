// What the window asks the executor about regions: derived joint graphs, proofs, schemas. The answers are
// core's.
#pragma once

#include "views/shell/windowstate.h"

#include <functional>

class QWidget;

namespace hopscope {

class Actions;

class DerivePresenter : public QObject, public Follower {
    Q_OBJECT

public:
    DerivePresenter(WindowState* state, Actions* actions, QWidget* window);

    void follow(const Shown& shown, Changes changed) override;

    struct Answer; // what a job brings back: a text to show, or a graph

Q_SIGNALS:
    void proved(hopscope::RegionRef region); // its page has the proof

private:
    using Work = std::function<void(const Document&, Answer&, const Job&)>;
    // Runs `work` as a job on the document that is open now; `done` gets its answer.
    void ask(const QString& name, Work work, std::function<void(const Answer&)> done);
    void deriveJoint(const Place& forward);
    void proveRegion(RegionRef ref);
    void showSchema(const Place& call);
    void showReport(const QString& title, const QString& text);

    WindowState* state_;
    Actions* actions_;
    QWidget* window_;
};

} // namespace hopscope
