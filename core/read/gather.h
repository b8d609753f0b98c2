// Which files there are to read: paths and folders listed, archives opened, forms told by their first bytes.
#pragma once

#include "core/read/archive.h"
#include "core/read/collector.h"
#include "core/read/debug_folder.h"
#include "core/read/open.h"

#include <optional>
#include <string>
#include <vector>

namespace hopscope::read {

enum class Format : uint8_t { Unknown, Trace, TextLog, Readable, Archive, Text, Tar };

// Told by content, never by names. `head`: the first kHeadBytes. Never Text, which is what else a person
// names: it is searched for graphs whole.
Format sniff(std::string_view head);

struct InputFile {
    std::string path; // of an archive's member: "logs.zip/0_build.txt"
    bool named = false; // by the user, not found in a folder or an archive
    FileBytes bytes;
    Format format = Format::Unknown;
    std::optional<DebugPlace> debug; // in a torch_compile_debug folder
    std::optional<Archive> archive; // of torch.export
};

struct Gathered {
    std::vector<InputFile> files; // sorted within a folder, so that the same folder gives the same dump
    std::vector<std::string> folders; // that the user named
};

// Files whose content tells nothing are told as problems of `collector` where the user named them. Errors: a
// named file that cannot be read; CannotRead where nothing is left to read.
// The path "-" is standard input; `given`, if set, is the file of that path.
struct GivenFile {
    std::string path;
    FileBytes bytes;
};
Result<Gathered> gather(const std::vector<std::string>& paths, const OpenOptions& options,
    Collector& collector, const std::optional<GivenFile>& given = {});
// What is said of a named file that tells nothing.
Error unknown_file(const std::string& path, std::string_view bytes);

} // namespace hopscope::read
