#include "views/inspector/pages.h"

#include "core/base/text.h"
#include "core/draw/scene.h"
#include "core/graph/calls.h"
#include "core/graph/print.h"
#include "core/regions/roles.h"
#include "views/base/facts.h"
#include "views/base/text.h"

#include <QFileInfo>

namespace hopscope {

namespace {
QString sourceFact(const Document& document, const Place& place) {
    const Source* source = document.source(place);
    if (!source || !source->has_place())
        return {};
    const GraphModule& module = document.module(place.graph);
    const QString file = qs(module.text(source->file));
    QString html =
        mono((QFileInfo(file).fileName() + QLatin1Char(':') + QString::number(source->line)).toHtmlEscaped());
    if (const std::string_view function = module.text(source->function); !function.empty())
        html += QObject::tr(" in %1").arg(mono(escaped(function)));
    return html;
}

void typeFacts(Facts& facts, const GraphModule& module, const ValueType& type) {
    facts.fact(QObject::tr("type"), mono(escaped(short_type(module, type))));
    if (type.kind != TypeKind::Tensor)
        return;
    if (type.has_stride) {
        QStringList strides;
        for (StringId s : module.stride(type))
            strides << escaped(module.text(s));
        const QString text = mono(QStringLiteral("(%1)").arg(strides.join(QStringLiteral(", "))));
        const bool contiguous = is_contiguous(module, type);
        facts.fact(QObject::tr("stride"),
            contiguous ? text : tinted(Role::Warning, text + QObject::tr(" not contiguous")));
    }
    facts.fact(QObject::tr("device"), mono(escaped(module.text(type.device))));
    if (const auto bytes = byte_size(module, type))
        facts.fact(QObject::tr("size"), qs(format_bytes(uint64_t(*bytes))));
}
} // namespace

QString nodePage(const Document& document, const Place& place, const std::vector<Place>& crossing) {
    const Node* node = document.node(place);
    if (!node)
        return {};
    const GraphModule& module = document.module(place.graph);
    const Body& body = document.body(place);
    const draw::Kind kind = draw::kind_of(module, place.body, place.node,
        node->op == Opcode::Placeholder ? named_roles_of(document.dump(), place.graph, place.body)
                                        : BodyRoles());
    Facts facts;
    facts.title(mono(qs(document.node_name(place)).toHtmlEscaped()));
    if (node->op == Opcode::Placeholder)
        facts.fact(QObject::tr("is"), escaped(document.input_note(place)));
    facts.fact(QObject::tr("operator"), mono(escaped(short_target(module, *node))));
    facts.fact(QObject::tr("kind"),
        QObject::tr("%1 · %2").arg(escaped(draw::kind_name(kind)), mono(escaped(opcode_name(node->op)))));
    if (const ValueType* type = module.type(node->type))
        typeFacts(facts, module, *type);
    facts.fact(QObject::tr("args"), mono(escaped(print_args(module, body, *node))));
    const std::span<const NodeId> inputs = body.inputs_of(*node), users = body.users_of(*node);
    facts.fact(QObject::tr("producers"), nodeLinks(document, place, inputs));
    facts.fact(QObject::tr("users"),
        users.empty() && node->op != Opcode::Output ? tinted(Role::Quiet, QObject::tr("none"))
                                                    : nodeLinks(document, place, users));
    if (!crossing.empty()) {
        QStringList links;
        for (const Place& other : crossing)
            links << linkTo(other, mono(qs(document.node_name(other)).toHtmlEscaped()))
                    + QObject::tr(" in %1").arg(qs(document.stage_label(other.graph)).toHtmlEscaped());
        facts.fact(QObject::tr("crosses to"), links.join(QStringLiteral("<br>")));
    }
    if (const std::optional<int> row = document.row_of_call(place))
        facts.fact(QObject::tr("invocation"),
            linkToRow(*row, QObject::tr("call %1").arg(document.invocation(*row).index)) + QStringLiteral(" ")
                + decisionHtml(document.invocation(*row)));
    for (BodyId called : called_bodies(module, place.body, place.node)) {
        const Place there{place.graph, called, {}};
        facts.fact(QObject::tr("body"), linkTo(there, mono(qs(document.body_name(there)).toHtmlEscaped())));
    }
    facts.fact(QObject::tr("descriptor"), mono(escaped(module.text(node->descriptor))));
    if (const Source* source = document.source(place)) {
        facts.section(QObject::tr("Source"));
        facts.fact(QObject::tr("place"), sourceFact(document, place));
        facts.fact(QObject::tr("code"), mono(escaped(module.text(source->code))));
        facts.fact(QObject::tr("file"), escaped(module.text(source->file)));
        if (source->call_id)
            facts.fact(QObject::tr("call_id"), QString::number(*source->call_id));
        facts.fact(QObject::tr("annotation"), mono(escaped(module.text(source->annotation))));
        facts.fact(QObject::tr("recompute"), mono(escaped(module.text(source->recompute))));
    }
    facts.section(QObject::tr("In the dump"));
    facts.fact(QObject::tr("address"), mono(qs(document.address(place)).toHtmlEscaped()));
    facts.fact(QObject::tr("target"), mono(escaped(module.text(node->target))));
    if (node->line)
        facts.fact(QObject::tr("line"), grouped(node->line));
    return facts.html();
}

QString bodyPage(const Document& document, const Place& place) {
    if (!place.graph)
        return {};
    const Graph& graph = document.dump().graph(place.graph);
    const Body& body = document.body(place);
    const Compilation& compilation = document.dump().compilation(graph.compilation);
    const std::string name = document.body_name(place);
    Facts facts;
    facts.title(name.empty() ? qs(document.stage_label(place.graph)).toHtmlEscaped()
                             : mono(qs(name).toHtmlEscaped()));
    facts.fact(QObject::tr("stage"), qs(document.stage_label(place.graph)).toHtmlEscaped());
    facts.fact(QObject::tr("nodes"), grouped(body.nodes.size()));
    facts.fact(QObject::tr("inputs"), grouped(body.placeholder_count()));
    if (const RegionRef ref = document.region_of_body(place.graph, place.body); ref.valid())
        facts.fact(QObject::tr("region"),
            linkToRegion(ref, mono(qs(document.region(ref).identifier).toHtmlEscaped())));
    if (body.parent) {
        const Place above{place.graph, body.parent, {}};
        const std::string aboveName = document.body_name(above);
        facts.fact(QObject::tr("inside"),
            linkTo(above,
                aboveName.empty() ? qs(document.stage_label(place.graph)).toHtmlEscaped()
                                  : mono(qs(aboveName).toHtmlEscaped())));
    }
    QStringList children;
    for (BodyId child : body.children) {
        const Place there{place.graph, child, {}};
        children << linkTo(
            there, mono(escaped(document.module(place.graph).text(document.body(there).class_name))));
    }
    facts.fact(QObject::tr("bodies"), children.join(QStringLiteral(", ")));
    facts.fact(QObject::tr("address"), mono(qs(document.address(place)).toHtmlEscaped()));
    if (graph.file)
        facts.fact(QObject::tr("file"), escaped(document.dump().files[graph.file.index].path));
    if (graph.line)
        facts.fact(QObject::tr("line"), grouped(graph.line));
    facts.section(
        QObject::tr("Compilation %1").arg(qs(document.compile_label(graph.compilation)).toHtmlEscaped()));
    facts.fact(QObject::tr("function"), mono(qs(compilation.function).toHtmlEscaped()));
    if (!compilation.file.empty())
        facts.fact(QObject::tr("source"),
            mono((QFileInfo(qs(compilation.file)).fileName() + QLatin1Char(':')
                + QString::number(compilation.line))
                     .toHtmlEscaped()));
    if (compilation.compile_seconds > 0)
        facts.fact(QObject::tr("compiling"), qs(format_milliseconds(compilation.compile_seconds * 1000)));
    facts.fact(QObject::tr("recompiled"), qs(compilation.recompile_reason).toHtmlEscaped());
    if (!compilation.fail_type.empty())
        facts.fact(QObject::tr("failed"),
            tinted(Role::Failed, qs(compilation.fail_type + ": " + compilation.fail_reason).toHtmlEscaped()));
    facts.fact(QObject::tr("PyTorch"), qs(document.dump().torch_version).toHtmlEscaped());
    return facts.html();
}

} // namespace hopscope
