// A scene as an SVG file: for browsers, Inkscape, and reviews.
#pragma once

#include "core/draw/overlay.h"
#include "core/draw/palette.h"
#include "core/draw/scene.h"

#include <string>
#include <string_view>

namespace hopscope {

struct SvgOptions {
    draw::Theme theme = draw::Theme::Light;
    std::string dump; // name of the dump, for the title
    std::string address; // what the picture shows, for the title and the metadata
    // Of a hairpin: the body on the right.
    const GraphModule* right_module = nullptr;
    BodyId right_body;
    std::string right_address;
    bool legend = false; // of what occurs in the picture, below it
    const draw::Overlay* overlay = nullptr; // what boxes are coloured by, with its scale below the picture
    bool caption = true; // dump and address in words above the picture
    // Of what is no body of a dump, such as a comparison: instead of dump and address, and of how many nodes
    // there are.
    std::string title, summary;
};

// The whole file, UTF-8 and well-formed whatever bytes the dump's names hold; the same scene gives the same
// bytes. Each box is a group of class "node" with data-node (its name) and data-kind, each edge a path with
// data-from and data-to; each has a title, so that browsers show it on hover and readers read it.
std::string to_svg(
    const GraphModule& module, BodyId body, const draw::Scene& scene, const SvgOptions& options = {});

// An HTML page that needs nothing beside it: the picture as it would stand in a file of its own.
std::string svg_page(std::string_view svg, const std::string& title);

} // namespace hopscope
