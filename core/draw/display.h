// The display list: a scene as a flat list of primitives in painting order. The window, SVG, PNG and PDF all
// paint this list and nothing else, so that the picture in the review is the picture on the screen.
//
// Units are points; lines of width 1 lie on half points, so that they are crisp at 100 %.
#pragma once

#include "core/draw/palette.h"
#include "core/draw/scene.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace hopscope::draw {

// How much is drawn: text goes before it becomes noise.
enum class Detail : uint8_t {
    Full, // everything
    Names, // names, no second lines; ports stay
    Shapes, // boxes in their kind's colour with their operators, and edges
    Blocks, // boxes in their kind's colour, those of calls in that of their cache decision, and faint edges
};
inline constexpr size_t kDetailCount = 4;
// What serves at this zoom (points to device-independent pixels).
Detail detail_for(double zoom);

struct Spot {
    double x = 0, y = 0;
    friend bool operator==(const Spot&, const Spot&) = default;
};

struct Primitive {
    enum class Type : uint8_t {
        Rect, // x, y, w, h, radius; fill and stroke
        Bar, // as Rect, but only the left corners are round
        Text, // x, y = baseline; size, bold, anchor; fill
        Path, // points; corners rounded by radius; stroke, or fill where closed
        Circle, // x, y = centre, w = diameter; fill and stroke
        HalfCircle, // as Circle: outline whole, left half filled
        Cross, // x, y = centre, w = width; stroke
        Diamond, // x, y = centre, w = width; fill and stroke
    };
    enum class Anchor : uint8_t { Start, Middle, End };
    // What part of a node it belongs to, for hit tests and classes in SVG.
    enum class Part : uint8_t {
        Caption,
        Edge,
        Arrow,
        Box,
        Inner,
        KindBar,
        Letter,
        Title,
        Subtitle,
        Badge,
        Dot,
        Port
    };

    Type type = Type::Rect;
    Part part = Part::Box;
    ColorRole fill = ColorRole::None;
    ColorRole stroke = ColorRole::None;
    bool letter = false; // Text: filled with letter_color() of the kind whose bar role is in `fill`
    bool bold = false;
    bool closed = false; // Path
    bool dashed = false; // Path
    Anchor anchor = Anchor::Start;
    int size = 0; // Text: font size
    double least = 2; // Text: height in device-independent pixels below which it is left out
    double x = 0, y = 0, w = 0, h = 0;
    double radius = 0;
    double line_width = 1;
    NodeId node; // whom it belongs to; for edges the value's node, for ports the folded node
    std::optional<uint32_t> box; // index into Scene::boxes; none for edges
    std::optional<uint32_t> edge; // index into Scene::edges; none for boxes
    std::optional<uint32_t>
        port; // index into Box::ports, of parts Port; for a bundle's bar that of its first
    std::optional<uint32_t> text; // of Text: index into DisplayList::texts
    uint32_t points_begin = 0, points_end = 0; // into DisplayList::points
};

struct DisplayList {
    std::vector<Primitive> items; // edges first, then box by box: all items of one box stand together
    std::vector<std::string> texts; // valid UTF-8
    std::vector<Spot> points;
    double width = 0, height = 0; // of the scene, caption and margin included
};

struct Overlay; // overlay.h

struct DisplayOptions {
    Detail detail = Detail::Full;
    int margin = 0; // empty border around the picture
    std::string caption; // a line above the picture; empty = none
    std::string subcaption; // a quiet line below it
    const Overlay* overlay = nullptr; // fills of the boxes
    bool labels = true; // Scene::labels; a window keeps them in view by itself
    bool cut_edges = false; // also those that are too long to draw (as straight dashed lines)
};

DisplayList make_display_list(const Scene& scene, const DisplayOptions& options = {});

// Items of one box or edge, for painters that draw only what is visible or changed. Appends to `list`; (dx,
// dy) is added to all places.
void display_box(const Scene& scene, uint32_t box, Detail detail, double dx, double dy, DisplayList& list,
    const Overlay* overlay = nullptr);
void display_edge(const Scene& scene, uint32_t edge, Detail detail, double dx, double dy, DisplayList& list);

// A polyline with rounded corners as path steps: what a painter moves, draws and curves (quadratic).
struct PathStep {
    enum class Type : uint8_t { Move, Line, Curve };
    Type type = Type::Move;
    Spot to;
    Spot control; // Curve only
};
std::vector<PathStep> rounded_path(const Spot* points, size_t count, double radius, bool closed);

} // namespace hopscope::draw
