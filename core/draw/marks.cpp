// Dots of invocations, and ports: the small marks at a box.
#include "core/draw/boxes.h"
#include "core/draw/drawer.h"

#include <algorithm>

namespace hopscope::draw {

namespace {

using Type = Primitive::Type;
using Part = Primitive::Part;

constexpr double kDotSize = 7;

void draw_dot(Drawer& draw, Dot dot, double x, double y) {
    const auto circle = [&](double size) -> Primitive& {
        return draw.add(Type::Circle, Part::Dot, x, y, size, size);
    };
    switch (dot) {
    case Dot::Traced:
    case Dot::RetracedNew: {
        Primitive& p = circle(kDotSize - 1.5);
        p.stroke = dot == Dot::Traced ? ColorRole::Traced : ColorRole::TracedAgain;
        p.line_width = 1.5;
        break;
    }
    case Dot::Reused:
    case Dot::ReusedByKey:
        circle(kDotSize).fill = ColorRole::Reused;
        break;
    case Dot::RetracedSame: {
        Primitive& p = draw.add(Type::HalfCircle, Part::Dot, x, y, kDotSize - 1.5, kDotSize - 1.5);
        p.fill = p.stroke = ColorRole::TracedAgain;
        p.line_width = 1.5;
        break;
    }
    case Dot::Failed: {
        Primitive& p = draw.add(Type::Cross, Part::Dot, x, y, kDotSize - 1, kDotSize - 1);
        p.stroke = ColorRole::Failed;
        p.line_width = 2;
        break;
    }
    case Dot::Inlined: {
        circle(kDotSize - 1).stroke = ColorRole::Quiet;
        circle(2).fill = ColorRole::Quiet;
        break;
    }
    default:
        circle(3).fill = ColorRole::Quiet;
        break;
    }
}

void draw_port(Drawer& draw, const Port& port) {
    const double x = port.at.x;
    const double y = port.at.y;
    switch (port.role) {
    case Port::Role::Saved: {
        Primitive& p = draw.add(Type::Circle, Part::Port, x, y, 7, 7);
        p.fill = ColorRole::Saved;
        p.stroke = ColorRole::Surface;
        break;
    }
    case Port::Role::Parameter: {
        Primitive& p = draw.add(Type::Rect, Part::Port, x - 3, y - 3, 6, 6);
        p.fill = kind_color(Kind::Parameter);
        p.stroke = ColorRole::Surface;
        break;
    }
    case Port::Role::Constant: {
        Primitive& p = draw.add(Type::Diamond, Part::Port, x, y, 8, 8);
        p.fill = ColorRole::Surface;
        p.stroke = ColorRole::Quiet;
        break;
    }
    case Port::Role::Operand: {
        Primitive& p = draw.add(Type::Circle, Part::Port, x, y, 6, 6);
        p.fill = ColorRole::Surface;
        p.stroke = ColorRole::Quiet;
        break;
    }
    case Port::Role::Result: {
        Primitive& p = draw.add(Type::Circle, Part::Port, x, y, 4, 4);
        p.fill = ColorRole::Line;
        break;
    }
    case Port::Role::CutIn:
    case Port::Role::CutOut: {
        // Into the box from outside, or out of it: down where lines run down, up where they run up.
        const bool in = port.role == Port::Role::CutIn, at_top = port.side == Port::Side::Top;
        const double outside = at_top ? -1 : 1;
        const double base = y + outside * (in ? 5 : 1), tip = y + outside * (in ? 1 : 5);
        Primitive& p = draw.path(Part::Port, {{x - 3, base}, {x + 3, base}, {x, tip}});
        p.closed = true;
        p.fill = ColorRole::Line;
        break;
    }
    }
}

ColorRole port_color(Port::Role role) {
    switch (role) {
    case Port::Role::Saved:
        return ColorRole::Saved;
    case Port::Role::Parameter:
        return kind_color(Kind::Parameter);
    default:
        return ColorRole::Line;
    }
}

// One bar for the bundle that begins at port `first`.
void draw_bundle(Drawer& draw, const Box& box, uint32_t first) {
    const Port& begin = box.ports[first];
    layout::Point low = begin.at;
    layout::Point high = begin.at;
    for (const Port& port : box.ports) {
        if (!port.bundled || port.side != begin.side)
            continue;
        low = {std::min(low.x, port.at.x), std::min(low.y, port.at.y)};
        high = {std::max(high.x, port.at.x), std::max(high.y, port.at.y)};
    }
    Primitive& bar =
        draw.add(Type::Rect, Part::Port, low.x - 3, low.y - 3, high.x - low.x + 6, high.y - low.y + 6);
    bar.radius = 3;
    bar.fill = port_color(begin.role);
    bar.stroke = ColorRole::Surface;
}

} // namespace

void draw_dots(Drawer& draw, const Box& box, double left, double top) {
    for (size_t i = 0; i < box.dots.size(); ++i) {
        const size_t row = i / kDotsPerRow, column = i % kDotsPerRow;
        const double x = left + static_cast<double>(column) * kDotPitch + kDotPitch / 2.0;
        const double y = top + static_cast<double>(row) * kDotRowHeight + kDotRowHeight / 2.0;
        draw_dot(draw, static_cast<Dot>(box.dots[i]), x, y);
        if (i == box.own_dot) {
            Primitive& p = draw.path(Part::Dot, {{x - 4, y + 6}, {x + 4, y + 6}});
            p.stroke = ColorRole::Text;
            p.line_width = 1.5;
        }
    }
}

void draw_ports(Drawer& draw, const Box& box) {
    bool bundle_drawn[4] = {};
    for (uint32_t i = 0; i < box.ports.size(); ++i) {
        const Port& port = box.ports[i];
        draw.node = port.node;
        draw.port = i;
        if (!port.bundled) {
            draw_port(draw, port);
        } else if (bool& drawn = bundle_drawn[static_cast<size_t>(port.side)]; !drawn) {
            drawn = true;
            draw.node = box.node;
            draw_bundle(draw, box, i);
        }
    }
}

} // namespace hopscope::draw
