// What the readers of the single formats have in common: the dump that they fill and the graph texts still to
// read.
#pragma once

#include "core/base/job.h"
#include "core/graph/dump.h"
#include "core/read/file.h"
#include "core/read/place.h"

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hopscope::read {

// A graph text that was found but not read yet: reading them is most of the work, and is shared out to
// threads.
struct GraphTask {
    CompileKey key;
    FileId file;
    FileId owner; // the file that tells of its compilation, where that is another (a debug folder's first)
    Stage stage = Stage::Graph;
    std::string label;
    std::string_view text;
    bool tabbed = false;
    uint32_t line = 1; // of the text's first line
    uint64_t offset = 0;
    std::shared_ptr<const void> storage;
    bool must_hold_graph = true; // a text without a graph is a problem
    bool partial = false; // tracing stopped: its body is known to lack the return

    // Of a graph out of a text (segment.h), which has no record that tells all this:
    bool from_text = false;
    std::string evidence; // what told its stage; "" = nothing did
    std::optional<int> number; // AOT's number of the graph
    std::shared_ptr<const Places> places; // of the lines from `places_from` on; null = the file's own
    size_t places_from = 0;

    bool cut = false; // the input ends inside of it
    // The text may be a script (script_task.h), and is read as one on the threads that read graphs. Where it
    // is none, it is listed as this artifact instead, at this place among the others.
    bool script = false;
    std::optional<std::pair<size_t, Artifact>> else_artifact;
    std::vector<SavedTensor> saved; // inputs that came along
    // Of each line of a text that was made of others: the file's line. Null: the text stands in the file.
    std::shared_ptr<const std::vector<uint32_t>> lines;
};

// Whether something of the file was read: archives and folders stand among a dump's files where a problem is
// told of them.
inline constexpr const char *kArchiveKind = "archive", *kFolderKind = "folder", *kUnknownKind = "unknown";
inline bool is_read(const DumpFile& file) {
    return file.kind != kArchiveKind && file.kind != kFolderKind && file.kind != kUnknownKind;
}

struct Collector {
    Dump dump;
    std::vector<GraphTask> tasks;
    const Job* job = nullptr;
    bool verify_md5 = false;
    uint64_t bytes_done = 0, bytes_total = 0; // of all files, for progress

    // Finding records is the smaller part of the work: their graphs are read after it.
    static constexpr uint64_t kScanShare = 4;
    void report_scanned(uint64_t offset) const {
        job->report((bytes_done + offset) / kScanShare, bytes_total, "reading");
    }

    // The file that is being read. What two files say of the same compilation stays apart until all are read
    // (evidence.h).
    FileId reading;
    std::vector<FileId> owners; // by compilation: the file that tells of it

    CompilationId compilation(const CompileKey& key) {
        const auto [at, is_new] =
            compilations_.try_emplace({reading, key}, CompilationId(dump.compilations.size()));
        if (is_new) {
            dump.compilations.emplace_back();
            dump.compilations.back().key = key;
            owners.push_back(reading);
        }
        return at->second;
    }
    void problem(Severity severity, std::string message, FileId file, uint64_t line, uint64_t offset) {
        dump.problems.push_back({severity, std::move(message), file, line, offset});
    }

private:
    std::map<std::pair<FileId, CompileKey>, CompilationId> compilations_;
};

// TORCH_TRACE: records of the structured log (torch/_logging/_internal.py, trace_structured).
bool looks_like_trace_log(std::string_view head);
// What stands in a trace between its records: another program's output, or a log of TORCH_LOGS.
struct TextBeside {
    std::string text;
    Places places; // of its lines, in the file
    uint64_t lines = 0; // that are not empty
    uint64_t orphans = 0; // lines of payloads without a record
    Place first_orphan;
    std::string heads; // of the records: which process wrote them
};
// "3 lines that belong to no record were passed over; the first is this one", where there are such.
void tell_passed_over(Collector& collector, FileId file, const TextBeside& beside, bool with_text);
TextBeside read_trace_log(Collector& collector, FileId file, const FileBytes& bytes);

// TORCH_LOGS text: its messages of hierarchical_compile and recompiles (text_log.cpp).
struct PlainText;
bool looks_like_text_log(std::string_view head);
void read_text_log(Collector& collector, FileId file, const PlainText& plain);

// Any text: messages of a log, and the graphs printed in it (segment.cpp). Returns whether there was
// anything.
// `places`: where the lines of `bytes` stand, if that is not the file as it is.
bool read_text(Collector& collector, FileId file, const FileBytes& bytes, const Places* places = nullptr);
// What an unreadable text is nearest to, in words for a person.
std::string nearest_forms(std::string_view text);
// The same messages without any prefix (torchdynamo/debug.log of a torch_compile_debug folder).
void read_bare_messages(Collector& collector, FileId file, const FileBytes& bytes, const CompileKey& key);

} // namespace hopscope::read
