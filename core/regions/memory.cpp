#include "core/regions/memory.h"

#include "core/graph/calls.h"
#include "core/graph/reading.h"
#include "core/regions/build.h"
#include "core/regions/roles.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <set>
#include <unordered_map>

namespace hopscope {

namespace {

std::optional<int64_t> whole(std::string_view text) {
    int64_t n = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), n);
    return error == std::errc{} && end == text.data() + text.size() ? std::optional(n) : std::nullopt;
}

template <size_t N> bool among(const std::array<std::string_view, N>& sorted, std::string_view name) {
    return std::binary_search(sorted.begin(), sorted.end(), name);
}

// Operators that autograd's partitioner makes again rather than keep (pointwise, conversions, views apart).
bool is_cheap(const GraphModule& module, const Node& node) {
    static constexpr std::array<std::string_view, 62> kCheap{"_to_copy", "abs", "add", "addcdiv", "addcmul",
        "bitwise_and", "bitwise_not", "bitwise_or", "ceil", "clamp", "clamp_max", "clamp_min", "clone",
        "convert_element_type", "copy", "cos", "div", "eq", "erf", "exp", "fill", "floor", "full",
        "full_like", "ge", "gelu", "gt", "iota", "isinf", "isnan", "le", "leaky_relu", "log", "log1p",
        "logical_and", "logical_not", "logical_or", "lt", "maximum", "minimum", "mul", "ne", "neg",
        "ones_like", "pow", "reciprocal", "relu", "round", "rsqrt", "rsub", "sigmoid", "sign", "silu", "sin",
        "softplus", "sqrt", "square", "sub", "tanh", "tril", "where", "zeros_like"};
    static_assert(std::is_sorted(kCheap.begin(), kCheap.end()));
    return node.op == Opcode::CallFunction && among(kCheap, operator_name(module.text(node.target)));
}

// Views that yield several tensors, taken apart with operator.getitem.
bool is_split(const GraphModule& module, const Node& node) {
    static constexpr std::array<std::string_view, 8> kSplits{
        "chunk", "dsplit", "hsplit", "split", "split_with_sizes", "tensor_split", "unbind", "vsplit"};
    static_assert(std::is_sorted(kSplits.begin(), kSplits.end()));
    return node.op == Opcode::CallFunction && among(kSplits, operator_name(module.text(node.target)));
}

// A node as one call runs it: bodies of regions run once for each call that reaches them.
struct At {
    uint32_t frame = 0;
    NodeId node;
    friend auto operator<=>(const At& a, const At& b) {
        return std::pair(a.frame, a.node.index) <=> std::pair(b.frame, b.node.index);
    }
    friend bool operator==(const At&, const At&) = default;
};

class Follower {
public:
    Follower(const GraphModule& module, GraphId graph)
        : module_(module)
        , graph_(graph) {
        frames_.push_back({0, {}, BodyId(0), {}});
    }

    // The node that makes a value, or the placeholder that takes it: results of region calls are looked for
    // in the bodies.
    At made(At at) {
        while (const auto inner = result_in_body(at))
            at = *inner;
        return at;
    }

    // The value whose storage this is.
    At storage(At at) {
        for (;;) {
            at = made(at);
            const Body& body = body_of(at);
            const Node& node = body.node(at.node);
            if (node.op == Opcode::Placeholder) {
                const At outer = passed(at);
                if (outer == at)
                    return at;
                at = outer;
            } else if (const auto item = tuple_item(module_, body, at.node)) {
                if (!is_split(module_, body.node(item->of)))
                    return at;
                at.node = first_operand(body, body.node(item->of), at.node);
            } else if (is_view_operator(module_, node)) {
                const NodeId operand = first_operand(body, node, at.node);
                if (operand == at.node)
                    return at;
                at.node = operand;
            } else {
                return at;
            }
        }
    }

    bool from_outside(const At& at) const {
        const Opcode op = body_of(at).node(at.node).op;
        return op == Opcode::GetAttr || (op == Opcode::Placeholder && at.frame == 0);
    }
    const Body& body_of(const At& at) const { return module_.body(frames_[at.frame].body); }
    const Node& node_of(const At& at) const { return body_of(at).node(at.node); }
    Place place(const At& at) const { return {graph_, frames_[at.frame].body, at.node}; }
    std::string_view region(const At& at) const { return frames_[at.frame].region; }
    // The call of the whole graph in which a value lies; none for what is no call's.
    NodeId outermost_call(const At& at) const {
        uint32_t frame = at.frame;
        NodeId call;
        for (; frame != 0; frame = frames_[frame].parent)
            call = frames_[frame].call;
        return call;
    }

private:
    struct Frame {
        uint32_t parent;
        NodeId call; // in the parent's body
        BodyId body;
        std::string_view region;
    };

    std::optional<At> result_in_body(const At& at) {
        const Body& body = body_of(at);
        const auto item = tuple_item(module_, body, at.node);
        if (!item)
            return std::nullopt;
        const auto call = region_call(module_, frames_[at.frame].body, item->of);
        if (!call || !call->body)
            return std::nullopt;
        // A call that threads a token yields it first, and the body's results behind it.
        const bool token = module_.text(body.node(item->of).target).ends_with("with_effects");
        const auto results = results_of(module_.body(call->body));
        if ((token && item->index == 0) || item->index - token >= results.size())
            return std::nullopt;
        const NodeId node = results[item->index - token]->node();
        if (!node)
            return std::nullopt;
        return At{frame_of(at.frame, item->of, *call), node};
    }

    uint32_t frame_of(uint32_t parent, NodeId node, const RegionCall& call) {
        const auto [known, is_new] =
            by_call_.try_emplace({parent, node.index}, static_cast<uint32_t>(frames_.size()));
        if (is_new)
            frames_.push_back({parent, node, call.body, identifier_parts(call.identifier).region});
        return known->second;
    }

    // What the call passes for a placeholder of its body.
    At passed(const At& at) const {
        if (at.frame == 0)
            return at;
        const Frame& frame = frames_[at.frame];
        const auto call = region_call(module_, frames_[frame.parent].body, frame.call);
        if (!call || at.node.index >= call->operands.size() || !call->operands[at.node.index])
            return at;
        return {frame.parent, call->operands[at.node.index]};
    }

    static NodeId first_operand(const Body& body, const Node& node, NodeId otherwise) {
        for (const Arg& arg : entries_of(body, node))
            return arg.node() ? arg.node() : otherwise;
        return otherwise;
    }

    const GraphModule& module_;
    GraphId graph_;
    std::vector<Frame> frames_; // [0]: the whole graph
    std::map<std::pair<uint32_t, uint32_t>, uint32_t> by_call_;
};

class Reporter {
public:
    Reporter(const Dump& dump, const Place& forward, const Place& backward)
        : dump_(dump)
        , forward_(*dump.graph(forward.graph).module)
        , backward_(*dump.graph(backward.graph).module)
        , follow_(forward_, forward.graph) {
        report_.forward = forward;
        report_.backward = backward;
    }

    MemoryReport run() {
        const std::vector<SavedValue> values = saved_values(dump_, report_.forward, report_.backward);
        for (const SavedValue& value : values)
            at_hand_.insert(follow_.made({0, value.node}));
        for (const SavedValue& value : values)
            add(value);
        recomputed();
        tags(values);
        return std::move(report_);
    }

    // Only the sums, which is all that a ledger wants: who takes what and what could be made again costs more
    // than reading the graphs.
    int64_t kept_bytes() {
        for (const SavedValue& value : saved_values(dump_, report_.forward, report_.backward))
            keep(value);
        return report_.kept_bytes;
    }

    // Kept bytes by the call of the whole graph that made them.
    const std::map<NodeId, int64_t>& kept_by_call() const { return by_call_; }

private:
    struct Kept {
        At made, storage;
        bool alive = false; // whether it is kept or not
        bool first = false; // of its storage
        std::optional<int64_t> bytes;
    };

    Kept keep(const SavedValue& value) {
        Kept kept;
        kept.made = follow_.made({0, value.node});
        kept.storage = follow_.storage(kept.made);
        kept.alive = follow_.from_outside(kept.storage);
        kept.first = counted_.try_emplace(kept.storage, kept.made).second;
        const ValueType* type = forward_.type(follow_.node_of(kept.storage).type);
        if (!type)
            type = forward_.type(follow_.node_of(kept.made).type);
        // A number is no memory.
        const bool number = type && type->kind == TypeKind::Sym;
        kept.bytes = number ? std::optional<int64_t>(0) : type ? storage_size(forward_, *type) : std::nullopt;
        if (kept.first && !number)
            count(kept.storage, kept.alive, kept.bytes);
        return kept;
    }

    void add(const SavedValue& value) {
        const Kept kept = keep(value);
        const At &made = kept.made, &storage = kept.storage;
        const bool alive = kept.alive;
        KeptValue row;
        row.at = follow_.place(made);
        row.region = std::string(follow_.region(made));
        row.alive_anyway = alive;
        row.bytes = kept.bytes;
        if (alive)
            row.alias_of = storage == made ? Place() : outside(storage);
        else if (!kept.first)
            row.alias_of = follow_.place(counted_.at(storage));
        const auto same = std::find_if(report_.saved.begin(), report_.saved.end(), [&](const KeptValue& k) {
            return k.at == row.at && k.alive_anyway == row.alive_anyway && k.bytes == row.bytes
                && (k.alias_of.graph.valid() == row.alias_of.graph.valid())
                && (alive || k.alias_of == row.alias_of);
        });
        if (same != report_.saved.end()) {
            ++same->times;
            if (alive
                && std::find(same->inputs.begin(), same->inputs.end(), storage.node) == same->inputs.end())
                same->inputs.push_back(storage.node);
            return;
        }
        row.times = 1;
        if (alive)
            row.inputs.push_back(storage.node);
        row.why = why(made, value);
        row.recomputable = !alive && recomputable(made);
        report_.saved.push_back(std::move(row));
    }

    Place outside(const At& storage) const { return follow_.place(storage); }

    void count(const At& storage, bool alive, std::optional<int64_t> bytes) {
        if (alive) {
            report_.alive_bytes += bytes.value_or(0);
            return;
        }
        ++report_.kept_values;
        report_.unknown_sizes += !bytes;
        report_.kept_bytes += bytes.value_or(0);
        by_call_[follow_.outermost_call(storage)] += bytes.value_or(0);
    }

    // Tags of activation checkpointing; and who takes it.
    std::string why(const At& made, const SavedValue& value) const {
        std::string out;
        if (const Source* s = forward_.source(follow_.node_of(made).source); s && s->recompute)
            out = std::string(forward_.text(s->recompute));
        BodyId scope(0);
        NodeId taker = value.placeholder;
        // Into the body that the backward hands it to.
        for (;;) {
            const Body& body = backward_.body(scope);
            const auto users = body.users_of(body.node(taker));
            if (users.size() != 1)
                break;
            const auto call = region_call(backward_, scope, users[0]);
            if (!call || !call->body)
                break;
            const auto at = std::find(call->operands.begin(), call->operands.end(), taker);
            const auto position = static_cast<size_t>(at - call->operands.begin());
            if (at == call->operands.end() || position >= backward_.body(call->body).placeholder_count())
                break;
            scope = call->body;
            taker = NodeId(position);
        }
        const Body& body = backward_.body(scope);
        const auto users = body.users_of(body.node(taker));
        if (!users.empty()) {
            const Node& user = body.node(users[0]);
            out += (out.empty() ? "" : "; ") + std::string("the backward's ")
                + std::string(backward_.text(user.name)) + " (" + std::string(short_target(backward_, user))
                + ") takes it";
            if (users.size() > 1)
                out += ", and " + std::to_string(users.size() - 1) + " more";
        } else {
            out += (out.empty() ? "" : "; ") + std::string("nothing in the backward takes it");
        }
        return out;
    }

    // Whether cheap operators make it from what the backward has anyway.
    bool recomputable(const At& made) {
        std::vector<At> open{made};
        std::set<At> seen;
        constexpr size_t kFar = 64;
        while (!open.empty()) {
            const At at = follow_.made(open.back());
            open.pop_back();
            if (!seen.insert(at).second)
                continue;
            if (seen.size() > kFar)
                return false;
            const Node& node = follow_.node_of(at);
            if (at != made && (at_hand_.count(at) || follow_.from_outside(follow_.storage(at))))
                continue;
            const Body& body = follow_.body_of(at);
            const auto item = tuple_item(forward_, body, at.node);
            const bool cheap = item ? is_split(forward_, body.node(item->of))
                                    : is_cheap(forward_, node) || is_view_operator(forward_, node);
            if (!cheap)
                return false;
            for (const NodeId input : body.inputs_of(node))
                open.push_back({at.frame, input});
        }
        return true;
    }

    // What the backward computes under the name and by the operator of a node of the forward
    // (torch/_functorch/partitioners.py, _extract_fwd_bwd_modules: both halves are cut out of one graph), and
    // forward calls that a backward graph makes again.
    void recomputed() {
        std::map<BodyId, int> runs{{BodyId(0), 1}};
        walk_bodies(backward_, BodyId(0), [&](BodyId id) {
            for (const RegionCall& call : region_calls(backward_, id))
                if (call.body)
                    runs[call.body] += std::max(runs[id], 1);
            return Walk::Advance;
        });
        walk_bodies(backward_, BodyId(0), [&](BodyId id) {
            const Body& body = backward_.body(id);
            const Place other = other_half(dump_, report_.backward.graph, id);
            std::unordered_map<std::string_view, std::string_view> names;
            if (other.graph == report_.forward.graph)
                for (const Node& n : forward_.body(other.body).nodes)
                    if (n.op == Opcode::CallFunction)
                        names.emplace(forward_.text(n.name), forward_.text(n.target));
            for (size_t i = 0; i < body.nodes.size(); ++i) {
                const Node& node = body.nodes[i];
                if (node.op != Opcode::CallFunction)
                    continue;
                const auto call = region_call(backward_, id, NodeId(i));
                const bool again = call
                    ? identifier_parts(call->identifier).half == Half::Forward
                        && identifier_parts(call->identifier).partitioned
                    : same_in_forward(names, backward_.text(node.name), backward_.text(node.target));
                if (again && (call || !tuple_item(backward_, body, NodeId(i))))
                    report_.recomputed.push_back({{report_.backward.graph, id, NodeId(i)},
                        std::string(short_target(backward_, node)), std::max(runs[id], 1)});
            }
            return half_of(dump_, report_.backward.graph, id) == Half::Forward && id != BodyId(0)
                ? Walk::Skip
                : Walk::Advance;
        });
    }
    // "ac_graph_id: 9 - MUST_SAVE" → "MUST_SAVE".
    std::string_view tag_of(const Node& node) const {
        const Source* s = forward_.source(node.source);
        const std::string_view text = s && s->recompute ? forward_.text(s->recompute) : std::string_view();
        for (const std::string_view tag : {"MUST_SAVE", "PREFER_SAVE", "MUST_RECOMPUTE", "PREFER_RECOMPUTE"})
            if (text.find(tag) != std::string_view::npos)
                return tag;
        return {};
    }

    // What was tagged, against what goes over and what the backward has again under its name.
    void tags(const std::vector<SavedValue>& values) {
        std::set<std::pair<BodyId, NodeId>> saved;
        for (const KeptValue& v : report_.saved)
            saved.emplace(v.at.body, v.at.node);
        // A value of the root that a region returns is made in its body.
        for (const SavedValue& v : values)
            saved.emplace(BodyId(0), v.node);
        std::vector<bool> called(forward_.bodies.size(), false), tagged(forward_.bodies.size(), false);
        walk_bodies(forward_, BodyId(0), [&](BodyId id) {
            const Body& body = forward_.body(id);
            const Place other = other_half(dump_, report_.forward.graph, id);
            std::set<std::string_view> again;
            if (other.graph == report_.backward.graph)
                for (const Node& n : backward_.body(other.body).nodes)
                    if (n.op == Opcode::CallFunction)
                        again.insert(plain_name(backward_.text(n.name)));
            for (size_t i = 0; i < body.nodes.size(); ++i) {
                const Node& node = body.nodes[i];
                const std::string_view tag =
                    node.op == Opcode::CallFunction ? tag_of(node) : std::string_view();
                if (tag.empty())
                    continue;
                tagged[id.index] = true;
                if (const auto call = region_call(forward_, id, NodeId(i))) {
                    if (call->body)
                        called[call->body.index] = true;
                    continue; // a tuple is no value to be saved
                }
                const bool is_saved = saved.count({id, NodeId(i)}) > 0;
                const bool followed = tag.ends_with("SAVE")
                    ? is_saved || again.count(forward_.text(node.name)) == 0
                    : !is_saved;
                if (!followed)
                    report_.against_tags.push_back(
                        {{report_.forward.graph, id, NodeId(i)}, std::string(tag), is_saved});
            }
            return Walk::Advance;
        });
        for (size_t b = 1; b < forward_.bodies.size(); ++b)
            if (called[b] && !tagged[b])
                report_.untagged_bodies.push_back({report_.forward.graph, BodyId(b), {}});
    }
    static std::string_view plain_name(std::string_view name) {
        constexpr std::string_view kAgain = "_recomputed";
        if (name.ends_with(kAgain))
            name.remove_suffix(kAgain.size());
        return name;
    }
    static bool same_in_forward(const std::unordered_map<std::string_view, std::string_view>& names,
        std::string_view name, std::string_view target) {
        const auto found = names.find(plain_name(name));
        return found != names.end() && found->second == target;
    }

    const Dump& dump_;
    const GraphModule &forward_, &backward_;
    Follower follow_;
    MemoryReport report_;
    std::set<At> at_hand_; // what the backward is handed
    std::map<At, At> counted_; // storages, by the value that they were first met with
    std::map<NodeId, int64_t> by_call_;
};

// The pair of whole graphs.
std::pair<Place, Place> halves(const Dump& dump, const Compilation& compilation) {
    for (const GraphId id : compilation.graphs) {
        if (!dump.graph(id).label.empty() || stage_of(dump, id) != Stage::Forward)
            continue;
        if (const Place other = other_half(dump, id, BodyId(0)); other.graph)
            return {{id, BodyId(0), {}}, other};
    }
    return {};
}

} // namespace

bool is_view_operator(const GraphModule& module, const Node& node) {
    static constexpr std::array<std::string_view, 38> kViews{"_conj", "_neg_view", "_reshape_alias",
        "_unsafe_view", "alias", "as_strided", "conj", "copy_", "detach", "diagonal", "expand", "expand_as",
        "fill_", "imag", "lift_fresh", "mH", "mT", "moveaxis", "movedim", "narrow", "permute", "real",
        "select", "slice", "squeeze", "swapaxes", "swapdims", "t", "transpose", "unflatten", "unfold",
        "unsafe_chunk", "unsqueeze", "view", "view_as", "view_as_complex", "view_as_real", "zero_"};
    static_assert(std::is_sorted(kViews.begin(), kViews.end()));
    if (node.op != Opcode::CallFunction && node.op != Opcode::CallMethod)
        return false;
    return among(kViews, operator_name(module.text(node.target)));
}

std::optional<int64_t> storage_size(const GraphModule& module, const ValueType& type) {
    const auto shape = module.shape(type);
    const auto stride = module.stride(type);
    const DType* dtype = dtype_by_abbreviation(module.text(type.dtype));
    if (type.kind != TypeKind::Tensor || stride.size() != shape.size() || !dtype || dtype->bits == 0)
        return byte_size(module, type);
    int64_t elements = 1;
    for (size_t i = 0; i < shape.size(); ++i) {
        const auto n = whole(module.text(shape[i])), step = whole(module.text(stride[i]));
        if (!n || !step)
            return std::nullopt;
        if (*n == 0)
            return 0;
        int64_t reach = 0;
        if (__builtin_mul_overflow(*n - 1, *step, &reach)
            || __builtin_add_overflow(elements, reach, &elements))
            return std::nullopt;
    }
    int64_t bits = 0;
    return __builtin_mul_overflow(elements, static_cast<int64_t>(dtype->bits), &bits)
        ? std::nullopt
        : std::optional((bits + 7) / 8);
}

MemoryReport memory_of(const Dump& dump, const CompilationLedger& ledger) {
    const auto [forward, backward] = halves(dump, dump.compilation(ledger.compilation));
    MemoryReport report;
    if (forward.graph)
        report = Reporter(dump, forward, backward).run();
    report.compilation = ledger.compilation;
    return report;
}

namespace regions {

void count_saved(const Dump& dump, CompilationLedger& ledger) {
    const auto [forward, backward] = halves(dump, dump.compilation(ledger.compilation));
    std::map<NodeId, int64_t> kept;
    if (forward.graph) {
        Reporter reporter(dump, forward, backward);
        ledger.totals.saved_bytes = reporter.kept_bytes();
        kept = reporter.kept_by_call();
    }
    for (const Invocation& inv : ledger.invocations) {
        const Place& from = inv.body(CallSite::Forward);
        const Place& to = inv.body(CallSite::Backward);
        if (!from.graph || !to.graph || !inv.region)
            continue;
        Region& region = ledger.regions[inv.region.index];
        if (!region.saved.empty() || region.saved_bytes)
            continue;
        region.saved = saved_values(dump, from, to);
        const auto found = kept.find(inv.call(CallSite::Forward).node);
        if (!inv.parent && forward.graph && from.graph == forward.graph)
            region.saved_bytes = found == kept.end() ? 0 : found->second;
    }
}

} // namespace regions
} // namespace hopscope
