// What time it is, and how long something took.
#pragma once

#include <chrono>
#include <string>

namespace hopscope {

std::string utc_now(); // "2026-01-31T12:00:00Z", as everything that keeps a time writes it

// Runs from when it is made; never backwards, whatever happens to the time of day.
class Stopwatch {
public:
    double milliseconds() const {
        return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin_).count();
    }

private:
    std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
};

} // namespace hopscope
