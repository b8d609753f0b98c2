// The ledger as a table: one row per invocation of the dump.
#pragma once

#include "core/browse/document.h"
#include "core/browse/filter.h"

#include <QAbstractTableModel>
#include <QSortFilterProxyModel>

#include <memory>
#include <optional>

namespace hopscope {

class LedgerModel : public QAbstractTableModel {
    Q_OBJECT

public:
    enum Column {
        Index,
        Compile,
        CallId,
        RegionName,
        Function,
        Variant, // of the backward body
        DecisionColumn,
        Reason,
        Trace,
        Lookup,
        StampOut,
        Saved,
        Executions,
        SourceColumn,
        ColumnCount
    };
    enum DataRole {
        SortRole = Qt::UserRole, // numbers as numbers; missing ones last
        DecisionRole, // int(Decision)
        InlinedRole,
        CurrentRole, // whether this is the current invocation
    };

    explicit LedgerModel(QObject* parent = nullptr);

    void setDocument(std::shared_ptr<const Document> document);
    const Document* document() const { return document_.get(); }
    void setCurrent(std::optional<int> row);
    std::optional<int> current() const { return current_; }

    int rowCount(const QModelIndex& parent = {}) const override;
    int columnCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role) const override;

    // Whether any row has more than nothing ("", "–") in this column.
    bool says(Column column) const;
    // The texts that the filter looks at.
    FilterRow filterRow(int row) const;
    static QString fieldOf(int column); // "" where the filter has no field for it

private:
    QString text(int row, int column) const;
    const CompilationLedger& ledgerOf(int row) const;
    QVariant sortKey(int row, int column) const;

    std::shared_ptr<const Document> document_;
    std::optional<int> current_;
};

// Sorts by SortRole and filters by an expression.
class LedgerProxy : public QSortFilterProxyModel {
    Q_OBJECT

public:
    explicit LedgerProxy(QObject* parent = nullptr);

    void setLedger(LedgerModel* model);
    // A bad expression changes nothing and is returned as an error.
    Status setFilter(const QString& text);

protected:
    bool filterAcceptsRow(int row, const QModelIndex& parent) const override;
    bool lessThan(const QModelIndex& left, const QModelIndex& right) const override;

private:
    LedgerModel* ledger_ = nullptr;
    Filter filter_;
};

} // namespace hopscope
