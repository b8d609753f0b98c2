// Between the notes' pane and their store: what is said of the place, and each change with its way back.
#pragma once

#include "views/shell/windowstate.h"

namespace hopscope {

class Actions;
class Docks;
class NotesPane;

class NotesPresenter : public QObject, public Follower {
    Q_OBJECT

public:
    // `dated`: notes say when they were written.
    NotesPresenter(WindowState* state, Actions* actions, Docks* docks, NotesPane* pane, bool dated);

    void follow(const Shown& shown, Changes changed) override;

Q_SIGNALS:
    void left(); // the note is written, or not: the keys go where they were

private:
    void connectActions();
    void showNotes();
    void showSteps(const QString& readOnly);
    void showBookmarks();
    void done(const Status& status, const QString& what);
    void undo(bool redo);

    WindowState* state_;
    Actions* actions_;
    Docks* docks_;
    NotesPane* pane_;
    bool dated_;
};

} // namespace hopscope
