// Standard output and error of the command line.
#pragma once

#include <cstdio>

namespace hopscope::cli {

// From here on whatever is printed to stdout and stderr for people shows control characters as visible text
// (core/base/printable.h), by whichever function it is printed.
void make_output_printable();
// Takes the places of standard streams that are closed: a file that is opened would stand in one, and be read
// or written for it. They fail as before.
void hold_closed_streams();
// Standard output without that: for JSON, whose strings escape them, and which must not be changed.
std::FILE* plain_output();

} // namespace hopscope::cli
