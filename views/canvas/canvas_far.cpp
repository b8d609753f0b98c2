// What is said in words where boxes are too small to hold any: calls with what became of them, and frames.
// The words keep their size on the screen; those for which there is no room are left out, the blocks stay.
#include "views/base/decision.h"
#include "views/base/text.h"
#include "views/base/theme.h"
#include "views/canvas/canvas_p.h"

#include <QFontMetricsF>
#include <QPainter>

#include <algorithm>
#include <cmath>
#include <unordered_map>

namespace hopscope {

namespace {

constexpr double kGlyph = 8, kGap = 4; // device-independent pixels
constexpr double kLeastBlock = 1.5; // height of a block that is still told from its neighbours
constexpr size_t kMostLabels = 400; // more cannot be read at once

// Rectangles that are taken, by rows of the viewport.
class Taken {
public:
    explicit Taken(double row)
        : row_(row) { }
    bool take(const QRectF& rect) {
        const auto from = static_cast<long>(std::floor(rect.top() / row_)),
                   to = static_cast<long>(std::floor(rect.bottom() / row_));
        for (long r = from; r <= to; ++r)
            for (const QRectF& other : rows_[r])
                if (other.intersects(rect))
                    return false;
        for (long r = from; r <= to; ++r)
            rows_[r].push_back(rect);
        return true;
    }

private:
    double row_;
    std::unordered_map<long, std::vector<QRectF>> rows_;
};

} // namespace

void Canvas::Private::paintFarLabels(QPainter& painter, ScenePainter& scenePainter) {
    const draw::Detail detail = draw::detail_for(zoom);
    if (detail < draw::Detail::Shapes || (farBoxes.empty() && scene->frames.empty() && scene->labels.empty()))
        return;
    const double ratio = q->devicePixelRatioF();
    QFont font = monoFont();
    font.setPixelSize(static_cast<int>(std::lround(10 * ratio)));
    const QFontMetricsF metrics(font);
    const double height = metrics.ascent() + 1; // lines close together: there are more blocks than room
    Taken taken(height);
    painter.setFont(font);
    painter.setRenderHint(QPainter::Antialiasing, true);
    QColor plate = color(Role::Window);
    plate.setAlphaF(0.85F);
    size_t count = 0;
    const auto say = [&](const QRectF& place, const QString& words, Role role, double shift) {
        if (count >= kMostLabels || !taken.take(place))
            return false;
        ++count;
        painter.fillRect(place, plate);
        painter.setPen(color(role));
        painter.drawText(
            place.adjusted(kGap * ratio / 2 + shift, 0, 0, 0), Qt::AlignLeft | Qt::AlignVCenter, words);
        return true;
    };
    const QRectF seen = visibleScene();
    for (const draw::Frame& frame : scene->frames) {
        const QRectF rect(frame.x, frame.y, std::max(frame.w, 1), std::max(frame.h, 1));
        if (!seen.intersects(rect) || frame.h * zoom < height / ratio)
            continue;
        const QRectF on = scenePainter.mapRect(rect);
        const QString words = qs(frame.label);
        const double left = std::max(on.left(), 0.0) + 2 * ratio, top = std::max(on.top(), 0.0) + ratio;
        say(QRectF(left, top, metrics.horizontalAdvance(words) + kGap * ratio, height), words, Role::Text, 0);
    }
    for (const draw::Label& label : scene->labels) { // which half is which
        const QString words = qs(label.text);
        const QPointF at = scenePainter.map(label.at.x, label.at.y);
        say(QRectF(at.x(), at.y() - height, metrics.horizontalAdvance(words) + kGap * ratio, height), words,
            Role::Quiet, 0);
    }
    if (detail == draw::Detail::Shapes)
        return; // a call's name is in its block
    for (const uint32_t i : farBoxes) {
        const draw::Box& box = scene->boxes[i];
        if (!seen.intersects(rectOf(box)) || box.h * zoom < kLeastBlock)
            continue;
        const QRectF on = scenePainter.mapRect(rectOf(box));
        const QString words = qs(box.op);
        const double w = metrics.horizontalAdvance(words) + (kGlyph + 2 * kGap) * ratio;
        const double y = on.center().y() - height / 2;
        QRectF place(on.right() + kGap * ratio, y, w, height);
        if (place.right() > q->viewport()->width() * ratio) // no room on the right
            place.moveRight(on.left() - kGap * ratio);
        if (!say(place, words, Role::Text, (kGlyph + kGap) * ratio))
            continue;
        const uint8_t dot = box.own_dot ? box.dots[*box.own_dot] : static_cast<uint8_t>(draw::Dot::Unknown);
        paintGlyph(painter, QPointF(place.left() + (kGap / 2 + kGlyph / 2) * ratio, place.center().y()),
            kGlyph * ratio, glyphOfDot(dot), color(roleOfDot(dot)));
    }
}

} // namespace hopscope
