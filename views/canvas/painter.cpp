#include "views/canvas/painter.h"

#include <QPainter>

namespace hopscope {

void paintScene(QPainter& painter, const draw::Scene& scene, Scheme scheme, const QRectF& clip) {
    for (const draw::Box& box : scene.boxes) {
        const QRectF rect(box.x, box.y, box.w, box.h);
        if (!clip.isNull() && !rect.intersects(clip))
            continue;
        painter.setPen(color(Role::Line, scheme));
        painter.setBrush(color(Role::Surface, scheme));
        painter.drawRoundedRect(rect, 4, 4);
        painter.setPen(color(Role::Text, scheme));
        painter.drawText(rect, Qt::AlignCenter, QString::fromStdString(box.title));
    }
}

} // namespace hopscope
