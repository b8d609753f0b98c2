// How cells of the ledger are drawn.
#pragma once

class QAbstractItemDelegate;
class QObject;

namespace hopscope {

// Draws the decision's shape before its word, and the mark of the current invocation before its number.
QAbstractItemDelegate* makeLedgerDelegate(QObject* parent);

} // namespace hopscope
