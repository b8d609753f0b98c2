// Rows by network simplex (Gansner, Koutsofios, North, Vo 1993), with trunks paid once: a value with several
// users gets a helper variable below all of them, and the way from the producer to it carries the trunk's
// weight.
//
// Minimise the sum of weight * (row[head] - row[tail]) with row[head] >= row[tail] + length for every arc.
// With c[v] = weights of the arcs into v less those out of it this is the sum of c[v] * row[v], so the cost
// of pushing a subtree of the spanning tree down one row is the sum of its c, which is kept up to date along
// the paths that a pivot changes. Pivots are counted, never timed: the same input gives the same rows
// everywhere.
#include "core/layout/layered.h"

#include <algorithm>
#include <climits>
#include <numeric>

namespace hopscope::layout::detail {

namespace {

class Simplex {
public:
    Simplex(std::vector<Arc> arcs, std::vector<int>& rows)
        : rows_(rows)
        , arcs_(std::move(arcs)) {
        const size_t n = rows_.size();
        index();
        parent_.assign(n, kNone);
        parent_arc_.assign(n, kNone);
        first_child_.assign(n, kNone);
        next_.assign(n, kNone);
        previous_.assign(n, kNone);
        inside_.assign(n, 0);
        sum_.assign(n, 0);
        for (const Arc& arc : arcs_) {
            sum_[arc.head] += arc.weight;
            sum_[arc.tail] -= arc.weight;
        }
    }

    void run(const Job& job) {
        grow_tree();
        sum_subtrees();
        // Enough for every recorded graph; a dense random one stops early with rows that are valid all the
        // same.
        constexpr size_t kWork = 60'000'000;
        const size_t limit = std::min<size_t>(20 * rows_.size(), kWork / (rows_.size() + arcs_.size()));
        for (size_t pivots = 0; pivots < limit; ++pivots) {
            const uint32_t leaving = leaving_child();
            if (leaving == kNone || (pivots % 64 == 0 && job.cancelled()))
                break;
            if (!pivot(leaving))
                break;
        }
    }

private:
    void index() {
        arc_start_.assign(rows_.size() + 1, 0);
        for (const Arc& arc : arcs_) {
            ++arc_start_[arc.tail + 1];
            ++arc_start_[arc.head + 1];
        }
        std::partial_sum(arc_start_.begin(), arc_start_.end(), arc_start_.begin());
        arcs_of_.resize(arc_start_.back());
        std::vector<uint32_t> next(arc_start_.begin(), arc_start_.end() - 1);
        for (uint32_t a = 0; a < arcs_.size(); ++a) {
            arcs_of_[next[arcs_[a].tail]++] = a;
            arcs_of_[next[arcs_[a].head]++] = a;
        }
    }

    std::span<const uint32_t> arcs_of(uint32_t v) const {
        return {arcs_of_.data() + arc_start_[v], arc_start_[v + 1] - arc_start_[v]};
    }
    int slack(const Arc& arc) const { return rows_[arc.head] - rows_[arc.tail] - arc.length; }

    // A spanning tree of arcs without slack; where it cannot grow, all of it moves until the next arc is
    // tight.
    void grow_tree() {
        std::vector<uint32_t> tree{0};
        std::vector<bool> in_tree(rows_.size(), false);
        in_tree[0] = true;
        size_t scanned = 0;
        for (;;) {
            for (; scanned < tree.size(); ++scanned)
                for (uint32_t a : arcs_of(tree[scanned])) {
                    const Arc& arc = arcs_[a];
                    const uint32_t other = arc.tail == tree[scanned] ? arc.head : arc.tail;
                    if (in_tree[other] || slack(arc) != 0)
                        continue;
                    in_tree[other] = true;
                    attach(other, tree[scanned], a);
                    tree.push_back(other);
                }
            if (tree.size() == rows_.size())
                return;
            uint32_t best = kNone;
            for (uint32_t a = 0; a < arcs_.size(); ++a)
                if (in_tree[arcs_[a].tail] != in_tree[arcs_[a].head]
                    && (best == kNone || slack(arcs_[a]) < slack(arcs_[best])))
                    best = a;
            const int by = in_tree[arcs_[best].tail] ? slack(arcs_[best]) : -slack(arcs_[best]);
            for (uint32_t v : tree)
                rows_[v] += by;
            scanned = 0;
        }
    }

    void attach(uint32_t child, uint32_t parent, uint32_t arc) {
        parent_[child] = parent;
        parent_arc_[child] = arc;
        previous_[child] = kNone;
        next_[child] = first_child_[parent];
        if (next_[child] != kNone)
            previous_[next_[child]] = child;
        first_child_[parent] = child;
    }

    void detach(uint32_t child) {
        if (previous_[child] != kNone)
            next_[previous_[child]] = next_[child];
        else
            first_child_[parent_[child]] = next_[child];
        if (next_[child] != kNone)
            previous_[next_[child]] = previous_[child];
        parent_[child] = parent_arc_[child] = kNone;
    }

    void collect(uint32_t root) {
        subtree_.assign(1, root);
        for (size_t i = 0; i < subtree_.size(); ++i)
            for (uint32_t child = first_child_[subtree_[i]]; child != kNone; child = next_[child])
                subtree_.push_back(child);
    }

    void sum_subtrees() {
        collect(0);
        for (size_t i = subtree_.size() - 1; i > 0; --i)
            sum_[parent_[subtree_[i]]] += sum_[subtree_[i]];
    }

    // What pulling the arc above `child` one row longer costs: negative if it pays.
    int64_t cut_value(uint32_t child) const {
        return arcs_[parent_arc_[child]].head == child ? sum_[child] : -sum_[child];
    }

    // The best of a batch, going round: as good as the best of all for most pivots, at a fraction of the
    // look-ups.
    uint32_t leaving_child() {
        constexpr uint32_t kBatch = 256;
        const uint32_t n = static_cast<uint32_t>(rows_.size());
        uint32_t best = kNone;
        int64_t best_value = 0;
        for (uint32_t looked = 0; looked < n; ++looked) {
            const uint32_t v = cursor_;
            cursor_ = cursor_ + 1 == n ? 0 : cursor_ + 1;
            if (parent_[v] != kNone && cut_value(v) < best_value) {
                best_value = cut_value(v);
                best = v;
            }
            if (best != kNone && looked % kBatch == kBatch - 1)
                break;
        }
        return best;
    }

    // Replaces the arc above `child` by the tightest one that holds its two sides apart.
    bool pivot(uint32_t child) {
        const bool child_is_head = arcs_[parent_arc_[child]].head == child;
        collect(child);
        for (uint32_t v : subtree_)
            inside_[v] = 1;
        uint32_t entering = kNone;
        int least = INT_MAX;
        for (uint32_t v : subtree_)
            for (uint32_t a : arcs_of(v)) {
                const Arc& arc = arcs_[a];
                const uint32_t other = child_is_head ? arc.head : arc.tail;
                if ((child_is_head ? arc.tail : arc.head) != v || inside_[other])
                    continue;
                if (slack(arc) < least || (slack(arc) == least && a < entering)) {
                    least = slack(arc);
                    entering = a;
                }
            }
        for (uint32_t v : subtree_)
            inside_[v] = 0;
        if (entering == kNone)
            return false;
        for (uint32_t v : subtree_)
            rows_[v] += child_is_head ? least : -least;
        const Arc& arc = arcs_[entering];
        if (child_is_head)
            rehang(child, arc.tail, arc.head, entering);
        else
            rehang(child, arc.head, arc.tail, entering);
        return true;
    }

    // The subtree of `root` hangs below `outside` now, by its node `inner`.
    void rehang(uint32_t root, uint32_t inner, uint32_t outside, uint32_t arc) {
        const int64_t total = sum_[root];
        for (uint32_t v = parent_[root]; v != kNone; v = parent_[v])
            sum_[v] -= total;
        detach(root);
        int64_t below = 0; // what hung below the node before on the path, seen from the old root
        uint32_t v = inner, new_parent = outside, new_arc = arc;
        while (v != kNone) {
            const uint32_t old_parent = parent_[v], old_arc = parent_arc_[v];
            if (old_parent != kNone)
                detach(v);
            const int64_t old_sum = sum_[v];
            sum_[v] = total - below;
            below = old_sum;
            attach(v, new_parent, new_arc);
            new_parent = v;
            new_arc = old_arc;
            v = old_parent;
        }
        for (uint32_t u = outside; u != kNone; u = parent_[u])
            sum_[u] += total;
    }

    std::vector<int>& rows_; // boxes, then helpers
    std::vector<Arc> arcs_;
    std::vector<uint32_t> arc_start_, arcs_of_;
    std::vector<uint32_t> parent_, parent_arc_, first_child_, next_, previous_; // the tree
    std::vector<int64_t> sum_; // of c over the subtree
    std::vector<uint8_t> inside_;
    std::vector<uint32_t> subtree_;
    uint32_t cursor_ = 0;
};

} // namespace

void simplex_arcs(std::vector<Arc> arcs, std::vector<int>& rows, const Job& job) {
    if (rows.size() > 1)
        Simplex(std::move(arcs), rows).run(job);
}

void add_arcs(
    const Graph& graph, uint32_t first, bool upwards, std::vector<int>& rows, std::vector<Arc>& arcs) {
    const auto add = [&](uint32_t upper, uint32_t lower, int length, int weight) {
        arcs.push_back({upwards ? lower : upper, upwards ? upper : lower, length, weight});
    };
    for (const Graph::Value& value : graph.values) {
        const auto users = graph.users(value);
        const uint32_t producer = first + value.producer;
        if (users.size() == 1) {
            add(producer, first + users[0].box, 1, kSimplexWeights.single);
            continue;
        }
        const uint32_t helper = static_cast<uint32_t>(rows.size());
        int last = rows[first + users[0].box];
        for (const Graph::Use& use : users) {
            const uint32_t user = first + use.box;
            add(producer, user, 1, kSimplexWeights.branch);
            add(user, helper, 0, 0);
            last = upwards ? std::min(last, rows[user]) : std::max(last, rows[user]);
        }
        add(producer, helper, 1, kSimplexWeights.trunk);
        rows.push_back(last);
    }
}

void simplex_rows(const Graph& graph, std::vector<int>& rows, const Job& job) {
    const size_t boxes = rows.size();
    std::vector<Arc> arcs;
    add_arcs(graph, 0, false, rows, arcs);
    simplex_arcs(std::move(arcs), rows, job);
    rows.resize(boxes);
}

} // namespace hopscope::layout::detail
