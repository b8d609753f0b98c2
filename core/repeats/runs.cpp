#include "core/repeats/runs.h"

#include "core/match/hash.h"

#include <algorithm>
#include <map>
#include <unordered_map>

namespace hopscope::repeats {

namespace {

constexpr size_t kWindow = 4; // nodes whose kinds make a neighbourhood
constexpr size_t kBack = 4; // how many earlier occurrences of a neighbourhood vote
constexpr size_t kPeriods = 24; // that are tried
constexpr int kRounds = 6; // of choosing runs in what is left

} // namespace

Finder::Finder(
    const Body& body, const Likeness& like, const Sequence& sequence, size_t least_nodes, size_t least_count)
    : body_(body)
    , like_(like)
    , sequence_(sequence)
    , least_nodes_(std::max<size_t>(1, least_nodes))
    , least_count_(std::max<size_t>(2, least_count))
    , taken_(sequence.nodes.size(), false) { }

// Distances at which the kinds of a few nodes in a row return, by how often they do. A layer has several
// equal stretches (three projections), so that not only the last occurrence votes.
std::vector<uint32_t> Finder::likely_periods() const {
    struct Last {
        uint32_t places[kBack] = {};
        uint32_t count = 0;
    };
    const size_t n = sequence_.nodes.size();
    std::unordered_map<uint64_t, Last> seen;
    std::map<uint32_t, uint32_t> votes;
    for (uint32_t i = 0; i + kWindow <= n; ++i) {
        uint64_t h = 0;
        bool free = true;
        for (uint32_t k = i; k < i + kWindow; ++k) {
            h = match::mix(h, like_.kinds[sequence_.nodes[k].index]);
            free &= !taken_[k];
        }
        if (!free)
            continue;
        Last& last = seen[h];
        for (uint32_t k = 0; k < std::min<uint32_t>(last.count, kBack); ++k)
            ++votes[i - last.places[(last.count - 1 - k) % kBack]];
        last.places[last.count++ % kBack] = i;
    }
    std::vector<std::pair<uint32_t, uint32_t>> order(votes.begin(), votes.end());
    std::stable_sort(
        order.begin(), order.end(), [](const auto& a, const auto& b) { return a.second > b.second; });
    const bool calls = std::find(like_.calls.begin(), like_.calls.end(), true) != like_.calls.end();
    std::vector<uint32_t> periods, brief;
    for (const auto& [period, count] : order) {
        if (period >= least_nodes_ && periods.size() < kPeriods)
            periods.push_back(period);
        else if (period < least_nodes_ && calls)
            brief.push_back(period);
    }
    periods.insert(periods.end(), brief.begin(), brief.end());
    return periods;
}

// Whether node j stands to its surroundings as node i = j - period does to its own: the same kind, operands
// at the same distance, the same ones, or both from before the run. What the first block takes from before
// the run, the second takes from the first.
bool Finder::alike(uint32_t i, uint32_t j, uint32_t run_begin) const {
    const NodeId a = sequence_.nodes[i], b = sequence_.nodes[j];
    if (like_.kinds[a.index] != like_.kinds[b.index])
        return false;
    const auto of_a = like_.of(a), of_b = like_.of(b);
    if (of_a.size() != of_b.size())
        return false;
    const uint32_t period = j - i;
    for (size_t k = 0; k < of_a.size(); ++k) {
        const NodeId x = of_a[k], y = of_b[k];
        if (x == y)
            continue;
        const uint32_t px = sequence_.place[x.index], py = sequence_.place[y.index];
        const bool x_before = px == kOutside || px < run_begin, y_before = py == kOutside || py < run_begin;
        if (!x_before && !y_before) {
            if (py - px != period)
                return false;
            continue;
        }
        if (like_.types[x.index] != like_.types[y.index])
            return false;
        if (x_before && y_before) {
            // Attributes that name something, such as the body of a region, are what they name.
            if (body_.node(x).op == Opcode::GetAttr && body_.node(y).op == Opcode::GetAttr
                && like_.kinds[x.index] != like_.kinds[y.index])
                return false;
            continue;
        }
        if (!x_before || i >= run_begin + period)
            return false;
    }
    return true;
}

std::vector<Run> Finder::runs_of(uint32_t period) const {
    std::vector<Run> runs;
    const uint32_t n = static_cast<uint32_t>(sequence_.nodes.size());
    uint32_t begin = 0;
    for (uint32_t i = 0; i + period <= n; ++i) {
        const bool goes_on =
            i + period < n && !taken_[i] && !taken_[i + period] && alike(i, i + period, begin);
        if (goes_on)
            continue;
        add_run(begin, std::min(n, i + period), period, runs);
        begin = i + 1;
    }
    return runs;
}

// What a cut before each place of [begin, end] costs: parameter paths that are used on both sides, then
// values of the period before it that are used in the period after it.
std::vector<uint32_t> Finder::cut_costs(uint32_t begin, uint32_t end, uint32_t period) const {
    constexpr uint32_t kPath = 1000;
    std::vector<int64_t> change(end - begin + 2, 0);
    const auto spans = [&](uint32_t first, uint32_t last, int64_t cost) { // cuts behind first, up to last
        if (last <= first || last < begin || first >= end)
            return;
        change[std::max(first + 1, begin) - begin] += cost;
        change[std::min(last, end) - begin + 1] -= cost;
    };
    std::unordered_map<std::string, std::pair<uint32_t, uint32_t>> paths;
    for (uint32_t p = begin; p < end; ++p) {
        uint32_t last = p;
        for (const NodeId user : body_.users_of(body_.node(sequence_.nodes[p]))) {
            const uint32_t q = sequence_.place[user.index];
            if (q != kOutside && q > p && q - p <= 2 * period)
                last = std::max(last, q);
        }
        spans(p, last, 1);
        for (const NodeId operand : like_.of(sequence_.nodes[p])) {
            const std::string& path = like_.paths[operand.index];
            if (path.empty())
                continue;
            auto& range = paths.try_emplace(path, p, p).first->second;
            range.second = p;
        }
    }
    for (const auto& entry : paths)
        spans(entry.second.first, entry.second.second, kPath);
    std::vector<uint32_t> costs;
    int64_t sum = 0;
    for (size_t i = 0; i + 1 < change.size(); ++i)
        costs.push_back(static_cast<uint32_t>(sum += change[i]));
    return costs;
}

// Where the blocks of a run are cut, if there is room to choose: where all its cuts together cost least.
uint32_t Finder::best_begin(uint32_t begin, uint32_t period, uint32_t room) const {
    const uint32_t count = room / period, slack = room - count * period;
    if (slack == 0)
        return begin;
    const std::vector<uint32_t> costs = cut_costs(begin, begin + room, period);
    uint32_t best = begin;
    uint64_t best_cost = UINT64_MAX;
    for (uint32_t phase = 0; phase <= slack; ++phase) {
        uint64_t cost = 0;
        for (uint32_t k = 1; k < count; ++k) // the cuts between blocks
            cost += costs[phase + k * period];
        if (cost < best_cost) {
            best_cost = cost;
            best = begin + phase;
        }
    }
    return best;
}

void Finder::add_run(uint32_t begin, uint32_t end, uint32_t period, std::vector<Run>& runs) const {
    if (end - begin < least_count_ * period)
        return;
    Run run{best_begin(begin, period, end - begin), period, 0};
    // Proven block by block: the scan looked at each node by itself.
    run.count = 1;
    while (run.end() + period <= end && equal_blocks(run.begin, run.end(), period))
        ++run.count;
    if (run.count >= least_count_ && is_structure(run))
        runs.push_back(run);
}

bool Finder::is_structure(const Run& run) const {
    if (run.length >= least_nodes_)
        return true;
    for (uint32_t p = run.begin; p < run.begin + run.length; ++p)
        if (like_.calls[sequence_.nodes[p].index])
            return true;
    return false;
}

bool Finder::equal_blocks(uint32_t a, uint32_t b, uint32_t length) const {
    std::unordered_map<uint32_t, uint32_t> outer, back; // outer values that stand for each other, one to one
    for (uint32_t t = 0; t < length; ++t) {
        const NodeId x = sequence_.nodes[a + t], y = sequence_.nodes[b + t];
        if (like_.kinds[x.index] != like_.kinds[y.index])
            return false;
        const auto of_x = like_.of(x), of_y = like_.of(y);
        if (of_x.size() != of_y.size())
            return false;
        for (size_t k = 0; k < of_x.size(); ++k) {
            const uint32_t px = sequence_.place[of_x[k].index], py = sequence_.place[of_y[k].index];
            const bool in_x = px != kOutside && px >= a && px < a + length;
            const bool in_y = py != kOutside && py >= b && py < b + length;
            if (in_x != in_y || (in_x && px - a != py - b))
                return false;
            if (in_x)
                continue;
            if (like_.types[of_x[k].index] != like_.types[of_y[k].index])
                return false;
            if (body_.node(of_x[k]).op == Opcode::GetAttr && body_.node(of_y[k]).op == Opcode::GetAttr
                && like_.kinds[of_x[k].index] != like_.kinds[of_y[k].index])
                return false;
            if (outer.try_emplace(of_x[k].index, of_y[k].index).first->second != of_y[k].index
                || back.try_emplace(of_y[k].index, of_x[k].index).first->second != of_x[k].index)
                return false;
        }
    }
    return true;
}

std::vector<Run> Finder::find() {
    std::vector<Run> chosen;
    for (int round = 0; round < kRounds; ++round) {
        std::vector<Run> runs;
        for (const uint32_t period : likely_periods()) {
            const std::vector<Run> more = runs_of(period);
            runs.insert(runs.end(), more.begin(), more.end());
        }
        // The most nodes first; of as many, the shorter block: the smallest part that repeats.
        std::stable_sort(runs.begin(), runs.end(), [](const Run& a, const Run& b) {
            const uint32_t m = a.length * a.count, n = b.length * b.count;
            return m != n ? m > n : a.length < b.length;
        });
        bool found = false;
        for (const Run& run : runs) {
            if (std::find(taken_.begin() + run.begin, taken_.begin() + run.end(), true)
                != taken_.begin() + run.end())
                continue; // what is left of it, the next round finds
            std::fill(taken_.begin() + run.begin, taken_.begin() + run.end(), true);
            chosen.push_back(run);
            found = true;
        }
        if (!found)
            break;
    }
    return chosen;
}

std::vector<uint32_t> Finder::find_elsewhere(uint32_t block, uint32_t length) {
    // A rolling hash of the kinds of `length` nodes: modulo 2^64 with an odd base; every hit is proven.
    constexpr uint64_t kBase = 0x9e3779b97f4a7c15ULL;
    const uint32_t n = static_cast<uint32_t>(sequence_.nodes.size());
    const auto kind = [&](uint32_t p) { return like_.kinds[sequence_.nodes[p].index]; };
    uint64_t wanted = 0, power = 1, rolling = 0;
    for (uint32_t t = 0; t < length; ++t) {
        wanted = wanted * kBase + kind(block + t);
        power *= kBase;
    }
    std::vector<uint32_t> found;
    uint32_t free = 0; // places in a row that are not taken
    for (uint32_t p = 0; p < n; ++p) {
        rolling = rolling * kBase + kind(p) - (p >= length ? power * kind(p - length) : 0);
        free = taken_[p] ? 0 : free + 1;
        if (free < length || rolling != wanted)
            continue;
        const uint32_t begin = p + 1 - length;
        if (!equal_blocks(block, begin, length))
            continue;
        std::fill(taken_.begin() + begin, taken_.begin() + p + 1, true);
        found.push_back(begin);
        free = 0;
    }
    return found;
}

} // namespace hopscope::repeats
