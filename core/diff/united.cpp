#include "core/diff/united.h"

#include "core/diff/diff_rows.h"

#include <algorithm>
#include <queue>
#include <string>
#include <unordered_map>

namespace hopscope {

namespace {

// Brings what a's nodes refer to into the module that was b's.
class Adopting {
public:
    Adopting(const GraphModule& from, GraphModule& to)
        : from_(from)
        , to_(to) { }

    StringId string(StringId id) {
        if (!id)
            return {};
        // The bytes are the other module's, which outlives this one as b's does.
        return to_.strings.intern(from_.text(id));
    }

    TypeId type(TypeId id) {
        if (!id)
            return {};
        const auto [entry, is_new] = types_.try_emplace(id.index);
        if (is_new) {
            ValueType type = from_.types[id.index];
            const size_t dims = static_cast<size_t>(type.rank) * (type.has_stride ? 2 : 1);
            const size_t begin = type.dims_begin;
            type.dims_begin = static_cast<uint32_t>(to_.dims.size());
            for (size_t i = 0; i < dims; ++i)
                to_.dims.push_back(string(from_.dims[begin + i]));
            for (StringId* text : {&type.text, &type.dtype, &type.device, &type.symbol})
                *text = string(*text);
            entry->second = TypeId(to_.types.size());
            to_.types.push_back(type);
        }
        return entry->second;
    }

    SourceId source(SourceId id) {
        if (!id)
            return {};
        const auto [entry, is_new] = sources_.try_emplace(id.index);
        if (is_new) {
            Source source = from_.sources[id.index];
            for (StringId* text :
                {&source.file, &source.function, &source.code, &source.annotation, &source.recompute})
                *text = string(*text);
            entry->second = SourceId(to_.sources.size());
            to_.sources.push_back(source);
        }
        return entry->second;
    }

    Node node(Node node) {
        for (StringId* text : {&node.name, &node.target, &node.descriptor})
            *text = string(*text);
        node.type = type(node.type);
        node.source = source(node.source);
        return node;
    }

private:
    const GraphModule& from_;
    GraphModule& to_;
    std::unordered_map<uint32_t, TypeId> types_;
    std::unordered_map<uint32_t, SourceId> sources_;
};

// Puts the nodes into an order in which values stand before their users, as near to the rows of the
// comparison as that allows.
class Ordering {
public:
    Ordering(const Body& a, const Body& b, const BodyDiff& diff, const DiffRows& rows)
        : a_(a)
        , b_(b)
        , diff_(diff)
        , item_of_a_(a.nodes.size(), kNone)
        , item_of_b_(b.nodes.size(), kNone) {
        for (size_t r = 0; r < rows.rows.size(); ++r) {
            const DiffRow& row = rows.rows[r];
            if (row.kind == DiffRow::Kind::Same || row.kind == DiffRow::Kind::Changed) {
                add({row.a, row.b, {}, UnitedSide::Both, false}, r);
                continue;
            }
            if (row.a)
                add({row.a, {}, {}, UnitedSide::OnlyA, false}, r);
            if (row.b)
                add({{}, row.b, {}, UnitedSide::OnlyB, false}, r);
        }
        for (size_t i = 0; i < diff.pairs.size(); ++i) {
            UnitedNode& node = items_[item_of_a_[diff.pairs[i].a.index]].node;
            node.pair = i;
            node.side = diff.pairs[i].fields.empty() ? UnitedSide::Both : UnitedSide::Changed;
        }
    }

    std::vector<UnitedNode> run(size_t& apart) {
        for (size_t i = 0; i < items_.size(); ++i)
            if (items_[i].waits == 0)
                ready_.push({items_[i].row, i});
        std::vector<UnitedNode> order;
        size_t next = 0; // before it, all are placed
        for (;;) {
            while (!ready_.empty()) {
                const size_t item = ready_.top().second;
                ready_.pop();
                items_[item].placed = true;
                order.push_back(items_[item].node);
                release(items_[item].node);
            }
            while (next < items_.size() && items_[next].placed)
                ++next;
            if (next == items_.size())
                return order;
            ++apart;
            take_apart(weakest_of_circle(next));
        }
    }

private:
    static constexpr size_t kNone = SIZE_MAX;
    struct Item {
        UnitedNode node;
        size_t row = 0;
        size_t waits = 0; // uses whose value is not placed yet, of both bodies
        bool placed = false;
    };

    void add(const UnitedNode& node, size_t row) {
        Item item{node, row, 0, false};
        if (node.a) {
            item.waits += waits_for(a_, node.a);
            item_of_a_[node.a.index] = items_.size();
        }
        if (node.b) {
            item.waits += waits_for(b_, node.b);
            item_of_b_[node.b.index] = items_.size();
        }
        items_.push_back(item);
    }

    // A damaged text may use what comes later: such a use holds nothing up.
    static size_t waits_for(const Body& body, NodeId node) {
        const auto inputs = body.inputs_of(body.node(node));
        return static_cast<size_t>(
            std::count_if(inputs.begin(), inputs.end(), [&](NodeId input) { return input < node; }));
    }

    void release(const UnitedNode& node) {
        if (node.a)
            release_users(a_, node.a, item_of_a_);
        if (node.b)
            release_users(b_, node.b, item_of_b_);
    }

    void release_users(const Body& body, NodeId node, const std::vector<size_t>& item_of) {
        for (const NodeId user : body.users_of(body.node(node)))
            if (node < user && --items_[item_of[user.index]].waits == 0)
                ready_.push({items_[item_of[user.index]].row, item_of[user.index]});
    }

    // All that is left waits: whoever goes from what waits to what it waits for comes round. One body alone
    // has no circle, so a pair is on it: the one that was paired for the weakest reason.
    size_t weakest_of_circle(size_t from) {
        std::vector<size_t> way;
        std::unordered_map<size_t, size_t> place; // on the way
        size_t at = from;
        while (place.emplace(at, way.size()).second) {
            way.push_back(at);
            at = awaited(items_[at].node);
        }
        size_t weakest = kNone;
        for (size_t i = place[at]; i < way.size(); ++i) {
            const UnitedNode& node = items_[way[i]].node;
            if (node.a && node.b && (weakest == kNone || strength(weakest) < strength(way[i])))
                weakest = way[i];
        }
        return weakest;
    }

    // Greater is weaker.
    std::pair<PairedBy, size_t> strength(size_t item) const {
        return {diff_.pairs[*items_[item].node.pair].how, items_[item].row};
    }

    size_t awaited(const UnitedNode& node) const {
        for (const bool of_a : {true, false}) {
            const NodeId of = of_a ? node.a : node.b;
            const Body& body = of_a ? a_ : b_;
            if (!of)
                continue;
            for (const NodeId input : body.inputs_of(body.node(of)))
                if (const size_t item = (of_a ? item_of_a_ : item_of_b_)[input.index];
                    input < of && !items_[item].placed)
                    return item;
        }
        return kNone; // cannot be: it waits
    }

    void take_apart(size_t at) {
        Item second = items_[at];
        Item& first = items_[at];
        first.node.b = {};
        second.node.a = {};
        first.node.side = UnitedSide::OnlyA;
        second.node.side = UnitedSide::OnlyB;
        for (Item* item : {&first, &second}) {
            item->node.apart = true;
            item->node.pair.reset();
        }
        first.waits = still_waits(a_, first.node.a, item_of_a_);
        second.waits = still_waits(b_, second.node.b, item_of_b_);
        const size_t made = items_.size();
        item_of_b_[second.node.b.index] = made;
        for (const auto& [item, index] : {std::pair(&first, at), std::pair(&second, made)})
            if (item->waits == 0)
                ready_.push({item->row, index});
        items_.push_back(second);
    }

    size_t still_waits(const Body& body, NodeId node, const std::vector<size_t>& item_of) const {
        size_t waits = 0;
        for (const NodeId input : body.inputs_of(body.node(node)))
            waits += input < node && !items_[item_of[input.index]].placed;
        return waits;
    }

    const Body &a_, &b_;
    const BodyDiff& diff_;
    std::vector<Item> items_;
    std::vector<size_t> item_of_a_, item_of_b_;
    using Ready = std::pair<size_t, size_t>; // row, item
    std::priority_queue<Ready, std::vector<Ready>, std::greater<>> ready_;
};

// What a passes to a node that both have, and b does not.
std::vector<NodeId> only_a_passes(
    const United& united, const Body& a, const Body& b, const UnitedNode& node) {
    std::vector<NodeId> of_b, more;
    for (const NodeId input : b.inputs_of(b.node(node.b)))
        of_b.push_back(united.node_of_b[input.index]);
    std::sort(of_b.begin(), of_b.end());
    for (const NodeId input : a.inputs_of(a.node(node.a)))
        if (const NodeId here = united.node_of_a[input.index];
            here && !std::binary_search(of_b.begin(), of_b.end(), here))
            more.push_back(here);
    return more;
}

void copy_args(std::span<const Arg> args, const std::vector<NodeId>& here, Adopting* adopting, Body& to) {
    for (Arg arg : args) {
        if (arg.kind == ArgKind::Node)
            arg.ref = here[arg.ref].index;
        else if (adopting && arg.text())
            arg.ref = adopting->string(arg.text()).index;
        to.args.push_back(arg);
    }
}

void add_only_in_a(const std::vector<NodeId>& inputs, StringId keyword, Body& to) {
    const auto count = static_cast<uint32_t>(inputs.size());
    to.args.push_back({ArgKind::Keyword, count + 2, keyword.index});
    to.args.push_back({ArgKind::Tuple, count + 1});
    for (const NodeId input : inputs)
        to.args.push_back({ArgKind::Node, 1, input.index});
}

using Uses = std::vector<std::pair<NodeId, NodeId>>;

Uses uses_of(const Body& body, const std::vector<NodeId>& here) {
    Uses uses;
    for (size_t i = 0; i < body.nodes.size(); ++i)
        for (const NodeId input : body.inputs_of(body.nodes[i]))
            uses.emplace_back(here[input.index], here[i]);
    std::sort(uses.begin(), uses.end());
    return uses;
}

} // namespace

UnitedSide United::side_of_use(NodeId value, NodeId user) const {
    const std::pair use(value, user);
    if (std::binary_search(uses_of_a.begin(), uses_of_a.end(), use))
        return UnitedSide::OnlyA;
    if (std::binary_search(uses_of_b.begin(), uses_of_b.end(), use))
        return UnitedSide::OnlyB;
    return UnitedSide::Both;
}

United unite(const GraphModule& a, const GraphModule& b, const BodyDiff& diff) {
    const Body &body_a = a.body(diff.body_a), &body_b = b.body(diff.body_b);
    United out;
    out.module = b;
    out.body = diff.body_b;
    out.nodes = Ordering(body_a, body_b, diff, diff_rows(a, b, diff)).run(out.apart);
    out.node_of_a.resize(body_a.nodes.size());
    out.node_of_b.resize(body_b.nodes.size());
    for (size_t i = 0; i < out.nodes.size(); ++i) {
        if (out.nodes[i].a)
            out.node_of_a[out.nodes[i].a.index] = NodeId(i);
        if (out.nodes[i].b)
            out.node_of_b[out.nodes[i].b.index] = NodeId(i);
    }
    Adopting adopting(a, out.module);
    Body& to = out.module.bodies[out.body.index];
    to.nodes.clear();
    to.args.clear();
    const StringId keyword = out.module.strings.intern(kOnlyInA);
    for (const UnitedNode& of : out.nodes) {
        Node node = of.b ? body_b.node(of.b) : adopting.node(body_a.node(of.a));
        node.args_begin = static_cast<uint32_t>(to.args.size());
        if (of.b)
            copy_args(body_b.args_of(body_b.node(of.b)), out.node_of_b, nullptr, to);
        else
            copy_args(body_a.args_of(body_a.node(of.a)), out.node_of_a, &adopting, to);
        if (of.a && of.b)
            if (const auto more = only_a_passes(out, body_a, body_b, of); !more.empty())
                add_only_in_a(more, keyword, to);
        node.args_end = static_cast<uint32_t>(to.args.size());
        to.nodes.push_back(node);
    }
    derive_uses(to);
    const Uses in_a = uses_of(body_a, out.node_of_a), in_b = uses_of(body_b, out.node_of_b);
    std::set_difference(
        in_a.begin(), in_a.end(), in_b.begin(), in_b.end(), std::back_inserter(out.uses_of_a));
    std::set_difference(
        in_b.begin(), in_b.end(), in_a.begin(), in_a.end(), std::back_inserter(out.uses_of_b));
    return out;
}

std::vector<bool> around_differences(const United& united, int steps) {
    const Body& body = united.module.body(united.body);
    std::vector<bool> kept(body.nodes.size(), false);
    std::vector<NodeId> border;
    const auto keep = [&](NodeId node, std::vector<NodeId>& reached) {
        if (!kept[node.index]) {
            kept[node.index] = true;
            reached.push_back(node);
        }
    };
    for (size_t i = 0; i < united.nodes.size(); ++i)
        if (united.nodes[i].side != UnitedSide::Both)
            keep(NodeId(i), border);
    for (const auto* uses : {&united.uses_of_a, &united.uses_of_b})
        for (const auto& [value, user] : *uses) {
            keep(value, border);
            keep(user, border);
        }
    for (int i = 0; i < steps; ++i) {
        std::vector<NodeId> next;
        for (const NodeId at : border) {
            // All that is returned meets in the output, all calls of a body in its name.
            const Node& node = body.node(at);
            if (node.op == Opcode::Output || node.op == Opcode::GetAttr)
                continue;
            for (const NodeId input : body.inputs_of(node))
                keep(input, next);
            for (const NodeId user : body.users_of(node))
                keep(user, next);
        }
        border = std::move(next);
    }
    return kept;
}

} // namespace hopscope
