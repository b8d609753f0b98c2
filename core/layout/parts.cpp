#include "core/layout/layered.h"

#include <algorithm>
#include <numeric>
#include <string>

namespace hopscope::layout::detail {

namespace {

uint32_t root_of(std::vector<uint32_t>& parent, uint32_t i) {
    while (parent[i] != i) {
        parent[i] = parent[parent[i]];
        i = parent[i];
    }
    return i;
}

// The smaller index becomes the root, so that parts are numbered in graph order.
void join(std::vector<uint32_t>& parent, uint32_t a, uint32_t b) {
    a = root_of(parent, a);
    b = root_of(parent, b);
    if (a != b)
        parent[std::max(a, b)] = std::min(a, b);
}

void index_graph(Graph& graph) {
    const size_t n = graph.boxes.size();
    graph.own_start.assign(n + 1, 0);
    graph.in_start.assign(n + 1, 0);
    for (const Graph::Value& value : graph.values)
        ++graph.own_start[value.producer + 1];
    for (const Graph::Use& use : graph.uses)
        ++graph.in_start[use.box + 1];
    std::partial_sum(graph.own_start.begin(), graph.own_start.end(), graph.own_start.begin());
    std::partial_sum(graph.in_start.begin(), graph.in_start.end(), graph.in_start.begin());
    graph.own.resize(graph.values.size());
    graph.in.resize(graph.uses.size());
    std::vector<uint32_t> own_next(graph.own_start.begin(), graph.own_start.end() - 1);
    std::vector<uint32_t> in_next(graph.in_start.begin(), graph.in_start.end() - 1);
    for (uint32_t v = 0; v < graph.values.size(); ++v)
        graph.own[own_next[graph.values[v].producer]++] = v;
    for (uint32_t u = 0; u < graph.uses.size(); ++u)
        graph.in[in_next[graph.uses[u].box]++] = u;
}

Error out_of_range(size_t value, std::string_view what, uint32_t box, size_t boxes) {
    return make_error(Error::Kind::Usage,
        "value " + std::to_string(value) + " has " + std::string(what) + " " + std::to_string(box)
            + ", expected one of " + std::to_string(boxes) + " boxes");
}

constexpr size_t kNamedBoxes = 8; // of a cycle, in its message

Error cycle_error(const Graph& graph, const std::vector<uint32_t>& order) {
    const std::vector<uint32_t> cycle = find_cycle(graph, order);
    std::string path;
    for (size_t i = 0; i < std::min(cycle.size(), kNamedBoxes); ++i)
        path += std::to_string(graph.original[cycle[i]]) + " -> ";
    if (cycle.size() > kNamedBoxes)
        path += "… (" + std::to_string(cycle.size()) + " boxes) -> ";
    return make_error(Error::Kind::Damaged,
        "found a cycle of boxes " + path + std::to_string(graph.original[cycle.front()])
            + ", expected a graph without cycles");
}

} // namespace

Status validate(const Input& input) {
    // Beyond this the sums of a row's widths would leave 32 bits.
    constexpr int kLargest = 100'000;
    const size_t n = input.boxes.size();
    for (size_t i = 0; i < n; ++i) {
        const Box& box = input.boxes[i];
        if (box.width < 0 || box.height < 0 || box.width > kLargest || box.height > kLargest)
            return make_error(Error::Kind::Usage,
                "box " + std::to_string(i) + " is " + std::to_string(box.width) + " x "
                    + std::to_string(box.height) + ", expected 0 to " + std::to_string(kLargest));
    }
    for (size_t v = 0; v < input.values.size(); ++v) {
        if (input.values[v].producer >= n)
            return out_of_range(v, "producer", input.values[v].producer, n);
        for (const Use& use : input.values[v].users)
            if (use.box >= n)
                return out_of_range(v, "user", use.box, n);
    }
    return {};
}

std::vector<Graph> split(const Input& input, std::vector<uint32_t>& isolated) {
    const uint32_t n = static_cast<uint32_t>(input.boxes.size());
    std::vector<uint32_t> parent(n);
    std::iota(parent.begin(), parent.end(), 0u);
    std::vector<bool> linked(n, false);
    for (const Value& value : input.values)
        for (const Use& use : value.users) {
            linked[value.producer] = linked[use.box] = true;
            join(parent, value.producer, use.box);
        }
    std::vector<Graph> parts;
    std::vector<uint32_t> part(n, kNone), index(n, 0);
    for (uint32_t i = 0; i < n; ++i) {
        if (!linked[i]) {
            isolated.push_back(i);
            continue;
        }
        const uint32_t root = root_of(parent, i);
        if (root == i) {
            part[i] = static_cast<uint32_t>(parts.size());
            parts.emplace_back();
        }
        part[i] = part[root];
        Graph& graph = parts[part[i]];
        index[i] = static_cast<uint32_t>(graph.boxes.size());
        graph.boxes.push_back(input.boxes[i]);
        graph.original.push_back(i);
    }
    uint32_t edge = 0;
    for (const Value& value : input.values) {
        if (value.users.empty())
            continue;
        Graph& graph = parts[part[value.producer]];
        const uint32_t v = static_cast<uint32_t>(graph.values.size());
        const uint32_t first = static_cast<uint32_t>(graph.uses.size());
        for (const Use& use : value.users)
            graph.uses.push_back({.box = index[use.box],
                .value = v,
                .count = std::max(1, use.count),
                .edge = edge++,
                .cut = false});
        graph.values.push_back({.producer = index[value.producer],
            .first = first,
            .last = static_cast<uint32_t>(graph.uses.size())});
    }
    for (Graph& graph : parts)
        index_graph(graph);
    return parts;
}

Graph whole(const Input& input) {
    Graph graph;
    graph.boxes = input.boxes;
    graph.original.resize(input.boxes.size());
    std::iota(graph.original.begin(), graph.original.end(), 0u);
    uint32_t edge = 0;
    for (const Value& value : input.values) {
        if (value.users.empty())
            continue;
        const uint32_t first = static_cast<uint32_t>(graph.uses.size());
        const uint32_t v = static_cast<uint32_t>(graph.values.size());
        for (const Use& use : value.users)
            graph.uses.push_back(
                {.box = use.box, .value = v, .count = std::max(1, use.count), .edge = edge++, .cut = false});
        graph.values.push_back(
            {.producer = value.producer, .first = first, .last = static_cast<uint32_t>(graph.uses.size())});
    }
    index_graph(graph);
    return graph;
}

std::vector<uint32_t> topological_order(const Graph& graph) {
    const uint32_t n = static_cast<uint32_t>(graph.boxes.size());
    std::vector<uint32_t> missing(n), order;
    order.reserve(n);
    for (uint32_t i = 0; i < n; ++i) {
        missing[i] = static_cast<uint32_t>(graph.inputs(i).size());
        if (missing[i] == 0)
            order.push_back(i);
    }
    for (size_t next = 0; next < order.size(); ++next)
        for (uint32_t v : graph.own_values(order[next]))
            for (const Graph::Use& use : graph.users(graph.values[v]))
                if (--missing[use.box] == 0)
                    order.push_back(use.box);
    return order;
}

std::vector<uint32_t> find_cycle(const Graph& graph, const std::vector<uint32_t>& order) {
    std::vector<bool> done(graph.boxes.size(), false);
    for (uint32_t box : order)
        done[box] = true;
    const auto start = std::find(done.begin(), done.end(), false);
    if (start == done.end())
        return {};
    // Each box that is left has a producer that is left: going up must come back to where it was.
    std::vector<uint32_t> path, seen_at(graph.boxes.size(), kNone);
    uint32_t box = static_cast<uint32_t>(start - done.begin());
    while (seen_at[box] == kNone) {
        seen_at[box] = static_cast<uint32_t>(path.size());
        path.push_back(box);
        for (uint32_t u : graph.inputs(box)) {
            const uint32_t producer = graph.values[graph.uses[u].value].producer;
            if (!done[producer]) {
                box = producer;
                break;
            }
        }
    }
    std::vector<uint32_t> cycle(path.begin() + seen_at[box], path.end());
    std::reverse(cycle.begin(), cycle.end());
    return cycle;
}

Status check_acyclic(const std::vector<Graph>& parts) {
    for (const Graph& graph : parts) {
        const std::vector<uint32_t> order = topological_order(graph);
        if (order.size() < graph.boxes.size())
            return cycle_error(graph, order);
    }
    return {};
}

Output empty_output(const Input& input, std::string_view engine) {
    Output out;
    out.engine = engine;
    out.places.resize(input.boxes.size());
    out.rows.assign(input.boxes.size(), 0);
    for (uint32_t v = 0; v < input.values.size(); ++v)
        for (uint32_t u = 0; u < input.values[v].users.size(); ++u)
            out.edges.push_back({.value = v, .use = u, .points = {}, .cut = false});
    return out;
}

} // namespace hopscope::layout::detail
