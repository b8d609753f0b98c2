#include "core/explain/lint.h"

#include "core/graph/call_check.h"
#include "core/graph/calls.h"
#include "core/graph/reading.h"
#include "core/match/fields.h"
#include "core/match/match.h"
#include "core/regions/input_names.h"
#include "core/regions/memory.h"
#include "core/regions/roles.h"

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <set>

namespace hopscope {

namespace {

class Linter {
public:
    Linter(const Dump& dump, const CompilationLedger& ledger)
        : dump_(dump)
        , ledger_(ledger)
        , compilation_(dump.compilation(ledger.compilation))
        , names_(dump) { }

    std::vector<Problem> run() {
        for (const GraphId id : compilation_.graphs) {
            const Graph& g = dump_.graph(id);
            if (!g.label.empty() || g.cut)
                continue; // a pass's view of a graph that is looked at anyway
            operands(id);
            identifiers(id);
            if (g.stage == Stage::Dynamo) {
                autocast(id);
                results_and_writes(id);
            }
        }
        saved();
        tangents();
        options();
        return std::move(found_);
    }

private:
    void add(Severity severity, std::string message, GraphId graph, BodyId body, NodeId node) {
        const Graph& g = dump_.graph(graph);
        const uint64_t line = node ? g.module->body(body).node(node).line : g.line;
        found_.push_back({severity, std::move(message), g.file, line, 0});
    }
    // An address, and of an input its name in the program: "0/0:forward@primals_5 (layers.0.norm.weight)".
    std::string at(GraphId graph, BodyId body, NodeId node = {}) const {
        std::string out = address_of(dump_, graph, body, node);
        if (node && dump_.graph(graph).module->body(body).node(node).op == Opcode::Placeholder)
            if (const std::string name = names_.of({graph, body, node}).text(); !name.empty())
                out += " (" + name + ')';
        return out;
    }

    bool reused_by_key(const Place& call) const {
        return std::any_of(ledger_.invocations.begin(), ledger_.invocations.end(), [&](const Invocation& i) {
            return i.decision == Decision::ReusedByKey
                && std::find(i.calls.begin(), i.calls.end(), call) != i.calls.end();
        });
    }

    void operands(GraphId id) {
        const GraphModule& m = *dump_.graph(id).module;
        for (size_t b = 0; b < m.bodies.size(); ++b)
            for (const RegionCall& call : region_calls(m, BodyId(b))) {
                const auto wrong = check_region_call(m, BodyId(b), call.node, /*strides=*/true);
                if (wrong.empty())
                    continue;
                const bool by_key = reused_by_key({id, BodyId(b), call.node});
                add(by_key ? Severity::Error : Severity::Warning,
                    "the call " + at(id, BodyId(b), call.node) + " does not fit its body "
                        + (call.body ? at(id, call.body) : std::string("that is not printed")) + ": "
                        + wrong.front()
                        + (by_key ? "; it was reused by the key of the user's hash function, which is too "
                                    "coarse"
                                  : ""),
                    id, BodyId(b), call.node);
            }
    }

    // Where an identifier is called, one body is meant: it is the key of every cache.
    void identifiers(GraphId id) {
        const GraphModule& m = *dump_.graph(id).module;
        std::map<std::string_view, RegionCall> first;
        std::set<std::pair<BodyId, BodyId>> compared;
        std::unique_ptr<Canon> canon;
        for (size_t b = 0; b < m.bodies.size(); ++b)
            for (const RegionCall& call : region_calls(m, BodyId(b))) {
                if (!call.body || call.identifier.empty())
                    continue;
                const auto [known, is_new] = first.try_emplace(call.identifier, call);
                if (is_new || known->second.body == call.body
                    || !compared.insert({known->second.body, call.body}).second)
                    continue;
                if (!canon)
                    canon = std::make_unique<Canon>(m);
                if (canon->hash(known->second.body) != canon->hash(call.body))
                    add(Severity::Error,
                        "'" + std::string(call.identifier) + "' is called with two bodies that differ: "
                            + at(id, known->second.body) + " and " + at(id, call.body)
                            + "; an identifier is the key of every cache, so one of them is run for both",
                        id, BodyId(b), call.node);
            }
    }

    struct Autocast {
        NodeId enter;
        std::string_view device, dtype;
        bool enabled = true;
    };
    std::optional<Autocast> entered(const GraphModule& m, const Body& body, NodeId node) const {
        const Node& n = body.node(node);
        if (n.op != Opcode::CallFunction || !m.text(n.target).ends_with("_enter_autocast"))
            return std::nullopt;
        const Arguments args = arguments_of(m, body, n);
        Autocast a;
        a.enter = node;
        if (const auto device = string_of(m, args.at(0)))
            a.device = *device;
        if (const Arg* dtype = args.at(1); dtype && dtype->kind == ArgKind::Dtype)
            a.dtype = m.text(dtype->text());
        if (const Arg* on = args.at(2); on && on->kind == ArgKind::Bool)
            a.enabled = m.text(on->text()) == "True";
        if (a.dtype.starts_with("torch."))
            a.dtype.remove_prefix(6);
        return a.dtype.empty() ? std::nullopt : std::optional(a);
    }

    static bool is_low(std::string_view dtype) { return dtype == "float16" || dtype == "bfloat16"; }
    static std::string_view dtype_of(const GraphModule& m, const Node& n) {
        const ValueType* type = m.type(n.type);
        const DType* dtype =
            type && type->kind == TypeKind::Tensor ? dtype_by_abbreviation(m.text(type->dtype)) : nullptr;
        return dtype ? dtype->name : std::string_view();
    }

    // Around which calls autocast was entered, and in what the bodies compute: a low dtype that neither an
    // operand nor a conversion in the body brings in is autocast's doing.
    void autocast(GraphId id) {
        const GraphModule& m = *dump_.graph(id).module;
        const Body& root = m.body(BodyId(0));
        std::vector<Autocast> open;
        std::set<BodyId> told;
        for (size_t i = 0; i < root.nodes.size(); ++i) {
            if (const auto a = entered(m, root, NodeId(i)))
                open.push_back(*a);
            else if (m.text(root.nodes[i].target).ends_with("_exit_autocast") && !open.empty())
                open.pop_back();
            if (open.empty() || !open.back().enabled)
                continue;
            const auto call = region_call(m, BodyId(0), NodeId(i));
            if (!call || !call->body || !told.insert(call->body).second)
                continue;
            const NodeId inside = other_dtype(m, call->body, open.back());
            const Place odd = inside ? Place{id, call->body, inside}
                                     : behind(m, call->body, {id, BodyId(0), call->node}, open.back());
            if (!odd.graph)
                continue;
            const GraphModule& of = *dump_.graph(odd.graph).module;
            add(Severity::Error,
                "autocast to " + std::string(open.back().dtype) + " is entered at "
                    + at(id, BodyId(0), open.back().enter) + ", but the body " + at(odd.graph, odd.body)
                    + " that is called under it computes in "
                    + std::string(dtype_of(of, of.body(odd.body).node(odd.node))) + " (first at "
                    + at(odd.graph, odd.body, odd.node) + ")",
                odd.graph, odd.body, odd.node);
        }
    }

    // The same in the graphs behind Dynamo's: a low dtype that Dynamo's body has nowhere (AOTAutograd traced
    // the body under the device's default autocast dtype).
    Place behind(const GraphModule& m, BodyId body, const Place& call, const Autocast& outer) const {
        std::set<std::string_view> known{outer.dtype};
        for (const Node& n : m.body(body).nodes)
            known.insert(dtype_of(m, n));
        for (const Invocation& inv : ledger_.invocations) {
            if (inv.call(CallSite::Dynamo) != call)
                continue;
            for (const CallSite site : {CallSite::Forward, CallSite::Inference, CallSite::Joint}) {
                const Place& later = inv.body(site);
                if (!later.graph)
                    continue;
                const GraphModule& of = *dump_.graph(later.graph).module;
                const Body& nodes = of.body(later.body);
                for (size_t i = 0; i < nodes.nodes.size(); ++i)
                    if (const std::string_view dtype = dtype_of(of, nodes.nodes[i]);
                        is_low(dtype) && !known.count(dtype))
                        return {later.graph, later.body, NodeId(i)};
            }
        }
        return {};
    }
    NodeId other_dtype(const GraphModule& m, BodyId id, const Autocast& outer) const {
        const Body& body = m.body(id);
        std::set<std::string_view> brought;
        for (size_t i = 0; i < body.nodes.size(); ++i) {
            const Node& n = body.nodes[i];
            if (entered(m, body, NodeId(i)))
                return {}; // it says itself in what it computes
            const std::string_view dtype = dtype_of(m, n);
            if (n.op == Opcode::Placeholder || n.op == Opcode::GetAttr) {
                brought.insert(dtype);
                continue;
            }
            for (const Arg& arg : body.args_of(n))
                if (arg.kind == ArgKind::Dtype) {
                    const std::string_view named = m.text(arg.text());
                    brought.insert(named.starts_with("torch.") ? named.substr(6) : named);
                }
            const std::string_view target = operator_name(m.text(n.target));
            if (target == "half" || target == "bfloat16")
                brought.insert(target == "half" ? "float16" : "bfloat16");
            if (is_low(dtype) && dtype != outer.dtype && !brought.count(dtype))
                return NodeId(i);
        }
        return {};
    }

    bool wants_gradient() const {
        return std::any_of(compilation_.graphs.begin(), compilation_.graphs.end(), [&](GraphId g) {
            return dump_.graph(g).stage == Stage::Joint || dump_.graph(g).stage == Stage::Backward;
        }) || std::any_of(ledger_.invocations.begin(), ledger_.invocations.end(), [](const Invocation& i) {
            return i.call(CallSite::Backward).graph.valid();
        });
    }

    void results_and_writes(GraphId id) {
        const GraphModule& m = *dump_.graph(id).module;
        std::set<BodyId> seen;
        for (size_t b = 0; b < m.bodies.size(); ++b)
            for (const RegionCall& call : region_calls(m, BodyId(b))) {
                if (!call.body || !seen.insert(call.body).second)
                    continue;
                const Body& body = m.body(call.body);
                aliases(m, id, call.body);
                if (!wants_gradient() && compilation_.fail_type.empty())
                    continue;
                for (size_t i = 0; i < body.nodes.size(); ++i)
                    if (const NodeId operand = written(m, body, NodeId(i)))
                        add(Severity::Warning,
                            "the body " + at(id, call.body) + " writes into its operand "
                                + at(id, call.body, operand) + " at " + at(id, call.body, NodeId(i))
                                + ": PyTorch does not train regions that mutate an input or buffer",
                            id, call.body, NodeId(i));
            }
    }
    // Results that lie in the storage of an operand, or of one another.
    void aliases(const GraphModule& m, GraphId id, BodyId b) {
        const Body& body = m.body(b);
        std::map<NodeId, NodeId> returned; // by whose storage it is
        for (const Arg* result : results_of(body)) {
            const NodeId node = result->node();
            if (!node || dtype_of(m, body.node(node)).empty())
                continue;
            const NodeId base = behind_views(m, body, node);
            const std::string clone = " (return a `.clone()`)";
            if (body.node(base).op == Opcode::Placeholder)
                add(Severity::Warning,
                    "the body " + at(id, b) + " returns "
                        + (base == node ? "its operand " + at(id, b, node) + " itself"
                                        : at(id, b, node) + ", a view of its operand " + at(id, b, base))
                        + ": a region's result may not alias an operand" + clone,
                    id, b, node);
            else if (const auto [other, first] = returned.try_emplace(base, node); !first)
                add(Severity::Warning,
                    "the body " + at(id, b) + " returns "
                        + (other->second == node ? at(id, b, node) + " twice"
                                                 : at(id, b, other->second) + " and " + at(id, b, node)
                                    + ", which lie in one storage")
                        + ": a region's results may not alias each other" + clone,
                    id, b, node);
        }
    }
    // Whose storage a value lies in, as far as views tell.
    static NodeId behind_views(const GraphModule& m, const Body& body, NodeId node) {
        for (size_t steps = body.nodes.size(); steps > 0; --steps) {
            const Node& n = body.node(node);
            const bool attribute =
                n.syntax == Syntax::Attribute && operator_name(m.text(n.target)) == "getattr";
            if (!is_view_operator(m, n) && !attribute)
                return node;
            const Arguments args = arguments_of(m, body, n);
            if (!args.at(0) || !args.at(0)->node())
                return node;
            node = args.at(0)->node();
        }
        return node;
    }

    // The placeholder that a node writes into, itself or through a view.
    static NodeId written(const GraphModule& m, const Body& body, NodeId node) {
        const Node& n = body.node(node);
        if (n.op != Opcode::CallFunction && n.op != Opcode::CallMethod)
            return {};
        const std::string_view name = operator_name(m.text(n.target));
        const bool in_place = n.syntax == Syntax::InplaceOperator || n.syntax == Syntax::SetItem
            || (name.size() > 1 && name.ends_with('_') && !name.ends_with("__") && !name.starts_with('_'));
        const Arguments args = arguments_of(m, body, n);
        const Arg* target = args.at(0);
        // Running statistics are written while training.
        if (name == "batch_norm") {
            const Arg* training = args.get(5, "training");
            if (!training || training->kind != ArgKind::Bool || m.text(training->text()) != "True")
                return {};
            target = args.get(1, "running_mean");
        } else if (!in_place) {
            return {};
        }
        NodeId operand = target ? target->node() : NodeId();
        operand = operand ? behind_views(m, body, operand) : operand;
        return operand && body.node(operand).op == Opcode::Placeholder ? operand : NodeId();
    }

    void saved() {
        std::set<std::pair<BodyId, BodyId>> seen;
        for (const Invocation& inv : ledger_.invocations) {
            const Place& f = inv.body(CallSite::Forward);
            const Place& b = inv.body(CallSite::Backward);
            if (!f.graph || !b.graph || !seen.insert({f.body, b.body}).second)
                continue;
            const GraphModule &fm = *dump_.graph(f.graph).module, &bm = *dump_.graph(b.graph).module;
            for (const SavedValue& value : saved_values(dump_, f, b)) {
                const Node& made = fm.body(f.body).node(value.node);
                const Node& taken = bm.body(b.body).node(value.placeholder);
                std::vector<FieldDifference> differences;
                compare_types(fm, made.type, bm, taken.type, {}, differences);
                for (const FieldDifference& d : differences)
                    add(Severity::Error,
                        at(f.graph, f.body, value.node) + " is saved with " + std::string(field_name(d.field))
                            + ' ' + d.expected + ", and its backward takes it with " + d.found + " as "
                            + at(b.graph, b.body, value.placeholder),
                        b.graph, b.body, value.placeholder);
                const ValueType* type = bm.type(taken.type);
                const bool number = type && type->kind == TypeKind::Sym; // takes no memory
                if (!number && bm.body(b.body).users_of(taken).empty())
                    add(Severity::Note,
                        at(f.graph, f.body, value.node) + " is saved, and nothing in its backward uses it ("
                            + at(b.graph, b.body, value.placeholder) + ')',
                        b.graph, b.body, value.placeholder);
            }
        }
    }

    // A tangent that the whole backward takes in another form than the forward returns the value whose
    // gradient it is (torch/_functorch/_aot_autograd/descriptors.py, TangentAOTInput). Strides may differ:
    // for outputs that are not dense AOTAutograd asks for contiguous tangents and makes them so (_functorch/
    // _aot_autograd/runtime_wrappers.py, coerce_to_expected_memory_format).
    void tangents() {
        for (const GraphId id : compilation_.graphs) {
            const Graph& g = dump_.graph(id);
            if (g.stage != Stage::Backward || !g.label.empty() || g.cut)
                continue;
            const Place forward = other_half(dump_, id, BodyId(0));
            if (!forward.graph || dump_.graph(forward.graph).cut)
                continue;
            const GraphModule &m = *g.module, &fw = *dump_.graph(forward.graph).module;
            const Body& body = m.body(BodyId(0));
            for (size_t i = 0, n = body.placeholder_count(); i < n; ++i) {
                const NodeId result = output_of_tangent(fw, m.text(body.nodes[i].descriptor));
                if (!result)
                    continue;
                std::vector<FieldDifference> differences;
                compare_types(
                    fw, fw.body(BodyId(0)).node(result).type, m, body.nodes[i].type, {}, differences);
                for (const FieldDifference& d : differences)
                    if (d.field != Field::Stride)
                        add(Severity::Warning,
                            "the forward returns " + at(forward.graph, BodyId(0), result) + " with "
                                + std::string(field_name(d.field)) + ' ' + d.expected
                                + ", and the backward takes its tangent with " + d.found + " as "
                                + at(id, BodyId(0), NodeId(i)),
                            id, BodyId(0), NodeId(i));
            }
        }
    }
    // "TangentAOTInput(output=PlainAOTOutput(idx=0))": the result of the forward with that descriptor.
    static NodeId output_of_tangent(const GraphModule& forward, std::string_view descriptor) {
        constexpr std::string_view kBefore = "TangentAOTInput(output=";
        if (!descriptor.starts_with(kBefore) || !descriptor.ends_with(')'))
            return {};
        const std::string_view wanted =
            descriptor.substr(kBefore.size(), descriptor.size() - kBefore.size() - 1);
        const Body& body = forward.body(BodyId(0));
        const auto results = results_of(body);
        for (size_t i = 0; i < std::min(results.size(), body.output_descriptors.size()); ++i)
            if (body.output_descriptors[i] && forward.text(body.output_descriptors[i]) == wanted)
                return results[i]->node();
        return {};
    }

    // A region's own compilers and passes (torch/_higher_order_ops/invoke_subgraph.py,
    // NestedCompileRegionOptions) stand in the annotation of its calls: with a call of a later stage that has
    // lost it, the region is compiled as everything else is.
    bool has_options(const Place& call) const {
        if (!call.graph)
            return false;
        const GraphModule& m = *dump_.graph(call.graph).module;
        const Source* s = m.source(m.body(call.body).node(call.node).source);
        return s && s->annotation
            && m.text(s->annotation).find("nested_region_config") != std::string_view::npos;
    }
    void options() {
        for (const Invocation& inv : ledger_.invocations) {
            const Place& first = inv.call(CallSite::Dynamo);
            if (!has_options(first))
                continue;
            for (const CallSite site : {CallSite::Forward, CallSite::Inference}) {
                const Place& later = inv.call(site);
                if (later.graph && !has_options(later))
                    add(Severity::Warning,
                        "the call " + at(first.graph, first.body, first.node)
                            + " has options of its region (nested_region_config), and "
                            + at(later.graph, later.body, later.node)
                            + ", which is the same call, has lost them",
                        later.graph, later.body, later.node);
            }
        }
    }

    const Dump& dump_;
    const CompilationLedger& ledger_;
    const Compilation& compilation_;
    mutable InputNames names_;
    std::vector<Problem> found_;
};

} // namespace

std::vector<Problem> lint(const Dump& dump, const Ledger& ledger) {
    std::vector<Problem> out;
    for (const CompilationLedger& c : ledger.compilations) {
        if (!dump.compilation(c.compilation).last_attempt)
            continue;
        for (Problem& p : Linter(dump, c).run())
            out.push_back(std::move(p));
    }
    return out;
}

} // namespace hopscope
