// The session file of what is open: saved under a name, and then kept up to date with where the person is.
#pragma once

#include "views/shell/windowstate.h"

#include <QTimer>

#include <functional>

class QWidget;

namespace hopscope {

class Actions;
class LedgerView;
class Loader;
class PanePresenter;

class SessionKeeper : public QObject, public Follower {
    Q_OBJECT

public:
    // What a session keeps of the window: the panes' views and the ledger's filter.
    struct Parts {
        Loader* loader;
        PanePresenter* panes;
        LedgerView* ledger;
    };
    SessionKeeper(WindowState* state, Actions* actions, Parts parts, QWidget* window);

    void follow(const Shown& shown, Changes changed) override;
    void save(const QString& path);
    void saveDialog();
    // Whether what is open may go. Notes that are in no file would be lost, which is asked about: where the
    // person saves them first, the answer is no, and `later` is called once they are saved.
    bool mayDiscard(std::function<void()> later);
    void saveView(); // where the person is, into the session's file if there is one

Q_SIGNALS:
    void saved();

private:
    void saveSoon();
    void restoreView();
    void took(std::unique_ptr<Session> session, const QString& path);

    WindowState* state_;
    Actions* actions_;
    Parts parts_;
    QWidget* window_;
    QTimer timer_;
    std::function<void()> later_; // once it is saved
};

} // namespace hopscope
