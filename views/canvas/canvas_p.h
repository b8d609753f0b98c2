// What Canvas keeps; shared by canvas.cpp (state), canvas_view.cpp (zoom and place), canvas_input.cpp (mouse,
// wheel, keys) and canvas_paint.cpp.
#pragma once

#include "views/base/sceneindex.h"
#include "views/base/scenepainter.h"
#include "views/canvas/canvas.h"
#include "views/canvas/hovercard.h"
#include "views/canvas/minimap.h"
#include "views/canvas/placeholder.h"

#include <QPixmap>
#include <QPointer>
#include <QTimer>

class QPainter;
class QWheelEvent;
class QNativeGestureEvent;
class QGestureEvent;

namespace hopscope {

// What a box is besides itself.
enum Mark : uint16_t {
    kUser = 1,
    kProducer = 2,
    kCrossing = 4,
    kHit = 8,
    kKept = 16, // not dimmed
    kBookmark = 32,
    kWaiting = 64,
    kBreakpoint = 128,
    kAlso = 256,
    kPartner = 512,
};

struct Canvas::Private {
    explicit Private(Canvas* canvas);

    // --- view (canvas_view.cpp)
    QSizeF pictureSize() const; // pixels at the present zoom
    void setView(double newZoom, QPointF newOffset);
    void zoomAt(QPointF viewportPos, double factor);
    void scrollBy(QPointF pixels);
    void scrollWithin(QPointF pixels); // stops at the borders of the picture
    int turned(int key) const;
    void takeOpeningView();
    double leastOpeningZoom() const;
    const draw::Box& beginning() const;
    double bestMiddle(QSizeF room) const;
    std::optional<double> middleOfHalves() const;
    void fitRect(const QRectF& sceneRect, double largestZoom);
    void updateBars();
    QRectF visibleScene() const;
    bool allInView() const;
    QRectF toView(const QRectF& scene) const;

    // --- state (canvas.cpp)
    bool shows() const { return scene && !scene->boxes.empty(); }
    // Into Scene::boxes.
    std::optional<uint32_t> boxOf(NodeId node) const { return index ? index->boxOf(node) : std::nullopt; }
    std::optional<uint32_t> selectedBox() const { return shows() ? boxOf(selected) : std::nullopt; }
    void remark(); // fills marks from the lists
    void updateMinimap();
    void placeMinimap();
    void announceSelection();
    QString describe(uint32_t box) const;

    // --- input (canvas_input.cpp)
    void select(NodeId node, bool scroll);
    void walkAlong(bool up);
    void walkTo(std::optional<uint32_t> box);
    void toggleAlso(NodeId node);
    void takeFrame(); // all boxes inside
    QRect frame() const { return QRect(pressPos, lastPos).normalized(); }
    NodeId otherEnd(QPoint pos) const; // of the edge whose end is at pos
    void startHover(QPoint pos);
    void endHover();
    void showHoverCard();
    void wheel(QWheelEvent* event);
    bool nativeGesture(QNativeGestureEvent* event);
    bool gesture(QGestureEvent* event);
    void updateCursor(QPoint pos);

    // --- painting (canvas_paint.cpp)
    void paint(QPainter& painter);
    PaintTarget target() const;
    double layerScale() const; // device pixels per scene point
    const QPixmap& staticLayer();
    void paintLayer(const QRect& part); // device pixels
    void paintLinks(QPainter& painter, ScenePainter& scenePainter);
    void paintOutlets(QPainter& painter, ScenePainter& scenePainter);
    void paintMarkedBoxes(QPainter& painter, ScenePainter& scenePainter);
    void paintSigns(QPainter& painter, ScenePainter& scenePainter);
    void paintCrossing(QPainter& painter, const QRectF& box, double line) const;
    void paintWaiting(QPainter& painter, ScenePainter& scenePainter);
    // --- words that keep their size (canvas_far.cpp)
    struct Heading { // which half is which
        QRectF place; // on the viewport
        QString words;
    };
    std::vector<Heading> headings() const;
    double clearOfBoxes(const QRectF& place, double right) const;
    void paintHeadings(QPainter& painter) const;
    void paintFarLabels(QPainter& painter, ScenePainter& scenePainter);
    void paintTags(QPainter& painter, ScenePainter& scenePainter);
    void paintDifferences(QPainter& painter, ScenePainter& scenePainter);
    void paintBreakpoint(QPainter& painter, const QRectF& box, double line, bool on) const;
    void paintSelectedPort(QPainter& painter, ScenePainter& scenePainter);

    Canvas* q;
    std::shared_ptr<const draw::Scene> scene;
    std::unique_ptr<SceneIndex> index;
    std::unique_ptr<Picture> picture;
    std::shared_ptr<const draw::Overlay> overlay;
    Placeholder placeholder;

    double zoom = 1.0;
    QPointF offset; // viewport = scene × zoom - offset; whole device pixels, so that lines stay crisp
    bool settingBars = false;
    bool opening = true; // the view follows the size until someone moves it

    NodeId selected, currentHit;
    std::vector<NodeId> also;
    std::vector<NodeId> hits, kept;
    Marks told; // by the owner
    std::vector<uint16_t> marks; // Mark, by box
    std::vector<uint32_t> across; // edges that lead out of the picture, by Edge::across
    std::vector<uint32_t> lit; // of those, by the owner; Edge::across
    std::vector<uint32_t> farBoxes; // calls, which are named from afar
    bool dimmed = false;
    bool savedLinks = true;
    Side side = Side::None;

    bool wheelZooms = false;
    bool minimapWanted = true;
    Corner minimapCorner = Corner::Auto;
    std::function<Beside()> openingBeside;
    Minimap* minimap;
    PlaceholderWidget* holder;
    HoverCardWidget* card;
    QTimer hoverTimer, minimapTimer;
    NodeId hoverNode;
    std::optional<uint32_t> hoverEdge, hoverEdgeOfCard;
    QPoint hoverPos;
    std::function<HoverCard(NodeId)> hoverProvider;
    std::function<HoverCard(const draw::Edge&)> edgeProvider;

    enum class Drag { None, Armed, Panning, Framing } drag = Drag::None;
    QPoint pressPos, lastPos;
    NodeId cameFrom, cameTo; // the last step of the walk, to take it back exactly
    bool cameUp = false;

    // The picture without marks as it was last shown; moved rather than painted when the view is.
    struct LayerKey {
        const Picture* picture = nullptr;
        QSize size;
        double zoom = 0, ratio = 0;
        std::optional<Scheme> scheme;
        friend bool operator==(const LayerKey&, const LayerKey&) = default;
    };
    QPixmap layer;
    QPointF layerOffset;
    LayerKey layerKey;
};

} // namespace hopscope
