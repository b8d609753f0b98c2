// The reuse messages of a TORCH_LOGS text log (torch/_dynamo/variables/invoke_subgraph.py).
#include "core/base/text.h"
#include "core/read/collector.h"
#include "core/read/lines.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <map>

namespace hopscope::read {

namespace {

constexpr auto npos = std::string_view::npos;
constexpr std::string_view kArtifact = "[__hierarchical_compile]";

struct LogLine {
    int rank = -1;
    std::string_view trace_id; // "0/0", "0/0_1"
    std::string_view text;
};

bool digits(std::string_view text, size_t at, size_t n) {
    for (size_t i = 0; i < n; ++i)
        if (at + i >= text.size() || !is_digit(text[at + i]))
            return false;
    return true;
}

// "V1123 16:05:59.722000 5629 path.py:1189] ", with "[rank0]:" and the like before it, which are taken off.
bool has_prefix(std::string_view& line, int& rank) {
    while (line.starts_with('[')) {
        const size_t end = line.find("]:");
        if (end == npos)
            return false;
        const std::string_view mark = line.substr(1, end - 1);
        if (mark.starts_with("rank"))
            std::from_chars(mark.data() + 4, mark.data() + mark.size(), rank);
        line = trimmed(line.substr(end + 2));
    }
    return line.size() >= 24 && std::string_view("VIWEC").find(line[0]) != npos && digits(line, 1, 4)
        && line[5] == ' ' && digits(line, 6, 2) && line[8] == ':' && line.find("] ") != npos;
}

// False for lines of other artifacts.
bool split(std::string_view line, LogLine& out) {
    if (!has_prefix(line, out.rank))
        return false;
    const size_t at = line.find(kArtifact);
    if (at == npos)
        return false;
    out.text = line.substr(std::min(at + kArtifact.size() + 1, line.size()));
    const std::string_view before = trimmed(line.substr(0, at));
    if (before.ends_with(']')) {
        const size_t open = before.rfind('[');
        if (open != npos && open > 0 && before[open - 1] == ' ')
            out.trace_id = before.substr(open + 1, before.size() - open - 2);
    }
    return true;
}

CompileKey key_of(const LogLine& line) {
    CompileKey key;
    key.rank = line.rank;
    std::string_view id = line.trace_id;
    if (const size_t underscore = id.rfind('_'); underscore != npos) {
        std::from_chars(id.data() + underscore + 1, id.data() + id.size(), key.attempt);
        id = id.substr(0, underscore);
    }
    key.id = std::string(id);
    return key;
}

// The first text in single quotes behind `from`.
std::string quoted_after(std::string_view text, std::string_view from) {
    const size_t at = text.find(from);
    const size_t open = at == npos ? npos : text.find('\'', at + from.size());
    const size_t close = open == npos ? npos : text.find('\'', open + 1);
    return close == npos ? std::string() : std::string(text.substr(open + 1, close - open - 1));
}

int number_after(std::string_view text, std::string_view from) {
    int n = -1;
    if (const size_t at = text.rfind(from); at != npos)
        std::from_chars(text.data() + at + from.size(), text.data() + text.size(), n);
    return n;
}

std::string_view after(std::string_view text, std::string_view from) {
    const size_t at = text.find(from);
    return at == npos ? std::string_view{} : trimmed(text.substr(at + from.size()));
}

// Fills kind and fields; false if the text is no message's first line.
bool classify(std::string_view text, ReuseMessage& m) {
    using Kind = ReuseMessage::Kind;
    const auto has = [&](std::string_view part) { return text.find(part) != npos; };
    if (has(": Installing subgraph with identifier ")) {
        m.kind = Kind::Installing;
        m.function = std::string(text.substr(0, text.find(": Installing subgraph")));
        m.identifier = quoted_after(text, "identifier ");
        m.count = number_after(text, " function to ");
    } else if (has("reuse failed --")) {
        m.kind = Kind::ReuseFailed;
        m.detail = std::string(after(text, "reuse failed --"));
    } else if (has("mutated sources detected")) {
        m.kind = Kind::ReuseFailed;
        m.detail = std::string(after(text, "subgraph_reuse:"));
    } else if (has("cache hit for ")) {
        m.kind = Kind::CacheHit;
        m.identifier = quoted_after(text, "reusing subgraph ");
    } else if (has(" hit for ") && has("hash key")) {
        m.kind = Kind::HashHit;
        m.identifier = quoted_after(text, "reusing subgraph ");
        m.detail = std::string(after(text, "hash key ").substr(0, after(text, "hash key ").find(' ')));
    } else if (has(": Graph comparison failed ")) {
        m.kind = Kind::ComparisonFailed;
        m.function = std::string(text.substr(0, text.find(": Graph comparison")));
        m.detail = std::string(after(text, "Graph comparison failed"));
    } else if (has("not eligible --") || has("not cacheable --") || has("cannot build condition --")) {
        m.kind = Kind::NotEligible;
        m.detail = std::string(after(text, "--"));
    } else if (text.starts_with("Number of guards ")) {
        m.kind = Kind::Guards;
        m.count = number_after(text, "guards ");
    } else if (has("exceeded maximum reuse entries")) {
        m.kind = Kind::Exceeded;
        m.detail = std::string(text);
    } else if (has("Fake tensor cache failed:")) {
        m.kind = Kind::FakeCacheFailed;
        m.identifier =
            std::string(after(text, "identifier = ").substr(0, after(text, "identifier = ").find(',')));
        m.detail = std::string(after(text, "reason = "));
    } else if (text.starts_with("subgraph_reuse:") || text.starts_with("invoke_subgraph:")
        || text.starts_with("reuse_hash_fn")) {
        m.kind = Kind::Other;
        m.detail = std::string(text);
    } else {
        return false;
    }
    return true;
}

} // namespace

bool looks_like_text_log(std::string_view head) {
    Lines lines(head, false);
    int rank = -1;
    while (lines.next()) {
        std::string_view line = lines.line();
        if ((line.find("] [__") != npos && line.size() > 24) || has_prefix(line, rank))
            return true;
    }
    return false;
}

void read_text_log(Collector& collector, FileId file, const FileBytes& bytes) {
    Lines lines(bytes.bytes, false);
    std::vector<ReuseMessage>& messages = collector.dump.messages;
    std::map<CompileKey, size_t> latest; // the message that further lines belong to
    uint64_t next_report = 0;
    while (lines.next()) {
        if (lines.offset() >= next_report) {
            if (collector.job->cancelled())
                return;
            collector.report_scanned(lines.offset());
            next_report = lines.offset() + (1 << 18);
        }
        LogLine line;
        if (!split(lines.line(), line))
            continue;
        ReuseMessage m;
        if (!classify(line.text, m)) {
            // The further lines of a message: a guard's type, source, expected and got, a user stack.
            // Ranks share a terminal: the message is the last one of the same compilation.
            if (const auto open = latest.find(key_of(line)); open != latest.end()) {
                std::string& detail = messages[open->second].detail;
                if (!detail.empty())
                    detail += '\n';
                detail += line.text;
            }
            continue;
        }
        m.key = key_of(line);
        m.file = file;
        m.line = lines.number();
        m.detail = utf8(m.detail);
        latest.insert_or_assign(m.key, messages.size());
        messages.push_back(std::move(m));
    }
    collector.dump.has_text_log = collector.dump.has_text_log || !latest.empty();
}

void read_bare_messages(Collector& collector, FileId file, const FileBytes& bytes, const CompileKey& key) {
    Lines lines(bytes.bytes, false);
    std::vector<ReuseMessage>& messages = collector.dump.messages;
    bool open = false; // the further lines of a message are indented or name a guard
    while (lines.next()) {
        const std::string_view text = lines.line();
        ReuseMessage m;
        // Source code in a graph's comments may speak of the cache too.
        if (!text.starts_with(' ') && !text.starts_with('#') && classify(text, m)) {
            m.key = key;
            m.file = file;
            m.line = lines.number();
            m.detail = utf8(m.detail);
            messages.push_back(std::move(m));
            open = collector.dump.has_text_log = true;
        } else if (open
            && (text.starts_with("guard ") || text.starts_with("user stack") || text.starts_with(' ')
                || text.starts_with("expected: ") || text.starts_with("got: "))) {
            std::string& detail = messages.back().detail;
            detail += (detail.empty() ? "" : "\n") + utf8(text);
        } else {
            open = false;
        }
    }
}

} // namespace hopscope::read
