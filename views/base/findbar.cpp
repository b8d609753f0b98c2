#include "views/base/findbar.h"

#include "core/base/text.h"
#include "views/base/text.h"
#include "views/base/theme.h"

#include <QAction>
#include <QHBoxLayout>
#include <QKeyEvent>
#include <QLabel>
#include <QLineEdit>
#include <QToolButton>

namespace hopscope {

FindBar::FindBar(const QString& placeholder, const QString& everywhere, QWidget* parent)
    : QWidget(parent)
    , input_(new QLineEdit(this))
    , result_(new QLabel(this)) {
    setObjectName(QStringLiteral("findBar"));
    setAutoFillBackground(true);
    input_->setObjectName(QStringLiteral("findInput"));
    input_->setAccessibleName(tr("Find"));
    input_->setPlaceholderText(placeholder);
    input_->setMinimumWidth(metrics::scaled(70));
    input_->addAction(icon(QStringLiteral("find")), QLineEdit::LeadingPosition)->setToolTip(tr("Find"));
    result_->setObjectName(QStringLiteral("findResult"));
    result_->setAccessibleName(tr("What was found"));
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
    const auto addSwitch = [&](QAction* action) {
        auto* b = new QToolButton(this);
        b->setDefaultAction(action);
        b->setObjectName(QStringLiteral("button.") + action->objectName());
        b->setAccessibleName(action->property("tip").toString());
        b->setToolButtonStyle(Qt::ToolButtonTextOnly);
        b->setAutoRaise(true);
        b->setFocusPolicy(Qt::NoFocus);
        row->addWidget(b);
    };
    case_ = makeSwitch(QStringLiteral("find.case"), QStringLiteral("Aa"), tr("Upper and lower case are two"),
        QStringLiteral("Ctrl+Alt+C"));
    addSwitch(case_);
    regex_ = makeSwitch(QStringLiteral("find.regex"), QStringLiteral(".*"), tr("A regular expression"),
        QStringLiteral("Ctrl+Alt+R"));
    addSwitch(regex_);
    if (!everywhere.isEmpty()) {
        everywhere_ = makeSwitch(
            QStringLiteral("find.everywhere"), tr("All"), everywhere, QStringLiteral("Ctrl+Alt+A"));
        addSwitch(everywhere_);
    }
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

QAction* FindBar::makeSwitch(
    const QString& name, const QString& text, const QString& tip, const QString& key) {
    auto* action = new QAction(text, this);
    action->setObjectName(name);
    action->setCheckable(true);
    action->setShortcut(QKeySequence(key, QKeySequence::PortableText));
    action->setShortcutContext(Qt::WidgetWithChildrenShortcut); // while one types here
    action->setProperty("tip", tip);
    action->setProperty("accessibleName", tip);
    action->setWhatsThis(tip);
    action->setToolTip(
        QStringLiteral("%1 (%2)").arg(tip, action->shortcut().toString(QKeySequence::NativeText)));
    addAction(action);
    connect(action, &QAction::toggled, this, &FindBar::searchChanged);
    return action;
}

QList<QAction*> FindBar::switches() const {
    QList<QAction*> all{case_, regex_};
    if (everywhere_)
        all << everywhere_;
    return all;
}

FindOptions FindBar::options() const {
    return {regex_->isChecked(), case_->isChecked()};
}

bool FindBar::everywhere() const {
    return everywhere_ && everywhere_->isChecked();
}

void FindBar::open() {
    show();
    input_->setFocus(Qt::ShortcutFocusReason);
    input_->selectAll();
    Q_EMIT searchChanged();
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

void FindBar::setBusy() {
    result_->setText(tr("searching…"));
}

void FindBar::setResult(const Shown& shown) {
    const bool bad = !shown.error.isEmpty() || (shown.total == 0 && !input_->text().isEmpty());
    QPalette palette = this->palette();
    if (bad)
        palette.setColor(QPalette::Text, color(Role::Failed));
    input_->setPalette(palette);
    const QString where = shown.where.isEmpty() ? QString() : QLatin1Char(' ') + shown.where;
    QString text;
    if (!shown.error.isEmpty())
        text = shown.error;
    else if (input_->text().isEmpty())
        text.clear();
    else if (shown.total == 0)
        text = tr("not found");
    else if (shown.current > 0)
        text = tr("%1 of %2").arg(grouped(shown.current), grouped(shown.total)) + where
            + (shown.wrapped ? tr(", wrapped") : QString());
    else
        text = countOf(shown.total, "hit") + where;
    // An error can be a sentence: the field keeps its room.
    const int room = std::max(width() / 3, metrics::scaled(80));
    result_->setText(result_->fontMetrics().elidedText(text, Qt::ElideRight, room));
    result_->setToolTip(result_->text() == text ? QString() : text);
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
