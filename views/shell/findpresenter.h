// Find: what is searched and what is next stands in core (browse/find.h, browse/hits.h); here it is asked,
// and the hits are marked in both panes, their minimaps and the tree.
#pragma once

#include "core/browse/hits.h"
#include "views/shell/windowstate.h"

#include <QObject>
#include <QTimer>

#include <optional>

namespace hopscope {

class Actions;
class BodyText;
class Find;
class FindBar;
class OutlineView;
class PanePresenter;

class FindPresenter : public QObject, public Follower {
    Q_OBJECT

public:
    struct Parts {
        PanePresenter* panes;
        OutlineView* outline;
        BodyText* text;
    };
    FindPresenter(WindowState* state, Actions* actions, Parts parts);

    void follow(const Shown& shown, Changes changed) override;
    const Hits& hits() const { return hits_; }

private:
    FindBar& bar() const; // of the focused pane
    void open();
    void step(int direction);
    void stepHere(int direction);
    void search();
    void searchEverywhere(Find find);
    void took(Result<Hits> hits);
    void show();
    void end(Pane pane);
    bool isOpen() const;

    WindowState* state_;
    Actions* actions_;
    Parts parts_;
    Hits hits_;
    std::optional<HitStep> at_; // the hit that F3 is at
    QString error_;
    Pane searched_ = Pane::Left; // whose strip asked
    bool everywhere_ = false; // hits_ are of all bodies
    std::optional<JobRunner::Id> job_;
    int generation_ = 0; // of the question: answers to an older one are dropped
    int waiting_ = 0; // steps that were asked for before the hits were there
};

} // namespace hopscope
