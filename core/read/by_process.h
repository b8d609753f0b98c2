// Logs that several processes wrote into one text.
#pragma once

#include "core/read/place.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace hopscope::read {

struct ProcessLog {
    uint64_t process = 0;
    std::string text; // its lines, in their order
    Places places; // of them, in the whole text
};

// One log for each process where two compile under one id and no rank tells them apart, so that what each
// says is one run's; empty where that is not so. A line without a prefix belongs to the process that spoke
// last, and so does what a process says that compiles nothing: a worker's.
std::vector<ProcessLog> logs_of_processes(std::string_view text);

} // namespace hopscope::read
