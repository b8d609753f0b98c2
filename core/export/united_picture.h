// A comparison of two bodies as one picture: what both have once, what differs marked, what only one of them
// has beside it. The window and the command line draw with it.
#pragma once

#include "core/base/job.h"
#include "core/base/result.h"
#include "core/diff/united.h"
#include "core/draw/palette.h"
#include "core/draw/scene.h"
#include "core/export/formats.h"
#include "core/graph/dump.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace hopscope {

struct ComparedBody {
    const Dump* dump = nullptr;
    Place body{};
};

struct UnitedChoice {
    // Only what differs and what is so many arguments away from it; none: all of both bodies.
    std::optional<int> around;
    bool sideways = false; // from left to right
    bool legend = true;
};

struct UnitedPicture {
    draw::Scene scene;
    // What is drawn, in its module, which points into the dumps'.
    std::shared_ptr<const GraphModule> module{};
    BodyId body{};
    std::vector<UnitedNode> nodes{}; // by node of it
    size_t left_out = 0; // nodes that are not drawn, by UnitedChoice::around
    std::string title{}; // "gpt12 0/0:forward:a → gpt12 0/0:forward:b"
    std::string summary{}; // "85 same, 2 changed, 1 only in the first"
    std::string note{}; // what could not be drawn as it is
    bool legend = true;
};

// `diff` is that of the two bodies (the first of diff_bodies()). The dumps must outlive the picture. Errors:
// those of the layout, Cancelled.
Result<UnitedPicture> make_united_picture(const ComparedBody& a, const ComparedBody& b, const BodyDiff& diff,
    const UnitedChoice& choice = {}, const Job& job = {});

// As SVG or HTML. Error: Usage for another format.
Result<std::string> export_united_picture(
    const UnitedPicture& picture, const ExportFormat& format, draw::Theme theme);

} // namespace hopscope
