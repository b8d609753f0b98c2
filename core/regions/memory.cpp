#include "core/regions/memory.h"

#include "core/graph/calls.h"
#include "core/graph/reading.h"
#include "core/regions/build.h"
#include "core/regions/input_names.h"
#include "core/regions/roles.h"
#include "core/regions/storages.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <unordered_map>

namespace hopscope {

using regions::At, regions::Follower, regions::is_split;

namespace {

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
        InputNames names(dump_);
        names_ = &names;
        const std::vector<SavedValue> values = saved_values(dump_, report_.forward, report_.backward);
        for (const SavedValue& value : values)
            at_hand_.insert(follow_.made({0, value.node}));
        for (const SavedValue& value : values)
            add(value);
        for (const auto& [row, storage] : storage_of_row_) {
            const std::vector<At>& holders = holders_.at(storage);
            // A storage is spared only where nobody else keeps it.
            report_.saved[row].recomputable = std::all_of(
                holders.begin(), holders.end(), [&](const At& made) { return recomputable(made); });
        }
        recomputed();
        tags(values);
        names_ = nullptr;
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

    // Sets how the values that one call of the whole graph hands over are kept.
    void mark(NodeId at, std::vector<SavedValue>& values) {
        const auto call = region_call(forward_, BodyId(0), at);
        if (!call || !call->body)
            return;
        std::set<At> seen;
        for (SavedValue& value : values) {
            const At made = follow_.made(follow_.inside(*call, at, value.node));
            const At storage = follow_.storage(made);
            if (follow_.from_outside(storage)) {
                value.how = KeptHow::AliveAnyway;
            } else if (!counted_.count(storage)) {
                value.how = KeptHow::Freed;
            } else if (follow_.outermost_call(storage) != at || !seen.insert(storage).second) {
                value.how = KeptHow::Elsewhere;
            } else {
                value.how = KeptHow::Kept;
                value.kept_bytes = bytes_of(made, storage);
            }
        }
    }

private:
    struct Kept {
        At made, storage;
        bool alive = false; // whether it is kept or not
        bool first = false; // of its storage
        std::optional<int64_t> bytes;
    };

    const ValueType* type_of(const At& made, const At& storage) const {
        const ValueType* type = forward_.type(follow_.node_of(storage).type);
        return type ? type : forward_.type(follow_.node_of(made).type);
    }
    // A number is no memory.
    static bool is_number(const ValueType* type) { return type && type->kind == TypeKind::Sym; }
    std::optional<int64_t> bytes_of(const At& made, const At& storage) const {
        const ValueType* type = type_of(made, storage);
        return is_number(type) ? std::optional<int64_t>(0)
            : type             ? storage_size(forward_, *type)
                               : std::nullopt;
    }

    // Two inputs may be views of one tensor of the program: then they are one storage, where records tell it.
    At one_storage(const At& input) {
        if (!names_ || follow_.node_of(input).op != Opcode::Placeholder)
            return input;
        const DescribedInput* record = names_->record(follow_.place(input));
        if (!record || !record->storage)
            return input;
        const std::pair key{record->describer.value_or(-1), *record->storage};
        return outside_.try_emplace(key, input).first->second;
    }

    Kept keep(const SavedValue& value) {
        Kept kept;
        kept.made = follow_.made({0, value.node});
        kept.storage = follow_.storage(kept.made);
        kept.alive = follow_.from_outside(kept.storage);
        if (kept.alive)
            kept.storage = one_storage(kept.storage);
        kept.first = counted_.try_emplace(kept.storage, kept.made).second;
        kept.bytes = bytes_of(kept.made, kept.storage);
        if (kept.first && !is_number(type_of(kept.made, kept.storage)))
            count(kept.storage, kept.alive, kept.bytes);
        return kept;
    }

    void add(const SavedValue& value) {
        const NodeId whose = follow_.storage(follow_.made({0, value.node})).node; // before views are made one
        const Kept kept = keep(value);
        const At &made = kept.made, &storage = kept.storage;
        const bool alive = kept.alive;
        KeptValue row;
        row.at = follow_.place(made);
        row.region = std::string(follow_.region(made));
        row.alive_anyway = alive;
        row.bytes = kept.bytes;
        const Place with = kept.first ? Place() : first_met(storage, row.at);
        if (alive)
            row.alias_of = storage == made ? Place() : outside(storage);
        else
            row.alias_of = with;
        const auto same = std::find_if(report_.saved.begin(), report_.saved.end(), [&](const KeptValue& k) {
            return k.at == row.at && k.alive_anyway == row.alive_anyway && k.bytes == row.bytes
                && (k.alias_of.graph.valid() == row.alias_of.graph.valid())
                && (alive || k.alias_of == row.alias_of);
        });
        const auto place = static_cast<size_t>(same - report_.saved.begin());
        if (same == report_.saved.end()) {
            row.why = why(made, value);
            // What lies in another's storage takes none that could be spared.
            if (!alive && kept.first)
                storage_of_row_.emplace_back(place, storage);
            report_.saved.push_back(std::move(row));
        }
        if (!alive)
            holders_[storage].push_back(made);
        KeptValue& k = report_.saved[place];
        ++k.times;
        k.counted += kept.first;
        if (!kept.first && !k.counted_with.graph)
            k.counted_with = with;
        if (alive && std::find(k.inputs.begin(), k.inputs.end(), whose) == k.inputs.end())
            k.inputs.push_back(whose);
        if (kept.first)
            note_storage(kept, place);
    }

    // The value that a storage counts with; the node that makes it, where that is the same node in another
    // call.
    Place first_met(const At& storage, const Place& asking) const {
        const Place met = follow_.place(counted_.at(storage));
        return met == asking ? follow_.place(storage) : met;
    }

    void note_storage(const Kept& kept, size_t row) {
        KeptStorage one{follow_.place(kept.storage), kept.bytes, kept.alive, 1, row};
        for (KeptStorage& s : report_.storages)
            if (s.made == one.made && s.bytes == one.bytes && s.alive_anyway == one.alive_anyway) {
                ++s.times;
                return;
            }
        report_.storages.push_back(one);
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

    // Whether cheap operators make it from what the backward has anyway, its own storage apart: a view of a
    // value that is kept too spares nothing.
    bool recomputable(const At& made) {
        const At own = follow_.storage(made);
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
            const At storage = follow_.storage(at);
            if (at != made && ((at_hand_.count(at) && storage != own) || follow_.from_outside(storage)))
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
    std::map<At, std::vector<At>> holders_; // of storages that are kept: all values that are handed over
    std::vector<std::pair<size_t, At>> storage_of_row_; // rows that a storage counts with
    std::map<NodeId, int64_t> by_call_;
    InputNames* names_ = nullptr; // null: whether inputs share a storage is not asked
    std::map<std::pair<int64_t, int64_t>, At> outside_; // inputs by describer and storage
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

MemoryReport memory_of(const Dump& dump, const CompilationLedger& ledger) {
    const auto [forward, backward] = halves(dump, dump.compilation(ledger.compilation));
    MemoryReport report;
    if (forward.graph)
        report = Reporter(dump, forward, backward).run();
    report.compilation = ledger.compilation;
    return report;
}

namespace regions {

namespace {
// Sets what a call's region saves, by its first call that has both halves. Null for a call that has not.
Region* saved_by(const Dump& dump, CompilationLedger& ledger, const Invocation& inv) {
    const Place& from = inv.body(CallSite::Forward);
    const Place& to = inv.body(CallSite::Backward);
    if (!from.graph || !to.graph || !inv.region)
        return nullptr;
    Region& region = ledger.regions[inv.region.index];
    if (region.saved.empty() && !region.saved_bytes)
        region.saved = saved_values(dump, from, to);
    return &region;
}
} // namespace

void count_saved(const Dump& dump, CompilationLedger& ledger) {
    const auto [forward, backward] = halves(dump, dump.compilation(ledger.compilation));
    if (!forward.graph) {
        for (const Invocation& inv : ledger.invocations)
            saved_by(dump, ledger, inv);
        return;
    }
    Reporter reporter(dump, forward, backward);
    ledger.totals.saved_bytes = reporter.kept_bytes();
    const std::map<NodeId, int64_t>& kept = reporter.kept_by_call();
    for (const Invocation& inv : ledger.invocations) {
        Region* region = saved_by(dump, ledger, inv);
        if (!region || inv.parent || inv.body(CallSite::Forward).graph != forward.graph)
            continue;
        const NodeId call = inv.call(CallSite::Forward).node;
        const auto found = kept.find(call);
        const int64_t bytes = found == kept.end() ? 0 : found->second;
        if (!region->saved_bytes) {
            region->saved_bytes = bytes;
            reporter.mark(call, region->saved);
        }
        region->saved_bytes_all = region->saved_bytes_all.value_or(0) + bytes;
    }
}

} // namespace regions
} // namespace hopscope
