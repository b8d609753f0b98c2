#include "views/export/exporting.h"

#include "core/base/save.h"
#include "core/export/dot.h"
#include "core/export/formats.h"
#include "core/export/json.h"
#include "core/export/picture.h"
#include "core/export/svg.h"
#include "core/graph/print.h"
#include "views/base/painter.h"
#include "views/base/text.h"

#include <QFileInfo>

namespace hopscope {

namespace {
constexpr size_t kDotBoxes = 250; // beyond that dot takes seconds
}

draw::Options sceneOptions(const Document& document, const Place& body, bool fold, bool dot) {
    draw::Options options = picture_options(document.dump(), &document.ledger(), body);
    options.fold = fold;
    if (dot) {
        options.layout.engine = layout::Engine::Auto;
        options.layout.dot_boxes = kDotBoxes;
    }
    return options;
}

Status exportBody(const Document& document, const ExportRequest& request, const Job& job) {
    const std::string extension = ss(QFileInfo(request.path).suffix());
    const ExportFormat* chosen = export_format(extension);
    if (!chosen)
        return make_error(Error::Kind::Usage,
            "found the extension \"" + extension + "\", expected " + export_format_list());
    const std::string_view format = chosen->extension;
    const Place place{request.place.graph, request.place.body, {}};
    const GraphModule& module = document.module(place.graph);
    if (format == "txt")
        return save_file(ss(request.path), print_readable(module, place.body));
    Result<draw::Scene> scene =
        draw::make_scene(module, place.body, sceneOptions(document, place, request.fold, request.dot), job);
    if (!scene)
        return scene.error();
    if (job.cancelled())
        return make_error(Error::Kind::Cancelled, "cancelled");
    const std::string address = document.address(place);
    if (format == "dot")
        return save_file(
            ss(request.path), to_dot(module, place.body, *scene, document.dump().name + " · " + address));
    if (format == "json")
        return save_file(ss(request.path), scene_json(document.dump(), place, *scene).dump() + "\n");
    if (format == "svg") {
        SvgOptions options;
        options.theme = request.dark && !request.plain ? draw::Theme::Dark : draw::Theme::Light;
        options.dump = document.dump().name;
        options.address = address;
        return save_file(ss(request.path), to_svg(module, place.body, *scene, options));
    }
    ExportOptions options;
    options.format = format == "pdf" ? ExportOptions::Format::Pdf : ExportOptions::Format::Png;
    options.scale = request.scale;
    options.plain = request.plain;
    options.scheme = request.dark && !request.plain ? Scheme::Dark : Scheme::Light;
    return exportScene(*scene, request.path, options);
}

} // namespace hopscope
