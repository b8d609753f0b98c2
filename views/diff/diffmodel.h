// The rows of a comparison as a table of two columns; runs of equal rows are one line until they are opened.
#pragma once

#include "core/browse/comparison.h"

#include <QAbstractTableModel>

#include <memory>
#include <optional>
#include <vector>

namespace hopscope {

class DiffModel : public QAbstractTableModel {
    Q_OBJECT

public:
    enum Column { Sign, Left, Right, ColumnCount };
    enum DataRole {
        KindRole = Qt::UserRole, // int(DiffRow::Kind); none: a folded run
        DifferenceRole, // its number from 0; none: equal
    };

    explicit DiffModel(QObject* parent = nullptr);

    void setComparison(
        std::shared_ptr<const Document> document, std::shared_ptr<const Comparison> comparison);
    void setFolded(bool folded);
    void unfold(int line); // the run behind a folded line

    int rowCount(const QModelIndex& parent = {}) const override;
    int columnCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role) const override;

    // The comparison's row on a line; none: a folded run.
    std::optional<size_t> rowAt(int line) const;
    // The line of a row; of one in a folded run, the run's.
    int lineOf(size_t row) const;

private:
    struct Line {
        size_t row = 0, count = 1; // count > 1: a folded run
    };
    void fill();
    QString statement(const Place& body, NodeId node) const;

    std::shared_ptr<const Document> document_;
    std::shared_ptr<const Comparison> comparison_;
    std::vector<Line> lines_;
    bool folded_ = true;
};

} // namespace hopscope
