// A child process that filters text: gone when the call returns, never longer than its limit.
#pragma once

#include "core/base/job.h"
#include "core/base/result.h"

#include <string>
#include <string_view>
#include <vector>

namespace hopscope {

struct FilterLimits {
    int milliseconds = 1000; // then it is killed
    size_t output_bytes = size_t{256} << 20; // of what it prints
};

// Runs argv[0], looked up in PATH, with `input` as its standard input; returns its standard output. Numbers
// have points and messages are English, whatever the user's locale. Errors: NotFound where there is no such
// program; External where it cannot be started, fails (with the first line of its standard error), takes or
// prints too much; Cancelled. On return the child is gone in every case.
Result<std::string> run_filter(const std::vector<std::string>& argv, std::string_view input,
    const FilterLimits& limits, const Job& job, const std::vector<std::string>& environment = {});

} // namespace hopscope
