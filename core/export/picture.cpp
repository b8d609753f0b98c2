#include "core/export/picture.h"

#include "core/base/text.h"
#include "core/draw/hairpin.h"
#include "core/regions/roles.h"
#include "core/repeats/repeats.h"

#include <algorithm>
#include <charconv>
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
    std::vector<NodeId> moved; // by node of the dump's body: its node here; empty where nothing was changed
    std::vector<NodeOrigin> origins; // by node here; likewise
    std::vector<std::string> calls; // that were expanded
    size_t left_out = 0;
    std::vector<bool> stands_in; // by node here; empty where nothing was left out
    std::shared_ptr<const GraphModule> whole; // before that
    std::string note;

    NodeId here(NodeId node) const { return moved.empty() ? node : moved[node.index]; }
};

// Names may be gone with a call that was closed again; mistyped ones look the same.
void note_missing(Drawn& drawn, const std::vector<std::string>& names, std::string_view to_what) {
    for (const std::string& name : names)
        if (!find_node(*drawn.module, drawn.module->body(drawn.body), name))
            drawn.note += (drawn.note.empty() ? "there is no node '" : "; there is no node '") + name
                + "' to " + std::string(to_what);
}

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

bool names_call(const std::vector<std::string>& names, const GraphModule& module, BodyId body,
    const RegionCall& call, const std::string& path) {
    const std::string_view node = module.text(module.body(body).node(call.node).name);
    return std::any_of(names.begin(), names.end(), [&](const std::string& name) {
        if (name.starts_with('/'))
            return name.compare(1, std::string::npos, path) == 0;
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

// What is told by node follows the nodes.
void move_told(draw::Options& options, const std::vector<NodeId>& moved, size_t nodes) {
    move_values(options.badges, moved, nodes);
    move_values(options.dots, moved, nodes);
    move_values(options.own_dot, moved, nodes);
    move_values(options.notes, moved, nodes);
    move_values(options.roles.inputs, moved, nodes);
    move_values(options.roles.saved, moved, nodes);
}

void use_expanded(ExpandedBody&& made, Drawn& drawn) {
    auto whole = std::make_shared<ExpandedBody>(std::move(made));
    const GraphModule& module = whole->module;
    const GraphModule& from = *drawn.module;
    draw::Options& options = drawn.options;
    move_told(options, whole->origin_to_new, module.body(BodyId(0)).nodes.size());
    for (const ExpandedCall& call : whole->calls)
        options.groups.push_back({call.nodes, call.path + "  " + std::string(module.text(call.attribute))});
    for (const KeptCall& kept : whole->kept)
        drawn.note += (drawn.note.empty() ? "" : "; ") + kept.path + " stays closed: " + kept.reason;
    drawn.moved = whole->origin_to_new;
    for (const ExpandedCall& call : whole->calls)
        drawn.calls.push_back(call.path);
    for (const ExpandedCall& call : whole->calls)
        if (const NodeId node = find_node(from, from.body(drawn.body), call.path);
            node && !call.nodes.empty())
            drawn.moved[node.index] = call.nodes.front();
    drawn.origins = whole->origins;
    drawn.expanded = std::shared_ptr<const GraphModule>(whole, &whole->module);
    drawn.module = drawn.expanded.get();
    drawn.body = BodyId(0);
}

// Error: NotFound where there is no node of a name.
Result<std::vector<bool>> nodes_of_part(const GraphModule& module, BodyId id, const PicturePart& part) {
    const Body& body = module.body(id);
    std::vector<NodeId> named;
    for (const std::string& name : part.names) {
        const NodeId node = find_node(module, body, name);
        if (!node)
            return make_error(Error::Kind::NotFound, "found no node '" + name + "' in the picture");
        named.push_back(node);
    }
    const size_t wanted = part.of == PicturePart::Of::All ? 0 : part.of == PicturePart::Of::Between ? 2 : 1;
    if (named.size() < wanted)
        return make_error(Error::Kind::Usage,
            "found " + std::to_string(named.size()) + " nodes, expected " + std::to_string(wanted));
    std::vector<bool> kept;
    switch (part.of) {
    case PicturePart::Of::All:
        kept.assign(body.nodes.size(), true);
        break;
    case PicturePart::Of::These:
        kept.assign(body.nodes.size(), false);
        for (const NodeId node : named)
            kept[node.index] = true;
        break;
    case PicturePart::Of::Ancestors:
        kept = ancestors_of(body, named[0]);
        break;
    case PicturePart::Of::Descendants:
        kept = descendants_of(body, named[0]);
        break;
    case PicturePart::Of::Between:
        kept = between(body, named[0], named[1]);
        break;
    case PicturePart::Of::Around:
        kept = neighbours_of(body, named[0], part.steps);
        break;
    }
    for (const std::string& name : part.hide)
        if (const NodeId node =
                find_node(module, body, name)) // may be gone with a call that was closed again
            kept[node.index] = false;
    return kept;
}

Status use_part(const PicturePart& choice, Drawn& drawn) {
    auto kept = nodes_of_part(*drawn.module, drawn.body, choice);
    if (!kept)
        return kept.error();
    note_missing(drawn, choice.hide, "leave out");
    struct Whole {
        BodyPart part;
        std::shared_ptr<const GraphModule> before; // whose strings it uses
    };
    auto whole = std::make_shared<Whole>(Whole{keep_nodes(*drawn.module, drawn.body, *kept), drawn.expanded});
    const BodyPart& part = whole->part;
    move_told(drawn.options, part.origin_to_new, part.origins.size());
    for (draw::Group& group : drawn.options.groups) {
        std::vector<NodeId> nodes;
        for (const NodeId node : group.nodes)
            if (const NodeId here = part.origin_to_new[node.index]; here && !part.stands_in[here.index])
                nodes.push_back(here);
        group.nodes = std::move(nodes);
    }
    std::vector<NodeOrigin> origins;
    for (const NodeId node : part.origins)
        origins.push_back(drawn.origins.empty() ? NodeOrigin{drawn.body, node} : drawn.origins[node.index]);
    if (drawn.moved.empty())
        drawn.moved = part.origin_to_new;
    else
        for (NodeId& node : drawn.moved)
            node = node ? part.origin_to_new[node.index] : node;
    drawn.origins = std::move(origins);
    drawn.left_out = part.left_out;
    drawn.stands_in = part.stands_in;
    drawn.whole = drawn.expanded;
    drawn.expanded = std::shared_ptr<const GraphModule>(whole, &whole->part.module);
    drawn.module = drawn.expanded.get();
    return {};
}

// Error: NotFound where no call has one of the names. Of two halves each name needs to be in one (`other`).
Result<Drawn> drawn_body(
    const Dump& dump, const Place& place, draw::Options options, const PictureChoice& choice) {
    Drawn drawn{
        {}, dump.graph(place.graph).module.get(), place.body, std::move(options), {}, {}, {}, 0, {}, {}, {}};
    if (!choice.expand.empty()) {
        ExpandedBody made = expand_calls(*drawn.module, place.body,
            {.wanted =
                    [&](const GraphModule& module, BodyId scope, const RegionCall& call,
                        const std::string& path) {
                        return names_call(choice.expand, module, scope, call, path);
                    },
                .levels = choice.levels});
        if (made.calls.empty() && made.kept.empty())
            return make_error(Error::Kind::NotFound,
                "found no call to expand in " + address_of(dump, place.graph, place.body) + ": "
                    + calls_there(*drawn.module, place.body));
        use_expanded(std::move(made), drawn);
    }
    if (!choice.part.whole())
        if (const Status cut = use_part(choice.part, drawn); !cut)
            return cut.error();
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
    picture.expanded_body = halves[0].body;
    picture.right_expanded_body = halves[1].body;
    picture.origins = std::move(halves[0].origins);
    picture.right_origins = std::move(halves[1].origins);
    picture.moved = std::move(halves[0].moved);
    picture.right_moved = std::move(halves[1].moved);
    for (const Drawn& drawn : halves) {
        picture.calls.insert(picture.calls.end(), drawn.calls.begin(), drawn.calls.end());
        add_note(picture.scene, drawn.note);
    }
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
std::vector<draw::Repeat> repeats_to_fold(
    const GraphModule& module, BodyId body, size_t least_nodes, const std::vector<std::string>& unfold) {
    std::vector<draw::Repeat> folded;
    std::vector<bool> open(unfold.empty() ? 0 : module.body(body).nodes.size(), false);
    for (const std::string& name : unfold)
        if (const NodeId node = find_node(module, module.body(body), name))
            open[node.index] = true;
    const auto is_open = [&](const RepeatBlock* block) {
        return !open.empty() && std::any_of(block->nodes.begin(), block->nodes.end(), [&](NodeId node) {
            return open[node.index];
        });
    };
    const auto add = [&](const std::vector<const RepeatBlock*>& run) {
        if (run.size() < 2 || std::any_of(run.begin(), run.end(), is_open))
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

Result<PicturePart> parse_part(std::string_view words) {
    using Of = PicturePart::Of;
    const auto wrong = [&](const std::string& expected) {
        return make_error(Error::Kind::Usage, "found '" + std::string(words) + "', expected " + expected);
    };
    const size_t colon = words.find(':');
    const std::string_view kind = words.substr(0, colon);
    PicturePart part;
    part.of = kind == "ancestors" ? Of::Ancestors
        : kind == "descendants"   ? Of::Descendants
        : kind == "around"        ? Of::Around
        : kind == "between"       ? Of::Between
        : kind == "nodes"         ? Of::These
                                  : Of::All;
    if (part.of == Of::All || colon == std::string_view::npos)
        return wrong("ancestors:, descendants:, around:, between: or nodes: and names");
    std::string_view rest = words.substr(colon + 1);
    while (!rest.empty()) {
        const size_t comma = rest.find(',');
        if (const std::string_view name = rest.substr(0, comma); !name.empty())
            part.names.emplace_back(name);
        rest = comma == std::string_view::npos ? std::string_view() : rest.substr(comma + 1);
    }
    if (part.of == Of::Around && part.names.size() == 2) {
        const std::string& number = part.names[1];
        const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), part.steps);
        if (error != std::errc() || end != number.data() + number.size() || part.steps < 1
            || part.steps > 1000)
            return wrong("steps from 1 to 1000 behind the name");
        part.names.pop_back();
    }
    const size_t count = part.names.size(), wanted = part.of == Of::Between ? 2 : 1;
    if (count < wanted || (part.of != Of::These && count > wanted))
        return wrong(wanted == 2 ? "two names" : "one name");
    return part;
}

ShownBody shown_body(const Dump& dump, const Picture& picture, bool right) {
    const Place& place = right ? picture.right : picture.place;
    const auto& changed = right ? picture.right_expanded : picture.expanded;
    if (changed)
        return {changed.get(), right ? picture.right_expanded_body : picture.expanded_body};
    return {dump.graph(place.graph).module.get(), place.body};
}

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
        if (choice.columns > 1 || choice.fold_repeats || !choice.part.whole())
            return make_error(Error::Kind::Usage,
                "a picture of both halves can be neither folded, wrapped into columns nor cut to a part");
        if (options.layout.engine == layout::Engine::Dot)
            return make_error(Error::Kind::Usage, "a hairpin is drawn by the layered layout, not by dot");
        return make_hairpin_picture(dump, ledger, place, options, choice, job);
    }
    auto drawn = drawn_body(dump, place, options, choice);
    if (!drawn)
        return drawn.error();
    drawn->options.layout.columns = choice.columns;
    if (choice.fold_repeats) {
        note_missing(*drawn, choice.unfold, "unfold");
        drawn->options.repeats =
            repeats_to_fold(*drawn->module, drawn->body, choice.repeat_nodes, choice.unfold);
        drawn->options.groups.clear(); // what repeats is framed with what it stands for
    }
    auto scene = draw::make_scene(*drawn->module, drawn->body, drawn->options, job);
    if (!scene)
        return scene.error();
    add_note(*scene, drawn->note);
    Picture picture{std::move(*scene), {place.graph, place.body, {}}};
    picture.expanded = drawn->expanded;
    picture.expanded_body = drawn->body;
    picture.origins = std::move(drawn->origins);
    picture.moved = std::move(drawn->moved);
    picture.calls = std::move(drawn->calls);
    picture.left_out = drawn->left_out;
    picture.stands_in = std::move(drawn->stands_in);
    picture.whole = std::move(drawn->whole);
    picture.legend = choice.legend;
    return picture;
}

} // namespace hopscope
