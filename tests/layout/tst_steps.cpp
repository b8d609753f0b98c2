// The steps of the layered layout, each against a slow and obvious way to find the same.
#include "core/layout/layered.h"
#include "tests/layout/graphs.h"

#include <QtTest>

#include <algorithm>

using namespace hopscope;
using namespace hopscope::layout;
using namespace hopscope::layout::detail;
using hopscope::layout::test::Random;

namespace {

Graph only_part(const Input& input) {
    std::vector<uint32_t> isolated;
    return split(input, isolated).front();
}

std::vector<int> simplex(const Graph& graph) {
    std::vector<int> rows = greedy_rows(graph, topological_order(graph));
    simplex_rows(graph, rows, {});
    return rows;
}

bool valid_rows(const Graph& graph, const std::vector<int>& rows) {
    for (const Graph::Value& value : graph.values)
        for (const Graph::Use& use : graph.users(value))
            if (rows[use.box] <= rows[value.producer])
                return false;
    return true;
}

// The least cost over all ways to give n boxes rows 0 to n - 1.
int64_t least_cost(const Graph& graph) {
    const size_t n = graph.boxes.size();
    std::vector<int> rows(n, 0);
    int64_t least = INT64_MAX;
    for (;;) {
        if (valid_rows(graph, rows))
            least = std::min(least, rank_cost(graph, rows, kSimplexWeights));
        size_t i = 0;
        while (i < n && rows[i] == static_cast<int>(n) - 1)
            rows[i++] = 0;
        if (i == n)
            return least;
        ++rows[i];
    }
}

int64_t pool_cost(
    const std::vector<int64_t>& wanted, const std::vector<int64_t>& weight, const std::vector<int64_t>& x) {
    int64_t cost = 0;
    for (size_t i = 0; i < wanted.size(); ++i)
        cost += weight[i] * (x[i] - wanted[i]) * (x[i] - wanted[i]);
    return cost;
}

// The least cost over all whole places in [low, high].
int64_t least_pool_cost(const std::vector<int64_t>& wanted, const std::vector<int64_t>& weight,
    const std::vector<int64_t>& apart, int64_t low, int64_t high) {
    // best[i][x]: elements 0..i with i at x or further left.
    std::vector<int64_t> before(static_cast<size_t>(high - low + 1), 0);
    for (size_t i = 0; i < wanted.size(); ++i) {
        std::vector<int64_t> now(before.size(), INT64_MAX / 2);
        for (int64_t x = low; x <= high; ++x) {
            const int64_t left = x - (i == 0 ? 0 : apart[i]);
            const int64_t rest =
                i == 0 ? 0 : (left < low ? INT64_MAX / 2 : before[static_cast<size_t>(left - low)]);
            const int64_t here = rest + weight[i] * (x - wanted[i]) * (x - wanted[i]);
            int64_t& best = now[static_cast<size_t>(x - low)];
            best = std::min(here, x == low ? here : now[static_cast<size_t>(x - 1 - low)]);
        }
        before = now;
    }
    return before.back();
}

uint64_t slow_crossings(const Layers& layers, size_t r) {
    std::vector<std::pair<uint32_t, uint32_t>> segments;
    for (uint32_t e : layers.in_row(r))
        for (uint32_t lower : layers.below(e))
            segments.emplace_back(layers.position[e], layers.position[lower]);
    uint64_t sum = 0;
    for (const auto& a : segments)
        for (const auto& b : segments)
            sum += a.first < b.first && a.second > b.second;
    return sum;
}

} // namespace

class TestSteps : public QObject {
    Q_OBJECT

private slots:
    void poolingIsOptimal() {
        Random random(3);
        for (int round = 0; round < 300; ++round) {
            const size_t n = 1 + random.below(6);
            std::vector<int64_t> wanted, weight, apart, x(n);
            for (size_t i = 0; i < n; ++i) {
                wanted.push_back(static_cast<int64_t>(random.below(60)) - 30);
                weight.push_back(1 + random.below(4));
                apart.push_back(random.below(10));
            }
            // Whole places come close to the optimum only in fine units.
            constexpr int64_t kFine = 420;
            std::vector<int64_t> fine_wanted, fine_apart;
            for (size_t i = 0; i < n; ++i) {
                fine_wanted.push_back(wanted[i] * kFine);
                fine_apart.push_back(apart[i] * kFine);
            }
            pool(fine_wanted, weight, fine_apart, x);
            for (size_t i = 1; i < n; ++i)
                QVERIFY(x[i] - x[i - 1] >= fine_apart[i]);
            const int64_t found = pool_cost(fine_wanted, weight, x);
            const int64_t whole = least_pool_cost(wanted, weight, apart, -100, 100) * kFine * kFine;
            // The pooled optimum is over more places, so it is no worse, but for rounding each place down by
            // one.
            QVERIFY(found <= whole + static_cast<int64_t>(n) * 4 * 2 * 200 * kFine);
            // And no small move of one element or of a run of them makes it better.
            for (size_t first = 0; first < n; ++first)
                for (size_t last = first; last < n; ++last)
                    for (const int64_t by : {-8, 8}) {
                        std::vector<int64_t> moved = x;
                        for (size_t i = first; i <= last; ++i)
                            moved[i] += by;
                        const bool allowed =
                            (first == 0 || moved[first] - moved[first - 1] >= fine_apart[first])
                            && (last + 1 == n || moved[last + 1] - moved[last] >= fine_apart[last + 1]);
                        QVERIFY(!allowed || pool_cost(fine_wanted, weight, moved) >= found - 8 * 4 * 2 * 6);
                    }
        }
    }

    void poolingKeepsWhatFits() {
        std::vector<int64_t> x(3);
        pool(std::vector<int64_t>{0, 10, 20}, std::vector<int64_t>{1, 1, 1}, std::vector<int64_t>{0, 10, 5},
            x);
        QCOMPARE(x, (std::vector<int64_t>{0, 10, 20}));
        pool(std::vector<int64_t>{0, 0}, std::vector<int64_t>{3, 1}, std::vector<int64_t>{0, 8}, x);
        QCOMPARE(x[0], -2);
        QCOMPARE(x[1], 6);
    }

    void crossingsAreCounted() {
        for (uint64_t seed = 1; seed <= 30; ++seed) {
            const Graph graph = only_part(layout::test::random_dag(40, seed, true));
            Layers layers = make_layers(graph, simplex(graph), seed % 2 == 0);
            std::vector<uint32_t> scratch;
            uint64_t sum = 0;
            for (size_t r = 0; r + 1 < layers.rows(); ++r) {
                QCOMPARE(crossings_below(layers, r, scratch), slow_crossings(layers, r));
                sum += slow_crossings(layers, r);
            }
            QCOMPARE(crossings(layers), sum);
        }
    }

    // What order_rows says it found is what is there, and no worse than the order it was given.
    void orderingKeepsTheBest() {
        for (uint64_t seed = 1; seed <= 20; ++seed) {
            const Graph graph = only_part(layout::test::random_dag(60, seed, true));
            Layers layers = make_layers(graph, simplex(graph), false);
            const uint64_t before = crossings(layers);
            const uint64_t found = order_rows(layers, {});
            QCOMPARE(crossings(layers), found);
            QVERIFY(found <= before);
            for (size_t r = 0; r < layers.rows(); ++r)
                for (uint32_t i = 0; i < layers.in_row(r).size(); ++i) {
                    QCOMPARE(layers.position[layers.in_row(r)[i]], i);
                    QCOMPARE(static_cast<size_t>(layers.row[layers.in_row(r)[i]]), r);
                }
        }
    }

    void simplexIsOptimal() {
        for (uint64_t seed = 1; seed <= 60; ++seed) {
            const Graph graph = only_part(layout::test::random_dag(3 + seed % 4, seed, seed % 2 == 0));
            const int64_t least = least_cost(graph);
            QCOMPARE(rank_cost(graph, simplex(graph), kSimplexWeights), least);
            // From rows that are far from it, so that there is something to pivot.
            std::vector<int> rows(graph.boxes.size());
            for (size_t i = 0; i < rows.size(); ++i)
                rows[i] = static_cast<int>(3 * i);
            simplex_rows(graph, rows, {});
            QVERIFY(valid_rows(graph, rows));
            QCOMPARE(rank_cost(graph, rows, kSimplexWeights), least);
        }
    }

    // The optimum does not depend on where the pivots start.
    void simplexForgetsItsStart() {
        for (uint64_t seed = 1; seed <= 20; ++seed) {
            const Graph graph = only_part(layout::test::random_dag(40, seed, true));
            std::vector<int> rows(graph.boxes.size());
            for (size_t i = 0; i < rows.size(); ++i)
                rows[i] = static_cast<int>(2 * i);
            simplex_rows(graph, rows, {});
            QVERIFY(valid_rows(graph, rows));
            QCOMPARE(
                rank_cost(graph, rows, kSimplexWeights), rank_cost(graph, simplex(graph), kSimplexWeights));
        }
    }

    // Without this a mistake in the sweeps would only show as a worse picture.
    void orderingFindsWhatCanBeUncrossed() {
        for (uint64_t seed = 1; seed <= 20; ++seed) {
            // A tree, its boxes numbered at random inside each level: it can always be drawn without a
            // crossing.
            Random random(seed);
            std::vector<std::pair<uint32_t, uint32_t>> edges;
            for (uint32_t first = 1; first < 64; first *= 2)
                for (uint32_t i = first; i < 2 * first; ++i)
                    edges.emplace_back(first == 1 ? 0 : first / 2 + random.below(first / 2) - 1, i);
            const Graph graph = only_part(layout::test::graph(128, edges));
            Layers layers = make_layers(graph, greedy_rows(graph, topological_order(graph)), false);
            QCOMPARE(order_rows(layers, {}), uint64_t{0});
        }
    }

    void simplexIsNeverAboveGreedy() {
        for (uint64_t seed = 1; seed <= 20; ++seed) {
            const Graph graph = only_part(layout::test::random_dag(50 + 40 * seed, seed, true));
            const std::vector<int> greedy = greedy_rows(graph, topological_order(graph));
            QVERIFY(valid_rows(graph, greedy));
            const std::vector<int> best = simplex(graph);
            QVERIFY(valid_rows(graph, best));
            QVERIFY(rank_cost(graph, best, kSimplexWeights) <= rank_cost(graph, greedy, kSimplexWeights));
        }
    }

    void balancingCostsNothing() {
        for (uint64_t seed = 1; seed <= 20; ++seed) {
            const Graph graph = only_part(layout::test::random_dag(80, seed, true));
            std::vector<int> rows = simplex(graph);
            close_rows(rows);
            const int64_t before = rank_cost(graph, rows, kSimplexWeights);
            balance_rows(graph, topological_order(graph), kSimplexWeights, rows);
            QVERIFY(valid_rows(graph, rows));
            QVERIFY(rank_cost(graph, rows, kSimplexWeights) <= before);
        }
    }

    // A chain that costs the same anywhere must not hold its source far up.
    void chainSinksToItsUser() {
        std::vector<std::pair<uint32_t, uint32_t>> edges;
        for (uint32_t i = 1; i < 30; ++i)
            edges.emplace_back(i - 1, i);
        edges.insert(edges.end(), {{30, 31}, {31, 32}, {32, 29}});
        const Graph graph = only_part(layout::test::graph(33, edges));
        const std::vector<int> rows = greedy_rows(graph, topological_order(graph));
        QCOMPARE(rows[30], 26);
        QCOMPARE(rows[31], 27);
        QCOMPARE(rows[32], 28);
    }

    void lanesOfOverlappingNetsDiffer() {
        Random random(11);
        for (int round = 0; round < 100; ++round) {
            std::vector<Net> nets;
            for (uint32_t i = 0, n = 1 + random.below(40); i < n; ++i) {
                const int from = static_cast<int>(random.below(300)),
                          to = static_cast<int>(random.below(300));
                nets.push_back({.from = from,
                    .least = std::min(from, to),
                    .most = std::max(from, to),
                    .sum = to,
                    .ends = 1,
                    .lane = 0});
            }
            const int lanes = assign_lanes(nets);
            for (size_t i = 0; i < nets.size(); ++i) {
                QCOMPARE(nets[i].lane == 0, nets[i].least == nets[i].most);
                QVERIFY(nets[i].lane <= lanes);
                for (size_t j = 0; j < i; ++j)
                    if (nets[i].lane != 0 && nets[i].least <= nets[j].most && nets[j].least <= nets[i].most)
                        QVERIFY(nets[i].lane != nets[j].lane);
            }
        }
    }

    // A bundle that shifts sideways does not cross itself: who turns first lies in front.
    void bundlesDoNotCrossThemselves() {
        std::vector<Net> right, left;
        for (int i = 0; i < 5; ++i) {
            right.push_back({.from = 10 * i,
                .least = 10 * i,
                .most = 10 * i + 100,
                .sum = 10 * i + 100,
                .ends = 1,
                .lane = 0});
            left.push_back({.from = 10 * i + 100,
                .least = 10 * i,
                .most = 10 * i + 100,
                .sum = 10 * i,
                .ends = 1,
                .lane = 0});
        }
        QCOMPARE(assign_lanes(right), 5);
        QCOMPARE(assign_lanes(left), 5);
        for (size_t i = 1; i < 5; ++i) {
            QVERIFY(right[i].lane < right[i - 1].lane);
            QVERIFY(left[i].lane > left[i - 1].lane);
        }
    }

    void packedBlocksDoNotOverlap() {
        Random random(5);
        for (int round = 0; round < 50; ++round) {
            std::vector<Block> blocks;
            for (uint32_t i = 0, n = 1 + random.below(30); i < n; ++i)
                blocks.push_back({.width = static_cast<int>(10 + random.below(400)),
                    .height = static_cast<int>(10 + random.below(random.below(4) ? 100 : 2000))});
            const Box size = pack(blocks);
            for (size_t i = 0; i < blocks.size(); ++i) {
                const Block& a = blocks[i];
                QVERIFY(a.x >= 0 && a.y >= 0 && a.x + a.width <= size.width && a.y + a.height <= size.height);
                for (size_t j = 0; j < i; ++j) {
                    const Block& b = blocks[j];
                    QVERIFY(a.x + a.width < b.x || b.x + b.width < a.x || a.y + a.height < b.y
                        || b.y + b.height < a.y);
                }
            }
        }
    }
};

QTEST_GUILESS_MAIN(TestSteps)
#include "tst_steps.moc"
