#include "views/shell/startpage.h"

#include "views/base/resources.h"
#include "views/base/text.h"
#include "views/base/theme.h"
#include "views/shell/recents.h"

#include <QAction>
#include <QApplication>
#include <QClipboard>
#include <QFile>
#include <QHBoxLayout>
#include <QLabel>
#include <QPlainTextEdit>
#include <QPushButton>
#include <QVBoxLayout>

namespace hopscope {

namespace {
constexpr int kWidth = 700; // the longest command that is shown fits

QPushButton* buttonFor(QAction* action, QWidget* parent) {
    auto* button = new QPushButton(action->icon(), action->text().remove(QLatin1Char('&')), parent);
    button->setObjectName(QStringLiteral("start.") + action->objectName());
    button->setToolTip(action->toolTip());
    button->setAccessibleName(button->text());
    button->setEnabled(action->isEnabled());
    QObject::connect(button, &QPushButton::clicked, action, &QAction::trigger);
    QObject::connect(action, &QAction::changed, button, [button, action] {
        button->setEnabled(action->isEnabled());
        button->setToolTip(action->toolTip());
    });
    return button;
}
// The first forms of the manual's page that have a command: "TORCH_TRACE log: `TORCH_TRACE=… python x.py`".
QString recordingLines() {
    constexpr int kShown = 4;
    QFile page(resourceFolder(QStringLiteral("help")) + QStringLiteral("/inputs.md"));
    if (!page.open(QIODevice::ReadOnly))
        return {};
    QStringList lines;
    const QStringList all = QString::fromUtf8(page.readAll()).split(QLatin1Char('\n'));
    for (const QString& line : all) {
        const QStringList cells = line.split(QLatin1Char('|'));
        if (lines.size() < kShown && cells.size() > 3 && cells[2].contains(QLatin1Char('`')))
            lines << QStringLiteral("- %1: %2").arg(cells[1].trimmed(), cells[2].trimmed());
    }
    return lines.join(QLatin1Char('\n'));
}
} // namespace

StartPage::StartPage(QAction* open, QAction* openFolder, QAction* paste, QAction* sample, QWidget* parent)
    : QWidget(parent)
    , error_(new QWidget(this))
    , errorTitle_(new QLabel(error_))
    , errorText_(new QPlainTextEdit(error_))
    , recentTitle_(new QLabel(tr("Recent"), this))
    , recents_(new QVBoxLayout) {
    setObjectName(QStringLiteral("startPage"));
    auto* title = new QLabel(tr("Hopscope"), this);
    keepFont(title, [] { return uiFont(Size::Large); });
    auto* what = new QLabel(
        tr("Which regions were compiled once and reused, where the caches missed, and what each call "
           "saves for backward. Open what TORCH_TRACE wrote, or drop it anywhere on this window; a graph in "
           "a log or a report can be pasted."),
        this);
    what->setWordWrap(true);
    QPalette quiet = what->palette();
    quiet.setColor(QPalette::WindowText, color(Role::Quiet));
    what->setPalette(quiet);
    keepFont(recentTitle_, titleFont);

    errorTitle_->setObjectName(QStringLiteral("errorTitle"));
    errorTitle_->setWordWrap(true);
    errorText_->setObjectName(QStringLiteral("errorText"));
    errorText_->setAccessibleName(tr("The error"));
    errorText_->setReadOnly(true);
    keepFont(errorText_, [] { return monoFont(Size::Small); });
    errorText_->setMaximumHeight(110);
    auto* copy = new QPushButton(icon(QStringLiteral("copy")), tr("Copy"), error_);
    copy->setObjectName(QStringLiteral("errorCopy"));
    copy->setToolTip(tr("Copy the error"));
    connect(copy, &QPushButton::clicked, this,
        [this] { QApplication::clipboard()->setText(errorText_->toPlainText()); });
    auto* errorRow = new QHBoxLayout;
    errorRow->addWidget(errorTitle_, 1);
    errorRow->addWidget(copy);
    auto* errorColumn = new QVBoxLayout(error_);
    errorColumn->setContentsMargins(0, metrics::kPadLarge, 0, 0);
    errorColumn->addLayout(errorRow);
    errorColumn->addWidget(errorText_);
    error_->hide();

    auto* buttons = new QHBoxLayout;
    buttons->setSpacing(metrics::kPad);
    buttons->addWidget(buttonFor(open, this));
    buttons->addWidget(buttonFor(openFolder, this));
    buttons->addStretch();
    // Two rows: in one, the page would not let the window become as narrow as a small screen is.
    auto* second = new QHBoxLayout;
    second->setSpacing(metrics::kPad);
    second->addWidget(buttonFor(paste, this));
    second->addWidget(buttonFor(sample, this));
    second->addStretch();
    recents_->setSpacing(0);

    const QString recording = recordingLines();
    auto* howTitle = new QLabel(tr("How to record a dump"), this);
    keepFont(howTitle, titleFont);
    auto* how = new QLabel(recording, this);
    how->setObjectName(QStringLiteral("startRecording"));
    how->setTextFormat(Qt::MarkdownText);
    how->setWordWrap(true);
    how->setMinimumWidth(1); // a command has no place to break: the window need not be as wide
    how->setTextInteractionFlags(Qt::TextSelectableByMouse | Qt::TextSelectableByKeyboard);
    how->setPalette(quiet);
    howTitle->setVisible(!recording.isEmpty());
    how->setVisible(!recording.isEmpty());

    auto* column = new QVBoxLayout;
    column->setSpacing(metrics::kPad);
    column->addStretch(2);
    column->addWidget(title);
    column->addWidget(what);
    column->addSpacing(metrics::kPad);
    column->addLayout(buttons);
    column->addLayout(second);
    column->addWidget(error_);
    column->addSpacing(metrics::kPadLarge);
    column->addWidget(recentTitle_);
    column->addLayout(recents_);
    column->addSpacing(metrics::kPadLarge);
    column->addWidget(howTitle);
    column->addWidget(how);
    column->addStretch(3);
    auto* middle = new QWidget(this);
    middle->setLayout(column);
    middle->setMaximumWidth(kWidth);
    auto* row = new QHBoxLayout(this);
    row->addStretch(1);
    row->addWidget(middle, 8);
    row->addStretch(1);
    setRecents({});
}

void StartPage::setRecents(const QList<QStringList>& recents) {
    while (QLayoutItem* item = recents_->takeAt(0)) {
        delete item->widget();
        delete item;
    }
    recentTitle_->setVisible(!recents.isEmpty());
    for (const QStringList& paths : recents) {
        auto* button = new QPushButton(this);
        button->setFlat(true);
        button->setStyleSheet(QStringLiteral("text-align: left"));
        const QString label = Recents::label(paths);
        button->setText(button->fontMetrics().elidedText(label, Qt::ElideMiddle, kWidth - 40));
        button->setAccessibleName(tr("Open %1").arg(label));
        const bool there = Recents::exists(paths);
        button->setEnabled(there);
        button->setToolTip(
            there ? visible(paths.join(QLatin1Char('\n'))) : tr("%1 is not there any more").arg(label));
        connect(button, &QPushButton::clicked, this, [this, paths] { Q_EMIT recentChosen(paths); });
        recents_->addWidget(button);
    }
}

void StartPage::setError(const QString& title, const QString& text) {
    error_->setVisible(!title.isEmpty());
    errorTitle_->setText(title);
    errorText_->setPlainText(text);
    QPalette palette = errorTitle_->palette();
    palette.setColor(QPalette::WindowText, color(Role::Failed));
    errorTitle_->setPalette(palette);
}

QString StartPage::errorText() const {
    return error_->isHidden() ? QString() : errorText_->toPlainText();
}

} // namespace hopscope
