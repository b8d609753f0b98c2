#include "views/canvas/minimap.h"

#include "views/base/decision.h"
#include "views/base/sceneindex.h"
#include "views/base/theme.h"

#include <QMouseEvent>
#include <QPainter>
#include <QWheelEvent>

#include <algorithm>

namespace hopscope {

namespace {

// Tall pictures are the rule: the map is upright.
constexpr double kWidest = 132, kTallest = 168, kNarrowest = 40;
constexpr double kPadding = 4;
constexpr double kSmallestFrame = 10;
constexpr double kStretch = 40; // how much a long picture is widened, so that its columns can be told

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
    frame_ = {};
    if (!scene_ || scene_->width <= 0 || scene_->height <= 0)
        return;
    const double w = scene_->width, h = scene_->height;
    const double widest = kWidest - 2 * kPadding, tallest = kTallest - 2 * kPadding;
    const double narrowest = kNarrowest - 2 * kPadding;
    scaleX_ = scaleY_ = std::min(widest / w, tallest / h);
    if (w * scaleX_ < narrowest)
        scaleX_ = std::min(narrowest / w, scaleX_ * kStretch);
    if (h * scaleY_ < narrowest)
        scaleY_ = std::min(narrowest / h, scaleY_ * kStretch);
    resize(static_cast<int>(std::max(kNarrowest, w * scaleX_ + 2 * kPadding)),
        static_cast<int>(std::max(kNarrowest, h * scaleY_ + 2 * kPadding)));
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

QRectF Minimap::toMap(const QRectF& rect) const {
    const double left = (width() - scene_->width * scaleX_) / 2,
                 top = (height() - scene_->height * scaleY_) / 2;
    return QRectF(
        left + rect.x() * scaleX_, top + rect.y() * scaleY_, rect.width() * scaleX_, rect.height() * scaleY_);
}

QPointF Minimap::toScene(QPointF pos) const {
    const QPointF origin = toMap(QRectF(0, 0, 0, 0)).topLeft();
    return QPointF((pos.x() - origin.x()) / scaleX_, (pos.y() - origin.y()) / scaleY_);
}

QRectF Minimap::frameRect() const {
    QRectF frame = toMap(frame_).intersected(QRectF(rect()));
    const double dx = std::max(0.0, kSmallestFrame - frame.width()) / 2;
    const double dy = std::max(0.0, kSmallestFrame - frame.height()) / 2;
    frame.adjust(-dx, -dy, dx, dy);
    frame.moveLeft(std::clamp(frame.left(), 0.0, std::max(0.0, width() - frame.width())));
    frame.moveTop(std::clamp(frame.top(), 0.0, std::max(0.0, height() - frame.height())));
    return frame;
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
        // Blocks only: lines would cover them at this size.
        for (const draw::Box& box : scene_->boxes) {
            const QRectF r = toMap(rectOf(box));
            painter.fillRect(QRectF(r.topLeft(), QSizeF(std::max(1.0, r.width()), std::max(1.0, r.height()))),
                box.own_dot ? color(roleOfDot(box.dots[*box.own_dot]))
                            : kindBlockColor(box.kind, Theme::instance().scheme()));
        }
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
    const QRectF frame = frameRect();
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
    grip_ = frameRect().contains(event->position()) ? at - frame_.center() : QPointF();
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
