#include "core/draw/ports.h"

#include "core/draw/metrics.h"

#include <algorithm>
#include <cstdlib>

namespace hopscope::draw {

namespace {

constexpr int kPitch = 9; // between the centres of marks
constexpr int kClear = 7; // between a mark and a line
constexpr int kInset = 6; // between a corner and the first mark

class Placing {
public:
    Placing(const GraphModule& module, const Body& body, const Folded& folded, Scene& scene, bool upwards)
        : upwards_(upwards)
        , sideways_(scene.sideways)
        , module_(module)
        , body_(body)
        , folded_(folded)
        , scene_(scene)
        , arriving_(scene.boxes.size())
        , leaving_(scene.boxes.size())
        , leaves_at_(body.nodes.size(), -1) { }

    void run() {
        collect_lines();
        for (const Mark& mark : folded_.marks)
            add(mark.box, mark.node, mark.side, mark.role, name(mark.node));
        for (const Edge& edge : scene_.edges) {
            if (!edge.cut)
                continue;
            add_once(edge.from_box, edge.from, Port::Side::Bottom, Port::Role::CutOut, "to " + name(edge.to));
            add(edge.to_box, edge.from, Port::Side::Top, Port::Role::CutIn, "from " + name(edge.from));
        }
        for (uint32_t b = 0; b < scene_.boxes.size(); ++b)
            place(b);
    }

private:
    std::string name(NodeId node) const { return clip_label(own_name(module_.text(body_.node(node).name))); }

    void collect_lines() {
        for (const Edge& edge : scene_.edges) {
            if (edge.points.empty())
                continue;
            const int at = sideways_ ? edge.points.front().y : edge.points.front().x;
            if (!sideways_) { // else the borders above and below are free
                arriving_[edge.to_box].push_back(edge.points.back().x);
                leaving_[edge.from_box].push_back(at);
            }
            if (leaves_at_[edge.from.index] < 0)
                leaves_at_[edge.from.index] = at;
            for (const NodeId value : edge.values)
                if (leaves_at_[value.index] < 0)
                    leaves_at_[value.index] = at;
        }
    }

    void add(uint32_t box, NodeId node, Port::Side side, Port::Role role, std::string label) {
        if ((upwards_ && side == Port::Side::Top)
            || (sideways_ && side == Port::Side::Right)) // where lines leave
            side = Port::Side::Bottom;
        else if ((upwards_ && side == Port::Side::Bottom) || (sideways_ && side == Port::Side::Left))
            side = Port::Side::Top;
        scene_.boxes[box].ports.push_back({side, role, node, std::move(label), {}});
    }

    void add_once(uint32_t box, NodeId node, Port::Side side, Port::Role role, std::string label) {
        for (Port& port : scene_.boxes[box].ports)
            if (port.node == node && port.role == role) {
                port.label = clip_label(port.label + ", " + label.substr(3));
                return;
            }
        add(box, node, side, role, std::move(label));
    }

    void place(uint32_t index) {
        Box& box = scene_.boxes[index];
        for (const Port::Side side : {Port::Side::Left, Port::Side::Right})
            place_beside(box, side);
        place_along(box, Port::Side::Top, upwards_ ? leaving_[index] : arriving_[index]);
        place_along(box, Port::Side::Bottom, upwards_ ? arriving_[index] : leaving_[index]);
    }

    static std::vector<Port*> of_side(Box& box, Port::Side side) {
        std::vector<Port*> ports;
        for (Port& port : box.ports)
            if (port.side == side)
                ports.push_back(&port);
        return ports;
    }

    // Left and right: spread about the middle; where there are too many, closer together and drawn as one
    // bar.
    static void place_beside(Box& box, Port::Side side) {
        const std::vector<Port*> ports = of_side(box, side);
        if (ports.empty())
            return;
        const int count = static_cast<int>(ports.size());
        const int room = std::max(0, box.h - 2 * kInset);
        const int x = side == Port::Side::Left ? box.x - kPortOut : box.x + box.w + kPortOut;
        const bool fits = (count - 1) * kPitch <= room;
        for (int i = 0; i < count; ++i) {
            const int offset = fits ? (box.h - (count - 1) * kPitch) / 2 + i * kPitch
                                    : kInset + i * room / std::max(1, count - 1);
            Port& port = *ports[static_cast<size_t>(i)];
            port.at = {x, box.y + offset};
            port.bundled = !fits;
        }
    }

    // Top and bottom, and of a picture that runs sideways the right: items of a tuple sit where their lines
    // leave, the rest takes free places from the right.
    void place_along(Box& box, Port::Side side, const std::vector<int>& lines) {
        std::vector<Port*> free;
        const int y = side == Port::Side::Top ? box.y : box.y + box.h;
        for (Port* port : of_side(box, side)) {
            const int at = leaves_at_[port->node.index];
            if (port->role == Port::Role::Result && at >= 0)
                port->at = sideways_ ? layout::Point{box.x + box.w, at} : layout::Point{at, y};
            else
                free.push_back(port);
        }
        if (free.empty())
            return;
        const std::vector<int> places = free_places(box, lines, free.size());
        if (!places.empty()) {
            for (size_t i = 0; i < free.size(); ++i)
                free[i]->at = {places[i], y};
            return;
        }
        // No room: one bar over the border.
        const int room = box.w - 2 * kInset;
        const int last = std::max(1, static_cast<int>(free.size()) - 1);
        for (int i = 0; i < static_cast<int>(free.size()); ++i) {
            free[static_cast<size_t>(i)]->at = {box.x + kInset + i * room / last, y};
            free[static_cast<size_t>(i)]->bundled = true;
        }
    }

    // From the right, clear of the lines; empty where there is not room for all.
    static std::vector<int> free_places(const Box& box, const std::vector<int>& lines, size_t count) {
        std::vector<int> places;
        for (int x = box.x + box.w - kInset - 2; x >= box.x + kInset && places.size() < count; x -= kPitch)
            if (std::none_of(
                    lines.begin(), lines.end(), [&](int line) { return std::abs(line - x) < kClear; }))
                places.push_back(x);
        if (places.size() < count)
            return {};
        std::reverse(places.begin(), places.end());
        return places;
    }

    const bool upwards_, sideways_;
    const GraphModule& module_;
    const Body& body_;
    const Folded& folded_;
    Scene& scene_;
    std::vector<std::vector<int>> arriving_, leaving_; // by box: x of the lines at its upper and lower border
    std::vector<int> leaves_at_; // by node: x, sideways y, where its line leaves; -1 = it has none
};

} // namespace

void place_ports(
    const GraphModule& module, const Body& body, const Folded& folded, Scene& scene, bool upwards) {
    Placing(module, body, folded, scene, upwards).run();
}

} // namespace hopscope::draw
