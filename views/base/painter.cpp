#include "views/base/painter.h"

#include "views/base/sceneindex.h"
#include "views/base/scenepainter.h"

#include <QPaintEngine>
#include <QPainter>

#include <algorithm>
#include <cmath>

namespace hopscope {

void paintScene(QPainter& painter, const draw::Scene& scene, Scheme scheme, const QRectF& clip) {
    const QTransform world = painter.worldTransform();
    const double scale = std::hypot(world.m11(), world.m12());
    // Paper has no pixels to keep to, and may be looked at closely.
    const bool raster = painter.paintEngine() && painter.paintEngine()->type() == QPaintEngine::Raster;
    draw::DisplayOptions options;
    options.detail = raster ? draw::detail_for(scale) : draw::Detail::Full;
    const CompiledList compiled(scene, draw::make_display_list(scene, options));

    painter.save();
    painter.resetTransform();
    PaintTarget target;
    target.scheme = scheme;
    target.scale = scale;
    target.shift = QPointF(world.dx(), world.dy());
    target.lineScale = raster ? std::max(1.0, std::round(scale)) : scale;
    target.snap = raster;
    ScenePainter scenePainter(painter, target);
    if (clip.isNull()) {
        scenePainter.paintAll(compiled);
    } else {
        const SceneIndex index(scene);
        scenePainter.paintRange(compiled, compiled.ground);
        for (uint32_t edge : index.edgesIn(clip))
            scenePainter.paintRange(compiled, compiled.edges[edge]);
        for (uint32_t box : index.boxesIn(clip))
            scenePainter.paintRange(compiled, compiled.boxes[box]);
    }
    painter.restore();
}

} // namespace hopscope
