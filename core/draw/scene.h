// A picture of a body, made once: what the window, SVG, PNG, PDF and DOT all draw.
//
// body -> fold (ports) -> measure -> layout -> display list. Colours are roles; a palette (light, dark) turns
// them into values when painting. Text is measured by a fixed-pitch font's metrics (see metrics.h), not by a
// font engine.
#pragma once

#include "core/base/job.h"
#include "core/base/result.h"
#include "core/graph/body.h"
#include "core/graph/roles.h"
#include "core/layout/layout.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace hopscope::draw {

// What a node is, for its colour and its letter.
enum class Kind : uint8_t {
    Input, // I: input, saved value
    Parameter, // W: parameter or buffer
    Matrix, // M: matrix product, attention, convolution
    Elementwise, // E
    View, // V: view or shape
    Reduction, // R: reduction or norm
    Copy, // C: copy or cast
    Random, // N
    Control, // X: control or effect
    Region, // G
    Output, // O
};
inline constexpr size_t kKindCount = 11;
char kind_letter(Kind kind);
std::string_view kind_name(Kind kind); // "matrix product", "view", …: for legends and tooltips
// By the table in kinds.cpp; a placeholder as the roles of its body say.
Kind kind_of(const GraphModule& module, BodyId body, NodeId node, const BodyRoles& roles);

// One invocation in the strip of dots: the numbers are those of the ledger's Decision, which drawing does not
// know.
enum class Dot : uint8_t {
    Traced, // hollow
    Reused, // filled
    ReusedByKey, // filled
    RetracedSame, // half
    RetracedNew, // hollow
    Failed, // cross
    Unknown, // small point
    Inlined, // ring: added after the ledger's decisions
};

// Of a comparison drawn as one picture: whose a box or a line is.
enum class Side : uint8_t {
    Both,
    Changed, // both have it, and something differs
    First, // only the first
    Second, // only the second
};
inline constexpr size_t kSideCount = 4;
// "−", "+", "≠"; empty for Both. Before a name, so that no colour is needed.
std::string_view side_sign(Side side);
std::string_view side_name(Side side); // "only in the first", "only in the second", "differs"; empty for Both

// A value folded into a box: shown as a mark on its border.
struct Port {
    enum class Side : uint8_t { Top, Bottom, Left, Right };
    enum class Role : uint8_t {
        Operand, // an input from far away
        Constant, // a constant or a symbol
        Parameter, // a weight
        Saved, // kept for, or by, the other half; on the side towards it
        Result, // an item of the box's tuple: where its edge leaves
        CutIn, // the end of a link that is too long to draw
        CutOut, // its beginning, or a result that goes to the output far below
    };
    Side side = Side::Top;
    Role role = Role::Operand;
    NodeId node; // of the folded node
    std::string label;
    layout::Point at; // centre of the mark; those on the left and right stand just outside the border
    bool bundled = false; // one of many of its side: drawn together as one bar from the first to the last
};

struct Box {
    NodeId node; // the node it shows
    Kind kind = Kind::Elementwise;
    int x = 0, y = 0, w = 0, h = 0;
    std::string title; // name
    std::string subtitle; // operator and type
    std::string op; // the operator alone, of an input its name, of a call its region and number: for pictures
                    // seen from afar
    // Behind the type, in the warning tone: strides that are not those of a contiguous tensor, as PyTorch
    // prints them
    // ("[1, 32]"), and "in place" where the node writes into its first operand.
    std::string warning;
    int times = 1; // of how many equal nodes it is the one that is drawn: then it stands on a second one
    bool small = false; // one line
    bool region = false; // double border
    std::string badge; // "×12" on a region
    std::string detail; // a region's third line: "7 → 11 · 84.0 KiB saved"
    std::vector<uint8_t> dots; // Dot of each invocation, for the strip under a region's name
    std::optional<uint32_t> own_dot; // which of the dots is this call; none: not known
    std::vector<Port> ports;
    std::vector<NodeId> folded; // all nodes that this box stands for besides `node`
    bool right = false; // of a hairpin's right body, which runs upwards: its nodes are that body's
    bool gradient = false; // of a joint graph's backward part: it rests on a tangent
    Side side = Side::Both; // of a comparison
};

struct Edge {
    NodeId from, to; // the nodes as the graph has them (folded ones included)
    uint32_t from_box = 0, to_box = 0;
    int count = 1; // values that run side by side
    std::vector<NodeId> values; // all of them where there are several; the first is `from`
    std::vector<layout::Point> points;
    bool cut = false; // not drawn unless selected
    bool right = false; // of a hairpin's right body
    Side side = Side::Both; // of a comparison; set by whoever made the scene of one
    bool saved = false; // a value that the left body saves (`from`) for a node of the right one (`to`)
    // Of a half that is a picture of its own: which of the links between the two this is the part of. Its
    // other end is in the other picture: no box and no node here, and the line leads out of the picture.
    std::optional<uint32_t> across;
};

// Words beside the boxes, such as which half is which.
struct Label {
    layout::Point at; // baseline, left
    std::string text;
};

// Nodes that belong together, such as those of a region's body that stand in the place of a call: a frame
// around them.
struct Group {
    std::vector<NodeId> nodes;
    std::string label;
};

// Equal blocks of nodes behind each other, drawn once.
struct Repeat {
    std::vector<NodeId> shown; // the nodes of the block that is drawn
    std::vector<std::vector<NodeId>> alike; // of the others: the k-th stands for the k-th that is shown
    std::string label; // "×12  blocks.0 … blocks.11"
};

struct Options {
    bool fold = true; // getitems, get_attrs and parameters as ports of the node that they belong to
    layout::Options layout;
    bool sideways = false; // from left to right; a hairpin runs down and up
    // For regions: given by the caller, since drawing knows no ledger. Aligned with the body's node ids; may
    // be empty.
    std::vector<std::string> badges;
    std::vector<std::vector<uint8_t>> dots; // Dot
    std::vector<std::optional<uint32_t>> own_dot; // index into dots
    std::vector<std::string> notes; // end of a region's third line: "84.0 KiB saved"
    // What the values of the body are, as core/regions decides it; nothing told: inputs of unknown roles, and
    // nothing saved. The forward half stands left, and so has what it saves on its right.
    BodyRoles roles;
    std::vector<Repeat> repeats; // no node is in two of them
    // Of a comparison, by node; may be empty.
    std::vector<Side> sides;
    std::vector<std::string> changes; // what differs, in the warning tone: "stride (8, 1) → (1, 4)"
    std::vector<Group> groups; // one that lies inside another comes behind it
    std::string title; // becomes Scene::title; empty = the body's path
};

inline constexpr int kFrameLabel = 8; // from its left border to its label
inline constexpr int kFrameHead = 20; // above its boxes, for its label
// Around the boxes of a group, or of a block that is drawn once for several.
struct Frame {
    int x = 0, y = 0, w = 0, h = 0;
    std::string label;
    bool closed = true; // other boxes stand between them: only the label is drawn, beside the uppermost
    int label_at =
        kFrameLabel; // from its left border to its label: where no line crosses it, if there is such
};

inline constexpr uint32_t kNoBox = UINT32_MAX;

struct Scene {
    std::vector<Box> boxes; // in graph order
    std::vector<Frame> frames;
    std::vector<Edge> edges;
    std::vector<uint32_t> box_of_node; // by NodeId::index: every node is in one box (kNoBox only in a
                                       // NumberedPicture's scene, for nodes that are not drawn)
    std::vector<uint32_t> right_box_of_node; // of a hairpin's right body; else empty
    std::vector<Label> labels;
    bool sideways = false; // lines run from left to right
    bool compared = false; // boxes and lines have a side
    int width = 0, height = 0; // with room for the marks around the outermost boxes
    int cut_links = 0;
    std::string engine, note;
    std::string title; // for exports
};

// Where boxes are placed: layout::run, or something simpler in tests.
using Placer = std::function<Result<layout::Output>(const layout::Input&)>;
Result<Scene> make_scene(const GraphModule& module, BodyId body, const Options& options, const Placer& place);

// Errors: those of layout::run. A body without nodes gives an empty scene.
Result<Scene> make_scene(
    const GraphModule& module, BodyId body, const Options& options = {}, const Job& job = {});

} // namespace hopscope::draw
