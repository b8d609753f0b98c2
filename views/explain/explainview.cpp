#include "views/explain/explainview.h"

#include "views/base/facts.h"
#include "views/base/text.h"
#include "views/base/theme.h"

#include <QApplication>
#include <QClipboard>
#include <QHBoxLayout>
#include <QScrollBar>
#include <QTextBrowser>
#include <QToolButton>
#include <QVBoxLayout>

namespace hopscope {

ExplainView::ExplainView(QWidget* parent)
    : QWidget(parent)
    , text_(new QTextBrowser(this))
    , copy_(new QToolButton(this))
    , dump_(new QToolButton(this)) {
    setObjectName(QStringLiteral("explanation"));
    text_->setObjectName(QStringLiteral("explanationText"));
    text_->setAccessibleName(tr("Explanation"));
    text_->setOpenLinks(false);
    text_->setFrameShape(QFrame::NoFrame);
    text_->document()->setDocumentMargin(metrics::kPadLarge);
    copy_->setObjectName(QStringLiteral("explanationCopy"));
    copy_->setText(tr("Copy"));
    copy_->setIcon(icon(QStringLiteral("copy")));
    copy_->setToolButtonStyle(Qt::ToolButtonTextBesideIcon);
    copy_->setAutoRaise(true);
    copy_->setToolTip(tr("Copy the answer as hopscope explain prints it, to paste it into an issue"));
    copy_->setAccessibleName(tr("Copy the explanation as text"));
    auto* bottom = new QHBoxLayout;
    bottom->setContentsMargins(metrics::kPad, metrics::kPadSmall, metrics::kPad, metrics::kPadSmall);
    bottom->addWidget(copy_);
    bottom->addStretch();
    bottom->addWidget(dump_);
    dump_->setObjectName(QStringLiteral("explanationDump"));
    dump_->setText(tr("This dump"));
    dump_->setAutoRaise(true);
    dump_->setToolTip(tr("What is in the dump, what is missing, why, and how to record it"));
    dump_->setAccessibleName(tr("What this dump has"));
    connect(dump_, &QToolButton::clicked, this, &ExplainView::showDumpPage);
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    column->addWidget(text_, 1);
    column->addLayout(bottom);
    connect(copy_, &QToolButton::clicked, this, [this] { QApplication::clipboard()->setText(copied()); });
    connect(text_, &QTextBrowser::anchorClicked, this, [this](const QUrl& url) { followLink(this, url); });
    connect(&Theme::instance(), &Theme::changed, this, &ExplainView::fill);
    fill();
}

// What is inspected is what is asked about; of a node or body, the call or region around it.
void ExplainView::follow(const Shown& shown, Changes changed) {
    if (!(changed & (Change::Document | Change::Place | Change::Selection)))
        return;
    const bool another = changed & Change::Document && !extends(document_, shown.document);
    document_ = shown.document;
    if (!document_)
        return ask({});
    // Told again of where one is already: the page that was opened with stays.
    const NavState& at = shown.at;
    if (!another && asked_ == at)
        return;
    asked_ = at;
    Question question;
    question.compilation = at.compilation;
    if (at.subject != Subject::Compilation)
        question.region = at.region;
    if (at.subject == Subject::Invocation || at.subject == Subject::Node)
        question.row = at.row;
    // A dump that has just been opened: what there is to ask about.
    if (const CompilationId first = another ? document_->first_to_explain() : CompilationId(); first)
        question = {false, {}, {}, first};
    if (another)
        question_ = {};
    ask(question);
}

void ExplainView::showDumpPage() {
    if (!document_)
        return;
    Question question = question_;
    question.dump = true;
    ask(question);
}

void ExplainView::showRow(int row) {
    if (!document_ || size_t(row) >= document_->rows().size())
        return;
    Question question;
    question.compilation = document_->rows()[size_t(row)].compilation;
    question.region = document_->region_of(row);
    question.row = row;
    ask(question);
}

void ExplainView::ask(const Question& question) {
    if (question == question_ && (question_.compilation || question_.dump))
        return; // what is read stays where it is
    question_ = question;
    fill();
}

void ExplainView::fill() {
    const QString page = document_ ? answerPage(*document_, question_) : QString();
    text_->document()->setDefaultStyleSheet(
        QStringLiteral("a { color: %1; text-decoration: none }").arg(color(Role::Accent).name()));
    text_->setHtml(page);
    text_->verticalScrollBar()->setValue(0);
    copy_->setEnabled(!page.isEmpty() && !question_.dump);
    dump_->setEnabled(document_ && !question_.dump);
}

QString ExplainView::text() const {
    return text_->toPlainText();
}
QString ExplainView::html() const {
    return text_->toHtml();
}
QString ExplainView::copied() const {
    return document_ ? answerText(*document_, question_) : QString();
}

} // namespace hopscope
