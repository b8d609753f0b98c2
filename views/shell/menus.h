// The menu bar and the toolbar: tables of actions.
#pragma once

class QMainWindow;
class QMenu;

namespace hopscope {

class Actions;
class Docks;
class Navigation;
class StepperBar;

void buildMenus(QMainWindow& window, Actions& actions, const Docks& docks, QMenu* recent);
// Returns the stepper in the middle of the bar.
StepperBar* buildToolBar(QMainWindow& window, Actions& actions, Navigation& navigation);

} // namespace hopscope
