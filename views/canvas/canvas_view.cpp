// Zoom and place of the canvas: what is in view, and how it gets there.
#include "views/canvas/canvas_p.h"

#include <QResizeEvent>
#include <QScrollBar>

#include <algorithm>
#include <cmath>

namespace hopscope {

namespace {

constexpr double kMargin = 16; // pixels around the picture when it is fitted
constexpr double kKeptInView = 48; // pixels of the picture that stay in view, however far it is dragged
constexpr double kReadable = 0.6; // zoom below which names are hard to read
constexpr double kCallWorth = 4; // of other boxes
constexpr double kCurrentWorth = 12; // the one that is current
constexpr double kLowerWorth = 0.3; // of a box at the lower border, of one at the upper
constexpr double kLowestBeginning = 0.65; // of the height: what begins further down is brought into view
constexpr double kLowerBegins = 0.4; // and begins there
constexpr double kOperatorsReadable = 0.24; // and operators on blocks; see draw::detail_for

QRectF boundsOfNodes(const draw::Scene& scene, const SceneIndex& index, const std::vector<NodeId>& nodes) {
    QRectF bounds;
    for (NodeId node : nodes)
        if (const std::optional<uint32_t> box = index.boxOf(node))
            bounds |= rectOf(scene.boxes[*box]);
    return bounds;
}

} // namespace

double Canvas::zoom() const {
    return d->zoom;
}

double Canvas::minZoom() const {
    if (!d->shows())
        return 0.05;
    const QSizeF room = maximumViewportSize();
    const double fit =
        std::min(room.width() / std::max(1, d->scene->width), room.height() / std::max(1, d->scene->height));
    return std::clamp(fit / 4, 0.0005, 0.05);
}

QPointF Canvas::toScene(QPointF viewportPos) const {
    return (viewportPos + d->offset) / d->zoom;
}

QPointF Canvas::fromScene(QPointF scenePos) const {
    return scenePos * d->zoom - d->offset;
}

QSizeF Canvas::Private::pictureSize() const {
    return scene ? QSizeF(scene->width, scene->height) * zoom : QSizeF();
}

QRectF Canvas::Private::visibleScene() const {
    return QRectF(q->toScene({0, 0}), QSizeF(q->viewport()->size()) / zoom);
}

bool Canvas::Private::allInView() const {
    return shows() && visibleScene().contains(QRectF(0, 0, scene->width, scene->height));
}

QRectF Canvas::Private::toView(const QRectF& rect) const {
    return QRectF(q->fromScene(rect.topLeft()), rect.size() * zoom);
}

void Canvas::Private::setView(double newZoom, QPointF newOffset) {
    zoom = std::clamp(newZoom, q->minZoom(), kMaxZoom);
    const QSizeF size = pictureSize(), room = q->viewport()->size();
    const double ratio = q->devicePixelRatioF();
    auto place = [&](double at, double extent, double width) {
        const double rest = std::min({kKeptInView, extent, width});
        at = std::clamp(at, rest - width, extent - rest);
        return std::round(at * ratio) / ratio;
    };
    offset = QPointF(
        place(newOffset.x(), size.width(), room.width()), place(newOffset.y(), size.height(), room.height()));
    updateBars();
    minimap->setFrame(visibleScene());
    if (minimap->isVisible() && allInView())
        minimap->hide();
    minimapTimer.start();
    q->viewport()->update();
    Q_EMIT q->viewChanged();
}

// The bars reach over the picture and over what is in view beyond it.
void Canvas::Private::updateBars() {
    settingBars = true;
    const QSizeF size = pictureSize();
    auto set = [](QScrollBar* bar, double at, double extent, double room, double room0) {
        const bool all = extent <= room0 && at <= 0 && at + room0 >= extent;
        const int value = static_cast<int>(std::lround(at));
        bar->setPageStep(static_cast<int>(room));
        bar->setSingleStep(40);
        bar->setRange(all ? value : std::min(value, 0),
            all ? value : std::max(value, static_cast<int>(std::ceil(extent - room))));
        bar->setValue(value);
    };
    // Judged by the room without bars, lest a bar that appears makes itself needed.
    const QSizeF room = q->viewport()->size(), room0 = q->maximumViewportSize();
    set(q->horizontalScrollBar(), offset.x(), size.width(), room.width(), room0.width());
    set(q->verticalScrollBar(), offset.y(), size.height(), room.height(), room0.height());
    settingBars = false;
}

void Canvas::scrollContentsBy(int dx, int dy) {
    if (d->settingBars)
        return;
    d->opening = false;
    d->setView(d->zoom, d->offset - QPointF(dx, dy));
}

void Canvas::Private::scrollBy(QPointF pixels) {
    opening = false;
    setView(zoom, offset + pixels);
}

void Canvas::Private::zoomAt(QPointF viewportPos, double factor) {
    opening = false;
    endHover();
    const QPointF point = q->toScene(viewportPos);
    const double next = std::clamp(zoom * factor, q->minZoom(), kMaxZoom);
    setView(next, point * next - viewportPos);
}

void Canvas::Private::fitRect(const QRectF& rect, double largestZoom) {
    const QSizeF room = q->maximumViewportSize();
    const double w = std::max(1.0, room.width() - 2 * kMargin),
                 h = std::max(1.0, room.height() - 2 * kMargin);
    const double fit =
        std::min({w / std::max(1.0, rect.width()), h / std::max(1.0, rect.height()), largestZoom});
    setView(fit, rect.center() * fit - QPointF(room.width() / 2, room.height() / 2));
}

// Of both halves in one picture: between them; else none.
std::optional<double> Canvas::Private::middleOfHalves() const {
    double left = 0, right = scene->width;
    bool both = false;
    for (const draw::Box& box : scene->boxes) {
        both |= box.right;
        if (box.right)
            right = std::min(right, double(box.x));
        else
            left = std::max(left, double(box.x + box.w));
    }
    return both ? std::optional((left + right) / 2) : std::nullopt;
}

// The box that a picture too large to be seen begins with: the uppermost, or the leftmost of one that runs
// sideways.
const draw::Box& Canvas::Private::beginning() const {
    const auto at = [this](const draw::Box& box) { return scene->sideways ? box.x : box.y; };
    return *std::min_element(scene->boxes.begin(), scene->boxes.end(),
        [&](const draw::Box& a, const draw::Box& b) { return at(a) < at(b); });
}

// From where the top of a picture that is too wide is seen: the middle of what shows, beside the box that it
// begins with, as many others as can be shown whole in `room`, a size of the scene; a call counts for
// several.
double Canvas::Private::bestMiddle(QSizeF room) const {
    const draw::Box& first = beginning();
    const double width = room.width() - 2 * kMargin;
    struct Seen {
        int left, right;
        double worth;
    };
    std::vector<Seen> upper;
    const std::optional<uint32_t> current = index->boxOf(told.step);
    for (const draw::Box& box : scene->boxes)
        if (box.y + box.h <= first.y + room.height() && std::abs(box.x - first.x) < room.width())
            upper.push_back({box.x, box.x + box.w,
                (current && &box == &scene->boxes[*current] ? kCurrentWorth
                        : box.region                        ? kCallWorth
                                                            : 1)
                    * (1 - (1 - kLowerWorth) * (box.y - first.y) / room.height())});
    double best = rectOf(first).center().x(), most = 0;
    for (const Seen& begin : upper) {
        const double left = begin.left, right = left + width;
        if (left > first.x || right < first.x + first.w)
            continue;
        double worth = 0;
        for (const Seen& other : upper)
            if (other.left >= left && other.right <= right)
                worth += other.worth;
        if (worth > most) {
            most = worth;
            best = left + width / 2;
        }
    }
    return best;
}

// Two halves are there to be seen beside each other: rather as blocks with their operators than one of them.
double Canvas::Private::leastOpeningZoom() const {
    return middleOfHalves() ? kOperatorsReadable : kReadable;
}

double Canvas::openingZoom() const {
    if (!d->shows())
        return 0;
    const double least = d->leastOpeningZoom();
    const QSizeF room = maximumViewportSize();
    const double fitWidth = (room.width() - 2 * kMargin) / d->scene->width;
    const double fitHeight = (room.height() - 2 * kMargin) / d->scene->height;
    const double fit = std::min(fitWidth, fitHeight);
    // Of one that runs sideways, panes are narrow: more of it is seen where it is just readable.
    const double across = d->scene->sideways ? std::min(fitHeight, kReadable) : fitWidth;
    return fit >= kReadable ? std::min(fit, 1.0) : std::clamp(across, least, 1.0);
}

double Canvas::beginsAt() const {
    return d->shows() ? d->beginning().y : 0;
}

void Canvas::setOpeningBeside(std::function<Beside()> beside) {
    d->openingBeside = std::move(beside);
}

void Canvas::takeOpeningViewAgain() {
    if (d->opening)
        d->takeOpeningView();
}

// All of the picture where it can be read so, otherwise its top as wide as can be read.
void Canvas::Private::takeOpeningView() {
    if (!shows() || q->viewport()->width() < 8 || q->viewport()->height() < 8)
        return;
    const QSizeF room = q->maximumViewportSize();
    double next = q->openingZoom();
    const Beside beside = openingBeside ? openingBeside() : Beside();
    if (beside.zoom > 0)
        next = std::max(leastOpeningZoom(), std::min(next, beside.zoom));
    const QSizeF size(scene->width * next, scene->height * next);
    QPointF at((size.width() - room.width()) / 2, (size.height() - room.height()) / 2);
    if (at.x() > -kMargin) { // too wide: where it begins need not be in the middle
        const double there = middleOfHalves().value_or(
            scene->sideways ? rectOf(beginning()).center().x() : bestMiddle(room / next));
        at.rx() = there * next - room.width() / 2;
        at.rx() = std::clamp(at.x(), -kMargin, size.width() - room.width() + kMargin);
    }
    if (scene->sideways && at.y() > -kMargin) { // likewise too high
        at.ry() = rectOf(beginning()).center().y() * next - room.height() / 2;
        at.ry() = std::clamp(at.y(), -kMargin, size.height() - room.height() + kMargin);
    } else if (!scene->sideways && (at.y() > -kMargin || size.width() + 2 * kMargin > room.width())) {
        at.ry() = -kMargin;
    }
    if (scene->sideways && size.width() + 2 * kMargin > room.width())
        at.rx() = -kMargin;
    // Of two on the same rows the one may begin far below the other.
    const double lower = std::max(beside.beginsAt, q->beginsAt()) * next;
    if (!scene->sideways && beside.beginsAt > 0 && lower - at.y() > kLowestBeginning * room.height())
        at.ry() = std::min(lower - kLowerBegins * room.height(),
            std::max(-kMargin, size.height() - room.height() + kMargin));
    setView(next, at);
    Q_EMIT q->openingViewTaken();
}

void Canvas::setZoom(double zoom) {
    if (d->shows())
        d->zoomAt(QRectF(viewport()->rect()).center(), zoom / d->zoom);
}

ViewState Canvas::viewState() const {
    if (!d->shows())
        return {};
    return {d->zoom, toScene(QRectF(viewport()->rect()).center())};
}

void Canvas::setViewState(const ViewState& state) {
    if (!d->shows())
        return;
    if (!state.isValid()) {
        d->opening = true;
        d->takeOpeningView();
        return;
    }
    d->opening = false;
    const double next = std::clamp(state.zoom, minZoom(), kMaxZoom);
    d->setView(next, state.centre * next - QRectF(viewport()->rect()).center());
}

void Canvas::fitAll(double largestZoom) {
    if (!d->shows())
        return;
    d->opening = false;
    d->fitRect(QRectF(0, 0, d->scene->width, d->scene->height), largestZoom);
}

void Canvas::showRowsOf(const Canvas& other) {
    if (!d->shows() || !other.d->shows())
        return;
    d->opening = d->opening && other.d->opening;
    const double middle = toScene(QRectF(viewport()->rect()).center()).x();
    const QPoint apart = viewport()->mapToGlobal(QPoint()) - other.viewport()->mapToGlobal(QPoint());
    const double next = other.d->zoom;
    d->setView(next, QPointF(middle * next - viewport()->width() / 2.0, other.d->offset.y() + apart.y()));
}

void Canvas::fitSelection() {
    if (!d->shows())
        return;
    std::vector<NodeId> nodes{d->selected};
    nodes.insert(nodes.end(), d->told.users.begin(), d->told.users.end());
    nodes.insert(nodes.end(), d->told.producers.begin(), d->told.producers.end());
    const QRectF bounds = boundsOfNodes(*d->scene, *d->index, nodes);
    if (bounds.isNull()) {
        fitAll();
        return;
    }
    d->opening = false;
    d->fitRect(bounds.adjusted(-24, -24, 24, 24), 1.5);
}

void Canvas::zoomIn() {
    setZoom(d->zoom * 1.25);
}

void Canvas::zoomOut() {
    setZoom(d->zoom / 1.25);
}

void Canvas::zoom100() {
    setZoom(1.0);
}

void Canvas::ensureVisible(NodeId node, bool centre) {
    const std::optional<uint32_t> box = d->boxOf(node);
    if (!box)
        return;
    const QRectF rect = d->toView(rectOf(d->scene->boxes[*box]));
    const QRectF room = QRectF(viewport()->rect());
    if (centre) {
        d->scrollBy(rect.center() - room.center());
        return;
    }
    const double gapX = std::min(kMargin * 2, std::max(0.0, (room.width() - rect.width()) / 2));
    const double gapY = std::min(kMargin * 2, std::max(0.0, (room.height() - rect.height()) / 2));
    auto shift = [](double from, double to, double roomFrom, double roomTo) {
        return from < roomFrom ? from - roomFrom : to > roomTo ? std::min(to - roomTo, from - roomFrom) : 0.0;
    };
    const QPointF by(shift(rect.left(), rect.right(), gapX, room.width() - gapX),
        shift(rect.top(), rect.bottom(), gapY, room.height() - gapY));
    if (!by.isNull())
        d->scrollBy(by);
}

QRect Canvas::boxRect(NodeId node) const {
    const std::optional<uint32_t> box = d->boxOf(node);
    return box ? d->toView(rectOf(d->scene->boxes[*box])).toAlignedRect() : QRect();
}

NodeId Canvas::nodeAt(QPoint viewportPos) const {
    if (!d->shows())
        return {};
    const QPointF point = toScene(viewportPos);
    // Port marks are small: five pixels around them count, but not where the marks themselves blur.
    if (d->zoom > 0.35)
        if (const NodeId folded = d->index->portAt(point, std::max(4.0, 5 / d->zoom)))
            return folded;
    const std::optional<uint32_t> box = d->index->boxAt(point);
    return box ? d->scene->boxes[*box].node : NodeId();
}

void Canvas::resizeEvent(QResizeEvent* event) {
    QAbstractScrollArea::resizeEvent(event);
    const QRect room = viewport()->rect();
    d->holder->setGeometry(
        d->shows() && d->placeholder.kind == Placeholder::Kind::Busy ? QRect(0, 0, room.width(), 36) : room);
    if (!d->shows())
        return;
    if (d->opening) {
        d->takeOpeningView();
    } else {
        // A selected node that was seen whole stays so.
        const QSize before = event->oldSize() + viewport()->size() - event->size();
        const QRect selected = boxRect(d->selected);
        const bool seen = !selected.isNull() && QRect(QPoint(), before).contains(selected);
        d->setView(d->zoom, d->offset);
        if (seen)
            ensureVisible(d->selected);
    }
    d->placeMinimap();
}

} // namespace hopscope
