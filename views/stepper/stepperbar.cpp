#include "views/stepper/stepperbar.h"

#include "views/base/decision.h"
#include "views/base/text.h"

#include <QAction>
#include <QHBoxLayout>
#include <QLabel>
#include <QRegularExpression>
#include <QToolButton>

namespace hopscope {

StepperBar::StepperBar(QAction* previous, QAction* next, QWidget* parent)
    : QWidget(parent)
    , label_(new QLabel(this))
    , decision_(new QLabel(this)) {
    setObjectName(QStringLiteral("stepperBar"));
    const auto button = [this](QAction* action) {
        auto* b = new QToolButton(this);
        b->setDefaultAction(action);
        b->setAutoRaise(true);
        b->setIconSize(QSize(metrics::kIcon, metrics::kIcon));
        return b;
    };
    label_->setObjectName(QStringLiteral("stepperText"));
    label_->setAccessibleName(tr("Current invocation"));
    label_->setAlignment(Qt::AlignCenter);
    decision_->setObjectName(QStringLiteral("stepperDecision"));
    decision_->setAccessibleName(tr("Decision of the current invocation"));
    auto* row = new QHBoxLayout(this);
    row->setContentsMargins(0, 0, 0, 0);
    row->setSpacing(metrics::kPadSmall);
    row->addWidget(button(previous));
    row->addWidget(label_);
    row->addWidget(decision_);
    row->addWidget(button(next));
    setCurrent(nullptr, -1);
}

void StepperBar::setCurrent(const Document* document, int row) {
    label_->setText(document ? qs(position_text(*document, row)) : tr("no invocation"));
    // Wide enough for the longest position, so that the buttons stay under the pointer.
    const QString widest = document && row >= 0
        ? label_->text().replace(QRegularExpression(QStringLiteral("\\d")), QStringLiteral("0"))
        : label_->text();
    label_->setMinimumWidth(label_->fontMetrics().horizontalAdvance(widest) + metrics::kPad);
    if (!document || row < 0) {
        decision_->clear();
        return;
    }
    const Invocation& invocation = document->invocation(row);
    // As rich text: a toolbar's stylesheet overrules the palette of its labels.
    decision_->setText(QStringLiteral("<span style='color:%1'>%2 %3</span>")
                           .arg(color(roleOf(invocation.decision, invocation.inlined)).name(),
                               glyphText(glyphOf(invocation.decision, invocation.inlined)),
                               decisionText(invocation).toHtmlEscaped()));
    decision_->setMinimumWidth(decision_->fontMetrics().horizontalAdvance(QStringLiteral("● reused by key")));
}

QString StepperBar::text() const {
    return label_->text();
}

} // namespace hopscope
