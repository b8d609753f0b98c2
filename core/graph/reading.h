// How a body is read: the entries of an argument list, a node's arguments by position and by name, what a
// body returns, and walks over the bodies of a module. Loops over Body::args and over nested bodies go
// through here.
//
// Arguments are handed out as pointers and references into Body::args, as long-lived as the body. Whatever a
// body holds, nothing here reads beyond the list that it was given.
#pragma once

#include "core/graph/calls.h"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace hopscope {

// Entries that stand beside each other in an argument list, without those inside of them: a range of `const
// Arg&`.
class Entries {
public:
    class Iterator {
    public:
        using difference_type = std::ptrdiff_t;
        using value_type = Arg;
        using iterator_category = std::forward_iterator_tag;

        Iterator() = default;
        Iterator(const Arg* at, const Arg* end)
            : at_(at)
            , end_(end) { }

        const Arg& operator*() const { return *at_; }
        const Arg* operator->() const { return at_; }
        Iterator& operator++() {
            at_ += std::clamp<std::ptrdiff_t>(at_->size, 1, end_ - at_);
            return *this;
        }
        Iterator operator++(int) {
            const Iterator before = *this;
            ++*this;
            return before;
        }
        friend bool operator==(const Iterator& a, const Iterator& b) { return a.at_ == b.at_; }

    private:
        const Arg* at_ = nullptr;
        const Arg* end_ = nullptr;
    };

    Entries() = default;
    explicit Entries(std::span<const Arg> list)
        : list_(list) { }

    Iterator begin() const { return {list_.data(), list_.data() + list_.size()}; }
    Iterator end() const { return {list_.data() + list_.size(), list_.data() + list_.size()}; }
    bool empty() const { return list_.empty(); }
    // Linear, as what stands inside has to be passed over.
    size_t count() const { return static_cast<size_t>(std::distance(begin(), end())); }
    const Arg* at(size_t position) const; // null where there are not as many

private:
    std::span<const Arg> list_;
};

// What is written between the brackets of a node: keywords as Keyword entries, last.
inline Entries entries_of(const Body& body, const Node& node) {
    return Entries(body.args_of(node));
}
// What stands inside of an entry of Body::args: of a Dict key, value, key, value, …; nothing in a leaf.
inline Entries entries_in(const Arg& arg) {
    return arg.size > 1 ? Entries({&arg + 1, arg.size - 1}) : Entries();
}
inline bool is_sequence(const Arg* arg) {
    return arg && (arg->kind == ArgKind::List || arg->kind == ArgKind::Tuple);
}
// The items of a list or tuple; none of anything else, or of null.
inline Entries items_of(const Arg* sequence) {
    return is_sequence(sequence) ? entries_in(*sequence) : Entries();
}
// An entry with everything inside of it, as it stands in Body::args.
inline std::span<const Arg> subtree(const Arg& arg) {
    return {&arg, std::max<size_t>(arg.size, 1)};
}

// A node's arguments by position and by name. Null where it has no such argument.
struct Arguments {
    std::vector<const Arg*> positional;
    std::vector<std::pair<std::string_view, const Arg*>> keywords; // in their order; the values

    const Arg* at(size_t position) const {
        return position < positional.size() ? positional[position] : nullptr;
    }
    const Arg* keyword(std::string_view name) const;
    // By position, else by name.
    const Arg* get(size_t position, std::string_view name) const {
        return position < positional.size() ? positional[position] : keyword(name);
    }
};
Arguments arguments_of(const GraphModule& module, const Body& body, const Node& node);

// An operator's namespace, where it is one of torch.ops: "aten" of "torch.ops.aten.add.Tensor"; empty for
// others.
std::string_view operator_namespace(std::string_view target);
// Its plain name: "torch.ops.aten.add.Tensor" -> "add", "torch._C._nn.gelu" -> "gelu".
std::string_view operator_name(std::string_view target);

// A literal's value; none for anything else, for null and for what 64 bits do not hold.
std::optional<int64_t> integer_of(const GraphModule& module, const Arg* arg);
// A string literal's text without its quotes, escapes as they are; none for anything else and for null.
std::optional<std::string_view> string_of(const GraphModule& module, const Arg* arg);

// The node that returns; null where a body has none (a text that was cut).
const Node* output_of(const Body& body);
// What a body returns, by position: the items of the tuple or list, or the one value. A caller takes them
// with operator.getitem and the same numbers.
std::vector<const Arg*> results_of(const Body& body);

// What `operator.getitem(of, index)` takes of a node that yields several values.
struct TupleItem {
    NodeId of;
    size_t index = 0;
    friend bool operator==(const TupleItem&, const TupleItem&) = default;
};
// None where the node is no subscript by a constant from 0 on, or where it takes from a tensor.
std::optional<TupleItem> tuple_item(const GraphModule& module, const Body& body, NodeId node);

// What a visit wants next.
enum class Walk : uint8_t {
    Advance,
    Skip, // as Advance, but not into what belongs to the one that was visited
    Stop,
};

// Visits `root` and the bodies nested in it in the order of the text, each before its own: visit(BodyId) ->
// Walk. Skip leaves out the bodies nested in this one. False where a visit stopped it.
template <class Visit> bool walk_bodies(const GraphModule& module, BodyId root, Visit&& visit) {
    std::vector<BodyId> open{root};
    while (!open.empty()) {
        const BodyId id = open.back();
        open.pop_back();
        const Walk next = visit(id);
        if (next == Walk::Stop)
            return false;
        if (next == Walk::Advance)
            open.insert(open.end(), module.body(id).children.rbegin(), module.body(id).children.rend());
    }
    return true;
}

// Visits nodes as they are met when `root` runs: visit(BodyId, NodeId) -> Walk. After a node come the bodies
// that it calls, in argument order; a body that several nodes call is entered once. Skip does not enter those
// that this node calls (another node may). False where a visit stopped it.
template <class Visit> bool walk_nodes(const GraphModule& module, BodyId root, Visit&& visit) {
    struct Open {
        BodyId body;
        size_t next = 0;
    };
    std::vector<bool> entered(module.bodies.size(), false);
    entered[root.index] = true;
    std::vector<Open> open{{root}};
    while (!open.empty()) {
        const BodyId scope = open.back().body;
        if (open.back().next >= module.body(scope).nodes.size()) {
            open.pop_back();
            continue;
        }
        const NodeId node(open.back().next++);
        const Walk next = visit(scope, node);
        if (next == Walk::Stop)
            return false;
        if (next == Walk::Skip)
            continue;
        const std::vector<BodyId> called = called_bodies(module, scope, node);
        for (auto body = called.rbegin(); body != called.rend(); ++body)
            if (!entered[body->index]) {
                entered[body->index] = true;
                open.push_back({*body});
            }
    }
    return true;
}

} // namespace hopscope
