// What the forwards of two dumps keep for their backwards: which storages are kept more often, in another
// dtype, or by one side only.
#pragma once

#include "core/regions/memory.h"

#include <cstdint>
#include <string>
#include <vector>

namespace hopscope {

// Storages of one kind: made by one operator, of one type, for one line of the program, however many nodes of
// the graph and calls of regions that are. Of what is alive anyway: the inputs of one name but for the
// layer's number ("blocks.*.norm.weight").
struct StorageGroup {
    const KeptValue* shown = nullptr; // a value that hands one of them over; null: none on this side
    int64_t bytes = 0; // of all of them, as far as known
    int times = 0; // storages
    int unknown_sizes = 0;
};

struct MemoryChange {
    StorageGroup a, b;
    // What differs: operator, dtype, shape, bytes, times; empty: one side only.
    std::vector<std::string> fields;
};

struct MemoryDiff {
    const MemoryReport* a = nullptr; // null: the other side has no such compilation
    const MemoryReport* b = nullptr;
    std::vector<MemoryChange> changes; // most bytes first; what is equal is left out
    int same = 0; // storages of a that b keeps too
    int64_t kept_bytes_a = 0, kept_bytes_b = 0;
    int64_t alive_bytes_a = 0, alive_bytes_b = 0;
};

// Compilations by their order. Groups are paired by all that they have in common, then by ever less: without
// the line's number (another commit moves it), without its text, with another dtype, another shape, by the
// line and type where another version computes it by another operator. So a model without regions is the same
// as one with, where both keep the same. Refers to the reports.
std::vector<MemoryDiff> diff_memories(const Dump& dump_a, const std::vector<MemoryReport>& a,
    const Dump& dump_b, const std::vector<MemoryReport>& b);

} // namespace hopscope
