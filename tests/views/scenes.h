// What tests of the canvas share: scenes by hand, a canvas that shows one, what a mouse does to it.
#pragma once

#include "core/draw/scene.h"
#include "views/base/theme.h"
#include "views/canvas/canvas.h"

#include <QApplication>
#include <QImage>
#include <QTest>
#include <QWheelEvent>

#include <memory>

namespace hopscope {

inline constexpr int kW = 150, kH = 36, kStepX = 190, kStepY = 70;

// Rows of boxes; each box uses the one above it, and the last column also the first box of its row above.
inline std::shared_ptr<draw::Scene> grid(int columns, int rows) {
    auto scene = std::make_shared<draw::Scene>();
    const draw::Kind kinds[] = {draw::Kind::Matrix, draw::Kind::Elementwise, draw::Kind::View,
        draw::Kind::Reduction, draw::Kind::Copy};
    for (int r = 0; r < rows; ++r) {
        for (int c = 0; c < columns; ++c) {
            const auto i = static_cast<uint32_t>(scene->boxes.size());
            draw::Box box;
            box.node = NodeId(i);
            box.kind = kinds[(r + c) % 5];
            box.x = 20 + c * kStepX;
            box.y = 20 + r * kStepY;
            box.w = kW;
            box.h = kH;
            box.title = "node_" + std::to_string(i);
            box.subtitle = "aten.op f32[" + std::to_string(r) + ", 8]";
            scene->boxes.push_back(std::move(box));
            scene->box_of_node.push_back(i);
            if (r == 0)
                continue;
            draw::Edge edge;
            edge.from_box = i - static_cast<uint32_t>(columns);
            edge.to_box = i;
            edge.from = NodeId(edge.from_box);
            edge.to = NodeId(i);
            const int x = 20 + c * kStepX + kW / 2;
            edge.points = {{x, 20 + (r - 1) * kStepY + kH}, {x, 20 + r * kStepY}};
            scene->edges.push_back(std::move(edge));
        }
    }
    scene->width = columns * kStepX;
    scene->height = rows * kStepY;
    return scene;
}

// A box with a parameter folded into a port at its right side.
inline std::shared_ptr<draw::Scene> withPort() {
    auto scene = grid(1, 2);
    draw::Port port;
    port.side = draw::Port::Side::Right;
    port.role = draw::Port::Role::Parameter;
    port.node = NodeId(2);
    port.label = "weight";
    port.at = {20 + kW, 20 + kStepY + kH / 2};
    scene->boxes[1].ports.push_back(port);
    scene->boxes[1].folded.push_back(NodeId(2));
    scene->box_of_node.push_back(1);
    return scene;
}

inline double luminance(QRgb c) {
    return 0.2126 * qRed(c) + 0.7152 * qGreen(c) + 0.0722 * qBlue(c);
}

inline int countOf(const QImage& image, const QColor& wanted) {
    int count = 0;
    for (int y = 0; y < image.height(); ++y)
        for (int x = 0; x < image.width(); ++x)
            count += image.pixelColor(x, y).rgb() == wanted.rgb();
    return count;
}

inline void wheel(
    Canvas& canvas, QPointF pos, QPoint angle, Qt::KeyboardModifiers modifiers = Qt::NoModifier) {
    QWheelEvent event(pos, canvas.viewport()->mapToGlobal(pos), QPoint(), angle, Qt::NoButton, modifiers,
        Qt::NoScrollPhase, false);
    QApplication::sendEvent(canvas.viewport(), &event);
}

inline void move(Canvas& canvas, QPoint pos) {
    QMouseEvent event(QEvent::MouseMove, pos, canvas.viewport()->mapToGlobal(pos), Qt::NoButton, Qt::NoButton,
        Qt::NoModifier);
    QApplication::sendEvent(canvas.viewport(), &event);
}

// The marks around a selected node: a user and a producer.
inline Marks around(uint32_t user, uint32_t producer) {
    Marks marks;
    marks.users = {NodeId(user)};
    marks.producers = {NodeId(producer)};
    return marks;
}

// On the screen, with the focus.
inline std::unique_ptr<Canvas> make(std::shared_ptr<const draw::Scene> scene, QSize size = {800, 600}) {
    auto canvas = std::make_unique<Canvas>();
    canvas->resize(size);
    canvas->setScene(std::move(scene));
    canvas->show();
    if (!QTest::qWaitForWindowExposed(canvas.get()))
        return nullptr;
    canvas->activateWindow();
    canvas->setFocus();
    return canvas;
}

} // namespace hopscope
