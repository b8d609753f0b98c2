#include "views/dumptext/dumptext.h"

#include "views/base/text.h"
#include "views/base/theme.h"

#include <QApplication>
#include <QClipboard>
#include <QFileInfo>
#include <QHBoxLayout>
#include <QLabel>
#include <QPainter>
#include <QPointer>
#include <QTextBlock>
#include <QToolButton>
#include <QVBoxLayout>

namespace hopscope {

// --- the text

class NumberedText::Gutter : public QWidget {
public:
    explicit Gutter(NumberedText* text)
        : QWidget(text)
        , text_(text) { }

protected:
    void paintEvent(QPaintEvent* event) override { text_->paintNumbers(event); }

private:
    NumberedText* text_;
};

NumberedText::NumberedText(QWidget* parent)
    : QPlainTextEdit(parent)
    , gutter_(new Gutter(this)) {
    setObjectName(QStringLiteral("dumpTextLines"));
    setAccessibleName(tr("Text of the dump"));
    setReadOnly(true);
    setTextInteractionFlags(Qt::TextSelectableByMouse | Qt::TextSelectableByKeyboard);
    setLineWrapMode(QPlainTextEdit::NoWrap);
    setFrameShape(QFrame::NoFrame);
    setFont(monoFont(Size::Small));
    connect(this, &QPlainTextEdit::updateRequest, gutter_, [this](const QRect&, int) { gutter_->update(); });
    connect(&Theme::instance(), &Theme::changed, this, [this] {
        setFont(monoFont(Size::Small));
        layOut();
        mark();
    });
}

void NumberedText::showLines(const Excerpt& excerpt) {
    first_ = excerpt.first;
    line_ = excerpt.line;
    QStringList lines;
    for (const std::string& line : excerpt.lines)
        lines << qs(line);
    setPlainText(lines.join(QLatin1Char('\n')));
    layOut();
    mark();
    if (line_ < first_)
        return;
    setTextCursor(QTextCursor(document()->findBlockByNumber(int(line_ - first_))));
    centerCursor();
}

void NumberedText::mark() {
    QList<QTextEdit::ExtraSelection> marks;
    const QTextBlock block = document()->findBlockByNumber(line_ < first_ ? -1 : int(line_ - first_));
    if (block.isValid() && line_ > 0) {
        QTextEdit::ExtraSelection whole;
        whole.cursor = QTextCursor(block);
        whole.format.setBackground(color(Role::AccentSoft));
        whole.format.setProperty(QTextFormat::FullWidthSelection, true);
        marks << whole;
    }
    setExtraSelections(marks);
    gutter_->update();
}

void NumberedText::layOut() {
    const QString widest = grouped(first_ + uint64_t(blockCount()));
    const int width = fontMetrics().horizontalAdvance(widest) + 2 * metrics::kPad;
    setViewportMargins(width, 0, 0, 0);
    const QRect inside = contentsRect();
    gutter_->setGeometry(inside.left(), inside.top(), width, inside.height());
}

void NumberedText::resizeEvent(QResizeEvent* event) {
    QPlainTextEdit::resizeEvent(event);
    layOut();
}

void NumberedText::paintNumbers(QPaintEvent* event) {
    QPainter painter(gutter_);
    painter.fillRect(event->rect(), color(Role::Window));
    painter.setFont(font());
    for (QTextBlock block = firstVisibleBlock(); block.isValid(); block = block.next()) {
        const QRectF at = blockBoundingGeometry(block).translated(contentOffset());
        if (at.top() > event->rect().bottom())
            break;
        const uint64_t number = first_ + uint64_t(block.blockNumber());
        if (document()->isEmpty())
            continue;
        painter.setPen(color(number == line_ ? Role::Text : Role::Quiet));
        painter.drawText(QRectF(0, at.top(), gutter_->width() - metrics::kPad, at.height()),
            int(Qt::AlignRight | Qt::AlignVCenter), grouped(number));
    }
}

// --- the dock

DumpText::DumpText(JobRunner* jobs, QWidget* parent)
    : QWidget(parent)
    , jobs_(jobs)
    , title_(new QLabel(this))
    , message_(new QLabel(this))
    , copyPlace_(new QToolButton(this))
    , copyLine_(new QToolButton(this))
    , text_(new NumberedText(this)) {
    setObjectName(QStringLiteral("dumpText"));
    title_->setObjectName(QStringLiteral("dumpTextPlace"));
    title_->setTextFormat(Qt::PlainText);
    title_->setTextInteractionFlags(Qt::TextSelectableByMouse | Qt::TextSelectableByKeyboard);
    title_->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Preferred);
    message_->setObjectName(QStringLiteral("dumpTextMessage"));
    message_->setTextFormat(Qt::PlainText);
    message_->setWordWrap(true);
    message_->setContentsMargins(metrics::kPad, 0, metrics::kPad, metrics::kPadSmall);
    const struct {
        QToolButton* button;
        const char* name;
        QString text, tip;
        std::function<QString()> what;
    } buttons[] = {
        {copyPlace_, "dumpTextCopyPlace", tr("Copy place"), tr("Copy the file's path and the line's number"),
            [this] { return place(); }},
        {copyLine_, "dumpTextCopyLine", tr("Copy line"), tr("Copy the marked line"),
            [this] { return markedLine(); }},
    };
    auto* top = new QHBoxLayout;
    top->setContentsMargins(metrics::kPad, metrics::kPadSmall, metrics::kPad, metrics::kPadSmall);
    top->setSpacing(metrics::kPad);
    top->addWidget(title_, 1);
    for (const auto& of : buttons) {
        of.button->setObjectName(qs(of.name));
        of.button->setText(of.text);
        of.button->setIcon(icon(QStringLiteral("copy")));
        of.button->setToolButtonStyle(Qt::ToolButtonTextBesideIcon);
        of.button->setAutoRaise(true);
        of.button->setToolTip(of.tip);
        of.button->setAccessibleName(of.tip);
        connect(of.button, &QToolButton::clicked, this,
            [what = of.what] { QApplication::clipboard()->setText(what()); });
        top->addWidget(of.button);
    }
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    column->addLayout(top);
    column->addWidget(message_);
    column->addWidget(text_, 1);
    take(make_error(Error::Kind::NotFound,
        ss(tr("Nothing was asked for: evidence of an explanation and places of problems are shown here"))));
}

void DumpText::follow(const Shown& shown, Changes changed) {
    if (!(changed & Change::Document))
        return;
    const bool extended = extends(document_, shown.document);
    document_ = shown.document;
    if (extended)
        return;
    ++generation_;
    jobs_->cancel(job_);
    take(make_error(Error::Kind::NotFound,
        ss(tr("Nothing was asked for: evidence of an explanation and places of problems are shown here"))));
}

void DumpText::showLine(FileId file, uint64_t line) {
    if (!document_)
        return;
    jobs_->cancel(job_);
    const int generation = ++generation_;
    auto read = std::make_shared<Result<Excerpt>>(make_error(Error::Kind::NotFound, "nothing was read"));
    job_ = jobs_->start(
        tr("Reading line %1").arg(grouped(line)),
        [=, document = document_](const Job&) { *read = read_excerpt(document->dump(), file, line); },
        [=, self = QPointer(this)] {
            if (self && generation == self->generation_)
                self->take(*read);
        });
}

void DumpText::take(const Result<Excerpt>& read) {
    shown_ = read ? *read : Excerpt();
    for (QToolButton* button : {copyPlace_, copyLine_})
        button->setEnabled(bool(read));
    text_->setVisible(bool(read));
    title_->setVisible(bool(read));
    message_->setAlignment(read ? Qt::AlignLeft : Qt::AlignCenter);
    message_->setSizePolicy(QSizePolicy::Preferred, read ? QSizePolicy::Preferred : QSizePolicy::Expanding);
    QPalette palette = message_->palette();
    palette.setColor(QPalette::WindowText, color(read ? Role::Warning : Role::Quiet));
    message_->setPalette(palette);
    if (!read) {
        message_->setText(qs(read.error().text()));
        message_->show();
        text_->clear();
        return;
    }
    const Excerpt& e = *read;
    message_->setText(qs(e.changed));
    message_->setVisible(!e.changed.empty());
    const QString part = e.whole()
        ? QString()
        : tr("  ·  lines %1 to %2 of %3")
              .arg(grouped(e.first), grouped(e.first + e.lines.size() - 1), grouped(e.total));
    title_->setText(QFileInfo(qs(e.path)).fileName() + QLatin1Char(':') + QString::number(e.line) + part);
    title_->setToolTip(qs(e.path));
    text_->showLines(e);
}

QString DumpText::place() const {
    return shown_.path.empty() ? QString()
                               : exact(shown_.path) + QLatin1Char(':') + QString::number(shown_.line);
}

QString DumpText::markedLine() const {
    return shown_.line < shown_.first || shown_.line - shown_.first >= shown_.lines.size()
        ? QString()
        : exact(shown_.lines[size_t(shown_.line - shown_.first)]);
}

QString DumpText::message() const {
    return message_->isHidden() ? QString() : message_->text();
}

} // namespace hopscope
