// Printed Python that lost its form on the way: lines broken by a terminal or a mail program, indentation
// gone, another program's lines in between. Mended by FX's grammar where it leaves no choice.
#pragma once

#include "core/read/rebuilt.h"

#include <span>
#include <string>
#include <vector>

namespace hopscope::read {

// Columns before a line's first character; a tab is four.
size_t column_of(std::string_view line);

// Whether a line, without its indent, can stand at statement level in a printed graph: a class, a def, a
// statement, a return, a comment, a closing bracket.
bool is_graph_line(std::string_view text);

struct Mended {
    size_t took = 0; // of the lines given
    size_t joined = 0, foreign = 0; // lines that went on in the next; lines of other programs left out
    bool reindented = false;
    std::vector<std::string> unclear; // what could not be decided, in words
};

// `lines[0]` is the class or def. Stops where the graph ends. Appends the mended lines to `out`.
Mended mend(std::span<const RawLine> lines, Rebuilt& out);

} // namespace hopscope::read
