#include "views/compare/compareview.h"

#include "core/base/text.h"
#include "core/export/comparison_json.h"
#include "views/base/text.h"
#include "views/base/theme.h"
#include "views/base/valuetext.h"

#include <QApplication>
#include <QCheckBox>
#include <QClipboard>
#include <QComboBox>
#include <QFileDialog>
#include <QFileInfo>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QLabel>
#include <QLineEdit>
#include <QTableView>
#include <QToolButton>

namespace hopscope {

using Against = run::CompareRequest::Against;

CompareView::CompareView(RunController* controller, QWidget* parent)
    : QWidget(parent)
    , controller_(controller)
    , model_(new CompareModel(this))
    , filter_(new CompareFilter(this))
    , against_(new QComboBox(this))
    , other_(new QLineEdit(this))
    , choose_(new QToolButton(this))
    , tolerances_(new QLineEdit(this))
    , alone_(new QCheckBox(tr("Node by node"), this))
    , start_(new QToolButton(this))
    , first_(new QToolButton(this))
    , copy_(new QToolButton(this))
    , verdict_(new QLabel(this))
    , basis_(new QLabel(this))
    , words_(new QLineEdit(this))
    , table_(new QTableView(this)) {
    setObjectName(QStringLiteral("compareView"));
    filter_->setSourceModel(model_);
    const auto named = [](QWidget* widget, const char* object, const QString& accessible) {
        widget->setObjectName(QLatin1String(object));
        widget->setAccessibleName(accessible);
        widget->setToolTip(accessible);
    };
    named(against_, "compareAgainst", tr("What to compare with"));
    named(other_, "compareOther", tr("The other values or run"));
    named(choose_, "compareChoose", tr("Choose a file of values"));
    named(tolerances_, "compareTolerances",
        tr("Fixed tolerances by dtype, as float32=1e-5, in place of the noise floor"));
    named(alone_, "compareAlone",
        tr("Give each node the other's values, so that errors do not add up: only what is wrong itself "
           "differs"));
    named(start_, "compareStart", tr("Compare"));
    named(first_, "compareFirst", tr("Go to the first value that is suspicious"));
    named(copy_, "compareCopy", tr("Copy the comparison as JSON"));
    named(verdict_, "compareVerdict", tr("Result of the comparison"));
    named(basis_, "compareBasis", tr("On which inputs it was compared"));
    named(words_, "compareFilter", tr("Filter the values"));
    named(table_, "compareTable", tr("Compared values"));
    alone_->setChecked(true); // where there are recorded values, and unless tolerances are named
    verdict_->setToolTip({});
    table_->setToolTip({});
    against_->addItem(tr("with float64"), int(Against::Float64));
    against_->addItem(tr("with recorded values"), int(Against::Recorded));
    against_->addItem(tr("with another run"), int(Against::Run));
    choose_->setIcon(icon(QStringLiteral("open")));
    choose_->setAutoRaise(true);
    start_->setText(tr("Compare"));
    start_->setIcon(icon(QStringLiteral("run")));
    start_->setToolButtonStyle(Qt::ToolButtonTextBesideIcon);
    first_->setText(tr("First divergence"));
    first_->setIcon(icon(QStringLiteral("goto")));
    first_->setToolButtonStyle(Qt::ToolButtonTextBesideIcon);
    first_->setAutoRaise(true);
    copy_->setIcon(icon(QStringLiteral("copy")));
    copy_->setAutoRaise(true);
    words_->setPlaceholderText(tr("Filter: suspicious, dtype:float32, addmm"));
    words_->setClearButtonEnabled(true);
    tolerances_->setPlaceholderText(tr("noise floor"));
    verdict_->setTextInteractionFlags(Qt::TextSelectableByMouse);
    basis_->setTextInteractionFlags(Qt::TextSelectableByMouse);
    basis_->setTextFormat(Qt::PlainText);
    basis_->setWordWrap(true);
    basis_->setContentsMargins(metrics::kPadLarge, 0, metrics::kPadLarge, metrics::kPadSmall);
    verdict_->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Preferred);
    other_->setMinimumWidth(180);
    tolerances_->setMinimumWidth(180);
    words_->setMaximumWidth(300);

    table_->setModel(filter_);
    table_->setSortingEnabled(true);
    table_->sortByColumn(CompareModel::Ok, Qt::AscendingOrder);
    table_->setSelectionBehavior(QAbstractItemView::SelectRows);
    table_->setSelectionMode(QAbstractItemView::SingleSelection);
    table_->setShowGrid(false);
    table_->setWordWrap(false);
    table_->setTabKeyNavigation(false);
    table_->setFrameShape(QFrame::NoFrame);
    table_->verticalHeader()->hide();
    keepRows(table_);
    const int widths[] = {230, 92, 260, 80, 92, 92, 92, 170, 110, 110};
    for (int c = 0; c < CompareModel::ColumnCount; ++c)
        table_->setColumnWidth(c, widths[c]);

    auto* controls = new QHBoxLayout;
    controls->setContentsMargins(
        metrics::kPadLarge, metrics::kPadSmall, metrics::kPadLarge, metrics::kPadSmall);
    controls->setSpacing(metrics::kPad);
    controls->addWidget(start_);
    controls->addWidget(against_);
    controls->addWidget(other_, 2);
    controls->addWidget(choose_);
    controls->addWidget(new QLabel(tr("tolerance"), this));
    controls->addWidget(tolerances_, 2);
    controls->addWidget(alone_);
    auto* result = new QHBoxLayout;
    result->setContentsMargins(metrics::kPadLarge, 0, metrics::kPadLarge, metrics::kPadSmall);
    result->setSpacing(metrics::kPad);
    result->addWidget(verdict_, 1);
    result->addWidget(first_);
    result->addWidget(copy_);
    result->addWidget(words_, 1);
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    column->addLayout(controls);
    column->addLayout(result);
    column->addWidget(basis_);
    column->addWidget(table_, 1);

    connect(start_, &QToolButton::clicked, this, &CompareView::start);
    connect(tolerances_, &QLineEdit::returnPressed, this, &CompareView::start);
    connect(against_, &QComboBox::currentIndexChanged, this, &CompareView::update);
    connect(alone_, &QCheckBox::toggled, this, &CompareView::update);
    connect(choose_, &QToolButton::clicked, this, [this] {
        const QString path = QFileDialog::getOpenFileName(this, tr("Values to compare with"), other_->text(),
            tr("Values (*.safetensors *.safetensors.gz);;All files (*)"));
        if (!path.isEmpty())
            other_->setText(path);
    });
    connect(words_, &QLineEdit::textChanged, this, [this](const QString& text) {
        filter_->setWords(text);
        show();
    });
    connect(first_, &QToolButton::clicked, this, &CompareView::selectFirst);
    connect(copy_, &QToolButton::clicked, this, &CompareView::copyJson);
    const auto choose = [this](const QModelIndex& at) {
        const run::ComparedValue* value = model_->valueAt(filter_->mapToSource(at).row());
        if (value && value->node)
            Q_EMIT valueChosen(*value);
    };
    connect(table_, &QTableView::activated, this, choose);
    connect(table_, &QTableView::clicked, this, choose);
    connect(controller_, &RunController::compared, this, [this] {
        model_->setComparison(controller_->comparison());
        show();
        selectFirst();
    });
    connect(controller_, &RunController::stateChanged, this, &CompareView::update);
    connect(&Theme::instance(), &Theme::changed, this, &CompareView::show);
    update();
    show();
}

Result<RunController::CompareOptions> CompareView::options() const {
    RunController::CompareOptions options;
    options.against = Against(against_->currentData().toInt());
    if (options.against == Against::Recorded)
        options.alone = alone_->isChecked();
    const QString other = other_->text().trimmed();
    std::vector<std::string> words;
    for (const QString& word : tolerances_->text().split(QLatin1Char(' '), Qt::SkipEmptyParts))
        words.push_back(ss(word));
    const auto tolerances = run::tolerances_of(words);
    if (!tolerances)
        return tolerances.error();
    options.tolerances = *tolerances;
    if (options.against == Against::Float64)
        return options;
    bool number = false;
    const qulonglong seed = other.toULongLong(&number);
    if (options.against == Against::Run && number) {
        options.seed = seed;
        return options;
    }
    if (other.isEmpty() || !QFileInfo::exists(other))
        return make_error(Error::Kind::Usage,
            other.isEmpty() ? options.against == Against::Run
                    ? "name a seed or a file of inputs for the other run"
                    : "name a file of recorded values"
                            : ss(other) + " is not there");
    (options.against == Against::Run ? options.inputs : options.reference) = ss(other);
    return options;
}

void CompareView::start() {
    const auto wanted = options();
    if (!wanted) {
        verdict_->setText(QStringLiteral("<span style='color:%1'>%2</span>")
                              .arg(color(Role::Failed).name(), qs(wanted.error().message).toHtmlEscaped()));
        return;
    }
    controller_->compare(*wanted);
}

void CompareView::setRecorded(const QString& file) {
    against_->setCurrentIndex(against_->findData(int(Against::Recorded)));
    other_->setText(file);
}

// The values' names take what the others leave; where that is too little to read them, the table scrolls.
void CompareView::resizeEvent(QResizeEvent* event) {
    constexpr int kLeast = 180;
    QWidget::resizeEvent(event);
    int room = table_->width() - table_->style()->pixelMetric(QStyle::PM_ScrollBarExtent);
    for (int c = 0; c < CompareModel::ColumnCount; ++c)
        if (c != CompareModel::Path)
            room -= table_->columnWidth(c);
    table_->setColumnWidth(CompareModel::Path, std::max(kLeast, room));
}

void CompareView::update() {
    const auto against = Against(against_->currentData().toInt());
    const bool ready = controller_->state() == RunController::State::Ready;
    start_->setEnabled(ready);
    start_->setToolTip(ready ? tr("Compare") : tr("Compare – nothing runs; F5 runs a body"));
    other_->setVisible(against != Against::Float64);
    choose_->setVisible(against != Against::Float64);
    other_->setPlaceholderText(against == Against::Run
            ? tr("a seed, or a file of inputs")
            : tr("a .safetensors file with the values of the nodes"));
    // The recorded values that the run was given are what it is compared with, unless others are named.
    if (against == Against::Recorded && other_->text().isEmpty())
        other_->setText(qs(controller_->request().reference.empty() ? controller_->request().inputs
                                                                    : controller_->request().reference));
    alone_->setVisible(against == Against::Recorded);
}

void CompareView::show() {
    const auto c = controller_->comparison();
    QStringList basis;
    if (c)
        for (const std::string& text : {c->basis, run::unrecorded_text(*c)})
            if (!text.empty())
                basis << qs(text);
    basis_->setText(basis.join(QLatin1Char('\n')));
    QPalette palette = basis_->palette();
    palette.setColor(QPalette::WindowText, color(Role::Warning));
    basis_->setPalette(palette);
    basis_->setVisible(!basis.isEmpty());
    first_->setEnabled(c && c->first);
    copy_->setEnabled(c != nullptr);
    if (!c) {
        const QString error = controller_->compareError();
        verdict_->setText(
            QStringLiteral("<span style='color:%1'>%2</span>")
                .arg(color(error.isEmpty() ? Role::Quiet : Role::Failed).name(),
                    (error.isEmpty() ? tr("Nothing was compared yet.") : error).toHtmlEscaped()));
        return;
    }
    QString text = c->mismatched ? QStringLiteral("<b style='color:%1'>✗ %2</b>")
                                       .arg(color(Role::Failed).name(), qs(run::verdicts_text(*c)))
                                 : QStringLiteral("<b style='color:%1'>✓ %2</b>")
                                       .arg(color(Role::Reused).name(), qs(run::verdicts_text(*c)));
    text += tr(" · against %1%2 · largest difference %3, relative %4")
                .arg(qs(c->against).toHtmlEscaped(), c->alone ? tr(", node by node") : tr(", as a whole"),
                    numberText(c->max_abs), numberText(c->max_rel));
    if (c->first)
        text += tr(" · first at <b>%1</b>").arg(qs(c->values[*c->first].path).toHtmlEscaped());
    if (!c->random.empty())
        text += tr(" · %1 took the recorded value").arg(qs(counted(c->random.size(), "random node")));
    if (c->failure)
        text += QStringLiteral(" · <span style='color:%1'>%2</span>")
                    .arg(color(Role::Failed).name(), qs(c->failure->message).toHtmlEscaped());
    if (filter_->rowCount() != model_->rowCount())
        text += tr(" · %1 of %2 shown").arg(filter_->rowCount()).arg(model_->rowCount());
    text += QStringLiteral(" · <span style='color:%1'>%2</span>")
                .arg(color(controller_->synthetic() ? Role::Warning : Role::Quiet).name(),
                    controller_->inputsText().toHtmlEscaped());
    verdict_->setText(text);
}

// On both sides: the row here, the node there.
void CompareView::selectFirst() {
    const auto c = controller_->comparison();
    const std::optional<int> row = c && c->first ? model_->rowOf(*c->first) : std::nullopt;
    if (!row)
        return;
    const QModelIndex at = filter_->mapFromSource(model_->index(*row, 0));
    if (at.isValid()) {
        table_->selectRow(at.row());
        table_->scrollTo(at);
    }
    const run::ComparedValue* compared = model_->valueAt(*row);
    if (compared && compared->node)
        Q_EMIT valueChosen(*compared);
}

void CompareView::copyJson() {
    if (const auto c = controller_->comparison()) {
        QApplication::clipboard()->setText(qs(comparison_text(c->against, c->basis, *c)));
        Q_EMIT message(tr("Copied the comparison as JSON"), false);
    }
}

QString CompareView::basis() const {
    return basis_->text();
}

QString CompareView::verdict() const {
    QString plain = verdict_->text();
    return plain.remove(QRegularExpression(QStringLiteral("<[^>]*>")));
}

} // namespace hopscope
