// What has no counterpart of its own: operators that took the place of others.
#include "core/diff/pairing.h"

#include "core/match/hash.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <unordered_map>

namespace hopscope::diff {

using match::mix;
using match::text_hash;

// Unpaired nodes that hang together, and the pairs around them, named by their node in b.
struct Pairing::Component {
    std::vector<NodeId> nodes;
    std::vector<uint64_t> above, below; // operands that are pairs; users that are pairs, with the position

    uint64_t key(bool use_above, bool use_below) const {
        uint64_t h = 1;
        if (use_above)
            for (const uint64_t k : above)
                h = mix(h, k);
        h = mix(h, 17);
        if (use_below)
            for (const uint64_t k : below)
                h = mix(h, k);
        return h;
    }
};

std::vector<Pairing::Component> Pairing::components(const Side& side, bool is_a) const {
    const Body& body = *side.body;
    const size_t n = body.nodes.size();
    const auto is_free = [&](size_t i) { return is_a ? free_a(i) : free_b(i); };
    const auto id_of = [&](NodeId node) { return is_a ? to_b_[node.index] : node; };
    const auto is_pair = [&](NodeId node) {
        return is_a ? to_b_[node.index].valid() : to_a_[node.index].valid();
    };
    std::vector<uint32_t> parent(n);
    std::iota(parent.begin(), parent.end(), 0U);
    const auto root = [&](uint32_t i) {
        while (parent[i] != i)
            i = parent[i] = parent[parent[i]];
        return i;
    };
    for (size_t i = 0; i < n; ++i)
        if (is_free(i))
            for (const NodeId operand : body.inputs_of(body.nodes[i]))
                if (is_free(operand.index))
                    parent[root(static_cast<uint32_t>(i))] = root(operand.index);
    std::vector<Component> out;
    std::unordered_map<uint32_t, size_t> known;
    for (size_t i = 0; i < n; ++i) {
        if (!is_free(i))
            continue;
        const auto [at, is_new] = known.try_emplace(root(static_cast<uint32_t>(i)), out.size());
        if (is_new)
            out.emplace_back();
        Component& c = out[at->second];
        c.nodes.push_back(NodeId(i));
        for (const NodeId operand : body.inputs_of(body.nodes[i]))
            if (is_pair(operand))
                c.above.push_back(id_of(operand).index);
        for (const NodeId user : body.users_of(body.nodes[i]))
            if (is_pair(user)) {
                const auto list = operands(body, body.node(user));
                const auto position = std::find(list.begin(), list.end(), NodeId(i)) - list.begin();
                c.below.push_back(mix(id_of(user).index, static_cast<uint64_t>(position)));
            }
    }
    for (Component& c : out)
        for (auto* list : {&c.above, &c.below}) {
            std::sort(list->begin(), list->end());
            list->erase(std::unique(list->begin(), list->end()), list->end());
        }
    return out;
}

// One part took the place of another if the same pairs stand around both; what reads them tells more than
// what they read.
void Pairing::by_surroundings() {
    struct Round {
        bool above, below;
    };
    constexpr Round kRounds[]{{true, true}, {false, true}, {true, false}};
    for (const Round use : kRounds) {
        const auto parts_a = components(a_, true);
        const auto parts_b = components(b_, false);
        struct Both {
            std::vector<size_t> a, b;
        };
        std::map<uint64_t, Both> classes;
        const auto tells = [&](const Component& c) {
            return (use.above && !c.above.empty()) || (use.below && !c.below.empty());
        };
        for (size_t i = 0; i < parts_a.size(); ++i)
            if (tells(parts_a[i]))
                classes[parts_a[i].key(use.above, use.below)].a.push_back(i);
        for (size_t i = 0; i < parts_b.size(); ++i)
            if (tells(parts_b[i]))
                classes[parts_b[i].key(use.above, use.below)].b.push_back(i);
        for (const auto& [key, both] : classes)
            if (both.a.size() == both.b.size())
                for (size_t i = 0; i < both.a.size(); ++i) {
                    const Component& x = parts_a[both.a[i]];
                    const Component& y = parts_b[both.b[i]];
                    // A large part on both sides says little: its lines say more.
                    constexpr size_t kLarge = 8;
                    if (x.nodes.size() > kLarge && y.nodes.size() > kLarge)
                        continue;
                    settle(x.nodes, y.nodes);
                }
    }
}

// The leftovers of one line of the user's program, the k-th time that it runs.
void Pairing::by_lines() {
    struct Both {
        std::vector<std::vector<NodeId>> a, b; // runs of neighbours
    };
    std::map<uint64_t, Both> lines;
    const auto collect = [&](const Side& side, bool is_a) {
        uint64_t last = 0;
        for (size_t i = 0; i < side.body->nodes.size(); ++i) {
            if (!(is_a ? free_a(i) : free_b(i)))
                continue;
            const uint64_t line = line_key(*side.module, side.body->nodes[i]);
            if (!line)
                continue;
            auto& runs = is_a ? lines[line].a : lines[line].b;
            if (line != last || runs.empty())
                runs.emplace_back();
            runs.back().push_back(NodeId(i));
            last = line;
        }
    };
    collect(a_, true);
    collect(b_, false);
    const auto joined = [](const std::vector<std::vector<NodeId>>& runs) {
        std::vector<NodeId> out;
        for (const auto& run : runs)
            out.insert(out.end(), run.begin(), run.end());
        return out;
    };
    for (const auto& [line, both] : lines)
        if (both.a.size() == both.b.size())
            for (size_t i = 0; i < both.a.size(); ++i)
                settle(both.a[i], both.b[i]);
        // What is prepared for the backward stands at the end of a forward body, with the line that it is
        // for.
        else if ((both.a.size() == 1 && !both.b.empty()) || (both.b.size() == 1 && !both.a.empty()))
            settle(joined(both.a), joined(both.b));
}

// These nodes of a became those of b. Of one name, they are pairs; the rest is a group, or one for one.
void Pairing::settle(std::vector<NodeId> a, std::vector<NodeId> b) {
    std::map<std::string_view, std::pair<std::vector<NodeId>, std::vector<NodeId>>> names;
    for (const NodeId x : a)
        names[plain_name(*a_.module, a_.body->node(x))].first.push_back(x);
    for (const NodeId y : b)
        names[plain_name(*b_.module, b_.body->node(y))].second.push_back(y);
    for (const auto& [name, both] : names)
        if (both.first.size() == both.second.size() && name != "getitem")
            for (size_t i = 0; i < both.first.size(); ++i)
                pair(both.first[i], both.second[i], PairedBy::Surroundings);
    std::erase_if(a, [this](NodeId x) { return !free_a(x.index); });
    std::erase_if(b, [this](NodeId y) { return !free_b(y.index); });
    if (a.empty() || b.empty())
        return;
    if (a.size() == 1 && b.size() == 1) {
        pair(a[0], b[0], PairedBy::Surroundings);
        return;
    }
    for (const NodeId x : a)
        grouped_a_[x.index] = 1;
    for (const NodeId y : b)
        grouped_b_[y.index] = 1;
    groups_.push_back({std::move(a), std::move(b)});
}

} // namespace hopscope::diff
