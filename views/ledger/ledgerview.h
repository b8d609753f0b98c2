// The ledger's pane: summary line, filter and table.
#pragma once

#include "views/base/follower.h"
#include "views/base/itemmenu.h"
#include "views/ledger/ledgermodel.h"

#include <QStringList>
#include <QTimer>
#include <QWidget>

class QLabel;
class QLineEdit;
class QTableView;

namespace hopscope {

class LedgerView : public QWidget, public Follower {
    Q_OBJECT

public:
    explicit LedgerView(QWidget* parent = nullptr);

    void follow(const Shown& shown, Changes changed) override;
    void setDocument(std::shared_ptr<const Document> document);
    void setCurrent(std::optional<int> row); // marks it and scrolls to it; emits nothing

    LedgerModel& model() { return *model_; }
    LedgerProxy& proxy() { return *proxy_; }
    QTableView& table() { return *table_; }
    QLineEdit& filterEdit() { return *filter_; }

    void setItemMenu(ItemMenu menu) { itemMenu_ = std::move(menu); }
    // Filters that were used before, the latest first; nine at most.
    const QStringList& usedFilters() const { return used_; }
    void setUsedFilters(const QStringList& filters) { used_ = filters; }
    QString filterText() const;
    void setFilterText(const QString& text); // applied at once
    QString summary() const;
    QString conclusion() const; // of the current call's compilation, plain

Q_SIGNALS:
    void usedFiltersChanged();
    void rowChosen(int row); // by click or keys
    void rowActivated(int row); // double click or Return
    void rowClicked(int row); // by the mouse: why is it so?
    void comparisonAsked(int row, int other); // the bodies of two calls
    void compilationChosen(hopscope::CompilationId compilation); // the line that concludes it

protected:
    bool eventFilter(QObject* watched, QEvent* event) override;
    void resizeEvent(QResizeEvent* event) override;

private:
    void applyFilter();
    void rememberFilter();
    void showUsedFilters();
    void updateCounts();
    void showMenu(const QPoint& at);
    void addTerm(const QString& sign, const QModelIndex& cell);
    void copyRow(const QModelIndex& cell);
    QString textOfRow(const QModelIndex& cell) const;
    void fitColumns();
    void fitSummary();
    void stretchReason();
    int roomBeforeCut() const;
    void conclude();

    LedgerModel* model_;
    LedgerProxy* proxy_;
    QLabel* summary_;
    QLabel* conclusion_;
    QLabel* shown_;
    QLabel* error_;
    QLineEdit* filter_;
    QStringList used_;
    QTableView* table_;
    QTimer debounce_;
    ItemMenu itemMenu_;
    CompilationId concluded_; // whose line stands above the table
    bool fitting_ = false, reasonSet_ = false; // the person gave the reason's column its width
    bool quiet_ = false; // while the selection is set from outside
};

} // namespace hopscope
