#include "views/base/facts.h"

#include "views/base/decision.h"
#include "views/base/text.h"

namespace hopscope {

namespace {
constexpr size_t kListLimit = 24; // links in a row; more are counted
} // namespace

QString escaped(std::string_view text) {
    return qs(text).toHtmlEscaped();
}
QString mono(const QString& html) {
    if (html.isEmpty())
        return {};
    return QStringLiteral("<span style='font-family:\"%1\"'>%2</span>").arg(monoFont().family(), html);
}
QString tinted(Role role, const QString& html) {
    return QStringLiteral("<span style='color:%1'>%2</span>").arg(color(role).name(), html);
}

QString nodeLinks(const Document& document, const Place& at, std::span<const NodeId> nodes) {
    QStringList links;
    for (size_t i = 0; i < nodes.size() && i < kListLimit; ++i) {
        const Place place{at.graph, at.body, nodes[i]};
        links << linkTo(place, mono(qs(document.node_name(place)).toHtmlEscaped()));
    }
    QString text = links.join(QStringLiteral(", "));
    if (nodes.size() > kListLimit)
        text += QObject::tr(" and %1 more").arg(nodes.size() - kListLimit);
    return text;
}

QString decisionHtml(const Invocation& invocation) {
    return tinted(roleOf(invocation.decision, invocation.inlined),
        glyphText(glyphOf(invocation.decision, invocation.inlined)) + QLatin1Char(' ')
            + decisionText(invocation).toHtmlEscaped());
}

QString linkTo(const Place& place, const QString& text) {
    return QStringLiteral("<a href='place:%1/%2/%3'>%4</a>")
        .arg(place.graph.index)
        .arg(place.body.index)
        .arg(place.node.index)
        .arg(text);
}

QString linkToRow(int row, const QString& text) {
    return QStringLiteral("<a href='row:%1'>%2</a>").arg(row).arg(text);
}

QString linkToRegion(RegionRef region, const QString& text) {
    return QStringLiteral("<a href='region:%1/%2'>%3</a>")
        .arg(region.compilation.index)
        .arg(region.region.index)
        .arg(text);
}

QString linkToCompilation(CompilationId id, const QString& text) {
    return QStringLiteral("<a href='compilation:%1'>%2</a>").arg(id.index).arg(text);
}

QString linkToSpot(FileId file, uint64_t line, const QString& text) {
    return QStringLiteral("<a href='spot:%1/%2'>%3</a>").arg(file.index).arg(line).arg(text);
}

QString linkToComparison(const Place& a, const Place& b, const QString& text) {
    return QStringLiteral("<a href='compare:%1/%2/%3/%4'>%5</a>")
        .arg(a.graph.index)
        .arg(a.body.index)
        .arg(b.graph.index)
        .arg(b.body.index)
        .arg(text);
}

LinkTarget readLink(const QUrl& url) {
    const QStringList parts = url.path().split(QLatin1Char('/'));
    const auto id = [&](int i) { return parts.value(i).toUInt(); };
    if (url.scheme() == QStringLiteral("place") && parts.size() == 3)
        return Place{GraphId(id(0)), BodyId(id(1)), NodeId(id(2))};
    if (url.scheme() == QStringLiteral("row"))
        return parts.value(0).toInt();
    if (url.scheme() == QStringLiteral("region") && parts.size() == 2)
        return RegionRef{CompilationId(id(0)), RegionId(id(1))};
    if (url.scheme() == QStringLiteral("compilation") && parts.size() == 1)
        return CompilationId(id(0));
    if (url.scheme() == QStringLiteral("spot") && parts.size() == 2)
        return DumpLine{FileId(id(0)), parts.value(1).toULongLong()};
    if (url.scheme() == QStringLiteral("compare") && parts.size() == 4)
        return TwoBodies{{GraphId(id(0)), BodyId(id(1)), {}}, {GraphId(id(2)), BodyId(id(3)), {}}};
    return {};
}

} // namespace hopscope
