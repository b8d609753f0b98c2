#include "core/read/log_line.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace hopscope::read {

namespace {

constexpr auto npos = std::string_view::npos;

CompileKey key_of(const LogFacts& facts) {
    CompileKey key;
    key.rank = facts.rank;
    key.id = facts.id;
    key.attempt = facts.attempt;
    return key;
}

// Behind the marks "[0/0]" and "[__graph_code]".
size_t behind_marks(std::string_view line, size_t at) {
    while (at < line.size() && line[at] == '[') {
        const size_t close = line.find(']', at);
        const std::string_view mark = close == npos ? "" : line.substr(at + 1, close - at - 1);
        const bool id = mark.find_first_of("/!") != npos && mark.find_first_not_of("0123456789/_!") == npos;
        if (close == npos || (!mark.starts_with("__") && !id))
            break;
        at = close + 1;
        if (at < line.size() && line[at] == ' ' && at + 1 < line.size() && line[at + 1] == '[')
            ++at;
        else
            return at;
    }
    return at > 0 ? at - 1 : 0;
}

// Until mid-2024 the number was a thread's, which is no process and far larger.
uint64_t process_in(std::string_view prefix) {
    constexpr uint64_t kMost = 1 << 22; // Linux' largest
    size_t end = 0;
    const size_t start = find_glog(prefix, end);
    const size_t time = start == npos ? npos : prefix.find(' ', start);
    const size_t before = time == npos ? npos : prefix.find(' ', time + 1);
    uint64_t process = 0;
    if (before != npos)
        std::from_chars(prefix.data() + before + 1, prefix.data() + prefix.size(), process);
    return process <= kMost ? process : 0;
}

} // namespace

bool is_of_compiler(std::string_view artifact) {
    static constexpr std::array<std::string_view, 5> kOwn{
        "hierarchical_compile", "graph_code", "aot_graphs", "aot_joint_graph", "recompiles"};
    return std::find(kOwn.begin(), kOwn.end(), artifact) != kOwn.end();
}

const LogLine* LineReader::split(std::string_view line) {
    if (!last_.empty() && line.starts_with(last_)) {
        facts_.text = line.substr(std::min(last_.size() + 1, line.size()));
        return &facts_;
    }
    size_t end = 0;
    if (find_glog(line, end) != npos)
        return remember(line, behind_marks(line, end));
    // The loggers of 2023 and 2024: "[2024-05-09 12:00:00,000] [0/0] torch._dynamo.guards.__recompiles:
    // [DEBUG] ".
    for (const std::string_view level : {"[DEBUG] ", "[INFO] ", "[WARNING] "})
        if (const size_t at = line.find(level); at != npos && line.substr(0, at).find(".__") != npos)
            return remember(line, at + level.size() - 1);
    // What is left of a prefix that was cut: "…/guards.py:2772] [16/8] [__recompiles] ".
    if (const size_t at = line.find("] [__"); at != npos && at < 256) {
        const size_t path = line.rfind(".py:", at);
        const size_t close = path == npos ? npos : line.find(']', path);
        if (close != npos && path + 4 < close && line.find_first_not_of("0123456789", path + 4) == close)
            return remember(line, behind_marks(line, close + 2));
    }
    return nullptr;
}

const LogLine* LineReader::remember(std::string_view line, size_t end) {
    last_ = std::string(line.substr(0, end));
    const LogFacts facts = facts_of(last_);
    facts_.key = key_of(facts);
    facts_.artifact = facts.artifact;
    facts_.process = process_in(last_);
    facts_.text = line.substr(std::min(end + 1, line.size()));
    return &facts_;
}

} // namespace hopscope::read
