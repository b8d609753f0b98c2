#include "views/shell/findbar.h"

#include "core/base/text.h"
#include "views/base/text.h"
#include "views/base/theme.h"

#include <QHBoxLayout>
#include <QKeyEvent>
#include <QLabel>
#include <QLineEdit>
#include <QToolButton>

namespace hopscope {

FindBar::FindBar(QWidget* parent)
    : QWidget(parent)
    , input_(new QLineEdit(this))
    , result_(new QLabel(this)) {
    setObjectName(QStringLiteral("findBar"));
    input_->setObjectName(QStringLiteral("findInput"));
    input_->setAccessibleName(tr("Find in this body"));
    input_->setPlaceholderText(tr("Find name, operator, shape, source; /regex/"));
    input_->addAction(icon(QStringLiteral("find")), QLineEdit::LeadingPosition)->setToolTip(tr("Find"));
    result_->setObjectName(QStringLiteral("findResult"));
    const auto button = [this](const QString& name, const QString& glyph, const QString& tip) {
        auto* b = new QToolButton(this);
        b->setObjectName(name);
        b->setIcon(icon(glyph));
        b->setAutoRaise(true);
        b->setToolTip(tip);
        b->setAccessibleName(tip);
        b->setFocusPolicy(Qt::NoFocus);
        return b;
    };
    QToolButton* previous =
        button(QStringLiteral("findPreviousButton"), QStringLiteral("back"), tr("Previous hit (Shift+F3)"));
    QToolButton* next =
        button(QStringLiteral("findNextButton"), QStringLiteral("forward"), tr("Next hit (F3)"));
    QToolButton* closeButton =
        button(QStringLiteral("findClose"), QStringLiteral("close"), tr("Close find (Esc)"));
    auto* row = new QHBoxLayout(this);
    row->setContentsMargins(metrics::kPad, metrics::kPadSmall, metrics::kPad, metrics::kPadSmall);
    row->setSpacing(metrics::kPadSmall);
    row->addWidget(input_, 1);
    row->addWidget(result_);
    row->addWidget(previous);
    row->addWidget(next);
    row->addWidget(closeButton);
    connect(input_, &QLineEdit::textChanged, this, &FindBar::searchChanged);
    connect(previous, &QToolButton::clicked, this, [this] { Q_EMIT stepRequested(-1); });
    connect(next, &QToolButton::clicked, this, [this] { Q_EMIT stepRequested(1); });
    connect(closeButton, &QToolButton::clicked, this, &FindBar::close);
    setFocusProxy(input_);
    hide();
}

void FindBar::open() {
    show();
    input_->setFocus(Qt::ShortcutFocusReason);
    input_->selectAll();
    Q_EMIT searchChanged(input_->text());
}

void FindBar::close() {
    if (isHidden())
        return;
    hide();
    Q_EMIT closed();
}

QString FindBar::text() const {
    return input_->text();
}
void FindBar::setText(const QString& text) {
    input_->setText(text);
}
QString FindBar::resultText() const {
    return result_->text();
}

void FindBar::setResult(int current, int total, bool wrapped, const QString& error) {
    const bool bad = !error.isEmpty() || (total == 0 && !input_->text().isEmpty());
    QPalette palette = this->palette();
    if (bad)
        palette.setColor(QPalette::Text, color(Role::Failed));
    input_->setPalette(palette);
    if (!error.isEmpty())
        result_->setText(error);
    else if (input_->text().isEmpty())
        result_->clear();
    else if (total == 0)
        result_->setText(tr("not found"));
    else if (current > 0)
        result_->setText(tr("%1 of %2").arg(current).arg(total) + (wrapped ? tr(", wrapped") : QString()));
    else
        result_->setText(qs(counted(uint64_t(total), "hit")));
}

void FindBar::keyPressEvent(QKeyEvent* event) {
    switch (event->key()) {
    case Qt::Key_Escape:
        close();
        return;
    case Qt::Key_Return:
    case Qt::Key_Enter:
        Q_EMIT stepRequested(event->modifiers() & Qt::ShiftModifier ? -1 : 1);
        return;
    default:
        QWidget::keyPressEvent(event);
    }
}

} // namespace hopscope
