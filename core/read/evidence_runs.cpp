#include "core/read/evidence_parts.h"

#include <algorithm>
#include <set>
#include <tuple>

namespace hopscope::read {

namespace {

class RunFinder {
public:
    RunFinder(const Dump& dump, const std::vector<FileId>& owners,
        const std::vector<std::vector<Process>>& processes, SameGraphs& same, std::vector<Problem>& problems)
        : dump_(dump)
        , processes_(processes)
        , same_(same)
        , problems_(problems)
        , keys_(dump.files.size())
        , graphs_(dump.files.size())
        , run_(dump.files.size(), -1) {
        for (size_t c = 0; c < owners.size(); ++c)
            if (is_compile_id(dump.compilations[c].key.id))
                keys_[owners[c].index].insert(dump.compilations[c].key);
        for (size_t g = 0; g < dump.graphs.size(); ++g)
            graphs_[dump.graphs[g].file.index].push_back(g);
    }

    std::vector<int> run() {
        std::vector<size_t> order(dump_.files.size());
        for (size_t f = 0; f < order.size(); ++f)
            order[f] = f;
        // Those that name their process first: they decide how many runs there are.
        std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) {
            const auto key = [&](size_t f) {
                return std::tuple(processes_[f].empty(), rank_of_kind(dump_.files[f]));
            };
            return key(a) < key(b);
        });
        for (const size_t f : order) {
            if (keys_[f].empty() && processes_[f].empty())
                continue; // a printed graph: it is found by content
            if (processes_[f].empty())
                by_content(f);
            else
                by_process(f);
        }
        return run_;
    }

private:
    // Whether a file and a run tell of the same compilation. A log may not name the rank that a trace names.
    bool overlaps(size_t f, int run, CompileKey* which = nullptr) const {
        for (size_t other = 0; other < run_.size(); ++other) {
            if (run_[other] != run)
                continue;
            for (const CompileKey& key : keys_[f])
                for (const CompileKey& there : keys_[other])
                    if (key.id == there.id && key.attempt == there.attempt
                        && (key.rank == there.rank || !key.rank || !there.rank)) {
                        if (which)
                            *which = key;
                        return true;
                    }
        }
        return false;
    }
    bool any_of_run(int run, auto&& holds) const {
        for (size_t other = 0; other < run_.size(); ++other)
            if (run_[other] == run && holds(other))
                return true;
        return false;
    }

    void by_process(size_t f) {
        for (int r = 0; r < runs_; ++r)
            if (any_of_run(r, [&](size_t o) { return share_a_process(processes_[f], processes_[o]); })) {
                run_[f] = r;
                return;
            }
        // Another process of the same job: another rank, or one that compiled something else.
        int free = -1;
        for (int r = 0; r < runs_; ++r) {
            if (overlaps(f, r))
                continue;
            if (any_of_run(r, [&](size_t o) { return overlap_in_time(processes_[f], processes_[o]); })) {
                free = r;
                break;
            }
            free = free < 0 ? r : free;
        }
        if (free >= 0)
            run_[f] = free;
        else
            begin(f, "was written by another process");
    }

    void by_content(size_t f) {
        int best = -1;
        size_t most = 0;
        bool differs = false;
        for (int r = 0; r < runs_; ++r) {
            size_t equal = 0;
            for (const size_t g : graphs_[f])
                equal += any_of_run(r, [&](size_t other) { return has(other, g); });
            if (equal > most) {
                most = equal;
                best = r;
            }
            differs = differs || contradicts(f, r);
        }
        if (best < 0 && runs_ > 0 && !differs)
            best = 0;
        if (best >= 0)
            run_[f] = best;
        else
            begin(f, "has other graphs under the same compile id");
    }

    bool has(size_t file, size_t graph) const {
        return std::any_of(
            graphs_[file].begin(), graphs_[file].end(), [&](size_t g) { return same_.same(g, graph); });
    }
    bool contradicts(size_t f, int run) const {
        return std::any_of(graphs_[f].begin(), graphs_[f].end(), [&](size_t g) {
            const Graph& mine = dump_.graphs[g];
            return any_of_run(run, [&](size_t other) {
                return std::any_of(graphs_[other].begin(), graphs_[other].end(), [&](size_t o) {
                    const Graph& theirs = dump_.graphs[o];
                    return mine.stage == theirs.stage && mine.label == theirs.label
                        && dump_.compilation(mine.compilation).key.id
                        == dump_.compilation(theirs.compilation).key.id;
                });
            });
        });
    }

    void begin(size_t f, const char* why) {
        CompileKey key;
        for (int r = 0; r < runs_ && key.id.empty(); ++r)
            overlaps(f, r, &key);
        run_[f] = runs_++;
        if (run_[f] == 0)
            return;
        problems_.push_back({Severity::Warning,
            std::string("is evidence of another run: it ") + why + " and tells of " + key.id
                + " too; its compilations are kept apart, as " + key.id + '~' + std::to_string(run_[f] + 1),
            FileId(f), 0, 0});
    }

    const Dump& dump_;
    const std::vector<std::vector<Process>>& processes_;
    SameGraphs& same_;
    std::vector<Problem>& problems_;
    std::vector<std::set<CompileKey>> keys_; // by file
    std::vector<std::vector<size_t>> graphs_; // by file
    std::vector<int> run_; // by file
    int runs_ = 0;
};

} // namespace

std::vector<int> runs_of_files(const Dump& dump, const std::vector<FileId>& owners,
    const std::vector<std::vector<Process>>& processes, SameGraphs& same, std::vector<Problem>& problems) {
    return RunFinder(dump, owners, processes, same, problems).run();
}

} // namespace hopscope::read
