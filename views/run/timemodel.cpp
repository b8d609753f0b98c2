// Times of nodes and operators.
#include "core/base/text.h"
#include "views/base/text.h"
#include "views/base/theme.h"
#include "views/run/runmodels.h"

#include <algorithm>

namespace hopscope {

namespace {
QVariant alignedTo(bool right) {
    return QVariant((right ? Qt::AlignRight : Qt::AlignLeft) | Qt::AlignVCenter);
}
} // namespace

TimeModel::TimeModel(RunController* controller, QObject* parent)
    : QAbstractTableModel(parent)
    , controller_(controller) {
    connect(controller, &RunController::timingReady, this, &TimeModel::reload);
}

void TimeModel::setDocument(std::shared_ptr<const Document> document) {
    document_ = std::move(document);
    reload();
}

void TimeModel::setByOperator(bool on) {
    if (byOperator_ == on)
        return;
    byOperator_ = on;
    reload();
}

void TimeModel::reload() {
    beginResetModel();
    rows_.clear();
    sum_ = 0;
    const run::Timing& timing = controller_->timing();
    sum_ = timing.operator_us();
    if (byOperator_) {
        for (const run::OperatorTime& o : timing.operators)
            rows_.push_back({qs(o.target), {}, o.calls, {}, o.total_us, false, {}});
    } else {
        for (const run::NodeTime& n : timing.nodes)
            rows_.push_back({qs(n.name), n.path.empty() ? tr("root") : qs(n.path), n.calls, n.call_us,
                n.total_us, n.calls_body, {controller_->graph(), n.body, n.node}});
    }
    std::stable_sort(
        rows_.begin(), rows_.end(), [](const Row& a, const Row& b) { return a.total > b.total; });
    endResetModel();
}

Place TimeModel::placeOf(int row) const {
    return row >= 0 && size_t(row) < rows_.size() ? rows_[size_t(row)].place : Place();
}

int TimeModel::rowCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : int(rows_.size());
}

QVariant TimeModel::data(const QModelIndex& index, int role) const {
    if (!index.isValid() || size_t(index.row()) >= rows_.size())
        return {};
    const Row& row = rows_[size_t(index.row())];
    switch (role) {
    case Qt::DisplayRole:
    case Qt::AccessibleTextRole:
        switch (index.column()) {
        case Name:
            return row.name;
        case Where:
            return row.where;
        case Calls:
            return grouped(row.calls);
        case Median:
            return row.median ? qs(format_milliseconds(*row.median / 1000)) : QStringLiteral("–");
        case Total:
            return qs(format_milliseconds(row.total / 1000));
        default:
            return sum_ > 0 ? tr("%1 %").arg(row.total / sum_ * 100, 0, 'f', 1) : QString();
        }
    case Qt::FontRole:
        return index.column() <= Where ? QVariant(monoFont()) : QVariant();
    case Qt::ForegroundRole:
        return index.column() == Where || row.sum ? QVariant(color(Role::Quiet)) : QVariant();
    case Qt::ToolTipRole:
        return row.sum ? tr("With all that it calls") : QVariant();
    case Qt::TextAlignmentRole:
        return alignedTo(index.column() >= Calls);
    default:
        return {};
    }
}

QVariant TimeModel::headerData(int section, Qt::Orientation orientation, int role) const {
    if (orientation != Qt::Horizontal || section < 0 || section >= ColumnCount)
        return {};
    if (role == Qt::TextAlignmentRole)
        return alignedTo(section >= Calls);
    if (role == Qt::ToolTipRole && section == Median)
        return tr("of one call");
    const QString titles[] = {byOperator_ ? tr("operator") : tr("node"), tr("in"), tr("calls"), tr("median"),
        tr("total"), tr("share")};
    return role == Qt::DisplayRole ? QVariant(titles[section]) : QVariant();
}

void TimeModel::sort(int column, Qt::SortOrder order) {
    Q_EMIT layoutAboutToBeChanged();
    const auto less = [column](const Row& a, const Row& b) {
        switch (column) {
        case Name:
            return a.name < b.name;
        case Where:
            return a.where < b.where;
        case Calls:
            return a.calls < b.calls;
        case Median:
            return a.median < b.median;
        default:
            return a.total < b.total;
        }
    };
    std::stable_sort(rows_.begin(), rows_.end(),
        [&](const Row& a, const Row& b) { return order == Qt::AscendingOrder ? less(a, b) : less(b, a); });
    Q_EMIT layoutChanged();
}

} // namespace hopscope
