#include "views/canvas/canvas.h"

#include "views/canvas/accessible.h"
#include "views/canvas/canvas_p.h"
#include "views/theme/theme.h"

#include <QAccessible>
#include <QResizeEvent>
#include <QScrollBar>

#include <algorithm>
#include <cmath>

namespace hopscope {

namespace {

constexpr double kMargin = 16; // pixels around the picture when it is fitted
constexpr double kKeptInView = 48; // pixels of the picture that stay in view, however far it is dragged
constexpr double kReadable = 0.6; // zoom below which names are hard to read
constexpr int kMinimapGap = 12;

QRectF boundsOfNodes(const draw::Scene& scene, const SceneIndex& index, const std::vector<NodeId>& nodes) {
    QRectF bounds;
    for (NodeId node : nodes)
        if (const uint32_t box = index.boxOf(node); box != kNoBox)
            bounds |= rectOf(scene.boxes[box]);
    return bounds;
}

} // namespace

Canvas::Private::Private(Canvas* canvas)
    : q(canvas)
    , minimap(new Minimap(canvas->viewport()))
    , holder(new PlaceholderWidget(canvas->viewport()))
    , card(new HoverCardWidget(canvas)) {
    minimap->hide();
    hoverTimer.setSingleShot(true);
    hoverTimer.setInterval(500);
    minimapTimer.setSingleShot(true);
    minimapTimer.setInterval(200);
}

Canvas::Canvas(QWidget* parent)
    : QAbstractScrollArea(parent)
    , d(std::make_unique<Private>(this)) {
    installCanvasAccessibility();
    setObjectName(QStringLiteral("canvas"));
    setAccessibleName(tr("Graph"));
    setFrameShape(QFrame::NoFrame);
    setFocusPolicy(Qt::StrongFocus);
    setAttribute(Qt::WA_InputMethodEnabled, false);
    setHorizontalScrollBarPolicy(Qt::ScrollBarAsNeeded);
    setVerticalScrollBarPolicy(Qt::ScrollBarAsNeeded);
    viewport()->setMouseTracking(true);
    viewport()->setAttribute(Qt::WA_OpaquePaintEvent);
    viewport()->grabGesture(Qt::PinchGesture);
    viewport()->setFocusProxy(this);
    connect(&d->hoverTimer, &QTimer::timeout, this, [this] { d->showHoverCard(); });
    connect(&d->minimapTimer, &QTimer::timeout, this, [this] { d->placeMinimap(); });
    connect(d->holder, &PlaceholderWidget::cancelRequested, this, &Canvas::cancelRequested);
    connect(d->minimap, &Minimap::dragged, this, [this](QPointF centre) {
        d->opening = false;
        const QSizeF size = viewport()->size();
        d->setView(d->zoom, centre * d->zoom - QPointF(size.width() / 2, size.height() / 2));
    });
    connect(&Theme::instance(), &Theme::changed, this, [this] {
        viewport()->update();
        d->minimap->update();
    });
}

Canvas::~Canvas() = default;

// --- what is shown

void Canvas::setScene(std::shared_ptr<const draw::Scene> scene, Change change) {
    if (scene || d->placeholder.kind == Placeholder::Kind::Busy)
        setPlaceholder({});
    if (scene == d->scene)
        return;
    d->endHover();
    // The selected node, or what is in the middle, stays where the eye is.
    const bool keep = change == Change::SameBody && d->shows() && !d->opening;
    NodeId anchor;
    QPointF anchorPos;
    if (keep) {
        const QRect seen = boxRect(d->selected);
        const QPointF middle = QRectF(viewport()->rect()).center();
        const uint32_t box = seen.intersects(viewport()->rect()) ? d->index->boxOf(d->selected)
                                                                 : d->index->nearestTo(toScene(middle));
        anchor = d->index->boxOf(d->selected) == box ? d->selected : d->scene->boxes[box].node;
        anchorPos = fromScene(rectOf(d->scene->boxes[box]).center());
    }

    d->index.reset();
    d->picture.reset();
    d->layerKey = {};
    d->scene = std::move(scene);
    if (d->scene) {
        d->index = std::make_unique<SceneIndex>(*d->scene);
        d->picture = std::make_unique<Picture>(d->scene);
    }
    d->cameFrom = d->cameTo = {};
    if (change == Change::NewBody) {
        d->selected = d->currentHit = d->step = {};
        for (std::vector<NodeId>* list :
            {&d->users, &d->producers, &d->crossing, &d->hits, &d->kept, &d->bookmarks})
            list->clear();
        d->dimmed = false;
    }
    d->remark();
    d->minimap->setScene(d->scene);
    setPlaceholder(d->placeholder); // strip or full, as there is a picture now

    const uint32_t box = d->index ? d->index->boxOf(anchor) : kNoBox;
    if (keep && box != kNoBox) {
        d->setView(d->zoom, rectOf(d->scene->boxes[box]).center() * d->zoom - anchorPos);
    } else {
        d->opening = true;
        d->takeOpeningView();
    }
    d->updateMinimap();
    viewport()->update();
    QAccessibleEvent reset(this, QAccessible::ObjectReorder);
    QAccessible::updateAccessibility(&reset);
}

std::shared_ptr<const draw::Scene> Canvas::scene() const {
    return d->scene;
}

void Canvas::setPlaceholder(const Placeholder& placeholder) {
    d->placeholder = placeholder;
    const bool strip = d->shows() && placeholder.kind == Placeholder::Kind::Busy;
    d->holder->setState(placeholder, strip);
    const QRect room = viewport()->rect();
    d->holder->setGeometry(strip ? QRect(0, 0, room.width(), 36) : room);
    setAccessibleDescription(placeholder.kind == Placeholder::Kind::None
            ? QString()
            : QStringList{placeholder.title, placeholder.detail}.join(u' '));
    viewport()->update();
}

const Placeholder& Canvas::placeholder() const {
    return d->placeholder;
}

// --- marks

void Canvas::setSelected(NodeId node) {
    if (node == d->selected)
        return;
    d->selected = node;
    d->remark();
    d->updateMinimap();
    d->announceSelection();
    viewport()->update();
}

NodeId Canvas::selected() const {
    return d->selected;
}

void Canvas::setMarked(std::vector<NodeId> users, std::vector<NodeId> producers) {
    d->users = std::move(users);
    d->producers = std::move(producers);
    d->remark();
}

void Canvas::setCrossing(std::vector<NodeId> nodes) {
    d->crossing = std::move(nodes);
    d->remark();
}

void Canvas::setCrossingSide(Side side) {
    d->side = side;
    viewport()->update();
}

void Canvas::setHits(std::vector<NodeId> hits, NodeId current) {
    d->hits = std::move(hits);
    d->currentHit = current;
    d->remark();
    d->updateMinimap();
}

void Canvas::setDimmed(bool dimmed, std::vector<NodeId> keep) {
    d->dimmed = dimmed;
    d->kept = std::move(keep);
    d->remark();
}

bool Canvas::isDimmed() const {
    return d->dimmed;
}

void Canvas::setCurrentStep(NodeId node) {
    d->step = node;
    d->remark();
}

void Canvas::setBookmarked(std::vector<NodeId> nodes) {
    d->bookmarks = std::move(nodes);
    d->remark();
}

void Canvas::Private::remark() {
    marks.assign(scene ? scene->boxes.size() : 0, 0);
    auto add = [this](const std::vector<NodeId>& nodes, int mark) {
        for (NodeId node : nodes)
            if (const uint32_t box = index ? index->boxOf(node) : kNoBox; box != kNoBox)
                marks[box] = static_cast<uint8_t>(marks[box] | mark);
    };
    add(users, kUser | kKept);
    add(producers, kProducer | kKept);
    add(crossing, kCrossing | kKept);
    add(hits, kHit | kKept);
    add(kept, kKept);
    add({selected, step}, kKept);
    add(bookmarks, kBookmark);
    q->viewport()->update();
}

// --- view

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

// All of the picture where it can be read so, otherwise its top as wide as can be read.
void Canvas::Private::takeOpeningView() {
    if (!shows() || q->viewport()->width() < 8 || q->viewport()->height() < 8)
        return;
    const QSizeF room = q->maximumViewportSize();
    const double fitWidth = (room.width() - 2 * kMargin) / scene->width;
    const double fit = std::min(fitWidth, (room.height() - 2 * kMargin) / scene->height);
    if (fit >= kReadable) {
        fitRect(QRectF(0, 0, scene->width, scene->height), 1.0);
        return;
    }
    const double next = std::clamp(fitWidth, kReadable, 1.0);
    const double width = scene->width * next;
    double x = (width - room.width()) / 2;
    if (x > -kMargin) { // too wide: begin at the first box, which need not be in the middle
        x = rectOf(scene->boxes.front()).center().x() * next - room.width() / 2;
        x = std::clamp(x, -kMargin, width - room.width() + kMargin);
    }
    setView(next, QPointF(x, -kMargin));
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

void Canvas::fitAll() {
    if (!d->shows())
        return;
    d->opening = false;
    d->fitRect(QRectF(0, 0, d->scene->width, d->scene->height), 1.0);
}

void Canvas::fitSelection() {
    if (!d->shows())
        return;
    std::vector<NodeId> nodes{d->selected};
    nodes.insert(nodes.end(), d->users.begin(), d->users.end());
    nodes.insert(nodes.end(), d->producers.begin(), d->producers.end());
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
    const uint32_t box = d->index ? d->index->boxOf(node) : kNoBox;
    if (box == kNoBox)
        return;
    const QRectF rect = d->toView(rectOf(d->scene->boxes[box]));
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
    const uint32_t box = d->index ? d->index->boxOf(node) : kNoBox;
    return box == kNoBox ? QRect() : d->toView(rectOf(d->scene->boxes[box])).toAlignedRect();
}

NodeId Canvas::nodeAt(QPoint viewportPos) const {
    if (!d->shows())
        return {};
    const QPointF point = toScene(viewportPos);
    // Port marks are small: five pixels around them count, but not where the marks themselves blur.
    if (d->zoom > 0.35)
        if (const NodeId folded = d->index->portAt(point, std::max(4.0, 5 / d->zoom)))
            return folded;
    const uint32_t box = d->index->boxAt(point);
    return box == kNoBox ? NodeId() : d->scene->boxes[box].node;
}

void Canvas::resizeEvent(QResizeEvent* event) {
    QAbstractScrollArea::resizeEvent(event);
    const QRect room = viewport()->rect();
    d->holder->setGeometry(
        d->shows() && d->placeholder.kind == Placeholder::Kind::Busy ? QRect(0, 0, room.width(), 36) : room);
    if (!d->shows())
        return;
    if (d->opening)
        d->takeOpeningView();
    else
        d->setView(d->zoom, d->offset);
    d->placeMinimap();
}

// --- minimap

bool Canvas::isMinimapVisible() const {
    return d->minimapWanted;
}

void Canvas::setMinimapVisible(bool visible) {
    d->minimapWanted = visible;
    d->placeMinimap();
}

void Canvas::Private::updateMinimap() {
    if (!shows()) {
        minimap->hide();
        return;
    }
    std::vector<QRectF> rects;
    for (NodeId hit : hits)
        if (const uint32_t box = index->boxOf(hit); box != kNoBox)
            rects.push_back(rectOf(scene->boxes[box]));
    const uint32_t box = index->boxOf(selected);
    minimap->setMarks(std::move(rects), box == kNoBox ? QRectF() : rectOf(scene->boxes[box]));
    minimap->setFrame(visibleScene());
    placeMinimap();
}

// In the corner with the fewest boxes under it; it stays where it is unless another corner is clearly better.
void Canvas::Private::placeMinimap() {
    const QSize room = q->viewport()->size();
    const bool needed = shows() && !visibleScene().contains(QRectF(0, 0, scene->width, scene->height));
    const bool fits = room.width() > 2 * minimap->width() && room.height() > minimap->height() * 3 / 2;
    if (!minimapWanted || !needed || !fits) {
        minimap->hide();
        return;
    }
    if (minimap->underMouse() && minimap->isVisible())
        return; // not from under the hand
    const int right = room.width() - minimap->width() - kMinimapGap;
    const int bottom = room.height() - minimap->height() - kMinimapGap;
    const QPoint corners[] = {
        {right, bottom}, {right, kMinimapGap}, {kMinimapGap, bottom}, {kMinimapGap, kMinimapGap}};
    size_t fewest = SIZE_MAX, here = SIZE_MAX;
    QPoint best = corners[0];
    for (const QPoint& corner : corners) {
        const QRectF under(q->toScene(corner), QSizeF(minimap->size()) / zoom);
        const size_t count = index->countIn(under, 10'000);
        if (minimap->isVisible() && corner == minimap->pos())
            here = count;
        if (count < fewest) {
            fewest = count;
            best = corner;
        }
    }
    if (here == SIZE_MAX || fewest + 2 < here || (fewest == 0 && here > 0))
        minimap->move(best);
    minimap->show();
    minimap->raise();
    if (holder->isVisible())
        holder->raise();
}

void Canvas::setHoverProvider(std::function<HoverCard(NodeId)> provider) {
    d->hoverProvider = std::move(provider);
}

void Canvas::setWheelZooms(bool on) {
    d->wheelZooms = on;
}

// --- for those who do not see it

QString Canvas::Private::describe(uint32_t box) const {
    const draw::Box& b = scene->boxes[box];
    const auto kind = draw::kind_name(b.kind);
    return tr("%1, %2, %3, %4 of %5, producers %6, users %7")
        .arg(QString::fromStdString(b.title), QString::fromStdString(b.subtitle),
            QString::fromUtf8(kind.data(), static_cast<qsizetype>(kind.size())))
        .arg(box + 1)
        .arg(scene->boxes.size())
        .arg(index->edgesInto(box).size())
        .arg(index->edgesOutOf(box).size());
}

void Canvas::Private::announceSelection() {
    const uint32_t box = index ? index->boxOf(selected) : kNoBox;
    q->setAccessibleDescription(box == kNoBox ? QString() : describe(box));
    if (box == kNoBox)
        return;
    QAccessibleEvent focus(q, q->hasFocus() ? QAccessible::Focus : QAccessible::Selection);
    focus.setChild(static_cast<int>(box));
    QAccessible::updateAccessibility(&focus);
}

} // namespace hopscope
