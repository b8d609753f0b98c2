// The formats that a body can be written in: one table for the command line, the window's dialog and help.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace hopscope {

struct ExportFormat {
    std::string_view extension; // "svg", without its dot
    std::string_view name; // "SVG picture"
    bool painted = false; // by the window's painter: written by hopscope-desktop alone
    bool coloured = false; // light or dark
    bool pixels = false; // has a scale
};

std::span<const ExportFormat> export_formats(); // in the order in which they are offered
// By extension, in upper case too; "gv" is another name of "dot". Null for anything else.
const ExportFormat* export_format(std::string_view extension);
// "svg, pdf, png, dot, json, html or txt": what was expected.
std::string export_format_list();

} // namespace hopscope
