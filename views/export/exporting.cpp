#include "views/export/exporting.h"

#include "core/base/save.h"
#include "core/export/body.h"
#include "core/export/formats.h"
#include "core/export/picture.h"
#include "views/base/painter.h"
#include "views/base/text.h"

#include <QFileInfo>

namespace hopscope {

namespace {
constexpr size_t kDotBoxes = 250; // beyond that dot takes seconds

Result<std::string> written(const std::string& path, const Result<ExportedBody>& body) {
    if (!body)
        return body.error();
    const Status saved = save_file(path, body->bytes);
    return saved ? Result<std::string>(body->note) : Result<std::string>(saved.error());
}

Result<const ExportFormat*> formatOf(const QString& path) {
    const std::string extension = ss(QFileInfo(path).suffix());
    if (const ExportFormat* format = export_format(extension))
        return format;
    return make_error(
        Error::Kind::Usage, "found the extension \"" + extension + "\", expected " + export_format_list());
}

ExportOptions paintedAs(const ExportFormat& format, bool dark, double scale) {
    ExportOptions options;
    options.format = format.extension == "pdf" ? ExportOptions::Format::Pdf : ExportOptions::Format::Png;
    options.scale = scale;
    options.scheme = dark ? Scheme::Dark : Scheme::Light;
    return options;
}
} // namespace

draw::Options sceneOptions(const Document& document, const Place& body, bool fold, bool dot) {
    draw::Options options = picture_options(document.dump(), &document.ledger(), body);
    options.fold = fold;
    if (dot) {
        options.layout.engine = layout::Engine::Auto;
        options.layout.dot_boxes = kDotBoxes;
    }
    return options;
}

Result<std::string> exportBody(const Document& document, const ExportRequest& request, const Job& job) {
    const auto format = formatOf(request.path);
    if (!format)
        return format.error();
    const ExportFormat* chosen = *format;
    const Place place{request.place.graph, request.place.body, {}};
    const draw::Options drawn = sceneOptions(document, place, request.fold, request.dot);
    const bool dark = request.dark && !request.plain;
    const draw::Theme theme = dark ? draw::Theme::Dark : draw::Theme::Light;
    if (!chosen->painted && request.choice.plain())
        return written(ss(request.path), export_body(document.dump(), place, *chosen, drawn, theme, job));
    Result<Picture> picture =
        make_picture(document.dump(), &document.ledger(), place, drawn, request.choice, job);
    if (!picture)
        return picture.error();
    if (!chosen->painted)
        return written(ss(request.path), export_picture(document.dump(), *picture, *chosen, theme));
    if (job.cancelled())
        return make_error(Error::Kind::Cancelled, "cancelled");
    ExportOptions options = paintedAs(*chosen, dark, request.scale);
    options.plain = request.plain;
    options.legend = picture->legend;
    options.overlay = picture->overlay.get();
    if (const Status painted = exportScene(picture->scene, request.path, options); !painted)
        return painted.error();
    const std::string undrawn = undrawn_links(document.dump(), *picture);
    const std::string& note = picture->scene.note;
    return note.empty() || undrawn.empty() ? note + undrawn : note + "; " + undrawn;
}

Result<std::string> exportComparison(const ComparisonRequest& request, const Job& job) {
    const auto format = formatOf(request.path);
    if (!format)
        return format.error();
    const auto module = [](const ComparedBody& of) { return of.dump->graph(of.body.graph).module; };
    const auto diffs = diff_bodies(
        *module(request.a), request.a.body.body, *module(request.b), request.b.body.body, request.match);
    const auto picture = make_united_picture(request.a, request.b, diffs.front(), request.choice, job);
    if (!picture)
        return picture.error();
    if ((*format)->painted) {
        ExportOptions options = paintedAs(**format, request.dark, request.scale);
        options.legend = picture->legend;
        const Status painted = exportScene(picture->scene, request.path, options);
        return painted ? Result<std::string>(picture->note) : Result<std::string>(painted.error());
    }
    const auto bytes =
        export_united_picture(*picture, **format, request.dark ? draw::Theme::Dark : draw::Theme::Light);
    if (!bytes)
        return bytes.error();
    const Status saved = save_file(ss(request.path), *bytes);
    return saved ? Result<std::string>(picture->note) : Result<std::string>(saved.error());
}

} // namespace hopscope
