#include "views/diff/diffmodel.h"

#include "core/base/text.h"
#include "core/diff/diff.h"
#include "views/base/text.h"
#include "views/base/theme.h"

#include <algorithm>

namespace hopscope {

namespace {
struct Look {
    const char* sign;
    const char* words;
    std::optional<Role> role;
};
constexpr Look kLooks[] = {
    {" ", "equal", {}},
    {"≠", "changed", Role::TracedAgain},
    {"⇄", "several in place of others", Role::TracedAgain},
    {"−", "only in the left body", Role::Failed},
    {"+", "only in the right body", Role::Reused},
};
} // namespace

DiffModel::DiffModel(QObject* parent)
    : QAbstractTableModel(parent) { }

void DiffModel::setComparison(
    std::shared_ptr<const Document> document, std::shared_ptr<const Comparison> comparison) {
    beginResetModel();
    document_ = std::move(document);
    comparison_ = std::move(comparison);
    fill();
    endResetModel();
}

void DiffModel::setFolded(bool folded) {
    if (folded == folded_)
        return;
    beginResetModel();
    folded_ = folded;
    fill();
    endResetModel();
}

void DiffModel::fill() {
    lines_.clear();
    if (!comparison_)
        return;
    for (const DiffPart& part : diff_parts(comparison_->rows)) {
        if (part.folded && folded_) {
            lines_.push_back({part.first, part.count});
            continue;
        }
        for (size_t i = 0; i < part.count; ++i)
            lines_.push_back({part.first + i, 1});
    }
}

void DiffModel::unfold(int line) {
    if (line < 0 || size_t(line) >= lines_.size() || lines_[size_t(line)].count == 1)
        return;
    const Line run = lines_[size_t(line)];
    beginResetModel();
    std::vector<Line> opened;
    for (size_t i = 0; i < run.count; ++i)
        opened.push_back({run.row + i, 1});
    lines_.erase(lines_.begin() + line);
    lines_.insert(lines_.begin() + line, opened.begin(), opened.end());
    endResetModel();
}

int DiffModel::rowCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : int(lines_.size());
}
int DiffModel::columnCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : ColumnCount;
}

std::optional<size_t> DiffModel::rowAt(int line) const {
    if (line < 0 || size_t(line) >= lines_.size() || lines_[size_t(line)].count > 1)
        return {};
    return lines_[size_t(line)].row;
}

int DiffModel::lineOf(size_t row) const {
    const auto after = std::upper_bound(
        lines_.begin(), lines_.end(), row, [](size_t r, const Line& line) { return r < line.row; });
    return int(after - lines_.begin()) - 1;
}

QString DiffModel::statement(const Place& body, NodeId node) const {
    return node ? qs(statement_text(document_->module(body.graph), body.body, node)) : QString();
}

QVariant DiffModel::data(const QModelIndex& index, int role) const {
    if (!index.isValid() || size_t(index.row()) >= lines_.size())
        return {};
    const Line& line = lines_[size_t(index.row())];
    if (line.count > 1) {
        if (role == Qt::DisplayRole || role == Qt::AccessibleTextRole)
            return index.column() == Left
                ? QVariant(tr("⋯ %1").arg(qs(counted(line.count, "equal statement"))))
                : QVariant();
        if (role == Qt::ToolTipRole)
            return tr("Double click or press Return to show them");
        if (role == Qt::ForegroundRole)
            return color(Role::Quiet);
        return role == Qt::FontRole ? QVariant(uiFont(Size::Small)) : QVariant();
    }
    const DiffRow& row = comparison_->rows.rows[line.row];
    const Look& look = kLooks[size_t(row.kind)];
    switch (role) {
    case Qt::DisplayRole:
        return index.column() == Sign ? QString::fromUtf8(look.sign)
            : index.column() == Left  ? statement(comparison_->a, row.a)
                                      : statement(comparison_->b, row.b);
    case Qt::AccessibleTextRole:
        return index.column() == Sign ? tr(look.words) : data(index, Qt::DisplayRole);
    case Qt::ToolTipRole:
        return index.column() == Sign ? tr(look.words) : data(index, Qt::DisplayRole);
    case Qt::TextAlignmentRole:
        return index.column() == Sign ? QVariant(Qt::AlignCenter)
                                      : QVariant(Qt::AlignLeft | Qt::AlignVCenter);
    case Qt::FontRole:
        return monoFont(Size::Small);
    case Qt::ForegroundRole:
        return look.role ? QVariant(color(*look.role)) : QVariant(color(Role::Quiet));
    case KindRole:
        return int(row.kind);
    case DifferenceRole:
        return row.difference ? QVariant(qulonglong(*row.difference)) : QVariant();
    default:
        return {};
    }
}

QVariant DiffModel::headerData(int section, Qt::Orientation orientation, int role) const {
    if (orientation != Qt::Horizontal || role != Qt::DisplayRole || !comparison_ || section == Sign)
        return {};
    const Place& body = section == Left ? comparison_->a : comparison_->b;
    return qs(document_->address(body));
}

} // namespace hopscope
