// The steps from a folded body to a scene, for whatever places it. Shared inside drawing.
#pragma once

#include "core/draw/fold.h"
#include "core/draw/scene.h"

#include <vector>

namespace hopscope::draw {

// What layout gets, and which link each use stands for.
struct Request {
    layout::Input input;
    std::vector<std::vector<uint32_t>> links; // by value, by use: index into Folded::links
};
Request make_request(const Folded& folded, const std::vector<Box>& boxes);

// The boxes with their texts and sizes, and which node is in which.
Scene begin_scene(const GraphModule& module, BodyId body, const Folded& folded, const Options& options);

// Places, lines and size of the picture, with room for the marks around it.
void take_layout(const Folded& folded, const Request& request, layout::Output&& output, Scene& scene);

// By box, layout::Input::bands: what a frame goes around, repeats and groups, has rows of its own, in an
// order in which no value leads back. Where frames need each other's values there is none: then in graph
// order.
std::vector<uint32_t> bands_of(const Options& options, const Folded& folded);
size_t open_frames(const Scene& scene); // between whose boxes others stand

// Around what Options::repeats and groups name; `right` are those of a hairpin's right body.
void add_frames(const Options& options, const Options* right, Scene& scene);

// All of it; the picture grows by as much at its upper left.
void move_scene(Scene& scene, int dx, int dy);

} // namespace hopscope::draw
