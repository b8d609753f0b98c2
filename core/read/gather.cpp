#include "core/read/gather.h"

#include "core/base/text.h"
#include "core/read/decoder.h"
#include "core/read/pt2.h"
#include "core/read/tar.h"

#include <algorithm>
#include <filesystem>
#include <map>

namespace hopscope::read {

namespace fs = std::filesystem;

namespace {

constexpr int kFolderDepth = 16; // below a folder that the user names
constexpr size_t kMostFiles = 100'000;
// How far a text that nobody named is searched for what a log or a graph has: a folder may hold anything.
constexpr uint64_t kSearchedUnnamed = uint64_t{16} << 20;
constexpr const char* kNoDirectory = "its directory, which stands at the end, is missing or damaged";

bool looks_readable(std::string_view head) {
    return head.find("(torch.nn.Module):") != std::string_view::npos
        || head.find("def forward(self") != std::string_view::npos;
}

// Whether a file that a person named may be a text at all: they hold anything, in several encodings.
bool may_be_text(std::string_view head) {
    constexpr size_t kLooked = 4096;
    head = head.substr(0, kLooked);
    if (head.empty() || head.starts_with("PK\x03\x04") || head.starts_with("SQLite format 3"))
        return false;
    const auto zeros = static_cast<size_t>(std::count(head.begin(), head.end(), '\0'));
    return zeros == 0 || (zeros * 5 >= head.size() * 2 && zeros * 5 <= head.size() * 3); // UTF-16
}

// Of a text whose head is a program's own output: the form of what comes first behind it, or Unknown.
Format sniff_behind_head(std::string_view text, uint64_t most) {
    text = text.substr(0, most);
    if (text.size() <= kHeadBytes || !may_be_text(text))
        return Format::Unknown;
    size_t first = text.npos;
    Format format = Format::Unknown;
    // What the forms cannot do without; a line that has it is looked at as a head is.
    for (const std::string_view mark : {"] [__", "] {\"", "(torch.nn.Module):", "def forward(self"}) {
        const size_t at = text.find(mark, kHeadBytes / 2); // a line may lie across the end of the head
        if (at == text.npos || at > first)
            continue;
        const size_t line = text.rfind('\n', at);
        const Format found = sniff(text.substr(line == text.npos ? 0 : line + 1, kHeadBytes));
        if (found == Format::Unknown || found == Format::Archive || found == Format::Tar)
            continue;
        first = at;
        // A graph in the midst of other text is searched for as in any text.
        format = found == Format::Readable ? Format::Text : found;
    }
    return format;
}

class Gatherer {
public:
    Gatherer(const OpenOptions& options, Collector& collector, const std::optional<GivenFile>& given)
        : limit_{options.max_unfold, options.raise_unfold}
        , collector_(collector)
        , given_(given) { }

    Result<Gathered> run(const std::vector<std::string>& paths);

private:
    std::optional<Error> named_file(const std::string& path);
    void list_folder(const fs::path& folder, int depth);
    void found_file(const std::string& path);
    std::optional<Error> add(InputFile file);
    std::optional<Error> add_archive(InputFile file);
    std::optional<Error> add_members(InputFile file, ArchiveForm form);
    void tell_of_members(const std::string& path, const ArchiveMembers& members);
    Error no_dump_in(const char* kind, size_t members, size_t inner_before) const;
    bool add_member(const std::string& path, FileBytes bytes);
    bool spent(const std::string& path);
    uint64_t wanted_member(std::string_view head) const {
        return is_layer(head) ? kSearched : wanted(head) ? kWhole : may_be_text(head) ? kSearchedUnnamed : 0;
    }
    uint64_t wanted_named(std::string_view head) const {
        return wanted(head) ? kWhole : may_be_text(head) ? kSearched : 0;
    }
    void drop_doubles();
    void note_unknown();
    FileId file_of(const std::string& path, const char* kind);
    void tell(Severity severity, const std::string& path, const char* kind, std::string message,
        uint64_t offset = 0) {
        collector_.problem(severity, std::move(message), file_of(path, kind), 0, offset);
    }
    bool wanted(std::string_view head) const { return sniff(head) != Format::Unknown; }

    UnfoldLimit limit_;
    // Of the archive that is read: together its files unfold to no more than one file of its size may.
    UnfoldLimit members_limit_;
    Collector& collector_;
    const std::optional<GivenFile>& given_;
    Gathered found_;
    std::vector<Error> unknown_; // named files that tell nothing
    size_t listed_ = 0;
    size_t inner_archives_ = 0; // that were not opened
    std::map<std::string, FileId> told_of_; // archives, members and folders that a problem is told of
};

FileId Gatherer::file_of(const std::string& path, const char* kind) {
    const auto [at, is_new] = told_of_.try_emplace(path, FileId(collector_.dump.files.size()));
    if (is_new)
        collector_.dump.files.push_back({path, kind, 0});
    return at->second;
}

void Gatherer::list_folder(const fs::path& folder, int depth) {
    std::error_code error;
    std::vector<fs::directory_entry> entries;
    for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error))
        entries.push_back(*at);
    if (error)
        tell(Severity::Warning, folder.string(), kFolderKind, "cannot list this folder: " + error.message());
    std::sort(entries.begin(), entries.end());
    for (const fs::directory_entry& entry : entries) {
        if (listed_ >= kMostFiles)
            return;
        if (entry.is_directory(error)) {
            // A link may lead back to where it stands.
            if (entry.is_symlink(error))
                continue;
            if (depth > 1)
                list_folder(entry.path(), depth - 1);
            else
                tell(Severity::Warning, entry.path().string(), kFolderKind,
                    "is passed over: folders are nested deeper than " + std::to_string(kFolderDepth));
        } else if (entry.is_regular_file(error)) {
            if (++listed_ == kMostFiles)
                tell(Severity::Warning, folder.string(), kFolderKind,
                    "more than " + std::to_string(kMostFiles) + " files; those behind "
                        + entry.path().string() + " are passed over");
            found_file(entry.path().string());
        }
    }
}

// In a folder, what tells nothing or cannot be read is left alone.
void Gatherer::found_file(const std::string& path) {
    auto bytes = map_file(path, limit_, [this](std::string_view head) {
        return wanted(head) ? kWhole : may_be_text(head) ? kSearchedUnnamed : 0;
    });
    if (!bytes)
        return;
    InputFile file;
    file.path = path;
    file.bytes = std::move(*bytes);
    (void)add(std::move(file));
}

std::optional<Error> Gatherer::named_file(const std::string& path) {
    const WantedHead any = [this](std::string_view head) { return wanted_named(head); };
    const bool piped = path == "-";
    if (path.empty())
        return make_error(Error::Kind::CannotRead, "found an empty name, expected a file or folder");
    auto bytes = given_ && given_->path == path ? Result<FileBytes>(given_->bytes)
        : piped                                 ? read_standard_input(limit_, any)
                                                : map_file(path, limit_, any);
    if (!bytes)
        return bytes.error();
    InputFile file;
    file.path = piped ? "standard input" : path;
    file.named = true;
    file.bytes = std::move(*bytes);
    return add(std::move(file));
}

std::optional<Error> Gatherer::add(InputFile file) {
    file.debug = debug_place(file.path);
    file.format = sniff(file.bytes.bytes.substr(0, kHeadBytes));
    if (file.format == Format::Unknown)
        file.format = sniff_behind_head(file.bytes.bytes, file.named ? kSearched : kSearchedUnnamed);
    if (file.format == Format::Archive)
        return add_archive(std::move(file));
    if (file.format == Format::Tar)
        return add_members(std::move(file), ArchiveForm::Tar);
    if (file.format == Format::Unknown && file.named && may_be_text(file.bytes.bytes))
        file.format = Format::Text;
    // What lies in a debug folder is known by its place.
    const bool listed_only = file.debug && file.debug->role == DebugPlace::Role::Other && !file.named;
    if (listed_only || file.format != Format::Unknown)
        found_.files.push_back(std::move(file));
    else if (file.named)
        unknown_.push_back(unknown_file(file.path, file.bytes.bytes));
    return std::nullopt;
}

namespace {

// torch.save: what it holds is told by its pickle, which names the functions that would make the objects.
Error not_a_dump(Archive& archive, const UnfoldLimit& limit) {
    for (const Archive::Member& member : archive.members()) {
        if (!member.name.ends_with("data.pkl"))
            continue;
        const auto bytes = archive.read(member, limit, [](std::string_view) { return kWhole; });
        if (bytes
            && bytes->bytes.find("reduce_graph_module") != std::string_view::npos) // torch/fx/graph_module.py
            return make_error(Error::Kind::CannotRead,
                "is a torch.fx.GraphModule as torch.save pickles it, which only running Python code would "
                "open; "
                "expected its text (gm.print_readable()) or a program of torch.export.save");
    }
    Error error = make_error(Error::Kind::CannotRead, "is a file of torch.save: tensors, no graph");
    error.remedy = Error::Remedy::GiveInputs; // what such a file is good for
    return error;
}

} // namespace

std::optional<Error> Gatherer::add_archive(InputFile file) {
    const auto fail = [&](Error error) -> std::optional<Error> {
        error.file = file.path;
        return file.named ? std::optional(std::move(error)) : std::nullopt;
    };
    auto archive = Archive::open(file.bytes.bytes, file.bytes.owner);
    if (!archive) // its directory stands at the end, which a cut takes first
        return add_members(std::move(file), ArchiveForm::ZipWithoutDirectory);
    if (!file.bytes.damage.empty())
        tell(Severity::Warning, file.path, kArchiveKind, file.bytes.damage);
    switch (archive_kind(*archive)) {
    case ArchiveKind::Export:
    case ArchiveKind::Compiled:
        file.archive = std::move(*archive);
        found_.files.push_back(std::move(file));
        return std::nullopt;
    case ArchiveKind::Tensors:
        return fail(not_a_dump(*archive, limit_));
    case ArchiveKind::TorchScript:
        return fail(make_error(Error::Kind::CannotRead,
            "is a TorchScript program; expected one of torch.export, a log or a printed graph"));
    case ArchiveKind::Files:
        break;
    }
    size_t dumps = 0;
    const size_t inner_before = inner_archives_;
    members_limit_ = limit_;
    members_limit_.left = limit_.of(file.bytes.bytes.size());
    for (const Archive::Member& member : archive->members()) {
        if (spent(file.path + '/' + member.name))
            break;
        auto bytes = archive->read(
            member, members_limit_, [this](std::string_view head) { return wanted_member(head); });
        if (!bytes)
            tell(Severity::Warning, file.path + '/' + member.name, kUnknownKind, bytes.error().message);
        else
            dumps += add_member(file.path + '/' + member.name, std::move(*bytes));
    }
    return dumps ? std::nullopt : fail(no_dump_in("zip", archive->members().size(), inner_before));
}

Error Gatherer::no_dump_in(const char* kind, size_t members, size_t inner_before) const {
    const size_t inner = inner_archives_ - inner_before;
    return make_error(Error::Kind::CannotRead,
        std::string("is a ") + kind + " archive of " + counted(members, "file")
            + (inner == 0 ? ", and none of them is a dump"
                          : ", none of them a dump; " + counted(inner, "archive")
                        + (inner == 1 ? " among them is" : " among them are") + " not opened: unpack "
                        + (inner == 1 ? "it" : "them") + " first"));
}

// Whether nothing is left for the archive's file of this path and those behind it.
bool Gatherer::spent(const std::string& path) {
    if (members_limit_.left != uint64_t{0})
        return false;
    tell(Severity::Warning, path, kUnknownKind,
        "from this file on the archive is not unpacked: those before it unfold to all that is allowed"
            + (limit_.raise.empty() ? "" : "; " + limit_.raise));
    return true;
}

// Whether it is a dump.
bool Gatherer::add_member(const std::string& path, FileBytes bytes) {
    auto unfolded = unfold(path, std::move(bytes), members_limit_,
        [this](std::string_view head) { return wanted_member(head); });
    if (!unfolded) {
        tell(Severity::Warning, path, kUnknownKind, unfolded.error().message, unfolded.error().offset);
        return false;
    }
    InputFile inner;
    inner.path = path;
    inner.bytes = std::move(*unfolded);
    const Format format = sniff(inner.bytes.bytes.substr(0, kHeadBytes));
    if (format == Format::Archive || format == Format::Tar) {
        // Where would it end?
        tell(Severity::Note, path, kUnknownKind, "is an archive in an archive, which is not opened");
        ++inner_archives_;
        return false;
    }
    const size_t before = found_.files.size(), size = inner.bytes.bytes.size();
    (void)add(std::move(inner));
    if (found_.files.size() == before)
        return false;
    if (members_limit_.left)
        *members_limit_.left -= std::min<uint64_t>(*members_limit_.left, size);
    return true;
}

// What is missing of an archive, and what of it is no file.
void Gatherer::tell_of_members(const std::string& path, const ArchiveMembers& members) {
    if (!members.damage.empty())
        tell(Severity::Warning, path, kArchiveKind, "is read in part: " + members.damage, members.damaged_at);
    if (members.links.empty())
        return;
    constexpr size_t kNamed = 3;
    std::string names;
    for (size_t i = 0; i < std::min(kNamed, members.links.size()); ++i)
        names += (i ? ", " : "") + utf8(members.links[i]);
    tell(Severity::Note, path, kArchiveKind,
        counted(members.links.size(), "link") + " in it " + (members.links.size() == 1 ? "is" : "are")
            + " not followed: " + names + (members.links.size() > kNamed ? ", …" : ""));
}

std::optional<Error> Gatherer::add_members(InputFile file, ArchiveForm form) {
    const auto fail = [&](Error error) -> std::optional<Error> {
        error.file = file.path;
        return file.named ? std::optional(std::move(error)) : std::nullopt;
    };
    auto members =
        read_members(file.bytes, form, limit_, [this](std::string_view head) { return wanted_member(head); });
    if (!members)
        return fail(members.error());
    if (!file.bytes.damage.empty())
        tell(Severity::Warning, file.path, kArchiveKind, file.bytes.damage);
    if (form == ArchiveForm::ZipWithoutDirectory)
        tell(Severity::Warning, file.path, kArchiveKind,
            std::string("is a zip archive that was cut: ") + kNoDirectory + "; "
                + counted(members->files.size(), "file") + " could be read by what stands before each",
            file.bytes.bytes.size());
    tell_of_members(file.path, *members);
    size_t dumps = 0;
    const size_t inner_before = inner_archives_;
    // What stands in the archive as it is takes none of it.
    members_limit_ = limit_;
    members_limit_.left = std::max<uint64_t>(limit_.of(file.bytes.bytes.size()), file.bytes.bytes.size());
    for (ArchiveMember& member : members->files) {
        if (spent(file.path + '/' + member.name))
            break;
        dumps += add_member(file.path + '/' + member.name, std::move(member.bytes));
    }
    if (dumps > 0)
        return std::nullopt;
    Error error = no_dump_in(form == ArchiveForm::Tar ? "tar" : "zip", members->files.size(), inner_before);
    if (form == ArchiveForm::ZipWithoutDirectory)
        error.message += std::string("; it was cut: ") + kNoDirectory;
    if (!members->damage.empty())
        error.message += ", as far as it was read: " + members->damage;
    return fail(std::move(error));
}

// In a folder, printed graphs lie beside the trace that holds them already.
void Gatherer::drop_doubles() {
    const bool has_trace = std::any_of(found_.files.begin(), found_.files.end(),
        [](const InputFile& f) { return f.format == Format::Trace; });
    if (!has_trace)
        return;
    const auto doubled = [](const InputFile& f) {
        return !f.named && !f.debug && f.format == Format::Readable;
    };
    const auto first = std::find_if(found_.files.begin(), found_.files.end(), doubled);
    if (first == found_.files.end())
        return;
    const auto graphs = std::count_if(first, found_.files.end(), doubled);
    tell(Severity::Note, fs::path(first->path).parent_path().string(), kFolderKind,
        counted(static_cast<uint64_t>(graphs), "file")
            + " with printed graphs in the folder passed over: the trace beside them holds its graphs "
              "itself");
    std::erase_if(found_.files, doubled);
}

// Beside a dump, a file that tells nothing is worth a word (the log of a run that logged nothing), no more.
void Gatherer::note_unknown() {
    for (const Error& e : unknown_) {
        const FileId id(collector_.dump.files.size());
        collector_.dump.files.push_back({e.file, kUnknownKind, 0});
        collector_.problem(Severity::Note, e.message, id, e.line, 0);
    }
}

Result<Gathered> Gatherer::run(const std::vector<std::string>& paths) {
    for (const std::string& path : paths) {
        std::error_code error;
        if (fs::is_directory(path, error)) {
            found_.folders.push_back(path);
            list_folder(path, kFolderDepth);
        } else if (auto failure = named_file(path)) {
            return *failure;
        }
    }
    drop_doubles();
    const bool something = std::any_of(found_.files.begin(), found_.files.end(),
        [](const InputFile& f) { return f.format != Format::Unknown; });
    if (!something && !unknown_.empty())
        return unknown_.front();
    if (!something) {
        Error e = make_error(Error::Kind::CannotRead,
            "found no dump in it; expected TORCH_TRACE logs, TORCH_LOGS texts, printed graphs or .pt2 "
            "archives");
        e.file = paths.empty() ? "" : paths.front();
        return e;
    }
    note_unknown();
    return std::move(found_);
}

} // namespace

Format sniff(std::string_view head) {
    if (looks_like_zip(head))
        return Format::Archive;
    if (looks_like_tar(head))
        return Format::Tar;
    if (looks_like_trace_log(head))
        return Format::Trace;
    if (looks_like_text_log(head))
        return Format::TextLog;
    return looks_readable(head) ? Format::Readable : Format::Unknown;
}

namespace {
// What a file is by its first bytes, where that is known and no dump; else empty.
std::string known_kind(std::string_view bytes) {
    struct Kind {
        std::string_view start, name;
    };
    static constexpr Kind kKinds[]{
        {"\x89PNG", "a picture (PNG)"},
        {"\xff\xd8\xff", "a picture (JPEG)"},
        {"GIF8", "a picture (GIF)"},
        {"%PDF-", "a PDF document"},
        {"\x7f"
         "ELF",
            "a program (ELF)"},
        {"\x1f\x9d", "data of compress (.Z), which is not unpacked"},
        {"\x04\x22\x4d\x18", "LZ4 data, which is not unpacked"},
        {"7z\xbc\xaf\x27\x1c", "a 7-Zip archive, which is not opened"},
        {"Rar!\x1a\x07", "a RAR archive, which is not opened"},
        {"LZIP", "lzip data, which is not unpacked"},
    };
    for (const Kind& kind : kKinds)
        if (bytes.starts_with(kind.start))
            return std::string(kind.name);
    if (const Packing* packing = packing_of(bytes))
        return std::string(packing->name) + " data within packed data, in more layers than are unpacked";
    const std::string_view head = bytes.substr(0, 4096);
    if (head.find('\0') != std::string_view::npos)
        return "binary data";
    if (bytes.find_first_not_of(" \t\r\n") == std::string_view::npos)
        return "a text of blanks";
    return {};
}
} // namespace

Error unknown_file(const std::string& path, std::string_view bytes) {
    Error e = make_error(Error::Kind::CannotRead, "");
    e.file = path;
    if (bytes.empty()) { // and so has no line
        e.message = "is empty; expected a TORCH_TRACE log, a TORCH_LOGS text or a print_readable text";
        return e;
    }
    if (const std::string kind = known_kind(bytes); !kind.empty())
        e.message = "found " + kind
            + "; expected a TORCH_TRACE log, a TORCH_LOGS text, printed graphs or a .pt2 archive";
    else
        e.message = "found no TORCH_TRACE record, no TORCH_LOGS line and no printed graph module in it; "
            + nearest_forms(bytes);
    e.line = 1;
    return e;
}

Result<Gathered> gather(const std::vector<std::string>& paths, const OpenOptions& options,
    Collector& collector, const std::optional<GivenFile>& given) {
    return Gatherer(options, collector, given).run(paths);
}

} // namespace hopscope::read
