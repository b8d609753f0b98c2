// A comparison as two columns of statements, side by side, in the order of the bodies: what a table shows.
#pragma once

#include "core/diff/diff.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace hopscope {

struct DiffRow {
    enum class Kind : uint8_t { Same, Changed, Group, OnlyA, OnlyB };
    Kind kind = Kind::Same;
    NodeId a, b; // none where a side has nothing on this row
    std::optional<size_t> difference; // from 0; the rows of one group share it
    std::optional<size_t> pair; // of a changed one: into BodyDiff::pairs
};

struct DiffRows {
    std::vector<DiffRow> rows;
    std::vector<size_t> first_row; // of each difference
    std::vector<std::optional<size_t>> row_of_a, row_of_b; // by NodeId
};

// What only b has stands behind what its predecessor is paired with; each node has one row.
DiffRows diff_rows(const GraphModule& a, const GraphModule& b, const BodyDiff& diff);

// The first row of the next or previous difference, seen from a row; from none, the first or the last. None
// where there is no further one.
std::optional<size_t> next_difference(const DiffRows& rows, std::optional<size_t> from, int direction);

// A run of rows that is shown, or of equal ones that is folded into one line.
struct DiffPart {
    size_t first = 0, count = 0;
    bool folded = false;
};
// `around` equal rows stay beside each difference; runs that would fold three rows or fewer stay.
std::vector<DiffPart> diff_parts(const DiffRows& rows, size_t around = 3);

} // namespace hopscope
