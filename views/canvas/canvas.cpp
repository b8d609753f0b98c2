#include "views/canvas/canvas.h"

#include "views/base/text.h"
#include "views/base/theme.h"
#include "views/canvas/accessible.h"
#include "views/canvas/canvas_p.h"

#include <QAccessible>

#include <algorithm>

namespace hopscope {

namespace {

constexpr int kMinimapGap = 12;

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

void Canvas::setScene(
    std::shared_ptr<const draw::Scene> scene, Change change, const std::function<NodeId(NodeId)>& now) {
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
        const std::optional<uint32_t> own = d->boxOf(d->selected);
        const std::optional<uint32_t> box =
            seen.intersects(viewport()->rect()) ? own : d->index->nearestTo(toScene(middle));
        if (box) {
            anchor = own == box ? d->selected : d->scene->boxes[*box].node;
            anchorPos = fromScene(rectOf(d->scene->boxes[*box]).center());
        }
    }

    d->index.reset();
    d->picture.reset();
    d->overlay.reset();
    d->layerKey = {};
    d->scene = std::move(scene);
    if (d->scene) {
        d->index = std::make_unique<SceneIndex>(*d->scene);
        d->picture = std::make_unique<Picture>(d->scene);
    }
    d->farBoxes.clear();
    for (uint32_t i = 0; d->scene && i < d->scene->boxes.size(); ++i)
        if (d->scene->boxes[i].region)
            d->farBoxes.push_back(i);
    d->across.clear();
    d->lit.clear();
    for (uint32_t i = 0; d->scene && i < d->scene->edges.size(); ++i)
        if (d->scene->edges[i].across)
            d->across.push_back(i);
    d->cameFrom = d->cameTo = {};
    if (change == Change::NewBody) {
        d->selected = d->currentHit = {};
        d->also.clear();
        d->hits.clear();
        d->kept.clear();
        d->told = {};
        d->dimmed = false;
    }
    if (now) {
        anchor = now(anchor);
        d->selected = now(d->selected);
        for (NodeId& node : d->also)
            node = now(node);
        std::erase_if(d->also, [](NodeId node) { return !node; });
    }
    d->remark();
    d->minimap->setScene(d->scene);
    setPlaceholder(d->placeholder); // strip or full, as there is a picture now

    const std::optional<uint32_t> box = d->boxOf(anchor);
    if (keep && box) {
        d->setView(d->zoom, rectOf(d->scene->boxes[*box]).center() * d->zoom - anchorPos);
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

const std::vector<NodeId>& Canvas::alsoSelected() const {
    return d->also;
}

void Canvas::setAlsoSelected(std::vector<NodeId> nodes) {
    if (nodes == d->also)
        return;
    d->also = std::move(nodes);
    d->remark();
    Q_EMIT alsoSelectedChanged();
}

void Canvas::setMarks(Marks marks) {
    if (marks == d->told)
        return;
    d->told = std::move(marks);
    d->remark();
}

const Marks& Canvas::marks() const {
    return d->told;
}

void Canvas::setOverlay(std::shared_ptr<const draw::Overlay> overlay) {
    if (overlay == d->overlay || !d->scene)
        return;
    d->overlay = std::move(overlay);
    d->picture = std::make_unique<Picture>(d->scene, d->overlay);
    d->layerKey = {};
    d->placeMinimap();
    viewport()->update();
}

const std::shared_ptr<const draw::Overlay>& Canvas::overlay() const {
    return d->overlay;
}

void Canvas::setSavedLinks(bool shown) {
    d->savedLinks = shown;
    d->layerKey = {};
    viewport()->update();
}

bool Canvas::savedLinks() const {
    return d->savedLinks;
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

const std::vector<uint32_t>& Canvas::links() const {
    return d->across;
}

std::vector<uint32_t> Canvas::ownLinks() const {
    std::vector<uint32_t> own;
    const auto add = [&](uint32_t edge) {
        if (const auto link = d->scene->edges[edge].across)
            own.push_back(*link);
    };
    if (!d->shows() || d->across.empty())
        return own;
    if (const std::optional<uint32_t> box = d->boxOf(d->selected))
        for (const auto& edges : {d->index->edgesInto(*box), d->index->edgesOutOf(*box)})
            std::for_each(edges.begin(), edges.end(), add);
    if (d->hoverEdge)
        add(*d->hoverEdge);
    std::sort(own.begin(), own.end());
    own.erase(std::unique(own.begin(), own.end()), own.end());
    return own;
}

void Canvas::setLit(std::vector<uint32_t> links) {
    if (links == d->lit)
        return;
    d->lit = std::move(links);
    viewport()->update();
}

double Canvas::outlet(uint32_t box) const {
    const draw::Box& own = d->scene->boxes[box];
    // Beside it, where nothing lies between it and the border; else just under its row.
    const QRectF way = d->side == Side::Right
        ? QRectF(own.x + own.w + 1, own.y, std::max(0, d->scene->width - own.x - own.w), own.h)
        : QRectF(0, own.y, std::max(0, own.x - 1), own.h);
    int bottom = own.y + own.h;
    const std::vector<uint32_t> between = d->index->boxesIn(way);
    for (const uint32_t other : between)
        bottom = std::max(bottom, d->scene->boxes[other].y + d->scene->boxes[other].h);
    return between.empty() ? own.y + own.h / 2.0 : bottom + 3.0;
}

std::optional<double> Canvas::outlet(NodeId node) const {
    const std::optional<uint32_t> box = d->shows() ? d->boxOf(node) : std::nullopt;
    return box ? std::optional(outlet(*box)) : std::nullopt;
}

void Canvas::setDimmed(bool dimmed, std::vector<NodeId> keep) {
    d->dimmed = dimmed;
    d->kept = std::move(keep);
    d->remark();
}

bool Canvas::isDimmed() const {
    return d->dimmed;
}

void Canvas::Private::remark() {
    marks.assign(scene ? scene->boxes.size() : 0, 0);
    auto add = [this](const std::vector<NodeId>& nodes, int mark) {
        for (NodeId node : nodes)
            if (const std::optional<uint32_t> box = boxOf(node))
                marks[*box] = static_cast<uint16_t>(marks[*box] | mark);
    };
    add(told.users, kUser | kKept);
    add(told.producers, kProducer | kKept);
    add(told.crossing, kCrossing | kKept);
    add(told.partners, kPartner | kKept);
    add(hits, kHit | kKept);
    add(kept, kKept);
    add(also, kAlso | kKept);
    add({selected, told.step}, kKept);
    add(told.noted, kBookmark);
    add(told.breakpoints, kBreakpoint);
    add(told.breakpointsOff, kBreakpoint);
    // A box waits as long as the node that it shows does, whatever is folded into it.
    for (NodeId node : told.waiting)
        if (const std::optional<uint32_t> box = boxOf(node); box && scene->boxes[*box].node == node)
            marks[*box] = static_cast<uint16_t>(marks[*box] | kWaiting);
    q->viewport()->update();
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
        if (const std::optional<uint32_t> box = index->boxOf(hit))
            rects.push_back(rectOf(scene->boxes[*box]));
    const std::optional<uint32_t> box = index->boxOf(selected);
    minimap->setMarks(std::move(rects), box ? rectOf(scene->boxes[*box]) : QRectF());
    minimap->setFrame(visibleScene());
    placeMinimap();
}

void Canvas::setMinimapCorner(Corner corner) {
    d->minimapCorner = corner;
    d->placeMinimap();
}

void Canvas::settle() {
    if (!d->minimapTimer.isActive())
        return;
    d->minimapTimer.stop();
    d->placeMinimap();
}

// In a corner where no box is under it, its own as long as that is one.
void Canvas::Private::placeMinimap() {
    const QSize room = q->viewport()->size();
    const bool needed = shows() && !allInView();
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
    const std::vector<Heading> words = headings();
    const auto under = [&](const QPoint& at) {
        return QRectF(q->toScene(at), QSizeF(minimap->size()) / zoom);
    };
    const auto free = [&](const QPoint& at) {
        const QRectF place(at, minimap->size());
        return index->countIn(under(at), 1) == 0
            && std::none_of(words.begin(), words.end(),
                [&](const Heading& heading) { return heading.place.intersects(place); });
    };
    std::optional<QPoint> place;
    switch (minimapCorner) {
    case Corner::BottomRight:
        place = corners[0];
        break;
    case Corner::TopRight:
        place = corners[1];
        break;
    case Corner::BottomLeft:
        place = corners[2];
        break;
    case Corner::TopLeft:
        place = corners[3];
        break;
    case Corner::Auto:
        // Rather where no line passes either; before another one its own.
        const QPoint own = minimap->pos();
        const bool stays = minimap->isVisible() && free(own)
            && std::find(std::begin(corners), std::end(corners), own) != std::end(corners);
        for (const bool crossed : {false, true}) {
            if (!place && stays && (crossed || !index->isCrossed(under(own))))
                place = own;
            for (const QPoint& at : corners)
                if (!place && free(at) && (crossed || !index->isCrossed(under(at))))
                    place = at;
        }
        break;
    }
    if (!place) {
        minimap->hide();
        return;
    }
    minimap->move(*place);
    minimap->show();
    minimap->raise();
    if (holder->isVisible())
        holder->raise();
}

void Canvas::setHoverProvider(std::function<HoverCard(NodeId)> provider) {
    d->hoverProvider = std::move(provider);
}

void Canvas::setEdgeHoverProvider(std::function<HoverCard(const draw::Edge&)> provider) {
    d->edgeProvider = std::move(provider);
}

void Canvas::setWheelZooms(bool on) {
    d->wheelZooms = on;
}

// --- for those who do not see it

QString Canvas::Private::describe(uint32_t box) const {
    const draw::Box& b = scene->boxes[box];
    const auto kind = draw::kind_name(b.kind);
    QString run; // what a run says of it
    if (index->boxOf(told.step) == box)
        run += tr(", runs next");
    if (marks[box] & kWaiting)
        run += tr(", has not run");
    if (marks[box] & kBreakpoint)
        run += tr(", breakpoint");
    for (const Tag& tag : told.tags)
        if (tag.node == b.node && !tag.text.isEmpty())
            run += QStringLiteral(", ") + tag.text;
    return tr("%1, %2, %3, %4 of %5, producers %6, users %7")
               .arg(qs(b.title), qs(b.subtitle),
                   QString::fromUtf8(kind.data(), static_cast<qsizetype>(kind.size())))
               .arg(box + 1)
               .arg(scene->boxes.size())
               .arg(index->edgesInto(box).size())
               .arg(index->edgesOutOf(box).size())
        + run;
}

void Canvas::Private::announceSelection() {
    const std::optional<uint32_t> box = boxOf(selected);
    q->setAccessibleDescription(box ? describe(*box) : QString());
    if (!box)
        return;
    QAccessibleEvent focus(q, q->hasFocus() ? QAccessible::Focus : QAccessible::Selection);
    focus.setChild(static_cast<int>(*box));
    QAccessible::updateAccessibility(&focus);
}

} // namespace hopscope
