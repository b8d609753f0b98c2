#include "views/inspector/notespane.h"

#include "views/base/theme.h"

#include <QHBoxLayout>
#include <QKeyEvent>
#include <QLabel>
#include <QLineEdit>
#include <QListWidget>
#include <QShortcut>
#include <QToolButton>
#include <QVBoxLayout>

namespace hopscope {

namespace {
constexpr int kListHeight = 120;
constexpr int kTextRole = Qt::UserRole + 1; // the note as it was written
} // namespace

NotesPane::NotesPane(QWidget* parent)
    : QWidget(parent)
    , title_(new QLabel(tr("Notes"), this))
    , problem_(new QLabel(this))
    , list_(new QListWidget(this))
    , input_(new QLineEdit(this))
    , edit_(new QToolButton(this))
    , remove_(new QToolButton(this)) {
    keepFont(title_, titleFont);
    QPalette quiet = title_->palette();
    quiet.setColor(QPalette::WindowText, color(Role::Quiet));
    title_->setPalette(quiet);
    problem_->setObjectName(QStringLiteral("noteProblem"));
    problem_->setWordWrap(true);
    problem_->setTextInteractionFlags(Qt::TextSelectableByMouse);
    problem_->hide();
    list_->setObjectName(QStringLiteral("noteList"));
    list_->setAccessibleName(tr("Notes here"));
    list_->setFrameShape(QFrame::NoFrame);
    list_->setWordWrap(true);
    list_->setMaximumHeight(kListHeight);
    input_->setObjectName(QStringLiteral("noteInput"));
    input_->setAccessibleName(tr("Text of the note"));
    input_->setPlaceholderText(tr("Add a note"));
    edit_->setIcon(icon(QStringLiteral("note")));
    edit_->setObjectName(QStringLiteral("noteEdit"));
    edit_->setAccessibleName(tr("Edit note"));
    edit_->setToolTip(tr("Edit the chosen note"));
    edit_->setAutoRaise(true);
    remove_->setIcon(icon(QStringLiteral("close")));
    remove_->setObjectName(QStringLiteral("noteRemove"));
    remove_->setAccessibleName(tr("Delete note"));
    remove_->setToolTip(tr("Delete the chosen note (Del)"));
    remove_->setAutoRaise(true);

    auto* top = new QHBoxLayout;
    top->setSpacing(metrics::kPadSmall);
    top->addWidget(title_, 1);
    top->addWidget(edit_);
    top->addWidget(remove_);
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(metrics::kPadLarge, metrics::kPad, metrics::kPadLarge, metrics::kPadLarge);
    column->setSpacing(metrics::kPadSmall);
    column->addLayout(top);
    column->addWidget(problem_);
    column->addWidget(list_);
    column->addWidget(input_);

    input_->installEventFilter(this);
    connect(input_, &QLineEdit::returnPressed, this, &NotesPane::submit);
    connect(edit_, &QToolButton::clicked, this, &NotesPane::beginEdit);
    connect(remove_, &QToolButton::clicked, this, &NotesPane::removeCurrent);
    connect(list_, &QListWidget::itemActivated, this, &NotesPane::beginEdit);
    connect(list_, &QListWidget::currentRowChanged, this, &NotesPane::updateButtons);
    auto* del = new QShortcut(QKeySequence::Delete, list_);
    del->setContext(Qt::WidgetShortcut);
    connect(del, &QShortcut::activated, this, &NotesPane::removeCurrent);
    setNotes({}, {});
}

void NotesPane::setNotes(const QString& address, const std::vector<NoteText>& notes, const QString& why) {
    if (editing_)
        drafts_[editing_] = input_->text();
    list_->clear();
    for (const NoteText& note : notes) {
        auto* item = new QListWidgetItem(list_);
        item->setText(note.elsewhere.isEmpty()
                ? note.text
                : tr("%1, which this dump does not have: %2").arg(note.elsewhere, note.text));
        item->setData(Qt::UserRole, qlonglong(note.id));
        item->setData(kTextRole, note.text);
        item->setToolTip(note.created);
    }
    const bool none = notes.empty();
    list_->setVisible(!none);
    edit_->setVisible(!none);
    remove_->setVisible(!none);
    title_->setText(none ? tr("Notes") : tr("Notes (%1)").arg(notes.size()));
    const bool can = !address.isEmpty() && why.isEmpty();
    // Not disabled where the file is read-only: who begins to type is told why nothing comes of it.
    refusal_ = why;
    input_->setEnabled(can || !why.isEmpty());
    input_->setReadOnly(!why.isEmpty());
    input_->setPlaceholderText(why.isEmpty() ? tr("Add a note") : tr("Read-only: no notes"));
    input_->setToolTip(can ? tr("A note on %1; Return saves it").arg(address) : why);
    // A text that is being changed goes out of sight with its note, and comes back with it.
    const int64_t before = editing_;
    if (editing_)
        endEdit();
    for (int row = 0; row < list_->count(); ++row) {
        const int64_t id = list_->item(row)->data(Qt::UserRole).toLongLong();
        const auto draft = drafts_.find(id);
        if (draft == drafts_.end() || (before && before != id) || !input_->text().isEmpty())
            continue;
        editing_ = id;
        input_->setText(draft->second);
        input_->setPlaceholderText(tr("Edit the note"));
        list_->setCurrentRow(row);
        break;
    }
    updateButtons();
}

void NotesPane::setProblem(const QString& problem) {
    problem_->setText(problem);
    problem_->setVisible(!problem.isEmpty());
    QPalette failed = problem_->palette();
    failed.setColor(QPalette::WindowText, color(Role::Failed));
    problem_->setPalette(failed);
}

void NotesPane::endEdit() {
    editing_ = 0;
    input_->clear();
    input_->setPlaceholderText(tr("Add a note"));
}

void NotesPane::accept() {
    drafts_.erase(editing_);
    endEdit();
    if (input_->hasFocus())
        Q_EMIT left();
}

// Esc leaves the field, and what is written in it stays.
bool NotesPane::eventFilter(QObject* watched, QEvent* event) {
    if (watched == input_ && event->type() == QEvent::KeyPress
        && static_cast<QKeyEvent*>(event)->key() == Qt::Key_Escape) {
        Q_EMIT left();
        return true;
    }
    if (watched == input_ && event->type() == QEvent::KeyPress && !refusal_.isEmpty()
        && !static_cast<QKeyEvent*>(event)->text().isEmpty())
        Q_EMIT refused(refusal_);
    return QWidget::eventFilter(watched, event);
}

void NotesPane::updateButtons() {
    edit_->setEnabled(list_->currentItem());
    remove_->setEnabled(list_->currentItem());
}

void NotesPane::focusInput() {
    input_->setFocus(Qt::ShortcutFocusReason);
}

void NotesPane::submit() {
    const QString text = input_->text().trimmed();
    if (text.isEmpty()) {
        Q_EMIT left();
        return;
    }
    if (editing_)
        Q_EMIT editRequested(editing_, text);
    else
        Q_EMIT addRequested(text);
}

void NotesPane::beginEdit() {
    QListWidgetItem* item = list_->currentItem();
    if (!item)
        return;
    editing_ = item->data(Qt::UserRole).toLongLong();
    input_->setText(item->data(kTextRole).toString());
    input_->setPlaceholderText(tr("Edit the note"));
    focusInput();
}

void NotesPane::removeCurrent() {
    if (QListWidgetItem* item = list_->currentItem())
        Q_EMIT removeRequested(item->data(Qt::UserRole).toLongLong());
}

} // namespace hopscope
