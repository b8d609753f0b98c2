// Which processes wrote a log, as its own lines or its path say it.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace hopscope::read {

// TORCH_TRACE and TORCH_LOGS of one process carry the same number and the same clock
// (torch/_logging/_internal.py, TorchLogsFormatter.format: os.getpid(), until mid-2024 the thread's id).
// Numbers repeat, above all in containers, so the time is part of it.
struct Process {
    uint64_t id = 0;
    int64_t first_us = 0,
            last_us = 0; // microseconds since the start of a year of 31-day months: logs name no year
};

// Of the lines at both ends of a file, and of "run_2026_11_23_16_09_32_289829-pid_6722" in its path; by
// number. Empty where nothing tells.
std::vector<Process> processes_of(std::string_view path, std::string_view bytes);
// The same number at the same time.
bool share_a_process(const std::vector<Process>& a, const std::vector<Process>& b);
// The times that they cover overlap.
bool overlap_in_time(const std::vector<Process>& a, const std::vector<Process>& b);

} // namespace hopscope::read
