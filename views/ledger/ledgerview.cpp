#include "views/ledger/ledgerview.h"

#include "core/base/text.h"
#include "core/explain/explain.h"
#include "views/base/decision.h"
#include "views/base/text.h"
#include "views/base/theme.h"
#include "views/ledger/ledgerdelegate.h"

#include <QAction>
#include <QApplication>
#include <QClipboard>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QKeyEvent>
#include <QLabel>
#include <QLineEdit>
#include <QMenu>
#include <QMouseEvent>
#include <QTableView>
#include <QTextDocument>
#include <QVBoxLayout>

namespace hopscope {

namespace {
constexpr int kDebounceMs = 250;
constexpr qsizetype kTold = 12; // compilations in a tooltip
const QString kBetween = QStringLiteral(" · "); // parts of the summary
} // namespace

LedgerView::LedgerView(QWidget* parent)
    : QWidget(parent)
    , model_(new LedgerModel(this))
    , proxy_(new LedgerProxy(this))
    , summary_(new QLabel(this))
    , conclusion_(new QLabel(this))
    , shown_(new QLabel(this))
    , error_(new QLabel(this))
    , filter_(new QLineEdit(this))
    , table_(new QTableView(this)) {
    proxy_->setLedger(model_);

    summary_->setObjectName(QStringLiteral("ledgerSummary"));
    summary_->setTextFormat(Qt::RichText);
    summary_->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Preferred); // see fitSummary()
    summary_->setTextInteractionFlags(Qt::TextSelectableByMouse);
    summary_->setAccessibleName(tr("Ledger summary"));
    conclusion_->setObjectName(QStringLiteral("ledgerConclusion"));
    conclusion_->setAccessibleName(tr("What the calls of this compilation came to"));
    conclusion_->setTextFormat(Qt::RichText);
    conclusion_->setTextInteractionFlags(Qt::LinksAccessibleByMouse | Qt::LinksAccessibleByKeyboard);
    conclusion_->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Preferred);
    conclusion_->setContentsMargins(metrics::kPad, 0, metrics::kPad, metrics::kPadSmall);
    shown_->setObjectName(QStringLiteral("ledgerShown"));
    error_->setObjectName(QStringLiteral("ledgerFilterError"));
    error_->hide();

    filter_->setObjectName(QStringLiteral("ledgerFilter"));
    filter_->setAccessibleName(tr("Filter of the ledger"));
    filter_->setPlaceholderText(tr("Filter: traced, -inlined, region:subgraph_0"));
    filter_->setToolTip(
        tr("Words: any of them; +word must, -word must not be there; decision: region: function: "
           "variant: source: reason: compile: look in one column (Ctrl+Shift+F)"));
    filter_->setClearButtonEnabled(true);
    QAction* used = filter_->addAction(icon(QStringLiteral("filter")), QLineEdit::LeadingPosition);
    used->setObjectName(QStringLiteral("ledgerUsedFilters"));
    used->setToolTip(tr("Filters used before (Down)"));
    connect(used, &QAction::triggered, this, &LedgerView::showUsedFilters);
    filter_->setMaximumWidth(metrics::scaled(300));
    filter_->setMinimumWidth(metrics::scaled(120));

    table_->setObjectName(QStringLiteral("ledgerTable"));
    table_->setAccessibleName(tr("Ledger of invocations"));
    table_->setModel(proxy_);
    table_->setItemDelegate(makeLedgerDelegate(table_));
    table_->setSelectionBehavior(QAbstractItemView::SelectRows);
    table_->setSelectionMode(QAbstractItemView::SingleSelection);
    table_->setEditTriggers(QAbstractItemView::NoEditTriggers);
    table_->setSortingEnabled(true);
    table_->horizontalHeader()->setSortIndicatorClearable(true);
    table_->sortByColumn(-1, Qt::AscendingOrder); // the dump's own order
    table_->setShowGrid(false);
    table_->setWordWrap(false);
    table_->setTabKeyNavigation(false);
    table_->setFrameShape(QFrame::NoFrame);
    table_->verticalHeader()->hide();
    keepRows(table_);
    table_->horizontalHeader()->setHighlightSections(false);
    table_->horizontalHeader()->setSectionsMovable(true);
    table_->horizontalHeader()->setSectionResizeMode(QHeaderView::Interactive);
    table_->setHorizontalScrollMode(QAbstractItemView::ScrollPerPixel);
    table_->setContextMenuPolicy(Qt::CustomContextMenu);
    summary_->installEventFilter(this);
    table_->installEventFilter(this);
    table_->viewport()->installEventFilter(this);

    auto* top = new QHBoxLayout;
    top->setContentsMargins(metrics::kPad, metrics::kPadSmall, metrics::kPad, metrics::kPadSmall);
    top->setSpacing(metrics::kPadLarge);
    top->addWidget(summary_, 3);
    top->addWidget(error_);
    top->addWidget(shown_);
    top->addWidget(filter_, 1);
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    column->addLayout(top);
    column->addWidget(conclusion_);
    column->addWidget(table_, 1);

    debounce_.setSingleShot(true);
    debounce_.setInterval(kDebounceMs);
    connect(&debounce_, &QTimer::timeout, this, &LedgerView::applyFilter);
    connect(filter_, &QLineEdit::textChanged, this, [this] { debounce_.start(); });
    connect(filter_, &QLineEdit::returnPressed, this, &LedgerView::applyFilter);
    connect(filter_, &QLineEdit::editingFinished, this, &LedgerView::rememberFilter);
    filter_->installEventFilter(this);
    connect(table_, &QTableView::customContextMenuRequested, this, &LedgerView::showMenu);
    connect(table_, &QTableView::activated, this,
        [this](const QModelIndex& cell) { Q_EMIT rowActivated(proxy_->mapToSource(cell).row()); });
    connect(table_, &QTableView::clicked, this,
        [this](const QModelIndex& cell) { Q_EMIT rowClicked(proxy_->mapToSource(cell).row()); });
    connect(conclusion_, &QLabel::linkActivated, this, [this] { Q_EMIT compilationChosen(concluded_); });
    connect(table_->horizontalHeader(), &QHeaderView::sectionResized, this, [this](int section) {
        if (fitting_)
            return;
        reasonSet_ = reasonSet_ || section == LedgerModel::Reason;
        stretchReason();
    });
    connect(table_->selectionModel(), &QItemSelectionModel::currentRowChanged, this,
        [this](const QModelIndex& cell) {
            if (!quiet_ && cell.isValid())
                Q_EMIT rowChosen(proxy_->mapToSource(cell).row());
        });
    connect(&Theme::instance(), &Theme::changed, this, [this] {
        updateCounts();
        conclude();
    });
    updateCounts();
}

void LedgerView::setDocument(std::shared_ptr<const Document> document) {
    quiet_ = true;
    model_->setDocument(std::move(document));
    quiet_ = false;
    const Document* shown = model_->document();
    table_->setColumnHidden(LedgerModel::Compile, !shown || !shown->several_compilations());
    // A column that says nothing of any call is a word that could go; it comes back with a dump that tells
    // it.
    for (const LedgerModel::Column column : {LedgerModel::CallId, LedgerModel::RegionName,
             LedgerModel::Function, LedgerModel::Reason, LedgerModel::Trace, LedgerModel::Lookup,
             LedgerModel::StampOut, LedgerModel::Saved, LedgerModel::SourceColumn})
        table_->setColumnHidden(column, !model_->says(column));
    bool variants = false;
    if (shown) {
        for (const CompilationLedger& of : shown->ledger().compilations) {
            for (const Region& region : of.regions)
                variants = variants || region.body_count(CallSite::Backward) > 1;
        }
    }
    table_->setColumnHidden(LedgerModel::Variant, !variants);
    concluded_ = {};
    reasonSet_ = false;
    fitColumns();
    updateCounts();
    conclude();
}

void LedgerView::resizeEvent(QResizeEvent* event) {
    QWidget::resizeEvent(event);
    conclude();
}

// The line that concludes the compilation of the current call; of all, where one points at it.
void LedgerView::conclude() {
    const Document* document = model_->document();
    const QString text = conclusion();
    conclusion_->setVisible(!text.isEmpty());
    if (text.isEmpty())
        return;
    const int room = conclusion_->width() - 2 * metrics::kPad;
    const QString shown = conclusion_->fontMetrics().elidedText(text, Qt::ElideRight, std::max(room, 200));
    conclusion_->setText(QStringLiteral("<a href='why' style='text-decoration:none;color:%1'>%2</a>")
                             .arg(color(Role::Text).name(), shown.toHtmlEscaped()));
    QStringList all;
    for (const CompilationLedger& of : document->ledger().compilations)
        if (!of.invocations.empty() && document->dump().compilation(of.compilation).last_attempt
            && all.size() < kTold)
            all << qs(document->compile_label(of.compilation)) + QStringLiteral("  ")
                    + qs(document->explanation(of.compilation).headline);
    conclusion_->setToolTip(all.join(QLatin1Char('\n')));
}

QString LedgerView::conclusion() const {
    const Document* document = model_->document();
    if (!document || document->rows().empty() || !concluded_)
        return {};
    const QString label = document->several_compilations()
        ? qs(document->compile_label(concluded_)) + QStringLiteral("  ")
        : QString();
    return label + qs(document->explanation(concluded_).headline);
}

void LedgerView::setCurrent(std::optional<int> row) {
    model_->setCurrent(row);
    const Document* document = model_->document();
    // Without a current call, that of the first.
    const CompilationId of = document && !document->rows().empty()
        ? document->rows()[size_t(row.value_or(0))].compilation
        : CompilationId();
    if (of != concluded_) {
        concluded_ = of;
        conclude();
    }
    const QModelIndex cell = proxy_->mapFromSource(model_->index(row.value_or(-1), 0));
    quiet_ = true;
    if (cell.isValid()) {
        if (table_->currentIndex().row() != cell.row()
            || !table_->selectionModel()->isRowSelected(cell.row()))
            table_->selectRow(cell.row());
        table_->scrollTo(cell);
    } else {
        table_->clearSelection();
    }
    quiet_ = false;
}

QString LedgerView::filterText() const {
    return filter_->text();
}

void LedgerView::setFilterText(const QString& text) {
    filter_->setText(text);
    applyFilter();
}

void LedgerView::applyFilter() {
    debounce_.stop();
    quiet_ = true;
    const Status status = proxy_->setFilter(filter_->text());
    quiet_ = false;
    error_->setVisible(!status);
    filter_->setProperty("invalid", !status);
    QPalette palette = QApplication::palette(filter_);
    if (!status) {
        palette.setColor(QPalette::Text, color(Role::Failed));
        QPalette red = error_->palette();
        red.setColor(QPalette::WindowText, color(Role::Failed));
        error_->setPalette(red);
        error_->setText(qs(status.error().message));
    }
    filter_->setPalette(palette);
    setCurrent(model_->current());
    updateCounts();
}

// As it is when the person is done with it; one that is none is not kept.
void LedgerView::rememberFilter() {
    constexpr qsizetype kKept = 9;
    const QString text = filter_->text().trimmed();
    if (text.isEmpty() || !error_->isHidden() || (!used_.isEmpty() && used_.first() == text))
        return;
    used_.removeAll(text);
    used_.prepend(text);
    used_.resize(std::min(used_.size(), kKept));
    Q_EMIT usedFiltersChanged();
}

void LedgerView::showUsedFilters() {
    auto* menu = new QMenu(this);
    menu->setObjectName(QStringLiteral("ledgerUsedFiltersMenu"));
    menu->setAttribute(Qt::WA_DeleteOnClose);
    for (const QString& text : used_)
        menu->addAction(text, this, [this, text] { setFilterText(text); });
    if (used_.isEmpty())
        menu->addAction(tr("No filter was used yet"))->setEnabled(false);
    else
        menu->addSeparator();
    QAction* forget = menu->addAction(tr("Forget them"), this, [this] {
        used_.clear();
        Q_EMIT usedFiltersChanged();
    });
    forget->setEnabled(!used_.isEmpty());
    menu->popup(filter_->mapToGlobal(QPoint(0, filter_->height())));
}

QString LedgerView::summary() const {
    const Document* document = model_->document();
    if (!document)
        return {};
    if (document->rows().empty())
        return tr("No nested compile regions in this dump");
    const Totals totals = document->ledger().totals(document->dump());
    const auto part = [](Role role, Glyph glyph, const QString& text) {
        return QStringLiteral("<span style='color:%1'>%2 %3</span>")
            .arg(color(role).name(), glyphText(glyph), text);
    };
    QStringList parts;
    parts << QStringLiteral("<b>%1</b>").arg(qs(counted(uint64_t(totals.invocations), "invocation")));
    parts << part(Role::Traced, Glyph::Hollow, tr("%1 traced").arg(totals.traced));
    parts << part(Role::Reused, Glyph::Filled, tr("%1 reused").arg(totals.reused));
    int failed = 0;
    for (size_t row = 0; row < document->rows().size(); ++row)
        failed += document->invocation(int(row)).decision == Decision::Failed;
    if (failed)
        parts << part(Role::Failed, Glyph::Cross, tr("%1 failed").arg(failed));
    if (totals.saved_ms > 0)
        parts << tr("%1 saved").arg(qs(format_milliseconds(totals.saved_ms)));
    if (totals.saved_bytes > 0)
        parts << tr("%1 kept for backward").arg(qs(format_bytes(uint64_t(totals.saved_bytes))));
    return parts.join(kBetween);
}

// As many of its parts as there is room for, from the first on; the rest stands in the tooltip.
void LedgerView::fitSummary() {
    QStringList parts = summary().split(kBetween);
    const qsizetype all = parts.size();
    QTextDocument measure;
    measure.setDefaultFont(summary_->font());
    for (; !parts.isEmpty(); parts.removeLast()) {
        const QString text = parts.join(kBetween) + (parts.size() < all ? QStringLiteral(" …") : QString());
        measure.setHtml(text);
        if (measure.idealWidth() - 2 * measure.documentMargin() > summary_->width() && parts.size() > 1)
            continue;
        summary_->setText(text);
        break;
    }
    summary_->setToolTip(parts.size() < all ? summary() : QString());
}

void LedgerView::updateCounts() {
    const int total = model_->rowCount(), shown = proxy_->rowCount();
    shown_->setText(total == 0 ? QString() : tr("%1 of %2 shown").arg(shown).arg(total));
    QPalette quiet = shown_->palette();
    quiet.setColor(QPalette::WindowText, color(shown < total ? Role::Warning : Role::Quiet));
    shown_->setPalette(quiet);
    fitSummary();
}

void LedgerView::addTerm(const QString& sign, const QModelIndex& cell) {
    const QModelIndex source = proxy_->mapToSource(cell);
    const QString field = LedgerModel::fieldOf(source.column());
    QString value = source.data(Qt::DisplayRole).toString();
    if (field.isEmpty() || value.isEmpty())
        return;
    if (value.contains(QLatin1Char(' ')) || value.contains(QLatin1Char(':')))
        value = QStringLiteral("\"%1\"").arg(value);
    const QString before = filter_->text().trimmed();
    setFilterText(
        (before.isEmpty() ? QString() : before + QLatin1Char(' ')) + sign + field + QLatin1Char(':') + value);
}

QString LedgerView::textOfRow(const QModelIndex& cell) const {
    QStringList cells;
    for (int column = 0; column < LedgerModel::ColumnCount; ++column) {
        if (!table_->isColumnHidden(column))
            cells << cell.siblingAtColumn(column).data().toString();
    }
    return cells.join(QLatin1Char('\t'));
}

void LedgerView::copyRow(const QModelIndex& cell) {
    QApplication::clipboard()->setText(textOfRow(cell));
}

void LedgerView::showMenu(const QPoint& at) {
    const QModelIndex cell = table_->indexAt(at);
    if (!cell.isValid())
        return;
    const QString value = cell.data().toString();
    const bool filterable = !LedgerModel::fieldOf(cell.column()).isEmpty() && !value.isEmpty();
    QMenu menu(this);
    const int row = proxy_->mapToSource(cell).row();
    if (itemMenu_) {
        Item item;
        item.row = row;
        item.name = tr("call %1").arg(model_->document()->invocation(row).index);
        item.text = textOfRow(cell);
        itemMenu_(menu, item);
        menu.addSeparator();
    }
    QAction* in = menu.addAction(tr("Filter to “%1”").arg(value), this, [=, this] { addTerm({}, cell); });
    QAction* out = menu.addAction(
        tr("Filter out “%1”").arg(value), this, [=, this] { addTerm(QStringLiteral("-"), cell); });
    in->setEnabled(filterable);
    out->setEnabled(filterable);
    for (QAction* action : {in, out})
        action->setToolTip(filterable ? action->text() : tr("This column is not one that is filtered by"));
    menu.addSeparator();
    const std::optional<int> current = model_->current();
    QAction* compare = menu.addAction(current
            ? tr("Compare with call %1").arg(model_->document()->invocation(*current).index)
            : tr("Compare with the current call"),
        this, [=, this] { Q_EMIT comparisonAsked(*current, row); });
    compare->setEnabled(current && *current != row);
    compare->setToolTip(compare->isEnabled() ? compare->text()
            : current                        ? tr("It is the current call itself")
                                             : tr("No call is current"));
    menu.addSeparator();
    menu.addAction(icon(QStringLiteral("copy")), tr("Copy cell"), this,
        [value] { QApplication::clipboard()->setText(value); });
    menu.exec(table_->viewport()->mapToGlobal(at));
}

bool LedgerView::eventFilter(QObject* watched, QEvent* event) {
    if (watched == summary_ && event->type() == QEvent::Resize)
        fitSummary();
    if (watched == table_->viewport() && event->type() == QEvent::Resize)
        stretchReason();
    // The menu is about the row under the pointer: asking for it goes nowhere.
    if (watched == table_->viewport() && event->type() == QEvent::MouseButtonPress
        && static_cast<QMouseEvent*>(event)->button() == Qt::RightButton)
        return true;
    if (watched == filter_ && event->type() == QEvent::KeyPress
        && static_cast<QKeyEvent*>(event)->key() == Qt::Key_Down) {
        showUsedFilters();
        return true;
    }
    if (watched == table_ && event->type() == QEvent::KeyPress
        && static_cast<QKeyEvent*>(event)->matches(QKeySequence::Copy)) {
        if (table_->currentIndex().isValid())
            copyRow(table_->currentIndex());
        return true;
    }
    return QWidget::eventFilter(watched, event);
}

void LedgerView::follow(const Shown& shown, Changes changed) {
    if (changed & Change::Document)
        setDocument(shown.document);
    if (shown.document && changed & (Change::Document | Change::Place))
        setCurrent(shown.at.row);
}

} // namespace hopscope
