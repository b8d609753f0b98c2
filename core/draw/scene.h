// A picture of a body, made once: what the window, SVG, PNG, PDF and DOT all draw.
//
// body -> fold (ports) -> measure -> layout -> display list. Colours are roles; a palette (light, dark) turns them
// into values when painting. Text is measured by a fixed-pitch font's metrics (see metrics.h), not by a font engine.
#pragma once

#include "core/base/job.h"
#include "core/base/result.h"
#include "core/graph/body.h"
#include "core/layout/layout.h"

#include <cstdint>
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
char kind_letter(Kind kind);
std::string_view kind_name(Kind kind);
Kind kind_of(const GraphModule& module, BodyId body, NodeId node);

// A value folded into a box: shown as a mark on its border, or not at all.
struct Port {
    enum class Side : uint8_t { Top, Bottom, Left, Right };
    enum class Role : uint8_t { Operand, Constant, Parameter, Saved, Result, CutIn, CutOut };
    Side side = Side::Top;
    Role role = Role::Operand;
    NodeId node; // of the folded node
    std::string label;
    layout::Point at; // centre of the mark
};

struct Box {
    NodeId node; // the node it shows
    Kind kind = Kind::Elementwise;
    int x = 0, y = 0, w = 0, h = 0;
    std::string title; // name
    std::string subtitle; // operator and type
    bool small = false; // one line
    bool region = false; // double border
    std::string badge; // "×12" on a region
    std::vector<uint8_t> dots; // Decision of each invocation, for the strip under a region's name
    std::vector<Port> ports;
    std::vector<NodeId> folded; // all nodes that this box stands for besides `node`
};

struct Edge {
    NodeId from, to; // the nodes as the graph has them (folded ones included)
    uint32_t from_box = 0, to_box = 0;
    int count = 1; // values that run side by side
    std::vector<layout::Point> points;
    bool cut = false; // not drawn unless selected
};

struct Options {
    bool fold = true; // getitems, get_attrs and parameters as ports of the node that they belong to
    layout::Options layout;
    // For regions: given by the caller, since drawing knows no ledger. Aligned with the body's node ids; may be empty.
    std::vector<std::string> badges;
    std::vector<std::vector<uint8_t>> dots;
    // Placeholders that are values saved by the other half, and nodes that the other half uses.
    std::vector<bool> saved;
};

struct Scene {
    std::vector<Box> boxes; // in graph order
    std::vector<Edge> edges;
    std::vector<uint32_t> box_of_node; // by NodeId::index; UINT32_MAX = not shown
    int width = 0, height = 0;
    int cut_links = 0;
    std::string engine, note;
    std::string title; // for exports
};

Result<Scene> make_scene(const GraphModule& module, BodyId body, const Options& options = {}, const Job& job = {});

} // namespace hopscope::draw
