#include "core/regions/build.h"
#include "core/regions/roles.h"

#include <algorithm>
#include <map>
#include <set>

namespace hopscope::regions {

namespace {

constexpr size_t at(CallSite site) {
    return static_cast<size_t>(site);
}

// The calls of one graph that may stand for invocations, with the graph that they are in.
struct StageCalls {
    GraphId graph;
    const GraphModule* module = nullptr;
    std::vector<GraphCall> calls;

    Place call_place(const GraphCall& c) const { return {graph, c.scope, c.call.node}; }
    Place body_place(const GraphCall& c) const {
        return c.call.body ? Place{graph, c.call.body, {}} : Place{};
    }
};

// Inside a body every inner forward call carries the id of the enclosing call; its getitems carry its own.
std::optional<int> true_call_id(const StageCalls& stage, const GraphCall& c) {
    if (!c.parent)
        return c.call_id;
    const Body& body = stage.module->body(c.scope);
    for (const NodeId user : body.users_of(body.node(c.call.node))) {
        const Source* source = stage.module->source(body.node(user).source);
        if (source && source->call_id)
            return source->call_id;
    }
    return c.call_id;
}

class StagePairer {
public:
    StagePairer(const Dump& dump, const Compilation& compilation, CompilationLedger& ledger)
        : dump_(dump)
        , compilation_(compilation)
        , ledger_(ledger) { }

    void run() {
        const StageCalls joint = calls_of(stage_graph(Stage::Joint, CallSite::Joint));
        const StageCalls forward = calls_of(stage_graph(Stage::Forward, CallSite::Forward));
        const StageCalls backward = calls_of(stage_graph(Stage::Backward, CallSite::Backward));
        const StageCalls inference = calls_of(stage_graph(Stage::Inference, CallSite::Inference));
        match(joint, CallSite::Joint);
        match(forward, CallSite::Forward);
        match(inference, CallSite::Inference);
        pair_joint(joint);
        pair_backward(forward, backward);
        mark_inlined({&joint, &forward, &inference});
        for (const auto& [stage, site] :
            {std::pair(&joint, CallSite::Joint), std::pair(&forward, CallSite::Forward),
                std::pair(&backward, CallSite::Backward), std::pair(&inference, CallSite::Inference)})
            list_bodies(*stage, site);
    }

private:
    // A dump of printed graphs knows no stages: the identifiers tell which is which.
    GraphId stage_graph(Stage stage, CallSite site) const {
        if (const GraphId id = main_graph(dump_, compilation_, stage))
            return id;
        if (compilation_.key.id != "-")
            return {};
        for (const GraphId id : compilation_.graphs) {
            const auto calls = graph_calls(*dump_.graph(id).module);
            if (dump_.graph(id).stage == Stage::Graph && !calls.empty()
                && site_of(stage_of(dump_, id)) == site)
                return id;
        }
        return {};
    }

    StageCalls calls_of(GraphId id) const {
        StageCalls stage;
        if (!id)
            return stage;
        stage.graph = id;
        stage.module = dump_.graph(id).module.get();
        stage.calls = graph_calls(*stage.module);
        return stage;
    }

    static bool stands_for_invocation(const GraphCall& c, CallSite site) {
        if (site == CallSite::Backward || site == CallSite::JointBackward)
            return c.parts.half == Half::Backward;
        return c.parts.half != Half::Backward;
    }

    // The region of the closest call around an invocation that this stage still has ("" = none): inlined
    // regions hand their inner calls to whatever they were put into.
    std::string_view scope_of(const Invocation& inv, const std::set<std::string_view>& present) const {
        for (InvocationId p = inv.parent; p; p = ledger_.invocation(p).parent) {
            const std::string_view region = region_of(ledger_.invocation(p));
            if (present.count(region))
                return region;
        }
        return {};
    }
    std::string_view region_of(const Invocation& inv) const {
        return inv.region ? std::string_view(ledger_.regions[inv.region.index].identifier)
                          : std::string_view{};
    }

    // The k-th call of a region in a scope is the k-th invocation of that region in that scope: AOTAutograd
    // walks the graph in Dynamo's order.
    void match(const StageCalls& stage, CallSite site) {
        using Key = std::pair<std::string_view, std::string_view>; // scope's region, region
        std::set<std::string_view> present;
        std::map<Key, std::vector<const GraphCall*>> calls;
        std::map<std::string_view, size_t> first_parent; // of each scope region: the call whose body counts
        for (const GraphCall& c : stage.calls) {
            if (!stands_for_invocation(c, site))
                continue;
            present.insert(c.region);
            std::string_view scope;
            if (c.parent) {
                const GraphCall& parent = stage.calls[*c.parent];
                if (!stands_for_invocation(parent, site))
                    continue;
                scope = parent.region;
                // Variants of a body print its inner calls again.
                if (first_parent.try_emplace(scope, *c.parent).first->second != *c.parent)
                    continue;
            }
            calls[{scope, c.region}].push_back(&c);
        }
        std::map<Key, size_t> next;
        for (Invocation& inv : ledger_.invocations) {
            const Key key{scope_of(inv, present), region_of(inv)};
            const auto found = calls.find(key);
            if (found == calls.end() || key.second.empty())
                continue;
            const size_t k = next[key]++;
            if (k >= found->second.size())
                continue;
            const GraphCall& c = *found->second[k];
            inv.calls[at(site)] = stage.call_place(c);
            inv.bodies[at(site)] = stage.body_place(c);
            if (site != CallSite::Joint || !inv.call_id)
                inv.call_id = true_call_id(stage, c);
        }
    }

    const GraphCall* call_at(const StageCalls& stage, const Place& place) const {
        for (const GraphCall& c : stage.calls)
            if (stage.call_place(c) == place)
                return &c;
        return nullptr;
    }

    void set_backward(
        Invocation& inv, CallSite site, const StageCalls& stage, const GraphCall& c, Pairing pairing) {
        inv.calls[at(site)] = stage.call_place(c);
        inv.bodies[at(site)] = stage.body_place(c);
        if (site == CallSite::Backward)
            inv.pairing = pairing;
        if (c.parts.variant)
            inv.variant = c.parts.variant;
    }

    // In the joint graph the backward call has the forward call's id, or begins with its operands.
    void pair_joint(const StageCalls& joint) {
        std::vector<bool> taken(joint.calls.size(), false);
        for (Invocation& inv : ledger_.invocations) {
            const GraphCall* forward =
                inv.call(CallSite::Joint).graph ? call_at(joint, inv.call(CallSite::Joint)) : nullptr;
            if (!forward)
                continue;
            const std::optional<int> id = true_call_id(joint, *forward);
            for (size_t i = 0; i < joint.calls.size(); ++i) {
                const GraphCall& c = joint.calls[i];
                if (taken[i] || c.parts.half != Half::Backward || c.region != forward->region)
                    continue;
                const auto& a = forward->call.operands;
                const auto& b = c.call.operands;
                const bool same = id || c.call_id ? id == c.call_id
                                                  : c.scope == forward->scope && a.size() <= b.size()
                        && std::equal(a.begin(), a.end(), b.begin());
                if (!same)
                    continue;
                taken[i] = true;
                set_backward(inv, CallSite::JointBackward, joint, c, Pairing::None);
                break;
            }
        }
    }

    // Names of the values that a call's operands are, or that its getitems yield.
    static std::set<std::string_view> operand_names(const StageCalls& stage, const GraphCall& c) {
        std::set<std::string_view> names;
        const Body& body = stage.module->body(c.scope);
        for (const NodeId n : c.call.operands)
            if (n)
                names.insert(stage.module->text(body.node(n).name));
        return names;
    }
    static bool yields_any(
        const StageCalls& stage, const GraphCall& c, const std::set<std::string_view>& names) {
        const Body& body = stage.module->body(c.scope);
        for (const NodeId user : body.users_of(body.node(c.call.node)))
            if (names.count(stage.module->text(body.node(user).name)))
                return true;
        return false;
    }

    void pair_backward(const StageCalls& forward, const StageCalls& backward) {
        std::vector<bool> taken(backward.calls.size(), false);
        const auto take = [&](Invocation& inv, size_t i, Pairing pairing) {
            taken[i] = true;
            set_backward(inv, CallSite::Backward, backward, backward.calls[i], pairing);
        };
        const auto is_candidate = [&](size_t i, std::string_view region) {
            const GraphCall& c = backward.calls[i];
            return !taken[i] && c.parts.half == Half::Backward && c.region == region;
        };
        for (Invocation& inv : ledger_.invocations)
            for (size_t i = 0; i < backward.calls.size() && inv.call(CallSite::Forward).graph && inv.call_id;
                 ++i)
                if (is_candidate(i, region_of(inv)) && backward.calls[i].call_id == inv.call_id) {
                    take(inv, i, Pairing::CallId);
                    break;
                }
        // Saved values cross under their names: the forward's getitem is the backward's placeholder.
        for (Invocation& inv : ledger_.invocations) {
            const GraphCall* f = unpaired(inv) ? call_at(forward, inv.call(CallSite::Forward)) : nullptr;
            for (size_t i = 0; f && i < backward.calls.size(); ++i)
                if (is_candidate(i, region_of(inv)) && !backward.calls[i].call_id
                    && yields_any(forward, *f, operand_names(backward, backward.calls[i]))) {
                    take(inv, i, Pairing::DataFlow);
                    break;
                }
        }
        // Nothing saved and no ids: autograd runs the calls in reverse.
        for (Invocation& inv : ledger_.invocations)
            for (size_t i = backward.calls.size(); i-- > 0 && unpaired(inv);)
                if (is_candidate(i, region_of(inv)) && !backward.calls[i].call_id && !inv.call_id) {
                    take(inv, i, Pairing::Order);
                    break;
                }
    }

    static bool unpaired(const Invocation& inv) {
        return inv.call(CallSite::Forward).graph && !inv.call(CallSite::Backward).graph;
    }

    // A region that Dynamo's graph calls once and that no graph after it calls was put inline
    // (torch/_dynamo, inline_single_use_invoke_subgraph).
    void mark_inlined(std::initializer_list<const StageCalls*> stages) {
        const bool has_later_graph =
            std::any_of(stages.begin(), stages.end(), [](const StageCalls* s) { return s->graph.valid(); });
        if (!has_later_graph || !main_graph(dump_, compilation_, Stage::Dynamo))
            return;
        for (Region& region : ledger_.regions) {
            const bool seen = std::any_of(stages.begin(), stages.end(), [&](const StageCalls* s) {
                return std::any_of(s->calls.begin(), s->calls.end(),
                    [&](const GraphCall& c) { return c.region == region.identifier; });
            });
            region.inlined = !seen && region.invocations.size() == 1;
            for (const InvocationId i : region.invocations)
                ledger_.invocation(i).inlined = region.inlined;
        }
    }

    void list_bodies(const StageCalls& stage, CallSite site) {
        for (const GraphCall& c : stage.calls) {
            const auto region = std::find_if(ledger_.regions.begin(), ledger_.regions.end(),
                [&](const Region& r) { return r.identifier == c.region; });
            if (region == ledger_.regions.end() || !c.call.body)
                continue;
            CallSite of = site;
            if (site == CallSite::Joint && c.parts.half == Half::Backward)
                of = CallSite::JointBackward;
            else if (site == CallSite::Backward && c.parts.half != Half::Backward)
                continue; // recomputed forward: the same body as in the forward graph
            const auto known = std::find_if(region->bodies.begin(), region->bodies.end(),
                [&](const RegionBody& b) { return b.site == of && b.identifier == c.call.identifier; });
            if (known != region->bodies.end()) {
                ++known->calls;
                continue;
            }
            region->bodies.push_back(
                {of, stage.body_place(c), std::string(c.call.identifier), c.parts.variant, 1});
        }
    }

    const Dump& dump_;
    const Compilation& compilation_;
    CompilationLedger& ledger_;
};

} // namespace

void pair_stages(const Dump& dump, const Compilation& compilation, CompilationLedger& ledger) {
    StagePairer(dump, compilation, ledger).run();
}

} // namespace hopscope::regions
