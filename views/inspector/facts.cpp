#include "views/inspector/facts.h"

#include "core/base/text.h"
#include "core/draw/scene.h"
#include "core/graph/calls.h"
#include "core/graph/print.h"
#include "core/regions/roles.h"
#include "views/base/decision.h"
#include "views/base/text.h"
#include "views/base/theme.h"

#include <QFileInfo>

#include <algorithm>

namespace hopscope {

namespace {
constexpr size_t kListLimit = 24; // links in a row; more are counted

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

// Rows of a name and what it is; rows without a value are left out.
class Facts {
public:
    Facts& title(const QString& html) {
        out_ += QStringLiteral("<p style='margin:0 0 6px 0;font-size:%1pt;font-weight:600'>%2</p>")
                    .arg(uiFont(Size::Large).pointSizeF())
                    .arg(html);
        return *this;
    }
    Facts& line(const QString& html) {
        if (!html.isEmpty())
            out_ += QStringLiteral("<p style='margin:0 0 6px 0'>%1</p>").arg(html);
        return *this;
    }
    Facts& section(const QString& name) {
        close();
        out_ += QStringLiteral("<p style='margin:10px 0 2px 0;color:%1;font-weight:600'>%2</p>")
                    .arg(color(Role::Quiet).name(), name);
        return *this;
    }
    Facts& fact(const QString& name, const QString& html) {
        if (html.isEmpty())
            return *this;
        if (!open_)
            out_ += QStringLiteral("<table cellspacing='0' cellpadding='0' width='100%'>");
        open_ = true;
        out_ += QStringLiteral("<tr><td width='86' style='padding:1px 8px 1px 0;color:%1'>%2</td>"
                               "<td style='padding:1px 0'>%3</td></tr>")
                    .arg(color(Role::Quiet).name(), name, html);
        return *this;
    }
    Facts& block(const QString& html) {
        close();
        out_ += html;
        return *this;
    }
    QString html() {
        close();
        return out_;
    }

private:
    void close() {
        if (open_)
            out_ += QStringLiteral("</table>");
        open_ = false;
    }
    QString out_;
    bool open_ = false;
};

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

QString milliseconds(std::optional<double> ms) {
    return !ms || *ms < 0 ? QString() : qs(format_milliseconds(*ms));
}

QString decisionHtml(const Invocation& invocation) {
    return tinted(roleOf(invocation.decision, invocation.inlined),
        glyphText(glyphOf(invocation.decision, invocation.inlined)) + QLatin1Char(' ')
            + decisionText(invocation).toHtmlEscaped());
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
        .arg(region.region)
        .arg(text);
}

LinkTarget readLink(const QUrl& url) {
    LinkTarget target;
    const QStringList parts = url.path().split(QLatin1Char('/'));
    const auto id = [&](int i) { return parts.value(i).toUInt(); };
    if (url.scheme() == QStringLiteral("place") && parts.size() == 3) {
        target.kind = LinkTarget::Kind::Place;
        target.place.graph.index = id(0);
        target.place.body.index = id(1);
        target.place.node.index = id(2);
    } else if (url.scheme() == QStringLiteral("row")) {
        target.kind = LinkTarget::Kind::Row;
        target.row = parts.value(0).toInt();
    } else if (url.scheme() == QStringLiteral("region") && parts.size() == 2) {
        target.kind = LinkTarget::Kind::Region;
        target.region = {CompilationId(id(0)), parts.value(1).toInt()};
    }
    return target;
}

QString nodePage(const Document& document, const Place& place, const std::vector<Place>& crossing) {
    const Node* node = document.node(place);
    if (!node)
        return {};
    const GraphModule& module = document.module(place.graph);
    const Body& body = document.body(place);
    const draw::Kind kind = draw::kind_of(module, place.body, place.node,
        node->op == Opcode::Placeholder ? roles_of(document.dump(), place.graph, place.body) : BodyRoles());
    Facts facts;
    facts.title(mono(qs(document.node_name(place)).toHtmlEscaped()));
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
    if (const int row = document.row_of_call(place); row >= 0)
        facts.fact(QObject::tr("invocation"),
            linkToRow(row, QObject::tr("call %1").arg(document.invocation(row).index)) + QStringLiteral(" ")
                + decisionHtml(document.invocation(row)));
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

namespace {
QString messageText(const ReuseMessage& message) {
    QStringList parts;
    switch (message.kind) {
    case ReuseMessage::Kind::ReuseFailed:
        parts << QObject::tr("reuse failed");
        break;
    case ReuseMessage::Kind::CacheHit:
        parts << QObject::tr("cache hit");
        break;
    case ReuseMessage::Kind::HashHit:
        parts << QObject::tr("key hit");
        break;
    case ReuseMessage::Kind::Installing:
        parts << QObject::tr("installing a new body");
        break;
    case ReuseMessage::Kind::ComparisonFailed:
        parts << QObject::tr("comparison failed");
        break;
    case ReuseMessage::Kind::NotEligible:
        parts << QObject::tr("not eligible");
        break;
    case ReuseMessage::Kind::Guards:
        parts << (message.count
                ? QObject::tr("entry stored, %1").arg(qs(counted(uint64_t(*message.count), "guard")))
                : QObject::tr("entry stored"));
        break;
    case ReuseMessage::Kind::Exceeded:
        parts << (message.count ? QObject::tr("too many entries (%1)").arg(*message.count)
                                : QObject::tr("too many entries"));
        break;
    case ReuseMessage::Kind::FakeCacheFailed:
        parts << QObject::tr("fake tensor cache failed");
        break;
    case ReuseMessage::Kind::Other:
        break;
    }
    if (!message.identifier.empty())
        parts << qs(message.identifier);
    if (!message.detail.empty())
        parts << qs(message.detail);
    return parts.join(QStringLiteral(" · ")).toHtmlEscaped();
}

QString stageName(CallSite site) {
    return escaped(call_site_name(site)).replace(QLatin1Char('_'), QLatin1Char(' '));
}

// One line per stage: the call's node, and the body it calls.
void stageFacts(Facts& facts, const Document& document, const Invocation& invocation) {
    if (std::none_of(
            invocation.calls.begin(), invocation.calls.end(), [](const Place& p) { return p.graph.valid(); }))
        return;
    facts.section(QObject::tr("Calls and bodies"));
    for (size_t h = 0; h < kCallSiteCount; ++h) {
        const Place& call = invocation.calls[h];
        const Place& body = invocation.bodies[h];
        QStringList parts;
        if (call.graph && call.node)
            parts << linkTo(call, mono(qs(document.node_name(call)).toHtmlEscaped()));
        if (body.graph)
            parts << linkTo({body.graph, body.body, {}}, mono(qs(document.body_name(body)).toHtmlEscaped()));
        facts.fact(stageName(CallSite(h)), parts.join(QStringLiteral(" → ")));
    }
}

void savedFacts(Facts& facts, const Document& document, const Region& region, const Place& forward) {
    if (region.saved.empty())
        return;
    const QString sum = region.saved_bytes
        ? QObject::tr("Saved for backward: %1, %2")
              .arg(qs(counted(region.saved.size(), "value")), qs(format_bytes(uint64_t(*region.saved_bytes))))
        : QObject::tr("Saved for backward: %1").arg(qs(counted(region.saved.size(), "value")));
    facts.section(sum);
    QString rows = QStringLiteral("<table cellspacing='0' cellpadding='0' width='100%'>");
    for (const SavedValue& value : region.saved) {
        const QString name = forward.graph ? linkTo({forward.graph, forward.body, value.node},
                                 mono(escaped(document.module(forward.graph).text(value.name))))
                                           : QString();
        const ValueType* type = forward.graph && value.node
            ? document.module(forward.graph).type(document.body(forward).node(value.node).type)
            : nullptr;
        rows += QStringLiteral(
            "<tr><td style='padding:1px 8px 1px 0'>%1</td><td style='padding:1px 8px 1px 0;color:%2'>%3</td>"
            "<td align='right'>%4</td></tr>")
                    .arg(name, color(Role::Quiet).name(),
                        type ? mono(escaped(short_type(document.module(forward.graph), *type))) : QString(),
                        value.bytes ? qs(format_bytes(uint64_t(*value.bytes))) : QObject::tr("symbolic"));
    }
    facts.block(rows + QStringLiteral("</table>"));
}

Place forwardBody(const Region& region) {
    for (const RegionBody& body : region.bodies) {
        if (body.site == CallSite::Forward)
            return body.place;
    }
    return {};
}
} // namespace

QString invocationPage(const Document& document, int row) {
    if (row < 0 || size_t(row) >= document.rows().size())
        return {};
    const Invocation& invocation = document.invocation(row);
    const RegionRef ref = document.region_of(row);
    Facts facts;
    const std::string identifier = ref.valid() ? document.region(ref).identifier : std::string();
    const QString call = QObject::tr("Call %1").arg(invocation.index);
    facts.title(identifier.empty()
            ? call
            : QObject::tr("%1 of %2").arg(call, linkToRegion(ref, mono(qs(identifier).toHtmlEscaped()))));
    facts.line(decisionHtml(invocation));
    if (!invocation.reason.empty())
        facts.line(qs(invocation.reason).toHtmlEscaped());
    QStringList evidence;
    for (std::string_view name : evidence_names(invocation.evidence)) {
        evidence << (name == "trace_timer" ? QObject::tr("the trace's timers")
                : name == "text_log"       ? QObject::tr("the text log")
                                           : QObject::tr("inferred from the graphs"));
    }
    facts.fact(QObject::tr("evidence"), evidence.join(QStringLiteral(", ")));
    facts.fact(QObject::tr("trace"), milliseconds(invocation.trace_ms));
    facts.fact(QObject::tr("lookup"), milliseconds(invocation.lookup_ms));
    facts.fact(QObject::tr("stamp-out"), milliseconds(invocation.stamp_out_ms));
    facts.fact(QObject::tr("time saved"), milliseconds(invocation.saved_ms));
    if (invocation.call_id)
        facts.fact(QObject::tr("call_id"), QString::number(*invocation.call_id));
    if (invocation.pairing != Pairing::None)
        facts.fact(QObject::tr("paired by"),
            qs(pairing_name(invocation.pairing))
                .replace(QLatin1Char('_'),
                    invocation.pairing == Pairing::CallId ? QLatin1Char('_') : QLatin1Char(' ')));
    facts.fact(QObject::tr("runs"), QObject::tr("%1 × a step").arg(invocation.executions));
    if (invocation.parent)
        facts.fact(QObject::tr("inside"),
            linkToRow(document.row_of(document.rows()[size_t(row)].compilation, int(invocation.parent.index)),
                QObject::tr("call %1").arg(invocation.parent.index)));
    facts.fact(QObject::tr("source"), mono(qs(document.source_of(row)).toHtmlEscaped()));
    stageFacts(facts, document, invocation);
    if (!invocation.messages.empty()) {
        facts.section(QObject::tr("Text log"));
        for (const ReuseMessage& message : invocation.messages)
            facts.fact(message.line ? QObject::tr("line %1").arg(grouped(message.line)) : QString(),
                messageText(message));
    }
    if (ref.valid())
        savedFacts(facts, document, document.region(ref), forwardBody(document.region(ref)));
    return facts.html();
}

QString regionPage(const Document& document, RegionRef ref) {
    if (!ref.valid())
        return {};
    const Region& region = document.region(ref);
    const std::vector<int> rows = document.rows_of(ref);
    int traced = 0, reused = 0;
    double tracing = 0, saved = 0;
    for (int row : rows) {
        const Invocation& i = document.invocation(row);
        const bool isReuse = i.decision == Decision::Reused || i.decision == Decision::ReusedByKey;
        reused += isReuse;
        traced += i.traced_to_end;
        tracing += i.trace_ms.value_or(0);
        saved += std::max(i.saved_ms.value_or(0), 0.0);
    }
    Facts facts;
    facts.title(mono(qs(region.identifier).toHtmlEscaped()));
    facts.line(tinted(Role::Traced, QObject::tr("○ %1 traced").arg(traced)) + QStringLiteral(" · ")
        + tinted(Role::Reused, QObject::tr("● %1 reused").arg(reused)));
    facts.fact(QObject::tr("function"), mono(qs(region.function).toHtmlEscaped()));
    if (!region.source_file.empty())
        facts.fact(QObject::tr("source"),
            mono((QFileInfo(qs(region.source_file)).fileName() + QLatin1Char(':')
                + QString::number(region.source_line))
                     .toHtmlEscaped()));
    facts.fact(QObject::tr("compile"), qs(document.compile_label(ref.compilation)).toHtmlEscaped());
    facts.fact(QObject::tr("invocations"), QString::number(region.invocations.size()));
    facts.fact(QObject::tr("tracing"), tracing > 0 ? qs(format_milliseconds(tracing)) : QString());
    facts.fact(QObject::tr("time saved"), saved > 0 ? qs(format_milliseconds(saved)) : QString());
    if (region.saved_bytes && !region.saved.empty())
        facts.fact(QObject::tr("saved values"),
            QObject::tr("%1 × %2 = %3")
                .arg(qs(format_bytes(uint64_t(*region.saved_bytes))))
                .arg(rows.size())
                .arg(qs(format_bytes(uint64_t(*region.saved_bytes) * rows.size()))));
    if (region.inlined)
        facts.fact(QObject::tr("outcome"), QObject::tr("put inline after Dynamo, as it is called once"));
    if (const int backward = region.body_count(CallSite::Backward); backward > 1) {
        QStringList names;
        for (const RegionBody& body : region.bodies) {
            if (body.site == CallSite::Backward)
                names << linkTo(Place{body.place.graph, body.place.body, {}},
                    mono(qs(document.body_name(body.place)).toHtmlEscaped()));
        }
        facts.line(tinted(Role::Warning, QObject::tr("%1 backward bodies:").arg(backward)) + QLatin1Char(' ')
            + names.join(QStringLiteral(", ")));
    }
    facts.section(QObject::tr("Bodies"));
    for (const RegionBody& body : region.bodies) {
        const Place place{body.place.graph, body.place.body, {}};
        if (!place.graph)
            continue;
        QString text = linkTo(place, mono(qs(document.body_name(place)).toHtmlEscaped()));
        text += tinted(Role::Quiet,
            QObject::tr(" %1, %2").arg(qs(counted(document.body(place).nodes.size(), "node")),
                qs(counted(uint64_t(body.calls), "call"))));
        facts.fact(stageName(body.site), text);
    }
    facts.section(QObject::tr("Invocations"));
    QStringList dots;
    for (int row : rows) {
        const Invocation& i = document.invocation(row);
        dots << QStringLiteral("<a href='row:%1' style='text-decoration:none;color:%2'>%3</a>")
                    .arg(row)
                    .arg(color(roleOf(i.decision, i.inlined)).name(),
                        glyphText(glyphOf(i.decision, i.inlined)));
    }
    facts.line(dots.join(QLatin1Char(' ')));
    savedFacts(facts, document, region, forwardBody(region));
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
