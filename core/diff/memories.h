// What the forwards of two dumps keep for their backwards, value by value: which is kept more often, in
// another dtype, or by one side only.
#pragma once

#include "core/regions/memory.h"

#include <string>
#include <vector>

namespace hopscope {

struct MemoryChange {
    const KeptValue* a = nullptr; // null: only b keeps it
    const KeptValue* b = nullptr; // null: only a keeps it
    std::vector<std::string>
        fields; // what differs: operator, times, bytes, dtype, shape, alive_anyway; empty: one side only
};

struct MemoryDiff {
    const MemoryReport* a = nullptr; // null: the other side has no such compilation
    const MemoryReport* b = nullptr;
    std::vector<MemoryChange> changes; // most bytes first; values that are equal are left out
    int64_t kept_bytes_a = 0, kept_bytes_b = 0;
};

// Compilations by their order. What is alive anyway goes by whose storage it is, where inputs have names;
// other values by operator and line of the program, inside a region or not: first those of one type and name,
// then of one type, of one name, then, where they have a line, the k-th with the k-th; last by line and type
// alone, where another version computes it by another operator. Refers to the reports.
std::vector<MemoryDiff> diff_memories(const Dump& dump_a, const std::vector<MemoryReport>& a,
    const Dump& dump_b, const std::vector<MemoryReport>& b);

} // namespace hopscope
