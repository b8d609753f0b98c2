#include "views/run/rundialog.h"

#include "core/base/text.h"
#include "core/run/default_symbols.h"
#include "core/run/inputs.h"
#include "views/base/text.h"
#include "views/base/theme.h"

#include <QButtonGroup>
#include <QCheckBox>
#include <QComboBox>
#include <QDialogButtonBox>
#include <QFileDialog>
#include <QFileInfo>
#include <QFormLayout>
#include <QLabel>
#include <QLineEdit>
#include <QPushButton>
#include <QRadioButton>
#include <QSpinBox>
#include <QToolButton>

namespace hopscope {

RunDialog::RunDialog(std::shared_ptr<const Document> document, std::vector<std::pair<QString, Place>> bodies,
    int chosen, const run::Request& before, Forecasts* forecasts, QWidget* parent)
    : QDialog(parent)
    , document_(std::move(document))
    , bodies_(std::move(bodies))
    , body_(new QComboBox(this))
    , calls_(new QLabel(this))
    , invocation_(new QSpinBox(this))
    , synthetic_(new QRadioButton(tr("&Synthetic, from the recorded types and this seed"), this))
    , recorded_(new QRadioButton(tr("&Recorded, from a file or a folder"), this))
    , seed_(new QSpinBox(this))
    , inputs_(new QLineEdit(this))
    , reference_(new QLineEdit(this))
    , bind_(new QLineEdit(this))
    , memory_(new QSpinBox(this))
    , library_(new QLineEdit(this))
    , trust_(new QCheckBox(tr("Run the code of this library: I trust it"), this))
    , note_(new QLabel(this))
    , forecasts_(forecasts)
    , forecast_(new QLabel(this))
    , buttons_(new QDialogButtonBox(QDialogButtonBox::Cancel, this)) {
    setObjectName(QStringLiteral("runDialog"));
    setWindowTitle(tr("Run a Body"));
    for (const auto& [name, place] : bodies_)
        body_->addItem(QStringLiteral("%1: %2").arg(name, qs(document_->address(place))));
    const auto named = [](QWidget* widget, const QString& object, const QString& accessible) {
        widget->setObjectName(object);
        widget->setAccessibleName(accessible);
    };
    named(body_, QStringLiteral("runBody"), tr("What is run"));
    named(invocation_, QStringLiteral("runInvocation"), tr("Which call of the body"));
    named(synthetic_, QStringLiteral("runSynthetic"), tr("Synthetic inputs"));
    named(recorded_, QStringLiteral("runRecorded"), tr("Recorded inputs"));
    named(seed_, QStringLiteral("runSeed"), tr("Seed"));
    named(inputs_, QStringLiteral("runInputs"), tr("File or folder of inputs"));
    named(reference_, QStringLiteral("runReference"), tr("Recorded values to compare with"));
    named(bind_, QStringLiteral("runBind"), tr("Values of symbols"));
    named(memory_, QStringLiteral("runMemory"), tr("Memory limit"));
    named(library_, QStringLiteral("runLibrary"), tr("Library of custom operators"));
    named(trust_, QStringLiteral("runTrust"), tr("Run the code of this library"));
    named(note_, QStringLiteral("runNote"), tr("What is missing"));
    named(forecast_, QStringLiteral("runForecast"), tr("Whether it will run to its end"));
    forecast_->setWordWrap(true);
    forecast_->setTextInteractionFlags(Qt::TextSelectableByMouse | Qt::TextSelectableByKeyboard);
    seed_->setRange(0, 1'000'000'000);
    seed_->setValue(before.seed ? int(*before.seed) : 1);
    memory_->setRange(0, 4096);
    memory_->setSuffix(tr(" GiB"));
    memory_->setSpecialValueText(tr("half of this machine's"));
    memory_->setValue(int(before.memory >> 30));
    inputs_->setText(qs(before.inputs));
    reference_->setText(qs(before.reference));
    bind_->setText(qsl(before.bind).join(QLatin1Char(' ')));
    library_->setPlaceholderText(tr("None: custom operators stop the run by name"));
    (before.inputs.empty() ? synthetic_ : recorded_)->setChecked(true);

    const QString tensors = tr("Values (*.safetensors *.safetensors.gz *.npy *.pt);;All files (*)");
    const auto label = [this](const QString& text, QWidget* buddy) {
        auto* l = new QLabel(text, this);
        l->setBuddy(buddy);
        return l;
    };
    auto* callRow = new QHBoxLayout;
    callRow->setSpacing(metrics::kPad);
    auto* memoryRow = new QHBoxLayout;
    memoryRow->addWidget(memory_);
    memoryRow->addStretch(1);
    callRow->addWidget(invocation_);
    callRow->addWidget(calls_, 1);
    auto* seedRow = new QHBoxLayout;
    seedRow->addWidget(synthetic_);
    seedRow->addWidget(seed_);
    seedRow->addStretch(1);
    auto* form = new QFormLayout(this);
    form->setHorizontalSpacing(metrics::kPadLarge);
    form->setVerticalSpacing(metrics::kPad);
    form->setFieldGrowthPolicy(QFormLayout::AllNonFixedFieldsGrow);
    form->addRow(tr("&Body"), body_);
    form->addRow(label(tr("&Call"), invocation_), callRow);
    form->addRow(tr("Inputs"), seedRow);
    form->addRow(QString(), recorded_);
    form->addRow(QString(), pathRow(inputs_, tr("Inputs of the body"), tensors, true));
    form->addRow(
        label(tr("Compare &with"), reference_), pathRow(reference_, tr("Recorded values"), tensors, false));
    form->addRow(tr("S&ymbols"), bind_);
    form->addRow(label(tr("&Memory limit"), memory_), memoryRow);
    form->addRow(label(tr("Custom &operators"), library_),
        pathRow(
            library_, tr("A shared library"), tr("Shared libraries (*.so *.so.*);;All files (*)"), false));
    form->addRow(QString(), trust_);
    form->addRow(tr("Will it run?"), forecast_);
    form->addRow(QString(), note_);
    form->addRow(buttons_);
    run_ = buttons_->addButton(tr("R&un"), QDialogButtonBox::AcceptRole);
    run_->setObjectName(QStringLiteral("runAccept"));
    run_->setDefault(true);
    note_->setWordWrap(true);
    setMinimumWidth(620);

    connect(buttons_, &QDialogButtonBox::accepted, this, [this] {
        Q_EMIT runRequested(request());
        accept();
    });
    connect(buttons_, &QDialogButtonBox::rejected, this, &QDialog::reject);
    connect(body_, &QComboBox::currentIndexChanged, this, &RunDialog::update);
    for (QLineEdit* edit : {inputs_, reference_, bind_, library_})
        connect(edit, &QLineEdit::textChanged, this, &RunDialog::update);
    connect(inputs_, &QLineEdit::textEdited, recorded_, [this] { recorded_->setChecked(true); });
    connect(synthetic_, &QRadioButton::toggled, this, &RunDialog::update);
    connect(trust_, &QCheckBox::toggled, this, &RunDialog::update);
    connect(forecasts_, &Forecasts::changed, this, &RunDialog::showForecast);
    body_->setCurrentIndex(chosen);
    invocation_->setValue(before.invocation.value_or(0));
    update();
}

QWidget* RunDialog::pathRow(QLineEdit* edit, const QString& title, const QString& filter, bool folders) {
    auto* box = new QWidget(this);
    auto* row = new QHBoxLayout(box);
    row->setContentsMargins(0, 0, 0, 0);
    row->setSpacing(metrics::kPadSmall);
    row->addWidget(edit, 1);
    const auto button = [&](const QString& iconName, const QString& tip, bool folder) {
        auto* b = new QToolButton(box);
        b->setIcon(icon(iconName));
        b->setAutoRaise(true);
        b->setAccessibleName(tip);
        b->setToolTip(tip);
        row->addWidget(b);
        connect(b, &QToolButton::clicked, this, [=, this] {
            const QString from = edit->text().isEmpty() ? QString() : QFileInfo(edit->text()).path();
            const QString path = folder ? QFileDialog::getExistingDirectory(this, title, from)
                                        : QFileDialog::getOpenFileName(this, title, from, filter);
            if (path.isEmpty())
                return;
            edit->setText(path);
            if (edit == inputs_)
                recorded_->setChecked(true);
        });
    };
    button(QStringLiteral("open"), tr("Choose a file"), false);
    if (folders)
        button(QStringLiteral("folder"), tr("Choose a folder with a NAME.npy for each placeholder"), true);
    return box;
}

run::Request RunDialog::request() const {
    run::Request request;
    const Place place = bodies_[size_t(body_->currentIndex())].second;
    request.address = document_->address(place);
    if (invocation_->isEnabled())
        request.invocation = invocation_->value();
    if (synthetic_->isChecked())
        request.seed = uint64_t(seed_->value());
    else
        request.inputs = ss(inputs_->text().trimmed());
    request.reference = ss(reference_->text().trimmed());
    for (const QString& word :
        bind_->text().split(QRegularExpression(QStringLiteral("[\\s,;]+")), Qt::SkipEmptyParts))
        request.bind.push_back(ss(word));
    request.memory = uint64_t(memory_->value()) << 30;
    if (!library_->text().trimmed().isEmpty() && trust_->isChecked())
        request.libraries.push_back(ss(library_->text().trimmed()));
    return request;
}

QString RunDialog::problem() const {
    const auto exists = [](const QLineEdit* edit) { return QFileInfo::exists(edit->text().trimmed()); };
    if (recorded_->isChecked() && inputs_->text().trimmed().isEmpty())
        return tr("Name a file or a folder with the inputs.");
    if (recorded_->isChecked() && !exists(inputs_))
        return tr("%1 is not there.").arg(inputs_->text().trimmed());
    if (!reference_->text().trimmed().isEmpty() && !exists(reference_))
        return tr("%1 is not there.").arg(reference_->text().trimmed());
    const run::Request wanted = request();
    if (const auto bindings = run::bindings_of(wanted.bind); !bindings)
        return qs(bindings.error().message).remove(QStringLiteral("--bind "));
    if (!library_->text().trimmed().isEmpty() && !exists(library_))
        return tr("%1 is not there.").arg(library_->text().trimmed());
    if (!library_->text().trimmed().isEmpty() && !trust_->isChecked())
        return tr(
            "A library's code runs with all your rights until the executor shuts itself off: say that you "
            "trust it, or take it out.");
    return {};
}

// Asked once the body is shown, on an executor that takes a moment to start: running need not wait for it.
void RunDialog::showForecast() {
    const Place place = bodies_[size_t(body_->currentIndex())].second;
    forecasts_->ask(place.graph);
    const QString told = forecasts_->text(place);
    forecast_->setText(told.isEmpty() ? tr("An executor is being asked…") : told);
    QPalette palette = forecast_->palette();
    palette.setColor(QPalette::WindowText,
        color(told.isEmpty()               ? Role::Quiet
                : forecasts_->stops(place) ? Role::Failed
                                           : Role::Text));
    forecast_->setPalette(palette);
}

void RunDialog::update() {
    const Place place = bodies_[size_t(body_->currentIndex())].second;
    const size_t calls =
        place.body.index == 0 ? 0 : run::call_prefixes(document_->module(place.graph), place.body).size();
    invocation_->setEnabled(calls > 0);
    invocation_->setRange(0, int(calls > 0 ? calls - 1 : 0));
    calls_->setText(calls > 0
            ? tr("of %1 in this graph; recorded values are taken from it").arg(qs(counted(calls, "call")))
            : tr("the whole graph"));
    calls_->setForegroundRole(QPalette::PlaceholderText);
    // What a symbol gets that is not given, so that the person sees it before.
    Bindings none;
    QStringList symbols;
    for (const run::DefaultSymbol& symbol : run::bind_default_symbols(document_->module(place.graph),
             place.body, run::symbol_hints(document_->dump(), place.graph), none))
        symbols << QStringLiteral("%1=%2").arg(qs(symbol.name)).arg(symbol.value);
    bind_->setPlaceholderText(symbols.isEmpty()
            ? tr("no size of the inputs is a symbol")
            : tr("%1, if nothing is given").arg(symbols.join(QLatin1Char(' '))));
    showForecast();
    seed_->setEnabled(synthetic_->isChecked());
    trust_->setVisible(!library_->text().trimmed().isEmpty());
    const QString wrong = problem();
    note_->setText(wrong);
    note_->setVisible(!wrong.isEmpty());
    QPalette palette = note_->palette();
    palette.setColor(QPalette::WindowText, color(Role::Failed));
    note_->setPalette(palette);
    run_->setEnabled(wrong.isEmpty());
}

} // namespace hopscope
