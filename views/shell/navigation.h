// Going from place to place: the actions of the Go menu, the go-to box, the history's menus, and copying
// where one is.
#pragma once

#include "views/shell/windowstate.h"

class QMenu;
class QToolButton;

namespace hopscope {

class Actions;
class GotoBox;

class Navigation : public QObject, public Follower {
    Q_OBJECT

public:
    Navigation(WindowState* state, Actions* actions, GotoBox* box);

    void follow(const Shown& shown, Changes changed) override;
    GotoBox& box() const { return *box_; }
    // A menu of the places before (or after) this one, for the button's action.
    void addHistoryMenu(QToolButton* button, bool back);
    // The signals of a panel that names places.
    template <class From> void connectPlaces(From* from);

private:
    void connectActions();
    void copy(const std::string& text);

    WindowState* state_;
    Actions* actions_;
    GotoBox* box_;
};

template <class From> void Navigation::connectPlaces(From* from) {
    Navigator* navigator = &state_->navigator();
    if constexpr (requires { &From::rowChosen; })
        connect(from, &From::rowChosen, this, [navigator](int row) { navigator->select_invocation(row); });
    if constexpr (requires { &From::regionChosen; })
        connect(from, &From::regionChosen, this,
            [navigator](RegionRef region) { navigator->select_region(region); });
    if constexpr (requires { &From::compilationChosen; })
        connect(from, &From::compilationChosen, this,
            [navigator](CompilationId id) { navigator->select_compilation(id); });
    if constexpr (requires { &From::placeChosen; })
        connect(from, &From::placeChosen, this, [navigator](const Place& place) { navigator->go_to(place); });
    if constexpr (requires { &From::bodyChosen; })
        connect(from, &From::bodyChosen, this, [navigator](const Place& body) { navigator->go_to(body); });
}

} // namespace hopscope
