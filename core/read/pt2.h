// torch.export's archives (.pt2): which members are what, and the graphs and weights in them.
#pragma once

#include "core/read/archive.h"
#include "core/read/collector.h"

#include <string>

namespace hopscope::read {

// By the members, never by the name of the file or the version in it.
enum class ArchiveKind : uint8_t {
    Files, // none of these: a zip of whatever files
    Export, // an ExportedProgram (torch.export.save), with or without compiled code beside it
    Compiled, // an AOTInductor package: code only
    Tensors, // torch.save
    TorchScript,
};
ArchiveKind archive_kind(const Archive& archive);

// Export and Compiled: graphs as tasks, their weights as inputs that came along, all else as artifacts.
void read_export_archive(Collector& collector, FileId file, const Archive& archive, const UnfoldLimit& limit);

} // namespace hopscope::read
