// Painting of the canvas: a layer of the picture as it is, kept between frames, and the marks over it.
#include "views/base/theme.h"
#include "views/canvas/canvas_p.h"

#include <QPaintEvent>
#include <QPainter>
#include <QPainterPath>

#include <algorithm>
#include <cmath>

namespace hopscope {

namespace {

constexpr double kDimmed = 0.35; // opacity
constexpr double kOverhang = 12; // scene points that ports and arrows reach beyond a box

// Thin enough that what lies under it can be read: in the dark there is less to take away.
QColor waitingVeil() {
    QColor veil = color(Role::Window);
    veil.setAlphaF(Theme::instance().isDark() ? 0.35F : 0.5F);
    return veil;
}

} // namespace

PaintTarget Canvas::Private::target() const {
    const double ratio = q->devicePixelRatioF();
    PaintTarget t;
    t.scheme = Theme::instance().scheme();
    t.scale = zoom * ratio;
    t.shift = -offset * ratio;
    t.lineScale = std::max(1.0, std::round(zoom)) * ratio;
    return t;
}

// The layer is in device pixels; its ratio is set only for showing it.
void Canvas::Private::paintLayer(const QRect& part) {
    QPainter painter(&layer);
    painter.setClipRect(part);
    painter.fillRect(part, color(Role::Window));
    ScenePainter scenePainter(painter, target());
    const double scale = layerScale();
    const QRectF seen = QRectF(QPointF(part.topLeft()) / scale + offset / zoom, QSizeF(part.size()) / scale)
                            .adjusted(-kOverhang, -kOverhang, kOverhang, kOverhang);
    const CompiledList& compiled = picture->at(draw::detail_for(zoom));
    scenePainter.paintRange(compiled, compiled.ground);
    for (uint32_t edge : index->edgesIn(seen))
        if (savedLinks || !scene->edges[edge].saved)
            scenePainter.paintRange(compiled, compiled.edges[edge]);
    scenePainter.paintRange(compiled, compiled.titles);
    for (uint32_t box : index->boxesIn(seen))
        scenePainter.paintRange(compiled, compiled.boxes[box]);
}

double Canvas::Private::layerScale() const {
    return zoom * q->devicePixelRatioF();
}

const QPixmap& Canvas::Private::staticLayer() {
    const double ratio = q->devicePixelRatioF();
    const QSize size = (QSizeF(q->viewport()->size()) * ratio).toSize();
    const LayerKey key{picture.get(), size, zoom, ratio, Theme::instance().scheme()};
    layer.setDevicePixelRatio(1);
    const QPointF moved = (layerOffset - offset) * ratio;
    const QPoint by(static_cast<int>(std::lround(moved.x())), static_cast<int>(std::lround(moved.y())));
    if (!(key == layerKey) || std::abs(by.x()) >= size.width() || std::abs(by.y()) >= size.height()) {
        if (layer.size() != size)
            layer = QPixmap(size);
        layerKey = key;
        paintLayer(QRect(QPoint(), size));
    } else if (!by.isNull()) {
        layer.scroll(by.x(), by.y(), layer.rect());
        const QRect all = layer.rect();
        if (by.x() != 0)
            paintLayer(by.x() > 0 ? QRect(0, 0, by.x(), all.height())
                                  : QRect(all.width() + by.x(), 0, -by.x(), all.height()));
        if (by.y() != 0)
            paintLayer(by.y() > 0 ? QRect(0, 0, all.width(), by.y())
                                  : QRect(0, all.height() + by.y(), all.width(), -by.y()));
    }
    layerOffset = offset;
    layer.setDevicePixelRatio(ratio);
    return layer;
}

void Canvas::Private::paint(QPainter& painter) {
    painter.drawPixmap(0, 0, staticLayer());
    if (dimmed) {
        QColor veil = color(Role::Window);
        veil.setAlphaF(1 - kDimmed);
        painter.fillRect(q->viewport()->rect(), veil);
    }
    const double ratio = q->devicePixelRatioF();
    painter.save();
    painter.scale(1 / ratio, 1 / ratio);
    ScenePainter scenePainter(painter, target());
    paintWaiting(painter, scenePainter);
    paintLinks(painter, scenePainter);
    paintOutlets(painter, scenePainter);
    paintMarkedBoxes(painter, scenePainter);
    paintDifferences(painter, scenePainter);
    paintFarLabels(painter, scenePainter);
    paintTags(painter, scenePainter);
    paintSigns(painter, scenePainter);
    painter.restore();
    paintHeadings(painter);
}

// The edges of the selection, also those that are too long to be drawn otherwise.
void Canvas::Private::paintLinks(QPainter& painter, ScenePainter& scenePainter) {
    auto show = [&](uint32_t i, const QColor& ink) {
        const draw::Edge& edge = scene->edges[i];
        if (!edge.cut && !edge.points.empty()) {
            const CompiledList& compiled = picture->at(draw::detail_for(zoom));
            BoxLook look;
            look.stroke = ink;
            look.borderWidth = zoom < 0.6 ? 1 : 2;
            scenePainter.paintRange(compiled, compiled.edges[i], look);
            return;
        }
        if (edge.from_box >= scene->boxes.size() || edge.to_box >= scene->boxes.size())
            return;
        const QRectF from = scenePainter.mapRect(rectOf(scene->boxes[edge.from_box]));
        const QRectF to = scenePainter.mapRect(rectOf(scene->boxes[edge.to_box]));
        QPen pen(ink, target().lineScale);
        pen.setDashPattern({4, 3});
        painter.setRenderHint(QPainter::Antialiasing, true);
        painter.setPen(pen);
        painter.setBrush(Qt::NoBrush);
        const bool flat = scene->sideways;
        const QPointF start =
            flat ? QPointF(from.right(), from.center().y()) : QPointF(from.center().x(), from.bottom());
        const QPointF end = flat ? QPointF(to.left(), to.center().y()) : QPointF(to.center().x(), to.top());
        const double way = flat ? end.x() - start.x() : end.y() - start.y();
        const double bend = std::min(80 * target().scale, std::abs(way) / 2);
        const QPointF out = flat ? QPointF(bend, 0) : QPointF(0, bend);
        QPainterPath path(start);
        path.cubicTo(start + out, end - out, end);
        painter.drawPath(path);
    };
    if (const std::optional<uint32_t> box = index->boxOf(selected)) {
        const QColor ink = color(Role::Accent);
        for (uint32_t edge : index->edgesInto(*box))
            show(edge, ink);
        for (uint32_t edge : index->edgesOutOf(*box))
            show(edge, ink);
    }
    for (const uint32_t link : lit)
        if (link < across.size())
            show(across[link], color(Role::Accent));
    if (hoverEdge && *hoverEdge < scene->edges.size())
        show(*hoverEdge, color(Role::Text));
}

// From what belongs to the other half towards it, where no value passes: the lines go on across the gap.
void Canvas::Private::paintOutlets(QPainter& painter, ScenePainter& scenePainter) {
    if (across.empty() || side == Side::None)
        return;
    QPen pen(color(Role::Accent), 2 * target().lineScale);
    pen.setDashPattern({1, 2});
    pen.setCapStyle(Qt::FlatCap);
    painter.setPen(pen);
    painter.setRenderHint(QPainter::Antialiasing, false);
    std::vector<NodeId> nodes = told.partners;
    if (told.reaches)
        nodes.push_back(selected);
    const bool right = side == Side::Right;
    for (const NodeId node : nodes) {
        const std::optional<uint32_t> box = index->boxOf(node);
        if (!box)
            continue;
        const draw::Box& own = scene->boxes[*box];
        const double y = q->outlet(*box);
        const bool beside = y < own.y + own.h;
        const double x = beside ? (right ? own.x + own.w : own.x) : own.x + own.w / 2.0;
        const QPointF from = scenePainter.map(x, y);
        const double border = right ? q->viewport()->width() * q->devicePixelRatioF() : 0;
        if (right ? from.x() < border : from.x() > border)
            painter.drawLine(from, QPointF(border, from.y()));
    }
}

// Boxes that look other than they are listed are painted again, over the layer.
void Canvas::Private::paintMarkedBoxes(QPainter& painter, ScenePainter& scenePainter) {
    const draw::Detail detail = draw::detail_for(zoom);
    const CompiledList& compiled = picture->at(detail);
    const bool blocks = detail >= draw::Detail::Shapes;
    const std::optional<uint32_t> chosen = index->boxOf(selected);
    for (uint32_t box : index->boxesIn(visibleScene())) {
        const uint16_t mark = marks[box];
        if (box != chosen && !(mark & (kUser | kProducer | kAlso)) && !(dimmed && mark & kKept))
            continue;
        BoxLook look;
        if (box == chosen || mark & kAlso) {
            look.fill = color(blocks ? Role::Accent : Role::AccentSoft);
            look.border = color(Role::Accent);
            look.borderWidth = 2;
        } else if (mark & (kUser | kProducer)) {
            look.border = color(Role::Accent);
        }
        scenePainter.paintRange(compiled, compiled.boxes[box], look);
        if (blocks && (box == chosen || mark & kAlso)) {
            // A ring around the block, as its colour alone is none in grey.
            const double line = target().lineScale;
            painter.setRenderHint(QPainter::Antialiasing, true);
            painter.setPen(QPen(color(Role::Accent), 2 * line));
            painter.setBrush(Qt::NoBrush);
            painter.drawRoundedRect(scenePainter.mapRect(rectOf(scene->boxes[box]))
                                        .adjusted(-3 * line, -3 * line, 3 * line, 3 * line),
                4 * line, 4 * line);
        }
        if (mark & kWaiting && box != chosen && !overlay) {
            // Its mark is its border; what is in it stays quiet.
            const double line = target().lineScale;
            painter.setRenderHint(QPainter::Antialiasing, false);
            painter.fillRect(
                scenePainter.mapRect(rectOf(scene->boxes[box])).adjusted(line, line, -line, -line),
                waitingVeil());
        }
    }
}

// Small signs on boxes: hits, crossing values, the step, bookmarks, the port of a folded selection.
void Canvas::Private::paintSigns(QPainter& painter, ScenePainter& scenePainter) {
    const double line = target().lineScale;
    const bool blocks = draw::detail_for(zoom) >= draw::Detail::Shapes;
    const std::optional<uint32_t> current = index->boxOf(currentHit), at = index->boxOf(told.step);
    painter.setRenderHint(QPainter::Antialiasing, true);
    for (uint32_t box : index->boxesIn(visibleScene().adjusted(-kOverhang, 0, kOverhang, 0))) {
        const uint16_t mark = marks[box];
        if (!(mark & (kHit | kCrossing | kPartner | kBookmark | kBreakpoint)) && box != current && box != at)
            continue;
        const QRectF r = scenePainter.snapped(scenePainter.mapRect(rectOf(scene->boxes[box])), line);
        if (mark & kHit) {
            // Whole pixels: half covered ones would dull the yellow.
            const double thick =
                blocks ? std::max(2 * line, r.height() / 4) : std::min(3 * line, r.height() / 6);
            const int h = std::max(1, static_cast<int>(std::lround(thick)));
            const QRect whole = r.toAlignedRect();
            painter.fillRect(
                QRect(whole.left(), whole.bottom() - h + 1, std::max(whole.width(), 3), h), color(Role::Hit));
        }
        if (box == current) {
            painter.setPen(QPen(color(Role::Hit), 2 * line));
            painter.setBrush(Qt::NoBrush);
            painter.drawRoundedRect(r.adjusted(-3 * line, -3 * line, 3 * line, 3 * line), 5 * line, 5 * line);
        }
        if (mark & kPartner) { // dashed: it belongs together, no value is passed
            QPen pen(color(Role::Accent), 2 * line);
            pen.setDashPattern({3, 2});
            painter.setPen(pen);
            painter.setBrush(Qt::NoBrush);
            painter.drawRoundedRect(r.adjusted(-3 * line, -3 * line, 3 * line, 3 * line), 5 * line, 5 * line);
        }
        if (mark & kCrossing)
            paintCrossing(painter, r, line);
        if (mark & kBookmark) {
            const double s = std::min(8 * line, r.height() / 2);
            const QPointF corner[] = {{r.right() - s, r.top()}, r.topRight(), {r.right(), r.top() + s}};
            painter.setPen(Qt::NoPen);
            painter.setBrush(color(Role::Accent));
            painter.drawConvexPolygon(corner, 3);
        }
        if (mark & kBreakpoint)
            paintBreakpoint(painter, r, line,
                std::any_of(told.breakpoints.begin(), told.breakpoints.end(),
                    [&](NodeId n) { return index->boxOf(n) == box; }));
        if (box == at) {
            const double s = std::clamp(r.height() / 2, 5 * line, 8 * line);
            const double x = r.left() - 3 * line, y = r.center().y();
            const QPointF arrow[] = {{x, y}, {x - s, y - s * 0.75}, {x - s, y + s * 0.75}};
            painter.setPen(Qt::NoPen);
            painter.setBrush(color(Role::Accent));
            painter.drawConvexPolygon(arrow, 3);
        }
    }
    paintSelectedPort(painter, scenePainter);
}

// Nodes that have not run yet lie under a veil; what has run stands out.
void Canvas::Private::paintWaiting(QPainter& painter, ScenePainter& scenePainter) {
    if (told.waiting.empty() || overlay) // whose fills say more
        return;
    const QColor veil = waitingVeil();
    painter.setRenderHint(QPainter::Antialiasing, false);
    for (uint32_t box : index->boxesIn(visibleScene())) {
        if (!(marks[box] & kWaiting))
            continue;
        const double line = target().lineScale;
        painter.fillRect(
            scenePainter.mapRect(rectOf(scene->boxes[box])).adjusted(-line, -line, line, line), veil);
    }
}

// A frame and a sign at the corner: changed ones "≠", those of this side alone "−" or "+" by the side they
// are on.
void Canvas::Private::paintDifferences(QPainter& painter, ScenePainter& scenePainter) {
    if (told.changed.empty() && told.onlyHere.empty())
        return;
    const double line = target().lineScale;
    const bool blocks = draw::detail_for(zoom) >= draw::Detail::Shapes;
    const bool first = side == Side::Right; // the other pane is on the right: this is the left body
    const QRectF seen = visibleScene().adjusted(-kOverhang, -kOverhang, kOverhang, kOverhang);
    QFont font = uiFont();
    font.setBold(true);
    font.setPixelSize(static_cast<int>(std::lround(11 * line)));
    painter.setFont(font);
    painter.setRenderHint(QPainter::Antialiasing, true);
    const auto show = [&](NodeId node, const QColor& ink, const QString& sign) {
        const std::optional<uint32_t> box = index->boxOf(node);
        if (!box || !seen.intersects(rectOf(scene->boxes[*box])))
            return;
        const QRectF r = scenePainter.snapped(scenePainter.mapRect(rectOf(scene->boxes[*box])), line);
        painter.setPen(QPen(ink, 2 * line));
        painter.setBrush(Qt::NoBrush);
        painter.drawRoundedRect(r.adjusted(-2 * line, -2 * line, 2 * line, 2 * line), 5 * line, 5 * line);
        if (blocks)
            return;
        const double s = 8 * line;
        const QRectF badge(r.right() - s, r.top() - s, 2 * s, 2 * s);
        painter.setPen(Qt::NoPen);
        painter.setBrush(ink);
        painter.drawEllipse(badge);
        painter.setPen(color(Role::Surface));
        painter.drawText(badge, int(Qt::AlignCenter), sign);
    };
    for (const NodeId node : told.changed)
        show(node, color(Role::TracedAgain), QStringLiteral("≠"));
    const QColor only = color(first ? Role::Failed : Role::Reused);
    for (const NodeId node : told.onlyHere)
        show(node, only, first ? QStringLiteral("−") : QStringLiteral("+"));
}

// One line hanging on the lower border, no wider than the box and its gap; the bar lies on that border.
void Canvas::Private::paintTags(QPainter& painter, ScenePainter& scenePainter) {
    constexpr double kTagHeight = 11, kTagFont = 7.5, kBar = 3, kOver = 6; // scene points
    const bool readable = draw::detail_for(zoom) == draw::Detail::Full;
    const double scale = target().scale, line = target().lineScale;
    const QRectF seen = visibleScene().adjusted(-kOverhang, -kTagHeight, kOverhang, kTagHeight);
    QFont font = monoFont();
    // Small, but never too small to be read.
    font.setPixelSize(
        static_cast<int>(std::lround(std::max(kTagFont * scale, 8.0 * q->devicePixelRatioF()))));
    const QFontMetricsF metrics(font);
    for (const Tag& tag : told.tags) {
        const std::optional<uint32_t> box = index->boxOf(tag.node);
        if (!box || scene->boxes[*box].node != tag.node || !seen.intersects(rectOf(scene->boxes[*box])))
            continue;
        const QRectF r = scenePainter.snapped(scenePainter.mapRect(rectOf(scene->boxes[*box])), line);
        if (tag.bar) {
            const double h = std::max(2 * line, kBar * scale);
            painter.setRenderHint(QPainter::Antialiasing, false);
            painter.fillRect(QRectF(r.left(), r.bottom() - h, r.width(), h), color(Role::Line));
            painter.fillRect(QRectF(r.left(), r.bottom() - h, r.width() * std::min(1.0, *tag.bar), h),
                color(Role::Traced));
        }
        if (!readable || tag.text.isEmpty())
            continue;
        const double pad = 3 * scale, room = r.width() + 2 * kOver * scale - 2 * pad;
        // What does not fit goes from the end, a part at a time: half a number says something wrong.
        QString text = tag.text;
        for (qsizetype cut = 0;
             metrics.horizontalAdvance(text) > room && (cut = text.lastIndexOf(QStringLiteral("  "))) > 0;)
            text.truncate(cut);
        text = metrics.elidedText(text, Qt::ElideRight, room);
        const QRectF place(r.left(), r.bottom() + line, metrics.horizontalAdvance(text) + 2 * pad,
            std::max(kTagHeight * scale, metrics.height()));
        painter.setRenderHint(QPainter::Antialiasing, true);
        painter.setPen(Qt::NoPen);
        painter.setBrush(color(Role::Window));
        painter.drawRect(place);
        painter.setFont(font);
        painter.setPen(color(tag.warning ? Role::Failed : Role::Accent));
        painter.drawText(place.adjusted(pad, 0, 0, 0), Qt::AlignLeft | Qt::AlignVCenter, text);
    }
}

// At the left edge, above the middle, so that the arrow of the step has its place.
void Canvas::Private::paintBreakpoint(QPainter& painter, const QRectF& r, double line, bool on) const {
    const double s = std::clamp(r.height() / 6, 3 * line, 5 * line);
    painter.setPen(QPen(color(Role::Failed), 1.5 * line));
    painter.setBrush(on ? QBrush(color(Role::Failed)) : QBrush(color(Role::Surface)));
    painter.drawEllipse(QPointF(r.left(), r.top()), s, s);
}

// A stub towards the other pane: its shape says so without colour too.
void Canvas::Private::paintCrossing(QPainter& painter, const QRectF& r, double line) const {
    painter.setPen(QPen(color(Role::Saved), line));
    painter.setBrush(Qt::NoBrush);
    painter.drawRoundedRect(r.adjusted(-2 * line, -2 * line, 2 * line, 2 * line), 5 * line, 5 * line);
    if (side == Side::None)
        return;
    const double dir = side == Side::Right ? 1 : -1;
    const double x = side == Side::Right ? r.right() + 2 * line : r.left() - 2 * line, y = r.center().y();
    const double s = std::min(4 * line, std::max(1.0, r.height() / 3)), reach = 3.5 * s;
    painter.setPen(QPen(color(Role::Saved), 2 * line));
    painter.drawLine(QPointF(x, y), QPointF(x + dir * (reach - s), y));
    const QPointF head[] = {
        {x + dir * reach, y}, {x + dir * (reach - 1.6 * s), y - s}, {x + dir * (reach - 1.6 * s), y + s}};
    painter.setPen(Qt::NoPen);
    painter.setBrush(color(Role::Saved));
    painter.drawConvexPolygon(head, 3);
}

void Canvas::Private::paintSelectedPort(QPainter& painter, ScenePainter& scenePainter) {
    const std::optional<uint32_t> box = index->boxOf(selected);
    if (!box || scene->boxes[*box].node == selected)
        return;
    for (const draw::Port& port : scene->boxes[*box].ports) {
        if (port.node != selected)
            continue;
        const double r = 5 * target().lineScale;
        painter.setPen(QPen(color(Role::Accent), 2 * target().lineScale));
        painter.setBrush(Qt::NoBrush);
        painter.drawEllipse(scenePainter.map(port.at.x, port.at.y), r, r);
    }
}

void Canvas::paintEvent(QPaintEvent*) {
    QPainter painter(viewport());
    if (d->shows())
        d->paint(painter);
    else
        painter.fillRect(viewport()->rect(), color(Role::Window));
    if (d->drag == Private::Drag::Framing) {
        QColor fill = color(Role::Accent);
        fill.setAlphaF(0.15F);
        painter.fillRect(d->frame(), fill);
        painter.setPen(color(Role::Accent));
        painter.drawRect(d->frame());
    }
    if (hasFocus()) {
        painter.setPen(color(Role::Accent));
        painter.drawRect(viewport()->rect().adjusted(0, 0, -1, -1));
    }
}

} // namespace hopscope
