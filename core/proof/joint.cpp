#include "core/proof/joint.h"

#include "core/graph/print.h"
#include "core/graph/reading.h"
#include "core/read/open.h"
#include "core/regions/roles.h"

#include <algorithm>
#include <map>

namespace hopscope::proof {

namespace {

// Source of a node by its path from the body ("call/inner"); none where it has none.
class SourcesByPath {
public:
    SourcesByPath(const GraphModule& module, BodyId body)
        : module_(module)
        , body_(body) { }

    SourceId operator()(std::string_view path) const {
        BodyId body = body_;
        SourceId source;
        while (!path.empty()) {
            const size_t slash = path.find('/');
            const NodeId node = find_node(module_, module_.body(body), path.substr(0, slash));
            if (!node)
                return source;
            // A region's inner nodes have places of their own, or that of the call.
            if (const SourceId own = module_.body(body).node(node).source; own)
                source = own;
            if (slash == std::string_view::npos)
                return source;
            const auto call = region_call(module_, body, node);
            if (!call || !call->body)
                return source;
            body = call->body;
            path.remove_prefix(slash + 1);
        }
        return source;
    }

private:
    const GraphModule& module_;
    BodyId body_;
};

std::string text_of(const wire::JointAnswer& answer, const GraphModule& forward, BodyId body) {
    const SourcesByPath source_of(forward, body);
    std::string signature, attributes, text;
    for (const wire::JointPlaceholder& p : answer.placeholders) {
        const std::string typed = p.name + (p.type.empty() ? "" : ": \"" + p.type + "\"");
        if (!p.attribute) {
            signature += ", " + typed;
            continue;
        }
        const NodeId node = find_node(forward, forward.body(body), p.name);
        attributes += "        " + typed + " = self."
            + std::string(node ? forward.text(forward.body(body).node(node).target) : p.name) + "\n";
    }
    text = "class GraphModule(torch.nn.Module):\n    def forward(self" + signature + "):\n" + attributes;
    std::string last;
    for (const wire::JointNode& node : answer.nodes) {
        // Nodes without a place stand under no comment, as long as no other stands above them.
        const SourceId source = source_of(node.forward.empty() ? node.backward_of : node.forward);
        if (source || !last.empty()) {
            const std::string comment = print_source(forward, source);
            if (comment != last)
                text += "        " + comment + "\n";
            last = comment;
        }
        text += "        " + node.text + "\n";
    }
    return text + "        return " + answer.returned + "\n";
}

} // namespace

Result<DerivedJoint> derive_joint(worker::Worker& worker, const GraphModule& forward, BodyId body,
    const wire::JointRequest& request, const Job& job) {
    const auto answer = worker.joint(request, job);
    if (!answer)
        return answer.error();
    if (answer->failure)
        return make_error(Error::Kind::External,
            "'" + answer->failure->node + "' (" + answer->failure->target
                + ") failed: " + answer->failure->message);
    DerivedJoint joint;
    const auto text = std::make_shared<const std::string>(text_of(*answer, forward, body));
    std::vector<Problem> problems;
    joint.module = read_print_readable(*text, text, /*tabbed=*/false, problems);
    if (!joint.module || !problems.empty())
        return make_error(Error::Kind::External,
            "the derived graph cannot be read back"
                + (problems.empty()
                        ? std::string()
                        : ": line " + std::to_string(problems[0].line) + ": " + problems[0].message));
    joint.requires_grad = answer->requires_grad;
    joint.outputs = answer->outputs;
    joint.heard = answer->heard;
    return joint;
}

GraphId add_to(Dump& dump, CompilationId compilation, const DerivedJoint& joint) {
    Graph graph;
    graph.compilation = compilation;
    graph.stage = Stage::Joint;
    graph.label = "joint (derived)";
    graph.module = joint.module;
    for (const GraphId other : dump.compilation(compilation).graphs)
        graph.ordinal += dump.graph(other).stage == Stage::Joint;
    const GraphId id(dump.graphs.size());
    dump.graphs.push_back(std::move(graph));
    dump.compilations[compilation.index].graphs.push_back(id);
    return id;
}

namespace {

// Calls of `half` for a region, wherever they are in the module, each body once.
std::vector<RegionCall> calls_of(
    const GraphModule& module, std::string_view region, Half half, bool partitioned) {
    std::vector<RegionCall> found;
    for (size_t b = 0; b < module.bodies.size(); ++b)
        for (const RegionCall& call : region_calls(module, BodyId(b))) {
            const IdentifierParts parts = identifier_parts(call.identifier);
            const bool known = std::any_of(
                found.begin(), found.end(), [&](const RegionCall& other) { return other.body == call.body; });
            if (call.body && parts.half == half && parts.region == region && parts.partitioned == partitioned
                && !known)
                found.push_back(call);
        }
    return found;
}

// The identifier under which a body is called; empty for a root or a body that nobody calls.
std::string_view identifier_of(const GraphModule& module, BodyId body) {
    const BodyId parent = module.body(body).parent;
    if (!parent)
        return {};
    for (const RegionCall& call : region_calls(module, parent))
        if (call.body == body)
            return call.identifier;
    return {};
}

} // namespace

std::vector<RecordedJoint> recorded_joints(const Dump& dump, const Place& forward) {
    const Graph& graph = dump.graph(forward.graph);
    const IdentifierParts parts = identifier_parts(identifier_of(*graph.module, forward.body));
    std::vector<RecordedJoint> found;
    if (parts.region.empty() || parts.half == Half::Backward)
        return found;
    const auto look = [&](GraphId id) {
        for (const RegionCall& call :
            calls_of(*dump.graph(id).module, parts.region, Half::Backward, /*partitioned=*/false)) {
            const std::optional<int> variant = identifier_parts(call.identifier).variant;
            if (!parts.partitioned || !parts.variant || variant == parts.variant)
                found.push_back({{id, call.body, {}}, std::string(call.identifier), variant});
        }
    };
    look(forward.graph);
    if (found.empty())
        for (const GraphId id : dump.compilation(graph.compilation).graphs)
            if (dump.graph(id).stage == Stage::Joint && dump.graph(id).label.empty() && found.empty())
                look(id);
    std::stable_sort(found.begin(), found.end(),
        [](const RecordedJoint& a, const RecordedJoint& b) { return a.variant < b.variant; });
    return found;
}

wire::JointRequest request_from_backward(const Dump& dump, const Place& forward, const Bindings& symbols) {
    wire::JointRequest request;
    request.outputs = own_results(dump, forward.graph, forward.body);
    const bool root = !dump.graph(forward.graph).module->body(forward.body).parent;
    const Place backward = root ? Place{} : other_half(dump, forward.graph, forward.body);
    if (!backward.graph)
        return request;
    const GraphModule& bw = *dump.graph(backward.graph).module;
    const Body& body = bw.body(backward.body);
    for (const Arg* gradient : results_of(body))
        request.requires_grad.push_back(gradient->kind != ArgKind::None);
    for (size_t i = 0, n = body.placeholder_count(); i < n; ++i) {
        const ValueType* type = bw.type(body.nodes[i].type);
        if (!is_tangent(bw, body.nodes[i]) || !type || !type->has_stride)
            continue;
        std::vector<int64_t>& stride = request.tangent_strides.emplace_back();
        for (const StringId dim : bw.stride(*type))
            stride.push_back(evaluate_symbolic(bw.text(dim), symbols).value_or(0));
    }
    return request;
}

Result<wire::JointRequest> request_like(
    const GraphModule& module, BodyId joint, size_t primals, const Bindings& symbols) {
    const Body& body = module.body(joint);
    const size_t placeholders = body.placeholder_count(), results = results_of(body).size();
    if (placeholders < primals || results < primals)
        return make_error(Error::Kind::Damaged,
            "'" + body_path(module, joint) + "' has " + std::to_string(placeholders) + " placeholders and "
                + std::to_string(results) + " results; the joint graph of " + std::to_string(primals)
                + " primals has at least as many");
    wire::JointRequest request;
    request.outputs = results - primals;
    for (const Arg* result : results_of(body))
        if (request.requires_grad.size() < primals)
            request.requires_grad.push_back(result->kind != ArgKind::None);
    for (size_t i = primals; i < placeholders; ++i) {
        const ValueType* type = module.type(body.nodes[i].type);
        std::vector<int64_t>& stride = request.tangent_strides.emplace_back();
        if (!type || type->kind != TypeKind::Tensor || !type->has_stride) {
            request.tangent_strides.clear();
            break;
        }
        for (const StringId dim : module.stride(*type)) {
            std::string missing;
            const auto number = evaluate_symbolic(module.text(dim), symbols, &missing);
            if (!number)
                return make_error(Error::Kind::NotFound,
                    "the stride '" + std::string(module.text(dim)) + "' of a tangent needs a value for "
                        + missing);
            stride.push_back(*number);
        }
    }
    return request;
}

namespace {

using Counts = std::map<std::string, int>;

// A view that changes neither sizes nor strides.
bool changes_nothing(const GraphModule& module, const Body& body, const Node& n) {
    const auto inputs = body.inputs_of(n);
    const ValueType *of = module.type(n.type),
                    *from = inputs.empty() ? nullptr : module.type(body.node(inputs[0]).type);
    return of && from && module.text(of->text) == module.text(from->text);
}

bool is_view(std::string_view target) {
    return target == "aten.view.default" || target == "aten._reshape_alias.default";
}

// Counts operators, regions as what they run. Views that change nothing are counted in `idle`.
void count(const GraphModule& module, BodyId root, Counts& counts, int& idle) {
    std::vector<std::pair<BodyId, int>> todo{{root, 1}};
    while (!todo.empty()) {
        const auto [id, times] = todo.back();
        todo.pop_back();
        const Body& body = module.body(id);
        const std::vector<RegionCall> calls = region_calls(module, id);
        for (const RegionCall& call : calls) {
            if (!call.body)
                continue;
            todo.emplace_back(call.body, times);
            const IdentifierParts parts = identifier_parts(call.identifier);
            if (parts.half != Half::Backward || parts.partitioned)
                continue;
            // An inner joint graph computes its forward again, which has run already.
            for (const RegionCall& other : calls)
                if (const IdentifierParts of = identifier_parts(other.identifier);
                    of.half != Half::Backward && of.region == parts.region && other.body) {
                    todo.emplace_back(other.body, -times);
                    break;
                }
        }
        for (const Node& n : body.nodes) {
            const std::string_view target = short_target(module, n);
            if (n.op != Opcode::CallFunction || target == "operator.getitem" || target == "invoke_subgraph")
                continue;
            counts[std::string(target)] += times;
            idle += is_view(target) && changes_nothing(module, body, n) ? times : 0;
        }
    }
}

} // namespace

std::vector<OperatorDifference> compare_operators(
    const GraphModule& recorded, BodyId recorded_body, const GraphModule& derived, BodyId derived_body) {
    Counts there, here;
    int idle_there = 0, idle_here = 0;
    count(recorded, recorded_body, there, idle_there);
    count(derived, derived_body, here, idle_here);
    const auto sum = [](const Counts& counts, std::initializer_list<const char*> targets) {
        int n = 0;
        for (const char* target : targets)
            if (const auto found = counts.find(target); found != counts.end())
                n += found->second;
        return n;
    };
    const auto views = {"aten.view.default", "aten._reshape_alias.default"};
    const auto zeros = {"aten.zeros.default", "aten.new_zeros.default"};
    const bool same_views = sum(there, views) - idle_there == sum(here, views) - idle_here;
    const bool enough_zeros = sum(here, zeros) >= sum(there, zeros);
    // Derived, it is what it is made of.
    const bool flex = sum(there, {"flex_attention", "flex_attention_backward"}) > 0
        && sum(here, {"flex_attention", "flex_attention_backward"}) == 0;
    Counts all = there;
    all.insert(here.begin(), here.end());
    std::vector<OperatorDifference> differences;
    for (const auto& [target, ignored] : all) {
        OperatorDifference d{target, sum(there, {target.c_str()}), sum(here, {target.c_str()}), {}};
        if (d.recorded == d.derived)
            continue;
        if (target == "aten.detach.default" || target == "aten.alias.default")
            d.reason = "saved values are detached without the dispatcher";
        else if (is_view(target) && same_views)
            d.reason = "_reshape_alias stands for view; views that change nothing are not counted";
        else if ((target == "aten.zeros.default" || target == "aten.new_zeros.default") && enough_zeros)
            d.reason = target == "aten.zeros.default" && sum(there, zeros) != sum(here, zeros)
                ? "a gradient that is not there is filled with zeros"
                : "zeros stands for new_zeros";
        else if (flex && (d.derived > d.recorded || target.rfind("flex_attention", 0) == 0))
            d.reason = "flex_attention is written out as the operators that it is made of";
        differences.push_back(std::move(d));
    }
    return differences;
}

namespace {

Error own_outputs_unknown(const std::string& address) {
    Error error = make_error(Error::Kind::Usage,
        "'" + address
            + "' also returns what it saves, and neither its backward body nor a joint graph that tells it "
              "apart is in the dump");
    error.remedy = Error::Remedy::CountOutputs;
    return error;
}

// Of a forward graph as a whole.
std::string note_on_outputs(const Dump& dump, const Place& forward, size_t own) {
    const GraphModule& module = *dump.graph(forward.graph).module;
    if (module.body(forward.body).parent || half_of(dump, forward.graph, forward.body) != Half::Forward)
        return {};
    const size_t all = results_of(module.body(forward.body)).size();
    const std::string of = std::to_string(own) + " of its " + std::to_string(all) + " results ";
    if (own < all)
        return of + (own == 1 ? "is" : "are")
            + " taken as its own, with tangents: the backward graph takes the others";
    return other_half(dump, forward.graph, forward.body).graph ? std::string()
                                                               : "all of its " + std::to_string(all)
            + " results are taken as its own, with tangents: no backward graph in the dump tells which of "
              "them "
              "are saved values";
}

} // namespace

Result<JointPlan> plan_joint(const Dump& dump, const Place& forward, const Bindings& symbols,
    std::optional<int> variant, std::optional<size_t> outputs) {
    JointPlan plan;
    const std::string address = address_of(dump, forward.graph, forward.body);
    for (RecordedJoint& joint : recorded_joints(dump, forward))
        if (!plan.recorded && (!variant || joint.variant == variant))
            plan.recorded = std::move(joint);
    if (variant && !plan.recorded)
        return make_error(Error::Kind::NotFound,
            "no recorded joint graph of '" + address + "' has the tangent variant "
                + std::to_string(*variant));
    if (plan.recorded) {
        const Place& like = plan.recorded->place;
        auto wanted = request_like(*dump.graph(like.graph).module, like.body,
            dump.graph(forward.graph).module->body(forward.body).placeholder_count(), symbols);
        if (!wanted)
            return wanted.error();
        plan.request = std::move(*wanted);
    } else {
        plan.request = request_from_backward(dump, forward, symbols);
        if (!plan.request.outputs && !outputs)
            return own_outputs_unknown(address);
    }
    if (const size_t all = results_of(dump.graph(forward.graph).module->body(forward.body)).size();
        outputs && (*outputs == 0 || *outputs > all))
        return make_error(Error::Kind::Usage,
            "the first " + std::to_string(*outputs) + " results of '" + address + "' are asked for; it has "
                + std::to_string(all) + (all > 0 ? ": expected 1 to " + std::to_string(all) : std::string()));
    if (outputs)
        plan.request.outputs = outputs;
    else if (!plan.recorded)
        plan.note = note_on_outputs(dump, forward, plan.request.outputs.value_or(0));
    return plan;
}

} // namespace hopscope::proof
