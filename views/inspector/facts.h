// The inspector's pages as rich text, with links to what they name.
#pragma once

#include "core/browse/document.h"

#include <QString>
#include <QUrl>

#include <optional>
#include <variant>
#include <vector>

namespace hopscope {

// --- links: "place:GRAPH/BODY/NODE", "row:N", "region:COMPILATION/N"
QString linkTo(const Place& place, const QString& text);
QString linkToRow(int row, const QString& text);
QString linkToRegion(RegionRef region, const QString& text);
// What a link leads to; monostate where it is none of these.
using LinkTarget = std::variant<std::monostate, Place, int, RegionRef>; // int: a row of Document::rows()
LinkTarget readLink(const QUrl& url);

// --- pages. `crossing` are the nodes of the other pane that share the node's value.
QString nodePage(const Document& document, const Place& node, const std::vector<Place>& crossing);
QString invocationPage(const Document& document, std::optional<int> row); // "" for no row
QString regionPage(const Document& document, RegionRef region);
QString bodyPage(const Document& document, const Place& body);

} // namespace hopscope
