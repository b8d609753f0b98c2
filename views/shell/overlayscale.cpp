#include "views/shell/overlayscale.h"

#include "views/base/text.h"
#include "views/base/theme.h"

#include <QAction>
#include <QPainter>
#include <QStringList>
#include <QToolButton>

namespace hopscope {

namespace {
constexpr int kSwatch = 20, kSwatchHeight = 12;
constexpr int kWords = 6; // from a swatch to its words
constexpr int kApart = 16; // from item to item
} // namespace

OverlayScale::OverlayScale(QAction* end, QWidget* parent)
    : QWidget(parent)
    , close_(new QToolButton(this)) {
    setObjectName(QStringLiteral("overlayScale"));
    close_->setObjectName(QStringLiteral("overlayScaleClose"));
    close_->setIcon(icon(QStringLiteral("close")));
    close_->setAutoRaise(true);
    close_->setFocusPolicy(Qt::NoFocus);
    close_->setToolTip(tr("Back to the colours of kinds (Esc)"));
    close_->setAccessibleName(close_->toolTip());
    connect(close_, &QToolButton::clicked, end, &QAction::trigger);
    connect(&Theme::instance(), &Theme::changed, this, [this] {
        close_->setIcon(icon(QStringLiteral("close")));
        update();
    });
    hide();
}

void OverlayScale::setOverlay(std::shared_ptr<const draw::Overlay> overlay) {
    overlay_ = std::move(overlay);
    items_.clear();
    if (overlay_) {
        items_.push_back({qs(overlay_->title), std::nullopt, {}});
        for (size_t i = 0; i < draw::kShades; ++i)
            if (!overlay_->steps[i].empty())
                items_.push_back({qs(overlay_->steps[i]), overlay_->fills[i], {}});
        if (!overlay_->none.empty())
            items_.push_back({qs(overlay_->none), draw::ColorRole::Surface, {}});
    }
    QStringList said;
    for (const Item& item : items_)
        said << item.words;
    setAccessibleName(said.join(QStringLiteral(", ")));
    setVisible(overlay_ != nullptr);
    place();
    update();
}

void OverlayScale::place() {
    const int line = fontMetrics().height() + metrics::kPad;
    const int right = width() - close_->sizeHint().width() - 2 * metrics::kPad;
    QPoint at(metrics::kPadLarge, metrics::kPadSmall);
    for (Item& item : items_) {
        const int wide = fontMetrics().horizontalAdvance(item.words) + (item.fill ? kSwatch + kWords : 0);
        if (at.x() > metrics::kPadLarge && at.x() + wide > right)
            at = QPoint(metrics::kPadLarge, at.y() + line);
        item.at = at;
        at.rx() += wide + kApart;
    }
    const int height = at.y() + line + metrics::kPadSmall;
    close_->resize(close_->sizeHint());
    close_->move(width() - close_->width() - metrics::kPad, metrics::kPadSmall);
    if (height != minimumHeight() || height != maximumHeight())
        setFixedHeight(height);
}

void OverlayScale::paintEvent(QPaintEvent*) {
    QPainter painter(this);
    const auto theme = Theme::instance().scheme() == Scheme::Dark ? draw::Theme::Dark : draw::Theme::Light;
    const int line = fontMetrics().height() + metrics::kPad;
    painter.fillRect(rect(), color(Role::Surface));
    painter.fillRect(0, height() - 1, width(), 1, color(Role::Line));
    for (const Item& item : items_) {
        QRect words(item.at, QSize(width(), line));
        if (item.fill) {
            const QRect swatch(item.at.x(), item.at.y() + (line - kSwatchHeight) / 2, kSwatch, kSwatchHeight);
            painter.setRenderHint(QPainter::Antialiasing, true);
            painter.setPen(color(Role::Quiet));
            painter.setBrush(QColor::fromRgb(draw::color(*item.fill, theme)));
            painter.drawRoundedRect(QRectF(swatch).adjusted(0.5, 0.5, -0.5, -0.5), 3, 3);
            words.setLeft(swatch.right() + 1 + kWords);
        }
        painter.setPen(color(item.fill ? Role::Text : Role::Quiet));
        painter.drawText(words, Qt::AlignLeft | Qt::AlignVCenter, item.words);
    }
}

void OverlayScale::resizeEvent(QResizeEvent* event) {
    QWidget::resizeEvent(event);
    place();
}

void OverlayScale::changeEvent(QEvent* event) {
    QWidget::changeEvent(event);
    if (event->type() == QEvent::FontChange)
        place();
}

} // namespace hopscope
