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

namespace {

constexpr double kEdge = 8; // between a heading and the border

QFont headingFont() {
    QFont font = monoFont(Size::Small);
    font.setBold(true);
    return font;
}

QColor plateColor() {
    QColor plate = color(Role::Window);
    plate.setAlphaF(0.85F);
    return plate;
}

} // namespace

// Where words that may stand further to the right cover no box: the first such left border, else where they
// are.
double Canvas::Private::clearOfBoxes(const QRectF& place, double right) const {
    constexpr double kStep = 16;
    for (double x = place.left(); x + place.width() <= right; x += kStep)
        if (index->countIn(QRectF(q->toScene({x, place.top()}), place.size() / zoom), 1) == 0)
            return x;
    return place.left();
}

// Of halves, at the upper border of what is seen of each. Of one half alone, which the pane's own heading
// names, only as long as its beginning is in view.
std::vector<Canvas::Private::Heading> Canvas::Private::headings() const {
    std::vector<Heading> found;
    if (!shows() || scene->labels.empty())
        return found;
    const QFontMetricsF metrics(headingFont());
    const double height = std::ceil(metrics.height()), room = q->viewport()->width();
    const bool both = scene->labels.size() > 1;
    for (size_t i = 0; i < scene->labels.size(); ++i) {
        const QPointF at = q->fromScene({double(scene->labels[i].at.x), double(scene->labels[i].at.y)});
        const bool last = i + 1 == scene->labels.size();
        const double end = q->fromScene({double(last ? scene->width : scene->labels[i + 1].at.x), 0}).x();
        const QString words = qs(scene->labels[i].text);
        QRectF place(std::max(at.x() - kGap, kEdge), std::floor(at.y() - metrics.ascent()),
            metrics.horizontalAdvance(words) + 2 * kGap, height);
        const bool pinned = both && place.top() < kGap;
        if (pinned)
            place.moveTop(kGap);
        if (place.bottom() < 0 || place.right() > room || (!last && place.right() > end))
            continue;
        if (last && end < place.center().x())
            continue;
        if (pinned)
            place.moveLeft(clearOfBoxes(place, std::min(end, room - kEdge)));
        found.push_back({place, words});
    }
    return found;
}

std::vector<QRectF> Canvas::headings() const {
    std::vector<QRectF> places;
    for (const Private::Heading& heading : d->headings())
        places.push_back(heading.place);
    return places;
}

void Canvas::Private::paintHeadings(QPainter& painter) const {
    const std::vector<Heading> words = headings();
    if (words.empty())
        return;
    painter.setFont(headingFont());
    for (const Heading& heading : words) {
        painter.fillRect(heading.place, plateColor());
        painter.setPen(color(Role::Quiet));
        painter.drawText(heading.place, int(Qt::AlignCenter), heading.words);
    }
}

void Canvas::Private::paintFarLabels(QPainter& painter, ScenePainter& scenePainter) {
    const draw::Detail detail = draw::detail_for(zoom);
    if (detail < draw::Detail::Shapes || (farBoxes.empty() && scene->frames.empty()))
        return;
    const double ratio = q->devicePixelRatioF();
    QFont font = monoFont();
    font.setPixelSize(static_cast<int>(std::lround(10 * ratio)));
    const QFontMetricsF metrics(font);
    const double height = metrics.ascent() + 1; // lines close together: there are more blocks than room
    Taken taken(height);
    painter.setFont(font);
    painter.setRenderHint(QPainter::Antialiasing, true);
    const QColor plate = plateColor();
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
        // In the head of the frame, or over its border where that is too low; of a frame that begins above,
        // where no box is.
        const double head = draw::kFrameHead * scenePainter.mapRect(QRectF(0, 0, 1, 1)).height();
        const double inHead = std::min(on.top() + ratio, on.top() + head - height - ratio);
        const double top = frame.closed ? inHead : on.top() + ratio;
        QRectF place(std::max(on.left(), 0.0) + 2 * ratio, std::max(top, 0.0),
            metrics.horizontalAdvance(words) + kGap * ratio, height);
        if (top < 0)
            place.moveLeft(ratio
                * clearOfBoxes(QRectF(place.topLeft() / ratio, place.size() / ratio), on.right() / ratio));
        say(place, words, Role::Text, 0);
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
