// An open database, and what this folder's files share in dealing with it.
#pragma once

#include "core/base/job.h"
#include "core/base/result.h"
#include "core/session/session.h"

#include <SQLiteCpp/Backup.h>
#include <SQLiteCpp/SQLiteCpp.h>

#include <exception>
#include <memory>
#include <string>
#include <vector>

namespace hopscope {

struct Session::State {
    std::string path;
    std::unique_ptr<SQLite::Database> db;
    std::string read_only_because; // empty = writable
    std::vector<Problem> problems;
    uint64_t bytes = 0; // of the file, when it was opened

    State() = default;
    State(const State&) = delete;
    State& operator=(const State&) = delete;
    ~State(); // checkpoints, so that one file remains
};

namespace session {

Result<std::unique_ptr<Session::State>> connect(const std::string& path, OpenMode mode);

// Makes SQLite strict and distrustful: for every connection, before anything is read.
void harden(SQLite::Database& db);

Error to_error(const SQLite::Exception& e, const std::string& path);
Error to_change_error(const SQLite::Exception& e, const std::string& path);
Problem damage(std::string message); // an Error about the session file itself

// Runs `work`, which returns a Result or Status, and turns what SQLite throws into its Error.
template <class Work> auto guarded(const std::string& path, Work work) -> decltype(work()) {
    try {
        return work();
    } catch (const SQLite::Exception& e) {
        return to_error(e, path);
    } catch (const std::bad_alloc&) {
        return make_error(Error::Kind::CannotRead, "not enough memory for " + path);
    }
}

// The same for what changes the file: what keeps SQLite from it is a failed write, whatever it was doing just
// then (making the WAL, locking, reading the page to change).
template <class Work> auto guarded_change(const std::string& path, Work work) -> decltype(work()) {
    try {
        return work();
    } catch (const SQLite::Exception& e) {
        return to_change_error(e, path);
    } catch (const std::bad_alloc&) {
        return make_error(Error::Kind::CannotWrite, "not enough memory to change " + path);
    }
}

// While it lives, statements of the connection end with SQLITE_INTERRUPT once the job is cancelled.
class CancelGuard {
public:
    CancelGuard(SQLite::Database& db, const Job& job);
    ~CancelGuard();
    CancelGuard(const CancelGuard&) = delete;
    CancelGuard& operator=(const CancelGuard&) = delete;

private:
    SQLite::Database& db_;
};

} // namespace session
} // namespace hopscope
