// The inspector's pages as rich text, with links to what they name.
#pragma once

#include "core/browse/document.h"

#include <QString>

#include <optional>

#include <vector>

namespace hopscope {

// `crossing` are the nodes of the other pane that share the node's value.
QString nodePage(const Document& document, const Place& node, const std::vector<Place>& crossing);
QString invocationPage(const Document& document, std::optional<int> row); // "" for no row
// `proof`: what proving it came to, empty where that was not asked for.
QString regionPage(const Document& document, RegionRef region, const QString& proof = {});
QString bodyPage(const Document& document, const Place& body);

} // namespace hopscope
