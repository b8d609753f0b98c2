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
    {"To the producer, to the user", "Up, Down"},
    {"To the sibling in the row", "Left, Right"},
    {"Next and previous node", "Tab, Shift+Tab"},
    {"Into the selected call", "Return, double click"},
    {"Zoom at the pointer", "Ctrl+wheel"},
    {"Zoom in, zoom out", "+, -"},
    {"Out of the region's body", "Backspace"},
    {"Close find, clear marks, clear selection", "Esc"},
};

// A menu's text without the mark of its key and the dots of its dialog.
QString plainText(QString text) {
    text.remove(QLatin1Char('&'));
    if (text.endsWith(QChar(0x2026)))
        text.chop(1);
    return text;
}
} // namespace

KeyList::KeyList(const QList<QAction*>& actions, QWidget* parent)
    : QDialog(parent)
    , search_(new QLineEdit(this))
    , table_(new QTableWidget(this)) {
    setObjectName(QStringLiteral("keyList"));
    setWindowTitle(tr("Keys"));
    resize(720, 640);
    search_->setObjectName(QStringLiteral("keySearch"));
    search_->setPlaceholderText(tr("Search keys"));
    search_->setAccessibleName(tr("Search keys"));
    search_->setClearButtonEnabled(true);
    table_->setObjectName(QStringLiteral("keyTable"));
    table_->setAccessibleName(tr("Actions and their keys"));
    table_->setColumnCount(3);
    table_->setHorizontalHeaderLabels({tr("Action"), tr("What it does"), tr("Key")});
    table_->horizontalHeader()->setSectionResizeMode(0, QHeaderView::ResizeToContents);
    table_->horizontalHeader()->setSectionResizeMode(1, QHeaderView::Stretch);
    table_->horizontalHeader()->setSectionResizeMode(2, QHeaderView::ResizeToContents);
    table_->verticalHeader()->hide();
    keepRows(table_);
    table_->setEditTriggers(QAbstractItemView::NoEditTriggers);
    table_->setSelectionBehavior(QAbstractItemView::SelectRows);
    table_->setShowGrid(false);
    table_->setFrameShape(QFrame::NoFrame);
    const auto add = [this](const QString& name, const QString& what, const QString& key) {
        const int row = table_->rowCount();
        table_->insertRow(row);
        table_->setItem(row, 0, new QTableWidgetItem(name));
        table_->setItem(row, 1, new QTableWidgetItem(what));
        auto* keyItem = new QTableWidgetItem(key);
        keyItem->setFont(monoFont());
        table_->setItem(row, 2, keyItem);
    };
    for (const QAction* action : actions) {
        QStringList keys;
        for (const QKeySequence& key : action->shortcuts())
            keys << key.toString(QKeySequence::NativeText);
        if (const QString others = action->property("otherKeys").toString(); !others.isEmpty())
            keys << others;
        add(plainText(action->text()), action->property("tip").toString(), keys.join(QStringLiteral(", ")));
    }
    for (const CanvasKey& key : kCanvasKeys)
        add(tr("Graph"), tr(key.what), tr(key.key));
    auto* column = new QVBoxLayout(this);
    column->addWidget(search_);
    column->addWidget(table_);
    connect(search_, &QLineEdit::textChanged, this, &KeyList::filter);
    search_->setFocus();
}

void KeyList::filter(const QString& text) {
    for (int row = 0; row < table_->rowCount(); ++row) {
        bool hit = false;
        for (int column = 0; column < table_->columnCount(); ++column)
            hit = hit || table_->item(row, column)->text().contains(text, Qt::CaseInsensitive);
        table_->setRowHidden(row, !hit);
    }
}

} // namespace hopscope
