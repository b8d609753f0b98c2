#include "views/export/exportdialog.h"

#include "core/export/formats.h"
#include "views/base/text.h"
#include "views/base/theme.h"

#include <QCheckBox>
#include <QComboBox>
#include <QDialogButtonBox>
#include <QDir>
#include <QDoubleSpinBox>
#include <QFileDialog>
#include <QFileInfo>
#include <QFormLayout>
#include <QHBoxLayout>
#include <QLabel>
#include <QLineEdit>
#include <QPushButton>
#include <QRegularExpression>
#include <QVBoxLayout>

namespace hopscope {

ExportDialog::ExportDialog(std::shared_ptr<const Document> document, std::vector<ExportScope> scopes,
    int chosen, const QString& folder, QWidget* parent)
    : QDialog(parent)
    , document_(std::move(document))
    , scopes_(std::move(scopes))
    , folder_(folder)
    , what_(new QComboBox(this))
    , format_(new QComboBox(this))
    , path_(new QLineEdit(this))
    , light_(new QCheckBox(tr("&Light colours on white, for print"), this))
    , backward_(new QCheckBox(tr("With its other &half: forward down, backward up"), this))
    , repeats_(new QCheckBox(tr("Draw equal &blocks in a row once"), this))
    , expand_(new QCheckBox(tr("E&xpand regions in the place of their calls"), this))
    , legend_(new QCheckBox(tr("With a &legend below it"), this))
    , open_(new QCheckBox(tr("Show the file's f&older afterwards"), this))
    , scale_(new QDoubleSpinBox(this))
    , note_(new QLabel(this))
    , buttons_(new QDialogButtonBox(QDialogButtonBox::Cancel, this)) {
    setObjectName(QStringLiteral("exportDialog"));
    setWindowTitle(tr("Export"));
    setMinimumWidth(520);
    what_->setObjectName(QStringLiteral("exportScope"));
    for (const ExportScope& one : scopes_)
        what_->addItem(tr("%1: %2").arg(one.name, qs(document_->address(one.place))));
    what_->setCurrentIndex(chosen);
    format_->setObjectName(QStringLiteral("exportFormat"));
    for (const ExportFormat& format : export_formats())
        format_->addItem(qs(format.extension).toUpper(), qs(format.extension));
    path_->setObjectName(QStringLiteral("exportPath"));
    auto* browse = new QPushButton(tr("&Choose…"), this);
    browse->setObjectName(QStringLiteral("exportBrowse"));
    light_->setObjectName(QStringLiteral("exportLight"));
    light_->setChecked(true);
    backward_->setObjectName(QStringLiteral("exportWithBackward"));
    repeats_->setObjectName(QStringLiteral("exportFoldRepeats"));
    expand_->setObjectName(QStringLiteral("exportExpand"));
    legend_->setObjectName(QStringLiteral("exportLegend"));
    open_->setObjectName(QStringLiteral("exportOpenFolder"));
    scale_->setObjectName(QStringLiteral("exportScale"));
    scale_->setRange(0.25, 8);
    scale_->setSingleStep(0.5);
    scale_->setValue(2);
    scale_->setSuffix(QStringLiteral(" ×"));
    note_->setWordWrap(true);
    note_->setObjectName(QStringLiteral("exportNote"));

    auto* fileRow = new QHBoxLayout;
    fileRow->addWidget(path_, 1);
    fileRow->addWidget(browse);
    auto* form = new QFormLayout;
    form->addRow(tr("&What"), what_);
    form->addRow(tr("&Format"), format_);
    // A layout is nobody's buddy: without one the label would show its ampersand.
    auto* fileLabel = new QLabel(tr("F&ile"), this);
    fileLabel->setBuddy(path_);
    form->addRow(fileLabel, fileRow);
    form->addRow(tr("&Scale"), scale_);
    form->addRow(QString(), light_);
    form->addRow(QString(), backward_);
    form->addRow(QString(), repeats_);
    form->addRow(QString(), expand_);
    form->addRow(QString(), legend_);
    form->addRow(QString(), open_);
    QPushButton* go = buttons_->addButton(tr("&Export"), QDialogButtonBox::AcceptRole);
    go->setObjectName(QStringLiteral("exportGo"));
    auto* column = new QVBoxLayout(this);
    column->addLayout(form);
    column->addWidget(note_);
    column->addWidget(buttons_);

    connect(what_, &QComboBox::currentIndexChanged, this, &ExportDialog::suggestName);
    connect(scale_, &QDoubleSpinBox::valueChanged, this, &ExportDialog::update);
    for (const QCheckBox* box : {backward_, repeats_, expand_, legend_})
        connect(box, &QCheckBox::toggled, this, &ExportDialog::update);
    connect(format_, &QComboBox::currentIndexChanged, this, [this] {
        const QFileInfo info(path_->text());
        const QString format = format_->currentData().toString();
        if (info.suffix().toLower() != format)
            path_->setText(
                info.path() + QLatin1Char('/') + info.completeBaseName() + QLatin1Char('.') + format);
        update();
    });
    connect(path_, &QLineEdit::textEdited, this, [this] { named_ = true; });
    connect(path_, &QLineEdit::textChanged, this, [this](const QString& text) {
        const int index = format_->findData(QFileInfo(text).suffix().toLower());
        const QSignalBlocker block(format_);
        if (index >= 0)
            format_->setCurrentIndex(index);
        update();
    });
    connect(browse, &QPushButton::clicked, this, &ExportDialog::pickFile);
    connect(buttons_, &QDialogButtonBox::rejected, this, &QDialog::reject);
    connect(buttons_, &QDialogButtonBox::accepted, this, [this] {
        Q_EMIT exportRequested(request());
        accept();
    });
    suggestName();
}

void ExportDialog::setScope(int scope) {
    what_->setCurrentIndex(scope);
}

bool ExportDialog::opensFolder() const {
    return open_->isChecked();
}

const ExportScope& ExportDialog::scope() const {
    return scopes_[size_t(qMax(0, what_->currentIndex()))];
}

// "About 3,432 × 9,312 pixels", of a picture that is at hand as it will be drawn.
QString ExportDialog::sizeText() const {
    const PictureChoice& choice = request().choice;
    if (!scale_->isEnabled() || scope().size.isEmpty() || choice != scope().choice)
        return {};
    const QSizeF pixels = QSizeF(scope().size) * scale_->value();
    return tr("About %1 × %2 pixels.")
        .arg(grouped(uint64_t(pixels.width())), grouped(uint64_t(pixels.height())));
}

void ExportDialog::setPath(const QString& path) {
    named_ = true;
    path_->setText(path);
}

void ExportDialog::suggestName() {
    if (!named_) {
        const Place& place = scope().place;
        QString name = qs(document_->dump().name + "-" + document_->address(place));
        name.replace(QRegularExpression(QStringLiteral("[^A-Za-z0-9_.#-]+")), QStringLiteral("-"));
        path_->setText(QDir(folder_).filePath(name + QLatin1Char('.') + format_->currentData().toString()));
    }
    update();
}

void ExportDialog::pickFile() {
    QStringList filters;
    for (const ExportFormat& format : export_formats())
        filters << QStringLiteral("%1 (*.%2)").arg(qs(format.extension).toUpper(), qs(format.extension));
    const QString chosen = QFileDialog::getSaveFileName(
        this, tr("Export to"), path_->text(), filters.join(QStringLiteral(";;")));
    if (!chosen.isEmpty())
        setPath(chosen);
}

void ExportDialog::update() {
    const ExportFormat* format = export_format(ss(QFileInfo(path_->text()).suffix()));
    const bool picture = format && format->coloured;
    const bool pixels = format && format->pixels;
    scale_->setEnabled(pixels);
    scale_->setToolTip(pixels ? tr("Pixels per point of the picture") : tr("Only a PNG has pixels"));
    light_->setEnabled(picture);
    light_->setToolTip(picture ? QString() : tr("Only pictures have colours"));
    legend_->setEnabled(picture);
    legend_->setToolTip(picture ? tr("What the colours, letters, marks and lines in it mean")
                                : tr("Only pictures have colours"));
    const bool whole = scope().choice.plain(); // else it goes out as it is drawn in the window
    const QString drawn = tr("It goes out as it is drawn in the window");
    const bool pair = has_other_half(document_->dump(), scope().place);
    backward_->setEnabled(picture && pair && whole);
    backward_->setToolTip(!picture ? tr("Only pictures show two bodies")
            : !whole               ? drawn
            : pair                 ? tr("Saved values as dashed lines between the halves")
                                   : tr("This body has no other half in the dump"));
    const bool both = backward_->isEnabled() && backward_->isChecked();
    repeats_->setEnabled(picture && !both && whole);
    repeats_->setToolTip(!picture ? tr("Only pictures are folded")
            : !whole              ? drawn
            : both                ? tr("Two halves beside each other are not folded")
                                  : tr("Layers, or calls of one region: once, with how many they are"));
    const bool calls = calls_regions(document_->dump(), scope().place);
    expand_->setEnabled(picture && calls && whole);
    expand_->setToolTip(!picture ? tr("Only pictures are expanded")
            : !whole             ? drawn
            : calls              ? tr("Each with a frame around what its body does")
                                 : tr("This body calls no region"));
    QString note;
    if (path_->text().isEmpty())
        note = tr("Give a file name.");
    else if (!format)
        note = tr("The extension must be %1.").arg(qs(export_format_list()));
    else if (QFileInfo::exists(path_->text()))
        note = tr("A file of this name is there and will be replaced.");
    if (const QString size = sizeText(); !size.isEmpty())
        note += (note.isEmpty() ? QString() : QStringLiteral(" ")) + size;
    note_->setText(note);
    for (QAbstractButton* button : buttons_->buttons()) {
        if (buttons_->buttonRole(button) == QDialogButtonBox::AcceptRole)
            button->setEnabled(format);
    }
}

ExportRequest ExportDialog::request() const {
    ExportRequest request;
    request.place = scope().place;
    request.choice = scope().choice;
    request.path = path_->text();
    request.plain = light_->isChecked();
    request.dark = Theme::instance().isDark();
    request.scale = scale_->value();
    request.choice.with_backward |= backward_->isEnabled() && backward_->isChecked();
    request.choice.fold_repeats |= repeats_->isEnabled() && repeats_->isChecked();
    request.choice.legend = legend_->isEnabled() && legend_->isChecked();
    if (expand_->isEnabled() && expand_->isChecked())
        request.choice.expand = {"all"};
    return request;
}

} // namespace hopscope
