// Where things are in a scene: what meets a rectangle, what is under a point, what comes next along an edge.
#pragma once

#include "core/draw/scene.h"

#include <QPointF>
#include <QRectF>

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace hopscope {

inline QRectF rectOf(const draw::Box& box) {
    return QRectF(box.x, box.y, box.w, box.h);
}

// Refers to the scene, which must outlive it.
class SceneIndex {
public:
    explicit SceneIndex(const draw::Scene& scene);

    // Ascending indices into Scene::boxes and ::edges; drawn edges only.
    std::vector<uint32_t> boxesIn(const QRectF& rect) const;
    std::vector<uint32_t> edgesIn(const QRectF& rect) const;
    bool isCrossed(const QRectF& rect) const; // by a line that is drawn
    // Boxes that meet rect, counted no further than `limit`.
    size_t countIn(const QRectF& rect, size_t limit) const;

    // A box is an index into Scene::boxes; none where there is none.
    std::optional<uint32_t> boxAt(QPointF point) const;
    // The folded node whose port mark is within `reach` of the point.
    NodeId portAt(QPointF point, double reach) const;
    struct EdgeHit {
        uint32_t edge = 0;
        double toStart = 0, toEnd = 0; // along the edge, from the place that was hit
    };
    std::optional<EdgeHit> edgeAt(QPointF point, double reach) const;

    std::optional<uint32_t> boxOf(NodeId node) const;
    // All edges of a box, cut ones too, in the order of Scene::edges.
    std::span<const uint32_t> edgesInto(uint32_t box) const { return list(into_, box); }
    std::span<const uint32_t> edgesOutOf(uint32_t box) const { return list(outOf_, box); }
    // The nearest box beside this one in its row: direction -1 = left, 1 = right.
    std::optional<uint32_t> siblingOf(uint32_t box, int direction) const;
    std::optional<uint32_t> nearestTo(QPointF point) const;

private:
    struct Lists {
        std::vector<uint32_t> begin, items;
    };
    static std::span<const uint32_t> list(const Lists& lists, uint32_t box);
    template <class F>
    void visitRows(double top, double bottom, F&& f) const; // boxes with y in reach, f returns false to stop

    const draw::Scene& scene_;
    std::vector<uint32_t> byTop_; // boxes by y, then index
    int tallest_ = 0;
    std::vector<QRectF> edgeBounds_;
    Lists into_, outOf_;
};

} // namespace hopscope
