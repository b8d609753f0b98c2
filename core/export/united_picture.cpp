#include "core/export/united_picture.h"

#include "core/base/text.h"
#include "core/export/svg.h"
#include "core/graph/part.h"
#include "core/regions/roles.h"

#include <algorithm>

namespace hopscope {

namespace {

draw::Side side_of(UnitedSide side) {
    switch (side) {
    case UnitedSide::Both:
        return draw::Side::Both;
    case UnitedSide::Changed:
        return draw::Side::Changed;
    case UnitedSide::OnlyA:
        return draw::Side::First;
    case UnitedSide::OnlyB:
        break;
    }
    return draw::Side::Second;
}

// "stride (8, 1) → (1, 4)  +1"
std::string change_of(const PairedNodes& pair) {
    if (pair.fields.empty())
        return {};
    std::string text = change_text(pair.fields.front());
    return pair.fields.size() > 1 ? text + "  +" + std::to_string(pair.fields.size() - 1) : text;
}

const GraphModule& module_of(const ComparedBody& body) {
    return *body.dump->graph(body.body.graph).module;
}

// What is told of the nodes: as each body's own picture would, b's where both have it.
draw::Options options_for(const ComparedBody& a, const ComparedBody& b, const BodyDiff& diff,
    const std::vector<UnitedNode>& nodes) {
    const BodyRoles of_a = named_roles_of(*a.dump, a.body.graph, a.body.body);
    const BodyRoles of_b = named_roles_of(*b.dump, b.body.graph, b.body.body);
    draw::Options options;
    if (of_a.half == of_b.half)
        options.roles.half = of_b.half;
    for (const UnitedNode& node : nodes) {
        options.roles.inputs.push_back(node.b ? of_b.input(node.b) : of_a.input(node.a));
        options.roles.saved.push_back(node.b ? of_b.is_saved(node.b) : of_a.is_saved(node.a));
        options.sides.push_back(side_of(node.side));
        options.changes.push_back(node.pair ? change_of(diff.pairs[*node.pair]) : std::string());
    }
    return options;
}

// A line for several values has a side where all of them have the same.
void side_edges(const United& united, const std::vector<NodeId>& origins, draw::Scene& scene) {
    for (draw::Edge& edge : scene.edges) {
        const std::vector<NodeId> values = edge.values.empty() ? std::vector<NodeId>{edge.from} : edge.values;
        const auto side = [&](NodeId value) {
            return united.side_of_use(origins[value.index], origins[edge.to.index]);
        };
        const UnitedSide first = side(values.front());
        if (std::all_of(values.begin(), values.end(), [&](NodeId value) { return side(value) == first; }))
            edge.side = side_of(first);
    }
}

std::string name_of(const ComparedBody& body) {
    return body.dump->name + " · " + address_of(*body.dump, body.body.graph, body.body.body);
}

std::string notes_of(const United& united, const UnitedPicture& picture) {
    std::string note = picture.scene.note;
    const auto add = [&](const std::string& more) { note += (note.empty() ? "" : "; ") + more; };
    if (united.apart > 0)
        add(counted(united.apart, "node")
            + (united.apart == 1
                    ? " that both have stands twice, as − and as +: as one it would lead in a circle"
                    : " that both have stand twice, as − and as +: as one they would lead in circles"));
    if (picture.left_out > 0)
        add(counted(picture.left_out, "node") + " far from what differs "
            + (picture.left_out == 1 ? "is" : "are") + " left out");
    return note;
}

} // namespace

Result<UnitedPicture> make_united_picture(const ComparedBody& a, const ComparedBody& b, const BodyDiff& diff,
    const UnitedChoice& choice, const Job& job) {
    const United united = unite(module_of(a), module_of(b), diff);
    UnitedPicture picture;
    picture.legend = choice.legend;
    std::vector<NodeId> origins; // by node that is drawn: of `united`
    if (choice.around) {
        auto part = std::make_shared<BodyPart>(
            keep_nodes(united.module, united.body, around_differences(united, *choice.around)));
        origins = part->origins;
        picture.left_out = part->left_out;
        picture.module = std::shared_ptr<const GraphModule>(part, &part->module);
    } else {
        for (size_t i = 0; i < united.nodes.size(); ++i)
            origins.push_back(NodeId(i));
        picture.module = std::make_shared<GraphModule>(united.module);
    }
    picture.body = united.body;
    for (const NodeId origin : origins)
        picture.nodes.push_back(united.nodes[origin.index]);
    draw::Options options = options_for(a, b, diff, picture.nodes);
    options.sideways = choice.sideways;
    options.title = name_of(a) + " → " + name_of(b);
    auto scene = draw::make_scene(*picture.module, picture.body, options, job);
    if (!scene)
        return scene.error();
    picture.scene = std::move(*scene);
    picture.scene.compared = true;
    side_edges(united, origins, picture.scene);
    picture.title = options.title;
    picture.summary = counts_text(diff);
    picture.note = notes_of(united, picture);
    return picture;
}

Result<std::string> export_united_picture(
    const UnitedPicture& picture, const ExportFormat& format, draw::Theme theme) {
    if (format.extension != "svg" && format.extension != "html")
        return make_error(Error::Kind::Usage,
            "a comparison is written as svg, html, png or pdf, found " + std::string(format.extension));
    SvgOptions options;
    options.theme = theme;
    options.title = picture.title;
    options.summary = picture.summary;
    options.legend = picture.legend;
    const std::string svg = to_svg(*picture.module, picture.body, picture.scene, options);
    return format.extension == "html" ? svg_page(svg, picture.title) : svg;
}

} // namespace hopscope
