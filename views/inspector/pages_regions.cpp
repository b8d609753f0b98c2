// The pages of a region and of one call of it.
#include "views/inspector/pages.h"

#include "core/base/text.h"
#include "core/draw/scene.h"
#include "views/base/decision.h"
#include "views/base/facts.h"
#include "views/base/text.h"

#include <QFileInfo>

#include <algorithm>

namespace hopscope {

namespace {
QString milliseconds(std::optional<double> ms) {
    return !ms || *ms < 0 ? QString() : qs(format_milliseconds(*ms));
}

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

// What a value adds to what is kept; values by their own size are told apart by their type.
QString keptText(const SavedValue& value) {
    switch (value.how) {
    case KeptHow::Kept:
        return value.kept_bytes ? qs(format_bytes(uint64_t(*value.kept_bytes))) : QObject::tr("symbolic");
    case KeptHow::Elsewhere:
        return QObject::tr("elsewhere");
    case KeptHow::Freed:
        return QObject::tr("not kept");
    case KeptHow::AliveAnyway:
        return QObject::tr("alive anyway");
    case KeptHow::Unknown:
        break;
    }
    return value.bytes ? qs(format_bytes(uint64_t(*value.bytes))) : QObject::tr("symbolic");
}

void savedFacts(Facts& facts, const Document& document, const Region& region, const Place& forward) {
    if (region.saved.empty())
        return;
    facts.section(QObject::tr("Saved for backward: %1").arg(qs(counted(region.saved.size(), "value"))));
    if (region.saved_bytes)
        facts.line(tinted(Role::Quiet,
            QObject::tr(
                "Storages that its first call makes and that are kept, each counted once: %1. Parameters and "
                "inputs are alive anyway; what another call makes or hands over is counted there "
                "(elsewhere).")
                .arg(qs(format_bytes(uint64_t(*region.saved_bytes))))));
    else
        facts.line(tinted(Role::Quiet,
            QObject::tr("Sizes by type: no pair of whole graphs tells whose storages they are.")));
    QString rows = QStringLiteral("<table cellspacing='0' cellpadding='0' width='100%'>");
    for (const SavedValue& value : region.saved) {
        const QString name = forward.graph ? linkTo({forward.graph, forward.body, value.node},
                                 mono(escaped(document.module(forward.graph).text(value.name))))
                                           : QString();
        const ValueType* type = forward.graph && value.node
            ? document.module(forward.graph).type(document.body(forward).node(value.node).type)
            : nullptr;
        const bool counts = value.how == KeptHow::Kept || value.how == KeptHow::Unknown;
        rows += QStringLiteral(
            "<tr><td style='padding:1px 8px 1px 0'>%1</td><td style='padding:1px 8px 1px 0;color:%2'>%3</td>"
            "<td align='right'>%4</td></tr>")
                    .arg(name, color(Role::Quiet).name(),
                        type ? mono(escaped(short_type(document.module(forward.graph), *type))
                                        .replace(QLatin1Char(' '), QStringLiteral("&nbsp;")))
                             : QString(),
                        counts ? keptText(value) : tinted(Role::Quiet, keptText(value)));
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

QString invocationPage(const Document& document, std::optional<int> at) {
    if (!at || size_t(*at) >= document.rows().size())
        return {};
    const int row = *at;
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
    if (const auto parent = document.row_of(document.rows()[size_t(row)].compilation, invocation.parent))
        facts.fact(
            QObject::tr("inside"), linkToRow(*parent, QObject::tr("call %1").arg(invocation.parent.index)));
    facts.fact(QObject::tr("source"), mono(qs(document.source_of(row)).toHtmlEscaped()));
    stageFacts(facts, document, invocation);
    if (!invocation.messages.empty()) {
        facts.section(QObject::tr("Text log"));
        for (const ReuseMessage& message : invocation.messages)
            facts.fact(message.line ? linkToSpot(
                           message.file, message.line, QObject::tr("line %1").arg(grouped(message.line)))
                                    : QString(),
                messageText(message));
    }
    if (ref.valid())
        savedFacts(facts, document, document.region(ref), forwardBody(document.region(ref)));
    return facts.html();
}

QString regionPage(const Document& document, RegionRef ref, const QString& proof) {
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
    const auto placed = [](const std::string& file, int line) {
        return mono(
            (QFileInfo(qs(file)).fileName() + QLatin1Char(':') + QString::number(line)).toHtmlEscaped());
    };
    if (region.defined_line > 0)
        facts.fact(QObject::tr("defined at"), placed(region.defined_file, region.defined_line));
    else if (!region.source_file.empty())
        facts.fact(QObject::tr("first operator at"), placed(region.source_file, region.source_line));
    facts.fact(QObject::tr("compile"), qs(document.compile_label(ref.compilation)).toHtmlEscaped());
    facts.fact(QObject::tr("invocations"), QString::number(region.invocations.size()));
    facts.fact(QObject::tr("tracing"), tracing > 0 ? qs(format_milliseconds(tracing)) : QString());
    facts.fact(QObject::tr("time saved"), saved > 0 ? qs(format_milliseconds(saved)) : QString());
    if (region.saved_bytes_all && !region.saved.empty())
        facts.fact(QObject::tr("kept for backward"),
            rows.size() > 1
                ? QObject::tr("%1 by all %2 calls, %3 by the first; storages that calls share count once")
                      .arg(qs(format_bytes(uint64_t(*region.saved_bytes_all))))
                      .arg(rows.size())
                      .arg(qs(format_bytes(uint64_t(region.saved_bytes.value_or(0)))))
                : qs(format_bytes(uint64_t(*region.saved_bytes_all))));
    if (region.inlined)
        facts.fact(QObject::tr("outcome"), QObject::tr("put inline after Dynamo, as it is called once"));
    if (const int backward = region.body_count(CallSite::Backward); backward > 1) {
        QStringList names;
        Place first;
        for (const RegionBody& body : region.bodies) {
            if (body.site != CallSite::Backward)
                continue;
            QString compare;
            if (first.graph)
                compare = QLatin1Char(' ')
                    + linkToComparison(
                        first, {body.place.graph, body.place.body, {}}, QObject::tr("⇄ show both"));
            else
                first = {body.place.graph, body.place.body, {}};
            names << linkTo(Place{body.place.graph, body.place.body, {}},
                         mono(qs(document.body_name(body.place)).toHtmlEscaped()))
                    + compare;
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
    facts.section(QObject::tr("Proof"));
    if (proof.isEmpty())
        facts.line(tinted(Role::Quiet,
            QObject::tr("not asked for: Run › Prove Region reruns the bodies on the CPU and compares them")));
    else
        facts.block(
            QStringLiteral("<div style='white-space:pre-wrap'>%1</div>").arg(mono(proof.toHtmlEscaped())));
    savedFacts(facts, document, region, forwardBody(region));
    return facts.html();
}

} // namespace hopscope
