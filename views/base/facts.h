// Rows of facts as rich text, with links to what they name: what the inspector and the explanation are made
// of.
#pragma once

#include "core/browse/document.h"
#include "views/base/theme.h"

#include <QString>
#include <QUrl>

#include <span>
#include <variant>

namespace hopscope {

// --- links: "place:GRAPH/BODY/NODE", "row:N", "region:COMPILATION/N", "compilation:N", "spot:FILE/LINE",
// "compare:GRAPH/BODY/GRAPH/BODY"
QString linkTo(const Place& place, const QString& text);
QString linkToRow(int row, const QString& text);
QString linkToRegion(RegionRef region, const QString& text);
QString linkToCompilation(CompilationId id, const QString& text);
QString linkToSpot(FileId file, uint64_t line, const QString& text); // a line of a dump's file
QString linkToComparison(const Place& a, const Place& b, const QString& text); // of two bodies
struct DumpLine {
    FileId file;
    uint64_t line = 0;
};
struct TwoBodies {
    Place a, b; // node none
};
// What a link leads to; monostate where it is none of these.
using LinkTarget = std::variant<std::monostate, Place, int, RegionRef, CompilationId, DumpLine,
    TwoBodies>; // int: a row of Document::rows()
LinkTarget readLink(const QUrl& url);
// Emits the panel's signal for what the link leads to.
template <class Panel> void followLink(Panel* panel, const QUrl& url) {
    const LinkTarget target = readLink(url);
    if (const auto* place = std::get_if<Place>(&target))
        Q_EMIT panel->placeChosen(*place);
    else if (const auto* row = std::get_if<int>(&target))
        Q_EMIT panel->rowChosen(*row);
    else if (const auto* region = std::get_if<RegionRef>(&target))
        Q_EMIT panel->regionChosen(*region);
    else if (const auto* compilation = std::get_if<CompilationId>(&target))
        Q_EMIT panel->compilationChosen(*compilation);
    else if (const auto* at = std::get_if<DumpLine>(&target))
        Q_EMIT panel->spotChosen(at->file, at->line);
    else if (const auto* bodies = std::get_if<TwoBodies>(&target))
        Q_EMIT panel->comparisonChosen(bodies->a, bodies->b);
}

// --- pieces
QString escaped(std::string_view text);
QString mono(const QString& html);
QString tinted(Role role, const QString& html);
QString decisionHtml(const Invocation& invocation);
// Links to nodes of the body at `at`; of a great many the first, and how many more.
QString nodeLinks(const Document& document, const Place& at, std::span<const NodeId> nodes);

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
        out_ += QStringLiteral("<tr><td width='%4' style='padding:1px 8px 1px 0;color:%1'>%2</td>"
                               "<td style='padding:1px 0'>%3</td></tr>")
                    .arg(color(Role::Quiet).name(), name, html, QString::number(metrics::scaled(86)));
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

} // namespace hopscope
