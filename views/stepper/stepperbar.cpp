#include "views/stepper/stepperbar.h"

#include "views/base/decision.h"
#include "views/base/text.h"
#include "views/base/theme.h"

#include <QAction>
#include <QHBoxLayout>
#include <QLabel>
#include <QRegularExpression>
#include <QToolButton>

#include <algorithm>

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
    connect(&Theme::instance(), &Theme::changed, this, [this] { setCurrent(row_); });
    setDocument(nullptr);
    setCurrent({});
}

// As wide as the widest of its texts, so that the buttons stay under the pointer whatever they lead to.
void StepperBar::setDocument(std::shared_ptr<const Document> document) {
    if (extends(document_, document)) {
        document_ = std::move(document);
        return;
    }
    document_ = std::move(document);
    int position = 0, decision = 0;
    const auto widen = [](int& width, const QLabel* label, const QString& text) {
        width = std::max(width, label->fontMetrics().horizontalAdvance(text));
    };
    widen(position, label_, document_ ? qs(position_text(*document_, {})) : tr("no invocation"));
    const size_t rows = document_ ? document_->rows().size() : 0;
    for (size_t row = 0; row < rows; ++row) {
        const Invocation& invocation = document_->invocation(int(row));
        QString text = qs(position_text(*document_, int(row)));
        widen(position, label_, text.replace(QRegularExpression(QStringLiteral("\\d")), QStringLiteral("0")));
        widen(decision, decision_,
            glyphText(glyphOf(invocation.decision, invocation.inlined)) + QLatin1Char(' ')
                + decisionText(invocation));
    }
    if (rows > 0)
        widen(decision, decision_, QStringLiteral("● reused by key"));
    label_->setMinimumWidth(position + metrics::kPad);
    decision_->setMinimumWidth(decision);
}

void StepperBar::setCurrent(std::optional<int> row) {
    row_ = row;
    label_->setText(document_ ? qs(position_text(*document_, row)) : tr("no invocation"));
    if (!document_ || !row) {
        decision_->clear();
        return;
    }
    const Invocation& invocation = document_->invocation(*row);
    // As rich text: a toolbar's stylesheet overrules the palette of its labels.
    decision_->setText(QStringLiteral("<span style='color:%1'>%2 %3</span>")
                           .arg(color(roleOf(invocation.decision, invocation.inlined)).name(),
                               glyphText(glyphOf(invocation.decision, invocation.inlined)),
                               decisionText(invocation).toHtmlEscaped()));
}

QString StepperBar::text() const {
    return label_->text();
}

void StepperBar::follow(const Shown& shown, Changes changed) {
    if (changed & Change::Document)
        setDocument(shown.document);
    if (changed & (Change::Document | Change::Place))
        setCurrent(shown.at.row);
}

} // namespace hopscope
