// The ledgers of two dumps as one table: each call of both on a line.
#pragma once

#include "core/browse/two_ledgers.h"

#include <QAbstractTableModel>

#include <memory>
#include <optional>
#include <vector>

namespace hopscope {

class TwoLedgersModel : public QAbstractTableModel {
    Q_OBJECT

public:
    enum Column { Sign, Compile, Function, Here, DecisionHere, There, DecisionThere, What, ColumnCount };

    explicit TwoLedgersModel(QObject* parent = nullptr);

    void setLedgers(std::shared_ptr<const TwoLedgers> of);
    const TwoLedgers* ledgers() const { return of_.get(); }
    void setOnlyDifferences(bool on);
    // Of TwoLedgers::lines; null past the end.
    const LedgerLine* line(int row) const;
    // Whether the lines come from more than one compilation, so that each says which.
    bool severalCompilations() const { return of_ && of_->pairs.size() > 1; }

    int rowCount(const QModelIndex& parent = {}) const override;
    int columnCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role) const override;

private:
    void fill();
    QString text(const LedgerLine& line, int column) const;

    std::shared_ptr<const TwoLedgers> of_;
    std::vector<size_t> shown_; // indices of lines
    bool only_differences_ = false;
};

} // namespace hopscope
