#include "core/export/numbered.h"

#include <algorithm>
#include <span>

namespace hopscope {

NumberedPicture::NumberedPicture(const Dump& dump, Picture picture, const Place& own)
    : dump_(&dump)
    , picture_(std::move(picture))
    , own_{own.graph, own.body, {}} {
    own_right_ = picture_.right.graph && picture_.right.graph == own.graph && picture_.right.body == own.body;
    own_nodes_ = dump.graph(own.graph).module->body(own.body).nodes.size();
    drawn_.resize(own_nodes_);
    number(own_right_);
    if (picture_.right.graph)
        number(!own_right_);
    rename_scene();
}

Place NumberedPicture::place_of(bool right, NodeId drawn) const {
    const Place& place = right ? picture_.right : picture_.place;
    const auto& origins = right ? picture_.right_origins : picture_.origins;
    if (origins.empty())
        return {place.graph, place.body, drawn};
    return {place.graph, origins[drawn.index].body, origins[drawn.index].node};
}

void NumberedPicture::number(bool right) {
    const ShownBody shown = body(right);
    const size_t count = shown.module->body(shown.body).nodes.size();
    numbers_[right].resize(count);
    for (size_t i = 0; i < count; ++i) {
        const Place place = place_of(right, NodeId(i));
        const bool own = right == own_right_ && place.body == own_.body && !drawn_[place.node.index].node;
        const NodeId number = own ? place.node : NodeId(drawn_.size());
        if (!own)
            drawn_.emplace_back();
        drawn_[number.index] = {static_cast<uint8_t>(right), NodeId(i)};
        numbers_[right][i] = number;
    }
}

void NumberedPicture::rename_scene() {
    draw::Scene& scene = picture_.scene;
    const auto rename = [&](bool right, NodeId& node) {
        if (node)
            node = numbers_[right][node.index];
    };
    for (draw::Box& box : scene.boxes) {
        rename(box.right, box.node);
        for (NodeId& node : box.folded)
            rename(box.right, node);
        for (draw::Port& port : box.ports)
            rename(box.right, port.node);
    }
    for (draw::Edge& edge : scene.edges) {
        rename(edge.right, edge.from);
        rename(edge.right || (edge.saved && !edge.across), edge.to);
        for (NodeId& node : edge.values)
            rename(edge.right, node);
    }
    std::vector<uint32_t> boxes(drawn_.size(), draw::kNoBox);
    for (const bool right : {false, true}) {
        const auto& from = right ? scene.right_box_of_node : scene.box_of_node;
        for (size_t i = 0; i < std::min(from.size(), numbers_[right].size()); ++i)
            boxes[numbers_[right][i].index] = from[i];
    }
    const auto& moved = own_right_ ? picture_.right_moved : picture_.moved;
    for (size_t i = 0; i < std::min(moved.size(), own_nodes_); ++i)
        if (boxes[i] == draw::kNoBox && moved[i])
            boxes[i] = boxes[numbers_[own_right_][moved[i].index].index];
    scene.box_of_node = std::move(boxes);
    scene.right_box_of_node.clear();
}

Place NumberedPicture::origin(NodeId number) const {
    if (number.index < own_nodes_ || number.index >= drawn_.size())
        return {own_.graph, own_.body, number};
    const Drawn& drawn = drawn_[number.index];
    return place_of(drawn.right, drawn.node);
}

std::vector<NodeId> NumberedPicture::numbers_of(const Place& place) const {
    std::vector<NodeId> numbers;
    if (place.graph == own_.graph && place.body == own_.body)
        numbers.push_back(place.node);
    for (size_t i = own_nodes_; i < drawn_.size(); ++i)
        if (const Place at = place_of(drawn_[i].right, drawn_[i].node);
            at.graph == place.graph && at.body == place.body && at.node == place.node)
            numbers.emplace_back(i);
    return numbers;
}

std::string NumberedPicture::name(NodeId number) const {
    if (number.index >= drawn_.size() || !drawn_[number.index].node)
        return {};
    const ShownBody shown = body(drawn_[number.index].right);
    return std::string(
        shown.module->text(shown.module->body(shown.body).node(drawn_[number.index].node).name));
}

std::vector<std::string> NumberedPicture::names_beside(NodeId number, bool users) const {
    const std::string own = name(number);
    if (own.empty())
        return {};
    const bool right = drawn_[number.index].right;
    const ShownBody shown = body(right);
    // Parts are cut of pictures of one body alone.
    const GraphModule& module = right || picture_.left_out == 0 ? *shown.module
        : picture_.whole                                        ? *picture_.whole
                                                                : *dump_->graph(picture_.place.graph).module;
    const Body& whole = module.body(shown.body);
    const NodeId node = find_node(module, whole, own);
    std::vector<std::string> names;
    if (node)
        for (const NodeId other :
            users ? whole.users_of(whole.node(node)) : whole.inputs_of(whole.node(node)))
            names.emplace_back(module.text(whole.node(other).name));
    return names;
}

std::vector<std::string> NumberedPicture::shown_names() const {
    const ShownBody shown = body(false);
    const Body& nodes = shown.module->body(shown.body);
    std::vector<std::string> names;
    for (size_t i = 0; i < nodes.nodes.size(); ++i)
        if (picture_.stands_in.empty() || !picture_.stands_in[i])
            names.emplace_back(shown.module->text(nodes.nodes[i].name));
    return names;
}

std::vector<NodeId> NumberedPicture::numbered(bool right, std::span<const NodeId> nodes) const {
    std::vector<NodeId> numbers;
    for (const NodeId node : nodes)
        numbers.push_back(numbers_[right][node.index]);
    return numbers;
}

std::vector<NodeId> NumberedPicture::numbered(bool right, const std::vector<bool>& nodes) const {
    std::vector<NodeId> numbers;
    for (size_t i = 0; i < nodes.size(); ++i)
        if (nodes[i])
            numbers.push_back(numbers_[right][i]);
    return numbers;
}

std::vector<NodeId> NumberedPicture::ancestors(NodeId number) const {
    if (!is_drawn(number))
        return {};
    const Drawn& drawn = drawn_[number.index];
    const ShownBody shown = body(drawn.right);
    return numbered(drawn.right, ancestors_of(shown.module->body(shown.body), drawn.node));
}

std::vector<NodeId> NumberedPicture::descendants(NodeId number) const {
    if (!is_drawn(number))
        return {};
    const Drawn& drawn = drawn_[number.index];
    const ShownBody shown = body(drawn.right);
    return numbered(drawn.right, descendants_of(shown.module->body(shown.body), drawn.node));
}

std::vector<NodeId> NumberedPicture::between(NodeId a, NodeId b) const {
    if (!is_drawn(a) || !is_drawn(b) || is_right(a) != is_right(b))
        return {};
    const ShownBody shown = body(is_right(a));
    return numbered(is_right(a),
        hopscope::between(shown.module->body(shown.body), drawn_[a.index].node, drawn_[b.index].node));
}

NodeId NumberedPicture::number_of(const std::string& name, bool right) const {
    if (right ? !picture_.right.graph : !picture_.place.graph)
        return {};
    const ShownBody shown = body(right);
    const NodeId node = find_node(*shown.module, shown.module->body(shown.body), name);
    return node ? numbers_[right][node.index] : NodeId();
}

NodeId NumberedPicture::same_as(const NumberedPicture& other, NodeId number) const {
    if (!number)
        return {};
    if (number.index < own_nodes_ && scene().box_of_node[number.index] != draw::kNoBox)
        return number;
    // Halves are the same ones, on the sides where they were.
    const Place at = other.origin(number);
    const bool right = picture_.right.graph && picture_.right.graph == at.graph;
    for (std::string name = other.name(number); !name.empty();) {
        if (const NodeId here = number_of(name, right))
            return here;
        const size_t slash = name.rfind('/');
        name.resize(slash == std::string::npos ? 0 : slash);
    }
    return {};
}

std::vector<Place> NumberedPicture::bodies() const {
    std::vector<Place> found;
    for (size_t i = own_nodes_; i < drawn_.size(); ++i) {
        const Place at = place_of(drawn_[i].right, drawn_[i].node);
        const auto same = [&](const Place& place) {
            return place.graph == at.graph && place.body == at.body;
        };
        if (std::none_of(found.begin(), found.end(), same))
            found.push_back({at.graph, at.body, {}});
    }
    return found;
}

std::vector<NodeId> NumberedPicture::users(NodeId number) const {
    if (number.index >= drawn_.size() || !drawn_[number.index].node)
        return {};
    const Drawn& drawn = drawn_[number.index];
    const ShownBody shown = body(drawn.right);
    const Body& nodes = shown.module->body(shown.body);
    return numbered(drawn.right, nodes.users_of(nodes.node(drawn.node)));
}

std::vector<NodeId> NumberedPicture::producers(NodeId number) const {
    if (number.index >= drawn_.size() || !drawn_[number.index].node)
        return {};
    const Drawn& drawn = drawn_[number.index];
    const ShownBody shown = body(drawn.right);
    const Body& nodes = shown.module->body(shown.body);
    return numbered(drawn.right, nodes.inputs_of(nodes.node(drawn.node)));
}

} // namespace hopscope
