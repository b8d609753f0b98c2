#include "views/canvas/canvas.h"

#include "views/canvas/painter.h"

#include <QPaintEvent>
#include <QPainter>

namespace hopscope {

struct Canvas::Private {
    std::function<HoverCard(NodeId)> hover;
};

Canvas::Canvas(QWidget* parent)
    : QAbstractScrollArea(parent)
    , d(std::make_unique<Private>()) { }
Canvas::~Canvas() = default;

void Canvas::setScene(std::shared_ptr<const draw::Scene> scene, Change change) {
    scene_ = std::move(scene);
    if (change == Change::NewBody)
        selected_ = {};
    viewport()->update();
}
void Canvas::setPlaceholder(const Placeholder& placeholder) {
    placeholder_ = placeholder;
    viewport()->update();
}
void Canvas::setSelected(NodeId node) {
    selected_ = node;
    viewport()->update();
}
void Canvas::setMarked(std::vector<NodeId>, std::vector<NodeId>) { }
void Canvas::setCrossing(std::vector<NodeId>) { }
void Canvas::setCrossingSide(Side) { }
void Canvas::setHits(std::vector<NodeId>, NodeId) { }
void Canvas::setDimmed(bool dimmed, std::vector<NodeId>) {
    dimmed_ = dimmed;
}
void Canvas::setCurrentStep(NodeId) { }
void Canvas::setBookmarked(std::vector<NodeId>) { }
void Canvas::ensureVisible(NodeId, bool) { }
void Canvas::setZoom(double zoom) {
    zoom_ = zoom;
}
double Canvas::minZoom() const {
    return 0.05;
}
ViewState Canvas::viewState() const {
    return {zoom_, {}};
}
void Canvas::setViewState(const ViewState& state) {
    zoom_ = state.zoom;
}
QPointF Canvas::toScene(QPointF p) const {
    return p / zoom_;
}
QPointF Canvas::fromScene(QPointF p) const {
    return p * zoom_;
}
QRect Canvas::boxRect(NodeId) const {
    return {};
}
NodeId Canvas::nodeAt(QPoint) const {
    return {};
}
void Canvas::setHoverProvider(std::function<HoverCard(NodeId)> provider) {
    d->hover = std::move(provider);
}
void Canvas::fitAll() { }
void Canvas::fitSelection() { }
void Canvas::zoomIn() {
    setZoom(zoom_ * 1.25);
}
void Canvas::zoomOut() {
    setZoom(zoom_ / 1.25);
}
void Canvas::zoom100() {
    setZoom(1);
}
void Canvas::setMinimapVisible(bool visible) {
    minimapWanted_ = visible;
}
void Canvas::walkUp() { }
void Canvas::walkDown() { }
void Canvas::walkLeft() { }
void Canvas::walkRight() { }
void Canvas::walkNext() { }
void Canvas::walkPrevious() { }
void Canvas::activateSelected() { }

bool Canvas::event(QEvent* e) {
    return QAbstractScrollArea::event(e);
}
bool Canvas::viewportEvent(QEvent* e) {
    return QAbstractScrollArea::viewportEvent(e);
}
void Canvas::paintEvent(QPaintEvent*) {
    QPainter painter(viewport());
    painter.fillRect(viewport()->rect(), color(Role::Window));
    painter.scale(zoom_, zoom_);
    if (scene_)
        paintScene(painter, *scene_, Theme::instance().scheme());
}
void Canvas::resizeEvent(QResizeEvent* e) {
    QAbstractScrollArea::resizeEvent(e);
}
void Canvas::scrollContentsBy(int, int) { }
void Canvas::keyPressEvent(QKeyEvent* e) {
    QAbstractScrollArea::keyPressEvent(e);
}
void Canvas::mousePressEvent(QMouseEvent* e) {
    QAbstractScrollArea::mousePressEvent(e);
}
void Canvas::mouseMoveEvent(QMouseEvent* e) {
    QAbstractScrollArea::mouseMoveEvent(e);
}
void Canvas::mouseReleaseEvent(QMouseEvent* e) {
    QAbstractScrollArea::mouseReleaseEvent(e);
}
void Canvas::mouseDoubleClickEvent(QMouseEvent* e) {
    QAbstractScrollArea::mouseDoubleClickEvent(e);
}
void Canvas::wheelEvent(QWheelEvent* e) {
    QAbstractScrollArea::wheelEvent(e);
}
void Canvas::contextMenuEvent(QContextMenuEvent* e) {
    QAbstractScrollArea::contextMenuEvent(e);
}
void Canvas::focusInEvent(QFocusEvent* e) {
    QAbstractScrollArea::focusInEvent(e);
}
void Canvas::focusOutEvent(QFocusEvent* e) {
    QAbstractScrollArea::focusOutEvent(e);
}
void Canvas::changeEvent(QEvent* e) {
    QAbstractScrollArea::changeEvent(e);
}
bool Canvas::focusNextPrevChild(bool next) {
    return QAbstractScrollArea::focusNextPrevChild(next);
}

} // namespace hopscope
