// Ports, lanes, y and the lines themselves.
#include "core/layout/layered.h"

#include <algorithm>
#include <numeric>

namespace hopscope::layout::detail {

namespace {

constexpr size_t kOwnLanes = 16; // more lines than this into one box share a lane

class Router {
public:
    Router(const Graph& graph, const Layers& layers, const std::vector<int>& x)
        : graph_(graph)
        , layers_(layers)
        , x_(x)
        , port_of_value_(graph.values.size(), 0)
        , port_of_use_(graph.uses.size(), 0)
        , drawn_(graph.values.size(), false) {
        for (const Graph::Use& use : graph.uses)
            if (!use.cut)
                drawn_[use.value] = true;
    }

    // What the rows need by themselves.
    RowSizes plan() {
        set_ports();
        make_nets();
        share_lanes();
        set_lanes();
        const size_t rows = layers_.rows();
        RowSizes sizes;
        sizes.height.assign(rows, 0);
        sizes.above.assign(rows, 0);
        sizes.below.assign(rows, 0);
        for (uint32_t box = 0; box < layers_.boxes; ++box) {
            int& h = sizes.height[static_cast<size_t>(layers_.row[box])];
            h = std::max(h, graph_.boxes[box].height);
        }
        for (size_t r = 0; r < rows; ++r)
            sizes.gap.push_back(std::max(kRowGap, kLanePitch * (lanes_[r] + 1)));
        return sizes;
    }

    PartPicture draw(const RowSizes& sizes) {
        set_rows(sizes);
        PartPicture picture;
        for (uint32_t box = 0; box < layers_.boxes; ++box) {
            const int half = half_width(graph_, layers_, box);
            picture.places.push_back({x_[box] - half, top_of(box)});
            picture.width = std::max(picture.width, x_[box] + half);
            picture.rows.push_back(layers_.row[box]);
        }
        for (uint32_t e = layers_.boxes; e < layers_.size(); ++e)
            picture.width = std::max(picture.width, x_[e]);
        picture.height = row_bottom_.empty() ? 0 : row_bottom_.back();
        for (uint32_t u = 0; u < graph_.uses.size(); ++u)
            picture.edges.push_back(line(u));
        return picture;
    }

private:
    struct Port {
        int64_t wanted = 0;
        uint32_t index = 0; // of a use above the box, of a value below it
    };

    // Lines slide along a border to where they come from, in the order in which they come.
    void set_ports() {
        for (uint32_t v = 0; v < graph_.values.size(); ++v)
            port_of_value_[v] = x_[graph_.values[v].producer];
        set_upper_ports();
        for (uint32_t box = 0; box < layers_.boxes; ++box) {
            ports_.clear();
            for (uint32_t v : graph_.own_values(box))
                if (drawn_[v])
                    ports_.push_back({.wanted = target_of(v), .index = v});
            spread(box, port_of_value_);
        }
        set_upper_ports();
    }

    void set_upper_ports() {
        for (uint32_t box = 0; box < layers_.boxes; ++box) {
            ports_.clear();
            for (uint32_t u : graph_.inputs(box))
                if (!graph_.uses[u].cut)
                    ports_.push_back({.wanted = source_of(u), .index = u});
            spread(box, port_of_use_);
        }
    }

    // x of what lies above the user: the last dummy, or the port of the producer.
    int source_of(uint32_t u) const {
        const Graph::Use& use = graph_.uses[u];
        if (layers_.chain_of_use[u] == kNone)
            return port_of_value_[use.value];
        return x_[dummy_above(u)];
    }

    uint32_t dummy_above(uint32_t u) const {
        const Graph::Use& use = graph_.uses[u];
        const int span = layers_.row[use.box] - layers_.row[graph_.values[use.value].producer];
        return layers_.chains[layers_.chain_of_use[u]].first + static_cast<uint32_t>(span) - 2;
    }

    // The median of what lies below the producer.
    int target_of(uint32_t v) {
        targets_.clear();
        const Graph::Value& value = graph_.values[v];
        uint32_t chain = kNone;
        for (uint32_t u = value.first; u < value.last; ++u) {
            if (graph_.uses[u].cut)
                continue;
            if (layers_.chain_of_use[u] == kNone) {
                targets_.push_back(port_of_use_[u]);
            } else if (layers_.chain_of_use[u] != chain) {
                chain = layers_.chain_of_use[u];
                targets_.push_back(x_[layers_.chains[chain].first]);
            }
        }
        const auto middle = targets_.begin() + static_cast<ptrdiff_t>((targets_.size() - 1) / 2);
        std::nth_element(targets_.begin(), middle, targets_.end());
        return *middle;
    }

    void spread(uint32_t box, std::vector<int>& place) {
        if (ports_.empty())
            return;
        std::sort(ports_.begin(), ports_.end(), [](const Port& a, const Port& b) {
            return a.wanted != b.wanted ? a.wanted < b.wanted : a.index < b.index;
        });
        const int reach = std::max(0, half_width(graph_, layers_, box) - kPortInset);
        const size_t n = ports_.size();
        // Rounded down: of very many ports some share a place.
        const int64_t pitch =
            n == 1 ? 0 : std::min<int64_t>(kPitch, 2 * int64_t{reach} / static_cast<int64_t>(n - 1));
        wanted_.resize(n);
        weight_.assign(n, 1);
        apart_.assign(n, pitch);
        result_.resize(n);
        for (size_t i = 0; i < n; ++i)
            wanted_[i] = ports_[i].wanted;
        pool(wanted_, weight_, apart_, result_);
        const int64_t first = x_[box] - reach, last = x_[box] + reach;
        for (size_t i = 0; i < n; ++i) {
            const int64_t before = pitch * static_cast<int64_t>(i);
            const int64_t after = pitch * static_cast<int64_t>(n - 1 - i);
            place[ports_[i].index] = static_cast<int>(std::clamp(result_[i], first + before, last - after));
        }
    }

    // Net v leaves value v's producer, net values + d leaves dummy d.
    uint32_t net_below_dummy(uint32_t element) const {
        return static_cast<uint32_t>(graph_.values.size()) + element - layers_.boxes;
    }
    uint32_t net_into(uint32_t u) const {
        return layers_.chain_of_use[u] == kNone ? graph_.uses[u].value : net_below_dummy(dummy_above(u));
    }

    void reach(uint32_t net, int x) {
        Net& n = nets_[net];
        n.least = std::min(n.least, x);
        n.most = std::max(n.most, x);
        n.sum += x;
        ++n.ends;
    }

    void make_nets() {
        const uint32_t dummies = static_cast<uint32_t>(layers_.size()) - layers_.boxes;
        nets_.resize(graph_.values.size() + dummies);
        row_of_net_.resize(nets_.size());
        for (uint32_t v = 0; v < graph_.values.size(); ++v) {
            const int x = port_of_value_[v];
            nets_[v] = {.from = x, .least = x, .most = x, .sum = 0, .ends = 0, .lane = 0};
            row_of_net_[v] = layers_.row[graph_.values[v].producer];
        }
        for (uint32_t e = layers_.boxes; e < layers_.size(); ++e) {
            const int x = x_[e];
            nets_[net_below_dummy(e)] = {.from = x, .least = x, .most = x, .sum = 0, .ends = 0, .lane = 0};
            row_of_net_[net_below_dummy(e)] = layers_.row[e];
        }
        for (const Layers::Chain& chain : layers_.chains)
            for (uint32_t i = 0; i < chain.length; ++i)
                reach(i == 0 ? chain.value : net_below_dummy(chain.first + i - 1), x_[chain.first + i]);
        for (uint32_t u = 0; u < graph_.uses.size(); ++u)
            if (!graph_.uses[u].cut)
                reach(net_into(u), port_of_use_[u]);
    }

    // Lines that lead nowhere but into one crowded box run as one bundle.
    void share_lanes() {
        leader_.resize(nets_.size());
        std::iota(leader_.begin(), leader_.end(), 0u);
        std::vector<uint32_t> bundle;
        for (uint32_t box = 0; box < layers_.boxes; ++box) {
            if (graph_.inputs(box).size() <= kOwnLanes)
                continue;
            bundle.clear();
            for (uint32_t u : graph_.inputs(box))
                if (!graph_.uses[u].cut && nets_[net_into(u)].ends == 1)
                    bundle.push_back(net_into(u));
            if (bundle.size() <= kOwnLanes)
                continue;
            Net& lead = nets_[bundle.front()];
            for (uint32_t net : bundle) {
                leader_[net] = bundle.front();
                lead.least = std::min(lead.least, nets_[net].least);
                lead.most = std::max(lead.most, nets_[net].most);
            }
        }
    }

    void set_lanes() {
        const size_t rows = layers_.rows();
        std::vector<uint32_t> start(rows + 1, 0), order;
        for (uint32_t net = 0; net < nets_.size(); ++net)
            if (leader_[net] == net)
                ++start[static_cast<size_t>(row_of_net_[net]) + 1];
        std::partial_sum(start.begin(), start.end(), start.begin());
        order.resize(start.back());
        std::vector<uint32_t> next(start.begin(), start.end() - 1);
        for (uint32_t net = 0; net < nets_.size(); ++net)
            if (leader_[net] == net)
                order[next[static_cast<size_t>(row_of_net_[net])]++] = net;
        lanes_.resize(rows);
        std::vector<Net> gap;
        for (size_t r = 0; r < rows; ++r) {
            gap.clear();
            for (uint32_t i = start[r]; i < start[r + 1]; ++i)
                gap.push_back(nets_[order[i]]);
            lanes_[r] = assign_lanes(gap);
            for (uint32_t i = start[r]; i < start[r + 1]; ++i)
                nets_[order[i]].lane = gap[i - start[r]].lane;
        }
    }

    void set_rows(const RowSizes& sizes) {
        const size_t rows = layers_.rows();
        row_top_.assign(rows, 0);
        row_bottom_.assign(rows, 0);
        lanes_top_.assign(rows, 0);
        lanes_height_.assign(rows, 0);
        int y = sizes.first;
        for (size_t r = 0; r < rows; ++r) {
            row_top_[r] = y;
            row_bottom_[r] = y += sizes.height[r];
            lanes_top_[r] = y + sizes.above[r];
            lanes_height_[r] = sizes.gap[r] - sizes.above[r] - sizes.below[r];
            y += sizes.gap[r];
        }
    }

    int top_of(uint32_t box) const {
        const size_t r = static_cast<size_t>(layers_.row[box]);
        return row_top_[r] + (row_bottom_[r] - row_top_[r] - graph_.boxes[box].height) / 2;
    }

    int lane_y(uint32_t net) const {
        const size_t r = static_cast<size_t>(row_of_net_[net]);
        return lanes_top_[r] + lanes_height_[r] * nets_[leader_[net]].lane / (lanes_[r] + 1);
    }

    Edge line(uint32_t u) const {
        const Graph::Use& use = graph_.uses[u];
        Edge edge;
        edge.cut = use.cut;
        if (use.cut)
            return edge;
        const uint32_t producer = graph_.values[use.value].producer;
        int x = port_of_value_[use.value];
        edge.points.push_back({x, top_of(producer) + graph_.boxes[producer].height});
        const auto turn = [&](uint32_t net, int to) {
            if (to == x)
                return;
            const int y = lane_y(net);
            edge.points.push_back({x, y});
            edge.points.push_back({to, y});
            x = to;
        };
        uint32_t net = use.value;
        if (layers_.chain_of_use[u] != kNone)
            for (uint32_t e = layers_.chains[layers_.chain_of_use[u]].first; e <= dummy_above(u); ++e) {
                turn(net, x_[e]);
                net = net_below_dummy(e);
            }
        turn(net, port_of_use_[u]);
        edge.points.push_back({x, top_of(use.box)});
        return edge;
    }

    const Graph& graph_;
    const Layers& layers_;
    const std::vector<int>& x_;
    std::vector<int> port_of_value_, port_of_use_;
    std::vector<bool> drawn_; // values with a use that is not cut
    std::vector<Net> nets_;
    std::vector<int> row_of_net_; // the row above its gap
    std::vector<uint32_t> leader_; // the net whose lane it shares
    std::vector<int> lanes_, row_top_, row_bottom_, lanes_top_, lanes_height_; // by row
    std::vector<Port> ports_;
    std::vector<int> targets_;
    std::vector<int64_t> wanted_, weight_, apart_, result_;
};

} // namespace

RowSizes row_sizes(const Graph& graph, const Layers& layers, const std::vector<int>& x) {
    return Router(graph, layers, x).plan();
}

PartPicture route(const Graph& graph, const Layers& layers, const std::vector<int>& x) {
    Router router(graph, layers, x);
    return router.draw(router.plan());
}

PartPicture route(
    const Graph& graph, const Layers& layers, const std::vector<int>& x, const RowSizes& sizes) {
    Router router(graph, layers, x);
    router.plan();
    return router.draw(sizes);
}

} // namespace hopscope::layout::detail
