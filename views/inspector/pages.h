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
QString regionPage(const Document& document, RegionRef region);
QString bodyPage(const Document& document, const Place& body);

} // namespace hopscope
