// The ledgers of two dumps, row by row: what was one body yesterday and is five today.
#pragma once

#include "core/regions/ledger.h"

#include <optional>
#include <string>
#include <vector>

namespace hopscope {

struct LedgerChange {
    std::string field; // "bodies", "decision", …
    std::string a, b; // empty: not known there
};

struct LedgerRow {
    std::optional<int> a, b; // Invocation::index; none: only in the other
    std::string function; // of its region
    std::vector<LedgerChange> changes; // decision, reason, identifier, variant, inlined, executions
};

// Two bodies that rows of both dumps call in one stage, and that are not the same by core/match's default
// options.
struct OtherBody {
    Place a, b; // node none
    std::string what; // keeps them apart, in one sentence (summary.h)
};

struct LedgerPair {
    CompilationId a, b; // none: only in the other dump
    bool in_a = false, in_b = false; // whether it calls regions there
    std::vector<LedgerChange> totals; // invocations, traced, reused, bodies, backward bodies, saved bytes:
                                      // those that differ
    double tracing_ms_a = 0, tracing_ms_b = 0; // never a difference: no two runs take the same time
    std::vector<LedgerRow> rows; // those that differ or stand alone
    std::vector<LedgerRow> equal_rows; // the others: both numbers, no changes
    size_t same_rows = 0; // how many these are
    size_t compared_bodies = 0; // pairs of bodies that paired rows call, in stages that both dumps have
    std::vector<OtherBody> other_bodies; // those of them that differ, in the order of the rows
    size_t told_less = 0; // others that are the same but for what only one dump tells: types, strides, places

    bool equal() const { return a && b && totals.empty() && rows.empty() && other_bodies.empty(); }
};

// The last attempts of all compilations that call regions in one dump at least. Compilations go by rank and
// id, what is left by function; rows by region function and the how-manieth call of it.
std::vector<LedgerPair> compare_ledgers(
    const Dump& dump_a, const Ledger& a, const Dump& dump_b, const Ledger& b);

} // namespace hopscope
