// The reuse messages of a TORCH_LOGS text log (torch/_dynamo/variables/invoke_subgraph.py).
#include "core/base/text.h"
#include "core/read/collector.h"
#include "core/read/decode.h"
#include "core/read/lines.h"
#include "core/read/log_line.h"

#include <algorithm>
#include <charconv>
#include <map>

namespace hopscope::read {

namespace {

constexpr auto npos = std::string_view::npos;
constexpr std::string_view kArtifact = "hierarchical_compile";

// The first text in single quotes behind `from`.
std::string quoted_after(std::string_view text, std::string_view from) {
    const size_t at = text.find(from);
    const size_t open = at == npos ? npos : text.find('\'', at + from.size());
    const size_t close = open == npos ? npos : text.find('\'', open + 1);
    return close == npos ? std::string() : std::string(text.substr(open + 1, close - open - 1));
}

std::optional<int> number_after(std::string_view text, std::string_view from) {
    int n = 0;
    const size_t at = text.rfind(from);
    if (at == npos
        || std::from_chars(text.data() + at + from.size(), text.data() + text.size(), n).ec != std::errc{})
        return std::nullopt;
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
    LineReader reader;
    size_t end = 0;
    while (lines.next()) {
        const std::string_view line = lines.line();
        if ((line.find("] [__") != npos && line.size() > 24) || find_glog(line, end) != npos)
            return true;
        if (const LogLine* const split = reader.split(line); split && !split->artifact.empty())
            return true; // the loggers of 2023
    }
    return false;
}

namespace {

// "Recompiling function forward in /p/f.py:12", and the guards that failed in the lines behind it.
class Recompiles {
public:
    explicit Recompiles(Collector& collector)
        : collector_(collector) { }

    // "torch._dynamo hit config.cache_size_limit (64)", "   function: 'forward' (/p/f.py:12)" and "   last
    // reason: 1/0: …": warnings, of no artifact (torch/_dynamo/convert_frame.py).
    void limit(const LogLine& line) {
        std::string_view text = trimmed(line.text);
        const bool hit = text.starts_with("torch._dynamo hit config.");
        if (!hit && !text.starts_with("function: '") && !text.starts_with("last reason: "))
            return;
        Compilation& c = collector_.dump.compilations[collector_.compilation(line.key).index];
        if (!text.starts_with("function: '")) {
            c.recompile_reason += (c.recompile_reason.empty() ? "" : "\n") + utf8(text);
            return;
        }
        text.remove_prefix(11);
        const size_t quote = text.find("' (");
        const size_t colon = text.rfind(':');
        if (!c.function.empty() || quote == npos || colon == npos || colon < quote + 3)
            return;
        c.function = utf8(text.substr(0, quote));
        c.file = utf8(text.substr(quote + 3, colon - quote - 3));
        std::from_chars(text.data() + colon + 1, text.data() + text.size(), c.line);
    }

    size_t without_id = 0; // lines
    Place first_without_id;

    void line(const LogLine& line, Place at) {
        if (line.key.id.empty()) {
            if (without_id++ == 0)
                first_without_id = at;
            return;
        }
        Compilation& c = collector_.dump.compilations[collector_.compilation(line.key).index];
        std::string_view text = trimmed(line.text);
        constexpr std::string_view kHead = "Recompiling function ";
        if (text.starts_with(kHead)) {
            text.remove_prefix(kHead.size());
            const size_t in = text.find(" in ");
            if (c.function.empty() && in != npos) {
                c.function = utf8(text.substr(0, in));
                const std::string_view place = text.substr(in + 4);
                const size_t colon = place.rfind(':');
                c.file = utf8(place.substr(0, colon));
                if (colon != npos)
                    std::from_chars(place.data() + colon + 1, place.data() + place.size(), c.line);
            }
            return;
        }
        if (text.empty() || text.starts_with("triggered by")
            || (text.starts_with("guard ") && text.ends_with(" failures:")))
            return;
        if (text.starts_with("- "))
            text.remove_prefix(2);
        if (!c.recompile_reason.empty())
            c.recompile_reason += '\n';
        c.recompile_reason += utf8(text);
    }

private:
    Collector& collector_;
};

// "Graph break in user code at /p/f.py:12", and the reason in a line behind it: an artifact with both in its
// name.
class GraphBreaks {
public:
    explicit GraphBreaks(Collector& collector)
        : collector_(collector) { }

    void line(const LogLine& line, FileId file, Place place) {
        if (line.key.id.empty())
            return;
        const std::string_view text = trimmed(line.text);
        std::vector<Artifact>& artifacts = collector_.dump.artifacts;
        const auto reason = [&](std::string_view head) {
            if (open_ < artifacts.size() && text.starts_with(head))
                artifacts[open_].name += ": " + utf8(trimmed(text.substr(head.size())));
        };
        // "… a function call, e.g." and what it was, behind a blank line.
        if (open_ < artifacts.size() && artifacts[open_].name.ends_with("e.g.") && !text.empty()) {
            artifacts[open_].name += ' ' + utf8(text);
            return;
        }
        if (text.starts_with("Graph break")) {
            open_ = artifacts.size();
            Artifact a;
            a.compilation = collector_.compilation(line.key);
            a.name = utf8(text);
            a.file = file;
            a.line = place.line;
            a.bytes = line.text.size();
            artifacts.push_back(std::move(a));
        } else {
            reason("Graph Break Reason:");
            reason("Reason:");
        }
    }

private:
    Collector& collector_;
    size_t open_ = SIZE_MAX; // the artifact of the latest message
};

} // namespace

namespace {

// Where two processes compile under the same ids and their lines were not read apart (by_process.h sees the
// bytes of a file, not what UTF-16, JSON or a trace wraps), it is told.
class ProcessesOfIds {
public:
    void line(const LogLine& line, Place at) {
        if (!told_.empty() || line.process == 0 || line.key.rank || line.key.id.empty()
            || (line.process == last_.process && line.key == last_.key && line.artifact == last_.artifact))
            return;
        last_ = line;
        if (!is_of_compiler(line.artifact))
            return;
        const uint64_t first = first_.try_emplace(line.key, line.process).first->second;
        if (first == line.process)
            return;
        told_ = "process " + std::to_string(line.process) + " tells of " + line.key.id + " too, which "
            + std::to_string(first)
            + " compiled, and no rank tells them apart: what both say is listed under one compilation, and "
              "the calls of its ledger may be either's";
        at_ = at;
    }
    void tell(Collector& collector, FileId file) const {
        if (!told_.empty())
            collector.problem(Severity::Warning, told_, file, at_.line, at_.offset);
    }

private:
    std::map<CompileKey, uint64_t> first_;
    LogLine last_;
    std::string told_;
    Place at_{};
};

} // namespace

void read_text_log(Collector& collector, FileId file, const PlainText& plain) {
    Lines lines(plain.text, false);
    std::vector<ReuseMessage>& messages = collector.dump.messages;
    std::map<CompileKey, size_t> latest; // the message that further lines belong to
    LineReader reader;
    Recompiles recompiles(collector);
    GraphBreaks breaks(collector);
    const auto place = [&] {
        return plain.places && lines.number() <= plain.places->size() ? (*plain.places)[lines.number() - 1]
                                                                      : Place{lines.number(), lines.offset()};
    };
    uint64_t next_report = 0;
    CompileKey known;
    ProcessesOfIds processes;
    size_t guards = 0; // lines
    Place first_guard;
    while (lines.next()) {
        if (lines.offset() >= next_report) {
            if (collector.job->cancelled())
                return;
            collector.report_scanned(lines.offset() / 2); // graphs are looked for after it
            next_report = lines.offset() + (1 << 18);
        }
        const LogLine* const split = reader.split(lines.line());
        if (!split)
            continue;
        const LogLine& line = *split;
        processes.line(line, place());
        // Whatever a log says of a compilation, it says that there was one.
        if (!line.artifact.empty() && !line.key.id.empty() && line.key != known) {
            known = line.key;
            collector.compilation(known);
        }
        if (line.artifact.starts_with("recompiles"))
            recompiles.line(line, place());
        else if (line.artifact.empty() && !line.key.id.empty())
            recompiles.limit(line);
        else if (line.artifact.starts_with("graph_breaks"))
            breaks.line(line, file, place());
        else if (line.artifact == "guards" && guards++ == 0)
            first_guard = place();
        if (line.artifact != kArtifact)
            continue;
        ReuseMessage m;
        if (!classify(line.text, m)) {
            // The further lines of a message: a guard's type, source, expected and got, a user stack.
            // Ranks share a terminal: the message is the last one of the same compilation.
            if (const auto open = latest.find(line.key); open != latest.end()) {
                std::string& detail = messages[open->second].detail;
                if (!detail.empty())
                    detail += '\n';
                detail += line.text;
            }
            continue;
        }
        m.key = line.key;
        m.file = file;
        m.line = place().line;
        m.detail = utf8(m.detail);
        latest.insert_or_assign(m.key, messages.size());
        messages.push_back(std::move(m));
    }
    collector.dump.has_text_log = collector.dump.has_text_log || !latest.empty();
    if (recompiles.without_id)
        collector.problem(Severity::Note,
            counted(recompiles.without_id, "line")
                + " of [__recompiles] without a compile id (PyTorch before 2.2) passed over: they do not say "
                  "which compilation they are of",
            file, recompiles.first_without_id.line, recompiles.first_without_id.offset);
    processes.tell(collector, file);
    if (guards)
        collector.problem(Severity::Note,
            counted(guards, "line") + " of [__guards] passed over: guards are not read of a text log", file,
            first_guard.line, first_guard.offset);
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
