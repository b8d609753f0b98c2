// The inspector's pages as rich text, with links to what they name.
#pragma once

#include "core/browse/document.h"

#include <QString>
#include <QUrl>

#include <vector>

namespace hopscope {

// --- links: "place:GRAPH/BODY/NODE", "row:N", "region:COMPILATION/N"
QString linkTo(const Place& place, const QString& text);
QString linkToRow(int row, const QString& text);
QString linkToRegion(RegionRef region, const QString& text);
struct LinkTarget {
    enum class Kind { None, Place, Row, Region };
    Kind kind = Kind::None;
    Place place;
    int row = -1;
    RegionRef region;
};
LinkTarget readLink(const QUrl& url);

// --- pages. `crossing` are the nodes of the other pane that share the node's value.
QString nodePage(const Document& document, const Place& node, const std::vector<Place>& crossing);
QString invocationPage(const Document& document, int row);
QString regionPage(const Document& document, RegionRef region);
QString bodyPage(const Document& document, const Place& body);

} // namespace hopscope
