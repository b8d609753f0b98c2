#include "views/ledger/twoledgersview.h"

#include "views/base/text.h"
#include "views/base/theme.h"

#include <QAction>
#include <QApplication>
#include <QClipboard>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QLabel>
#include <QTableView>
#include <QToolButton>
#include <QVBoxLayout>

namespace hopscope {

TwoLedgersView::TwoLedgersView(QAction* another, QWidget* parent)
    : QWidget(parent)
    , model_(new TwoLedgersModel(this))
    , summary_(new QLabel(this))
    , differences_(new QToolButton(this))
    , bodies_(new QToolButton(this))
    , copy_(new QToolButton(this))
    , table_(new QTableView(this))
    , empty_(new QLabel(
          tr("No other dump: Compare with Another Dump reads one, and its ledger stands here beside this "
             "one, call by call."),
          this)) {
    setObjectName(QStringLiteral("twoLedgers"));
    summary_->setObjectName(QStringLiteral("twoLedgersSummary"));
    summary_->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Preferred);
    summary_->setWordWrap(true);
    summary_->setTextInteractionFlags(Qt::TextSelectableByMouse);
    empty_->setObjectName(QStringLiteral("twoLedgersEmpty"));
    empty_->setAlignment(Qt::AlignCenter);
    empty_->setWordWrap(true);
    differences_->setObjectName(QStringLiteral("twoLedgersDifferences"));
    differences_->setText(tr("Only differences"));
    differences_->setToolTip(tr("Leave out the calls that are the same in both dumps"));
    differences_->setCheckable(true);
    bodies_->setObjectName(QStringLiteral("twoLedgersBodies"));
    bodies_->setText(tr("Compare bodies"));
    bodies_->setToolTip(
        tr("Show the bodies that the call runs here and there side by side, with what differs"));
    copy_->setObjectName(QStringLiteral("twoLedgersCopy"));
    copy_->setText(tr("Copy as text"));
    copy_->setIcon(icon(QStringLiteral("copy")));
    copy_->setToolTip(tr("Copy what the two ledgers come to, and the lines that are shown"));
    auto* top = new QHBoxLayout;
    top->setContentsMargins(metrics::kPad, metrics::kPadSmall, metrics::kPad, metrics::kPadSmall);
    top->setSpacing(metrics::kPad);
    top->addWidget(summary_, 1);
    auto* other = new QToolButton(this);
    other->setDefaultAction(another);
    for (QToolButton* button : {other, bodies_, differences_, copy_}) {
        button->setAutoRaise(true);
        button->setToolButtonStyle(Qt::ToolButtonTextBesideIcon);
        button->setAccessibleName(button->text().remove(QLatin1Char('&')));
        top->addWidget(button, 0, Qt::AlignTop);
    }
    table_->setObjectName(QStringLiteral("twoLedgersTable"));
    table_->setAccessibleName(tr("The calls of both dumps"));
    table_->setModel(model_);
    table_->setSelectionBehavior(QAbstractItemView::SelectRows);
    table_->setSelectionMode(QAbstractItemView::SingleSelection);
    table_->setEditTriggers(QAbstractItemView::NoEditTriggers);
    table_->setShowGrid(false);
    table_->setWordWrap(false);
    table_->setTabKeyNavigation(false);
    table_->setFrameShape(QFrame::NoFrame);
    table_->verticalHeader()->hide();
    table_->verticalHeader()->setMinimumSectionSize(metrics::row() - metrics::kPadSmall);
    table_->verticalHeader()->setDefaultSectionSize(metrics::row() - metrics::kPadSmall);
    table_->horizontalHeader()->setHighlightSections(false);
    table_->horizontalHeader()->setDefaultAlignment(Qt::AlignLeft | Qt::AlignVCenter);
    table_->horizontalHeader()->setStretchLastSection(true);
    table_->horizontalHeader()->setMinimumSectionSize(metrics::row());
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    column->addLayout(top);
    column->addWidget(table_, 1);
    column->addWidget(empty_, 1);

    connect(differences_, &QToolButton::toggled, model_, &TwoLedgersModel::setOnlyDifferences);
    connect(bodies_, &QToolButton::clicked, this, [this] { askBodies(table_->currentIndex().row()); });
    connect(table_, &QTableView::activated, this, [this](const QModelIndex& cell) { askBodies(cell.row()); });
    connect(table_, &QTableView::clicked, this, [this](const QModelIndex& cell) {
        if (const LedgerLine* line = model_->line(cell.row()); line && line->here)
            Q_EMIT rowChosen(*line->here);
    });
    connect(table_->selectionModel(), &QItemSelectionModel::currentRowChanged, this, [this] { enable(); });
    connect(model_, &QAbstractItemModel::modelReset, this, [this] { enable(); });
    connect(copy_, &QToolButton::clicked, this, [this] {
        QString text = summary() + QLatin1Char('\n');
        for (int row = 0; row < model_->rowCount(); ++row) {
            QStringList cells;
            for (int c = 0; c < TwoLedgersModel::ColumnCount; ++c)
                cells << model_->index(row, c).data().toString();
            text += cells.join(QLatin1Char('\t')) + QLatin1Char('\n');
        }
        QApplication::clipboard()->setText(text);
    });
    show(nullptr);
}

void TwoLedgersView::show(std::shared_ptr<const TwoLedgers> of) {
    model_->setLedgers(std::move(of));
    const bool any = model_->ledgers();
    table_->setVisible(any);
    empty_->setVisible(!any);
    differences_->setEnabled(any);
    copy_->setEnabled(any);
    summary_->setText(summary());
    table_->setColumnHidden(TwoLedgersModel::Compile, !model_->severalCompilations());
    table_->resizeColumnsToContents();
    enable();
}

QString TwoLedgersView::summary() const {
    const TwoLedgers* of = model_->ledgers();
    return of ? tr("Here %1, there %2\n%3")
                    .arg(qs(of->here->dump().name), qs(of->there->dump().name), qs(of->summary))
              : QString();
}

void TwoLedgersView::askBodies(int row) {
    if (const LedgerLine* line = model_->line(row); line && line->body_here.graph && line->body_there.graph)
        Q_EMIT bodiesAsked(line->body_here, line->body_there);
}

void TwoLedgersView::enable() {
    const LedgerLine* line = model_->line(table_->currentIndex().row());
    bodies_->setEnabled(line && line->body_here.graph && line->body_there.graph);
}

// Another dump is open: what was compared with it is not.
void TwoLedgersView::follow(const Shown& shown, Changes changed) {
    if (!(changed & Change::Document) || !model_->ledgers())
        return;
    if (!shown.document || !shown.document->same_reading(*model_->ledgers()->here))
        show(nullptr);
}

} // namespace hopscope
