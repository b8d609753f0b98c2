#include "core/draw/display.h"

#include "core/draw/boxes.h"
#include "core/draw/drawer.h"
#include "core/draw/metrics.h"
#include "core/draw/overlay.h"

#include <algorithm>
#include <cmath>

namespace hopscope::draw {

namespace {

using Type = Primitive::Type;
using Part = Primitive::Part;
using Anchor = Primitive::Anchor;

constexpr double kCornerRadius = 4;
constexpr double kEdgeRadius = 6;
constexpr double kArrowLength = 5;
constexpr double kArrowHalfWidth = 3;
constexpr double kPileOffset = 3;
constexpr double kLeastCaption = 6; // pixels; smaller words are noise

void draw_kind_bar(Drawer& draw, const Box& box, double x, double y, double h, double radius) {
    Primitive& bar = draw.add(Type::Bar, Part::KindBar, x, y, kBarWidth, h);
    bar.fill = kind_color(box.kind);
    bar.radius = radius;
}

void draw_letter(Drawer& draw, const Box& box, double x, double y, double h) {
    Primitive& letter = draw.text(Part::Letter, x + kBarWidth / 2.0, y + h / 2 + 4,
        std::string(1, kind_letter(box.kind)), kSmallFontSize, kind_color(box.kind));
    letter.letter = true;
    letter.bold = true;
    letter.anchor = Anchor::Middle;
}

// A second line with what is said in the warning tone behind it.
void draw_subtitle(Drawer& draw, double x, double y, const std::string& words, const std::string& warning) {
    if (!words.empty())
        draw.text(Part::Subtitle, x, y, words, kSmallFontSize, draw.quiet());
    if (!warning.empty())
        draw.text(Part::Subtitle, x + text_width(words, kSmallFontSize) + kWarningGap, y, warning,
            kSmallFontSize, draw.warning());
}

void draw_texts(Drawer& draw, const Box& box, Detail detail, double x, double y) {
    if (box.small) {
        draw.text(Part::Title, x, y + 14, box.title, kSmallFontSize, ColorRole::Text);
        if (detail == Detail::Full)
            draw_subtitle(draw, x + text_width(box.title, kSmallFontSize) + kPadding, y + 14, box.subtitle,
                box.warning);
        return;
    }
    if (detail != Detail::Full) { // alone, so in the middle; a region keeps the room of its dots
        const double baseline = box.region ? 15 : box.h / 2.0 + 4;
        draw.text(Part::Title, x, y + baseline, box.title, kFontSize, ColorRole::Text);
        return;
    }
    const bool alone = box.subtitle.empty() && box.warning.empty();
    draw.text(Part::Title, x, y + (alone ? 16 : 15), box.title, kFontSize, ColorRole::Text);
    draw_subtitle(draw, x, y + 29, box.subtitle, box.region ? std::string() : box.warning);
    draw_subtitle(draw, x, y + 43, box.detail, box.region ? box.warning : std::string());
}

// A box that stands for several equal ones stands on a second one.
void draw_pile(Drawer& draw, const Box& box, double radius) {
    if (box.times < 2)
        return;
    Primitive& under =
        draw.frame(Part::Inner, box.x + kPileOffset, box.y + kPileOffset, box.w, box.h, radius);
    under.fill = ColorRole::Surface;
    under.stroke = ColorRole::Line;
}

void draw_region(Drawer& draw, const Box& box, Detail detail) {
    draw_pile(draw, box, kCornerRadius + kRegionInset);
    Primitive& outer = draw.frame(Part::Box, box.x, box.y, box.w, box.h, kCornerRadius + kRegionInset);
    outer.fill = draw.fill_or(ColorRole::Surface);
    outer.stroke = kind_color(Kind::Region);
    const double x = box.x + kRegionInset;
    const double y = box.y + kRegionInset;
    const double w = box.w - 2 * kRegionInset;
    const double h = box.h - 2 * kRegionInset;
    draw_kind_bar(draw, box, x, y, h, kCornerRadius);
    Primitive& inner = draw.frame(Part::Inner, x, y, w, h, kCornerRadius);
    inner.stroke = kind_color(Kind::Region);
    draw_letter(draw, box, x, y, h);
    const double left = x + kBarWidth + kPadding;
    draw_texts(draw, box, detail, left, y);
    if (!box.badge.empty()) {
        Primitive& badge = draw.text(Part::Badge, box.x + box.w - kRegionInset - kPadding, y + 15, box.badge,
            kFontSize, kind_color(Kind::Region));
        badge.anchor = Anchor::End;
        badge.bold = true;
        badge.fill = ColorRole::Text;
    }
    draw_dots(draw, box, left, y + kBoxHeight + 14 - 1);
}

// What became of a call, for whoever sees no more of it than a block: hollow, filled and half as its dot is.
void draw_decision(Drawer& draw, const Box& box, double w) {
    const Dot dot = box.own_dot ? static_cast<Dot>(box.dots[*box.own_dot]) : Dot::Unknown;
    ColorRole role = kind_color(Kind::Region);
    double filled = 1; // share of the width
    switch (dot) {
    case Dot::Traced:
        role = ColorRole::Traced;
        filled = 0;
        break;
    case Dot::RetracedNew:
        role = ColorRole::TracedAgain;
        filled = 0;
        break;
    case Dot::RetracedSame:
        role = ColorRole::TracedAgain;
        filled = 0.5;
        break;
    case Dot::Reused:
    case Dot::ReusedByKey:
        role = ColorRole::Reused;
        break;
    case Dot::Failed:
        role = ColorRole::Failed;
        filled = 0;
        break;
    default:
        break;
    }
    Primitive& ground = draw.frame(Part::Box, box.x, box.y, box.w, box.h, kCornerRadius);
    ground.fill = ColorRole::Surface;
    ground.stroke = role;
    ground.line_width = 2;
    if (filled > 0)
        draw.add(Type::Rect, Part::KindBar, box.x, box.y, w * filled, box.h).fill = role;
    if (dot == Dot::Failed)
        draw.path(Part::Dot,
                {{static_cast<double>(box.x), static_cast<double>(box.y)},
                    {box.x + w, static_cast<double>(box.y + box.h)}})
            .stroke = role;
}

// The largest font in which the words fit into the room, whole points.
int fitting_size(const std::string& words, double width, double height, int most) {
    const double by_width = width / (kAdvance * static_cast<double>(std::max<size_t>(glyph_count(words), 1)));
    return std::min({static_cast<int>(by_width), static_cast<int>(height * 0.8), most});
}

// A box as a block of its colour, which may have its operator in it.
void draw_block(Drawer& draw, const Box& box, Detail detail) {
    constexpr double kLeastPixels = 6; // smaller words are noise
    constexpr int kLargest = 26;
    const bool words = detail == Detail::Shapes;
    const double mark = words ? 2 * kBarWidth : box.w;
    const bool decision = box.region && !draw.overlaid;
    if (draw.overlaid) {
        Primitive& p = draw.frame(Part::Box, box.x, box.y, box.w, box.h, kCornerRadius);
        p.fill = draw.fill_or(ColorRole::Surface);
        p.stroke = ColorRole::Line;
    } else if (decision) {
        draw_decision(draw, box, mark);
    } else {
        Primitive& p = draw.add(Type::Rect, Part::Box, box.x, box.y, box.w, box.h);
        p.radius = kCornerRadius;
        p.fill = kind_color(box.kind);
    }
    const std::string& label = box.op;
    if (!words || label.empty())
        return;
    const double left = box.x + kPadding / 2.0 + (decision ? mark : 0);
    const double room = box.x + box.w - kPadding / 2.0 - left;
    const int size = fitting_size(label, room, box.h, kLargest);
    if (size < 1)
        return;
    Primitive& text =
        draw.text(Part::Title, left + (room - text_width(label, size)) / 2, box.y + box.h / 2.0 + size * 0.35,
            label, size, box.region || draw.overlaid ? ColorRole::Text : kind_color(box.kind));
    text.letter = !box.region && !draw.overlaid;
    text.least = kLeastPixels;
}

void draw_node(Drawer& draw, const Box& box, Detail detail) {
    draw_pile(draw, box, kCornerRadius);
    // Square corners tell a joint graph's backward part where the tint does not.
    const double radius = box.gradient ? 0 : kCornerRadius;
    Primitive& frame = draw.frame(Part::Box, box.x, box.y, box.w, box.h, radius);
    frame.fill = draw.fill_or(box.gradient ? ColorRole::Gradient : ColorRole::Surface);
    frame.stroke = ColorRole::Faint;
    draw_kind_bar(draw, box, box.x, box.y, box.h, radius);
    draw_letter(draw, box, box.x, box.y, box.h);
    draw_texts(draw, box, detail, box.x + kBarWidth + kPadding, box.y);
}

Spot spot(layout::Point p) {
    return {static_cast<double>(p.x), static_cast<double>(p.y)};
}

// The arrow's triangle at the end of a line, and the line shortened so that it ends inside the triangle.
std::vector<Spot> arrow_head(std::vector<Spot>& line) {
    const Spot tip = line.back();
    const Spot before = line[line.size() - 2];
    const double length = std::hypot(tip.x - before.x, tip.y - before.y);
    const double ux = length > 0 ? (tip.x - before.x) / length : 0;
    const double uy = length > 0 ? (tip.y - before.y) / length : 1;
    const Spot base{tip.x - ux * kArrowLength, tip.y - uy * kArrowLength};
    if (length > kArrowLength)
        line.back() = base;
    return {tip, {base.x - uy * kArrowHalfWidth, base.y + ux * kArrowHalfWidth},
        {base.x + uy * kArrowHalfWidth, base.y - ux * kArrowHalfWidth}};
}

void append_caption(const DisplayOptions& options, double top, DisplayList& list) {
    Drawer draw(list, 0, 0);
    if (!options.caption.empty())
        draw.text(Part::Caption, options.margin, top + 14, clip_label(options.caption, 160), kLargeFontSize,
            ColorRole::Text);
    if (!options.subcaption.empty())
        draw.text(Part::Caption, options.margin, top + 32, clip_label(options.subcaption, 160),
            kSmallFontSize, ColorRole::Quiet);
}

} // namespace

Detail detail_for(double zoom) {
    // Below these the smaller font is under 6 and the larger under 5 pixels high.
    if (zoom >= 0.55)
        return Detail::Full;
    if (zoom >= 0.42)
        return Detail::Names;
    // And below this the largest operator.
    return zoom >= 0.22 ? Detail::Shapes : Detail::Blocks;
}

void display_box(const Scene& scene, uint32_t index, Detail detail, double dx, double dy, DisplayList& list,
    const Overlay* overlay) {
    const Box& box = scene.boxes[index];
    Drawer draw(list, dx, dy);
    draw.overlaid = overlay != nullptr || scene.compared;
    if (overlay && index < overlay->shade.size() && overlay->shade[index])
        draw.shade = overlay->fills[*overlay->shade[index]];
    else if (!overlay && box.side != Side::Both)
        draw.shade = side_fill(box.side);
    draw.box = index;
    draw.node = box.node;
    if (detail == Detail::Shapes || detail == Detail::Blocks) {
        draw_block(draw, box, detail);
        return;
    }
    if (box.region)
        draw_region(draw, box, detail);
    else
        draw_node(draw, box, detail);
    draw_ports(draw, box);
}

void display_edge(
    const Scene& scene, uint32_t index, Detail detail, double dx, double dy, DisplayList& list) {
    const Edge& edge = scene.edges[index];
    Drawer draw(list, dx, dy);
    draw.edge = index;
    draw.node = edge.from;
    std::vector<Spot> line;
    // On half points where a line runs along them; its ends lie on borders.
    for (size_t i = 0; i < edge.points.size(); ++i) {
        const double end = i > 0 && i + 1 < edge.points.size() ? 0.5 : 0;
        const layout::Point& p = edge.points[i];
        line.push_back(scene.sideways ? Spot{p.x + end, p.y + 0.5} : Spot{p.x + 0.5, p.y + end});
    }
    bool dashed = false;
    if (line.size() < 2) {
        // A cut link: straight from box to box.
        const Box& from = scene.boxes[edge.from_box];
        const Box& to = scene.boxes[edge.to_box];
        if (scene.sideways)
            line = {spot({from.x + from.w, from.y + from.h / 2}), spot({to.x, to.y + to.h / 2})};
        else
            line = {spot({from.x + from.w / 2, from.y + from.h}), spot({to.x + to.w / 2, to.y})};
        dashed = true;
    }
    if (edge.saved) {
        Primitive& p = draw.path(Part::Edge, line);
        p.stroke = ColorRole::Saved;
        p.radius = detail >= Detail::Shapes ? 0 : kEdgeRadius;
        p.dashed = true;
        return;
    }
    // Of a comparison: what was is dashed, what is new is thick, so that no colour is needed.
    const ColorRole own = side_line(edge.side);
    dashed = dashed || edge.side == Side::First;
    if (detail >= Detail::Shapes) {
        Primitive& p = draw.path(Part::Edge, line);
        p.stroke = own != ColorRole::None ? own
            : detail == Detail::Blocks    ? ColorRole::Faint
                                          : ColorRole::Line;
        p.dashed = dashed;
        return;
    }
    const Spot start = line.front();
    const std::vector<Spot> head = arrow_head(line);
    Primitive& p = draw.path(Part::Edge, line);
    p.stroke = own == ColorRole::None ? ColorRole::Line : own;
    p.radius = kEdgeRadius;
    p.dashed = dashed;
    p.line_width = edge.side == Side::Second ? 2 : edge.count > 1 ? 1.5 : 1;
    const ColorRole stroke = p.stroke; // `p` moves with the next
    Primitive& arrow = draw.path(Part::Arrow, head);
    arrow.closed = true;
    arrow.fill = stroke;
    if (edge.count > 1 && detail == Detail::Full)
        draw.text(Part::Subtitle, start.x + 4, start.y + (line[1].y < start.y ? -6 : 13),
            "×" + std::to_string(edge.count), kSmallFontSize, ColorRole::Quiet);
}

namespace {

// On a plate over the lines, which cross it where there is no room beside them.
void display_title(const Frame& frame, double dx, double dy, DisplayList& list) {
    if (frame.label.empty())
        return;
    Drawer draw(list, dx, dy);
    const double x = frame.x + frame.label_at;
    Primitive& plate = draw.frame(Part::Caption, x - 3, frame.y + 4,
        text_width(frame.label, kSmallFontSize) + 6, kSmallFontSize + 3, 2);
    plate.fill = ColorRole::Window;
    Primitive& words =
        draw.text(Part::Caption, x, frame.y + 14, frame.label, kSmallFontSize, ColorRole::Text);
    words.bold = true;
    words.least = kLeastCaption;
}

} // namespace

DisplayList make_display_list(const Scene& scene, const DisplayOptions& options) {
    DisplayList list;
    list.items.reserve(scene.edges.size() * 2 + scene.boxes.size() * 6);
    const int captions = (options.caption.empty() ? 0 : 20) + (options.subcaption.empty() ? 0 : 16);
    const int header = captions > 0 ? captions + 16 : 0;
    append_caption(options, options.margin, list);
    double right = scene.width;
    for (const Primitive& p : list.items)
        right = std::max(right, p.x + p.w - options.margin);
    const double dx = options.margin;
    const double dy = options.margin + header;
    for (const Frame& frame : scene.frames) {
        Drawer draw(list, dx, dy);
        if (frame.closed) {
            Primitive& p = draw.frame(Part::Caption, frame.x, frame.y, frame.w, frame.h, 2 * kCornerRadius);
            p.stroke = kind_color(Kind::Region);
        }
    }
    for (const Label& label : options.labels ? scene.labels : std::vector<Label>()) {
        Drawer draw(list, dx, dy);
        Primitive& words =
            draw.text(Part::Caption, label.at.x, label.at.y, label.text, kFontSize, ColorRole::Quiet);
        words.bold = true;
        words.least = kLeastCaption;
    }
    for (uint32_t i = 0; i < scene.edges.size(); ++i)
        if (!scene.edges[i].points.empty() || options.cut_edges)
            display_edge(scene, i, options.detail, dx, dy, list);
    for (const Frame& frame : scene.frames)
        display_title(frame, dx, dy, list);
    for (uint32_t i = 0; i < scene.boxes.size(); ++i)
        display_box(scene, i, options.detail, dx, dy, list, options.overlay);
    list.width = right + 2 * options.margin;
    list.height = scene.height + 2 * options.margin + header;
    return list;
}

std::vector<PathStep> rounded_path(const Spot* points, size_t count, double radius, bool closed) {
    std::vector<PathStep> steps;
    if (count == 0)
        return steps;
    steps.push_back({PathStep::Type::Move, points[0], {}});
    for (size_t i = 1; i < count; ++i) {
        const Spot& corner = points[i];
        const bool inner = i + 1 < count && !closed && radius > 0;
        const double before = std::hypot(corner.x - points[i - 1].x, corner.y - points[i - 1].y);
        const double after = inner ? std::hypot(points[i + 1].x - corner.x, points[i + 1].y - corner.y) : 0;
        const double r = std::min({radius, before / 2, after / 2});
        if (!inner || r < 0.5) {
            steps.push_back({PathStep::Type::Line, corner, {}});
            continue;
        }
        const Spot& next = points[i + 1];
        steps.push_back({PathStep::Type::Line,
            {corner.x - (corner.x - points[i - 1].x) / before * r,
                corner.y - (corner.y - points[i - 1].y) / before * r},
            {}});
        steps.push_back({PathStep::Type::Curve,
            {corner.x + (next.x - corner.x) / after * r, corner.y + (next.y - corner.y) / after * r},
            corner});
    }
    if (closed)
        steps.push_back({PathStep::Type::Line, points[0], {}});
    return steps;
}

} // namespace hopscope::draw
