// Paints the display list of core/draw with QPainter: the same list that SVG is written from.
//
// A painter's coordinates are device pixels here (device = scene × scale + shift), so that lines can be put
// on whole pixels at any zoom and any device pixel ratio.
#pragma once

#include "core/draw/display.h"
#include "core/draw/overlay.h"
#include "views/base/theme.h"

#include <QColor>
#include <QFont>
#include <QPainter>
#include <QPointF>
#include <QString>

#include <array>
#include <memory>
#include <span>
#include <vector>

namespace hopscope {

// A display list with what a painter wants to look up: Qt's strings, and the items of each box and edge.
struct CompiledList {
    struct Range {
        uint32_t begin = 0, end = 0;
    };

    CompiledList(const draw::Scene& scene, draw::DisplayList displayList);

    draw::DisplayList list;
    std::vector<QString> texts;
    std::vector<Range> boxes, edges; // into list.items, by index in the scene
    Range ground; // frames, which lie under all of them
    Range titles; // of frames, over the lines
};

// A scene and its lists, each made when it is first wanted; without the scene's labels, which the canvas
// keeps in view.
class Picture {
public:
    explicit Picture(
        std::shared_ptr<const draw::Scene> scene, std::shared_ptr<const draw::Overlay> overlay = nullptr);
    const draw::Scene& scene() const { return *scene_; }
    const CompiledList& at(draw::Detail detail);

private:
    std::shared_ptr<const draw::Scene> scene_;
    std::shared_ptr<const draw::Overlay> overlay_;
    std::array<std::unique_ptr<CompiledList>, draw::kDetailCount> lists_;
};

struct PaintTarget {
    Scheme scheme = Scheme::Light;
    double scale = 1; // device pixels per scene point
    QPointF shift;
    double lineScale = 1; // device pixels of a line of width 1
    bool snap = true; // lines on whole pixels; off for vector output
};
// Instead of the list's own colours.
struct BoxLook {
    QColor fill, border, stroke; // of the box, its border, an edge; invalid = as listed
    double borderWidth = 1; // times lineScale
};

class ScenePainter {
public:
    ScenePainter(QPainter& painter, const PaintTarget& target);

    void paintAll(const CompiledList& compiled);
    void paintRange(const CompiledList& compiled, CompiledList::Range range, const BoxLook& look = {});
    QPointF map(double x, double y) const {
        return {x * t_.scale + t_.shift.x(), y * t_.scale + t_.shift.y()};
    }
    QRectF mapRect(const QRectF& rect) const;
    // The rectangle whose border of this width lies on whole pixels.
    QRectF snapped(const QRectF& device, double width) const;

private:
    void rect(const draw::Primitive& item, const BoxLook& look);
    void text(const draw::Primitive& item, const QString& text);
    void path(const CompiledList& compiled, const draw::Primitive& item, const BoxLook& look);
    void symbol(const draw::Primitive& item);
    QColor ink(draw::ColorRole role) const;
    QPen pen(const QColor& color, double width) const;
    double snap(double v, double width) const;

    QPainter& p_;
    PaintTarget t_;
    QFont font_;
};

} // namespace hopscope
