// Go to: what a person may mean by a part of a node's, body's or region's name, an address, or file.py:line.
#pragma once

#include "core/browse/document.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hopscope {

// One of: a body or node (place), an invocation (row), a region.
struct GoToHit {
    std::string title, detail; // "mm_3", "aten.mm · 0/0:forward · model.py:59"
    Place place; // graph none where it is another
    std::optional<int> row; // into Document::rows(); none where it is another
    RegionRef region;
    int score = 0; // higher is better
};

// The best hits for what was typed, best first; nodes of `near` come before equal ones elsewhere. An address
// comes before all others, as does "%12", the node of that number in the body of `near`. Equal scores stand
// in the dump's order.
std::vector<GoToHit> go_to_hits(
    const Document& document, const Place& near, std::string_view typed, size_t limit = 40);

} // namespace hopscope
