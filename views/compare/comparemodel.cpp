#include "views/compare/comparemodel.h"

#include "views/base/text.h"
#include "views/base/theme.h"
#include "views/base/valuetext.h"

#include <algorithm>
#include <cmath>

namespace hopscope {

namespace {
QString errorText(double error) {
    return error == 0 ? QStringLiteral("0") : numberText(error, 3);
}

QString mark(const run::ComparedValue& value) {
    switch (value.verdict) {
    case wire::Verdict::NotCompared:
        return QStringLiteral("–");
    case wire::Verdict::Same:
        return QStringLiteral("✓");
    case wire::Verdict::WithinRounding:
        return QStringLiteral("≈");
    default:
        return QStringLiteral("✗");
    }
}

// As many as tell what was found from what was expected.
int digits(const run::ComparedValue& value) {
    return run::digits_apart({value.found, value.expected}, 6);
}

bool isNumber(int column) {
    return column == CompareModel::Floors || column >= CompareModel::Found
        || (column >= CompareModel::Absolute && column <= CompareModel::Ulp);
}

// What the verdict rests on.
QString tip(const run::ComparedValue& value, bool strict) {
    QStringList lines;
    if (strict)
        lines << CompareModel::tr("tolerance %1 · (1 + |expected|)").arg(numberText(value.tolerance));
    else if (value.floor > 0)
        lines << CompareModel::tr("In double precision %1; the run is %2 away, what is expected %3")
                     .arg(numberText(value.exact, 6), numberText(value.own_error, 3),
                         numberText(value.expected_error, 3))
              << CompareModel::tr("Rounding explains %1 there; at most %2 × that anywhere")
                     .arg(numberText(value.floor, 3), numberText(value.times, 3));
    for (const std::string* text : {&value.why, &value.strides})
        if (!text->empty())
            lines << qs(*text);
    return lines.join(QLatin1Char('\n'));
}
} // namespace

CompareModel::CompareModel(QObject* parent)
    : QAbstractTableModel(parent) { }

void CompareModel::setComparison(std::shared_ptr<const run::RunComparison> comparison) {
    beginResetModel();
    comparison_ = std::move(comparison);
    order_ = comparison_ ? run::by_error(*comparison_) : std::vector<size_t>{};
    endResetModel();
}

const run::ComparedValue* CompareModel::valueAt(int row) const {
    return row >= 0 && size_t(row) < order_.size() ? &comparison_->values[order_[size_t(row)]] : nullptr;
}

std::optional<int> CompareModel::rowOf(size_t value) const {
    const auto found = std::find(order_.begin(), order_.end(), value);
    return found == order_.end() ? std::nullopt : std::optional(int(found - order_.begin()));
}

int CompareModel::rowCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : int(order_.size());
}

QVariant CompareModel::data(const QModelIndex& index, int role) const {
    const run::ComparedValue* value = index.isValid() ? valueAt(index.row()) : nullptr;
    if (!value)
        return {};
    const bool apart = !value->reason.empty(); // they cannot be subtracted
    const bool errors = index.column() >= Absolute && index.column() <= Ulp;
    switch (role) {
    case Qt::DisplayRole:
    case Qt::AccessibleTextRole:
        switch (index.column()) {
        case Ok:
            // A word and a shape: not by colour alone.
            return mark(*value) + QLatin1Char(' ') + qs(run::verdict_text(*value, comparison_->strict));
        case Floors:
            return value->times > 0 && !apart ? numberText(value->times, 3) : QString();
        case Path:
            return qs(value->path);
        case DType:
            return qs(value->dtype);
        case Absolute:
            return apart ? QStringLiteral("–") : errorText(value->max_abs);
        case Relative:
            return apart ? QStringLiteral("–") : errorText(value->max_rel);
        case Ulp:
            return apart ? QStringLiteral("–") : errorText(value->max_ulp);
        case Where:
            return apart              ? qs(value->reason)
                : value->max_abs == 0 ? qs(value->why.empty() ? value->strides : value->why)
                                      : QStringLiteral("[%1]").arg(listText(value->worst));
        case Found:
            return apart || value->max_abs == 0 ? QString() : numberText(value->found, digits(*value));
        default:
            return apart || value->max_abs == 0 ? QString() : numberText(value->expected, digits(*value));
        }
    case SortRole:
        switch (index.column()) {
        case Ok:
            return index.row(); // by_error's own order
        case Floors:
            return apart ? INFINITY : value->times;
        case Absolute:
            return apart ? INFINITY : value->max_abs;
        case Relative:
            return apart ? INFINITY : value->max_rel;
        case Ulp:
            return apart ? INFINITY : value->max_ulp;
        case Found:
            return value->found;
        case Expected:
            return value->expected;
        default:
            return data(index, Qt::DisplayRole);
        }
    case ValueRole:
        return qulonglong(order_[size_t(index.row())]);
    case Qt::FontRole:
        return index.column() == Path || index.column() == Where ? QVariant(monoFont()) : QVariant();
    case Qt::ForegroundRole:
        if (index.column() == Ok || (errors && !value->equal))
            return color(!value->equal                             ? Role::Failed
                    : value->verdict == wire::Verdict::NotCompared ? Role::Quiet
                                                                   : Role::Reused);
        return index.column() == DType || index.column() == Where ? QVariant(color(Role::Quiet)) : QVariant();
    case Qt::TextAlignmentRole:
        return QVariant((isNumber(index.column()) ? Qt::AlignRight : Qt::AlignLeft) | Qt::AlignVCenter);
    case Qt::ToolTipRole:
        return apart ? qs(value->reason) : tip(*value, comparison_->strict);
    default:
        return {};
    }
}

QVariant CompareModel::headerData(int section, Qt::Orientation orientation, int role) const {
    if (orientation != Qt::Horizontal || section < 0 || section >= ColumnCount)
        return {};
    if (role == Qt::TextAlignmentRole)
        return QVariant((isNumber(section) ? Qt::AlignRight : Qt::AlignLeft) | Qt::AlignVCenter);
    const bool strict = comparison_ && comparison_->strict;
    const QString titles[] = {tr("verdict"), strict ? tr("× tolerance") : tr("× floor"), tr("value"),
        tr("dtype"), tr("absolute"), tr("relative"), tr("ulp"), tr("worst at"), tr("found"), tr("expected")};
    if (role == Qt::ToolTipRole) {
        const QString tips[] = {strict
                ? tr("By fixed tolerances; what differs first, by how often its tolerance")
                : tr("Against the noise floor, what rounding alone makes of the value. The worst first: what "
                     "is suspicious, then the others, each by how often its floor"),
            strict ? tr("How often its tolerance an element is away at most")
                   : tr("How often its noise floor an element of either side is away from double precision "
                        "at most"),
            {}, {}, tr("The difference there"), tr("The difference over the largest expected value"),
            tr("The difference in units in the last place of the expected element"),
            tr("The element furthest beyond its floor, or with the largest difference"), {}, {}};
        return tips[section];
    }
    return role == Qt::DisplayRole ? QVariant(titles[section]) : QVariant();
}

// --- filter

CompareFilter::CompareFilter(QObject* parent)
    : QSortFilterProxyModel(parent) {
    setSortRole(CompareModel::SortRole);
}

void CompareFilter::setWords(const QString& text) {
    words_ = text.split(QLatin1Char(' '), Qt::SkipEmptyParts);
    invalidateFilter();
}

bool CompareFilter::filterAcceptsRow(int row, const QModelIndex& parent) const {
    const auto text = [&](int column) { return sourceModel()->index(row, column, parent).data().toString(); };
    for (const QString& word : words_) {
        const QString dtype = QStringLiteral("dtype:");
        if (word.startsWith(dtype)) {
            if (!text(CompareModel::DType).contains(word.mid(dtype.size()), Qt::CaseInsensitive))
                return false;
        } else if (!text(CompareModel::Path).contains(word, Qt::CaseInsensitive)
            && !text(CompareModel::Ok).contains(word, Qt::CaseInsensitive)
            && !text(CompareModel::Where).contains(word, Qt::CaseInsensitive)) {
            return false;
        }
    }
    return true;
}

bool CompareFilter::lessThan(const QModelIndex& left, const QModelIndex& right) const {
    const QVariant a = left.data(sortRole()), b = right.data(sortRole());
    if (a.typeId() == QMetaType::QString)
        return a.toString() < b.toString();
    const double x = a.toDouble(), y = b.toDouble();
    // NaN is the worst of errors.
    return std::isnan(y) ? !std::isnan(x) : x < y;
}

} // namespace hopscope
