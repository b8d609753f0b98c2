// The session file: a dump, the model found in it and what the user did, in one SQLite database
// (NAME.hopscope).
//
// A session opens without the files that it was made from. Tables and queries: README.md beside this header.
#pragma once

#include "core/base/job.h"
#include "core/base/result.h"
#include "core/graph/dump.h"
#include "core/read/open.h"
#include "core/regions/ledger.h"
#include "core/session/runs.h"

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hopscope {

// The schema that this build writes; older files are brought up to it, newer ones refused.
inline constexpr int kSessionVersion = 6;
// PRAGMA application_id of every session file: "HOPS" in ASCII.
inline constexpr int32_t kSessionApplicationId = 0x484F5053;
inline constexpr int kBookmarkSlots = 10;

enum class OpenMode : uint8_t {
    Read, // never changes a byte of the file; an older version is brought up to date in memory only
    Write, // for notes, bookmarks and views; falls back to read-only where the file or its folder is
};

struct Note {
    int64_t id = 0; // from 1, never used twice
    std::string address; // as in "0/0:forward@mm"
    std::string text; // any bytes
    std::string created; // ISO 8601, UTC: "2026-01-31T12:00:00Z"
    std::string changed; // of the last edit, the same form; empty = never edited
    friend bool operator==(const Note&, const Note&) = default;
};

struct Bookmark {
    int slot = 0; // 0 … kBookmarkSlots - 1: the digit that jumps to it
    std::string address;
    std::string label; // what the user calls it; may be empty
    std::string created;
    friend bool operator==(const Bookmark&, const Bookmark&) = default;
};

// A node whose name, operator or source line holds the words searched for.
struct SearchHit {
    GraphId graph; // ids of the Dump that load() returns
    BodyId body;
    NodeId node;
    std::string address; // of the node
    double rank = 0; // lower is better; 0 … count in order of the answer is what counts, not the value
    std::string snippet; // the text that matched: "mm  aten.mm.default" or the source line
    std::vector<std::pair<uint32_t, uint32_t>> marks; // byte ranges [first, last) of the matches in `snippet`
};

struct CreateOptions {
    bool replace = false; // an existing file at the target gives way (with its notes)
};

// One open session file. Not thread-safe: any thread, but one at a time. Every change is on disk (fsync) when
// the call that makes it returns success; until then it has not happened. Closing leaves one file that stands
// alone.
class Session {
public:
    // Writes a new session beside its target and renames it there, so that a failed or cancelled call leaves
    // nothing behind; then opens it for writing. Usage error where the target exists and `replace` is not
    // set.
    static Result<std::unique_ptr<Session>> create(const std::string& path, const Dump& dump,
        const Ledger& ledger, const CreateOptions& options = {}, const Job& job = {});
    // CannotRead where the file is missing, is no session, or comes from a newer version. A damaged file is
    // opened read-only as far as it can be: see problems(); Damaged where nothing
    // of it can be read.
    static Result<std::unique_ptr<Session>> open(const std::string& path, OpenMode mode = OpenMode::Write);
    ~Session();

    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;

    const std::string& path() const;
    bool read_only() const; // all changes return an error that says why
    const std::vector<Problem>& problems() const; // found on opening; file unset

    // The dump as it was imported; graph texts are parsed anew (2 threads). What is damaged is left out and
    // listed in Dump::problems after those of the import. Error where nothing is left, and Cancelled.
    Result<Dump> load(const Job& job = {}) const;

    // Notes, by id. `address` must resolve in `dump` (the one of load(), or that the session was created
    // with).
    Result<int64_t> add_note(const Dump& dump, std::string_view address, std::string_view text);
    Status edit_note(int64_t id, std::string_view text); // NotFound
    Status remove_note(int64_t id); // NotFound
    Status restore_note(
        const Note& note); // undoes remove_note and edit_note: the note is as given, id included
    Result<std::vector<Note>> notes() const;

    // Bookmarks, by slot. Setting a slot that is taken replaces what is there.
    Status set_bookmark(const Dump& dump, int slot, std::string_view address, std::string_view label);
    Status remove_bookmark(int slot); // success where it was empty
    Status restore_bookmark(
        const Bookmark& bookmark); // the bookmark is as given, whether its address resolves or not
    Result<std::vector<Bookmark>> bookmarks() const;

    // Runs, by id; rows that make no sense are left out (check() lists them). `address` must resolve in
    // `dump`, as for notes. Values keep their order; their tensors are kept where they are given.
    Result<int64_t> add_run(const Dump& dump, const StoredRun& run, std::span<const StoredRunValue> values);
    Status remove_run(int64_t id); // with its values; NotFound
    Result<std::vector<StoredRun>> runs() const;
    Result<std::vector<StoredRunValue>> run_values(int64_t run) const; // without tensors; NotFound
    Result<std::string> run_tensor(
        int64_t run, std::string_view path, int64_t item = 0) const; // NotFound, Damaged

    // Where the user was: one JSON text per key ("window", "canvas"), whose form is the caller's own matter.
    Status set_view(std::string_view key, std::string_view json);
    std::string view(std::string_view key) const; // empty where there is none

    // All words must occur (as whole words, the last one as a prefix); best first, at most `limit`.
    Result<std::vector<SearchHit>> search(std::string_view words, size_t limit = 100) const;

    // Looks at everything: SQLite's own integrity and foreign keys, hashes and readability of all graph
    // texts, rows against texts. Empty = sound. Takes as long as an import.
    Result<std::vector<Problem>> check(const Job& job = {}) const;

    struct State; // of this library's own files

private:
    explicit Session(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

// Whether the file starts as SQLite databases do, or is named *.hopscope.
bool is_session_file(const std::string& path);

// open_dump for everything: dumps, or one session (read-only). Problems of the session are among those of the
// dump.
Result<Dump> open_any(
    const std::vector<std::string>& paths, const OpenOptions& options = {}, const Job& job = {});

} // namespace hopscope
