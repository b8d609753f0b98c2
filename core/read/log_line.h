// A line of a TORCH_LOGS text taken apart: what its prefix tells, and its own text.
#pragma once

#include "core/read/collector.h"
#include "core/read/prefix.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace hopscope::read {

struct LogLine {
    CompileKey key;
    std::string artifact; // "aot_graphs"; empty = not told
    uint64_t process = 0; // 0 = not told
    std::string_view text;
};

// Artifacts that only the process that compiles logs: its workers speak of a compilation too.
bool is_of_compiler(std::string_view artifact);

// Lines of one message have the same prefix, and mostly follow each other: it is taken apart once.
class LineReader {
public:
    // Null for lines without a prefix; else valid until the next call.
    const LogLine* split(std::string_view line);

private:
    const LogLine* remember(std::string_view line, size_t end);

    std::string last_;
    LogLine facts_;
};

} // namespace hopscope::read
