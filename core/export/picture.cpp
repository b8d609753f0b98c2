#include "core/export/picture.h"

#include "core/base/text.h"
#include "core/draw/hairpin.h"
#include "core/graph/expand.h"
#include "core/regions/roles.h"
#include "core/repeats/repeats.h"

#include <algorithm>
#include <string_view>

namespace hopscope {

namespace {

using draw::Dot;

// Drawing does not know the ledger, but counts its decisions the same way.
static_assert(static_cast<int>(Dot::Traced) == static_cast<int>(Decision::Traced));
static_assert(static_cast<int>(Dot::Reused) == static_cast<int>(Decision::Reused));
static_assert(static_cast<int>(Dot::ReusedByKey) == static_cast<int>(Decision::ReusedByKey));
static_assert(static_cast<int>(Dot::RetracedSame) == static_cast<int>(Decision::RetracedSame));
static_assert(static_cast<int>(Dot::RetracedNew) == static_cast<int>(Decision::RetracedNew));
static_assert(static_cast<int>(Dot::Failed) == static_cast<int>(Decision::Failed));
static_assert(static_cast<int>(Dot::Unknown) == static_cast<int>(Decision::Unknown));
static_assert(static_cast<int>(Dot::Inlined) == static_cast<int>(Decision::Unknown) + 1);

uint8_t dot_of(const Invocation& invocation) {
    return static_cast<uint8_t>(invocation.inlined ? Dot::Inlined : static_cast<Dot>(invocation.decision));
}

void describe_calls(
    const CompilationLedger& ledger, const Place& place, size_t nodes, draw::Options& options) {
    options.badges.resize(nodes);
    options.dots.resize(nodes);
    options.own_dot.resize(nodes);
    options.notes.resize(nodes);
    for (const Region& region : ledger.regions) {
        std::vector<uint8_t> dots;
        for (const InvocationId id : region.invocations)
            dots.push_back(dot_of(ledger.invocation(id)));
        for (size_t i = 0; i < region.invocations.size(); ++i) {
            for (const Place& call : ledger.invocation(region.invocations[i]).calls) {
                if (!call.node || call.graph != place.graph || call.body != place.body
                    || call.node.index >= nodes)
                    continue;
                const size_t node = call.node.index;
                options.badges[node] = "×" + std::to_string(dots.size());
                options.dots[node] = dots;
                options.own_dot[node] = static_cast<uint32_t>(i);
                if (const int64_t bytes = region.saved_bytes.value_or(0); bytes > 0)
                    options.notes[node] = format_bytes(static_cast<uint64_t>(bytes)) + " saved";
            }
        }
    }
}

} // namespace

draw::Options picture_options(const Dump& dump, const Ledger* ledger, const Place& place) {
    const Graph& graph = dump.graph(place.graph);
    draw::Options options;
    options.title = dump.name + " · " + address_of(dump, place.graph, place.body);
    options.roles = roles_of(dump, place.graph, place.body);
    if (ledger && graph.compilation && graph.compilation.index < ledger->compilations.size())
        describe_calls(
            ledger->of(graph.compilation), place, graph.module->body(place.body).nodes.size(), options);
    return options;
}

namespace {

void add_note(draw::Scene& scene, const std::string& note) {
    if (!note.empty())
        scene.note += (scene.note.empty() ? "" : "; ") + note;
}

// A body with the options that it is drawn with, its calls expanded where that was asked for.
struct Drawn {
    std::shared_ptr<const GraphModule> expanded; // null: the dump's own
    const GraphModule* module = nullptr;
    BodyId body;
    draw::Options options;
    std::vector<NodeId> moved; // by node of the dump's body: its node here; empty where nothing was expanded
    std::string note;

    NodeId here(NodeId node) const { return moved.empty() ? node : moved[node.index]; }
};

template <class Value>
void move_values(std::vector<Value>& values, const std::vector<NodeId>& moved, size_t nodes) {
    if (values.empty())
        return;
    std::vector<Value> here(nodes);
    for (size_t i = 0; i < std::min(values.size(), moved.size()); ++i)
        if (moved[i])
            here[moved[i].index] = values[i];
    values = std::move(here);
}

bool names_call(
    const std::vector<std::string>& names, const GraphModule& module, BodyId body, const RegionCall& call) {
    const std::string_view node = module.text(module.body(body).node(call.node).name);
    return std::any_of(names.begin(), names.end(), [&](const std::string& name) {
        return name == "all" || name == node || name == module.text(call.attribute) || name == call.identifier
            || name == identifier_parts(call.identifier).region;
    });
}

// What could be expanded: the bodies that are called, each once.
std::string calls_there(const GraphModule& module, BodyId body) {
    std::vector<std::string_view> bodies;
    for (const RegionCall& call : region_calls(module, body))
        if (std::find(bodies.begin(), bodies.end(), module.text(call.attribute)) == bodies.end())
            bodies.push_back(module.text(call.attribute));
    if (bodies.empty())
        return "it calls no region";
    constexpr size_t kNamed = 6;
    std::string list = "it calls ";
    for (size_t i = 0; i < std::min(bodies.size(), kNamed); ++i)
        list += (i > 0 ? ", " : "") + std::string(bodies[i]);
    return bodies.size() > kNamed ? list + " and " + std::to_string(bodies.size() - kNamed) + " more" : list;
}

void use_expanded(ExpandedBody&& made, Drawn& drawn) {
    auto whole = std::make_shared<ExpandedBody>(std::move(made));
    const GraphModule& module = whole->module;
    const size_t nodes = module.body(BodyId(0)).nodes.size();
    draw::Options& options = drawn.options;
    move_values(options.badges, whole->origin_to_new, nodes);
    move_values(options.dots, whole->origin_to_new, nodes);
    move_values(options.own_dot, whole->origin_to_new, nodes);
    move_values(options.notes, whole->origin_to_new, nodes);
    move_values(options.roles.inputs, whole->origin_to_new, nodes);
    move_values(options.roles.saved, whole->origin_to_new, nodes);
    for (const ExpandedCall& call : whole->calls)
        options.groups.push_back({call.nodes, call.path + "  " + std::string(module.text(call.attribute))});
    for (const KeptCall& kept : whole->kept)
        drawn.note += (drawn.note.empty() ? "" : "; ") + kept.path + " stays closed: " + kept.reason;
    drawn.moved = whole->origin_to_new;
    drawn.expanded = std::shared_ptr<const GraphModule>(whole, &whole->module);
    drawn.module = drawn.expanded.get();
    drawn.body = BodyId(0);
}

// Error: NotFound where no call has one of the names. Of two halves each name needs to be in one (`other`).
Result<Drawn> drawn_body(
    const Dump& dump, const Place& place, draw::Options options, const PictureChoice& choice) {
    Drawn drawn{{}, dump.graph(place.graph).module.get(), place.body, std::move(options), {}, {}};
    if (choice.expand.empty())
        return drawn;
    ExpandedBody made = expand_calls(*drawn.module, place.body,
        {.wanted = [&](const GraphModule& module, BodyId scope, const RegionCall& call) {
            return names_call(choice.expand, module, scope, call);
        }});
    if (made.calls.empty() && made.kept.empty())
        return make_error(Error::Kind::NotFound,
            "found no call to expand in " + address_of(dump, place.graph, place.body) + ": "
                + calls_there(*drawn.module, place.body));
    use_expanded(std::move(made), drawn);
    return drawn;
}

draw::HalfBody half_body(Drawn& drawn) {
    return {drawn.module, drawn.body, std::move(drawn.options)};
}

Result<Picture> make_hairpin_picture(const Dump& dump, const Ledger* ledger, const Place& place,
    const draw::Options& options, const PictureChoice& choice, const Job& job) {
    const std::string address = address_of(dump, place.graph, place.body);
    const std::optional<Half> half = half_of(dump, place.graph, place.body);
    const Place other = half ? other_half(dump, place.graph, place.body) : Place{};
    if (!half)
        return make_error(Error::Kind::Usage,
            address + " is neither a forward nor a backward body, expected one of a pair");
    if (!other.graph)
        return make_error(Error::Kind::NotFound,
            "found no " + std::string(*half == Half::Forward ? "backward" : "forward") + " body for "
                + address);
    Picture picture;
    picture.place = *half == Half::Forward ? Place{place.graph, place.body, {}} : other;
    picture.right = *half == Half::Forward ? other : Place{place.graph, place.body, {}};
    std::vector<Drawn> halves;
    for (const Place& one : {picture.place, picture.right}) {
        draw::Options own = picture_options(dump, ledger, one);
        own.fold = options.fold;
        auto drawn = drawn_body(dump, one, std::move(own), choice);
        if (!drawn)
            return drawn.error();
        halves.push_back(std::move(*drawn));
    }
    std::vector<draw::SavedLink> saved;
    for (const SavedValue& value : saved_values(dump, picture.place, picture.right))
        if (const NodeId from = halves[0].here(value.node), to = halves[1].here(value.placeholder);
            from && to)
            saved.push_back({from, to});
    auto scene = draw::make_hairpin(half_body(halves[0]), half_body(halves[1]), saved, job);
    if (!scene)
        return scene.error();
    picture.scene = std::move(*scene);
    picture.scene.title = dump.name + " · " + address_of(dump, picture.place.graph, picture.place.body)
        + " | " + address_of(dump, picture.right.graph, picture.right.body);
    picture.expanded = halves[0].expanded;
    picture.right_expanded = halves[1].expanded;
    for (const Drawn& drawn : halves)
        add_note(picture.scene, drawn.note);
    picture.legend = choice.legend;
    return picture;
}

// "×12  blocks.0 … blocks.11"
std::string repeat_label(const std::vector<const RepeatBlock*>& run) {
    std::string label = "×" + std::to_string(run.size());
    const std::string &first = run.front()->path, &last = run.back()->path;
    return first.empty() ? label : label + "  " + first + (first == last ? "" : " … " + last);
}

// Blocks that follow each other; what stands between two runs of a group is an exception, and drawn.
std::vector<draw::Repeat> repeats_to_fold(const GraphModule& module, BodyId body, size_t least_nodes) {
    std::vector<draw::Repeat> folded;
    const auto add = [&](const std::vector<const RepeatBlock*>& run) {
        if (run.size() < 2)
            return;
        draw::Repeat repeat;
        repeat.shown = run.front()->nodes;
        for (size_t i = 1; i < run.size(); ++i)
            repeat.alike.push_back(run[i]->nodes);
        repeat.label = repeat_label(run);
        folded.push_back(std::move(repeat));
    };
    for (const RepeatGroup& group :
        find_repeats(module, body, {.least_nodes = least_nodes, .least_count = 2}).groups) {
        std::vector<const RepeatBlock*> run;
        for (const RepeatBlock& block : group.blocks) {
            if (!block.follows) {
                add(run);
                run.clear();
            }
            run.push_back(&block);
        }
        add(run);
    }
    return folded;
}

} // namespace

bool calls_regions(const Dump& dump, const Place& place) {
    const GraphModule& module = *dump.graph(place.graph).module;
    const std::vector<RegionCall> calls = region_calls(module, place.body);
    return std::any_of(calls.begin(), calls.end(), [](const RegionCall& call) { return call.body.valid(); });
}

bool has_other_half(const Dump& dump, const Place& place) {
    return half_of(dump, place.graph, place.body) && other_half(dump, place.graph, place.body).graph;
}

Result<Picture> make_picture(const Dump& dump, const Ledger* ledger, const Place& place,
    const draw::Options& options, const PictureChoice& choice, const Job& job) {
    if (choice.columns < 1)
        return make_error(
            Error::Kind::Usage, "found " + std::to_string(choice.columns) + " columns, expected at least 1");
    if (choice.with_backward) {
        if (choice.columns > 1 || choice.fold_repeats)
            return make_error(Error::Kind::Usage,
                "a picture of both halves can be neither folded nor wrapped into columns");
        if (options.layout.engine == layout::Engine::Dot)
            return make_error(Error::Kind::Usage, "a hairpin is drawn by the layered layout, not by dot");
        return make_hairpin_picture(dump, ledger, place, options, choice, job);
    }
    auto drawn = drawn_body(dump, place, options, choice);
    if (!drawn)
        return drawn.error();
    drawn->options.layout.columns = choice.columns;
    if (choice.fold_repeats) {
        drawn->options.repeats = repeats_to_fold(*drawn->module, drawn->body, choice.repeat_nodes);
        drawn->options.groups.clear(); // what repeats is framed with what it stands for
    }
    auto scene = draw::make_scene(*drawn->module, drawn->body, drawn->options, job);
    if (!scene)
        return scene.error();
    add_note(*scene, drawn->note);
    return Picture{std::move(*scene), {place.graph, place.body, {}}, {}, drawn->expanded, {}, choice.legend};
}

} // namespace hopscope
