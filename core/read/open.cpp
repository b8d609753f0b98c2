#include "core/read/open.h"

#include "core/base/text.h"
#include "core/read/collector.h"
#include "core/read/evidence.h"
#include "core/read/paste.h"
#include "core/read/readable.h"
#include "core/read/settle.h"

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <set>
#include <thread>
#include <tuple>

namespace hopscope {

namespace fs = std::filesystem;

namespace read {
namespace {

constexpr size_t kHead = 1 << 18; // bytes that decide what a file is
constexpr int kFolderDepth = 3;

enum class Format : uint8_t { Unknown, Trace, TextLog, Readable, Text };

bool looks_readable(std::string_view head) {
    return head.find("(torch.nn.Module):") != std::string_view::npos
        || head.find("def forward(self") != std::string_view::npos;
}

Format sniff(std::string_view bytes) {
    const std::string_view head = bytes.substr(0, kHead);
    if (looks_like_trace_log(head))
        return Format::Trace;
    if (looks_like_text_log(head))
        return Format::TextLog;
    return looks_readable(head) ? Format::Readable : Format::Unknown;
}

// Whether a file that a person named may be a text at all: they hold anything, in several encodings.
bool may_be_text(std::string_view bytes) {
    const std::string_view head = bytes.substr(0, 4096);
    if (head.empty() || head.starts_with("PK\x03\x04") || head.starts_with("SQLite format 3"))
        return false;
    const auto zeros = static_cast<size_t>(std::count(head.begin(), head.end(), '\0'));
    return zeros == 0 || (zeros * 5 >= head.size() * 2 && zeros * 5 <= head.size() * 3);
}

struct Candidate {
    std::string path;
    bool named; // by the user, not found in a folder
};

// Files below a folder, sorted, so that the same folder gives the same dump.
void list_folder(
    const fs::path& folder, int depth, std::vector<Candidate>& out, std::vector<Problem>& problems) {
    std::error_code error;
    std::vector<fs::directory_entry> entries;
    for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error))
        entries.push_back(*at);
    if (error)
        problems.push_back(
            {Severity::Warning, "cannot list folder " + folder.string() + ": " + error.message(), {}, 0, 0});
    std::sort(entries.begin(), entries.end());
    for (const fs::directory_entry& entry : entries) {
        if (entry.is_directory(error) && depth > 1)
            list_folder(entry.path(), depth - 1, out, problems);
        else if (entry.is_regular_file(error))
            out.push_back({entry.path().string(), false});
    }
}

class Opener {
public:
    Opener(const OpenOptions& options, const Job& job)
        : options_(options)
        , job_(job) {
        collector_.job = &job_;
        collector_.verify_md5 = options.verify_md5;
    }

    Result<Dump> open(const std::vector<std::string>& paths);
    // A file that is no path: its bytes.
    void give(std::string name, std::string bytes) {
        const auto owner = std::make_shared<const std::string>(std::move(bytes));
        given_ = FileBytes{owner, *owner, {}};
        given_name_ = std::move(name);
    }

private:
    struct File {
        Candidate from;
        FileBytes bytes;
        Format format = Format::Unknown;
    };

    std::optional<Error> gather(const std::vector<std::string>& paths);
    void read_file(const File& file);
    void read_graphs();
    void add_logged_compilations();
    void finish();

    const OpenOptions& options_;
    const Job& job_;
    Collector collector_;
    Evidence evidence_;
    std::vector<File> files_;
    std::vector<std::string> folders_;
    FileBytes given_;
    std::string given_name_;
    bool understood_ = false; // something in one of the files
    std::optional<Error> not_understood_; // the first file that told nothing
};

Error unknown_file(const std::string& path, std::string_view bytes) {
    Error e = make_error(Error::Kind::CannotRead,
        bytes.empty()
            ? "the file is empty; expected a TORCH_TRACE log, a TORCH_LOGS text or a print_readable text"
            : "found no TORCH_TRACE record, no TORCH_LOGS line and no printed graph module in it; "
                + nearest_forms(bytes));
    e.file = path;
    e.line = 1;
    return e;
}

std::optional<Error> Opener::gather(const std::vector<std::string>& paths) {
    std::vector<Candidate> candidates;
    std::vector<Error> unknown;
    for (const std::string& path : paths) {
        std::error_code error;
        if (fs::is_directory(path, error)) {
            folders_.push_back(path);
            list_folder(path, kFolderDepth, candidates, collector_.dump.problems);
        } else {
            candidates.push_back({path, true});
        }
    }
    for (Candidate& c : candidates) {
        const bool piped = c.named && c.path == "-";
        const bool given = c.named && c.path == given_name_;
        auto bytes = given ? Result<FileBytes>(given_) : piped ? read_standard_input() : map_file(c.path);
        if (piped)
            c.path = "standard input";
        if (!bytes) {
            if (c.named)
                return bytes.error();
            continue;
        }
        File file{std::move(c), std::move(*bytes), Format::Unknown};
        file.format = sniff(file.bytes.bytes);
        if (file.format == Format::Unknown && file.from.named && may_be_text(file.bytes.bytes))
            file.format = Format::Text;
        if (file.format == Format::Unknown && file.from.named)
            unknown.push_back(unknown_file(file.from.path, file.bytes.bytes));
        if (file.format != Format::Unknown)
            files_.push_back(std::move(file));
    }
    // In a folder, printed graphs lie beside the trace that holds them already.
    const bool has_trace =
        std::any_of(files_.begin(), files_.end(), [](const File& f) { return f.format == Format::Trace; });
    std::erase_if(
        files_, [&](const File& f) { return has_trace && f.format == Format::Readable && !f.from.named; });
    if (files_.empty() && !unknown.empty())
        return unknown.front();
    // Beside a dump, a file that tells nothing is worth a word (the log of a run that logged nothing), no
    // more.
    for (const Error& e : unknown) {
        const FileId id(collector_.dump.files.size());
        collector_.dump.files.push_back({e.file, "unknown", 0});
        collector_.problem(Severity::Note, e.message, id, e.line, 0);
    }
    if (files_.empty()) {
        Error e = make_error(Error::Kind::CannotRead,
            "found no dump in it; expected TORCH_TRACE logs, TORCH_LOGS texts or printed graphs");
        e.file = paths.empty() ? "" : paths.front();
        return e;
    }
    return std::nullopt;
}

void Opener::read_file(const File& file) {
    static constexpr const char* kKinds[]{"", "TORCH_TRACE", "TORCH_LOGS", "print_readable", "unknown"};
    const FileId id(collector_.dump.files.size());
    collector_.reading = id;
    evidence_.add(id, file.bytes.bytes);
    collector_.dump.files.push_back(
        {file.from.path, kKinds[static_cast<size_t>(file.format)], file.bytes.bytes.size()});
    if (!file.bytes.damage.empty())
        collector_.problem(Severity::Warning, file.bytes.damage, id, 0, 0);
    if (file.format == Format::Trace) {
        read_trace_log(collector_, id, file.bytes);
        understood_ = true;
    } else if (read_text(collector_, id, file.bytes)) {
        understood_ = true;
    } else if (file.from.named) {
        collector_.dump.files.back().kind = "unknown";
        const Error e = unknown_file(file.from.path, file.bytes.bytes);
        collector_.problem(Severity::Warning, e.message, id, e.line, 0);
        not_understood_ = not_understood_ ? not_understood_ : std::optional(e);
    }
    collector_.bytes_done += file.bytes.bytes.size();
}

// Reads the texts on several threads. Each task has its own place for results, so that the outcome is the
// same whatever the timing.
void Opener::read_graphs() {
    struct Output {
        std::vector<ReadableModule> modules;
        std::vector<Problem> problems;
    };
    const std::vector<GraphTask>& tasks = collector_.tasks;
    std::vector<Output> outputs(tasks.size());
    // Largest first: the threads end together.
    std::vector<size_t> order(tasks.size());
    for (size_t i = 0; i < order.size(); ++i)
        order[i] = i;
    std::stable_sort(order.begin(), order.end(),
        [&](size_t a, size_t b) { return tasks[a].text.size() > tasks[b].text.size(); });
    std::atomic<size_t> next{0};
    std::atomic<uint64_t> texts_done{0};
    uint64_t texts_total = 1;
    for (const GraphTask& task : tasks)
        texts_total += task.text.size();
    const uint64_t total = collector_.bytes_total;
    const uint64_t scanned = total / Collector::kScanShare;
    const auto caller = std::this_thread::get_id();
    const auto work = [&] {
        for (size_t i = next++; i < order.size() && !job_.cancelled(); i = next++) {
            const GraphTask& task = tasks[order[i]];
            ReadableOptions options;
            options.tabbed = task.tabbed;
            options.first_line = task.line;
            options.first_offset = task.offset;
            options.partial = task.partial;
            if (task.places)
                options.places =
                    std::span(*task.places).subspan(std::min(task.places_from, task.places->size()));
            Output& out = outputs[order[i]];
            out.modules = read_modules(task.text, task.storage, options, out.problems);
            texts_done += task.text.size();
            if (std::this_thread::get_id() == caller)
                job_.report(scanned + (total - scanned) * texts_done / texts_total, total, "reading graphs");
        }
    };
    const unsigned wanted =
        options_.threads ? options_.threads : std::min(4U, std::thread::hardware_concurrency());
    std::vector<std::thread> threads;
    for (unsigned i = 1; i < wanted && i < tasks.size(); ++i)
        threads.emplace_back(work);
    work();
    for (std::thread& t : threads)
        t.join();

    Dump& dump = collector_.dump;
    std::vector<bool> of_text;
    for (size_t i = 0; i < tasks.size(); ++i) {
        const GraphTask& task = tasks[i];
        collector_.reading = task.file;
        for (Problem& p : outputs[i].problems) {
            p.file = task.file;
            dump.problems.push_back(std::move(p));
        }
        if (outputs[i].modules.empty() && task.must_hold_graph && !job_.cancelled())
            collector_.problem(Severity::Warning,
                "found no graph in "
                    + (task.label.empty() ? std::string(stage_name(task.stage)) : task.label),
                task.file, task.line, task.offset);
        const bool several = outputs[i].modules.size() > 1;
        for (size_t k = 0; k < outputs[i].modules.size(); ++k) {
            ReadableModule& found = outputs[i].modules[k];
            Graph g;
            g.compilation = collector_.compilation(task.key);
            g.stage = task.stage;
            g.label = task.label;
            std::string_view name = found.label;
            while (name.ends_with(':'))
                name.remove_suffix(1);
            if (several && !name.empty())
                g.label += (g.label.empty() ? "" : " ") + std::string(name);
            g.file = task.file;
            g.line = found.line;
            g.offset = found.file_offset;
            g.stage_evidence = task.evidence;
            of_text.push_back(task.from_text);
            const size_t end =
                k + 1 < outputs[i].modules.size() ? outputs[i].modules[k + 1].offset : task.text.size();
            g.text = task.text.substr(found.offset, end - found.offset);
            g.tabbed = task.tabbed;
            g.module = std::move(found.module);
            dump.graphs.push_back(std::move(g));
        }
    }
    settle_graphs(dump, of_text);
}

// A text log alone tells of compilations too.
void Opener::add_logged_compilations() {
    for (const ReuseMessage& m : collector_.dump.messages)
        if (!m.key.id.empty()) {
            collector_.reading = m.file;
            collector_.compilation(m.key);
        }
}

// What a dump is called: a folder's name or a file's without its endings. TORCH_TRACE's own file names and a
// folder that is just called "trace" say nothing; the folder above does.
std::string name_of(const std::string& path) {
    fs::path p = fs::absolute(path).lexically_normal();
    if (!p.has_filename())
        p = p.parent_path();
    while (p.extension() == ".gz" || p.extension() == ".log" || p.extension() == ".txt")
        p = p.parent_path() / p.stem();
    const auto says_nothing = [](const std::string& name) {
        return name == "trace" || name == "torch_logs" || name.starts_with("dedicated_log_torch_trace_");
    };
    while (says_nothing(p.filename().string()) && p.parent_path().has_filename())
        p = p.parent_path();
    return p.filename().string();
}

// Puts compilations in order of rank, numbers attempts and graphs, and names the dump.
void Opener::finish() {
    Dump& dump = collector_.dump;
    const size_t n = dump.compilations.size();
    std::vector<size_t> order(n);
    for (size_t i = 0; i < n; ++i)
        order[i] = i;
    std::stable_sort(order.begin(), order.end(),
        [&](size_t a, size_t b) { return dump.compilations[a].key.rank < dump.compilations[b].key.rank; });
    std::vector<CompilationId> moved(n);
    std::vector<Compilation> sorted;
    for (size_t i = 0; i < n; ++i) {
        moved[order[i]] = CompilationId(i);
        sorted.push_back(std::move(dump.compilations[order[i]]));
    }
    dump.compilations = std::move(sorted);
    move_compilations(dump, moved);

    for (Compilation& c : dump.compilations)
        for (const Compilation& other : dump.compilations)
            if (other.key.rank == c.key.rank && other.key.id == c.key.id && other.key.attempt > c.key.attempt)
                c.last_attempt = false;
    std::map<std::tuple<uint32_t, Stage>, int> ordinals;
    for (size_t i = 0; i < dump.graphs.size(); ++i) {
        Graph& g = dump.graphs[i];
        g.ordinal = ordinals[{g.compilation.index, g.stage}]++;
        dump.compilations[g.compilation.index].graphs.push_back(GraphId(i));
    }
    const auto told = std::find_if(
        dump.files.begin(), dump.files.end(), [](const DumpFile& f) { return f.kind != "unknown"; });
    dump.name = name_of(folders_.empty() ? told->path : folders_.front());
    dump.cancelled = job_.cancelled();
}

Result<Dump> Opener::open(const std::vector<std::string>& paths) {
    if (auto error = gather(paths))
        return *error;
    for (const File& f : files_)
        collector_.bytes_total += f.bytes.bytes.size();
    for (const File& f : files_)
        if (!job_.cancelled())
            read_file(f);
    if (!understood_ && not_understood_)
        return *not_understood_;
    settle_tasks(collector_);
    read_graphs();
    add_logged_compilations();
    // A log that logged nothing of use is no error, but silence would be one.
    const Dump& dump = collector_.dump;
    if (dump.graphs.empty() && dump.compilations.empty() && dump.problems.empty() && !job_.cancelled())
        collector_.problem(Severity::Note,
            "there is no graph in it, and no message of hierarchical_compile or recompiles", FileId(0), 1, 0);
    evidence_.merge(collector_.dump, collector_.owners, job_);
    finish();
    job_.report(collector_.bytes_total, collector_.bytes_total, "reading");
    return std::move(collector_.dump);
}

} // namespace
} // namespace read

Result<Dump> open_dump(const std::vector<std::string>& paths, const OpenOptions& options, const Job& job) {
    return read::Opener(options, job).open(paths);
}

Result<Dump> open_bytes(std::string name, std::string bytes, const OpenOptions& options, const Job& job) {
    read::Opener opener(options, job);
    opener.give(name, std::move(bytes));
    return opener.open({std::move(name)});
}

std::shared_ptr<const GraphModule> read_print_readable(
    std::string_view text, std::shared_ptr<const void> storage, bool tabbed, std::vector<Problem>& problems) {
    read::ReadableOptions options;
    options.tabbed = tabbed;
    auto modules = read::read_modules(text, storage, options, problems);
    return modules.empty() ? nullptr : std::move(modules.front().module);
}

} // namespace hopscope
