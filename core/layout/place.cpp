// x of each element. Rows start packed; then every row in turn takes the places closest to where its
// neighbours want it (pooled least squares: optimal for the row, and it cannot overlap). Trunks come out wavy
// from that and columns of boxes slanted, so both are straightened at the end, inside the room that their
// rows leave. Brandes-Köpf was measured too: its rigid trunks hold boxes apart, 1.7 times as wide.
//
// Numbers are 1/64 points in 64 bits: doubles may differ between machines.
#include "core/layout/layered.h"

#include <algorithm>
#include <numeric>

namespace hopscope::layout::detail {

namespace {

constexpr int64_t kOne = 64;
constexpr int kRounds = 8, kStraightenRounds = 8;
// Of very large pictures nobody sees more than a part, and it is a few points that the last rounds move.
constexpr size_t kManyElements = 100'000;
constexpr int kRoundsMany = 5, kStraightenRoundsMany = 4;
constexpr int64_t kFar = int64_t{1} << 50;

struct Interval {
    int64_t low = -kFar, high = kFar;

    bool empty() const { return low > high; }
    Interval meet(Interval other) const {
        return {.low = std::max(low, other.low), .high = std::min(high, other.high)};
    }
    int64_t nearest(int64_t x) const { return std::clamp(x, low, high); }
};

class Placer {
public:
    Placer(const Graph& graph, const Layers& layers)
        : graph_(graph)
        , layers_(layers)
        , x_(layers.size(), 0)
        , half_(layers.size(), 0)
        , gap_before_(layers.size(), 0)
        , by_length_(layers.chains.size()) {
        for (uint32_t e = 0; e < layers.size(); ++e)
            half_[e] = kOne * half_width(graph, layers, e);
        for (size_t r = 0; r < layers.rows(); ++r) {
            const auto row = layers.in_row(r);
            for (size_t i = 1; i < row.size(); ++i)
                gap_before_[row[i]] = kOne * separation(graph, layers, row[i - 1], row[i]);
        }
        std::iota(by_length_.begin(), by_length_.end(), 0u);
        std::stable_sort(by_length_.begin(), by_length_.end(),
            [&](uint32_t a, uint32_t b) { return layers.chains[a].length > layers.chains[b].length; });
    }

    std::vector<int> run(const Job& job) {
        const bool many = layers_.size() > kManyElements;
        const int rounds = many ? kRoundsMany : kRounds;
        const int straighten_rounds = many ? kStraightenRoundsMany : kStraightenRounds;
        pack_rows();
        for (int round = 0; round < rounds && !job.cancelled(); ++round) {
            for (size_t r = 0; r < layers_.rows(); ++r)
                settle(r);
            for (size_t r = layers_.rows(); r > 0; --r)
                settle(r - 1);
        }
        link_columns();
        for (int round = 0; round < straighten_rounds && !job.cancelled(); ++round) {
            const bool from_top = round % 2 == 0;
            for (uint32_t chain : by_length_)
                straighten(layers_.chains[chain], from_top);
            for (uint32_t i = 0; i < layers_.boxes; ++i) {
                const uint32_t box = from_top ? i : layers_.boxes - 1 - i;
                if (!has_upper_[box])
                    straighten_column(box, from_top);
            }
        }
        return whole();
    }

private:
    void pack_rows() {
        for (size_t r = 0; r < layers_.rows(); ++r) {
            const auto row = layers_.in_row(r);
            if (row.empty())
                continue;
            int64_t x = 0;
            for (uint32_t e : row)
                x_[e] = x += gap_before_[e];
            const int64_t middle = x / 2;
            for (uint32_t e : row)
                x_[e] -= middle;
        }
    }

    // A trunk keeps to its own way: users that branch off it would pull it aside at every branch.
    void neighbours(uint32_t e, bool above) {
        near_.clear();
        const auto add = [&](uint32_t other) {
            const int64_t weight =
                layers_.is_box(e) ? (layers_.is_box(other) ? 1 : 2) : (layers_.is_box(other) ? 2 : 8);
            near_.push_back({x_[other], weight});
        };
        if (!above && !layers_.is_box(e)) {
            const Layers::Chain& chain = layers_.chains[layers_.chain_of_dummy[e - layers_.boxes]];
            if (e + 1 < chain.first + chain.length)
                return add(e + 1);
        }
        for (uint32_t other : above ? layers_.above(e) : layers_.below(e))
            add(other);
    }

    struct Pull {
        int64_t x = 0, weight = 0;
    };

    // The weighted median; the midpoint where two are equal.
    static Pull median(std::vector<std::pair<int64_t, int64_t>>& points) {
        if (points.empty())
            return {};
        if (points.size() == 1)
            return {.x = points[0].first, .weight = points[0].second};
        std::sort(points.begin(), points.end());
        int64_t total = 0, sum = 0;
        for (const auto& point : points)
            total += point.second;
        size_t i = 0;
        while (2 * (sum + points[i].second) < total)
            sum += points[i++].second;
        sum += points[i].second;
        const int64_t x = 2 * sum == total ? (points[i].first + points[i + 1].first) / 2 : points[i].first;
        return {.x = x, .weight = total};
    }

    // Between the median of the neighbours above and that of those below, by their weights: with the median
    // of all, two boxes that are each other's median would never come back to the others.
    Pull pull(uint32_t e) {
        neighbours(e, true);
        const Pull above = median(near_);
        neighbours(e, false);
        const Pull below = median(near_);
        if (above.weight == 0)
            return below;
        if (below.weight == 0)
            return above;
        const int64_t weight = above.weight + below.weight;
        if (above.weight == below.weight)
            return {.x = (above.x + below.x) / 2, .weight = weight};
        return {.x = (above.x * above.weight + below.x * below.weight) / weight, .weight = weight};
    }

    void settle(size_t r) {
        const auto row = layers_.in_row(r);
        const size_t n = row.size();
        wanted_.resize(n);
        weight_.resize(n);
        apart_.resize(n);
        result_.resize(n);
        for (size_t i = 0; i < n; ++i) {
            const Pull w = pull(row[i]);
            wanted_[i] = w.weight == 0 ? x_[row[i]] : w.x;
            weight_[i] = std::max<int64_t>(1, w.weight);
            apart_[i] = gap_before_[row[i]];
        }
        pool(wanted_, weight_, apart_, result_);
        for (size_t i = 0; i < n; ++i)
            x_[row[i]] = result_[i];
    }

    // Where an element may lie while its row's neighbours stay.
    Interval room(uint32_t e) const {
        const auto row = layers_.in_row(static_cast<size_t>(layers_.row[e]));
        const size_t i = layers_.position[e];
        Interval free;
        if (i > 0)
            free.low = x_[row[i - 1]] + gap_before_[e];
        if (i + 1 < row.size())
            free.high = x_[row[i + 1]] - gap_before_[row[i + 1]];
        return free;
    }

    // Where a line meets a box without a bend.
    Interval border(uint32_t box) const {
        const int64_t reach = std::max<int64_t>(0, half_[box] - kOne * kPortInset);
        return {.low = x_[box] - reach, .high = x_[box] + reach};
    }

    // Cuts the chain into as few straight runs as the room of its dummies allows, from one end to the other.
    void straighten(const Layers::Chain& chain, bool from_top) {
        const uint32_t producer = graph_.values[chain.value].producer;
        const uint32_t begin = from_top ? producer : chain.end, end = from_top ? chain.end : producer;
        const auto dummy = [&](uint32_t i) { return chain.first + (from_top ? i : chain.length - 1 - i); };
        int64_t target = x_[begin];
        for (uint32_t i = 0; i < chain.length;) {
            Interval run = room(dummy(i));
            if (i == 0)
                run = narrowed(run, border(begin));
            uint32_t next = i + 1;
            for (; next < chain.length; ++next) {
                const Interval both = run.meet(room(dummy(next)));
                if (both.empty())
                    break;
                run = both;
            }
            if (next == chain.length) {
                run = narrowed(run, border(end));
                if (i == 0)
                    target = x_[dummy(chain.length / 2)];
            }
            target = run.nearest(target);
            for (; i < next; ++i)
                x_[dummy(i)] = target;
        }
    }

    // The middle one of the neighbours in the order of their row; of two, either.
    bool is_middle(uint32_t e, std::span<const uint32_t> near) {
        places_.clear();
        for (uint32_t other : near)
            places_.push_back(layers_.position[other]);
        std::sort(places_.begin(), places_.end());
        const uint32_t place = layers_.position[e];
        return place == places_[(places_.size() - 1) / 2] || place == places_[places_.size() / 2];
    }

    // A column is a way down over boxes in which each is the middle neighbour of the next: first where they
    // have no other neighbours, then elsewhere.
    void link_columns() {
        lower_.assign(layers_.boxes, kNone);
        has_upper_.assign(layers_.boxes, false);
        for (const bool only : {true, false})
            for (uint32_t box = 0; box < layers_.boxes; ++box) {
                const auto above = layers_.above(box);
                if (has_upper_[box] || (only && above.size() != 1))
                    continue;
                for (uint32_t upper : above) {
                    if (!layers_.is_box(upper) || lower_[upper] != kNone || has_upper_[box])
                        continue;
                    const auto below = layers_.below(upper);
                    if (only ? below.size() != 1 : !is_middle(upper, above) || !is_middle(box, below))
                        continue;
                    lower_[upper] = box;
                    has_upper_[box] = true;
                }
            }
    }

    // As few straight runs as possible, each at the mean of where its boxes are; single boxes go to their
    // neighbours.
    void straighten_column(uint32_t head, bool from_top) {
        column_.clear();
        for (uint32_t box = head; box != kNone; box = lower_[box])
            column_.push_back(box);
        if (!from_top)
            std::reverse(column_.begin(), column_.end());
        for (size_t i = 0; i < column_.size();) {
            Interval run = room(column_[i]);
            int64_t sum = x_[column_[i]];
            size_t next = i + 1;
            for (; next < column_.size(); ++next) {
                const Interval both = run.meet(room(column_[next]));
                if (both.empty())
                    break;
                run = both;
                sum += x_[column_[next]];
            }
            if (next == i + 1) {
                centre(column_[i++]);
                continue;
            }
            const int64_t x = run.nearest(sum / static_cast<int64_t>(next - i));
            for (; i < next; ++i)
                x_[column_[i]] = x;
        }
    }

    static Interval narrowed(Interval run, Interval wanted) {
        const Interval both = run.meet(wanted);
        return both.empty() ? run : both;
    }

    void centre(uint32_t box) {
        const Pull w = pull(box);
        if (w.weight > 0)
            x_[box] = room(box).nearest(w.x);
    }

    // Separations are whole, so rounding down keeps them.
    std::vector<int> whole() const {
        int64_t least = kFar;
        for (uint32_t e = 0; e < layers_.size(); ++e)
            least = std::min(least, x_[e] - half_[e]);
        std::vector<int> x(layers_.size());
        for (uint32_t e = 0; e < layers_.size(); ++e)
            x[e] = static_cast<int>((x_[e] - least) / kOne);
        return x;
    }

    const Graph& graph_;
    const Layers& layers_;
    std::vector<int64_t> x_, half_, gap_before_; // by element
    std::vector<uint32_t> by_length_; // chains, longest first
    std::vector<uint32_t> lower_; // the box below in its column
    std::vector<bool> has_upper_; // there is one above
    std::vector<uint32_t> column_, places_;
    std::vector<std::pair<int64_t, int64_t>> near_; // x, weight
    std::vector<int64_t> wanted_, weight_, apart_, result_;
};

} // namespace

int half_width(const Graph& graph, const Layers& layers, uint32_t element) {
    return layers.is_box(element) ? (graph.boxes[element].width + 1) / 2 : 0;
}

int separation(const Graph& graph, const Layers& layers, uint32_t left, uint32_t right) {
    const bool a = layers.is_box(left), b = layers.is_box(right);
    const int gap = a && b ? kBoxGap : (a || b ? kLineGap : kPitch);
    return half_width(graph, layers, left) + gap + half_width(graph, layers, right);
}

std::vector<int> place_elements(const Graph& graph, const Layers& layers, const Job& job) {
    return Placer(graph, layers).run(job);
}

} // namespace hopscope::layout::detail
