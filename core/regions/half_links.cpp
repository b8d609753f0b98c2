#include "core/regions/half_links.h"

#include "core/graph/calls.h"
#include "core/graph/reading.h"
#include "core/regions/half_order.h"
#include "core/regions/roles.h"

#include <algorithm>
#include <map>
#include <optional>
#include <tuple>

namespace hopscope {

namespace {

constexpr size_t kMostOfALine = 8; // a line with more nodes than that says nothing of one of them
constexpr int kMostSteps = 16; // back along values that gradients pass unchanged

using Line = std::tuple<std::string_view, uint32_t, std::string_view>; // file, line, function
using Nodes = std::vector<NodeId>;

Line line_of(const GraphModule& module, const Node& node) {
    const Source* source = module.source(node.source);
    if (!source || !source->has_place())
        return {};
    return {module.text(source->file), source->line, module.text(source->function)};
}

bool computes(const Node& node) {
    return node.op != Opcode::Placeholder && node.op != Opcode::GetAttr && node.op != Opcode::Output;
}

void sort_unique(Nodes& nodes) {
    std::sort(nodes.begin(), nodes.end());
    nodes.erase(std::unique(nodes.begin(), nodes.end()), nodes.end());
}

bool has(const Nodes& nodes, NodeId node) {
    return std::find(nodes.begin(), nodes.end(), node) != nodes.end();
}

std::string_view op_of(const GraphModule& module, const Node& node) {
    return operator_name(module.text(node.target));
}

// What the forward body is to its backward: which nodes have a derivative at all.
class ForwardHalf {
public:
    ForwardHalf(const Dump& dump, const Place& place)
        : module_(*dump.graph(place.graph).module)
        , id_(place.body)
        , body_(module_.body(place.body))
        , derived_(body_.nodes.size(), false)
        , position_(body_.nodes.size(), kUnplaced) {
        mark_derived(own_results(dump, place.graph, place.body));
        for (RegionCall& call : region_calls(module_, id_))
            operands_.emplace(call.node, std::move(call.operands));
        for (size_t i = 0; i < body_.nodes.size(); ++i) {
            const Node& node = body_.nodes[i];
            by_name_.emplace(module_.text(node.name), NodeId(i));
            if (!has_derivative(NodeId(i)))
                continue;
            position_[i] = static_cast<uint32_t>(ordered_.size());
            OrderedNode ordered{NodeId(i), op_of(module_, node), node.type, {}};
            for (const NodeId input : body_.inputs_of(node))
                ordered.inputs.push_back(body_.node(input).type);
            ordered_.push_back(std::move(ordered));
            if (const Line line = line_of(module_, node); !std::get<0>(line).empty())
                lines_[line].push_back(NodeId(i));
        }
    }

    const GraphModule& module() const { return module_; }
    const Body& body() const { return body_; }
    const std::vector<OrderedNode>& ordered() const { return ordered_; }
    // Of a call of a region, by position; null of other nodes. Its backward returns a gradient for each of
    // them (torch/_higher_order_ops/invoke_subgraph.py, InvokeSubgraphAutogradOp.backward).
    const Nodes* operands_of_call(NodeId node) const {
        const auto found = operands_.find(node);
        return found == operands_.end() ? nullptr : &found->second;
    }
    uint32_t position(NodeId node) const { return position_[node.index]; }
    bool has_derivative(NodeId node) const {
        return derived_[node.index] && computes(body_.node(node)) && !tuple_item(module_, body_, node)
            && can_vary(body_.node(node));
    }
    NodeId named(std::string_view name) const {
        const auto found = by_name_.find(name);
        return found == by_name_.end() ? NodeId() : found->second;
    }
    const Nodes* of_line(const Line& line) const {
        const auto found = std::get<0>(line).empty() ? lines_.end() : lines_.find(line);
        return found == lines_.end() ? nullptr : &found->second;
    }

    // Of what was saved: the node that yields it, and those that use it. Views that were made for the
    // backward alone stand for what they are views of.
    Nodes of_saved(NodeId value) const {
        Nodes found;
        for (int step = 0; step < kMostSteps; ++step) {
            const Node& producer = body_.node(value);
            if (const auto item = tuple_item(module_, body_, value))
                value = item->of;
            if (has_derivative(value))
                found.push_back(value);
            for (const NodeId user : body_.users_of(producer))
                if (has_derivative(user))
                    found.push_back(user);
            const DerivativeFamily family = derivative_family(op_of(module_, body_.node(value)));
            const bool view = family == DerivativeFamily::View || family == DerivativeFamily::Transpose
                || family == DerivativeFamily::Pass;
            const auto inputs = body_.inputs_of(body_.node(value));
            if (!view || has_derivative(value) || !computes(body_.node(value)) || inputs.empty())
                break;
            value = inputs.front();
        }
        sort_unique(found);
        return found;
    }

    // The values that a gradient of this one is a gradient of as well: sums and copies hand theirs on.
    void add_passed(NodeId value, Nodes& values) const {
        for (int step = 0; step < kMostSteps; ++step) {
            if (has(values, value))
                return;
            values.push_back(value);
            const Node& producer = body_.node(value);
            const std::string_view op = computes(producer) ? op_of(module_, producer) : std::string_view();
            const auto inputs = body_.inputs_of(producer);
            if (inputs.empty()
                || (op != "add" && derivative_family(op) != DerivativeFamily::Pass && op != "clone"))
                return;
            for (size_t i = 1; i < inputs.size(); ++i)
                if (!has(values, inputs[i]))
                    values.push_back(inputs[i]);
            value = inputs.front();
        }
    }

private:
    // Whole numbers and truth values have no derivative.
    bool can_vary(const Node& node) const {
        const ValueType* type = module_.type(node.type);
        if (!type || type->kind != TypeKind::Tensor)
            return true;
        const std::string_view dtype = module_.text(type->dtype);
        return dtype.empty() || (dtype.front() != 'b' && dtype.front() != 'i' && dtype.front() != 'u')
            || dtype.starts_with("bf");
    }

    // What its own results rest on has a derivative; the rest is there for the backward.
    void mark_derived(std::optional<size_t> own) {
        const std::vector<const Arg*> results = results_of(body_);
        const size_t count = std::min(own.value_or(results.size()), results.size());
        for (size_t i = 0; i < count; ++i)
            if (results[i] && results[i]->kind == ArgKind::Node)
                derived_[results[i]->node().index] = true;
        for (size_t i = body_.nodes.size(); i-- > 0;)
            if (derived_[i])
                for (const NodeId input : body_.inputs_of(body_.nodes[i]))
                    derived_[input.index] = true;
    }

    const GraphModule& module_;
    BodyId id_;
    const Body& body_;
    std::vector<bool> derived_;
    std::vector<uint32_t> position_; // by node, in ordered_
    std::vector<OrderedNode> ordered_;
    std::map<Line, Nodes> lines_;
    std::map<std::string_view, NodeId> by_name_;
    std::map<NodeId, Nodes> operands_; // by call
};

class Linker {
public:
    Linker(const Dump& dump, const Place& forward, const Place& backward)
        : fw_(dump, forward)
        , module_(*dump.graph(backward.graph).module)
        , body_(module_.body(backward.body))
        , gradient_(body_.nodes.size(), false)
        , tangent_of_(body_.nodes.size())
        , saved_(body_.nodes.size())
        , links_(body_.nodes.size()) {
        mark_gradients(dump, forward, backward);
        saved_of_.resize(body_.nodes.size());
        for (const SavedValue& value : saved_values(dump, forward, backward))
            if (value.placeholder.index < saved_of_.size())
                saved_of_[value.placeholder.index] = value.node;
        for (size_t i = 0; i < body_.nodes.size(); ++i) {
            for (const NodeId input : body_.inputs_of(body_.nodes[i]))
                if (saved_of_[input.index])
                    for (const NodeId node : fw_.of_saved(saved_of_[input.index]))
                        saved_[i].push_back(node);
            sort_unique(saved_[i]);
        }
    }

    HalfLinks run() {
        link_computed_again();
        link_by_order();
        for (size_t i = 0; i < body_.nodes.size(); ++i)
            finish(NodeId(i));
        HalfLinks out;
        for (size_t i = 0; i < body_.nodes.size(); ++i) {
            if (!computes(body_.nodes[i]))
                continue;
            ++out.backward_nodes;
            out.linked += !links_[i].nodes.empty();
            if (links_[i].nodes.empty())
                out.unlinked.push_back(NodeId(i));
            for (const NodeId node : links_[i].nodes)
                out.links.push_back({node, NodeId(i), links_[i].evidence, links_[i].placed});
        }
        return out;
    }

private:
    struct Found {
        Nodes nodes;
        HalfEvidence evidence = HalfEvidence::SourceLine;
        bool placed = false;
    };

    // What rests on a tangent; without known tangents everything may.
    void mark_gradients(const Dump& dump, const Place& forward, const Place& backward) {
        const BodyRoles roles = roles_of(dump, backward.graph, backward.body);
        Nodes tangents;
        for (size_t i = 0; i < body_.nodes.size(); ++i)
            if (roles.input(NodeId(i)) == InputRole::Tangent)
                tangents.emplace_back(i);
        for (size_t i = 0; i < body_.nodes.size(); ++i) {
            bool on = tangents.empty() || has(tangents, NodeId(i));
            for (const NodeId input : body_.inputs_of(body_.nodes[i]))
                on = on || gradient_[input.index];
            gradient_[i] = on;
        }
        // One tangent for each result that is its own: then the k-th is that of the k-th.
        const std::optional<size_t> own = own_results(dump, forward.graph, forward.body);
        const std::vector<const Arg*> results = results_of(fw_.body());
        if (own != tangents.size() || results.size() < tangents.size())
            return;
        for (size_t k = 0; k < tangents.size(); ++k)
            if (results[k] && results[k]->kind == ArgKind::Node)
                tangent_of_[tangents[k].index] = results[k]->node();
    }

    // The partitioner copies nodes with their names (torch/_functorch/partitioners.py).
    void link_computed_again() {
        for (size_t i = 0; i < body_.nodes.size(); ++i) {
            const Node& node = body_.nodes[i];
            if (!computes(node) || gradient_[i])
                continue;
            const NodeId same = fw_.named(module_.text(node.name));
            if (same && computes(fw_.body().node(same))
                && op_of(fw_.module(), fw_.body().node(same)) == op_of(module_, node))
                links_[i] = {{same}, HalfEvidence::Again, false};
        }
    }

    NodeId maker_of_saved(const Node& node) const {
        if (derivative_family(op_of(module_, node)) != DerivativeFamily::Pass)
            return {};
        NodeId value =
            body_.inputs_of(node).empty() ? NodeId() : saved_of_[body_.inputs_of(node).front().index];
        for (int step = 0; value && step < kMostSteps; ++step) {
            if (const auto item = tuple_item(fw_.module(), fw_.body(), value))
                value = item->of;
            if (fw_.has_derivative(value)
                && derivative_family(op_of(fw_.module(), fw_.body().node(value))) != DerivativeFamily::Pass)
                return value;
            const auto inputs = fw_.body().inputs_of(fw_.body().node(value));
            value = inputs.empty() ? NodeId() : inputs.front();
        }
        return {};
    }

    // Two gradients of one value.
    bool is_sum(NodeId id) const {
        const Node& node = body_.node(id);
        const auto inputs = body_.inputs_of(node);
        return op_of(module_, node) == "add" && inputs.size() == 2 && gradient_[inputs[0].index]
            && gradient_[inputs[1].index];
    }

    bool is_placed_by_order(NodeId id) const {
        return computes(body_.node(id)) && links_[id.index].nodes.empty() && !tuple_item(module_, body_, id)
            && !is_sum(id);
    }

    void link_by_order() {
        HalfOrder order{&fw_.module(), &module_, fw_.ordered(), {}, {}, {}};
        const auto positions = [&](const Nodes& nodes) {
            std::vector<uint32_t> out;
            for (const NodeId node : nodes)
                out.push_back(fw_.position(node));
            return out;
        };
        for (size_t i = 0; i < body_.nodes.size(); ++i) {
            const Node& node = body_.nodes[i];
            if (!is_placed_by_order(NodeId(i)))
                continue;
            const Nodes* of_line = fw_.of_line(line_of(module_, node));
            order.backward_nodes.push_back({NodeId(i), op_of(module_, node), node.type, {}});
            order.allowed.push_back(of_line ? positions(*of_line) : std::vector<uint32_t>());
            // A result that was saved is handed over as a detached copy (SavedVariable::unpack).
            if (const NodeId maker = maker_of_saved(node))
                order.allowed.back() = {fw_.position(maker)};
            order.saved.push_back(positions(saved_[i]));
        }
        const std::vector<uint32_t> placed = place_by_order(order);
        for (size_t b = 0; b < placed.size(); ++b) {
            const NodeId id = order.backward_nodes[b].node;
            if (placed[b] != kUnplaced)
                links_[id.index] = explain(id, order.forward_nodes[placed[b]].node);
        }
    }

    // What speaks for the place, or without one for whatever stands out.
    Found explain(NodeId id, NodeId at) const {
        const Node& node = body_.node(id);
        const Nodes* line = fw_.of_line(line_of(module_, node));
        const Nodes of_line = line ? *line : Nodes();
        const Nodes& saved = saved_[id.index];
        const std::string_view op = op_of(module_, node);
        const auto derivatives = [&](const Nodes& nodes) {
            Nodes kept;
            std::copy_if(nodes.begin(), nodes.end(), std::back_inserter(kept),
                [&](NodeId n) { return is_derivative(op, op_of(fw_.module(), fw_.body().node(n))); });
            return kept;
        };
        Nodes agreed;
        std::copy_if(saved.begin(), saved.end(), std::back_inserter(agreed),
            [&](NodeId n) { return has(of_line, n); });
        const Source* source = module_.source(node.source);
        const bool told = source && source->backward_of;
        struct Level {
            Nodes nodes;
            HalfEvidence evidence;
        };
        // What two of them say beats what one says.
        const Level levels[] = {{derivatives(agreed), HalfEvidence::Operator},
            {derivatives(of_line), HalfEvidence::Operator}, {derivatives(saved), HalfEvidence::Operator},
            {agreed, told ? HalfEvidence::BackwardOf : HalfEvidence::Saved},
            {of_line, told ? HalfEvidence::BackwardOf : HalfEvidence::SourceLine},
            {saved, HalfEvidence::Saved}};
        for (const Level& level : levels)
            if (at && has(level.nodes, at))
                return {{at}, level.evidence, level.nodes.size() > 1};
        if (at)
            return {{at}, HalfEvidence::Order, false};
        for (const Level& level : levels)
            if (!level.nodes.empty() && level.nodes.size() <= kMostOfALine)
                return {level.nodes, level.evidence, false};
        return {};
    }

    // In graph order: items follow what they are items of, sums what they add up.
    void finish(NodeId id) {
        if (!computes(body_.node(id)) || !links_[id.index].nodes.empty())
            return;
        if (const auto item = tuple_item(module_, body_, id)) {
            links_[id.index] = links_[item->of.index];
            return;
        }
        if (!is_sum(id)) {
            if (const NodeId before = next_in_chain(id))
                links_[id.index] = {{before}, HalfEvidence::Chain, false};
            else
                links_[id.index] = explain(id, {});
            return;
        }
        const auto inputs = body_.inputs_of(body_.node(id));
        const Nodes of_one = gradient_of(inputs[0]), of_other = gradient_of(inputs[1]);
        Nodes both;
        std::copy_if(of_one.begin(), of_one.end(), std::back_inserter(both),
            [&](NodeId value) { return has(of_other, value); });
        // A gradient is as large as its value: equal views of one value are one node in the forward, and what
        // is summed is the gradient of what they view. Both ways run on to what lies before the value: the
        // latest is the one.
        std::erase_if(both, [&](NodeId value) { return !may_be_gradient(id, value); });
        if (!both.empty())
            links_[id.index] = {
                {*std::max_element(both.begin(), both.end())}, HalfEvidence::Sum, both.size() > 1};
        else
            links_[id.index] = explain(id, {});
    }

    // By their shapes; where one of them is not known it may be.
    bool may_be_gradient(NodeId id, NodeId value) const {
        const ValueType *made = module_.type(body_.node(id).type),
                        *of = fw_.module().type(fw_.body().node(value).type);
        if (!made || !of || made->kind != TypeKind::Tensor || of->kind != TypeKind::Tensor)
            return true;
        const auto own = module_.shape(*made), other = fw_.module().shape(*of);
        return std::equal(own.begin(), own.end(), other.begin(), other.end(),
            [&](StringId a, StringId b) { return module_.text(a) == fw_.module().text(b); });
    }

    // A view of a gradient belongs to the view that made the value, where the forward has just one: equal
    // views of one value are one node there (torch/_inductor/fx_passes, common subexpressions), out of the
    // order.
    NodeId next_in_chain(NodeId id) const {
        const DerivativeFamily family = derivative_family(op_of(module_, body_.node(id)));
        if (family != DerivativeFamily::View && family != DerivativeFamily::Transpose
            && family != DerivativeFamily::Cast)
            return {};
        Nodes found;
        for (const NodeId input : body_.inputs_of(body_.node(id)))
            for (const NodeId node : links_[input.index].nodes)
                for (const NodeId before : fw_.body().inputs_of(fw_.body().node(node)))
                    if (fw_.has_derivative(before)
                        && derivative_family(op_of(fw_.module(), fw_.body().node(before))) == family)
                        found.push_back(before);
        sort_unique(found);
        return found.size() == 1 ? found.front() : NodeId();
    }

    // The forward values that a backward value may be a gradient of.
    Nodes gradient_of(NodeId id) const {
        Nodes values;
        if (const NodeId result = tangent_of_[id.index]) {
            fw_.add_passed(result, values);
            return values;
        }
        const Found& found = links_[id.index];
        const auto item = tuple_item(module_, body_, id);
        for (const NodeId node : found.nodes) {
            const Nodes* operands = item ? fw_.operands_of_call(node) : nullptr;
            if (found.evidence == HalfEvidence::Sum)
                fw_.add_passed(node, values);
            else if (operands && item->index < operands->size() && (*operands)[item->index])
                fw_.add_passed((*operands)[item->index], values);
            else
                for (const NodeId input : fw_.body().inputs_of(fw_.body().node(node)))
                    fw_.add_passed(input, values);
        }
        return values;
    }

    ForwardHalf fw_;
    const GraphModule& module_;
    const Body& body_;
    std::vector<bool> gradient_; // by backward node: it rests on a tangent
    std::vector<NodeId> saved_of_; // by backward node: the forward value that a placeholder takes
    std::vector<NodeId> tangent_of_; // by backward node: the forward value whose gradient a tangent is
    std::vector<Nodes> saved_; // by backward node: whom what it takes was saved of or for
    std::vector<Found> links_; // by backward node
};

} // namespace

std::string half_evidence_text(HalfEvidence evidence, bool placed) {
    const char* text = "";
    switch (evidence) {
    case HalfEvidence::Again:
        text = "the same node, computed again";
        break;
    case HalfEvidence::BackwardOf:
        text = "the dump says so";
        break;
    case HalfEvidence::Operator:
        text = "its operator";
        break;
    case HalfEvidence::Saved:
        text = "what was saved of it";
        break;
    case HalfEvidence::SourceLine:
        text = "the same source line";
        break;
    case HalfEvidence::Sum:
        return "it adds up gradients of that value";
    case HalfEvidence::Chain:
        return "the derivative that it goes on from";
    case HalfEvidence::Order:
        return "the order of derivatives alone";
    }
    return placed ? std::string(text) + ", and the order of derivatives" : text;
}

HalfLinks link_halves(const Dump& dump, const Place& forward, const Place& backward) {
    return Linker(dump, forward, backward).run();
}

} // namespace hopscope
