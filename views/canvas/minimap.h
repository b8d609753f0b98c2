// The whole picture, small, with a frame around the part that the canvas shows.
#pragma once

#include "core/draw/scene.h"

#include <QPixmap>
#include <QRectF>
#include <QWidget>

#include <memory>
#include <vector>

namespace hopscope {

class Minimap : public QWidget {
    Q_OBJECT

public:
    explicit Minimap(QWidget* parent);

    void setScene(std::shared_ptr<const draw::Scene> scene); // also sizes the widget
    void setMarks(std::vector<QRectF> hits, QRectF selection); // scene points
    void setFrame(const QRectF& visible); // scene points
    QRectF frameRect() const; // of the frame, in the widget; large enough to be taken
    QPointF toScene(QPointF pos) const;

Q_SIGNALS:
    void dragged(QPointF sceneCentre); // the frame was moved there

protected:
    void paintEvent(QPaintEvent* event) override;
    void mousePressEvent(QMouseEvent* event) override;
    void mouseMoveEvent(QMouseEvent* event) override;
    void mouseReleaseEvent(QMouseEvent* event) override;
    void wheelEvent(QWheelEvent* event) override;

private:
    QRectF toMap(const QRectF& scene) const;
    const QPixmap& picture();

    std::shared_ptr<const draw::Scene> scene_;
    std::vector<QRectF> hits_;
    QRectF selection_, frame_;
    double scaleX_ = 1, scaleY_ = 1; // apart where the picture is too long to be seen as it is
    QPointF grip_; // from the frame's centre to where it was taken, scene points
    QPixmap picture_;
    bool pictureDark_ = false;
};

} // namespace hopscope
