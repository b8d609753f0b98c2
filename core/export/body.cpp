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
    const auto scene = draw::make_scene(module, body.body, options, job);
    if (!scene)
        return scene.error();
    if (job.cancelled())
        return make_error(Error::Kind::Cancelled, "cancelled");
    ExportedBody exported{{}, scene->note};
    const std::string address = address_of(dump, body.graph, body.body);
    if (format.extension == "json") {
        exported.bytes = scene_json(dump, {body.graph, body.body, {}}, *scene).dump() + "\n";
    } else if (format.extension == "dot") {
        exported.bytes = to_dot(module, body.body, *scene, dump.name + " · " + address);
    } else {
        SvgOptions svg;
        svg.theme = theme;
        svg.dump = dump.name;
        svg.address = address;
        exported.bytes = to_svg(module, body.body, *scene, svg);
    }
    return exported;
}

} // namespace hopscope
