// How wide the ledger's columns are.
#include "views/base/theme.h"
#include "views/ledger/ledgerview.h"

#include <QHeaderView>
#include <QTableView>

#include <algorithm>

namespace hopscope {

namespace {
constexpr int kReason = 300; // least width of the reasons
constexpr int kSource = 240, kPlace = 130; // most of the sources; of a place alone
} // namespace

void LedgerView::fitColumns() {
    fitting_ = true;
    table_->resizeColumnsToContents();
    for (int column = 0; column < LedgerModel::ColumnCount; ++column) {
        const int least = 64, most = column == LedgerModel::Reason ? kReason : 240;
        table_->setColumnWidth(column,
            qBound(column == LedgerModel::Index ? 52 : least, table_->columnWidth(column) + metrics::kPad,
                most));
    }
    fitting_ = false;
    stretchReason();
}

// The reason is the longest text and the one that is read: it takes what the others leave, until the person
// says otherwise. Of the source, the place is read and the statement behind it cut.
void LedgerView::stretchReason() {
    const bool reason = !table_->isColumnHidden(LedgerModel::Reason);
    const bool source = !table_->isColumnHidden(LedgerModel::SourceColumn);
    if (fitting_)
        return;
    fitting_ = true;
    table_->horizontalHeader()->setStretchLastSection(!reason || (source && reasonSet_));
    const QAbstractItemView* table = table_;
    int room = table_->viewport()->width();
    for (int column = 0; column < LedgerModel::ColumnCount; ++column)
        if (column != LedgerModel::Reason && column != LedgerModel::SourceColumn
            && !table_->isColumnHidden(column))
            room -= table_->columnWidth(column);
    if (reason && !reasonSet_) {
        const int wanted = table->sizeHintForColumn(LedgerModel::Reason) + metrics::kPad;
        const int place = source
            ? std::min(table->sizeHintForColumn(LedgerModel::SourceColumn) + metrics::kPad, kSource)
            : 0;
        const int behind = room - wanted >= place ? place : std::min(place, kPlace);
        // Where there is no room for all columns they scroll anyway: then the reason is read whole first.
        const int whole = std::min(wanted, table_->viewport()->width() / 2);
        const bool scrolls = room - behind < std::max(kReason, whole);
        table_->setColumnWidth(LedgerModel::Reason, std::max({kReason, whole, room - behind}));
        if (scrolls) {
            // Neither the reason nor a column behind it is cut by the border.
            const QHeaderView* header = table_->horizontalHeader();
            const int seen = table_->viewport()->width() - header->sectionPosition(LedgerModel::Reason);
            const int own = table_->columnWidth(LedgerModel::Reason);
            if (own > seen && seen >= kReason)
                table_->setColumnWidth(LedgerModel::Reason, seen);
            else
                table_->setColumnWidth(LedgerModel::Reason, own + roomBeforeCut());
        }
        if (source)
            table_->setColumnWidth(
                LedgerModel::SourceColumn, std::max(behind, room - table_->columnWidth(LedgerModel::Reason)));
    } else if (!reason && source && room >= kPlace) {
        table_->setColumnWidth(LedgerModel::SourceColumn, room);
    }
    fitting_ = false;
}

// Between the last column that is seen whole and the right border, where the next one would be cut.
int LedgerView::roomBeforeCut() const {
    const QHeaderView* header = table_->horizontalHeader();
    int end = 0;
    for (int i = 0; i < header->count(); ++i) {
        const int column = header->logicalIndex(i);
        if (table_->isColumnHidden(column))
            continue;
        if (end + table_->columnWidth(column) > table_->viewport()->width())
            return table_->viewport()->width() - end;
        end += table_->columnWidth(column);
    }
    return 0;
}

} // namespace hopscope
