#include "core/export/formats.h"

#include <algorithm>
#include <iterator>

namespace hopscope {

namespace {

constexpr ExportFormat kFormats[]{
    {"svg", "SVG picture", false, true, false},
    {"pdf", "PDF picture", true, true, false},
    {"png", "PNG picture", true, true, true},
    {"dot", "Graphviz graph", false, false, false},
    {"json", "JSON: nodes and their places", false, false, false},
    {"html", "HTML page with the picture", false, true, false},
    {"txt", "print_readable text", false, false, false},
};

} // namespace

std::span<const ExportFormat> export_formats() {
    return kFormats;
}

const ExportFormat* export_format(std::string_view extension) {
    std::string lower(extension);
    std::transform(lower.begin(), lower.end(), lower.begin(),
        [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    if (lower == "gv")
        lower = "dot";
    const auto found = std::find_if(std::begin(kFormats), std::end(kFormats),
        [&](const ExportFormat& f) { return f.extension == lower; });
    return found == std::end(kFormats) ? nullptr : found;
}

std::string export_format_list() {
    std::string text;
    for (size_t i = 0; i < std::size(kFormats); ++i)
        text += (i == 0                                ? ""
                        : i + 1 == std::size(kFormats) ? " or "
                                                       : ", ")
            + std::string(kFormats[i].extension);
    return text;
}

} // namespace hopscope
