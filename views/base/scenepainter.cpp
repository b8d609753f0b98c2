#include "views/base/scenepainter.h"

#include "views/base/text.h"

#include <QPainterPath>

#include <algorithm>
#include <cmath>

namespace hopscope {

namespace {

using draw::ColorRole;
using draw::Primitive;

// Grows a range to hold item i; items of one thing stand together.
void extend(std::vector<CompiledList::Range>& ranges, uint32_t key, uint32_t i) {
    if (key >= ranges.size())
        return;
    CompiledList::Range& range = ranges[key];
    if (range.begin == range.end)
        range = {i, i + 1};
    else
        range.end = std::max(range.end, i + 1);
}

draw::Kind kindOf(ColorRole bar) {
    return static_cast<draw::Kind>(static_cast<int>(bar) - static_cast<int>(ColorRole::Kind0));
}

// Black or white, whichever reads better on it.
QRgb letterOn(const QColor& ground) {
    const uint32_t rgb = ground.rgb() & 0xFFFFFF;
    return draw::contrast(rgb, 0xFFFFFF) >= draw::contrast(rgb, 0x000000) ? 0xFFFFFF : 0x000000;
}

QPainterPath barPath(const QRectF& r, double radius) {
    QPainterPath path;
    path.moveTo(r.right(), r.top());
    path.lineTo(r.left() + radius, r.top());
    path.quadTo(r.left(), r.top(), r.left(), r.top() + radius);
    path.lineTo(r.left(), r.bottom() - radius);
    path.quadTo(r.left(), r.bottom(), r.left() + radius, r.bottom());
    path.lineTo(r.right(), r.bottom());
    path.closeSubpath();
    return path;
}

} // namespace

CompiledList::CompiledList(const draw::Scene& scene, draw::DisplayList displayList)
    : list(std::move(displayList)) {
    texts.reserve(list.texts.size());
    for (const std::string& text : list.texts)
        texts.push_back(qs(text));
    while (ground.end < list.items.size() && !list.items[ground.end].box && !list.items[ground.end].edge)
        ++ground.end;
    boxes.resize(scene.boxes.size());
    edges.resize(scene.edges.size());
    for (uint32_t i = 0; i < list.items.size(); ++i) {
        if (list.items[i].box)
            extend(boxes, *list.items[i].box, i);
        if (list.items[i].edge)
            extend(edges, *list.items[i].edge, i);
        if (i >= ground.end && !list.items[i].box && !list.items[i].edge)
            titles = {titles.begin == titles.end ? i : titles.begin, i + 1};
    }
}

Picture::Picture(std::shared_ptr<const draw::Scene> scene, std::shared_ptr<const draw::Overlay> overlay)
    : scene_(std::move(scene))
    , overlay_(std::move(overlay)) { }

const CompiledList& Picture::at(draw::Detail detail) {
    auto& slot = lists_[static_cast<size_t>(detail)];
    if (!slot) {
        draw::DisplayOptions options;
        options.detail = detail;
        options.overlay = overlay_.get();
        options.labels = false;
        slot = std::make_unique<CompiledList>(*scene_, draw::make_display_list(*scene_, options));
    }
    return *slot;
}

ScenePainter::ScenePainter(QPainter& painter, const PaintTarget& target)
    : p_(painter)
    , t_(target)
    , font_(monoFont()) {
    // Advances must scale with the size, or texts would outgrow the boxes that were measured for them.
    font_.setHintingPreference(QFont::PreferNoHinting);
}

QRectF ScenePainter::mapRect(const QRectF& rect) const {
    return QRectF(map(rect.left(), rect.top()), rect.size() * t_.scale);
}

double ScenePainter::snap(double v, double width) const {
    if (!t_.snap)
        return v;
    const bool odd = std::lround(width) % 2 == 1;
    return odd ? std::floor(v) + 0.5 : std::round(v);
}

QRectF ScenePainter::snapped(const QRectF& r, double width) const {
    return QRectF(QPointF(snap(r.left(), width), snap(r.top(), width)),
        QPointF(snap(r.right(), width), snap(r.bottom(), width)));
}

QColor ScenePainter::ink(ColorRole role) const {
    return QColor::fromRgb(
        draw::color(role, t_.scheme == Scheme::Dark ? draw::Theme::Dark : draw::Theme::Light));
}

QPen ScenePainter::pen(const QColor& color, double width) const {
    double w = width * t_.lineScale;
    if (t_.snap)
        w = std::max(1.0, std::round(w));
    QPen pen(color, w);
    pen.setCapStyle(Qt::FlatCap);
    pen.setJoinStyle(Qt::MiterJoin);
    return pen;
}

void ScenePainter::paintAll(const CompiledList& compiled) {
    paintRange(compiled, {0, static_cast<uint32_t>(compiled.list.items.size())});
}

void ScenePainter::paintRange(const CompiledList& compiled, CompiledList::Range range, const BoxLook& look) {
    for (uint32_t i = range.begin; i < range.end; ++i) {
        const Primitive& item = compiled.list.items[i];
        switch (item.type) {
        case Primitive::Type::Rect:
        case Primitive::Type::Bar:
            rect(item, look);
            break;
        case Primitive::Type::Text:
            text(item, compiled.texts[*item.text]);
            break;
        case Primitive::Type::Path:
            path(compiled, item, look);
            break;
        case Primitive::Type::Circle:
        case Primitive::Type::HalfCircle:
        case Primitive::Type::Cross:
        case Primitive::Type::Diamond:
            symbol(item);
            break;
        }
    }
}

void ScenePainter::rect(const Primitive& item, const BoxLook& look) {
    const bool isBox = item.part == Primitive::Part::Box;
    QColor fill = item.fill == ColorRole::None ? QColor() : ink(item.fill);
    QColor stroke = item.stroke == ColorRole::None ? QColor() : ink(item.stroke);
    double width = item.line_width;
    if (isBox && item.fill >= ColorRole::Kind0)
        fill = kindBlockColor(kindOf(item.fill), t_.scheme);
    if (isBox && look.fill.isValid())
        fill = look.fill;
    if ((isBox || item.part == Primitive::Part::Inner) && look.border.isValid())
        stroke = look.border;
    if (isBox && look.border.isValid())
        width = look.borderWidth;

    const QPen line = stroke.isValid() ? pen(stroke, width) : QPen(Qt::NoPen);
    QRectF r = mapRect(QRectF(item.x, item.y, item.w, item.h));
    // A fill without a border ends between pixels, a border runs along their middle.
    r = snapped(r, stroke.isValid() ? line.widthF() : 2);
    const double radius = item.radius * t_.scale;
    if (radius < 1.5) {
        p_.setRenderHint(QPainter::Antialiasing, !t_.snap);
        if (stroke.isValid()) {
            p_.setPen(line);
            p_.setBrush(fill.isValid() ? QBrush(fill) : QBrush(Qt::NoBrush));
            p_.drawRect(r);
        } else if (fill.isValid()) {
            p_.fillRect(
                QRectF(r.topLeft(), QSizeF(std::max(1.0, r.width()), std::max(1.0, r.height()))), fill);
        }
        return;
    }
    p_.setRenderHint(QPainter::Antialiasing, true);
    p_.setPen(line);
    p_.setBrush(fill.isValid() ? QBrush(fill) : QBrush(Qt::NoBrush));
    if (item.type == Primitive::Type::Bar)
        p_.drawPath(barPath(r, radius));
    else
        p_.drawRoundedRect(r, radius, radius);
}

void ScenePainter::text(const Primitive& item, const QString& text) {
    const double size = item.size * t_.scale; // device pixels
    if (size < item.least * t_.lineScale)
        return;
    // Qt takes whole pixels only: the rest is scaled, or texts would be wider than the boxes made for them.
    const int pixels = std::max(1, static_cast<int>(std::lround(size)));
    if (font_.pixelSize() != pixels || font_.bold() != item.bold) {
        font_.setPixelSize(pixels);
        font_.setBold(item.bold);
    }
    QColor color = ink(item.fill);
    if (item.letter) {
        const auto kind =
            static_cast<draw::Kind>(static_cast<int>(item.fill) - static_cast<int>(ColorRole::Kind0));
        color =
            QColor::fromRgb(item.part == Primitive::Part::Title ? letterOn(kindBlockColor(kind, t_.scheme))
                                                                : draw::letter_color(kind));
    }
    QPointF at = map(item.x, item.y);
    // By the advance that the picture was measured with, not by this machine's font.
    const double width = static_cast<double>(text.size()) * 0.6 * size;
    if (item.anchor == Primitive::Anchor::Middle)
        at.rx() -= width / 2;
    else if (item.anchor == Primitive::Anchor::End)
        at.rx() -= width;
    if (t_.snap)
        at.setY(std::round(at.y()));
    p_.setFont(font_);
    p_.setPen(color);
    const double rest = size / pixels;
    if (std::abs(rest - 1) < 0.001) {
        p_.drawText(at, text);
        return;
    }
    const QTransform before = p_.transform();
    p_.translate(at);
    p_.scale(rest, rest);
    p_.drawText(QPointF(), text);
    p_.setTransform(before);
}

void ScenePainter::path(const CompiledList& compiled, const Primitive& item, const BoxLook& look) {
    const draw::Spot* points = compiled.list.points.data() + item.points_begin;
    const size_t count = item.points_end - item.points_begin;
    if (count < 2)
        return;
    const bool filled = item.closed && item.fill != ColorRole::None;
    QColor fill = filled ? ink(item.fill) : QColor();
    QColor stroke = item.stroke == ColorRole::None ? QColor() : ink(item.stroke);
    if (look.stroke.isValid()) {
        if (filled)
            fill = look.stroke;
        if (stroke.isValid())
            stroke = look.stroke;
    }
    QPen line = stroke.isValid() ? pen(stroke, look.stroke.isValid() ? look.borderWidth : item.line_width)
                                 : QPen(Qt::NoPen);
    if (item.dashed)
        line.setDashPattern({4.0, 3.0});
    auto at = [&](const draw::Spot& spot) {
        QPointF to = map(spot.x, spot.y);
        if (!filled && t_.snap)
            to = QPointF(snap(to.x(), line.widthF()), snap(to.y(), line.widthF()));
        return to;
    };
    const double radius = item.radius * t_.scale;
    if (radius < 2 && !filled && t_.snap) { // far out: plain lines, which are many times cheaper
        thread_local std::vector<QPointF> polyline;
        polyline.clear();
        for (size_t i = 0; i < count; ++i)
            polyline.push_back(at(points[i]));
        p_.setRenderHint(QPainter::Antialiasing, false);
        p_.setPen(line);
        p_.drawPolyline(polyline.data(), static_cast<int>(polyline.size()));
        return;
    }
    QPainterPath path;
    for (const draw::PathStep& step : draw::rounded_path(points, count, item.radius, item.closed)) {
        switch (step.type) {
        case draw::PathStep::Type::Move:
            path.moveTo(at(step.to));
            break;
        case draw::PathStep::Type::Line:
            path.lineTo(at(step.to));
            break;
        case draw::PathStep::Type::Curve:
            path.quadTo(at(step.control), at(step.to));
            break;
        }
    }
    if (item.closed)
        path.closeSubpath();
    p_.setRenderHint(QPainter::Antialiasing, true);
    p_.setPen(line);
    p_.setBrush(filled ? QBrush(fill) : QBrush(Qt::NoBrush));
    p_.drawPath(path);
}

// The small marks: dots of the cache, ports.
void ScenePainter::symbol(const Primitive& item) {
    const QPointF c = map(item.x, item.y);
    const double r = item.w * t_.scale / 2;
    p_.setRenderHint(QPainter::Antialiasing, true);
    p_.setPen(item.stroke == ColorRole::None ? QPen(Qt::NoPen) : pen(ink(item.stroke), item.line_width));
    const QBrush fill = item.fill == ColorRole::None ? QBrush(Qt::NoBrush) : QBrush(ink(item.fill));
    p_.setBrush(fill);
    const QRectF around(c.x() - r, c.y() - r, 2 * r, 2 * r);
    switch (item.type) {
    case Primitive::Type::Circle:
        p_.drawEllipse(around);
        break;
    case Primitive::Type::HalfCircle:
        p_.setBrush(Qt::NoBrush);
        p_.drawEllipse(around);
        p_.setPen(Qt::NoPen);
        p_.setBrush(fill);
        p_.drawPie(around, 90 * 16, 180 * 16);
        break;
    case Primitive::Type::Cross:
        p_.drawLine(around.topLeft(), around.bottomRight());
        p_.drawLine(around.topRight(), around.bottomLeft());
        break;
    case Primitive::Type::Diamond: {
        const QPointF corners[] = {
            {c.x(), c.y() - r}, {c.x() + r, c.y()}, {c.x(), c.y() + r}, {c.x() - r, c.y()}};
        p_.drawConvexPolygon(corners, 4);
        break;
    }
    default:
        break;
    }
}

} // namespace hopscope
