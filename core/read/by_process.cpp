#include "core/read/by_process.h"

#include "core/read/lines.h"
#include "core/read/log_line.h"

#include <map>
#include <set>

namespace hopscope::read {

namespace {

// The processes that compile, in the order in which they begin to; empty where none takes another's ids.
std::vector<uint64_t> compilers(std::string_view text) {
    std::vector<uint64_t> order;
    std::set<uint64_t> known;
    std::map<CompileKey, uint64_t> first;
    bool same_ids = false;
    LineReader reader;
    Lines lines(text, false);
    while (lines.next()) {
        const LogLine* line = reader.split(lines.line());
        if (!line || line->process == 0 || line->key.rank || line->key.id.empty()
            || !is_of_compiler(line->artifact))
            continue;
        if (known.insert(line->process).second)
            order.push_back(line->process);
        same_ids = first.try_emplace(line->key, line->process).first->second != line->process || same_ids;
    }
    return same_ids ? order : std::vector<uint64_t>();
}

} // namespace

std::vector<ProcessLog> logs_of_processes(std::string_view text) {
    std::vector<ProcessLog> logs;
    std::map<uint64_t, size_t> log_of;
    for (const uint64_t process : compilers(text)) {
        log_of.emplace(process, logs.size());
        logs.push_back({process, {}, {}});
    }
    if (logs.empty())
        return logs;
    size_t current = 0;
    LineReader reader;
    BlankRun blank;
    Lines lines(text, false);
    while (lines.next()) {
        if (blank.too_long(lines.line()))
            continue;
        const LogLine* line = reader.split(lines.line());
        if (const auto own = line ? log_of.find(line->process) : log_of.end(); own != log_of.end())
            current = own->second;
        (logs[current].text += lines.line()) += '\n';
        logs[current].places.push_back({lines.number(), lines.offset()});
    }
    return logs;
}

} // namespace hopscope::read
