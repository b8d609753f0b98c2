#include "views/problems/problemsmodel.h"

#include "views/base/text.h"
#include "views/base/theme.h"

#include <QFileInfo>

namespace hopscope {

ProblemsModel::ProblemsModel(QObject* parent)
    : QAbstractTableModel(parent) { }

void ProblemsModel::setDocument(std::shared_ptr<const Document> document) {
    if (extends(document_, document)) {
        // What is shown stays; payloads that were checked meanwhile may add to it.
        document_ = std::move(document);
        const std::vector<Problem>& problems = document_->dump().problems;
        if (problems.size() > ofDump_) {
            const int at = failures_ + int(ofDump_);
            beginInsertRows({}, at, at + int(problems.size() - ofDump_) - 1);
            addProblems(problems, ofDump_, size_t(at));
            ofDump_ = problems.size();
            endInsertRows();
        }
        return;
    }
    beginResetModel();
    document_ = std::move(document);
    entries_.clear();
    failures_ = 0;
    ofDump_ = 0;
    if (document_) {
        const Dump& dump = document_->dump();
        for (size_t i = 0; i < dump.failures.size(); ++i) {
            const Failure& f = dump.failures[i];
            Entry entry;
            entry.severity = Severity::Error;
            entry.message = (f.compilation ? qs(document_->compile_label(f.compilation)) + QStringLiteral(" ")
                                           : QString())
                + qs(f.kind) + QStringLiteral(": ") + qs(f.message);
            entry.file = f.file ? qs(dump.files[f.file.index].path) : QString();
            entry.fileId = f.file;
            entry.line = f.line;
            entry.text = qs(f.text);
            entry.failure = int(i);
            entries_.push_back(std::move(entry));
            ++failures_;
        }
        addProblems(dump.problems, 0, entries_.size());
        ofDump_ = dump.problems.size();
        addProblems(document_->ledger().problems, 0, entries_.size());
    }
    endResetModel();
}

// Those from `from` on become the rows from `at` on.
void ProblemsModel::addProblems(const std::vector<Problem>& problems, size_t from, size_t at) {
    std::vector<Entry> added;
    for (size_t i = from; i < problems.size(); ++i) {
        const Problem& p = problems[i];
        const QString file = p.file ? qs(document_->dump().files[p.file.index].path) : QString();
        added.push_back({p.severity, qs(p.message), file, qs(p.message), p.file, p.line, p.offset, {}});
    }
    entries_.insert(entries_.begin() + ptrdiff_t(at), added.begin(), added.end());
}

int ProblemsModel::rowCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : int(entries_.size());
}
int ProblemsModel::columnCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : ColumnCount;
}

std::optional<int> ProblemsModel::rowOfFailure(int failure) const {
    for (size_t i = 0; i < entries_.size(); ++i) {
        if (entries_[i].failure == failure)
            return int(i);
    }
    return {};
}

QVariant ProblemsModel::data(const QModelIndex& index, int role) const {
    if (!index.isValid() || size_t(index.row()) >= entries_.size())
        return {};
    const Entry& entry = entries_[size_t(index.row())];
    const bool number = index.column() == Line || index.column() == Offset;
    switch (role) {
    case Qt::DisplayRole:
        switch (index.column()) {
        case SeverityColumn:
            return entry.failure ? tr("failure") : qs(severity_name(entry.severity));
        case Message:
            return entry.message;
        case File:
            return QFileInfo(entry.file).fileName();
        case Line:
            return entry.line ? grouped(entry.line) : QString();
        case Offset:
            return entry.failure || (entry.line != 1 && !entry.offset) ? QString()
                                                                       : tr("byte %1").arg(entry.offset);
        default:
            return {};
        }
    case Qt::DecorationRole:
        if (index.column() != SeverityColumn)
            return {};
        return entry.severity == Severity::Error  ? icon(QStringLiteral("error"), Role::Failed)
            : entry.severity == Severity::Warning ? icon(QStringLiteral("warning"), Role::Warning)
                                                  : icon(QStringLiteral("info"));
    case Qt::ToolTipRole:
        return index.column() == File ? entry.file : entry.text.left(4000);
    case Qt::TextAlignmentRole:
        return number ? QVariant(Qt::AlignRight | Qt::AlignVCenter)
                      : QVariant(Qt::AlignLeft | Qt::AlignVCenter);
    case TextRole: {
        QString place = entry.file;
        if (entry.line)
            place += QLatin1Char(':') + QString::number(entry.line);
        return (place.isEmpty() ? QString() : place + QStringLiteral(": "))
            + (entry.text.isEmpty() ? entry.message : entry.text);
    }
    case FileRole:
        return entry.fileId ? QVariant(uint(entry.fileId.index)) : QVariant();
    case LineRole:
        return qulonglong(entry.line);
    case Qt::AccessibleTextRole:
        return data(index, Qt::DisplayRole);
    default:
        return {};
    }
}

QVariant ProblemsModel::headerData(int section, Qt::Orientation orientation, int role) const {
    if (orientation != Qt::Horizontal || section < 0 || section >= ColumnCount)
        return {};
    if (role == Qt::TextAlignmentRole)
        return section >= Line ? QVariant(Qt::AlignRight | Qt::AlignVCenter)
                               : QVariant(Qt::AlignLeft | Qt::AlignVCenter);
    if (role != Qt::DisplayRole)
        return {};
    const QString titles[] = {tr("severity"), tr("message"), tr("file"), tr("line"), tr("offset")};
    return titles[section];
}

} // namespace hopscope
