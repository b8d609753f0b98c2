// Graphs that lack their head: statements or nodes alone, because a paste begins in the middle; and texts of
// other programs that print graphs in Python of their own.
#pragma once

#include "core/read/prefix.h"
#include "core/read/rebuilt.h"

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace hopscope::read {

struct HeadlessGraph {
    Place place;
    LogFacts facts;
    std::string told; // what is missing, in words; empty = nothing
    std::shared_ptr<Rebuilt> rebuilt;
};

// Cheap: whether find_headless() may find anything.
bool may_hold_headless(std::string_view text);
std::vector<HeadlessGraph> find_headless(const std::vector<RawLine>& lines);

// Lightning Thunder's traces: `def NAME(x):` with types in comments. Takes the lines from the def on; returns
// how many it used, 0 = it is none.
size_t rebuild_thunder(std::span<const RawLine> lines, Rebuilt& out);

} // namespace hopscope::read
