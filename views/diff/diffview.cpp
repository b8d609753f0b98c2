#include "views/diff/diffview.h"

#include "core/base/text.h"
#include "core/diff/diff.h"
#include "views/base/text.h"
#include "views/base/theme.h"

#include <QAction>
#include <QApplication>
#include <QClipboard>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QLabel>
#include <QMenu>
#include <QSplitter>
#include <QTableView>
#include <QTableWidget>
#include <QToolButton>
#include <QVBoxLayout>

namespace hopscope {

namespace {
// A switch of the menu: what it is called, and which option it sets. Looked past: the option is clear.
struct Ignored {
    const char* name;
    const char* text;
    bool MatchOptions::*counts;
};
constexpr Ignored kIgnored[] = {
    {"names", QT_TRANSLATE_NOOP("DiffView", "&Names of nodes"), &MatchOptions::names},
    {"order", QT_TRANSLATE_NOOP("DiffView", "&Order of statements"), &MatchOptions::order},
    {"locations", QT_TRANSLATE_NOOP("DiffView", "&Lines of the program"), &MatchOptions::locations},
    {"ids", QT_TRANSLATE_NOOP("DiffView", "&Ids that PyTorch counted up"), &MatchOptions::ids},
    {"layers", QT_TRANSLATE_NOOP("DiffView", "Numbers of la&yers"), &MatchOptions::layer_indices},
    {"dtypes", QT_TRANSLATE_NOOP("DiffView", "&Dtypes"), &MatchOptions::dtypes},
    {"shapes", QT_TRANSLATE_NOOP("DiffView", "&Shapes"), &MatchOptions::shapes},
    {"strides", QT_TRANSLATE_NOOP("DiffView", "S&trides"), &MatchOptions::strides},
    {"devices", QT_TRANSLATE_NOOP("DiffView", "De&vices"), &MatchOptions::devices},
    {"constants", QT_TRANSLATE_NOOP("DiffView", "&Constants"), &MatchOptions::constants},
};
} // namespace

DiffView::DiffView(QAction* previous, QAction* next, QAction* link, QWidget* parent)
    : QWidget(parent)
    , model_(new DiffModel(this))
    , summary_(new QLabel(this))
    , fold_(new QToolButton(this))
    , ignore_(new QToolButton(this))
    , copy_(new QToolButton(this))
    , table_(new QTableView(this))
    , fields_(new QTableWidget(0, 3, this))
    , empty_(
          new QLabel(tr("Nothing is compared: show two bodies and choose Compare Panes, or “show both” in an "
                        "explanation."),
              this)) {
    setObjectName(QStringLiteral("diff"));
    summary_->setObjectName(QStringLiteral("diffSummary"));
    summary_->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Preferred);
    empty_->setObjectName(QStringLiteral("diffEmpty"));
    empty_->setAlignment(Qt::AlignCenter);
    fold_->setObjectName(QStringLiteral("diffFold"));
    fold_->setText(tr("Fold equal"));
    fold_->setToolTip(tr("Show runs of equal statements as one line"));
    fold_->setCheckable(true);
    fold_->setChecked(true);
    copy_->setObjectName(QStringLiteral("diffCopy"));
    copy_->setText(tr("Copy as text"));
    copy_->setIcon(icon(QStringLiteral("copy")));
    copy_->setToolTip(tr("Copy the comparison as hopscope diff prints it"));
    auto* top = new QHBoxLayout;
    top->setContentsMargins(metrics::kPad, metrics::kPadSmall, metrics::kPad, metrics::kPadSmall);
    top->setSpacing(metrics::kPad);
    top->addWidget(summary_, 1);
    for (QAction* action : {previous, next, link}) {
        auto* button = new QToolButton(this);
        button->setDefaultAction(action);
        button->setAutoRaise(true);
        button->setToolButtonStyle(Qt::ToolButtonTextOnly);
        button->setAccessibleName(action->text().remove(QLatin1Char('&')));
        top->addWidget(button);
    }
    fillIgnored();
    for (QToolButton* button : {ignore_, fold_, copy_}) {
        button->setAutoRaise(true);
        button->setToolButtonStyle(Qt::ToolButtonTextBesideIcon);
        button->setAccessibleName(button->text());
        top->addWidget(button);
    }
    table_->setObjectName(QStringLiteral("diffTable"));
    table_->setAccessibleName(tr("Statements of both bodies"));
    table_->setModel(model_);
    fields_->setObjectName(QStringLiteral("diffFields"));
    fields_->setAccessibleName(tr("What differs in the chosen statement"));
    fields_->setHorizontalHeaderLabels({tr("field"), tr("left"), tr("right")});
    for (QTableView* table : {table_, static_cast<QTableView*>(fields_)}) {
        table->setSelectionBehavior(QAbstractItemView::SelectRows);
        table->setSelectionMode(QAbstractItemView::SingleSelection);
        table->setEditTriggers(QAbstractItemView::NoEditTriggers);
        table->setShowGrid(false);
        table->setWordWrap(false);
        table->setTabKeyNavigation(false);
        table->setFrameShape(QFrame::NoFrame);
        table->verticalHeader()->hide();
        keepRows(table, metrics::kPadSmall);
        table->horizontalHeader()->setHighlightSections(false);
        table->horizontalHeader()->setDefaultAlignment(Qt::AlignLeft | Qt::AlignVCenter);
        table->horizontalHeader()->setSectionResizeMode(QHeaderView::Stretch);
    }
    table_->horizontalHeader()->setSectionResizeMode(DiffModel::Sign, QHeaderView::Fixed);
    table_->horizontalHeader()->setMinimumSectionSize(metrics::row());
    table_->setColumnWidth(DiffModel::Sign, metrics::row() + metrics::kPadSmall);
    auto* split = new QSplitter(Qt::Horizontal, this);
    split->setObjectName(QStringLiteral("diffSplitter"));
    split->addWidget(table_);
    split->addWidget(fields_);
    split->setStretchFactor(0, 3);
    split->setStretchFactor(1, 1);
    split->setChildrenCollapsible(false);
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    column->addLayout(top);
    column->addWidget(split, 1);
    column->addWidget(empty_, 1);

    connect(fold_, &QToolButton::toggled, this, [this](bool on) {
        quiet_ = true;
        model_->setFolded(on);
        quiet_ = false;
    });
    connect(copy_, &QToolButton::clicked, this, [this] {
        if (comparison_)
            QApplication::clipboard()->setText(exact(comparison_->text));
    });
    connect(table_, &QTableView::activated, this, [this](const QModelIndex& cell) {
        quiet_ = true;
        model_->unfold(cell.row());
        quiet_ = false;
    });
    connect(table_->selectionModel(), &QItemSelectionModel::currentRowChanged, this,
        [this](const QModelIndex& cell) {
            const std::optional<size_t> row = model_->rowAt(cell.row());
            showFields(row);
            if (!quiet_ && row)
                Q_EMIT rowChosen(*row);
        });
    show(nullptr, nullptr);
}

void DiffView::fillIgnored() {
    ignore_->setObjectName(QStringLiteral("diffIgnore"));
    ignore_->setText(tr("Ignore"));
    ignore_->setToolTip(tr("What is looked past: a field that is checked is no difference"));
    ignore_->setPopupMode(QToolButton::InstantPopup);
    auto* menu = new QMenu(ignore_);
    menu->setObjectName(QStringLiteral("diffIgnoreMenu"));
    for (const Ignored& one : kIgnored) {
        QAction* action = menu->addAction(tr(one.text));
        action->setObjectName(QStringLiteral("diffIgnore_") + QLatin1String(one.name));
        action->setCheckable(true);
        connect(action, &QAction::triggered, this, [this, &one](bool ignored) {
            options_.*one.counts = !ignored;
            showIgnored();
            Q_EMIT optionsChosen(options_);
        });
    }
    ignore_->setMenu(menu);
    showIgnored();
}

void DiffView::showIgnored() {
    const QList<QAction*> actions = ignore_->menu()->actions();
    for (qsizetype i = 0; i < actions.size(); ++i)
        actions[i]->setChecked(!(options_.*kIgnored[i].counts));
    ignore_->setText(options_ == MatchOptions() ? tr("Ignore") : tr("Ignore (changed)"));
}

void DiffView::show(
    const std::shared_ptr<const Document>& document, const std::shared_ptr<const Comparison>& of) {
    document_ = document;
    comparison_ = of;
    quiet_ = true;
    model_->setComparison(document, of);
    quiet_ = false;
    table_->parentWidget()->setVisible(bool(of));
    empty_->setVisible(!of);
    copy_->setEnabled(bool(of));
    fold_->setEnabled(bool(of));
    summary_->setText(summary());
    showFields({});
}

QString DiffView::summary() const {
    if (!comparison_)
        return {};
    QString text = comparison_->diff.equal() ? tr("The two bodies are equal: %1").arg(qs(comparison_->counts))
                                             : qs(comparison_->counts);
    if (comparison_->called)
        text += tr(" · %1 that they call differ too")
                    .arg(qs(counted(comparison_->called, "pair")) + tr(" of bodies"));
    return text;
}

void DiffView::setCurrent(std::optional<size_t> row) {
    quiet_ = true;
    if (row) {
        const QModelIndex at = model_->index(model_->lineOf(*row), DiffModel::Left);
        if (table_->currentIndex().row() != at.row())
            table_->selectRow(at.row());
        table_->scrollTo(at);
    } else {
        table_->clearSelection();
    }
    quiet_ = false;
    showFields(row);
}

void DiffView::showFields(std::optional<size_t> row) {
    const std::optional<size_t> pair =
        comparison_ && row ? comparison_->rows.rows[*row].pair : std::optional<size_t>();
    fields_->setRowCount(0);
    if (!pair)
        return;
    const auto shown = [](const std::string& text) { return text.empty() ? tr("none") : qs(text); };
    for (const FieldDifference& field : comparison_->diff.pairs[*pair].fields) {
        const int at = fields_->rowCount();
        fields_->insertRow(at);
        const QString name = qs(field_name(field.field))
            + (field.where.empty() ? QString() : tr(" of %1").arg(qs(field.where)));
        const QString texts[] = {name, shown(field.expected), shown(field.found)};
        for (int column = 0; column < 3; ++column) {
            auto* item = new QTableWidgetItem(texts[column]);
            item->setToolTip(texts[column]);
            item->setFont(column ? monoFont(Size::Small) : uiFont(Size::Small));
            item->setForeground(color(column ? Role::Text : Role::Quiet));
            fields_->setItem(at, column, item);
        }
    }
}

void DiffView::follow(const Shown& shown, Changes changed) {
    if (changed & (Change::Document | Change::Comparison)) {
        if (shown.comparison != comparison_ || !shown.document)
            show(shown.document, shown.comparison);
    }
    if (!comparison_ || !(changed & (Change::Comparison | Change::Place | Change::Selection)))
        return;
    const Place& node = shown.at.node;
    const auto in = [&](const Place& body) { return node.graph == body.graph && node.body == body.body; };
    // The pane tells which of two equal places is meant.
    std::optional<size_t> row;
    if (in(comparison_->a) && (shown.at.focus == Pane::Left || !in(comparison_->b)))
        row = comparison_->row_of(true, node.node);
    else if (in(comparison_->b))
        row = comparison_->row_of(false, node.node);
    setCurrent(row);
}

} // namespace hopscope
