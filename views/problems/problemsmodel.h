// What was wrong in the input, and what the compile itself reported as failed.
#pragma once

#include "core/browse/document.h"

#include <QAbstractTableModel>

#include <memory>
#include <optional>

namespace hopscope {

class ProblemsModel : public QAbstractTableModel {
    Q_OBJECT

public:
    enum Column { SeverityColumn, Message, File, Line, Offset, ColumnCount };
    enum DataRole {
        TextRole = Qt::UserRole, // the whole of it, for copying
        FileRole, // index of the dump's file; none where the problem is of none
        LineRole,
    };

    explicit ProblemsModel(QObject* parent = nullptr);

    void setDocument(std::shared_ptr<const Document> document);
    const std::shared_ptr<const Document>& document() const { return document_; }
    int rowCount(const QModelIndex& parent = {}) const override;
    int columnCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role) const override;

    std::optional<int> rowOfFailure(int failure) const; // into Dump::failures
    int failures() const { return failures_; } // they stand first

private:
    void addProblems(const std::vector<Problem>& problems, size_t from, size_t at);

    struct Entry {
        Severity severity = Severity::Warning;
        QString message, file, text;
        FileId fileId;
        uint64_t line = 0, offset = 0;
        std::optional<int> failure; // into Dump::failures
    };

    std::shared_ptr<const Document> document_;
    std::vector<Entry> entries_;
    int failures_ = 0;
    size_t ofDump_ = 0; // problems of reading, behind the failures
};

} // namespace hopscope
