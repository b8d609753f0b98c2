// From what is certain to what is likely. A change leaves most of a graph as it was: above it all values are
// the same, below it all uses, and from there its neighbours follow one by one. Only what is left after that
// is looked at by line, by name and by what stands around it.
#include "core/diff/pairing.h"

#include "core/match/hash.h"
#include "core/match/literals.h"

#include <algorithm>
#include <map>
#include <unordered_map>

namespace hopscope::diff {

using match::mix;
using match::text_hash;

std::vector<NodeId> operands(const Body& body, const Node& node) {
    std::vector<NodeId> out;
    for (const Arg& arg : body.args_of(node))
        if (const NodeId id = arg.node(); id && id.index < body.nodes.size())
            out.push_back(id);
    return out;
}

std::string_view plain_name(const GraphModule& module, const Node& node) {
    std::string_view name = module.text(node.target);
    if (node.op == Opcode::CallMethod)
        return name;
    if (name.starts_with("torch.ops.") && !name.starts_with("torch.ops.higher_order."))
        name = name.substr(0, name.rfind('.'));
    if (const size_t dot = name.rfind('.'); dot != std::string_view::npos)
        name = name.substr(dot + 1);
    constexpr std::string_view kNative = "native_";
    return name.starts_with(kNative) ? name.substr(kNative.size()) : name;
}

uint64_t line_key(const GraphModule& module, const Node& node) {
    const Source* source = module.source(node.source);
    return source && source->has_place() ? mix(text_hash(module.text(source->file)), source->line) : 0;
}

Pairing::Pairing(Side a, Side b)
    : a_(a)
    , b_(b)
    , to_b_(a.body->nodes.size())
    , to_a_(b.body->nodes.size())
    , how_(a.body->nodes.size(), PairedBy::Value)
    , grouped_a_(a.body->nodes.size(), 0)
    , grouped_b_(b.body->nodes.size(), 0) {
    const auto targets = [](const Side& side) {
        Keys keys;
        for (const Node& n : side.body->nodes)
            keys.push_back(mix(
                static_cast<uint64_t>(n.op), text_hash(match::plain_target(side.module->text(n.target)))));
        return keys;
    };
    targets_a_ = targets(a);
    targets_b_ = targets(b);
}

void Pairing::run() {
    inputs();
    by_value();
    by_use();
    by_neighbours();
    by_place();
    by_neighbours();
    by_name();
    by_neighbours();
    by_surroundings();
    by_lines();
}

void Pairing::pair(NodeId a, NodeId b, PairedBy how) {
    to_b_[a.index] = b;
    to_a_[b.index] = a;
    how_[a.index] = how;
}

// Inputs go by position where both have the same ones. Where one body has inputs more (saved values of
// another partition), those of one name are the same, and of the others those of one type, in order.
void Pairing::inputs() {
    const size_t n = a_.body->placeholder_count();
    const size_t m = b_.body->placeholder_count();
    for (size_t i = a_.body->nodes.size(), k = b_.body->nodes.size(); i > 0 && k > 0; --i, --k)
        if (a_.body->nodes[i - 1].op == Opcode::Output && b_.body->nodes[k - 1].op == Opcode::Output) {
            pair(NodeId(i - 1), NodeId(k - 1), PairedBy::Use);
            break;
        }
    if (n == m) {
        for (size_t i = 0; i < n; ++i)
            pair(NodeId(i), NodeId(i), PairedBy::Value);
        return;
    }
    Keys names_a(to_b_.size(), 0);
    Keys names_b(to_a_.size(), 0);
    for (size_t i = 0; i < n; ++i)
        names_a[i] = text_hash(a_.module->text(a_.body->nodes[i].name)) | 1;
    for (size_t i = 0; i < m; ++i)
        names_b[i] = text_hash(b_.module->text(b_.body->nodes[i].name)) | 1;
    equal_keys(names_a, names_b, PairedBy::Name);
    const auto type_key = [](const Side& side, size_t i) {
        const ValueType* type = side.module->type(side.body->nodes[i].type);
        return type ? text_hash(short_type(*side.module, *type)) | 1 : uint64_t{1};
    };
    size_t k = 0;
    for (size_t i = 0; i < n; ++i) {
        if (!free_a(i))
            continue;
        size_t at = k;
        while (at < m && (!free_b(at) || type_key(b_, at) != type_key(a_, i)))
            ++at;
        if (at == m)
            continue;
        pair(NodeId(i), NodeId(at), PairedBy::Value);
        k = at + 1;
    }
}

void Pairing::equal_keys(const Keys& a, const Keys& b, PairedBy how) {
    struct Both {
        std::vector<uint32_t> a, b;
    };
    std::unordered_map<uint64_t, Both> classes;
    for (size_t i = 0; i < a.size(); ++i)
        if (a[i] && free_a(i))
            classes[a[i]].a.push_back(static_cast<uint32_t>(i));
    for (size_t i = 0; i < b.size(); ++i)
        if (b[i] && free_b(i))
            classes[b[i]].b.push_back(static_cast<uint32_t>(i));
    for (const auto& [key, both] : classes)
        if (both.a.size() == both.b.size())
            for (size_t i = 0; i < both.a.size(); ++i)
                pair(NodeId(both.a[i]), NodeId(both.b[i]), how);
}

// What each node computes, from seeds: the inputs, which are paired.
Pairing::Keys Pairing::values(const Side& side, const Keys& seeds) const {
    Keys out(side.body->nodes.size());
    for (size_t i = 0; i < out.size(); ++i) {
        if (side.body->nodes[i].op == Opcode::Placeholder) {
            out[i] = seeds[i];
            continue;
        }
        uint64_t h = side.full[i];
        for (const NodeId operand : operands(*side.body, side.body->nodes[i]))
            h = mix(h, operand.index < i ? out[operand.index] : 0);
        out[i] = h | 1;
    }
    return out;
}

void Pairing::by_value() {
    Keys seeds_a(to_b_.size(), 0);
    Keys seeds_b(to_a_.size(), 0);
    for (size_t i = 0; i < to_b_.size(); ++i)
        if (a_.body->nodes[i].op == Opcode::Placeholder)
            seeds_a[i] = to_b_[i] ? mix(1, i) | 1 : mix(2, i) | 1;
    for (size_t i = 0; i < to_a_.size(); ++i)
        if (b_.body->nodes[i].op == Opcode::Placeholder)
            seeds_b[i] = to_a_[i] ? mix(1, to_a_[i].index) | 1 : mix(3, i) | 1;
    equal_keys(values(a_, seeds_a), values(b_, seeds_b), PairedBy::Value);
}

// What becomes of each node: its own kind and those of its users, up to the outputs.
Pairing::Keys Pairing::uses(const Side& side, const Keys& seeds) const {
    Keys out(side.body->nodes.size(), 0);
    for (size_t i = out.size(); i-- > 0;) {
        out[i] = seeds[i] ? seeds[i] : mix(side.full[i], out[i]) | 1;
        const auto list = operands(*side.body, side.body->nodes[i]);
        for (size_t k = 0; k < list.size(); ++k)
            if (list[k].index < i)
                out[list[k].index] += mix(out[i], k);
    }
    return out;
}

void Pairing::by_use() {
    // A pair is itself whatever became of it: a change further down does not hide what it reads.
    Keys seeds_a(to_b_.size(), 0);
    Keys seeds_b(to_a_.size(), 0);
    for (size_t i = 0; i < to_b_.size(); ++i)
        if (to_b_[i]) {
            seeds_a[i] = mix(5, i) | 1;
            seeds_b[to_b_[i].index] = seeds_a[i];
        }
    equal_keys(uses(a_, seeds_a), uses(b_, seeds_b), PairedBy::Use);
}

void Pairing::by_neighbours() {
    spread(a_.full, b_.full);
    spread(a_.shape, b_.shape);
    spread(targets_a_, targets_b_);
}

// From each pair to its operands at the same position and to its users, as long as their keys agree.
void Pairing::spread(std::span<const uint64_t> keys_a, std::span<const uint64_t> keys_b) {
    std::vector<NodeId> open;
    for (size_t i = to_b_.size(); i-- > 0;)
        if (to_b_[i])
            open.push_back(NodeId(i));
    const auto found = [&](NodeId x, NodeId y) {
        pair(x, y, PairedBy::Neighbour);
        open.push_back(x);
    };
    struct Use {
        uint64_t key;
        NodeId user;
    };
    const auto users = [](const Side& side, NodeId node, std::span<const uint64_t> keys, auto&& is_free) {
        std::vector<Use> out;
        for (const NodeId user : side.body->users_of(side.body->node(node))) {
            if (!is_free(user.index))
                continue;
            const auto list = operands(*side.body, side.body->node(user));
            const auto at = std::find(list.begin(), list.end(), node) - list.begin();
            out.push_back({mix(keys[user.index], static_cast<uint64_t>(at)), user});
        }
        std::stable_sort(out.begin(), out.end(), [](const Use& p, const Use& q) { return p.key < q.key; });
        return out;
    };
    while (!open.empty()) {
        const NodeId x = open.back();
        const NodeId y = to_b_[x.index];
        open.pop_back();
        const auto s = operands(*a_.body, a_.body->node(x));
        const auto t = operands(*b_.body, b_.body->node(y));
        for (size_t k = 0; s.size() == t.size() && k < s.size(); ++k)
            if (free_a(s[k].index) && free_b(t[k].index) && keys_a[s[k].index] == keys_b[t[k].index])
                found(s[k], t[k]);
        const auto p = users(a_, x, keys_a, [this](size_t i) { return free_a(i); });
        const auto q = users(b_, y, keys_b, [this](size_t i) { return free_b(i); });
        for (size_t i = 0, k = 0; i < p.size() && k < q.size();) {
            if (p[i].key != q[k].key) {
                (p[i].key < q[k].key ? i : k) += 1;
                continue;
            }
            size_t end_i = i;
            size_t end_k = k;
            while (end_i < p.size() && p[end_i].key == p[i].key)
                ++end_i;
            while (end_k < q.size() && q[end_k].key == q[k].key)
                ++end_k;
            if (end_i - i == end_k - k)
                for (size_t u = 0; u < end_i - i; ++u)
                    found(p[i + u].user, q[k + u].user);
            i = end_i;
            k = end_k;
        }
    }
}

void Pairing::by_place() {
    const auto keys = [](const Side& side, const Keys& targets) {
        Keys out;
        for (size_t i = 0; i < targets.size(); ++i) {
            const uint64_t line = line_key(*side.module, side.body->nodes[i]);
            out.push_back(line ? mix(targets[i], line) | 1 : 0);
        }
        return out;
    };
    equal_keys(keys(a_, targets_a_), keys(b_, targets_b_), PairedBy::Place);
}

void Pairing::by_name() {
    const auto keys = [](const Side& side, const Keys& targets) {
        Keys out;
        for (size_t i = 0; i < targets.size(); ++i)
            out.push_back(mix(targets[i], text_hash(side.module->text(side.body->nodes[i].name))) | 1);
        return out;
    };
    equal_keys(keys(a_, targets_a_), keys(b_, targets_b_), PairedBy::Name);
}

} // namespace hopscope::diff
