#include "core/regions/roles.h"

#include "core/graph/reading.h"
#include "core/regions/build.h"
#include "core/regions/input_names.h"
#include "core/regions/input_roles.h"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

namespace hopscope {

namespace {

std::optional<Stage> stage_by_looks(const GraphModule& module) {
    const std::optional<Stage> stage = regions::stage_by_calls(regions::graph_calls(module));
    return stage ? stage : stage_by_signature(module);
}

// Under which identifier a body is called; where nobody calls it, what its own name says.
IdentifierParts called_as(const GraphModule& module, BodyId body) {
    const BodyId parent = module.body(body).parent;
    if (!parent)
        return {};
    for (const RegionCall& call : region_calls(module, parent))
        if (call.body == body)
            return identifier_parts(call.identifier);
    return identifier_parts(module.text(module.body(body).class_name));
}

bool is_partitioned(const GraphModule& module, BodyId body) {
    return module.body(body).parent && called_as(module, body).partitioned;
}

Half opposite(Half half) {
    return half == Half::Forward ? Half::Backward : Half::Forward;
}

// Of the same compilation: the k-th graph of the other stage for the k-th of this one, before or after the
// same pass; else the only one that there is.
GraphId other_graph(const Dump& dump, GraphId id) {
    const Graph& graph = dump.graph(id);
    const Stage stage = stage_of(dump, id);
    if (!graph.compilation || (stage != Stage::Forward && stage != Stage::Backward))
        return {};
    const Stage wanted = stage == Stage::Forward ? Stage::Backward : Stage::Forward;
    std::vector<GraphId> same, other, all;
    for (const GraphId g : dump.compilation(graph.compilation).graphs) {
        const Stage found = stage_of(dump, g);
        const bool label = dump.graph(g).label == graph.label;
        if (found == stage && label)
            same.push_back(g);
        if (found == wanted && label)
            other.push_back(g);
        if (found == wanted)
            all.push_back(g);
    }
    const auto k = static_cast<size_t>(std::find(same.begin(), same.end(), id) - same.begin());
    return k < other.size() ? other[k] : all.size() == 1 ? all[0] : GraphId();
}

GraphId joint_graph(const Dump& dump, GraphId id) {
    const CompilationId compilation = dump.graph(id).compilation;
    return compilation ? regions::main_graph(dump, dump.compilation(compilation), Stage::Joint) : GraphId();
}

template <class Fits> BodyId find_called(const GraphModule& module, Fits&& fits) {
    for (size_t b = 1; b < module.bodies.size(); ++b)
        if (fits(called_as(module, BodyId(b))))
            return BodyId(b);
    return {};
}

// The body that runs a region forward where it is not partitioned: as its joint graph has it.
Place whole_forward(const Dump& dump, GraphId id, std::string_view region) {
    const auto fits = [&](const IdentifierParts& parts) {
        return parts.region == region && parts.half == Half::Forward && !parts.partitioned;
    };
    for (const GraphId g : {id, joint_graph(dump, id), other_graph(dump, id)})
        if (g)
            if (const BodyId body = find_called(*dump.graph(g).module, fits))
                return {g, body, {}};
    return {};
}

std::unordered_set<std::string_view> names_of(
    const GraphModule& module, const Body& body, const std::vector<bool>& which) {
    std::unordered_set<std::string_view> names;
    for (size_t i = 0; i < body.nodes.size(); ++i)
        if (which[i])
            names.insert(module.text(body.nodes[i].name));
    return names;
}

// Placeholders that are neither tangents nor what only the runtime hands in.
std::vector<bool> all_but_tangents(const GraphModule& module, const Body& body) {
    std::vector<bool> taken(body.nodes.size(), false);
    for (size_t i = 0, n = body.placeholder_count(); i < n; ++i) {
        const std::string_view descriptor = module.text(body.nodes[i].descriptor);
        taken[i] = !is_tangent(module, body.nodes[i])
            && descriptor.find("TokenAOTInput") == std::string_view::npos
            && !descriptor.starts_with("Philox");
    }
    return taken;
}

// Without the other half: the getitems that take what is saved carry their call's id, those that take the
// region's own results carry none (since 2.11). Before that, what calls only return is there for the
// backward; but for the first result, which a last call may only return as well.
std::vector<bool> saved_by_calls(const GraphModule& module, BodyId id) {
    const BodyId scope = module.body(id).parent;
    const Body& parent = module.body(scope);
    const size_t count = results_of(module.body(id)).size();
    std::vector<bool> marked(count, false), returned(count, false), used(count, false);
    bool any_mark = false;
    for (size_t n = 0; n < parent.nodes.size(); ++n) {
        const auto item = tuple_item(module, parent, NodeId(n));
        const auto call = item && item->index < count ? region_call(module, scope, item->of) : std::nullopt;
        if (!call || call->body != id)
            continue;
        const Source* source = module.source(parent.nodes[n].source);
        if (source && source->call_id)
            any_mark = marked[item->index] = true;
        returned[item->index] = true;
        for (const NodeId user : parent.users_of(parent.nodes[n]))
            if (parent.node(user).op != Opcode::Output)
                used[item->index] = true;
    }
    if (any_mark)
        return marked;
    for (size_t i = 0; i < count; ++i)
        returned[i] = i > 0 && returned[i] && !used[i];
    return returned;
}

class RoleFinder {
public:
    RoleFinder(const Dump& dump, GraphId graph, BodyId body)
        : dump_(dump)
        , graph_(graph)
        , id_(body)
        , module_(*dump.graph(graph).module)
        , body_(module_.body(body)) { }

    BodyRoles find() {
        BodyRoles roles;
        roles.half = half_of(dump_, graph_, id_);
        roles.saved = saved(roles.half);
        roles.inputs = regions::input_roles(
            module_, id_, [this](BodyId b) { return half_of(dump_, graph_, b) == Half::Backward; });
        const size_t tangents = first_tangent();
        for (size_t i = 0, n = body_.placeholder_count(); i < n; ++i)
            if (i >= tangents || is_tangent(module_, body_.nodes[i]))
                roles.inputs[i] = InputRole::Tangent;
        return roles;
    }

    std::vector<bool> saved(std::optional<Half> half) const {
        if (half == Half::Backward)
            return saved_in_backward();
        if (half == Half::Forward)
            return saved_in_forward();
        return std::vector<bool>(body_.nodes.size(), false);
    }

private:
    // Where tangents begin in a body that is called with primals and tangents by position: the backward call
    // of a region in a joint graph, and of an inner region anywhere.
    size_t first_tangent() const {
        const IdentifierParts parts = called_as(module_, id_);
        if (parts.half != Half::Backward || parts.partitioned)
            return SIZE_MAX;
        const Place forward = whole_forward(dump_, graph_, parts.region);
        return forward.graph ? dump_.graph(forward.graph).module->body(forward.body).placeholder_count()
                             : SIZE_MAX;
    }

    std::vector<bool> saved_in_backward() const {
        if (body_.parent && !is_partitioned(module_, id_))
            return handed_on();
        std::vector<bool> taken = all_but_tangents(module_, body_);
        const Place other = other_half(dump_, graph_, id_);
        if (!other.graph)
            return taken;
        // Anything that the forward does not return comes from elsewhere.
        const GraphModule& forward = *dump_.graph(other.graph).module;
        std::unordered_set<std::string_view> names;
        for (const Arg* result : results_of(forward.body(other.body)))
            if (result->node())
                names.insert(forward.text(forward.body(other.body).node(result->node()).name));
        for (size_t i = 0; i < taken.size(); ++i)
            taken[i] = taken[i] && names.contains(module_.text(body_.nodes[i].name));
        return taken;
    }

    // The body of a region inside a backward body: what all its calls are handed of what was saved for the
    // outer one.
    std::vector<bool> handed_on() const {
        std::vector<bool> taken(body_.nodes.size(), false);
        std::vector<BodyId> chain{id_};
        while (module_.body(chain.back()).parent && !is_partitioned(module_, chain.back()))
            chain.push_back(module_.body(chain.back()).parent);
        std::vector<bool> outer = RoleFinder(dump_, graph_, chain.back()).saved_in_backward();
        for (size_t level = chain.size() - 1; level-- > 0;) {
            const BodyId child = chain[level], scope = chain[level + 1];
            std::vector<bool> inner(module_.body(child).nodes.size(), false);
            bool first = true;
            for (const RegionCall& call : region_calls(module_, scope)) {
                if (call.body != child)
                    continue;
                for (size_t i = 0, n = module_.body(child).placeholder_count(); i < n; ++i) {
                    const NodeId operand = i < call.operands.size() ? call.operands[i] : NodeId();
                    inner[i] = (first || inner[i]) && operand && outer[operand.index];
                }
                first = false;
            }
            outer = std::move(inner);
        }
        return outer;
    }

    std::vector<bool> saved_in_forward() const {
        std::vector<bool> saved(body_.nodes.size(), false);
        const std::vector<const Arg*> results = results_of(body_);
        const auto mark = [&](size_t i) {
            if (const NodeId node = results[i]->node())
                saved[node.index] = true;
        };
        if (body_.parent && !is_partitioned(module_, id_))
            return saved;
        const auto described = [&](size_t i) {
            return i < body_.output_descriptors.size()
                && module_.text(body_.output_descriptors[i]).starts_with("SavedForBackwards");
        };
        bool any = false;
        for (size_t i = 0; i < results.size(); ++i)
            if (described(i)) {
                mark(i);
                any = true;
            }
        if (any)
            return saved;
        if (const Place other = other_half(dump_, graph_, id_); other.graph) {
            const GraphModule& backward = *dump_.graph(other.graph).module;
            const Body& taker = backward.body(other.body);
            const auto names = names_of(backward, taker, all_but_tangents(backward, taker));
            for (size_t i = 0; i < results.size(); ++i)
                if (results[i]->node() && names.contains(module_.text(body_.node(results[i]->node()).name)))
                    mark(i);
        } else if (const auto own = own_results(dump_, graph_, id_)) {
            for (size_t i = *own; i < results.size(); ++i)
                mark(i);
        } else if (body_.parent) {
            const std::vector<bool> by_calls = saved_by_calls(module_, id_);
            for (size_t i = 0; i < results.size(); ++i)
                if (by_calls[i])
                    mark(i);
        }
        return saved;
    }

    const Dump& dump_;
    GraphId graph_;
    BodyId id_;
    const GraphModule& module_;
    const Body& body_;
};

} // namespace

Stage stage_of(const Dump& dump, GraphId id) {
    const Graph& graph = dump.graph(id);
    return graph.stage != Stage::Graph ? graph.stage : stage_by_looks(*graph.module).value_or(Stage::Graph);
}

std::optional<Half> half_of(const Dump& dump, GraphId id, BodyId body) {
    const GraphModule& module = *dump.graph(id).module;
    for (BodyId b = body; module.body(b).parent; b = module.body(b).parent)
        if (const IdentifierParts parts = called_as(module, b); parts.partitioned && parts.half)
            return parts.half;
    Stage stage = dump.graph(id).stage;
    if (stage == Stage::Graph || stage == Stage::PostGrad) // Inductor lowers both halves
        stage = stage_by_looks(module).value_or(Stage::Graph);
    if (stage == Stage::Forward)
        return Half::Forward;
    return stage == Stage::Backward ? std::optional(Half::Backward) : std::nullopt;
}

Place other_half(const Dump& dump, GraphId id, BodyId body) {
    const GraphModule& module = *dump.graph(id).module;
    const GraphId other = other_graph(dump, id);
    if (!module.body(body).parent)
        return other ? Place{other, BodyId(0), {}} : Place{};
    const IdentifierParts mine = called_as(module, body);
    if (!mine.partitioned || !mine.half)
        return {};
    const auto fits = [&](const IdentifierParts& parts) {
        return parts.partitioned && parts.half == opposite(*mine.half) && parts.region == mine.region
            && parts.variant == mine.variant;
    };
    // A backward graph that runs the forward again has both.
    for (const GraphId g : {other, id})
        if (g)
            if (const BodyId found = find_called(*dump.graph(g).module, fits))
                return {g, found, {}};
    return {};
}

namespace {

// Of a forward graph as a whole: what its backward graph takes stands at the end of what it returns
// (torch/_functorch/partitioners.py, _extract_fwd_bwd_modules). None where there is no backward graph, or it
// takes something else.
std::optional<size_t> own_results_of_whole(const Dump& dump, GraphId id) {
    const Place other = other_half(dump, id, BodyId(0));
    if (half_of(dump, id, BodyId(0)) != Half::Forward || !other.graph)
        return std::nullopt;
    const GraphModule &module = *dump.graph(id).module, &backward = *dump.graph(other.graph).module;
    const Body& taker = backward.body(other.body);
    const std::vector<bool> taken = all_but_tangents(backward, taker);
    const auto saved = static_cast<size_t>(std::count(taken.begin(), taken.end(), true));
    const auto names = names_of(backward, taker, taken);
    const auto results = results_of(module.body(BodyId(0)));
    if (saved > results.size())
        return std::nullopt;
    for (size_t i = results.size() - saved; i < results.size(); ++i)
        if (!results[i]->node()
            || !names.contains(module.text(module.body(BodyId(0)).node(results[i]->node()).name)))
            return std::nullopt;
    return results.size() - saved;
}

} // namespace

std::optional<size_t> own_results(const Dump& dump, GraphId id, BodyId body) {
    const GraphModule& module = *dump.graph(id).module;
    const size_t all = results_of(module.body(body)).size();
    if (!module.body(body).parent)
        return own_results_of_whole(dump, id).value_or(all);
    const IdentifierParts parts = called_as(module, body);
    if (!parts.partitioned || parts.half != Half::Forward)
        return all;
    if (const Place whole = whole_forward(dump, id, parts.region); whole.graph)
        return std::min(all, results_of(dump.graph(whole.graph).module->body(whole.body)).size());
    const Place other = other_half(dump, id, body);
    if (!other.graph)
        return std::nullopt;
    const GraphModule& backward = *dump.graph(other.graph).module;
    const std::vector<bool> taken = all_but_tangents(backward, backward.body(other.body));
    const auto saved = static_cast<size_t>(std::count(taken.begin(), taken.end(), true));
    return saved <= all ? std::optional(all - saved) : std::nullopt;
}

BodyRoles roles_of(const Dump& dump, GraphId graph, BodyId body) {
    return RoleFinder(dump, graph, body).find();
}

BodyRoles named_roles_of(const Dump& dump, GraphId graph, BodyId body) {
    BodyRoles roles = roles_of(dump, graph, body);
    InputNames names(dump);
    const std::vector<InputName>& by_position = names.of(graph, body);
    const Body& shown = dump.graph(graph).module->body(body);
    const size_t placeholders = std::min(by_position.size(), shown.placeholder_count());
    for (size_t i = 0; i < placeholders; ++i) {
        InputRole& role = roles.inputs[i];
        const InputName& name = by_position[i];
        const auto is_value = [](const InputSource& source) { return source.kind == InputKind::Value; };
        const auto is_weight = [](const InputSource& source) {
            return source.kind == InputKind::Parameter || source.kind == InputKind::Buffer;
        };
        if (role == InputRole::Parameter && std::any_of(name.sources.begin(), name.sources.end(), is_value))
            role = InputRole::Unknown;
        else if (role == InputRole::Unknown && name.known()
            && std::all_of(name.sources.begin(), name.sources.end(), is_weight))
            role = InputRole::Parameter;
    }
    return roles;
}

std::vector<SavedValue> saved_values(const Dump& dump, const Place& forward, const Place& backward) {
    std::vector<SavedValue> saved;
    const GraphModule &fw = *dump.graph(forward.graph).module, &bw = *dump.graph(backward.graph).module;
    if ((fw.body(forward.body).parent && !is_partitioned(fw, forward.body))
        || (bw.body(backward.body).parent && !is_partitioned(bw, backward.body)))
        return saved;
    const Body& taker = bw.body(backward.body);
    const std::vector<bool> taken = all_but_tangents(bw, taker);
    std::unordered_map<std::string_view, NodeId> placeholders;
    for (size_t i = 0, n = taker.placeholder_count(); i < n; ++i)
        if (taken[i])
            placeholders.emplace(bw.text(taker.nodes[i].name), NodeId(i));
    const Body& giver = fw.body(forward.body);
    const Node* output = output_of(giver);
    if (!output)
        return saved;
    for (const NodeId result : giver.inputs_of(*output)) {
        const Node& node = giver.node(result);
        const auto found = placeholders.find(fw.text(node.name));
        if (found == placeholders.end())
            continue;
        SavedValue value;
        value.name = node.name;
        value.node = result;
        value.placeholder = found->second;
        if (const ValueType* type = fw.type(node.type))
            value.bytes = byte_size(fw, *type);
        saved.push_back(value);
    }
    return saved;
}

} // namespace hopscope
