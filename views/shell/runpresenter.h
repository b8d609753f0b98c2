// A run in the window: starting it, the actions that step it, and the panes that follow it.
#pragma once

#include "views/base/forecasts.h"
#include "views/shell/windowstate.h"

#include <functional>
#include <utility>
#include <vector>

namespace hopscope {

class Actions;
class CompareView;
class Docks;
class PanePresenter;
class StepsView;
class ValueView;

// The panels that show a run.
struct RunPanels {
    ValueView* values;
    StepsView* steps;
    CompareView* compare;
};

class RunPresenter : public QObject, public Follower {
    Q_OBJECT

public:
    RunPresenter(WindowState* state, Actions* actions, Docks* docks, PanePresenter* panes, RunPanels panels);
    ~RunPresenter() override;

    // Runs a body of the dump that is open; ends what ran before.
    void start(const run::Request& request);
    void follow(const Shown& shown, Changes changed) override;
    Forecasts& forecasts() { return forecasts_; }
    // The folder where dialogs begin.
    std::function<QString()> folder;

private:
    void connectRun();
    void connectPanels();
    void connectActions();
    void stateChanged();
    void moved();
    void openDialog();
    void toggleBreakpoint();
    void keep();
    void saveValues();

    // Why actions of the run cannot apply; empty = they can.
    struct Reasons {
        QString noDump, noBody, noRun, noForward, noBack, noCall, noNode, here;
    };
    Reasons reasons() const;
    void updateStepping(const Reasons& why);
    void updateOthers(const Reasons& why);

    WindowState* state_;
    Actions* actions_;
    Docks* docks_;
    PanePresenter* panes_;
    RunPanels panels_;
    RunController& run_;
    Forecasts forecasts_;
    RunController::State seen_ = RunController::State::None;
};

} // namespace hopscope
