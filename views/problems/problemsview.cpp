#include "views/problems/problemsview.h"

#include "views/base/text.h"
#include "views/base/theme.h"

#include <QAction>
#include <QApplication>
#include <QClipboard>
#include <QHeaderView>
#include <QLabel>
#include <QMenu>
#include <QPlainTextEdit>
#include <QSplitter>
#include <QTableView>
#include <QVBoxLayout>

namespace hopscope {

ProblemsView::ProblemsView(QWidget* parent)
    : QWidget(parent)
    , model_(new ProblemsModel(this))
    , table_(new QTableView(this))
    , text_(new QPlainTextEdit(this))
    , empty_(new QLabel(tr("No problems: everything in the dump could be read."), this)) {
    table_->setObjectName(QStringLiteral("problemsTable"));
    table_->setAccessibleName(tr("Problems"));
    table_->setModel(model_);
    table_->setSelectionBehavior(QAbstractItemView::SelectRows);
    table_->setSelectionMode(QAbstractItemView::SingleSelection);
    table_->setShowGrid(false);
    table_->setWordWrap(false);
    table_->setTabKeyNavigation(false);
    table_->setFrameShape(QFrame::NoFrame);
    table_->verticalHeader()->hide();
    keepRows(table_);
    table_->horizontalHeader()->setHighlightSections(false);
    table_->horizontalHeader()->setSectionResizeMode(ProblemsModel::Message, QHeaderView::Stretch);
    auto* copyAction = new QAction(icon(QStringLiteral("copy")), tr("Copy"), table_);
    copyAction->setShortcut(QKeySequence::Copy);
    copyAction->setShortcutContext(Qt::WidgetShortcut);
    table_->addAction(copyAction);
    table_->setContextMenuPolicy(Qt::ActionsContextMenu);
    connect(copyAction, &QAction::triggered, this, &ProblemsView::copy);

    text_->setObjectName(QStringLiteral("problemText"));
    text_->setAccessibleName(tr("The whole text of the problem"));
    text_->setReadOnly(true);
    text_->setFrameShape(QFrame::NoFrame);
    keepFont(text_, [] { return monoFont(Size::Small); });
    text_->setLineWrapMode(QPlainTextEdit::WidgetWidth); // a sentence that runs out of sight is not read

    empty_->setAlignment(Qt::AlignCenter);
    empty_->setObjectName(QStringLiteral("problemsEmpty"));

    auto* split = new QSplitter(Qt::Horizontal, this);
    split->addWidget(table_);
    split->addWidget(text_);
    split->setStretchFactor(0, 3);
    split->setStretchFactor(1, 2);
    split->setChildrenCollapsible(false);
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->addWidget(split, 1);
    column->addWidget(empty_, 1);
    connect(table_->selectionModel(), &QItemSelectionModel::currentRowChanged, this, &ProblemsView::showText);
    connect(table_, &QTableView::activated, this, [this](const QModelIndex& cell) {
        const QVariant file = cell.data(ProblemsModel::FileRole);
        const qulonglong line = cell.data(ProblemsModel::LineRole).toULongLong();
        if (file.isValid() && line > 0)
            Q_EMIT spotChosen(FileId(file.toUInt()), line);
    });
    table_->setContextMenuPolicy(Qt::CustomContextMenu);
    connect(table_, &QTableView::customContextMenuRequested, this, [this](const QPoint& at) {
        const QModelIndex cell = table_->indexAt(at);
        if (!cell.isValid() || !itemMenu_)
            return;
        const QModelIndex first = cell.siblingAtColumn(0);
        Item item;
        item.name = cell.siblingAtColumn(ProblemsModel::Message).data().toString();
        item.text = first.data(ProblemsModel::TextRole).toString();
        if (const QVariant file = first.data(ProblemsModel::FileRole); file.isValid())
            item.file = FileId(file.toUInt());
        item.line = first.data(ProblemsModel::LineRole).toULongLong();
        QMenu menu(this);
        itemMenu_(menu, item);
        menu.exec(table_->viewport()->mapToGlobal(at));
    });
    setDocument(nullptr);
}

void ProblemsView::setDocument(std::shared_ptr<const Document> document) {
    const bool extended = extends(model_->document(), document);
    model_->setDocument(std::move(document));
    if (extended)
        return;
    const bool any = model_->rowCount() > 0;
    table_->parentWidget()->setVisible(any);
    empty_->setVisible(!any);
    for (int column : {int(ProblemsModel::SeverityColumn), int(ProblemsModel::File), int(ProblemsModel::Line),
             int(ProblemsModel::Offset)})
        table_->resizeColumnToContents(column);
    if (any)
        table_->selectRow(0);
    showText();
}

void ProblemsView::showFailure(int failure) {
    if (const std::optional<int> row = model_->rowOfFailure(failure))
        table_->selectRow(*row);
}

void ProblemsView::showText() {
    const QModelIndex at = table_->currentIndex();
    text_->setPlainText(
        at.isValid() ? at.siblingAtColumn(0).data(ProblemsModel::TextRole).toString() : QString());
}

void ProblemsView::copy() {
    const QModelIndex at = table_->currentIndex();
    if (at.isValid())
        QApplication::clipboard()->setText(at.siblingAtColumn(0).data(ProblemsModel::TextRole).toString());
}

void ProblemsView::follow(const Shown& shown, Changes changed) {
    if (changed & Change::Document)
        setDocument(shown.document);
}

} // namespace hopscope
