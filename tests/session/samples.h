// Dumps to keep in sessions, and what must be the same when they come back.
#pragma once

#include "core/graph/dump.h"

#include <string>
#include <vector>

namespace hopscope::test {

// Made by hand: every field of every record has a value of its own, and text that is not harmless.
Dump hand_made();
// One of tests/data with its trace and text log.
Dump recorded(const std::string& name);
std::vector<std::string> recordings(); // a few that differ in kind

// The first field that differs, in words; empty where the dumps are equal.
std::string difference(const Dump& a, const Dump& b);

} // namespace hopscope::test
