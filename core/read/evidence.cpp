#include "core/read/evidence.h"

#include "core/read/evidence_parts.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

namespace hopscope::read {

void Evidence::add(FileId file, std::string_view bytes) {
    if (bytes_.size() <= file.index)
        bytes_.resize(file.index + 1);
    bytes_[file.index] = bytes;
}

void Evidence::part(FileId file, FileId whole) {
    parts_[file] = whole;
}

void move_compilations(Dump& dump, const std::vector<CompilationId>& moved) {
    const auto move_all = [&](auto&... tables) {
        const auto move = [&](CompilationId& id) { id = id ? moved[id.index] : id; };
        const auto move_rows = [&](auto& rows) {
            for (auto& row : rows)
                move(row.compilation);
        };
        (move_rows(tables), ...);
    };
    move_all(dump.graphs, dump.timers, dump.duplicates, dump.failures, dump.symbols, dump.artifacts,
        dump.caches, dump.inputs, dump.marked, dump.module_calls);
}

namespace {

class Merger {
public:
    Merger(Dump& dump, std::vector<FileId> owners, std::vector<std::vector<Process>> processes,
        const std::map<FileId, FileId>& parts, const Job& job)
        : dump_(dump)
        , owners_(std::move(owners))
        , processes_(std::move(processes))
        , same_(dump)
        , several_files_(count_files() > 1)
        , parts_(parts)
        , job_(job) { }

    void run() {
        runs_ = runs_of_files(dump_, owners_, processes_, same_, dump_.problems);
        name_ranks();
        unite_known();
        if (several_files_ && !job_.cancelled()) {
            fold_graphs();
            place_unknown();
            contradictions();
            drop_folded();
            drop_repeated_messages(dump_);
        }
        unite_unknown();
    }

private:
    // Files that graphs or messages came from.
    size_t count_files() const {
        std::set<FileId> files;
        for (const Graph& g : dump_.graphs)
            files.insert(g.file);
        for (const ReuseMessage& m : dump_.messages)
            files.insert(m.file);
        return files.size();
    }

    const CompileKey& key_of(size_t compilation) const { return dump_.compilations[compilation].key; }
    const CompileKey& key_of(const Graph& g) const { return dump_.compilation(g.compilation).key; }
    int run_of(FileId file) const { return runs_[file.index]; }

    // A log of one process whose trace names a rank is of that rank.
    void name_ranks() {
        std::vector<std::set<int>> ranks(dump_.files.size());
        for (size_t c = 0; c < owners_.size(); ++c)
            if (const auto rank = key_of(c).rank)
                ranks[owners_[c].index].insert(*rank);
        for (size_t f = 0; f < dump_.files.size(); ++f) {
            if (!ranks[f].empty() || processes_[f].size() != 1)
                continue;
            std::set<int> found;
            for (size_t other = 0; other < dump_.files.size(); ++other)
                if (share_a_process(processes_[f], processes_[other]))
                    found.insert(ranks[other].begin(), ranks[other].end());
            if (found.size() != 1)
                continue;
            for (size_t c = 0; c < owners_.size(); ++c)
                if (owners_[c] == FileId(f))
                    dump_.compilations[c].key.rank = *found.begin();
            for (ReuseMessage& m : dump_.messages)
                if (m.file == FileId(f))
                    m.key.rank = *found.begin();
        }
    }

    // One compilation for each run and key that is told. The first run keeps PyTorch's ids, the second has
    // "0/0~2".
    void unite_known() {
        std::vector<size_t> order(owners_.size());
        for (size_t c = 0; c < order.size(); ++c)
            order[c] = c;
        std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) {
            return rank_of_kind(dump_.files[owners_[a].index]) < rank_of_kind(dump_.files[owners_[b].index]);
        });
        std::map<std::pair<int, CompileKey>, CompilationId> known;
        std::vector<CompilationId> moved(owners_.size());
        std::vector<Compilation> kept;
        std::vector<FileId> owners;
        for (const size_t c : order) {
            const int run = run_of(owners_[c]);
            CompileKey key = key_of(c);
            auto at = known.end();
            if (is_compile_id(key.id)) {
                at = known.find({run, key});
                // A log may not tell the rank: then it is of the first.
                if (at == known.end() && !key.rank) {
                    const auto without_rank = [&](const auto& entry) {
                        const auto& [other_run, other] = entry.first;
                        return other_run == run && other.id == key.id && other.attempt == key.attempt;
                    };
                    at = std::find_if(known.begin(), known.end(), without_rank);
                    if (at != known.end() && at->first.second.rank
                        && std::count_if(known.begin(), known.end(), without_rank) > 1
                        && rankless_.insert(owners_[c]).second)
                        dump_.problems.push_back({Severity::Warning,
                            "tells no rank, and several ranks compiled " + key.id
                                + ": what it tells is taken as rank " + std::to_string(*at->first.second.rank)
                                + "'s",
                            owners_[c], 0, 0});
                }
            }
            if (at != known.end()) {
                moved[c] = at->second;
                complete(kept[at->second.index], dump_.compilations[c], owners_[c]);
                continue;
            }
            moved[c] = CompilationId(kept.size());
            if (is_compile_id(key.id))
                known.emplace(std::pair{run, key}, moved[c]);
            kept.push_back(std::move(dump_.compilations[c]));
            owners.push_back(owners_[c]);
            if (run > 0 && is_compile_id(key.id))
                kept.back().key.id += run_mark(run);
        }
        dump_.compilations = std::move(kept);
        owners_ = std::move(owners);
        move_compilations(dump_, moved);
        for (ReuseMessage& m : dump_.messages)
            if (run_of(m.file) > 0 && is_compile_id(m.key.id))
                m.key.id += run_mark(run_of(m.file));
    }
    static std::string run_mark(int run) { return '~' + std::to_string(run + 1); }

    // What the one does not tell, the other may. What both tell must agree.
    void complete(Compilation& to, const Compilation& from, FileId file) {
        const auto fill = [&](std::string& mine, const std::string& theirs, const char* what) {
            if (mine.empty())
                mine = theirs;
            else if (!theirs.empty() && mine != theirs)
                dump_.problems.push_back({Severity::Warning,
                    "says that the " + std::string(what) + " of " + to.key.id + " is " + theirs
                        + "; another input says " + mine + ", which is used",
                    file, 0, 0});
        };
        fill(to.function, from.function, "function");
        fill(to.file, from.file, "source file");
        fill(to.fail_type, from.fail_type, "error");
        fill(to.fail_reason, from.fail_reason, "error's message");
        if (to.recompile_reason.empty())
            to.recompile_reason = from.recompile_reason;
        to.line = to.line ? to.line : from.line;
        to.compile_seconds = to.compile_seconds > 0 ? to.compile_seconds : from.compile_seconds;
    }

    // An inference graph is headed "Forward graph" in the text log.
    static bool stages_agree(Stage a, Stage b) {
        const auto plain = [](Stage s) { return s == Stage::Inference ? Stage::Forward : s; };
        return plain(a) == plain(b);
    }
    bool may_be_same(const Graph& kept, const Graph& g) const {
        if (kept.file == g.file)
            return false;
        const int run_a = run_of(kept.file);
        const int run_b = run_of(g.file);
        if (run_a >= 0 && run_b >= 0 && run_a != run_b)
            return false;
        const CompileKey& a = key_of(kept);
        const CompileKey& b = key_of(g);
        // The files of a debug folder: whoever wrote them told their graphs apart, equal or not, be they of
        // one model or of two.
        if (!is_compile_id(a.id) && !is_compile_id(b.id))
            return input_of(kept.file) != input_of(g.file);
        if (!is_compile_id(a.id) || !is_compile_id(b.id))
            return true;
        return a.id == b.id && a.attempt == b.attempt && (a.rank == b.rank || !a.rank || !b.rank)
            && (stages_agree(kept.stage, g.stage) || kept.stage == Stage::Graph || g.stage == Stage::Graph);
    }

    // Each graph, those of files that tell most first, becomes a further place of an equal one of another
    // file, if there is one that is taken neither by this file yet nor by another model of its debug folder.
    void fold_graphs() {
        folded_.assign(dump_.graphs.size(), UINT32_MAX);
        std::vector<size_t> order(dump_.graphs.size());
        for (size_t g = 0; g < order.size(); ++g)
            order[g] = g;
        const auto tells = [&](size_t g) {
            const Graph& graph = dump_.graphs[g];
            return std::tuple(!is_compile_id(key_of(graph).id), rank_of_kind(dump_.files[graph.file.index]));
        };
        std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return tells(a) < tells(b); });
        std::map<size_t, std::vector<size_t>> kept; // by count of nodes
        std::set<std::pair<size_t, FileId>> taken;
        std::map<std::pair<size_t, FileId>, std::string> models; // by graph and input: whose it is
        for (const size_t g : order) {
            const Graph& mine = dump_.graphs[g];
            const size_t nodes = mine.module->bodies.empty() ? 0 : mine.module->bodies[0].nodes.size();
            size_t best = SIZE_MAX;
            int best_score = -1;
            for (const size_t k : kept[nodes]) {
                const Graph& theirs = dump_.graphs[k];
                if (!may_be_same(theirs, mine) || taken.count({k, mine.file}))
                    continue;
                const auto model = models.find({k, input_of(mine.file)});
                if (model != models.end() && model->second != key_of(mine).id)
                    continue;
                const int score = 2 * stages_agree(theirs.stage, mine.stage) + (theirs.label == mine.label)
                    + theirs.label.empty();
                if (score > best_score && same_.same(k, g)) {
                    best = k;
                    best_score = score;
                }
            }
            if (best == SIZE_MAX) {
                kept[nodes].push_back(g);
                continue;
            }
            folded_[g] = static_cast<uint32_t>(best);
            taken.emplace(best, mine.file);
            models.emplace(std::pair{best, input_of(mine.file)}, key_of(mine).id);
            dump_.graphs[best].also.push_back({mine.file, mine.line, mine.offset});
            if (dump_.graphs[best].saved.empty())
                dump_.graphs[best].saved = mine.saved;
        }
    }

    FileId input_of(FileId file) const {
        const auto at = parts_.find(file);
        return at == parts_.end() ? file : at->second;
    }
    // Inputs that know no compile id: a file, or a debug folder.
    std::pair<std::string, FileId> group_of(size_t compilation) const {
        return {key_of(compilation).id, input_of(owners_[compilation])};
    }

    // Where the graphs of such an input are those of one compilation, all that it tells is of that one.
    void place_unknown() {
        std::map<std::pair<std::string, FileId>, std::vector<size_t>> groups;
        for (size_t c = 0; c < owners_.size(); ++c)
            if (!is_compile_id(key_of(c).id))
                groups[group_of(c)].push_back(c);
        const bool any_known = groups.size() < owners_.size()
            && std::any_of(dump_.graphs.begin(), dump_.graphs.end(),
                [&](const Graph& g) { return is_compile_id(key_of(g).id); });
        std::vector<CompilationId> moved(owners_.size());
        for (size_t c = 0; c < moved.size(); ++c)
            moved[c] = CompilationId(c);
        for (const auto& [group, members] : groups) {
            std::set<CompilationId> found;
            size_t graphs = 0;
            bool shared = false; // with any other input
            for (size_t g = 0; g < dump_.graphs.size(); ++g) {
                if (std::find(members.begin(), members.end(), dump_.graphs[g].compilation.index)
                    == members.end())
                    continue;
                ++graphs;
                shared = shared || folded_[g] != UINT32_MAX || !dump_.graphs[g].also.empty();
                if (folded_[g] != UINT32_MAX && is_compile_id(key_of(dump_.graphs[folded_[g]]).id))
                    found.insert(dump_.graphs[folded_[g]].compilation);
            }
            if (found.size() == 1) {
                for (const size_t c : members)
                    moved[c] = *found.begin();
                messages_to(members, key_of(found.begin()->index));
            } else if (found.empty() && graphs > 0 && !shared && any_known) {
                dump_.problems.push_back({Severity::Note,
                    "has no graph that another input has too: nothing shows that it is of the same run; it "
                    "is kept "
                    "apart, as compilation "
                        + group.first,
                    owners_[members.front()], 0, 0});
            }
        }
        move_compilations(dump_, moved);
        std::vector<char> used(owners_.size(), 0);
        for (size_t c = 0; c < moved.size(); ++c)
            used[moved[c].index] = 1;
        erase_compilations(used);
    }

    void messages_to(const std::vector<size_t>& members, const CompileKey& key) {
        for (ReuseMessage& m : dump_.messages)
            for (const size_t c : members)
                if (input_of(m.file) == input_of(owners_[c]) && m.key == key_of(c)) {
                    m.key = key;
                    break;
                }
    }

    void erase_compilations(const std::vector<char>& used) {
        std::vector<CompilationId> moved(owners_.size());
        std::vector<Compilation> kept;
        std::vector<FileId> owners;
        for (size_t c = 0; c < owners_.size(); ++c) {
            if (!used[c])
                continue;
            moved[c] = CompilationId(kept.size());
            kept.push_back(std::move(dump_.compilations[c]));
            owners.push_back(owners_[c]);
        }
        dump_.compilations = std::move(kept);
        owners_ = std::move(owners);
        move_compilations(dump_, moved);
    }

    // Two files of one run that each have a graph of the same stage and label which the other has not.
    void contradictions() {
        std::map<std::tuple<CompilationId, Stage, std::string>, std::map<FileId, size_t>> alone;
        for (size_t g = 0; g < dump_.graphs.size(); ++g) {
            const Graph& graph = dump_.graphs[g];
            if (folded_[g] == UINT32_MAX && is_compile_id(key_of(graph).id))
                alone[{graph.compilation, graph.stage, graph.label}].try_emplace(graph.file, g);
        }
        for (const auto& [what, files] : alone) {
            const auto tells_most =
                std::min_element(files.begin(), files.end(), [&](const auto& a, const auto& b) {
                    return rank_of_kind(dump_.files[a.first.index])
                        < rank_of_kind(dump_.files[b.first.index]);
                });
            const Graph& first = dump_.graphs[tells_most->second];
            for (const auto& [file, g] : files) {
                const bool has_it = std::any_of(first.also.begin(), first.also.end(),
                    [&, own = file](const DumpPlace& p) { return p.file == own; });
                if (g == tells_most->second || has_it)
                    continue;
                const Graph& other = dump_.graphs[g];
                dump_.problems.push_back({Severity::Warning,
                    "tells another " + std::string(stage_name(other.stage)) + " graph of " + key_of(other).id
                        + " than " + place_text(dump_, {first.file, first.line, first.offset}) + ": "
                        + same_.difference(tells_most->second, g) + "; both are kept",
                    other.file, other.line, other.offset});
            }
        }
    }

    void drop_folded() {
        size_t at = 0;
        std::erase_if(dump_.graphs, [&](const Graph&) { return folded_[at++] != UINT32_MAX; });
    }

    // What is left without an id is one compilation, as if it had come in one file.
    void unite_unknown() {
        std::map<CompileKey, CompilationId> known;
        std::vector<CompilationId> moved(owners_.size());
        std::vector<char> used(owners_.size(), 1);
        for (size_t c = 0; c < owners_.size(); ++c) {
            moved[c] = CompilationId(c);
            if (is_compile_id(key_of(c).id))
                continue;
            const auto [at, is_new] = known.emplace(key_of(c), moved[c]);
            if (is_new)
                continue;
            moved[c] = at->second;
            used[c] = 0;
            complete(dump_.compilations[at->second.index], dump_.compilations[c], owners_[c]);
        }
        move_compilations(dump_, moved);
        erase_compilations(used);
    }

    Dump& dump_;
    std::vector<FileId> owners_; // by compilation
    std::vector<std::vector<Process>> processes_; // by file
    SameGraphs same_; // of the graphs as they were read
    bool several_files_;
    const std::map<FileId, FileId>& parts_;
    const Job& job_;
    std::vector<int> runs_; // by file
    std::set<FileId> rankless_; // files of which it was said that they tell no rank
    std::vector<uint32_t> folded_; // by graph: the one that it is a further place of; UINT32_MAX = none
};

} // namespace

void Evidence::merge(Dump& dump, std::vector<FileId> owners, const Job& job) const {
    if (dump.files.size() < 2)
        return;
    std::vector<std::vector<Process>> processes(dump.files.size());
    for (size_t f = 0; f < processes.size(); ++f)
        processes[f] = processes_of(dump.files[f].path, f < bytes_.size() ? bytes_[f] : std::string_view{});
    Merger(dump, std::move(owners), std::move(processes), parts_, job).run();
}

} // namespace hopscope::read
