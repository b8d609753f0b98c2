#include "core/export/drawn.h"

#include <algorithm>
#include <string_view>

namespace hopscope {

void add_note(draw::Scene& scene, const std::string& note) {
    if (!note.empty())
        scene.note += (scene.note.empty() ? "" : "; ") + note;
}

void take_drawn(Drawn&& drawn, Picture& picture) {
    add_note(picture.scene, drawn.note);
    picture.expanded = std::move(drawn.expanded);
    picture.expanded_body = drawn.body;
    picture.origins = std::move(drawn.origins);
    picture.moved = std::move(drawn.moved);
    picture.calls = std::move(drawn.calls);
    picture.left_out = drawn.left_out;
    picture.stands_in = std::move(drawn.stands_in);
    picture.whole = std::move(drawn.whole);
}

Status dress_picture(const Dump& dump, const PictureChoice& choice, Picture& picture) {
    picture.legend = choice.legend;
    if (choice.overlay == OverlayKind::None)
        return {};
    if (overlay_needs_run(choice.overlay))
        return make_error(Error::Kind::Usage,
            "time and error are known of a run alone, which an exported picture has none of; the window's "
            "pictures have them");
    const ShownBody left = shown_body(dump, picture);
    const ShownBody right = picture.right.graph ? shown_body(dump, picture, true) : ShownBody{};
    const OverlaidScene scene{&picture.scene, [&](NodeId node, bool is_right) {
                                  const ShownBody& body = is_right ? right : left;
                                  return SceneNode{body.module, body.body, node};
                              }};
    picture.overlay =
        std::make_shared<const draw::Overlay>(std::move(make_overlays(choice.overlay, {scene}).front()));
    return {};
}

void note_missing(Drawn& drawn, const std::vector<std::string>& names, std::string_view to_what) {
    for (const std::string& name : names)
        if (!find_node(*drawn.module, drawn.module->body(drawn.body), name))
            drawn.note += (drawn.note.empty() ? "there is no node '" : "; there is no node '") + name
                + "' to " + std::string(to_what);
}

namespace {

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

} // namespace

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

} // namespace hopscope
