#include "views/shell/keylist.h"

#include "views/base/theme.h"
#include "views/shell/ownkeys.h"

#include <QAction>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QKeySequenceEdit>
#include <QLabel>
#include <QLineEdit>
#include <QPushButton>
#include <QSignalBlocker>
#include <QTableWidget>
#include <QVBoxLayout>

#include <tuple>

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

KeyList::KeyList(OwnKeys* keys, QWidget* parent)
    : QDialog(parent)
    , keys_(keys)
    , search_(new QLineEdit(this))
    , table_(new QTableWidget(this))
    , key_(new QKeySequenceEdit(this))
    , set_(new QPushButton(tr("&Set"), this))
    , none_(new QPushButton(tr("&No Key"), this))
    , restore_(new QPushButton(tr("&Restore"), this))
    , message_(new QLabel(this)) {
    build();
    connect(search_, &QLineEdit::textChanged, this, &KeyList::filter);
    connect(table_, &QTableWidget::currentCellChanged, this, &KeyList::showChosen);
    connect(table_, &QTableWidget::cellDoubleClicked, this, [this] { key_->setFocus(); });
    connect(set_, &QPushButton::clicked, this, [this] { give(false); });
    connect(none_, &QPushButton::clicked, this, [this] { give(true); });
    connect(restore_, &QPushButton::clicked, this, [this] {
        if (QAction* action = chosen())
            keys_->restore(action);
    });
    connect(keys_, &OwnKeys::changed, this, &KeyList::fill);
    fill();
    search_->setFocus();
}

void KeyList::build() {
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
    table_->setSelectionMode(QAbstractItemView::SingleSelection);
    table_->setShowGrid(false);
    table_->setFrameShape(QFrame::NoFrame);
    key_->setObjectName(QStringLiteral("keyEdit"));
    key_->setAccessibleName(tr("Another key for the chosen action"));
    key_->setMaximumWidth(metrics::scaled(180));
    for (auto [button, name, tip] : {std::tuple(set_, "keySet", tr("Give the chosen action this key")),
             std::tuple(none_, "keyNone", tr("Take its keys away")),
             std::tuple(restore_, "keyRestore", tr("Give it the keys that it came with"))}) {
        button->setObjectName(QLatin1String(name));
        button->setToolTip(tip);
        button->setAccessibleName(tip);
        button->setAutoDefault(false);
    }
    message_->setObjectName(QStringLiteral("keyMessage"));
    message_->setWordWrap(true);
    auto* label = new QLabel(tr("Another &key"), this);
    label->setBuddy(key_);
    auto* row = new QHBoxLayout;
    row->addWidget(label);
    row->addWidget(key_);
    row->addWidget(set_);
    row->addWidget(none_);
    row->addWidget(restore_);
    row->addWidget(message_, 1);
    auto* column = new QVBoxLayout(this);
    column->addWidget(search_);
    column->addWidget(table_);
    column->addLayout(row);
}

// The chosen row stays.
void KeyList::fill() {
    const int before = table_->currentRow();
    const QSignalBlocker quiet(table_);
    table_->setRowCount(0);
    const auto add = [this](const QString& name, const QString& what, const QString& key, bool own) {
        const int row = table_->rowCount();
        table_->insertRow(row);
        table_->setItem(row, 0, new QTableWidgetItem(name));
        table_->setItem(row, 1, new QTableWidgetItem(what));
        auto* keyItem = new QTableWidgetItem(key);
        QFont font = monoFont();
        font.setBold(own);
        keyItem->setFont(font);
        if (own)
            keyItem->setToolTip(tr("As you chose"));
        table_->setItem(row, 2, keyItem);
    };
    for (const QAction* action : keys_->actions()) {
        QStringList keys;
        for (const QKeySequence& key : action->shortcuts())
            keys << key.toString(QKeySequence::NativeText);
        if (const QString others = action->property("otherKeys").toString(); !others.isEmpty())
            keys << others;
        add(plainText(action->text()), action->property("tip").toString(), keys.join(QStringLiteral(", ")),
            keys_->isOwn(action));
    }
    for (const CanvasKey& key : kCanvasKeys)
        add(tr("Graph"), tr(key.what), tr(key.key), false);
    table_->setCurrentCell(before, 0);
    filter();
    showChosen();
}

QAction* KeyList::chosen() const {
    const int row = table_->currentRow();
    return row >= 0 && row < keys_->actions().size() ? keys_->actions()[row] : nullptr;
}

QString KeyList::message() const {
    return message_->text();
}

void KeyList::showChosen() {
    const QAction* action = chosen();
    const QString why = action     ? keys_->whyFixed(action)
        : table_->currentRow() < 0 ? tr("choose an action")
                                   : tr("graphs have this key themselves");
    key_->setKeySequence(action ? action->shortcut() : QKeySequence());
    for (QWidget* widget : std::initializer_list<QWidget*>{key_, set_, none_})
        widget->setEnabled(why.isEmpty());
    restore_->setEnabled(action && keys_->isOwn(action));
    message_->setText(why);
}

void KeyList::give(bool none) {
    QAction* action = chosen();
    if (!action)
        return;
    const QKeySequence key = none ? QKeySequence() : key_->keySequence();
    if (const QString why = keys_->give(action, key); !why.isEmpty())
        message_->setText(why);
}

void KeyList::filter() {
    const QString text = search_->text();
    for (int row = 0; row < table_->rowCount(); ++row) {
        bool hit = false;
        for (int column = 0; column < table_->columnCount(); ++column)
            hit = hit || table_->item(row, column)->text().contains(text, Qt::CaseInsensitive);
        table_->setRowHidden(row, !hit);
    }
}

} // namespace hopscope
