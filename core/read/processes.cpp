#include "core/read/processes.h"

#include "core/base/text.h"
#include "core/read/lines.h"

#include <algorithm>
#include <charconv>
#include <map>

namespace hopscope::read {

namespace {

constexpr size_t kHead = 1 << 20; // of a log that several processes write, all have spoken by then
constexpr size_t kTail = 1 << 16;
constexpr size_t kColumns = 96; // in front of the prefix: ranks, stamps of a container or of CI
constexpr int64_t kSlack = 10'000'000; // a debug folder is made before the first record, or after it

// "1123 16:05:59.722000 5629 " has this shape; d = digit.
constexpr std::string_view kShape = "dddd dd:dd:dd.dddddd ";

bool has_shape(std::string_view text) {
    if (text.size() < kShape.size())
        return false;
    for (size_t i = 0; i < kShape.size(); ++i)
        if (kShape[i] == 'd' ? !is_digit(text[i]) : text[i] != kShape[i])
            return false;
    return true;
}

int64_t digits(std::string_view text, size_t at, size_t n) {
    int64_t value = 0;
    for (size_t i = 0; i < n && at + i < text.size(); ++i)
        value = value * 10 + (text[at + i] - '0');
    return value;
}

int64_t time_of(int64_t month, int64_t day, int64_t hour, int64_t minute, int64_t second, int64_t us) {
    return ((((month * 31 + day) * 24 + hour) * 60 + minute) * 60 + second) * 1'000'000 + us;
}

bool stamp(std::string_view line, uint64_t& id, int64_t& us) {
    const size_t end = std::min(line.size(), kColumns);
    for (size_t at = 0; at < end; ++at) {
        if (std::string_view("VDIWEC").find(line[at]) == std::string_view::npos)
            continue;
        const std::string_view rest = line.substr(at + 1);
        if (!has_shape(rest))
            continue;
        const std::string_view number = rest.substr(kShape.size());
        if (std::from_chars(number.data(), number.data() + number.size(), id).ec != std::errc{})
            continue;
        us = time_of(digits(rest, 0, 2), digits(rest, 2, 2), digits(rest, 5, 2), digits(rest, 8, 2),
            digits(rest, 11, 2), digits(rest, 14, 6));
        return true;
    }
    return false;
}

// torch/_dynamo/utils.py, get_debug_dir: "run_" + "%Y_%m_%d_%H_%M_%S_%f" + "-pid_" + pid
bool stamp_of_path(std::string_view path, uint64_t& id, int64_t& us) {
    constexpr std::string_view kPid = "-pid_";
    constexpr std::string_view kRun = "run_";
    constexpr size_t kTime = 26; // "2026_11_23_16_09_32_289829"
    const size_t pid = path.rfind(kPid);
    if (pid == std::string_view::npos || pid < kTime + kRun.size()
        || path.substr(pid - kTime - kRun.size(), kRun.size()) != kRun)
        return false;
    const std::string_view number = path.substr(pid + kPid.size());
    if (std::from_chars(number.data(), number.data() + number.size(), id).ec != std::errc{})
        return false;
    const std::string_view time = path.substr(pid - kTime, kTime);
    us = time_of(digits(time, 5, 2), digits(time, 8, 2), digits(time, 11, 2), digits(time, 14, 2),
        digits(time, 17, 2), digits(time, 20, 6));
    return true;
}

} // namespace

std::vector<Process> processes_of(std::string_view path, std::string_view bytes) {
    std::map<uint64_t, Process> found;
    uint64_t id = 0;
    int64_t us = 0;
    const auto add = [&] {
        Process& p = found.try_emplace(id, Process{id, us, us}).first->second;
        p.first_us = std::min(p.first_us, us);
        p.last_us = std::max(p.last_us, us);
    };
    if (stamp_of_path(path, id, us))
        add();
    const auto scan = [&](std::string_view part) {
        Lines lines(part, false);
        while (lines.next())
            if (!lines.line().starts_with('\t') && stamp(lines.line(), id, us))
                add();
    };
    scan(bytes.substr(0, kHead));
    if (bytes.size() > kHead)
        scan(bytes.substr(std::max(kHead, bytes.size() - std::min(kTail, bytes.size()))));
    std::vector<Process> out;
    for (const auto& [number, process] : found)
        out.push_back(process);
    return out;
}

namespace {

bool overlap(const Process& a, const Process& b) {
    return a.first_us <= b.last_us + kSlack && b.first_us <= a.last_us + kSlack;
}

} // namespace

bool share_a_process(const std::vector<Process>& a, const std::vector<Process>& b) {
    return std::any_of(a.begin(), a.end(), [&](const Process& p) {
        return std::any_of(
            b.begin(), b.end(), [&](const Process& q) { return p.id == q.id && overlap(p, q); });
    });
}

bool overlap_in_time(const std::vector<Process>& a, const std::vector<Process>& b) {
    return std::any_of(a.begin(), a.end(), [&](const Process& p) {
        return std::any_of(b.begin(), b.end(), [&](const Process& q) { return overlap(p, q); });
    });
}

} // namespace hopscope::read
