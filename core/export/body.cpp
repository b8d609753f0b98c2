#include "core/export/body.h"

#include "core/base/printable.h"
#include "core/export/dot.h"
#include "core/export/json.h"
#include "core/export/svg.h"
#include "core/graph/print.h"

namespace hopscope {

Result<ExportedBody> export_body(const Dump& dump, const Place& body, const ExportFormat& format,
    const draw::Options& options, draw::Theme theme, const Job& job) {
    if (format.painted)
        return make_error(Error::Kind::Usage, std::string(format.extension) + " is painted, not written");
    const GraphModule& module = *dump.graph(body.graph).module;
    if (format.extension == "txt")
        return ExportedBody{printable(print_readable(module, body.body)), {}};
    auto scene = draw::make_scene(module, body.body, options, job);
    if (!scene)
        return scene.error();
    if (job.cancelled())
        return make_error(Error::Kind::Cancelled, "cancelled");
    return export_picture(dump, Picture{std::move(*scene), {body.graph, body.body, {}}}, format, theme);
}

Result<ExportedBody> export_picture(
    const Dump& dump, const Picture& picture, const ExportFormat& format, draw::Theme theme) {
    if (format.painted)
        return make_error(Error::Kind::Usage, std::string(format.extension) + " is painted, not written");
    const Place& place = picture.place;
    const ShownBody drawn = shown_body(dump, picture);
    const GraphModule& module = *drawn.module;
    const BodyId shown = drawn.body;
    const std::string address = address_of(dump, place.graph, place.body);
    ExportedBody exported{{}, picture.scene.note};
    if (const std::string undrawn = format.coloured ? undrawn_links(dump, picture) : std::string();
        !undrawn.empty())
        exported.note += (exported.note.empty() ? "" : "; ") + undrawn;
    if (picture.overlay && !format.coloured)
        return make_error(
            Error::Kind::Usage, std::string(format.extension) + " has no colours for an overlay");
    if (picture.legend && !format.coloured)
        return make_error(Error::Kind::Usage,
            std::string(format.extension) + " has no colours that a legend would explain");
    if (format.extension == "txt") {
        exported.bytes = printable(print_readable(module, shown));
    } else if (format.coloured) {
        SvgOptions svg;
        svg.theme = theme;
        svg.dump = dump.name;
        svg.address = address;
        svg.legend = picture.legend;
        svg.overlay = picture.overlay.get();
        if (picture.right.graph) {
            const ShownBody right = shown_body(dump, picture, true);
            svg.right_module = right.module;
            svg.right_body = right.body;
            svg.right_address = address_of(dump, picture.right.graph, picture.right.body);
        }
        exported.bytes = to_svg(module, shown, picture.scene, svg);
        if (format.extension == "html")
            exported.bytes = svg_page(exported.bytes, dump.name + " · " + address);
    } else if (picture.right.graph) {
        return make_error(Error::Kind::Usage,
            std::string(format.extension)
                + " holds one body; two beside each other go out as svg, png or pdf");
    } else if (format.extension == "json") {
        exported.bytes = printable_json((picture.expanded ? scene_json(module, shown, address, picture.scene)
                                                          : scene_json(dump, place, picture.scene))
                                            .dump())
            + "\n";
    } else {
        exported.bytes = to_dot(module, shown, picture.scene, dump.name + " · " + address);
    }
    return exported;
}

} // namespace hopscope
