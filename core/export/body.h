// A body as a file, in the formats that need no painter: what the command line and the window both write.
#pragma once

#include "core/base/job.h"
#include "core/base/result.h"
#include "core/draw/palette.h"
#include "core/draw/scene.h"
#include "core/export/formats.h"
#include "core/export/picture.h"
#include "core/graph/dump.h"

#include <string>

namespace hopscope {

struct ExportedBody {
    std::string bytes; // UTF-8, whatever the dump holds
    std::string note; // what the layout had to leave out or do otherwise; may be empty
};

// `options` are picture_options() and what the person chose beside them; text looks at none of it, and only
// SVG at the theme. Errors: Usage for a format that is painted; those of the layout; Cancelled.
Result<ExportedBody> export_body(const Dump& dump, const Place& body, const ExportFormat& format,
    const draw::Options& options, draw::Theme theme, const Job& job = {});

// A picture that was made already. JSON and DOT hold one body: Usage error for a hairpin.
Result<ExportedBody> export_picture(
    const Dump& dump, const Picture& picture, const ExportFormat& format, draw::Theme theme);

} // namespace hopscope
