// Two bodies compared in the window: the job, the panes that show them, and the steps from difference to
// difference.
#pragma once

#include "views/shell/windowstate.h"

namespace hopscope {

class Actions;
class DiffView;
class Docks;
class PanePresenter;

class DiffPresenter : public QObject, public Follower {
    Q_OBJECT

public:
    DiffPresenter(WindowState* state, Actions* actions, Docks* docks, DiffView* view, PanePresenter* panes);

    void follow(const Shown& shown, Changes changed) override;
    // Shows both, the first in the left pane, and compares them.
    void compare(const Place& a, const Place& b);
    void choose(size_t row); // of the comparison: selects its node

private:
    void step(int direction);
    void take(std::shared_ptr<const Comparison> comparison);
    void again(const MatchOptions& options);
    void followView(Pane moved);

    WindowState* state_;
    Actions* actions_;
    Docks* docks_;
    PanePresenter* panes_;
    MatchOptions options_; // what counts in comparisons from now on
    bool linking_ = false; // a view is moved because the other was
    int generation_ = 0;
};

} // namespace hopscope
