// Mouse, wheel, touchpad and keys of the canvas.
#include "views/canvas/canvas_p.h"

#include <QApplication>
#include <QContextMenuEvent>
#include <QGestureEvent>
#include <QKeyEvent>
#include <QMouseEvent>
#include <QNativeGestureEvent>
#include <QPinchGesture>
#include <QScrollBar>
#include <QWheelEvent>

#include <algorithm>
#include <cmath>

namespace hopscope {

namespace {

constexpr double kZoomStep = 1.25;
constexpr double kNotch = 120; // of a wheel, in Qt's eighths of a degree
constexpr double kWheelStep = 60; // pixels a notch scrolls
constexpr double kEdgeReach = 4; // pixels from an edge that still mean it
constexpr double kEndReach = 28; // pixels along an edge that count as its end

} // namespace

// --- selecting

void Canvas::Private::select(NodeId node, bool scroll) {
    const bool nothing = !node.valid() && !selected.valid();
    q->setSelected(node);
    if (scroll)
        q->ensureVisible(node);
    if (!nothing)
        Q_EMIT q->nodeSelected(node); // also of the selected one: what is inspected may be another thing
}

void Canvas::Private::toggleAlso(NodeId node) {
    std::vector<NodeId> next = also;
    if (const auto found = std::find(next.begin(), next.end(), node); found != next.end())
        next.erase(found);
    else
        next.push_back(node);
    q->setAlsoSelected(std::move(next));
}

void Canvas::Private::takeFrame() {
    const QRectF rect(q->toScene(frame().topLeft()), q->toScene(frame().bottomRight()));
    std::vector<NodeId> inside;
    for (const uint32_t box : index->boxesIn(rect))
        if (rect.contains(rectOf(scene->boxes[box])))
            inside.push_back(scene->boxes[box].node);
    q->setAlsoSelected(std::move(inside));
    q->viewport()->update();
}

void Canvas::Private::walkTo(std::optional<uint32_t> box) {
    if (box)
        select(scene->boxes[*box].node, true);
}

// To the first producer or user; straight back over the edge that was walked last.
void Canvas::Private::walkAlong(bool up) {
    if (!shows())
        return;
    const std::optional<uint32_t> box = index->boxOf(selected);
    if (!box) {
        walkTo(up ? static_cast<uint32_t>(scene->boxes.size() - 1) : 0);
        return;
    }
    std::optional<uint32_t> next;
    if (cameTo == selected && cameUp != up && index->boxOf(cameFrom))
        next = index->boxOf(cameFrom);
    for (uint32_t edge : up ? index->edgesInto(*box) : index->edgesOutOf(*box)) {
        if (next)
            break;
        const uint32_t other = up ? scene->edges[edge].from_box : scene->edges[edge].to_box;
        if (other != box && other < scene->boxes.size())
            next = other;
    }
    if (!next)
        return;
    cameFrom = selected;
    cameUp = up;
    walkTo(next);
    cameTo = selected;
}

// Arrow keys walk along lines and across them, whichever way lines run.
int Canvas::Private::turned(int key) const {
    if (!scene || !scene->sideways)
        return key;
    switch (key) {
    case Qt::Key_Left:
        return Qt::Key_Up;
    case Qt::Key_Right:
        return Qt::Key_Down;
    case Qt::Key_Up:
        return Qt::Key_Left;
    case Qt::Key_Down:
        return Qt::Key_Right;
    default:
        return key;
    }
}

void Canvas::walkUp() {
    d->walkAlong(true);
}

void Canvas::walkDown() {
    d->walkAlong(false);
}

void Canvas::walkLeft() {
    if (const std::optional<uint32_t> box = d->selectedBox())
        d->walkTo(d->index->siblingOf(*box, -1));
}

void Canvas::walkRight() {
    if (const std::optional<uint32_t> box = d->selectedBox())
        d->walkTo(d->index->siblingOf(*box, 1));
}

void Canvas::walkNext() {
    if (!d->shows())
        return;
    const std::optional<uint32_t> box = d->index->boxOf(d->selected);
    if (!box)
        d->walkTo(0);
    else if (*box + 1 < d->scene->boxes.size())
        d->walkTo(*box + 1);
}

void Canvas::walkPrevious() {
    if (!d->shows())
        return;
    const std::optional<uint32_t> box = d->index->boxOf(d->selected);
    if (!box)
        d->walkTo(static_cast<uint32_t>(d->scene->boxes.size() - 1));
    else if (*box > 0)
        d->walkTo(*box - 1);
}

void Canvas::activateSelected() {
    if (d->selected.valid())
        Q_EMIT nodeActivated(d->selected);
}

bool Canvas::focusNextPrevChild(bool next) {
    if (!d->shows() || !hasFocus())
        return QAbstractScrollArea::focusNextPrevChild(next);
    const std::optional<uint32_t> box = d->index->boxOf(d->selected);
    const bool atEnd = box && (next ? *box + 1 >= d->scene->boxes.size() : *box == 0);
    if (atEnd)
        return QAbstractScrollArea::focusNextPrevChild(next);
    next ? walkNext() : walkPrevious();
    return true;
}

void Canvas::keyPressEvent(QKeyEvent* event) {
    const Qt::KeyboardModifiers modifiers = event->modifiers() & ~Qt::KeypadModifier;
    d->endHover();
    if (event->key() == Qt::Key_Escape && modifiers == Qt::NoModifier) {
        Q_EMIT escapePressed();
        return;
    }
    // Everything with a modifier is the window's.
    if (modifiers != Qt::NoModifier || !d->shows()) {
        event->ignore();
        return;
    }
    const double page = viewport()->height() * 0.9;
    switch (d->turned(event->key())) {
    case Qt::Key_Up:
        walkUp();
        break;
    case Qt::Key_Down:
        walkDown();
        break;
    case Qt::Key_Left:
        walkLeft();
        break;
    case Qt::Key_Right:
        walkRight();
        break;
    case Qt::Key_Home:
        d->walkTo(0);
        break;
    case Qt::Key_End:
        d->walkTo(static_cast<uint32_t>(d->scene->boxes.size() - 1));
        break;
    case Qt::Key_PageUp:
        d->scrollWithin({0, -page});
        break;
    case Qt::Key_PageDown:
        d->scrollWithin({0, page});
        break;
    case Qt::Key_Return:
    case Qt::Key_Enter:
        activateSelected();
        break;
    default:
        event->ignore();
    }
}

// --- mouse

NodeId Canvas::Private::otherEnd(QPoint pos) const {
    if (!shows())
        return {};
    const QPointF point = q->toScene(pos);
    if (index->boxAt(point))
        return {};
    const auto hit = index->edgeAt(point, kEdgeReach / zoom);
    if (!hit)
        return {};
    const draw::Edge& edge = scene->edges[hit->edge];
    const double reach = kEndReach / zoom;
    if (hit->toStart <= reach && hit->toStart <= hit->toEnd)
        return edge.to;
    return hit->toEnd <= reach ? edge.from : NodeId();
}

void Canvas::mousePressEvent(QMouseEvent* event) {
    d->endHover();
    d->pressPos = d->lastPos = event->pos();
    if (event->button() == Qt::MiddleButton) {
        d->drag = Private::Drag::Panning;
        viewport()->setCursor(Qt::ClosedHandCursor);
        return;
    }
    if (event->button() != Qt::LeftButton || !d->shows()) {
        // Side buttons are the window's history.
        event->setAccepted(event->button() == Qt::RightButton);
        return;
    }
    if (event->modifiers() & Qt::ShiftModifier) {
        d->drag = Private::Drag::Framing;
        return;
    }
    if (const NodeId node = nodeAt(event->pos())) {
        if (event->modifiers() & Qt::ControlModifier && d->selected && node != d->selected) {
            d->toggleAlso(node);
            return;
        }
        setAlsoSelected({});
        d->select(node, false);
        return;
    }
    d->drag = Private::Drag::Armed; // a click or the beginning of a pan
}

void Canvas::mouseMoveEvent(QMouseEvent* event) {
    if (d->drag == Private::Drag::Armed
        && (event->pos() - d->pressPos).manhattanLength() >= QApplication::startDragDistance()) {
        d->drag = Private::Drag::Panning;
        viewport()->setCursor(Qt::ClosedHandCursor);
    }
    if (d->drag == Private::Drag::Panning) {
        d->scrollBy(d->lastPos - event->pos());
        d->lastPos = event->pos();
        return;
    }
    if (d->drag == Private::Drag::Framing) {
        d->lastPos = event->pos();
        viewport()->update();
        return;
    }
    if (event->buttons() == Qt::NoButton) {
        d->updateCursor(event->pos());
        d->startHover(event->pos());
    }
}

void Canvas::mouseReleaseEvent(QMouseEvent* event) {
    const bool click = d->drag == Private::Drag::Armed;
    if (d->drag == Private::Drag::Framing)
        d->takeFrame();
    d->drag = Private::Drag::None;
    d->updateCursor(event->pos());
    if (!click || event->button() != Qt::LeftButton)
        return;
    if (const NodeId other = d->otherEnd(event->pos()))
        d->select(other, true);
    else {
        setAlsoSelected({});
        d->select({}, false);
    }
}

void Canvas::mouseDoubleClickEvent(QMouseEvent* event) {
    if (event->button() != Qt::LeftButton)
        return;
    if (const NodeId node = nodeAt(event->pos())) {
        d->select(node, false);
        Q_EMIT nodeActivated(node);
    }
}

void Canvas::contextMenuEvent(QContextMenuEvent* event) {
    d->endHover();
    if (event->reason() == QContextMenuEvent::Keyboard) {
        const QRect seen = boxRect(d->selected) & viewport()->rect();
        const QPoint at = seen.isEmpty() ? viewport()->rect().center() : seen.center();
        Q_EMIT contextMenuRequested(d->selected, viewport()->mapToGlobal(at));
        return;
    }
    const NodeId node = nodeAt(event->pos());
    if (node.valid())
        d->select(node, false);
    Q_EMIT contextMenuRequested(node, event->globalPos());
}

void Canvas::Private::updateCursor(QPoint pos) {
    Qt::CursorShape shape = Qt::ArrowCursor;
    if (shows() && (q->nodeAt(pos).valid() || otherEnd(pos).valid()))
        shape = Qt::PointingHandCursor;
    if (q->viewport()->cursor().shape() != shape)
        q->viewport()->setCursor(shape);
}

// --- hovering

void Canvas::Private::startHover(QPoint pos) {
    if (!shows())
        return;
    NodeId node = q->nodeAt(pos);
    std::optional<uint32_t> edge;
    if (!node.valid()) // an edge stands for its value
        if (const auto hit = index->edgeAt(q->toScene(pos), kEdgeReach / zoom)) {
            edge = hit->edge;
            node = scene->edges[*edge].from ? scene->edges[*edge].from : scene->edges[*edge].to;
        }
    hoverPos = pos;
    if (edge != hoverEdge) {
        hoverEdge = edge;
        q->viewport()->update();
        if (!across.empty())
            Q_EMIT q->linkHovered();
    }
    if (node == hoverNode && edge == hoverEdgeOfCard)
        return;
    card->hide();
    hoverEdgeOfCard = edge;
    hoverNode = node;
    Q_EMIT q->hovered(node);
    node.valid() ? hoverTimer.start() : hoverTimer.stop();
}

void Canvas::Private::endHover() {
    hoverTimer.stop();
    card->hide();
    if (hoverEdge) {
        hoverEdge.reset();
        q->viewport()->update();
        if (!across.empty())
            Q_EMIT q->linkHovered();
    }
    if (hoverNode.valid()) {
        hoverNode = {};
        Q_EMIT q->hovered({});
    }
}

void Canvas::Private::showHoverCard() {
    if (!hoverProvider || !hoverNode.valid() || !q->isVisible())
        return;
    const HoverCard content =
        hoverEdge && edgeProvider ? edgeProvider(scene->edges[*hoverEdge]) : hoverProvider(hoverNode);
    if (content.isEmpty())
        return;
    // Beside the box, so that it can still be read; an edge's card is beside the pointer.
    QRect beside = q->boxRect(hoverNode);
    if (hoverEdge || !beside.contains(hoverPos))
        beside = QRect(hoverPos - QPoint(8, 8), QSize(16, 16));
    beside &= q->viewport()->rect();
    card->showCard(content, QRect(q->viewport()->mapToGlobal(beside.topLeft()), beside.size()));
}

// --- wheel and touchpad

// As far as the bars go: a wheel does not leave the picture.
void Canvas::Private::scrollWithin(QPointF pixels) {
    auto clamp = [](const QScrollBar* bar, double at, double by) {
        const double to = at + by;
        return by < 0 ? std::max(to, std::min(at, static_cast<double>(bar->minimum())))
                      : std::min(to, std::max(at, static_cast<double>(bar->maximum())));
    };
    const QPointF to(clamp(q->horizontalScrollBar(), offset.x(), pixels.x()),
        clamp(q->verticalScrollBar(), offset.y(), pixels.y()));
    if (to != offset)
        scrollBy(to - offset);
}

void Canvas::Private::wheel(QWheelEvent* event) {
    const bool zooms = event->modifiers().testFlag(Qt::ControlModifier) != wheelZooms;
    QPointF pixels = event->pixelDelta();
    const QPointF notches = QPointF(event->angleDelta()) / kNotch;
    if (zooms) {
        const double amount = notches.y() != 0 ? notches.y() : notches.x();
        if (amount != 0)
            zoomAt(event->position(), std::pow(kZoomStep, amount));
        return;
    }
    if (pixels.isNull())
        pixels = notches * kWheelStep;
    if (event->modifiers().testFlag(Qt::ShiftModifier) && pixels.x() == 0)
        pixels = QPointF(pixels.y(), 0);
    endHover();
    scrollWithin(-pixels);
}

void Canvas::wheelEvent(QWheelEvent* event) {
    if (d->shows())
        d->wheel(event);
    event->accept();
}

bool Canvas::Private::nativeGesture(QNativeGestureEvent* event) {
    if (event->gestureType() != Qt::ZoomNativeGesture || !shows())
        return false;
    zoomAt(event->position(), 1 + event->value());
    return true;
}

bool Canvas::Private::gesture(QGestureEvent* event) {
    auto* pinch = static_cast<QPinchGesture*>(event->gesture(Qt::PinchGesture));
    if (!pinch || !shows())
        return false;
    if (pinch->changeFlags() & QPinchGesture::ScaleFactorChanged)
        zoomAt(q->viewport()->mapFromGlobal(pinch->centerPoint().toPoint()), pinch->scaleFactor());
    event->accept(pinch);
    return true;
}

bool Canvas::viewportEvent(QEvent* event) {
    switch (event->type()) {
    case QEvent::NativeGesture:
        if (d->nativeGesture(static_cast<QNativeGestureEvent*>(event)))
            return true;
        break;
    case QEvent::Gesture:
        if (d->gesture(static_cast<QGestureEvent*>(event)))
            return true;
        break;
    case QEvent::Leave:
        d->endHover();
        break;
    default:
        break;
    }
    return QAbstractScrollArea::viewportEvent(event);
}

void Canvas::focusInEvent(QFocusEvent* event) {
    QAbstractScrollArea::focusInEvent(event);
    d->announceSelection();
    viewport()->update();
}

void Canvas::focusOutEvent(QFocusEvent* event) {
    QAbstractScrollArea::focusOutEvent(event);
    d->endHover();
    viewport()->update();
}

bool Canvas::event(QEvent* event) {
    if (event->type() == QEvent::Hide)
        d->endHover();
    return QAbstractScrollArea::event(event);
}

void Canvas::changeEvent(QEvent* event) {
    QAbstractScrollArea::changeEvent(event);
    if (event->type() == QEvent::PaletteChange || event->type() == QEvent::FontChange)
        viewport()->update();
}

} // namespace hopscope
