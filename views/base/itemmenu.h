// What can be done with an item wherever it stands: in the tree, a graph, the ledger, the problems. A panel
// says which item it is; what the menu holds is the same for all (views/shell fills it).
#pragma once

#include "core/browse/document.h"

#include <QString>

#include <functional>
#include <optional>

class QMenu;

namespace hopscope {

struct Item {
    Place place; // a body, or a node of it; graph none = neither
    std::optional<int> row; // the invocation that it is, or that the node calls
    RegionRef region; // that it is
    FileId file; // a line of the dump that it rests on, none = none
    uint64_t line = 0;
    QString name; // as it stands there
    QString text; // whole, for copying
};

// Puts what every item has into a menu; `item` need not be selected, and is not by opening the menu. Panels
// put what is theirs behind it.
using ItemMenu = std::function<void(QMenu&, const Item&)>;

} // namespace hopscope
