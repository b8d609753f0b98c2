#include "views/ledger/ledgermodel.h"

#include "core/base/text.h"
#include "core/browse/ledger_rows.h"
#include "views/base/decision.h"
#include "views/base/text.h"
#include "views/base/theme.h"

#include <QFont>

#include <optional>

namespace hopscope {

namespace {
struct ColumnText {
    const char* title;
    const char* tip;
    std::optional<LedgerField> field; // of the filter
    bool number;
};
constexpr ColumnText kColumns[LedgerModel::ColumnCount] = {
    {"#", "The invocations in the order in which Dynamo met them, from 0", LedgerField::Index, true},
    {"compile", "The compile id, with its rank", LedgerField::Compile, false},
    {"call_id", "The number by which PyTorch pairs the forward and the backward call", LedgerField::CallId,
        true},
    {"region", "The identifier that Dynamo gave the region", LedgerField::Region, false},
    {"function", "The marked function", LedgerField::Function, false},
    {"bwd", "Which of the region's backward bodies the call runs: one for each layout of its tangents",
        LedgerField::Variant, false},
    {"decision", "What the caches decided for this call", LedgerField::Decision, false},
    {"reason", "Why an installed body was not reused", LedgerField::Reason, false},
    {"trace", "Time spent tracing the body", {}, true},
    {"lookup", "Time spent looking for an installed body that fits", {}, true},
    {"stamp-out", "Time spent installing the call of the reused body", {}, true},
    {"time saved", "The first trace of the region less this call's lookup and stamp-out", {}, true},
    {"runs", "How often one step executes this call", {}, true},
    {"source", "Where the call was written", LedgerField::Source, false},
};

// A call may have taken longer than the trace that it saved: that is no saving.
QString milliseconds(std::optional<double> ms) {
    return !ms || *ms < 0 ? QStringLiteral("–") : qs(format_milliseconds(*ms));
}
} // namespace

LedgerModel::LedgerModel(QObject* parent)
    : QAbstractTableModel(parent) { }

void LedgerModel::setDocument(std::shared_ptr<const Document> document) {
    if (extends(document_, document)) {
        document_ = std::move(document);
        return; // what is shown stays
    }
    beginResetModel();
    document_ = std::move(document);
    current_.reset();
    endResetModel();
}

void LedgerModel::setCurrent(std::optional<int> row) {
    if (row == current_)
        return;
    const std::optional<int> old = current_;
    current_ = row;
    for (const std::optional<int> changed : {old, row}) {
        if (changed && *changed < rowCount())
            Q_EMIT dataChanged(
                index(*changed, 0), index(*changed, ColumnCount - 1), {Qt::FontRole, CurrentRole});
    }
}

int LedgerModel::rowCount(const QModelIndex& parent) const {
    return parent.isValid() || !document_ ? 0 : int(document_->rows().size());
}

int LedgerModel::columnCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : ColumnCount;
}

QString LedgerModel::text(int row, int column) const {
    const Invocation& invocation = document_->invocation(row);
    switch (column) {
    case Trace:
        return milliseconds(invocation.trace_ms);
    case Lookup:
        return milliseconds(invocation.lookup_ms);
    case StampOut:
        return milliseconds(invocation.stamp_out_ms);
    case Saved:
        return milliseconds(invocation.saved_ms);
    case Executions:
        return QStringLiteral("%1 ×").arg(invocation.executions);
    default:
        return kColumns[column].field
            ? qs(ledger_text(document_->dump(), ledgerOf(row), invocation, *kColumns[column].field))
            : QString();
    }
}

const CompilationLedger& LedgerModel::ledgerOf(int row) const {
    return document_->ledger().of(document_->rows()[size_t(row)].compilation);
}

QVariant LedgerModel::sortKey(int row, int column) const {
    const Invocation& invocation = document_->invocation(row);
    const auto number = [](const auto& value) { return value ? QVariant(double(*value)) : QVariant(); };
    switch (column) {
    case Index:
        return row;
    case CallId:
        return number(invocation.call_id);
    case Variant:
        return number(invocation.variant);
    case DecisionColumn:
        return int(invocation.decision);
    case Trace:
        return number(invocation.trace_ms);
    case Lookup:
        return number(invocation.lookup_ms);
    case StampOut:
        return number(invocation.stamp_out_ms);
    case Saved:
        return number(invocation.saved_ms);
    case Executions:
        return invocation.executions;
    default:
        return text(row, column);
    }
}

QVariant LedgerModel::data(const QModelIndex& index, int role) const {
    if (!index.isValid() || !document_ || index.row() >= rowCount())
        return {};
    const Invocation& invocation = document_->invocation(index.row());
    switch (role) {
    case Qt::DisplayRole:
        return text(index.row(), index.column());
    case Qt::ToolTipRole: {
        if (index.column() == DecisionColumn) {
            QStringList evidence = qsl([&] {
                std::vector<std::string> names;
                for (std::string_view name : evidence_names(invocation.evidence))
                    names.emplace_back(name);
                return names;
            }());
            return tr("%1; evidence: %2")
                .arg(decisionText(invocation),
                    evidence.isEmpty() ? tr("none") : evidence.join(QStringLiteral(", ")));
        }
        if (index.column() == Variant) {
            const Place& body = invocation.body(CallSite::Backward);
            return body.graph ? tr("Its backward body is %1").arg(qs(document_->body_name(body)))
                              : tr("It has no backward body in this dump");
        }
        const QString shown = text(index.row(), index.column());
        return shown.isEmpty() ? QVariant() : QVariant(shown);
    }
    case Qt::TextAlignmentRole:
        return kColumns[index.column()].number ? QVariant(Qt::AlignRight | Qt::AlignVCenter)
                                               : QVariant(Qt::AlignLeft | Qt::AlignVCenter);
    case Qt::FontRole: {
        const bool name =
            index.column() == RegionName || index.column() == Function || index.column() == SourceColumn;
        QFont font = name ? monoFont(Size::Small) : uiFont();
        font.setBold(index.row() == current_);
        return font;
    }
    case Qt::ForegroundRole:
        if (index.column() == DecisionColumn)
            return color(roleOf(invocation.decision, invocation.inlined));
        if (text(index.row(), index.column()) == QStringLiteral("–") || index.column() == Reason
            || index.column() == Executions)
            return color(Role::Quiet);
        return {};
    case Qt::AccessibleTextRole:
        return tr("%1: %2").arg(qs(kColumns[index.column()].title), text(index.row(), index.column()));
    case SortRole:
        return sortKey(index.row(), index.column());
    case DecisionRole:
        return int(invocation.decision);
    case InlinedRole:
        return invocation.inlined;
    case CurrentRole:
        return index.row() == current_;
    default:
        return {};
    }
}

QVariant LedgerModel::headerData(int section, Qt::Orientation orientation, int role) const {
    if (orientation != Qt::Horizontal || section < 0 || section >= ColumnCount)
        return {};
    switch (role) {
    case Qt::DisplayRole:
        return qs(kColumns[section].title);
    case Qt::ToolTipRole:
        return qs(kColumns[section].tip);
    case Qt::TextAlignmentRole:
        return kColumns[section].number ? QVariant(Qt::AlignRight | Qt::AlignVCenter)
                                        : QVariant(Qt::AlignLeft | Qt::AlignVCenter);
    default:
        return {};
    }
}

bool LedgerModel::says(Column column) const {
    const int rows = rowCount();
    for (int row = 0; row < rows; ++row)
        if (const QString told = text(row, column); !told.isEmpty() && told != QStringLiteral("–"))
            return true;
    return false;
}

FilterRow LedgerModel::filterRow(int row) const {
    return filter_row(document_->dump(), ledgerOf(row), document_->invocation(row));
}

QString LedgerModel::fieldOf(int column) {
    if (column < 0 || column >= ColumnCount || !kColumns[column].field)
        return {};
    return qs(field_name(*kColumns[column].field));
}

LedgerProxy::LedgerProxy(QObject* parent)
    : QSortFilterProxyModel(parent) {
    setSortRole(LedgerModel::SortRole);
    setDynamicSortFilter(true);
}

void LedgerProxy::setLedger(LedgerModel* model) {
    ledger_ = model;
    setSourceModel(model);
}

Status LedgerProxy::setFilter(const QString& text) {
    Result<Filter> filter = Filter::parse(ss(text), field_names());
    if (!filter)
        return filter.error();
    filter_ = std::move(*filter);
    invalidateFilter();
    return {};
}

bool LedgerProxy::filterAcceptsRow(int row, const QModelIndex&) const {
    return !ledger_ || filter_.empty() || filter_.matches(ledger_->filterRow(row));
}

bool LedgerProxy::lessThan(const QModelIndex& left, const QModelIndex& right) const {
    const QVariant a = left.data(LedgerModel::SortRole), b = right.data(LedgerModel::SortRole);
    // What is missing stands last, whichever way the column is sorted.
    if (a.isValid() != b.isValid())
        return a.isValid() == (sortOrder() == Qt::AscendingOrder);
    if (a != b)
        return QVariant::compare(a, b) == QPartialOrdering::Less;
    return left.row() < right.row(); // equal ones in the dump's order, so that sorting is reproducible
}

} // namespace hopscope
