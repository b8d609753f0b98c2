#include "views/base/decision.h"

#include "core/browse/ledger_rows.h"
#include "views/base/text.h"

#include <QPainter>

namespace hopscope {

Glyph glyphOf(Decision decision, bool inlined) {
    if (decision == Decision::Failed)
        return Glyph::Cross;
    if (inlined)
        return Glyph::Ring;
    switch (decision) {
    case Decision::Traced:
    case Decision::RetracedNew:
        return Glyph::Hollow;
    case Decision::Reused:
    case Decision::ReusedByKey:
        return Glyph::Filled;
    case Decision::RetracedSame:
        return Glyph::Half;
    case Decision::Failed:
        return Glyph::Cross;
    case Decision::Unknown:
        break;
    }
    return Glyph::Dash;
}

Role roleOf(Decision decision, bool inlined) {
    if (decision == Decision::Failed)
        return Role::Failed;
    if (inlined)
        return Role::Quiet;
    switch (decision) {
    case Decision::Traced:
        return Role::Traced;
    case Decision::Reused:
    case Decision::ReusedByKey:
        return Role::Reused;
    case Decision::RetracedSame:
    case Decision::RetracedNew:
        return Role::TracedAgain;
    case Decision::Failed:
        return Role::Failed;
    case Decision::Unknown:
        break;
    }
    return Role::Quiet;
}

QString glyphText(Glyph glyph) {
    switch (glyph) {
    case Glyph::Hollow:
        return QStringLiteral("○");
    case Glyph::Filled:
        return QStringLiteral("●");
    case Glyph::Half:
        return QStringLiteral("◐");
    case Glyph::Cross:
        return QStringLiteral("✕");
    case Glyph::Ring:
        return QStringLiteral("◎");
    case Glyph::Dash:
        break;
    }
    return QStringLiteral("–");
}

namespace {
// Numbers as in draw::Dot.
bool isInlined(uint8_t dot) {
    return dot > static_cast<uint8_t>(Decision::Unknown);
}
Decision decisionOf(uint8_t dot) {
    return isInlined(dot) ? Decision::Unknown : static_cast<Decision>(dot);
}
} // namespace

Glyph glyphOfDot(uint8_t dot) {
    return glyphOf(decisionOf(dot), isInlined(dot));
}

Role roleOfDot(uint8_t dot) {
    return roleOf(decisionOf(dot), isInlined(dot));
}

QString decisionText(const Invocation& invocation) {
    return qs(decision_text(invocation));
}

void paintGlyph(QPainter& painter, QPointF centre, qreal size, Glyph glyph, const QColor& color) {
    painter.save();
    painter.setRenderHint(QPainter::Antialiasing);
    const qreal pen = qMax(1.25, size / 7.0);
    const qreal radius = (size - pen) / 2;
    const QRectF circle(centre.x() - radius, centre.y() - radius, 2 * radius, 2 * radius);
    painter.setPen(QPen(color, pen, Qt::SolidLine, Qt::RoundCap));
    painter.setBrush(Qt::NoBrush);
    switch (glyph) {
    case Glyph::Hollow:
        painter.drawEllipse(circle);
        break;
    case Glyph::Filled:
        painter.setBrush(color);
        painter.drawEllipse(circle);
        break;
    case Glyph::Half: {
        painter.drawEllipse(circle);
        painter.setPen(Qt::NoPen);
        painter.setBrush(color);
        painter.drawPie(circle, 90 * 16, 180 * 16);
        break;
    }
    case Glyph::Cross: {
        const qreal r = radius * 0.85;
        painter.drawLine(centre + QPointF(-r, -r), centre + QPointF(r, r));
        painter.drawLine(centre + QPointF(-r, r), centre + QPointF(r, -r));
        break;
    }
    case Glyph::Ring: {
        painter.drawEllipse(circle);
        painter.setPen(Qt::NoPen);
        painter.setBrush(color);
        painter.drawEllipse(centre, radius * 0.4, radius * 0.4);
        break;
    }
    case Glyph::Dash:
        painter.drawLine(centre + QPointF(-radius * 0.7, 0), centre + QPointF(radius * 0.7, 0));
        break;
    }
    painter.restore();
}

} // namespace hopscope
