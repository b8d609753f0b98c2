// Writing one body to a file, by the file's extension. Runs on a thread of its own.
#pragma once

#include "core/base/job.h"
#include "core/browse/document.h"
#include "core/draw/scene.h"
#include "core/export/picture.h"
#include "core/export/united_picture.h"

#include <QString>

#include <string>

namespace hopscope {

// What a picture is told: all that the command line tells it too.
// `dot`: small bodies by Graphviz dot, the others still by the layered layout.
draw::Options sceneOptions(const Document& document, const Place& body, bool fold, bool dot);

struct ExportRequest {
    Place place; // a body
    QString path;
    bool fold = true;
    bool dot = false; // as in sceneOptions
    bool dark = false;
    bool plain = false; // light palette on white, for print
    double scale = 2; // PNG
    PictureChoice choice;
};

// By the extension (core/export/formats.h). Gives what the picture leaves out or is drawn otherwise than
// asked; may be empty. Errors: Usage for an extension that is none; those of the layout and of writing.
Result<std::string> exportBody(const Document& document, const ExportRequest& request, const Job& job = {});

// Both bodies of a comparison as one picture.
struct ComparisonRequest {
    ComparedBody a, b;
    MatchOptions match; // what counts
    QString path;
    bool dark = false;
    double scale = 2; // PNG
    UnitedChoice choice;
};
// As exportBody(); svg, html, png and pdf.
Result<std::string> exportComparison(const ComparisonRequest& request, const Job& job = {});

} // namespace hopscope
