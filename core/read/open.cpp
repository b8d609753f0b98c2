#include "core/read/open.h"

#include "core/base/find_words.h"
#include "core/base/text.h"
#include "core/read/borrow.h"
#include "core/read/by_process.h"
#include "core/read/collector.h"
#include "core/read/conclude.h"
#include "core/read/evidence.h"
#include "core/read/gather.h"
#include "core/read/paste.h"
#include "core/read/processes.h"
#include "core/read/pt2.h"
#include "core/read/read_graphs.h"
#include "core/read/readable.h"
#include "core/read/script.h"
#include "core/read/script_task.h"
#include "core/read/settle.h"
#include "core/read/trace_repair.h"

#include <algorithm>
#include <filesystem>
#include <set>
#include <tuple>

namespace hopscope {

namespace fs = std::filesystem;

namespace read {
namespace {

class Opener {
public:
    Opener(const OpenOptions& options, const Job& job)
        : options_(options)
        , job_(job) {
        collector_.job = &job_;
        collector_.verify_md5 = options.verify_md5;
    }

    Result<Dump> open(const std::vector<std::string>& paths, const std::optional<GivenFile>& given = {});

private:
    void order_debug_files();
    void read_file(const InputFile& file);
    void read_text_beside(const InputFile& file, FileId trace, TextBeside beside);
    bool read_by_process(const InputFile& file, FileId id);
    void read_debug_file(const InputFile& file, FileId id, GraphTask task);
    std::string debug_id(const DebugPlace& place) const;
    void add_logged_compilations();

    const OpenOptions& options_;
    const Job& job_;
    Collector collector_;
    Evidence evidence_;
    std::vector<InputFile> files_;
    std::vector<std::string> folders_;
    std::vector<std::string> runs_; // of debug folders
    std::map<std::string, FileId> debug_owner_; // the first file of each
    std::set<std::pair<std::string, std::optional<int>>> models_; // of them
    std::vector<std::shared_ptr<const TextBeside>> texts_beside_; // whose bytes evidence_ looks at
    std::vector<std::shared_ptr<const ProcessLog>> process_logs_; // the same
    std::optional<Error> not_understood_; // the first text that told nothing
};

// One compilation for each model of a debug folder, and one id where there is one model: nothing in the
// folder tells the compile id.
std::string Opener::debug_id(const DebugPlace& place) const {
    std::string id;
    if (runs_.size() > 1)
        id = "run" + std::to_string(std::find(runs_.begin(), runs_.end(), place.run) - runs_.begin());
    const auto of_run = std::count_if(
        models_.begin(), models_.end(), [&](const auto& model) { return model.first == place.run; });
    if (of_run > 1 && place.model)
        id += (id.empty() ? "model" : "-model") + std::to_string(*place.model);
    return id.empty() ? "-" : id;
}

// A run's logs, then its graphs as they were compiled: the names of their folders sort otherwise.
void Opener::order_debug_files() {
    using Key = std::tuple<size_t, std::optional<int>, int, size_t>;
    std::map<std::string, size_t> first;
    std::vector<std::pair<Key, InputFile>> keyed;
    for (size_t i = 0; i < files_.size(); ++i) {
        InputFile& f = files_[i];
        const Key key = f.debug
            ? Key{first.try_emplace(f.debug->run, i).first->second, f.debug->model, f.debug->sequence, i}
            : Key{i, 0, 0, i};
        keyed.emplace_back(key, std::move(f));
    }
    std::sort(keyed.begin(), keyed.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    files_.clear();
    for (auto& [key, file] : keyed)
        files_.push_back(std::move(file));
}

void Opener::read_debug_file(const InputFile& file, FileId id, GraphTask task) {
    using Role = DebugPlace::Role;
    const DebugPlace& place = *file.debug;
    // One compilation of all that a run's folder tells.
    task.owner = collector_.reading = debug_owner_.try_emplace(place.run, id).first->second;
    evidence_.part(id, task.owner);
    task.key.id = debug_id(place);
    const CompilationId compilation = collector_.compilation(task.key);
    const std::string stage(place.stage ? stage_name(*place.stage) : "");
    switch (place.role) {
    case Role::Readable:
        task.stage = *place.stage;
        task.label.clear();
        break;
    case Role::Transformed:
        task.stage = Stage::PostGrad;
        task.label = "fx_graph_transformed (" + stage + ')';
        break;
    case Role::Runnable:
        task.label = "fx_graph_runnable (" + stage + ')';
        task.script = true;
        break;
    case Role::DynamoLog:
        read_bare_messages(collector_, id, file.bytes, task.key);
        task.stage = Stage::Dynamo;
        task.label.clear();
        task.must_hold_graph = false;
        break;
    case Role::AotLog:
        break;
    case Role::Other: {
        Artifact a;
        a.compilation = compilation;
        a.name = fs::path(file.path).filename().string() + " (" + stage + ')';
        a.file = id;
        a.line = 1;
        a.bytes = file.bytes.bytes.size();
        collector_.dump.artifacts.push_back(std::move(a));
        return;
    }
    }
    collector_.tasks.push_back(std::move(task));
}

// How many times over a text holds itself (`cat a.log a.log`): 1 = once.
size_t copies_in(std::string_view text) {
    constexpr size_t kMost = 4;
    constexpr size_t kFewest = 64; // bytes that are no accident
    for (size_t n = 2; n <= kMost; ++n) {
        const size_t one = text.size() / n;
        if (one >= kFewest && text.size() % n == 0 && text[one - 1] == '\n'
            && text.substr(one) == text.substr(0, text.size() - one))
            return n;
    }
    return 1;
}

void Opener::read_file(const InputFile& given) {
    InputFile file = given;
    static constexpr const char* kKinds[]{"torch_compile_debug", "TORCH_TRACE", "TORCH_LOGS",
        "print_readable", "torch.export", "unknown"}; // by Format; a tar archive is none by itself
    const FileId id(collector_.dump.files.size());
    collector_.reading = id;
    evidence_.add(id, file.bytes.bytes);
    collector_.dump.files.push_back(
        {file.path, kKinds[static_cast<size_t>(file.format)], file.bytes.bytes.size()});
    if (!file.bytes.damage.empty())
        collector_.problem(Severity::Warning, file.bytes.damage, id, 0, 0);
    if (file.format == Format::Trace && !file.bytes.bytes.empty()) {
        // A folder and a file of it, a log and its packed copy: one recording all the same.
        const InputFile* same = std::find_if(std::as_const(files_).data(), &given, [&](const InputFile& f) {
            return f.format == Format::Trace && f.bytes.bytes == file.bytes.bytes;
        });
        if (same != &given) {
            collector_.bytes_done += given.bytes.bytes.size();
            return collector_.problem(Severity::Note,
                "holds what " + same->path + " holds, byte for byte, and is read once", id, 0, 0);
        }
    }
    if (const size_t copies = file.format == Format::Archive ? 1 : copies_in(file.bytes.bytes); copies > 1) {
        file.bytes.bytes = file.bytes.bytes.substr(0, file.bytes.bytes.size() / copies);
        const auto lines =
            static_cast<uint64_t>(std::count(file.bytes.bytes.begin(), file.bytes.bytes.end(), '\n'));
        collector_.problem(Severity::Warning,
            "what stands from here on is what stands before it, byte for byte: the file holds "
                + counted(lines, "line") + ' ' + std::to_string(copies) + " times over, and is read once",
            id, lines + 1, file.bytes.bytes.size());
    }
    const bool trace = file.format == Format::Trace
        || (file.format != Format::Archive && !file.debug && holds_trace_records(file.bytes.bytes));
    if (trace) {
        collector_.dump.files.back().kind = "TORCH_TRACE";
        read_text_beside(file, id, read_trace_log(collector_, id, file.bytes));
    } else if (file.format == Format::Archive) {
        read_export_archive(collector_, id, *file.archive, {options_.max_unfold, options_.raise_unfold});
    } else {
        GraphTask task;
        task.key.id = "-";
        task.file = id;
        task.label = fs::path(file.path).stem().string();
        task.text = file.bytes.bytes;
        task.storage = file.bytes.owner;
        if (file.debug && file.format != Format::TextLog) {
            read_debug_file(file, id, std::move(task));
        } else if (looks_like_script(task.text) && take_script(collector_, task, file.path, true)) {
            collector_.compilation(task.key);
            collector_.tasks.push_back(std::move(task));
        } else if (!read_by_process(file, id) && !read_text(collector_, id, file.bytes)) {
            collector_.dump.files.back().kind = "unknown";
            Error e = unknown_file(file.path, file.bytes.bytes);
            if (!file.bytes.damage.empty()) // nothing was found as far as it was unpacked
                e.message += "; " + file.bytes.damage;
            collector_.problem(Severity::Note, e.message, id, e.line, 0);
            not_understood_ = not_understood_ ? not_understood_ : std::optional(e);
        }
    }
    collector_.bytes_done += given.bytes.bytes.size();
}

// Processes that compile under the same ids (two runs behind each other in one file, ranks that name none)
// are an input each.
bool Opener::read_by_process(const InputFile& file, FileId id) {
    if (file.debug || processes_of({}, file.bytes.bytes).size() < 2)
        return false;
    std::vector<ProcessLog> logs = logs_of_processes(file.bytes.bytes);
    Dump& dump = collector_.dump;
    for (size_t i = 0; i < logs.size(); ++i) {
        const auto kept = std::make_shared<const ProcessLog>(std::move(logs[i]));
        process_logs_.push_back(kept);
        const FileId part = i == 0 ? id : FileId(dump.files.size());
        if (i > 0)
            dump.files.push_back({file.path, "TORCH_LOGS", file.bytes.bytes.size()});
        collector_.reading = part;
        evidence_.add(part, kept->text);
        (void)read_text(collector_, part, {kept, kept->text, {}}, &kept->places);
        if (i > 0)
            collector_.problem(Severity::Note,
                counted(kept->places.size(), "line") + " of this file, from here on, "
                    + (kept->places.size() == 1 ? "is" : "are") + " process " + std::to_string(kept->process)
                    + "'s, which compiles under the same ids as another, and read as a log of its own",
                part, kept->places.front().line, kept->places.front().offset);
    }
    return !logs.empty();
}

namespace {
// Whether other lines than records are a log or printed graphs: their heads and titles.
bool may_hold_log(std::string_view text) {
    static constexpr std::string_view kMarks[]{
        "] [__", ".__", "TRACED GRAPH", "Module):", "def forward(", "graph():"};
    return words_in(text, kMarks, true) != 0;
}
} // namespace

// A trace and a text log in one file (`cat trace.log log.txt`, both on one stream) are two inputs: what both
// tell of a compilation is merged as that of two files is. Anything else between records is passed over.
void Opener::read_text_beside(const InputFile& file, FileId trace, TextBeside beside) {
    if (beside.lines == 0)
        return tell_passed_over(collector_, trace, beside, false);
    // Single lines of payloads that damage tore off are none.
    if (!may_hold_log(beside.text))
        return tell_passed_over(collector_, trace, beside, true);
    const auto kept = std::make_shared<TextBeside>(std::move(beside));
    const Place first = kept->places.front();
    Dump& dump = collector_.dump;
    const auto told = [&] {
        return std::tuple(dump.messages.size(), dump.compilations.size(), dump.sources.size(),
            dump.artifacts.size(), collector_.tasks.size());
    };
    const auto before = told();
    const size_t problems = dump.problems.size();
    const FileId text(dump.files.size());
    dump.files.push_back({file.path, "TORCH_LOGS", file.bytes.bytes.size()});
    collector_.reading = text;
    (void)read_text(collector_, text, {kept, kept->text, {}}, &kept->places);
    if (told() != before) {
        evidence_.add(trace, kept->heads);
        evidence_.add(text, kept->text);
        texts_beside_.push_back(kept);
        collector_.problem(Severity::Note,
            counted(kept->lines, "line")
                + (kept->lines == 1
                        ? " is no record of the trace, and read as a text beside it"
                        : " are no records of the trace, and read as a text beside it: this is the "
                          "first"),
            text, first.line, first.offset);
        return tell_passed_over(collector_, trace, *kept, false);
    }
    dump.files.pop_back();
    dump.problems.resize(problems);
    tell_passed_over(collector_, trace, *kept, true);
}

// A text log alone tells of compilations too.
void Opener::add_logged_compilations() {
    for (const ReuseMessage& m : collector_.dump.messages)
        if (!m.key.id.empty()) {
            collector_.reading = m.file;
            collector_.compilation(m.key);
        }
}

Result<Dump> Opener::open(const std::vector<std::string>& paths, const std::optional<GivenFile>& given) {
    auto gathered = gather(paths, options_, collector_, given);
    if (!gathered)
        return gathered.error();
    files_ = std::move(gathered->files);
    folders_ = std::move(gathered->folders);
    order_debug_files();
    for (const InputFile& f : files_) {
        collector_.bytes_total += f.bytes.bytes.size();
        if (!f.debug)
            continue;
        if (std::find(runs_.begin(), runs_.end(), f.debug->run) == runs_.end())
            runs_.push_back(f.debug->run);
        if (f.debug->model >= 0)
            models_.emplace(f.debug->run, f.debug->model);
    }
    for (const InputFile& f : files_)
        if (!job_.cancelled())
            read_file(f);
    settle_tasks(collector_);
    read_graphs(collector_, options_.threads);
    add_logged_compilations();
    if (const Dump& d = collector_.dump; d.graphs.empty() && !d.messages.empty() && !job_.cancelled()
        && std::all_of(d.files.begin(), d.files.end(),
            [](const DumpFile& f) { return !is_read(f) || f.kind == "TORCH_LOGS"; }))
        collector_.problem(Severity::Note,
            "this log tells of calls of regions and has no graph: no compilation came that far, or "
            "TORCH_LOGS=graph_code,aot_graphs was off",
            d.messages.front().file, d.messages.front().line, 0);
    borrow_bodies(collector_.dump);
    evidence_.merge(collector_.dump, collector_.owners, job_);
    conclude(collector_.dump, folders_.empty() ? std::string() : folders_.front());
    collector_.dump.cancelled = job_.cancelled();
    if (auto error = nothing_read(collector_.dump))
        return not_understood_ ? *not_understood_ : *error;
    job_.report(collector_.bytes_total, collector_.bytes_total, "reading");
    return std::move(collector_.dump);
}

} // namespace
} // namespace read

Result<Dump> open_dump(const std::vector<std::string>& paths, const OpenOptions& options, const Job& job) {
    return read::Opener(options, job).open(paths);
}

Result<Dump> open_bytes(std::string name, std::string bytes, const OpenOptions& options, const Job& job) {
    const auto owner = std::make_shared<const std::string>(std::move(bytes));
    const read::GivenFile given{name, {owner, *owner, {}}};
    return read::Opener(options, job).open({std::move(name)}, given);
}

std::shared_ptr<const GraphModule> read_print_readable(
    std::string_view text, std::shared_ptr<const void> storage, bool tabbed, std::vector<Problem>& problems) {
    read::ReadableOptions options;
    options.tabbed = tabbed;
    auto modules = read::read_modules(text, storage, options, problems);
    return modules.empty() ? nullptr : std::move(modules.front().module);
}

} // namespace hopscope
