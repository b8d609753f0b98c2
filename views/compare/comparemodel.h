// The values of a comparison, the worst first: a row for each, sortable and filtered by words.
#pragma once

#include "core/run/compare.h"

#include <QAbstractTableModel>
#include <QSortFilterProxyModel>

#include <memory>
#include <optional>
#include <vector>

namespace hopscope {

class CompareModel : public QAbstractTableModel {
    Q_OBJECT

public:
    enum Column { Ok, Floors, Path, DType, Absolute, Relative, Ulp, Where, Found, Expected, ColumnCount };
    static constexpr int SortRole = Qt::UserRole,
                         ValueRole = Qt::UserRole + 1; // ValueRole: index into values

    explicit CompareModel(QObject* parent = nullptr);
    void setComparison(std::shared_ptr<const run::RunComparison> comparison);
    const run::ComparedValue* valueAt(int row) const;
    std::optional<int> rowOf(size_t value) const; // of an index into Comparison::values

    int rowCount(const QModelIndex& parent = {}) const override;
    int columnCount(const QModelIndex& parent = {}) const override {
        return parent.isValid() ? 0 : ColumnCount;
    }
    QVariant data(const QModelIndex& index, int role = Qt::DisplayRole) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role = Qt::DisplayRole) const override;

private:
    std::shared_ptr<const run::RunComparison> comparison_;
    std::vector<size_t> order_; // by error
};

// Keeps the rows that hold all words; "suspicious" keeps those that do not agree, "dtype:float32" those of a
// dtype.
class CompareFilter : public QSortFilterProxyModel {
    Q_OBJECT

public:
    explicit CompareFilter(QObject* parent = nullptr);
    void setWords(const QString& text);

protected:
    bool filterAcceptsRow(int row, const QModelIndex& parent) const override;
    bool lessThan(const QModelIndex& left, const QModelIndex& right) const override;

private:
    QStringList words_;
};

} // namespace hopscope
