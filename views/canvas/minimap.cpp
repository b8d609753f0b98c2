#include "views/canvas/minimap.h"

#include "views/canvas/painter.h"
#include "views/canvas/sceneindex.h"
#include "views/theme/theme.h"

#include <QMouseEvent>
#include <QPainter>
#include <QWheelEvent>

#include <algorithm>

namespace hopscope {

namespace {

// Tall pictures are the rule: the map is upright.
constexpr double kWidest = 168, kTallest = 208, kNarrowest = 36;
constexpr double kPadding = 4;

} // namespace

Minimap::Minimap(QWidget* parent)
    : QWidget(parent) {
    setObjectName(QStringLiteral("canvas.minimap"));
    setAccessibleName(tr("Minimap"));
    setAccessibleDescription(tr("The whole picture; drag the frame to move the view"));
    setCursor(Qt::ArrowCursor);
    setFocusPolicy(Qt::NoFocus);
}

void Minimap::setScene(std::shared_ptr<const draw::Scene> scene) {
    scene_ = std::move(scene);
    picture_ = {};
    if (!scene_ || scene_->width <= 0 || scene_->height <= 0)
        return;
    const double w = scene_->width, h = scene_->height;
    scale_ = std::min((kWidest - 2 * kPadding) / w, (kTallest - 2 * kPadding) / h);
    resize(static_cast<int>(std::max(kNarrowest, w * scale_ + 2 * kPadding)),
        static_cast<int>(std::max(kNarrowest, h * scale_ + 2 * kPadding)));
    update();
}

void Minimap::setMarks(std::vector<QRectF> hits, QRectF selection) {
    hits_ = std::move(hits);
    selection_ = selection;
    update();
}

void Minimap::setFrame(const QRectF& visible) {
    if (frame_ == visible)
        return;
    frame_ = visible;
    update();
}

QRectF Minimap::toMap(const QRectF& scene) const {
    const double left = (width() - scene_->width * scale_) / 2,
                 top = (height() - scene_->height * scale_) / 2;
    return QRectF(
        left + scene.x() * scale_, top + scene.y() * scale_, scene.width() * scale_, scene.height() * scale_);
}

QPointF Minimap::toScene(QPointF pos) const {
    const QPointF origin = toMap(QRectF(0, 0, 0, 0)).topLeft();
    return (pos - origin) / scale_;
}

const QPixmap& Minimap::picture() {
    const double ratio = devicePixelRatioF();
    const bool dark = Theme::instance().isDark();
    if (picture_.isNull() || picture_.devicePixelRatio() != ratio || pictureDark_ != dark) {
        pictureDark_ = dark;
        picture_ = QPixmap(size() * ratio);
        picture_.setDevicePixelRatio(ratio);
        picture_.fill(color(Role::Surface));
        QPainter painter(&picture_);
        painter.translate(toMap(QRectF(0, 0, 0, 0)).topLeft());
        painter.scale(scale_, scale_);
        paintScene(painter, *scene_, Theme::instance().scheme());
    }
    return picture_;
}

void Minimap::paintEvent(QPaintEvent*) {
    if (!scene_)
        return;
    QPainter painter(this);
    painter.drawPixmap(0, 0, picture());
    // At least two pixels, so that one hit among thousands of nodes is still seen.
    auto mark = [&](const QRectF& scene, Role role, double least) {
        QRectF rect = toMap(scene);
        const double dx = std::max(0.0, least - rect.width()) / 2,
                     dy = std::max(0.0, least - rect.height()) / 2;
        painter.fillRect(rect.adjusted(-dx, -dy, dx, dy), color(role));
    };
    for (const QRectF& hit : hits_)
        mark(hit, Role::Hit, 3);
    if (!selection_.isNull())
        mark(selection_, Role::Accent, 5);
    const QRectF frame = toMap(frame_).intersected(QRectF(rect()).adjusted(0, 0, -1, -1));
    QColor veil = color(Role::Window);
    veil.setAlphaF(0.5f);
    QRegion outside(rect());
    outside -= frame.toAlignedRect();
    painter.setClipRegion(outside);
    painter.fillRect(rect(), veil);
    painter.setClipping(false);
    painter.setBrush(Qt::NoBrush);
    painter.setPen(color(Role::Line));
    painter.drawRect(rect().adjusted(0, 0, -1, -1));
    painter.setPen(QPen(color(Role::Accent), 1));
    painter.drawRect(frame.toAlignedRect().adjusted(0, 0, -1, -1));
}

void Minimap::mousePressEvent(QMouseEvent* event) {
    event->accept();
    if (event->button() != Qt::LeftButton)
        return;
    const QPointF at = toScene(event->position());
    grip_ = frame_.contains(at) ? at - frame_.center() : QPointF();
    Q_EMIT dragged(at - grip_);
}

void Minimap::mouseMoveEvent(QMouseEvent* event) {
    event->accept();
    if (event->buttons() & Qt::LeftButton)
        Q_EMIT dragged(toScene(event->position()) - grip_);
}

void Minimap::mouseReleaseEvent(QMouseEvent* event) {
    event->accept();
}

void Minimap::wheelEvent(QWheelEvent* event) {
    event->ignore(); // the canvas scrolls
}

} // namespace hopscope
