#include "views/canvas/hovercard.h"

#include "views/base/theme.h"

#include <QFontMetrics>
#include <QPainter>
#include <QScreen>

#include <algorithm>

namespace hopscope {

namespace {

constexpr int kWidest = 520;
constexpr int kGap = 6; // between the card and its node

} // namespace

HoverCardWidget::HoverCardWidget(QWidget* parent)
    : QWidget(parent, Qt::ToolTip | Qt::FramelessWindowHint | Qt::WindowTransparentForInput) {
    setObjectName(QStringLiteral("canvas.hoverCard"));
    setAttribute(Qt::WA_ShowWithoutActivating);
    setAttribute(Qt::WA_TransparentForMouseEvents);
    setFocusPolicy(Qt::NoFocus);
}

std::vector<HoverCardWidget::Line> HoverCardWidget::lines() const {
    const QFont mono = monoFont(), small = uiFont(Size::Small);
    QFont title = mono;
    title.setWeight(QFont::DemiBold);
    std::vector<Line> all;
    auto add = [&](const QString& text, const QFont& font, Role role) {
        for (const QString& part : text.split(QLatin1Char('\n'), Qt::SkipEmptyParts))
            all.push_back({part, font, color(role)});
    };
    add(card_.title, title, Role::Text);
    add(card_.target, mono, Role::Quiet);
    add(card_.type, mono, Role::Text);
    add(card_.stride, mono, Role::Warning);
    add(card_.device, small, Role::Quiet);
    add(card_.source, monoFont(Size::Small), Role::Quiet);
    add(card_.note, small, Role::Text);
    return all;
}

QSize HoverCardWidget::sizeFor(const std::vector<Line>& all) const {
    int width = 0, height = 0;
    for (const Line& line : all) {
        const QFontMetrics face(line.font);
        width = std::max(width, face.horizontalAdvance(line.text) + 2); // it rounds down
        height += face.height() + 1;
    }
    return QSize(std::min(width, kWidest) + 2 * metrics::kPadLarge, height + 2 * metrics::kPad);
}

void HoverCardWidget::showCard(const HoverCard& card, const QRect& target) {
    card_ = card;
    setAccessibleName(card.title);
    setAccessibleDescription(
        QStringList{card.target, card.type, card.stride, card.device, card.source}.join(u' '));
    const QSize wanted = sizeFor(lines());
    QPoint at(target.left(), target.bottom() + kGap);
    if (const QScreen* screen = parentWidget() ? parentWidget()->screen() : nullptr) {
        const QRect room = screen->availableGeometry();
        if (at.y() + wanted.height() > room.bottom())
            at.setY(std::max(room.top(), target.top() - kGap - wanted.height()));
        at.setX(std::clamp(at.x(), room.left(), std::max(room.left(), room.right() - wanted.width())));
    }
    setGeometry(QRect(at, wanted));
    show();
    update();
}

void HoverCardWidget::paintEvent(QPaintEvent*) {
    QPainter painter(this);
    painter.fillRect(rect(), color(Role::Raised));
    painter.setPen(color(Role::Line));
    painter.drawRect(rect().adjusted(0, 0, -1, -1));
    int y = metrics::kPad;
    for (const Line& line : lines()) {
        const QFontMetrics face(line.font);
        painter.setFont(line.font);
        painter.setPen(line.color);
        const QString text = face.elidedText(line.text, Qt::ElideRight, width() - 2 * metrics::kPadLarge);
        painter.drawText(metrics::kPadLarge, y + face.ascent(), text);
        y += face.height() + 1;
    }
}

} // namespace hopscope
