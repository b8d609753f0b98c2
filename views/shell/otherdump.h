// A second dump beside the one that is open: its ledger against this one's, and bodies of both in one diff.
#pragma once

#include "core/browse/two_ledgers.h"
#include "views/shell/windowstate.h"

#include <QStringList>

class QWidget;

namespace hopscope {

class Actions;
class DiffPresenter;
class Docks;
class TwoLedgersView;

class OtherDump : public QObject, public Follower {
    Q_OBJECT

public:
    OtherDump(WindowState* state, Actions* actions, Docks* docks, DiffPresenter* diff, QWidget* window);

    void follow(const Shown& shown, Changes changed) override;
    void open(const QStringList& paths); // reads it and shows both ledgers

private:
    void choose();
    void compareBodies(const Place& here, const Place& there);

    WindowState* state_;
    Actions* actions_;
    Docks* docks_;
    DiffPresenter* diff_;
    QWidget* window_;
    TwoLedgersView* view_;
    int generation_ = 0;
};

} // namespace hopscope
