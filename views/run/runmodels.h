// The lists of the steps dock: breakpoints, watched nodes, the calls around the position, and times.
#pragma once

#include "core/browse/document.h"
#include "views/base/runcontroller.h"

#include <QAbstractTableModel>

#include <memory>
#include <optional>
#include <vector>

namespace hopscope {

// "mm_3 in block", "aten.mm", "[16, 96]", "NaN or Inf appears".
QString breakpointText(const GraphModule* module, const run::Breakpoint& breakpoint);

class BreakpointModel : public QAbstractTableModel {
    Q_OBJECT

public:
    enum Column { What, Kind, Hits, ColumnCount };
    explicit BreakpointModel(RunController* controller, QObject* parent = nullptr);
    void setDocument(std::shared_ptr<const Document> document);
    Place placeOf(int row) const; // of a node's breakpoint

    int rowCount(const QModelIndex& parent = {}) const override;
    int columnCount(const QModelIndex& parent = {}) const override {
        return parent.isValid() ? 0 : ColumnCount;
    }
    QVariant data(const QModelIndex& index, int role = Qt::DisplayRole) const override;
    bool setData(const QModelIndex& index, const QVariant& value, int role) override;
    Qt::ItemFlags flags(const QModelIndex& index) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role = Qt::DisplayRole) const override;

private:
    void reload();

    RunController* controller_;
    std::shared_ptr<const Document> document_;
    std::vector<run::Breakpoint> list_;
};

class WatchModel : public QAbstractTableModel {
    Q_OBJECT

public:
    enum Column { Name, Value, Type, ColumnCount };
    explicit WatchModel(RunController* controller, QObject* parent = nullptr);
    void setDocument(std::shared_ptr<const Document> document);
    void toggle(const Place& node); // adds it, or takes it off the list
    void remove(int row);
    const std::vector<Place>& places() const { return places_; }

    int rowCount(const QModelIndex& parent = {}) const override;
    int columnCount(const QModelIndex& parent = {}) const override {
        return parent.isValid() ? 0 : ColumnCount;
    }
    QVariant data(const QModelIndex& index, int role = Qt::DisplayRole) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role = Qt::DisplayRole) const override;

private:
    void follow(); // asks for the values at the position
    std::optional<ValueQuery> queryOf(int row, QString* why) const;

    RunController* controller_;
    std::shared_ptr<const Document> document_;
    std::vector<Place> places_;
};

// The innermost call first, as debuggers have it; the last row is the body that was loaded.
class StackModel : public QAbstractTableModel {
    Q_OBJECT

public:
    enum Column { Call, In, At, ColumnCount };
    explicit StackModel(RunController* controller, QObject* parent = nullptr);
    void setDocument(std::shared_ptr<const Document> document);
    Place placeOf(int row) const;

    int rowCount(const QModelIndex& parent = {}) const override;
    int columnCount(const QModelIndex& parent = {}) const override {
        return parent.isValid() ? 0 : ColumnCount;
    }
    QVariant data(const QModelIndex& index, int role = Qt::DisplayRole) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role = Qt::DisplayRole) const override;

private:
    void reload();

    RunController* controller_;
    std::shared_ptr<const Document> document_;
    std::vector<size_t> frames_; // steps: the next one, then the calls around it, innermost first
};

// Times by node or by operator, the longest first.
class TimeModel : public QAbstractTableModel {
    Q_OBJECT

public:
    enum Column { Name, Where, Calls, Median, Total, Share, ColumnCount };
    explicit TimeModel(RunController* controller, QObject* parent = nullptr);
    void setDocument(std::shared_ptr<const Document> document);
    void setByOperator(bool on);
    Place placeOf(int row) const;

    int rowCount(const QModelIndex& parent = {}) const override;
    int columnCount(const QModelIndex& parent = {}) const override {
        return parent.isValid() ? 0 : ColumnCount;
    }
    QVariant data(const QModelIndex& index, int role = Qt::DisplayRole) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role = Qt::DisplayRole) const override;
    void sort(int column, Qt::SortOrder order) override;

private:
    struct Row {
        QString name, where;
        uint64_t calls = 0;
        std::optional<double> median; // µs of one call
        double total = 0; // µs
        bool sum = false; // of a call: its time is that of what it calls
        Place place;
    };
    void reload();

    RunController* controller_;
    std::shared_ptr<const Document> document_;
    std::vector<Row> rows_;
    bool byOperator_ = false;
    double sum_ = 0;
};

} // namespace hopscope
