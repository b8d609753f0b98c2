#include "core/read/excerpt.h"

#include "core/base/text.h"
#include "core/read/file.h"

#include <algorithm>
#include <string_view>

namespace hopscope {

namespace {

constexpr size_t kLongest = 4000; // bytes of a line; records of Inductor have lines of megabytes

std::string shown(std::string_view line) {
    if (line.ends_with('\r'))
        line.remove_suffix(1);
    if (line.size() <= kLongest)
        return utf8(line);
    size_t cut = kLongest;
    while (cut > 0 && (static_cast<unsigned char>(line[cut]) & 0xC0) == 0x80)
        --cut;
    return utf8(line.substr(0, cut)) + " … " + std::to_string(line.size() - cut) + " more bytes";
}

} // namespace

Result<Excerpt> read_excerpt(const Dump& dump, FileId file, uint64_t line, size_t around) {
    if (!file || file.index >= dump.files.size())
        return make_error(Error::Kind::NotFound, "the dump does not say which file this stands in");
    const DumpFile& from = dump.files[file.index];
    Result<read::FileBytes> bytes = read::map_file(from.path);
    if (!bytes)
        return bytes.error();
    const std::string_view text = bytes->bytes;
    Excerpt out;
    out.path = from.path;
    out.line = std::max<uint64_t>(line, 1);
    out.first = out.line > around ? out.line - around : 1;
    const uint64_t last = out.line + around;
    size_t at = 0;
    while (at < text.size()) {
        const size_t end = std::min(text.find('\n', at), text.size());
        ++out.total;
        if (out.total >= out.first && out.total <= last)
            out.lines.push_back(shown(text.substr(at, end - at)));
        at = end + 1;
    }
    if (from.bytes != 0 && from.bytes != text.size())
        out.changed = "the file has changed since it was read: it had " + std::to_string(from.bytes)
            + " bytes and has " + std::to_string(text.size());
    if (out.line > out.total)
        return make_error(Error::Kind::NotFound,
            "found " + counted(out.total, "line") + " in " + from.path + ", expected a line "
                + std::to_string(out.line) + (out.changed.empty() ? "" : "; " + out.changed));
    return out;
}

} // namespace hopscope
