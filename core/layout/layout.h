// Places for the boxes of a graph. Knows ids and sizes, nothing of nodes, texts or pixels on a screen.
//
// Units are points (1/72 inch), whole numbers; x grows to the right, y downwards; (0, 0) is the top left
// corner of the picture.
#pragma once

#include "core/base/job.h"
#include "core/base/result.h"

#include <cstdint>
#include <string>
#include <vector>

namespace hopscope::layout {

struct Box {
    int width = 0, height = 0; // even
};

// One user of a value: an edge. `count` values may run side by side between the same two boxes.
struct Use {
    uint32_t box = 0;
    int count = 1;
};

// A value with all its users: drawn as one trunk.
struct Value {
    uint32_t producer = 0;
    std::vector<Use> users; // none is the producer itself
};

struct Input {
    std::vector<Box> boxes; // in graph order
    std::vector<Value> values;
    // By box: boxes of one band stand in rows of their own, bands below each other in their order, so that a
    // frame around a band has no other box in it. No value may lead to an earlier band: else, as where this
    // is empty, there are none. For `layered`.
    std::vector<uint32_t> bands{};
};

struct Point {
    int x = 0, y = 0;
    friend bool operator==(const Point&, const Point&) = default;
};

struct Edge {
    uint32_t value = 0, use = 0; // into Input::values and its users
    std::vector<Point> points; // from the producer's lower border to the user's upper border, orthogonal or a
                               // spline flattened to a polyline; empty where the link is cut (see cut)
    bool cut = false; // too long to draw: show it as a pair of labelled ports
};

struct Output {
    std::vector<Point> places; // top left corner of each box
    std::vector<int> rows; // row of each box, from 0
    std::vector<Edge> edges;
    int width = 0, height = 0;
    int cut_links = 0; // edges that are not drawn
    std::string engine; // "dot" or "layered"
    std::string note; // why another engine than the asked one was used, if so
};

enum class Engine : uint8_t { Auto, Dot, Layered };

struct Options {
    Engine engine = Engine::Auto;
    // Auto: `dot` up to this many boxes. 0 = never, as the layered layout came out ahead on the recorded
    // bodies (README.md): quicker, orthogonal lines, and the same bytes on every machine.
    size_t dot_boxes = 0;
    // Above 1: a tall picture is cut into up to so many columns beside each other. Lines that are cut go on
    // under their column, up, and over the next one.
    int columns = 1;
    int dot_milliseconds = 1000; // then it is killed and the layered layout serves
};

// Errors: Damaged where the graph has a cycle, Cancelled, External where Engine::Dot was asked for and
// failed.
Result<Output> run(const Input& input, const Options& options = {}, const Job& job = {});

// Graphviz `dot` as a child process (-Tjson0), killed at the limit or on cancel.
Result<Output> run_dot(const Input& input, const Options& options = {}, const Job& job = {});
// Our own layered layout: near-linear, deterministic.
Result<Output> run_layered(const Input& input, const Options& options = {}, const Job& job = {});

} // namespace hopscope::layout
