#include "core/draw/legend.h"

#include "core/draw/metrics.h"

#include <algorithm>
#include <array>
#include <functional>
#include <set>
#include <string_view>

namespace hopscope::draw {

namespace {

using Type = Primitive::Type;
using Part = Primitive::Part;

constexpr double kLine = 20; // from entry to entry
constexpr double kSample = 48; // room for what is explained, before its words
constexpr double kGap = 24; // between columns
constexpr double kTitle = 22; // room of a column's title

// A piece of a picture, and what it means.
struct Entry {
    std::string words;
    std::function<void(DisplayList&, double x, double y)> draw; // x = left, y = middle of its line
};
struct Column {
    std::string title;
    std::vector<Entry> entries;
};

// What display_box() and display_edge() drew is of a scene that nobody has.
void disown(DisplayList& list, size_t from) {
    for (size_t i = from; i < list.items.size(); ++i) {
        Primitive& item = list.items[i];
        item.box.reset();
        item.edge.reset();
        item.port.reset();
        item.node = {};
        if (item.part == Part::Port)
            item.part = Part::Badge;
    }
}

void draw_box(const Box& box, DisplayList& list, double x, double y) {
    Scene sample;
    sample.compared = box.side != Side::Both;
    sample.boxes.push_back(box);
    const size_t from = list.items.size();
    display_box(sample, 0, Detail::Full, x, y - box.h / 2.0, list);
    disown(list, from);
}

Entry kind(Kind kind) {
    return {std::string(kind_name(kind)), [kind](DisplayList& list, double x, double y) {
                Box box;
                box.kind = kind;
                box.small = true;
                box.w = 26;
                box.h = 16;
                draw_box(box, list, x, y);
            }};
}

Entry port(Port::Role role, std::string words) {
    return {std::move(words), [role](DisplayList& list, double x, double y) {
                Box box;
                box.kind = Kind::Elementwise;
                box.small = true;
                box.w = 26;
                box.h = 12;
                Port mark;
                mark.role = role;
                const bool right = role == Port::Role::Saved, below = role == Port::Role::CutOut;
                mark.side = right ? Port::Side::Right : below ? Port::Side::Bottom : Port::Side::Top;
                mark.at = right ? layout::Point{26 + kPortOut, 6}
                    : below     ? layout::Point{18, 12}
                                : layout::Point{18, 0};
                box.ports.push_back(mark);
                draw_box(box, list, x, y + (below || right ? 0 : 2));
            }};
}

Entry dot(Dot dot, std::string words) {
    return {std::move(words), [dot](DisplayList& list, double x, double y) {
                // A region's strip, without the box around it.
                Box box;
                box.region = true;
                box.w = 60;
                box.h = kBoxHeight;
                box.dots = {static_cast<uint8_t>(dot)};
                Scene sample;
                sample.boxes.push_back(box);
                DisplayList whole;
                display_box(sample, 0, Detail::Full, 0, 0, whole);
                for (Primitive item : whole.items) {
                    if (item.part != Part::Dot || item.type == Type::Path)
                        continue;
                    item.x = x + 8;
                    item.y = y;
                    list.items.push_back(item);
                }
                disown(list, list.items.size() > 2 ? list.items.size() - 2 : 0);
            }};
}

Entry line(bool saved, std::string words, Side side = Side::Both) {
    return {std::move(words), [saved, side](DisplayList& list, double x, double y) {
                Scene sample;
                sample.boxes.resize(2);
                Edge edge;
                edge.saved = saved;
                edge.side = side;
                edge.to_box = 1;
                edge.points = {{0, 0}, {26, 0}};
                sample.edges.push_back(edge);
                const size_t from = list.items.size();
                display_edge(sample, 0, Detail::Full, x, y, list);
                disown(list, from);
            }};
}

Primitive& put_text(
    DisplayList& list, double x, double y, std::string words, int size, ColorRole role, bool bold = false) {
    Primitive text;
    text.type = Type::Text;
    text.part = Part::Caption;
    text.x = x;
    text.y = y;
    text.w = text_width(words, size);
    text.size = size;
    text.fill = role;
    text.bold = bold;
    text.text = static_cast<uint32_t>(list.texts.size());
    list.texts.push_back(std::move(words));
    list.items.push_back(text);
    return list.items.back();
}

Entry words_in(std::string sample, ColorRole role, std::string words) {
    return {std::move(words), [sample = std::move(sample), role](DisplayList& list, double x, double y) {
                put_text(list, x, y + 4, sample, kSmallFontSize, role);
            }};
}

Entry compared(Side side, std::string words) {
    return {std::move(words), [side](DisplayList& list, double x, double y) {
                Box box;
                box.small = true;
                box.side = side;
                box.title = std::string(side_sign(side));
                box.w = 40;
                box.h = 16;
                draw_box(box, list, x, y);
            }};
}

// What of it there is in a scene.
struct Seen {
    std::array<bool, kKindCount> kinds{};
    std::set<Port::Role> ports;
    std::set<Dot> dots;
    bool gradient = false; // a joint graph's backward part
    std::array<bool, kSideCount> sides{}, side_lines{}; // of a comparison
    bool lines = false, saved = false, warning = false, piled = false, frames = false, region = false;
};

Seen seen_in(const Scene* scene) {
    Seen seen;
    if (!scene) {
        seen.kinds.fill(true);
        for (int role = 0; role <= static_cast<int>(Port::Role::CutOut); ++role)
            seen.ports.insert(static_cast<Port::Role>(role));
        for (int code = 0; code <= static_cast<int>(Dot::Inlined); ++code)
            seen.dots.insert(static_cast<Dot>(code));
        seen.gradient = true;
        seen.sides.fill(true);
        seen.side_lines.fill(true);
        seen.lines = seen.saved = seen.warning = seen.piled = seen.frames = seen.region = true;
        return seen;
    }
    for (const Box& box : scene->boxes) {
        seen.kinds[static_cast<size_t>(box.kind)] = true;
        for (const Port& of : box.ports)
            seen.ports.insert(of.role);
        for (uint8_t code : box.dots)
            seen.dots.insert(static_cast<Dot>(code));
        seen.gradient = seen.gradient || box.gradient;
        seen.warning = seen.warning || (!box.warning.empty() && box.side != Side::Changed);
        seen.piled = seen.piled || box.times > 1;
        seen.region = seen.region || box.region;
        seen.sides[static_cast<size_t>(box.side)] = true;
    }
    for (const Edge& edge : scene->edges) {
        (edge.saved ? seen.saved : seen.lines) = true;
        seen.side_lines[static_cast<size_t>(edge.side)] = true;
    }
    seen.frames = !scene->frames.empty();
    return seen;
}

std::vector<Column> columns_of(const Seen& seen) {
    Column kinds{"Nodes", {}};
    for (size_t i = 0; i < kKindCount; ++i)
        if (seen.kinds[i])
            kinds.entries.push_back(kind(static_cast<Kind>(i)));
    if (seen.gradient)
        kinds.entries.push_back({"rests on a gradient: backward", [](DisplayList& list, double x, double y) {
                                     Box box;
                                     box.small = true;
                                     box.gradient = true;
                                     box.w = 26;
                                     box.h = 16;
                                     draw_box(box, list, x, y);
                                 }});
    Column marks{"Marks and lines", {}};
    if (seen.lines)
        marks.entries.push_back(line(false, "a value, to what uses it"));
    if (seen.saved)
        marks.entries.push_back(line(true, "a value saved for backward"));
    constexpr std::pair<Port::Role, std::string_view> kPorts[] = {
        {Port::Role::Saved, "saved for the other half"},
        {Port::Role::Parameter, "parameter or buffer"},
        {Port::Role::Constant, "constant or symbol"},
        {Port::Role::Operand, "input from far away"},
        {Port::Role::Result, "one of several results"},
        {Port::Role::CutIn, "comes from far away"},
        {Port::Role::CutOut, "goes on far away"},
    };
    for (const auto& [role, words] : kPorts)
        if (seen.ports.contains(role))
            marks.entries.push_back(port(role, std::string(words)));
    if (seen.warning)
        marks.entries.push_back(words_in("[1,2]", ColorRole::Warning, "strides that are not contiguous"));
    if (seen.piled)
        marks.entries.push_back(words_in("×12", ColorRole::Text, "equal nodes, drawn once"));
    if (seen.frames)
        marks.entries.push_back({"nodes of one body or block", [](DisplayList& list, double x, double y) {
                                     Primitive frame;
                                     frame.type = Type::Rect;
                                     frame.part = Part::Caption;
                                     frame.stroke = kind_color(Kind::Region);
                                     frame.x = x + 0.5;
                                     frame.y = y - 6.5;
                                     frame.w = 25;
                                     frame.h = 13;
                                     frame.radius = 4;
                                     list.items.push_back(frame);
                                 }});
    Column calls{"Calls of a region", {}};
    constexpr std::pair<Dot, std::string_view> kDots[] = {
        {Dot::Traced, "traced"},
        {Dot::Reused, "reused"},
        {Dot::RetracedSame, "traced again, same body"},
        {Dot::RetracedNew, "traced again, new body"},
        {Dot::Failed, "failed"},
        {Dot::Inlined, "put inline"},
        {Dot::Unknown, "not known"},
    };
    for (const auto& [code, words] : kDots)
        if (seen.dots.contains(code) || (code == Dot::Reused && seen.dots.contains(Dot::ReusedByKey)))
            calls.entries.push_back(dot(code, std::string(words)));
    Column sides{"Comparison", {}};
    for (const Side side : {Side::Changed, Side::First, Side::Second})
        if (seen.sides[static_cast<size_t>(side)])
            sides.entries.push_back(compared(side, std::string(side_name(side))));
    constexpr std::pair<Side, std::string_view> kUses[] = {
        {Side::First, "used so only in the first"}, {Side::Second, "used so only in the second"}};
    for (const auto& [side, words] : kUses)
        if (seen.side_lines[static_cast<size_t>(side)])
            sides.entries.push_back(line(false, std::string(words), side));
    std::vector<Column> columns;
    for (Column* column : {&sides, &kinds, &marks, &calls})
        if (!column->entries.empty())
            columns.push_back(std::move(*column));
    return columns;
}

double width_of(const Column& column) {
    double width = text_width(column.title, kSmallFontSize);
    for (const Entry& entry : column.entries)
        width = std::max(width, kSample + text_width(entry.words, kSmallFontSize));
    return width;
}

} // namespace

// Columns side by side, below each other where there is no room.
DisplayList make_legend(const Scene* scene, double width) {
    DisplayList list;
    double x = 0, top = 0, lowest = 0;
    for (const Column& column : columns_of(seen_in(scene))) {
        const double w = width_of(column);
        if (x > 0 && x + w > width) {
            x = 0;
            top = lowest + kLine;
        }
        put_text(list, x, top + 12, column.title, kSmallFontSize, ColorRole::Quiet, true);
        double y = top + kTitle + kLine / 2;
        for (const Entry& entry : column.entries) {
            entry.draw(list, x, y);
            put_text(list, x + kSample, y + 4, entry.words, kSmallFontSize, ColorRole::Text);
            y += kLine;
        }
        lowest = std::max(lowest, y - kLine / 2);
        list.width = std::max(list.width, x + w);
        x += w + kGap;
    }
    list.height = lowest;
    return list;
}

void append_legend(const Scene& scene, int margin, DisplayList& list) {
    const double room = std::max(list.width - 2 * margin, 260.0);
    DisplayList legend = make_legend(&scene, room);
    if (legend.items.empty())
        return;
    const double top = list.height + kLine / 2;
    const auto text_base = static_cast<uint32_t>(list.texts.size());
    const auto point_base = static_cast<uint32_t>(list.points.size());
    for (Primitive item : legend.items) {
        if (item.text)
            item.text = *item.text + text_base;
        if (item.type == Type::Path) {
            item.points_begin += point_base;
            item.points_end += point_base;
        } else {
            item.x += margin;
            item.y += top;
        }
        list.items.push_back(item);
    }
    for (std::string& text : legend.texts)
        list.texts.push_back(std::move(text));
    for (const Spot& spot : legend.points)
        list.points.push_back({spot.x + margin, spot.y + top});
    list.width = std::max(list.width, legend.width + 2 * margin);
    list.height = top + legend.height + margin;
}

} // namespace hopscope::draw
