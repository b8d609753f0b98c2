// Graphs that lack their head: statements or nodes alone, because a paste begins in the middle; and texts of
// other programs that print graphs in Python of their own.
#pragma once

#include "core/read/prefix.h"
#include "core/read/rebuilt.h"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace hopscope::read {

struct HeadlessGraph {
    Place place;
    LogFacts facts;
    std::string told; // what is missing, in words; empty = nothing
    std::shared_ptr<Rebuilt> rebuilt;
    size_t first = 0, took = 0; // lines of those given
    LinePrefix prefix; // of them
    std::string class_name; // of Thunder's traces: "backward_fn"
};

// Cheap: whether find_headless() may find anything.
bool may_hold_headless(std::string_view text);
std::vector<HeadlessGraph> find_headless(const std::vector<RawLine>& lines);

} // namespace hopscope::read
