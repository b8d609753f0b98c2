#include "core/layout/layered.h"

#include <algorithm>
#include <climits>

namespace hopscope::layout::detail {

namespace {

constexpr int kGreedyPasses = 8;
constexpr uint32_t kExactUsers = 64; // values with more users are looked through once a pass only
constexpr int kNobody = INT_MIN;

// The two lowest users of each value, so that "the last user other than this one" is one look.
class LastUsers {
public:
    LastUsers(const Graph& graph, const std::vector<int>& rows)
        : graph_(graph)
        , rows_(rows)
        , first_(graph.values.size())
        , second_(graph.values.size()) {
        refresh();
    }

    void refresh() {
        for (uint32_t v = 0; v < graph_.values.size(); ++v)
            look(v);
    }
    int last(uint32_t v) const { return first_[v]; }
    int other(uint32_t v, int row) const { return row == first_[v] ? second_[v] : first_[v]; }
    // A user of v has moved, from `before` to `now`.
    void moved(uint32_t v, int before, int now) {
        if (graph_.values[v].last - graph_.values[v].first <= kExactUsers)
            return look(v);
        if (before == first_[v])
            first_[v] = second_[v];
        insert(v, now);
    }

private:
    void insert(uint32_t v, int row) {
        if (row > first_[v]) {
            second_[v] = first_[v];
            first_[v] = row;
        } else {
            second_[v] = std::max(second_[v], row);
        }
    }
    void look(uint32_t v) {
        first_[v] = second_[v] = kNobody;
        for (const Graph::Use& use : graph_.users(graph_.values[v]))
            insert(v, rows_[use.box]);
    }

    const Graph& graph_;
    const std::vector<int>& rows_;
    std::vector<int> first_, second_;
};

struct Slack {
    int low = 0, high = 0;
};

// The rows that the neighbours of a box allow. Boxes without users may not sink below `bottom`.
Slack slack_of(const Graph& graph, const std::vector<int>& rows, uint32_t box, int bottom) {
    Slack slack{.low = 0, .high = bottom};
    for (uint32_t u : graph.inputs(box))
        slack.low = std::max(slack.low, rows[graph.values[graph.uses[u].value].producer] + 1);
    for (uint32_t v : graph.own_values(box))
        for (const Graph::Use& use : graph.users(graph.values[v]))
            slack.high = std::min(slack.high, rows[use.box] - 1);
    return slack;
}

std::vector<int> longest_path(const Graph& graph, const std::vector<uint32_t>& topological) {
    std::vector<int> rows(graph.boxes.size(), 0);
    for (uint32_t box : topological)
        for (uint32_t v : graph.own_values(box))
            for (const Graph::Use& use : graph.users(graph.values[v]))
                rows[use.box] = std::max(rows[use.box], rows[box] + 1);
    return rows;
}

// The cost falls by `k` (its own trunks) for each row down, and rises by one for each input of which the box
// is the last user: the best rows are those between where the k-th and where the next input starts to follow.
// A tie goes down on the way up, else a chain that hangs between two boxes would hold its producers far up;
// on the way down it goes up again, else everything that nobody is in a hurry for would lie at the bottom.
int cheapest_row(const Graph& graph, const LastUsers& users, const std::vector<int>& rows, uint32_t box,
    Slack slack, bool upwards, std::vector<int>& others) {
    const size_t k = graph.own_values(box).size();
    const auto inputs = graph.inputs(box);
    if (k == 0)
        return slack.low;
    const size_t turn = upwards ? k : k - 1;
    if (turn >= inputs.size())
        return slack.high;
    others.clear();
    for (uint32_t u : inputs)
        others.push_back(users.other(graph.uses[u].value, rows[box]));
    std::nth_element(others.begin(), others.begin() + static_cast<ptrdiff_t>(turn), others.end());
    return std::clamp(others[turn], slack.low, slack.high);
}

// What the picture costs more when the box goes one row down from `row`.
int slope(const Graph& graph, const LastUsers& users, Weights weights, const std::vector<int>& rows,
    uint32_t box, int row) {
    int sum = 0;
    for (uint32_t v : graph.own_values(box)) {
        const int n = static_cast<int>(graph.values[v].last - graph.values[v].first);
        sum -= n == 1 ? weights.single : n * weights.branch + weights.trunk;
    }
    for (uint32_t u : graph.inputs(box)) {
        const uint32_t v = graph.uses[u].value;
        if (graph.values[v].last - graph.values[v].first == 1)
            sum += weights.single;
        else
            sum += weights.branch + (users.other(v, rows[box]) <= row ? weights.trunk : 0);
    }
    return sum;
}

} // namespace

int64_t rank_cost(const Graph& graph, const std::vector<int>& rows, Weights weights) {
    int64_t cost = 0;
    for (const Graph::Value& value : graph.values) {
        const auto users = graph.users(value);
        int last = 0;
        for (const Graph::Use& use : users) {
            const int span = rows[use.box] - rows[value.producer];
            last = std::max(last, span);
            cost += static_cast<int64_t>(span) * (users.size() == 1 ? weights.single : weights.branch);
        }
        if (users.size() > 1)
            cost += static_cast<int64_t>(last) * weights.trunk;
    }
    return cost;
}

std::vector<int> greedy_rows(const Graph& graph, const std::vector<uint32_t>& topological) {
    std::vector<int> rows = longest_path(graph, topological);
    const int bottom = *std::max_element(rows.begin(), rows.end());
    LastUsers users(graph, rows);
    std::vector<int> others;
    static_assert(kGreedyPasses % 2 == 0, "the last pass goes down");
    for (int pass = 0; pass < kGreedyPasses; ++pass) {
        const bool upwards = pass % 2 == 0;
        for (size_t i = 0; i < topological.size(); ++i) {
            const uint32_t box = topological[upwards ? topological.size() - 1 - i : i];
            const Slack slack = slack_of(graph, rows, box, bottom);
            const int before = rows[box];
            const int now = cheapest_row(graph, users, rows, box, slack, upwards, others);
            if (now == before)
                continue;
            rows[box] = now;
            for (uint32_t u : graph.inputs(box))
                users.moved(graph.uses[u].value, before, now);
        }
        users.refresh();
    }
    return rows;
}

void balance_rows(
    const Graph& graph, const std::vector<uint32_t>& topological, Weights weights, std::vector<int>& rows) {
    constexpr int kLook = 64; // rows up and down
    const int bottom = *std::max_element(rows.begin(), rows.end());
    std::vector<int64_t> width(static_cast<size_t>(bottom) + 1, 0);
    for (uint32_t box = 0; box < rows.size(); ++box)
        width[static_cast<size_t>(rows[box])] += graph.boxes[box].width + kBoxGap;
    LastUsers users(graph, rows);
    for (uint32_t box : topological) {
        if (graph.inputs(box).size() > kExactUsers)
            continue;
        const Slack slack = slack_of(graph, rows, box, bottom);
        const int before = rows[box];
        int low = before, high = before;
        while (
            high < slack.high && high - before < kLook && slope(graph, users, weights, rows, box, high) == 0)
            ++high;
        while (
            low > slack.low && before - low < kLook && slope(graph, users, weights, rows, box, low - 1) == 0)
            --low;
        const int64_t own = graph.boxes[box].width + kBoxGap;
        int best = before;
        int64_t best_width = width[static_cast<size_t>(before)];
        for (int row = low; row <= high; ++row)
            if (row != before && width[static_cast<size_t>(row)] + own < best_width) {
                best = row;
                best_width = width[static_cast<size_t>(row)] + own;
            }
        if (best == before)
            continue;
        width[static_cast<size_t>(before)] -= own;
        width[static_cast<size_t>(best)] += own;
        rows[box] = best;
        for (uint32_t u : graph.inputs(box))
            users.moved(graph.uses[u].value, before, best);
    }
}

void separate_bands(const Graph& graph, const std::vector<uint32_t>& bands, std::vector<int>& rows) {
    for (const Graph::Value& value : graph.values)
        for (const Graph::Use& use : graph.users(value))
            if (bands[use.box] < bands[value.producer])
                return;
    // A row of a band for each of its old rows: inside of a band all stays as it was.
    std::vector<std::pair<uint32_t, int>> distinct;
    for (uint32_t box = 0; box < rows.size(); ++box)
        distinct.emplace_back(bands[box], rows[box]);
    std::sort(distinct.begin(), distinct.end());
    distinct.erase(std::unique(distinct.begin(), distinct.end()), distinct.end());
    for (uint32_t box = 0; box < rows.size(); ++box)
        rows[box] = static_cast<int>(
            std::lower_bound(distinct.begin(), distinct.end(), std::pair(bands[box], rows[box]))
            - distinct.begin());
}

int close_rows(std::vector<int>& rows) {
    if (rows.empty())
        return 0;
    const auto [least, most] = std::minmax_element(rows.begin(), rows.end());
    const int low = *least;
    std::vector<int> number(static_cast<size_t>(*most - low) + 1, 0);
    for (int row : rows)
        number[static_cast<size_t>(row - low)] = 1;
    int next = 0;
    for (int& n : number)
        n = n ? next++ : -1;
    for (int& row : rows)
        row = number[static_cast<size_t>(row - low)];
    return next;
}

} // namespace hopscope::layout::detail
