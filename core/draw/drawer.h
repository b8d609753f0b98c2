// How a box's or an edge's primitives are made. Shared inside draw.
#pragma once

#include "core/draw/display.h"
#include "core/draw/metrics.h"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace hopscope::draw {

// Appends primitives that belong to one box or edge.
class Drawer {
    using Part = Primitive::Part;

public:
    Drawer(DisplayList& list, double dx, double dy)
        : list_(list)
        , dx_(dx)
        , dy_(dy) { }

    std::optional<uint32_t> box, edge, port;
    NodeId node;
    bool overlaid = false; // boxes have the fill that an overlay gives them
    std::optional<ColorRole> shade; // of this one; none: nothing to tell

    ColorRole fill_or(ColorRole own) const { return overlaid ? shade.value_or(ColorRole::Surface) : own; }
    // Second lines would not be read on a strong shade.
    ColorRole quiet() const { return shade ? ColorRole::Text : ColorRole::Quiet; }
    ColorRole warning() const { return shade ? ColorRole::Text : ColorRole::Warning; }

    Primitive& add(Primitive::Type type, Part part, double x, double y, double w, double h) {
        Primitive p;
        p.type = type;
        p.part = part;
        p.x = x + dx_;
        p.y = y + dy_;
        p.w = w;
        p.h = h;
        p.node = node;
        p.box = box;
        p.edge = edge;
        p.port = port;
        list_.items.push_back(p);
        return list_.items.back();
    }

    // A line of width 1 along the border of (x, y, w, h), on half points.
    Primitive& frame(Part part, double x, double y, double w, double h, double radius) {
        Primitive& p = add(Primitive::Type::Rect, part, x + 0.5, y + 0.5, w - 1, h - 1);
        p.radius = radius;
        return p;
    }

    Primitive& text(Part part, double x, double y, std::string words, int size, ColorRole role) {
        Primitive& p = add(Primitive::Type::Text, part, x, y, 0, 0);
        p.w = text_width(words, size);
        p.size = size;
        p.fill = role;
        p.text = static_cast<uint32_t>(list_.texts.size());
        list_.texts.push_back(std::move(words));
        return p;
    }

    Primitive& path(Part part, const std::vector<Spot>& points) {
        Primitive& p = add(Primitive::Type::Path, part, 0, 0, 0, 0);
        p.points_begin = static_cast<uint32_t>(list_.points.size());
        for (const Spot& spot : points)
            list_.points.push_back({spot.x + dx_, spot.y + dy_});
        p.points_end = static_cast<uint32_t>(list_.points.size());
        p.x = p.y = 0;
        return p;
    }

private:
    DisplayList& list_;
    double dx_, dy_;
};

// The strip of dots of a region call, one for each invocation, from (left, top).
void draw_dots(Drawer& draw, const Box& box, double left, double top);
// What enters and leaves a box at its border.
void draw_ports(Drawer& draw, const Box& box);

} // namespace hopscope::draw
