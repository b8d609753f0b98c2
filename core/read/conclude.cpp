#include "core/read/conclude.h"

#include "core/base/text.h"
#include "core/read/collector.h"
#include "core/read/evidence.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <tuple>

namespace hopscope::read {

namespace fs = std::filesystem;

namespace {

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

// Of each file the first thousand problems, and how many there were: a text made for it has one a line.
void bound_problems(std::vector<Problem>& problems) {
    constexpr size_t kMost = 1000;
    if (problems.size() <= kMost)
        return;
    std::map<FileId, size_t> count;
    std::erase_if(problems, [&](const Problem& p) { return ++count[p.file] > kMost; });
    for (const auto& [file, all] : count)
        if (all > kMost)
            problems.push_back(
                {Severity::Warning, counted(all - kMost, "more problem") + " in this file", file, 0, 0});
}

} // namespace

void conclude(Dump& dump, const std::string& folder) {
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
    auto told = std::find_if(dump.files.begin(), dump.files.end(), is_read);
    told = told == dump.files.end() ? dump.files.begin() : told;
    // Cancelled before the first file there is none.
    if (!folder.empty() || told != dump.files.end())
        dump.name = name_of(folder.empty() ? told->path : folder);
    bound_problems(dump.problems);
}

std::optional<Error> nothing_read(const Dump& d) {
    // A text log of which nothing is kept but that there was a compilation (its guards, say) tells nothing.
    const bool logs_alone = std::all_of(d.files.begin(), d.files.end(), [](const DumpFile& f) {
        return !is_read(f) || f.kind == "TORCH_LOGS" || f.kind == "print_readable";
    });
    const bool named = std::any_of(d.compilations.begin(), d.compilations.end(), [&](const Compilation& c) {
        return c.key.id != "-" && (!logs_alone || !c.function.empty() || !c.recompile_reason.empty());
    });
    if (named || d.cancelled || !d.graphs.empty() || !d.timers.empty() || !d.messages.empty()
        || !d.failures.empty() || !d.duplicates.empty() || !d.artifacts.empty() || !d.sources.empty())
        return std::nullopt;
    Error e = make_error(Error::Kind::CannotRead, "");
    const auto worst = std::find_if(
        d.problems.begin(), d.problems.end(), [](const Problem& p) { return p.severity != Severity::Note; });
    const FileId file = worst != d.problems.end() && worst->file ? worst->file : FileId(0);
    const DumpFile& from = d.files[file.index];
    e.message = "found no graph in it, nor anything else that is read of a " + from.kind + " text";
    if (worst != d.problems.end()) {
        e.message = worst->message + ", and no graph was found";
        e.line = worst->line;
        e.offset = worst->offset;
    } else if (!d.problems.empty()) {
        // What was recognised, though nothing is kept of it.
        for (size_t i = 0; i < d.problems.size(); ++i)
            e.message = (i ? e.message + "; " : "") + d.problems[i].message;
        e.line = d.problems.front().line;
        e.offset = d.problems.front().offset;
    }
    e.file = from.path;
    return e;
}

} // namespace hopscope::read
