#include "views/base/sceneindex.h"

#include <QLineF>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace hopscope {

namespace {

QRectF boundsOf(const std::vector<layout::Point>& points) {
    if (points.empty())
        return {};
    int left = points[0].x, right = left, top = points[0].y, bottom = top;
    for (const layout::Point& p : points) {
        left = std::min(left, p.x);
        right = std::max(right, p.x);
        top = std::min(top, p.y);
        bottom = std::max(bottom, p.y);
    }
    return QRectF(left, top, right - left, bottom - top);
}

// QRectF::intersects is false for rectangles without area, which straight edges have.
bool meet(const QRectF& a, const QRectF& b) {
    return a.left() <= b.right() && b.left() <= a.right() && a.top() <= b.bottom() && b.top() <= a.bottom();
}

struct Near {
    double distance = std::numeric_limits<double>::infinity();
    double along = 0; // from the segment's start
};

Near nearestOn(QPointF a, QPointF b, QPointF p) {
    const QPointF d = b - a;
    const double length2 = QPointF::dotProduct(d, d);
    const double t = length2 > 0 ? std::clamp(QPointF::dotProduct(p - a, d) / length2, 0.0, 1.0) : 0.0;
    return {QLineF(a + t * d, p).length(), t * std::sqrt(length2)};
}

} // namespace

SceneIndex::SceneIndex(const draw::Scene& scene)
    : scene_(scene) {
    byTop_.resize(scene.boxes.size());
    std::iota(byTop_.begin(), byTop_.end(), 0u);
    std::stable_sort(byTop_.begin(), byTop_.end(),
        [&](uint32_t a, uint32_t b) { return scene.boxes[a].y < scene.boxes[b].y; });
    for (const draw::Box& box : scene.boxes)
        tallest_ = std::max(tallest_, box.h);

    edgeBounds_.reserve(scene.edges.size());
    for (const draw::Edge& edge : scene.edges)
        edgeBounds_.push_back(boundsOf(edge.points));

    auto collect = [&](Lists& lists, auto boxOfEdge) {
        lists.begin.assign(scene.boxes.size() + 1, 0);
        for (const draw::Edge& edge : scene.edges)
            if (boxOfEdge(edge) < scene.boxes.size())
                ++lists.begin[boxOfEdge(edge) + 1];
        std::partial_sum(lists.begin.begin(), lists.begin.end(), lists.begin.begin());
        lists.items.resize(lists.begin.back());
        std::vector<uint32_t> next(lists.begin.begin(), lists.begin.end() - 1);
        for (uint32_t i = 0; i < scene.edges.size(); ++i)
            if (const uint32_t box = boxOfEdge(scene.edges[i]); box < scene.boxes.size())
                lists.items[next[box]++] = i;
    };
    collect(into_, [](const draw::Edge& edge) { return edge.to_box; });
    collect(outOf_, [](const draw::Edge& edge) { return edge.from_box; });
}

std::span<const uint32_t> SceneIndex::list(const Lists& lists, uint32_t box) {
    if (box + 1 >= lists.begin.size())
        return {};
    return std::span(lists.items).subspan(lists.begin[box], lists.begin[box + 1] - lists.begin[box]);
}

template <class F> void SceneIndex::visitRows(double top, double bottom, F&& f) const {
    auto it = std::lower_bound(byTop_.begin(), byTop_.end(), top - tallest_,
        [&](uint32_t box, double y) { return scene_.boxes[box].y < y; });
    for (; it != byTop_.end() && scene_.boxes[*it].y <= bottom; ++it)
        if (!f(*it))
            return;
}

std::vector<uint32_t> SceneIndex::boxesIn(const QRectF& rect) const {
    std::vector<uint32_t> found;
    visitRows(rect.top(), rect.bottom(), [&](uint32_t box) {
        if (meet(rectOf(scene_.boxes[box]), rect))
            found.push_back(box);
        return true;
    });
    std::sort(found.begin(), found.end());
    return found;
}

size_t SceneIndex::countIn(const QRectF& rect, size_t limit) const {
    size_t count = 0;
    visitRows(rect.top(), rect.bottom(), [&](uint32_t box) {
        count += meet(rectOf(scene_.boxes[box]), rect);
        return count < limit;
    });
    return count;
}

std::vector<uint32_t> SceneIndex::edgesIn(const QRectF& rect) const {
    std::vector<uint32_t> found;
    for (uint32_t i = 0; i < edgeBounds_.size(); ++i)
        if (!scene_.edges[i].points.empty() && !scene_.edges[i].cut && meet(edgeBounds_[i], rect))
            found.push_back(i);
    return found;
}

bool SceneIndex::isCrossed(const QRectF& rect) const {
    for (const uint32_t i : edgesIn(rect)) {
        const auto& points = scene_.edges[i].points;
        for (size_t k = 1; k < points.size(); ++k) // lines are orthogonal, else the bounds are near enough
            if (meet(QRectF(QPointF(points[k - 1].x, points[k - 1].y), QPointF(points[k].x, points[k].y))
                         .normalized(),
                    rect))
                return true;
    }
    return false;
}

std::optional<uint32_t> SceneIndex::boxAt(QPointF point) const {
    std::optional<uint32_t> found;
    visitRows(point.y(), point.y(), [&](uint32_t box) {
        if (rectOf(scene_.boxes[box]).contains(point))
            found = box;
        return !found;
    });
    return found;
}

NodeId SceneIndex::portAt(QPointF point, double reach) const {
    NodeId found;
    double best = reach;
    visitRows(point.y() - reach - tallest_, point.y() + reach, [&](uint32_t box) {
        for (const draw::Port& port : scene_.boxes[box].ports) {
            const double distance = QLineF(QPointF(port.at.x, port.at.y), point).length();
            if (port.node.valid() && distance <= best) {
                best = distance;
                found = port.node;
            }
        }
        return true;
    });
    return found;
}

std::optional<SceneIndex::EdgeHit> SceneIndex::edgeAt(QPointF point, double reach) const {
    std::optional<EdgeHit> hit;
    double best = reach;
    const QRectF around(point.x() - reach, point.y() - reach, 2 * reach, 2 * reach);
    for (uint32_t i : edgesIn(around)) {
        const auto& points = scene_.edges[i].points;
        double length = 0, at = 0;
        bool found = false;
        for (size_t k = 1; k < points.size(); ++k) {
            const QPointF a(points[k - 1].x, points[k - 1].y), b(points[k].x, points[k].y);
            const Near near = nearestOn(a, b, point);
            if (near.distance < best || (near.distance <= best && !hit)) {
                best = near.distance;
                at = length + near.along;
                found = true;
            }
            length += QLineF(a, b).length();
        }
        if (found)
            hit = EdgeHit{i, at, length - at};
    }
    return hit;
}

std::optional<uint32_t> SceneIndex::boxOf(NodeId node) const {
    if (!node.valid() || node.index >= scene_.box_of_node.size())
        return {};
    const uint32_t box = scene_.box_of_node[node.index];
    return box == draw::kNoBox ? std::nullopt : std::optional(box);
}

std::optional<uint32_t> SceneIndex::siblingOf(uint32_t box, int direction) const {
    const QRectF from = rectOf(scene_.boxes[box]);
    const double y = from.center().y();
    std::optional<uint32_t> found;
    double best = std::numeric_limits<double>::infinity();
    if (scene_.sideways) {
        const double x = from.center().x();
        for (uint32_t other = 0; other < scene_.boxes.size(); ++other) {
            const QRectF rect = rectOf(scene_.boxes[other]);
            const double distance = (rect.center().y() - y) * direction;
            if (other != box && rect.left() <= x && rect.right() >= x && distance > 0 && distance < best) {
                best = distance;
                found = other;
            }
        }
        return found;
    }
    visitRows(y, y, [&](uint32_t other) {
        const QRectF rect = rectOf(scene_.boxes[other]);
        const double distance = (rect.center().x() - from.center().x()) * direction;
        if (other != box && rect.top() <= y && rect.bottom() >= y && distance > 0 && distance < best) {
            best = distance;
            found = other;
        }
        return true;
    });
    return found;
}

std::optional<uint32_t> SceneIndex::nearestTo(QPointF point) const {
    std::optional<uint32_t> found;
    double best = std::numeric_limits<double>::infinity();
    for (uint32_t i = 0; i < scene_.boxes.size(); ++i) {
        const QPointF d = rectOf(scene_.boxes[i]).center() - point;
        const double distance = QPointF::dotProduct(d, d);
        if (distance < best) {
            best = distance;
            found = i;
        }
    }
    return found;
}

} // namespace hopscope
