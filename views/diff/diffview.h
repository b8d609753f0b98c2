// The dock of a comparison: statements side by side, and what differs in the chosen pair.
#pragma once

#include "views/base/follower.h"
#include "views/diff/diffmodel.h"

#include <QWidget>

#include <memory>

class QAction;
class QLabel;
class QTableView;
class QTableWidget;
class QToolButton;

namespace hopscope {

class DiffView : public QWidget, public Follower {
    Q_OBJECT

public:
    // Steps from difference to difference, and whether the two canvases move together.
    DiffView(QAction* previous, QAction* next, QAction* link, QWidget* parent = nullptr);

    void follow(const Shown& shown, Changes changed) override;
    DiffModel& model() { return *model_; }
    QTableView& table() { return *table_; }
    QTableWidget& fields() { return *fields_; }
    QString summary() const;

Q_SIGNALS:
    void rowChosen(size_t row); // of the comparison
    void optionsChosen(const hopscope::MatchOptions& options); // what is to count from now on

private:
    void show(const std::shared_ptr<const Document>& document, const std::shared_ptr<const Comparison>& of);
    void setCurrent(std::optional<size_t> row);
    void showFields(std::optional<size_t> row);
    void fillIgnored();
    void showIgnored();

    std::shared_ptr<const Document> document_;
    std::shared_ptr<const Comparison> comparison_;
    DiffModel* model_;
    QLabel* summary_;
    QToolButton* fold_;
    QToolButton* ignore_; // what is looked past, as a menu of switches
    MatchOptions options_;
    QToolButton* copy_;
    QTableView* table_;
    QTableWidget* fields_;
    QLabel* empty_;
    bool quiet_ = false;
};

} // namespace hopscope
