#include "views/canvas/placeholder.h"

#include "views/base/theme.h"

#include <QBoxLayout>
#include <QClipboard>
#include <QEvent>
#include <QGuiApplication>
#include <QLabel>
#include <QPainter>
#include <QPlainTextEdit>
#include <QProgressBar>
#include <QPushButton>

namespace hopscope {

namespace {

constexpr int kDelay = 300; // ms until work under way is worth a word
constexpr int kWidest = 560;

QString seconds(qint64 ms) {
    return QStringLiteral("%1 s").arg(static_cast<double>(ms) / 1000.0, 0, 'f', 1);
}

} // namespace

PlaceholderWidget::PlaceholderWidget(QWidget* parent)
    : QWidget(parent)
    , body_(new QWidget(this))
    , mark_(new QLabel(body_))
    , title_(new QLabel(body_))
    , detail_(new QLabel(body_))
    , elapsed_(new QLabel(body_))
    , report_(new QPlainTextEdit(body_))
    , progress_(new QProgressBar(body_))
    , cancel_(new QPushButton(tr("Cancel"), body_))
    , copy_(new QPushButton(tr("Copy"), body_)) {
    setObjectName(QStringLiteral("canvas.placeholder"));
    title_->setObjectName(QStringLiteral("canvas.placeholder.title"));
    detail_->setObjectName(QStringLiteral("canvas.placeholder.detail"));
    elapsed_->setObjectName(QStringLiteral("canvas.placeholder.elapsed"));
    report_->setObjectName(QStringLiteral("canvas.placeholder.report"));
    report_->setAccessibleName(tr("Error text"));
    report_->setReadOnly(true);
    report_->setTabChangesFocus(true);
    report_->setFrameShape(QFrame::NoFrame);
    progress_->setObjectName(QStringLiteral("canvas.placeholder.progress"));
    progress_->setAccessibleName(tr("Progress"));
    progress_->setTextVisible(false);
    progress_->setFixedHeight(4);
    cancel_->setObjectName(QStringLiteral("canvas.placeholder.cancel"));
    cancel_->setToolTip(tr("Stop this work"));
    cancel_->setIcon(icon(QStringLiteral("cancel")));
    copy_->setObjectName(QStringLiteral("canvas.placeholder.copy"));
    copy_->setToolTip(tr("Copy the message to the clipboard"));
    copy_->setIcon(icon(QStringLiteral("copy")));
    for (QLabel* label : {title_, detail_}) {
        label->setWordWrap(true);
        label->setAlignment(Qt::AlignHCenter);
        label->setTextInteractionFlags(Qt::TextSelectableByMouse);
    }
    title_->setTextFormat(Qt::PlainText);
    detail_->setTextFormat(Qt::PlainText);

    // A column of its own width in the middle: wrapped labels need theirs to know their height.
    auto* row = new QHBoxLayout(this);
    row->setContentsMargins(0, 0, 0, 0);
    row->addStretch(1);
    row->addWidget(body_, 1000);
    row->addStretch(1);
    column_ = new QBoxLayout(QBoxLayout::TopToBottom, body_);
    buttons_ = new QBoxLayout(QBoxLayout::LeftToRight);
    buttons_->setSpacing(metrics::kPad);
    buttons_->addWidget(cancel_);
    buttons_->addWidget(copy_);

    delay_.setSingleShot(true);
    tick_.setInterval(100);
    connect(&delay_, &QTimer::timeout, this, [this] {
        setVisible(state_.kind != Placeholder::Kind::None);
        raise();
    });
    connect(&tick_, &QTimer::timeout, this, &PlaceholderWidget::showElapsed);
    connect(cancel_, &QPushButton::clicked, this, &PlaceholderWidget::cancelRequested);
    connect(copy_, &QPushButton::clicked, this,
        [this] { QGuiApplication::clipboard()->setText(state_.title + QLatin1Char('\n') + state_.detail); });
    arrange(); // a layout that is in none belongs to nobody
    restyle();
    hide();
}

void PlaceholderWidget::setState(const Placeholder& state, bool strip) {
    using Kind = Placeholder::Kind;
    const bool wasBusy = state_.kind == Kind::Busy;
    state_ = state;
    strip_ = strip;
    const bool busy = state.kind == Kind::Busy, error = state.kind == Kind::Error;

    title_->setText(state.title);
    detail_->setText(state.detail);
    report_->setPlainText(state.detail);
    mark_->setPixmap(icon(QStringLiteral("error"), Role::Failed).pixmap(24));
    mark_->setVisible(error && !strip);
    title_->setVisible(!state.title.isEmpty());
    detail_->setVisible(!error && !strip && !state.detail.isEmpty());
    report_->setVisible(error && !strip && !state.detail.isEmpty());
    report_->setFixedHeight(qBound(48, (static_cast<int>(state.detail.count(u'\n')) + 3) * 18, 220));
    elapsed_->setVisible(busy);
    progress_->setVisible(busy);
    progress_->setRange(0, state.percent ? 100 : 0);
    progress_->setValue(state.percent.value_or(0));
    cancel_->setVisible(busy && state.canCancel);
    copy_->setVisible(error);
    arrange();
    restyle();

    if (busy) {
        if (!wasBusy) {
            since_.start();
            delay_.start(kDelay);
            hide();
        }
        tick_.start();
        showElapsed();
    } else {
        delay_.stop();
        tick_.stop();
        setVisible(state.kind != Kind::None);
        raise();
    }
}

void PlaceholderWidget::arrange() {
    while (QLayoutItem* item = column_->takeAt(0))
        if (item->layout() != buttons_)
            delete item; // a layout's widgets stay
    column_->setDirection(strip_ ? QBoxLayout::LeftToRight : QBoxLayout::TopToBottom);
    column_->setSpacing(strip_ ? metrics::kPadLarge : metrics::kPad);
    const int side = strip_ ? metrics::kPadLarge : 2 * metrics::kPadLarge;
    column_->setContentsMargins(side, strip_ ? 2 : side, side, strip_ ? 2 : side);
    title_->setWordWrap(!strip_);
    title_->setAlignment(strip_ ? Qt::AlignLeft | Qt::AlignVCenter : Qt::AlignHCenter);
    body_->setMaximumWidth(strip_ ? QWIDGETSIZE_MAX : kWidest);
    progress_->setMaximumWidth(strip_ ? 96 : 240);
    if (strip_) {
        column_->addWidget(title_, 0, Qt::AlignVCenter);
        column_->addWidget(progress_, 1, Qt::AlignVCenter);
        column_->addWidget(elapsed_, 0, Qt::AlignVCenter);
        column_->addStretch(1);
        column_->addLayout(buttons_);
        return;
    }
    column_->addStretch(2);
    column_->addWidget(mark_, 0, Qt::AlignHCenter);
    column_->addWidget(title_);
    column_->addWidget(detail_);
    column_->addWidget(report_);
    auto* bar = new QHBoxLayout;
    bar->addStretch(1);
    bar->addWidget(progress_, 1000);
    bar->addStretch(1);
    column_->addLayout(bar);
    column_->addWidget(elapsed_, 0, Qt::AlignHCenter);
    column_->addLayout(buttons_);
    column_->setAlignment(buttons_, Qt::AlignHCenter);
    column_->addStretch(3);
}

void PlaceholderWidget::showElapsed() {
    QString text = seconds(since_.elapsed());
    if (state_.percent)
        text = QStringLiteral("%1 %  ·  %2").arg(*state_.percent).arg(text);
    elapsed_->setText(text);
}

void PlaceholderWidget::restyle() {
    auto ink = [](QWidget* widget, Role role) {
        QPalette palette = widget->palette();
        palette.setColor(QPalette::WindowText, color(role));
        palette.setColor(QPalette::Text, color(role)); // children of a viewport use this one
        if (palette != widget->palette())
            widget->setPalette(palette);
    };
    ink(title_, state_.kind == Placeholder::Kind::Empty ? Role::Quiet : Role::Text);
    ink(detail_, Role::Quiet);
    ink(elapsed_, Role::Quiet);
    title_->setFont(uiFont(strip_ ? Size::Normal : Size::Large));
    detail_->setFont(uiFont());
    elapsed_->setFont(uiFont(Size::Small));
    report_->setFont(monoFont(Size::Small));
}

void PlaceholderWidget::changeEvent(QEvent* event) {
    QWidget::changeEvent(event);
    if (event->type() == QEvent::ApplicationPaletteChange || event->type() == QEvent::ApplicationFontChange) {
        restyle();
        mark_->setPixmap(icon(QStringLiteral("error"), Role::Failed).pixmap(24));
    }
}

void PlaceholderWidget::paintEvent(QPaintEvent*) {
    QPainter painter(this);
    painter.fillRect(rect(), color(strip_ ? Role::Raised : Role::Window));
    if (strip_)
        painter.fillRect(0, height() - 1, width(), 1, color(Role::Line));
}

} // namespace hopscope
