// Left to right inside the rows: the layer sweep of Sugiyama, Tagawa and Toda with the refinements of Gansner
// et al. (1993): means and medians in turn, transposing neighbours after each sweep, the best of all sweeps
// kept.
#include "core/layout/layered.h"

#include <algorithm>
#include <numeric>

namespace hopscope::layout::detail {

namespace {

constexpr uint32_t kLargeGraph = 2000; // boxes; above, fewer starts and sweeps
constexpr int kSweeps = 24, kSweepsLarge = 8;
constexpr int kPatience = 6; // sweeps without a gain of half a percent
constexpr int kTransposeRounds = 3; // in one row

enum class Start { FromTop, FromBottom, ByIndex };

// Pairs (x of a, y of b) with x > y: the crossings of a and b while a lies left of b. Both are sorted.
uint64_t inversions(std::span<const uint32_t> a, std::span<const uint32_t> b) {
    if (a.size() == 1 && b.size() == 1)
        return a[0] > b[0];
    uint64_t sum = 0;
    size_t smaller = 0;
    for (uint32_t x : a) {
        while (smaller < b.size() && b[smaller] < x)
            ++smaller;
        sum += smaller;
    }
    return sum;
}

class Sweeper {
public:
    Sweeper(Layers& layers, const Job& job)
        : layers_(layers)
        , job_(job)
        , gap_(layers.rows(), 0)
        , stale_(layers.rows(), 1)
        , dirty_(layers.rows(), 1) { }

    uint64_t run() {
        const bool large = layers_.boxes > kLargeGraph;
        best_ = UINT64_MAX;
        for (Start start : {Start::FromTop, Start::FromBottom, Start::ByIndex}) {
            if (best_ == 0 || (large && start != Start::FromTop))
                break;
            begin(start);
            sweep_all(large ? kSweepsLarge : kSweeps);
            if (job_.cancelled())
                break;
        }
        restore();
        return best_;
    }

private:
    void begin(Start start) {
        switch (start) {
        case Start::FromTop:
            depth_first(layers_.up_start, layers_.down_start, layers_.down);
            break;
        case Start::FromBottom:
            depth_first(layers_.down_start, layers_.up_start, layers_.up);
            break;
        case Start::ByIndex:
            place_in_rows([this](auto&& take) {
                for (uint32_t e = 0; e < layers_.size(); ++e)
                    take(e);
            });
            break;
        }
        std::fill(dirty_.begin(), dirty_.end(), 1);
        std::fill(stale_.begin(), stale_.end(), 1);
        keep(count());
    }

    // Calls `visit` with a function that appends an element to its row.
    template <class Visit> void place_in_rows(Visit visit) {
        std::vector<uint32_t> next(layers_.row_start.begin(), layers_.row_start.end() - 1);
        visit([&](uint32_t e) {
            const size_t row = static_cast<size_t>(layers_.row[e]);
            layers_.position[e] = next[row] - layers_.row_start[row];
            layers_.order[next[row]++] = e;
        });
    }

    // Elements in the order in which a depth-first walk from the ends without `back` arcs meets them.
    void depth_first(const std::vector<uint32_t>& back_start, const std::vector<uint32_t>& start,
        const std::vector<uint32_t>& arcs) {
        std::vector<bool> seen(layers_.size(), false);
        std::vector<uint32_t> stack;
        place_in_rows([&](auto&& take) {
            for (uint32_t root = 0; root < layers_.size(); ++root) {
                if (back_start[root] != back_start[root + 1])
                    continue;
                stack.push_back(root);
                while (!stack.empty()) {
                    const uint32_t e = stack.back();
                    stack.pop_back();
                    if (seen[e])
                        continue;
                    seen[e] = true;
                    take(e);
                    for (uint32_t i = start[e + 1]; i > start[e]; --i)
                        if (!seen[arcs[i - 1]])
                            stack.push_back(arcs[i - 1]);
                }
            }
        });
    }

    void sweep_all(int sweeps) {
        uint64_t reference = best_;
        int idle = 0;
        for (int sweep = 0; sweep < sweeps && best_ > 0 && idle < kPatience && !job_.cancelled(); ++sweep) {
            const bool down = sweep % 2 == 0, median = sweep / 2 % 2 == 1, reverse_equal = sweep / 4 % 2 == 1;
            const size_t rows = layers_.rows();
            for (size_t i = 1; i < rows; ++i)
                arrange(down ? i : rows - 1 - i, down, median, reverse_equal);
            transpose(sweep / 2 % 2 == 1);
            transpose(false);
            keep(count());
            idle = best_ + best_ / 200 < reference ? 0 : idle + 1;
            if (idle == 0)
                reference = best_;
        }
    }

    // Sorts a row by where its neighbours in the row before lie; elements without any keep their slot.
    void arrange(size_t r, bool down, bool median, bool reverse_equal) {
        constexpr uint64_t kScale = 256;
        const auto row = layers_.in_row(r);
        slots_.clear();
        keys_.clear();
        elements_.clear();
        for (uint32_t slot = 0; slot < row.size(); ++slot) {
            const uint32_t e = row[slot];
            const auto near = down ? layers_.above(e) : layers_.below(e);
            if (near.empty())
                continue;
            uint64_t measure = 0;
            if (near.size() == 1) {
                measure = kScale * layers_.position[near[0]];
            } else if (median) {
                measure = kScale * median_position(near);
            } else {
                for (uint32_t other : near)
                    measure += layers_.position[other];
                measure = measure * kScale / near.size();
            }
            const uint32_t i = static_cast<uint32_t>(slots_.size());
            keys_.push_back((measure << 24) | (reverse_equal ? 0xffffff - i : i));
            slots_.push_back(slot);
            elements_.push_back(e);
        }
        if (std::is_sorted(keys_.begin(), keys_.end()))
            return;
        std::sort(keys_.begin(), keys_.end());
        for (size_t i = 0; i < keys_.size(); ++i) {
            const uint32_t from = static_cast<uint32_t>(keys_[i] & 0xffffff);
            put(r, slots_[i], elements_[reverse_equal ? 0xffffff - from : from]);
        }
        touch(r);
    }

    uint64_t median_position(std::span<const uint32_t> near) {
        lists_.clear();
        for (uint32_t other : near)
            lists_.push_back(layers_.position[other]);
        const auto middle = lists_.begin() + static_cast<ptrdiff_t>(lists_.size() / 2);
        std::nth_element(lists_.begin(), middle, lists_.end());
        if (lists_.size() % 2 == 1)
            return *middle;
        return (*middle + *std::max_element(lists_.begin(), middle)) / 2;
    }

    void put(size_t r, size_t slot, uint32_t e) {
        layers_.order[layers_.row_start[r] + slot] = e;
        layers_.position[e] = static_cast<uint32_t>(slot);
    }

    void touch(size_t r) {
        stale_[r] = 1;
        dirty_[r] = 1;
        if (r > 0)
            dirty_[r - 1] = stale_[r - 1] = 1;
        if (r + 1 < layers_.rows())
            dirty_[r + 1] = 1;
    }

    uint64_t gap(size_t r) {
        if (stale_[r]) {
            gap_[r] = crossings_below(layers_, r, tree_);
            stale_[r] = 0;
        }
        return gap_[r];
    }

    uint64_t count() {
        uint64_t sum = 0;
        for (size_t r = 0; r + 1 < layers_.rows(); ++r)
            sum += gap(r);
        return sum;
    }

    // Swaps neighbours that cross less the other way round, in rows next to a change.
    void transpose(bool swap_equal) {
        for (size_t r = 0; r < layers_.rows(); ++r) {
            if (!dirty_[r])
                continue;
            dirty_[r] = 0;
            if (gap(r) == 0 && (r == 0 || gap(r - 1) == 0))
                continue;
            if (transpose_row(r, swap_equal))
                touch(r);
        }
    }

    // Sorted positions of the neighbours of each element of a row, above and below.
    void gather(size_t r) {
        const auto row = layers_.in_row(r);
        lists_.clear();
        starts_.clear();
        for (uint32_t e : row)
            for (const auto& near : {layers_.above(e), layers_.below(e)}) {
                const size_t start = lists_.size();
                starts_.push_back(static_cast<uint32_t>(start));
                for (uint32_t other : near)
                    lists_.push_back(layers_.position[other]);
                if (near.size() > 1)
                    std::sort(lists_.begin() + static_cast<ptrdiff_t>(start), lists_.end());
            }
        starts_.push_back(static_cast<uint32_t>(lists_.size()));
    }

    std::span<const uint32_t> list(uint32_t i, uint32_t side) const {
        const uint32_t k = 2 * i + side;
        return {lists_.data() + starts_[k], starts_[k + 1] - starts_[k]};
    }

    bool transpose_row(size_t r, bool swap_equal) {
        const uint32_t n = static_cast<uint32_t>(layers_.in_row(r).size());
        if (n < 2)
            return false;
        gather(r);
        elements_.assign(layers_.in_row(r).begin(), layers_.in_row(r).end());
        slots_.resize(n); // which of the gathered elements lies at a place
        std::iota(slots_.begin(), slots_.end(), 0u);
        bool changed = false;
        for (int round = 0; round < kTransposeRounds; ++round) {
            bool gained = false;
            for (uint32_t i = 0; i + 1 < n; ++i) {
                const uint32_t a = slots_[i], b = slots_[i + 1];
                const uint64_t now = inversions(list(a, 0), list(b, 0)) + inversions(list(a, 1), list(b, 1));
                if (now == 0)
                    continue;
                const uint64_t then = inversions(list(b, 0), list(a, 0)) + inversions(list(b, 1), list(a, 1));
                if (then < now || (then == now && swap_equal && round == 0)) {
                    std::swap(slots_[i], slots_[i + 1]);
                    changed = true;
                    gained |= then < now;
                }
            }
            if (!gained)
                break;
        }
        if (changed)
            for (uint32_t i = 0; i < n; ++i)
                put(r, i, elements_[slots_[i]]);
        return changed;
    }

    void keep(uint64_t found) {
        if (found >= best_)
            return;
        best_ = found;
        best_order_ = layers_.order;
    }

    void restore() {
        layers_.order = best_order_;
        for (size_t r = 0; r < layers_.rows(); ++r) {
            const auto row = layers_.in_row(r);
            for (uint32_t i = 0; i < row.size(); ++i)
                layers_.position[row[i]] = i;
        }
    }

    Layers& layers_;
    const Job& job_;
    uint64_t best_ = UINT64_MAX;
    std::vector<uint32_t> best_order_;
    std::vector<uint64_t> gap_; // crossings below each row
    std::vector<uint8_t> stale_; // gap_ must be counted again
    std::vector<uint8_t> dirty_; // to be looked at by transpose
    std::vector<uint32_t> slots_, elements_, lists_, starts_, tree_;
    std::vector<uint64_t> keys_;
};

} // namespace

uint64_t order_rows(Layers& layers, const Job& job) {
    if (layers.rows() == 0)
        return 0;
    return Sweeper(layers, job).run();
}

} // namespace hopscope::layout::detail
