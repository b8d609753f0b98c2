#include "views/shell/keylist.h"

#include "views/base/theme.h"

#include <QAction>
#include <QHeaderView>
#include <QLineEdit>
#include <QTableWidget>
#include <QVBoxLayout>

namespace hopscope {

namespace {
// Keys of the canvas that are no actions of the window.
struct CanvasKey {
    const char* what;
    const char* key;
};
constexpr CanvasKey kCanvasKeys[] = {
    {"Graph: to the producer, to the user", "Up, Down"},
    {"Graph: to the sibling in the row", "Left, Right"},
    {"Graph: next and previous node", "Tab, Shift+Tab"},
    {"Graph: into the selected call", "Return, double click"},
    {"Graph: zoom at the pointer", "Ctrl+wheel"},
    {"Graph: zoom in, zoom out", "+, -"},
    {"Graph: out of the region's body", "Backspace"},
    {"Close find, clear marks, clear selection", "Esc"},
};
} // namespace

KeyList::KeyList(const QList<QAction*>& actions, QWidget* parent)
    : QDialog(parent)
    , search_(new QLineEdit(this))
    , table_(new QTableWidget(this)) {
    setObjectName(QStringLiteral("keyList"));
    setWindowTitle(tr("Keys"));
    resize(560, 640);
    search_->setObjectName(QStringLiteral("keySearch"));
    search_->setPlaceholderText(tr("Search keys"));
    search_->setAccessibleName(tr("Search keys"));
    search_->setClearButtonEnabled(true);
    table_->setObjectName(QStringLiteral("keyTable"));
    table_->setAccessibleName(tr("Actions and their keys"));
    table_->setColumnCount(2);
    table_->setHorizontalHeaderLabels({tr("Action"), tr("Key")});
    table_->horizontalHeader()->setSectionResizeMode(0, QHeaderView::Stretch);
    table_->horizontalHeader()->setSectionResizeMode(1, QHeaderView::ResizeToContents);
    table_->verticalHeader()->hide();
    table_->verticalHeader()->setDefaultSectionSize(metrics::kRow);
    table_->setEditTriggers(QAbstractItemView::NoEditTriggers);
    table_->setSelectionBehavior(QAbstractItemView::SelectRows);
    table_->setShowGrid(false);
    table_->setFrameShape(QFrame::NoFrame);
    const auto add = [this](const QString& what, const QString& key) {
        const int row = table_->rowCount();
        table_->insertRow(row);
        table_->setItem(row, 0, new QTableWidgetItem(what));
        auto* keyItem = new QTableWidgetItem(key);
        keyItem->setFont(monoFont());
        table_->setItem(row, 1, keyItem);
    };
    for (const QAction* action : actions) {
        QStringList keys;
        for (const QKeySequence& key : action->shortcuts())
            keys << key.toString(QKeySequence::NativeText);
        if (const QString others = action->property("otherKeys").toString(); !others.isEmpty())
            keys << others;
        add(action->property("tip").toString(), keys.join(QStringLiteral(", ")));
    }
    for (const CanvasKey& key : kCanvasKeys)
        add(tr(key.what), tr(key.key));
    auto* column = new QVBoxLayout(this);
    column->addWidget(search_);
    column->addWidget(table_);
    connect(search_, &QLineEdit::textChanged, this, &KeyList::filter);
    search_->setFocus();
}

void KeyList::filter(const QString& text) {
    for (int row = 0; row < table_->rowCount(); ++row) {
        const bool hit = table_->item(row, 0)->text().contains(text, Qt::CaseInsensitive)
            || table_->item(row, 1)->text().contains(text, Qt::CaseInsensitive);
        table_->setRowHidden(row, !hit);
    }
}

} // namespace hopscope
