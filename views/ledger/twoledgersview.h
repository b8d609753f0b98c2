// The dock of two dumps' ledgers.
#pragma once

#include "views/base/follower.h"
#include "views/ledger/twoledgersmodel.h"

#include <QWidget>

class QLabel;
class QTableView;
class QToolButton;

namespace hopscope {

class TwoLedgersView : public QWidget, public Follower {
    Q_OBJECT

public:
    // `another` asks for the other dump.
    explicit TwoLedgersView(QAction* another, QWidget* parent = nullptr);

    void follow(const Shown& shown, Changes changed) override;
    void show(std::shared_ptr<const TwoLedgers> of); // null: none
    TwoLedgersModel& model() { return *model_; }
    QTableView& table() { return *table_; }
    QString summary() const;

Q_SIGNALS:
    void rowChosen(int row); // the call here
    void bodiesAsked(const hopscope::Place& here, const hopscope::Place& there); // of the two documents

private:
    void askBodies(int row);
    void enable();

    TwoLedgersModel* model_;
    QLabel* summary_;
    QToolButton* differences_;
    QToolButton* bodies_;
    QToolButton* copy_;
    QTableView* table_;
    QLabel* empty_;
};

} // namespace hopscope
