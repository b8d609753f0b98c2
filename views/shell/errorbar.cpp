#include "views/shell/errorbar.h"

#include "views/base/theme.h"

#include <QApplication>
#include <QClipboard>
#include <QHBoxLayout>
#include <QLabel>
#include <QPlainTextEdit>
#include <QToolButton>
#include <QVBoxLayout>

namespace hopscope {

namespace {
constexpr int kMostLines = 6; // of the text; the rest scrolls
}

ErrorBar::ErrorBar(QWidget* parent)
    : QWidget(parent)
    , mark_(new QLabel(this))
    , title_(new QLabel(this))
    , text_(new QPlainTextEdit(this))
    , close_(new QToolButton(this)) {
    setObjectName(QStringLiteral("errorBar"));
    title_->setObjectName(QStringLiteral("errorBarTitle"));
    title_->setWordWrap(true);
    title_->setTextInteractionFlags(Qt::TextSelectableByMouse);
    text_->setObjectName(QStringLiteral("errorBarText"));
    text_->setAccessibleName(tr("The error"));
    text_->setReadOnly(true);
    text_->setFrameShape(QFrame::NoFrame);
    keepFont(text_, [] { return monoFont(Size::Small); });
    auto* copy = new QToolButton(this);
    copy->setObjectName(QStringLiteral("errorBarCopy"));
    copy->setIcon(icon(QStringLiteral("copy")));
    copy->setText(tr("Copy"));
    copy->setToolButtonStyle(Qt::ToolButtonTextBesideIcon);
    copy->setAutoRaise(true);
    copy->setToolTip(tr("Copy the error"));
    copy->setAccessibleName(copy->toolTip());
    connect(copy, &QToolButton::clicked, this, [this] { QApplication::clipboard()->setText(text()); });
    close_->setObjectName(QStringLiteral("errorBarClose"));
    close_->setIcon(icon(QStringLiteral("close")));
    close_->setAutoRaise(true);
    close_->setToolTip(tr("Close; what is open is as it was"));
    close_->setAccessibleName(close_->toolTip());
    connect(close_, &QToolButton::clicked, this, [this] { setError({}, {}); });
    auto* row = new QHBoxLayout;
    row->setSpacing(metrics::kPad);
    row->addWidget(mark_);
    row->addWidget(title_, 1);
    row->addWidget(copy);
    row->addWidget(close_);
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(metrics::kPadLarge, metrics::kPad, metrics::kPad, metrics::kPad);
    column->setSpacing(metrics::kPadSmall);
    column->addLayout(row);
    column->addWidget(text_);
    connect(&Theme::instance(), &Theme::changed, this, &ErrorBar::restyle);
    restyle();
    hide();
}

void ErrorBar::restyle() {
    QPalette palette = title_->palette();
    palette.setColor(QPalette::WindowText, color(Role::Failed));
    title_->setPalette(palette);
    mark_->setPixmap(icon(QStringLiteral("error"), Role::Failed).pixmap(metrics::icon()));
    const int lines = qBound(1, int(text_->toPlainText().count(QLatin1Char('\n'))) + 1, kMostLines);
    text_->setFixedHeight(lines * text_->fontMetrics().lineSpacing() + 2 * metrics::kPad);
}

void ErrorBar::setError(const QString& title, const QString& text) {
    title_->setText(title);
    text_->setPlainText(text);
    text_->setVisible(!text.isEmpty());
    restyle();
    setVisible(!title.isEmpty());
}

QString ErrorBar::text() const {
    if (isHidden())
        return {};
    const QString more = text_->toPlainText();
    return more.isEmpty() ? title_->text() : title_->text() + QLatin1Char('\n') + more;
}

} // namespace hopscope
