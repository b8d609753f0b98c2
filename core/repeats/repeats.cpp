#include "core/repeats/repeats.h"

#include "core/match/canon.h"
#include "core/repeats/runs.h"
#include "core/repeats/sequence.h"

#include <algorithm>
#include <map>
#include <set>

namespace hopscope {

namespace {

using namespace repeats;

// What most of the parameters used in a block have in common.
std::string path_of(const Likeness& like, const std::vector<NodeId>& nodes) {
    std::map<std::string, size_t> uses;
    for (const NodeId node : nodes)
        for (const NodeId operand : like.of(node))
            if (!like.paths[operand.index].empty())
                ++uses[like.paths[operand.index]];
    const auto most = std::max_element(
        uses.begin(), uses.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
    return most == uses.end() ? std::string() : most->first;
}

void count_values(const Body& body, RepeatGroup& group) {
    const std::vector<NodeId>& nodes = group.blocks.front().nodes;
    std::set<NodeId> inside(nodes.begin(), nodes.end()), taken;
    for (const NodeId node : nodes) {
        for (const NodeId input : body.inputs_of(body.node(node)))
            if (!inside.contains(input))
                taken.insert(input);
        const auto users = body.users_of(body.node(node));
        group.values_out +=
            std::any_of(users.begin(), users.end(), [&](NodeId user) { return !inside.contains(user); });
    }
    group.values_in = taken.size();
}

RepeatGroup make_group(const Body& body, const Likeness& like, const Sequence& sequence,
    std::vector<uint32_t> places, uint32_t length) {
    std::sort(places.begin(), places.end());
    RepeatGroup group;
    for (size_t i = 0; i < places.size(); ++i) {
        RepeatBlock block;
        block.nodes.assign(sequence.nodes.begin() + places[i], sequence.nodes.begin() + places[i] + length);
        block.follows = i > 0 && places[i] == places[i - 1] + length;
        block.path = path_of(like, block.nodes);
        group.blocks.push_back(std::move(block));
    }
    count_values(body, group);
    return group;
}

Repeats find_in(const Body& body, const Likeness& like, Order order, const RepeatOptions& options) {
    const Sequence sequence = make_sequence(body, order);
    Finder finder(body, like, sequence, options.least_nodes, options.least_count);
    Repeats out;
    out.nodes = sequence.nodes.size();
    const std::vector<Run> runs = finder.find();
    // Runs of the same block on both sides of an exception are one group.
    std::vector<bool> joined(runs.size(), false);
    for (size_t i = 0; i < runs.size(); ++i) {
        if (joined[i])
            continue;
        std::vector<uint32_t> places;
        const auto add = [&](const Run& run) {
            for (uint32_t k = 0; k < run.count; ++k)
                places.push_back(run.begin + k * run.length);
        };
        add(runs[i]);
        for (size_t j = i + 1; j < runs.size(); ++j)
            if (!joined[j] && runs[j].length == runs[i].length
                && finder.equal_blocks(runs[i].begin, runs[j].begin, runs[i].length)) {
                joined[j] = true;
                add(runs[j]);
            }
        for (const uint32_t place : finder.find_elsewhere(runs[i].begin, runs[i].length))
            places.push_back(place);
        out.covered += places.size() * runs[i].length;
        out.groups.push_back(make_group(body, like, sequence, std::move(places), runs[i].length));
    }
    std::stable_sort(out.groups.begin(), out.groups.end(), [](const RepeatGroup& a, const RepeatGroup& b) {
        return a.nodes() * a.blocks.size() > b.nodes() * b.blocks.size();
    });
    return out;
}

// What the largest group holds: one structure that explains much is worth more than many that explain a
// little each.
size_t held_by_largest(const Repeats& repeats) {
    return repeats.groups.empty() ? 0 : repeats.groups.front().nodes() * repeats.groups.front().blocks.size();
}

} // namespace

Repeats find_repeats(const GraphModule& module, BodyId id, const RepeatOptions& options) {
    MatchOptions match;
    match.layer_indices = false;
    const Canon canon(module, match);
    const Likeness like = make_likeness(module, id, canon);
    const Body& body = module.body(id);
    Repeats as_written = find_in(body, like, Order::Dump, options);
    Repeats as_needed = find_in(body, like, Order::Demand, options);
    const bool needed =
        as_needed.covered > as_written.covered && held_by_largest(as_needed) > held_by_largest(as_written);
    return needed ? as_needed : as_written;
}

} // namespace hopscope
