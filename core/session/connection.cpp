#include "core/session/connection.h"

#include "core/session/schema.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <sys/stat.h>

namespace hopscope {

Session::State::~State() {
    if (!db || !read_only_because.empty())
        return;
    try {
        // Leaving WAL writes everything into the one file. Where another program has it open, that one does
        // it.
        db->setBusyTimeout(0);
        db->execAndGet("PRAGMA journal_mode = DELETE");
    } catch (const SQLite::Exception&) {
        // Nothing is lost: what was acknowledged stands in the WAL beside the file.
    }
}

namespace session {
namespace {

constexpr int kBusyMilliseconds = 5000;

Error cannot_read(const std::string& path, std::string message) {
    Error error = make_error(Error::Kind::CannotRead, std::move(message));
    error.file = path;
    return error;
}

// Looks at the bytes before SQLite does, so that the answer names what the file is not.
Status sniff(const std::string& path, uint64_t& bytes) {
    struct stat info { };
    if (::stat(path.c_str(), &info) != 0)
        return cannot_read(path, fmt::format("cannot be opened: {}", std::strerror(errno)));
    if (!S_ISREG(info.st_mode))
        return cannot_read(path, "is no file, expected a Hopscope session");
    bytes = static_cast<uint64_t>(info.st_size);
    char head[16] = {};
    std::ifstream in(path, std::ios::binary);
    if (!in)
        return cannot_read(path, fmt::format("cannot be opened: {}", std::strerror(errno)));
    in.read(head, sizeof head);
    if (in.gcount() != sizeof head || std::memcmp(head, "SQLite format 3", sizeof head) != 0)
        return cannot_read(path, "is no Hopscope session: expected an SQLite 3 database");
    return {};
}

// A path that SQLite takes as a path, whatever it looks like.
std::string plain(const std::string& path) {
    return path.starts_with("file:") || path.starts_with(':') ? "./" + path : path;
}

std::string as_uri(const std::string& path) {
    std::string uri = "file:";
    for (const char c : path)
        if (c == '?' || c == '#' || c == '%')
            uri += fmt::format("%{:02x}", static_cast<unsigned char>(c));
        else
            uri += c;
    return uri + "?immutable=1";
}

// Throws where nothing can be read through the connection.
std::unique_ptr<SQLite::Database> open_database(const std::string& name, int flags) {
    auto db = std::make_unique<SQLite::Database>(name, flags, kBusyMilliseconds);
    harden(*db);
    db->execAndGet("SELECT count(*) FROM sqlite_schema");
    return db;
}

void open_for_reading(Session::State& state) {
    try {
        state.db = open_database(plain(state.path), SQLite::OPEN_READONLY);
    } catch (const SQLite::Exception& e) {
        // Left behind by a killed program in a folder that cannot be written: SQLite cannot set up the shared
        // memory that reading the WAL needs. The main file is whole up to the last checkpoint.
        if (e.getErrorCode() != SQLITE_CANTOPEN && e.getErrorCode() != SQLITE_READONLY)
            throw;
        state.db = open_database(as_uri(state.path), SQLite::OPEN_READONLY | SQLite::OPEN_URI);
        struct stat wal { };
        if (::stat((state.path + "-wal").c_str(), &wal) == 0 && wal.st_size > 0)
            state.problems.push_back(damage(fmt::format(
                "{}-wal holds newer changes that cannot be read: its folder is not writable", state.path)));
    }
}

void open_for_writing(Session::State& state) {
    try {
        state.db = open_database(plain(state.path), SQLite::OPEN_READWRITE);
        if (sqlite3_db_readonly(state.db->getHandle(), "main") == 1)
            state.read_only_because = "the file is not writable";
        return;
    } catch (const SQLite::Exception& e) {
        if (e.getErrorCode() != SQLITE_CANTOPEN && e.getErrorCode() != SQLITE_READONLY)
            throw;
    }
    state.read_only_because = "the file or its folder is not writable";
    open_for_reading(state);
}

Status check_identity(Session::State& state) {
    const int32_t id = state.db->execAndGet("PRAGMA application_id").getInt();
    const int version = schema_version(*state.db);
    if (id != kSessionApplicationId || version < 1)
        return cannot_read(state.path,
            fmt::format("is an SQLite database but no Hopscope session: application_id is {:#x}, "
                        "expected {:#x}",
                static_cast<uint32_t>(id), kSessionApplicationId));
    if (version > kSessionVersion)
        return cannot_read(state.path,
            fmt::format("is a session of version {}, this program reads up to version {}: "
                        "open it with a newer Hopscope",
                version, kSessionVersion));
    return {};
}

// Brings an older file up to date: in place where it is open for writing, else in a copy in memory.
void bring_up_to_date(Session::State& state) {
    if (schema_version(*state.db) == kSessionVersion)
        return;
    if (state.read_only_because.empty()) {
        SQLite::Transaction transaction(*state.db, SQLite::TransactionBehavior::IMMEDIATE);
        migrate(*state.db, kSessionVersion);
        transaction.commit();
        return;
    }
    auto copy = std::make_unique<SQLite::Database>(":memory:", SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
    SQLite::Backup(*copy, *state.db).executeStep();
    harden(*copy);
    migrate(*copy, kSessionVersion);
    state.db = std::move(copy);
}

void note_faults(Session::State& state, const std::vector<std::string>& faults) {
    for (const std::string& fault : faults)
        state.problems.push_back(damage(fault));
}

// A damaged file must not be written to: changes could land on pages that belong to something else. The whole
// file is read, at 1.6 ms a MB: 3 ms of the 11 that opening gpt48 takes.
std::vector<std::string> quick_faults(SQLite::Database& db, uint64_t bytes) {
    std::vector<std::string> faults;
    try {
        // SQLite takes the last page for whole: what a cut took from it would read as zeros.
        const uint64_t page = db.execAndGet("PRAGMA page_size").getUInt();
        if (page > 0 && bytes % page != 0)
            faults.push_back(fmt::format("the file is cut: {} bytes are no whole pages of {}", bytes, page));
        SQLite::Statement row(db, "PRAGMA quick_check(10)");
        while (row.executeStep())
            if (std::string text = row.getColumn(0).getString(); text != "ok")
                faults.push_back(std::move(text));
    } catch (const SQLite::Exception& e) {
        faults.push_back(e.what());
    }
    return faults;
}

void enter_wal(SQLite::Database& db) {
    try {
        db.execAndGet("PRAGMA journal_mode = WAL");
    } catch (const SQLite::Exception&) {
        // Another program reads the file just now; a rollback journal keeps the same promises, only slower.
    }
}

Result<std::unique_ptr<Session::State>> prepare(std::unique_ptr<Session::State> state, OpenMode mode) {
    if (mode == OpenMode::Write) {
        open_for_writing(*state);
    } else {
        state->read_only_because = "the session was opened for reading";
        open_for_reading(*state);
    }
    if (Status status = check_identity(*state); !status)
        return status.error();
    SchemaFaults schema = schema_faults(*state->db);
    if (!schema.forged.empty()) {
        Error error = make_error(Error::Kind::Damaged, "is not as a session is made: " + schema.forged);
        error.file = state->path;
        return error;
    }
    std::vector<std::string> faults = std::move(schema.missing);
    if (faults.empty())
        faults = quick_faults(*state->db, state->bytes);
    if (!faults.empty() && state->read_only_because.empty()) {
        state->read_only_because = "the file is damaged";
        state->db.reset();
        open_for_reading(*state);
    }
    note_faults(*state, faults);
    try {
        bring_up_to_date(*state);
    } catch (const SQLite::Exception& e) {
        // Everything that version 1 holds can be read without the later additions.
        state->problems.push_back(
            damage(fmt::format("cannot be brought up to version {}: {}", kSessionVersion, e.what())));
        state->read_only_because = "the file cannot be brought up to date";
    }
    if (state->read_only_because.empty())
        enter_wal(*state->db);
    return state;
}

} // namespace

void harden(SQLite::Database& db) {
    sqlite3* handle = db.getHandle();
    sqlite3_db_config(handle, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
    sqlite3_db_config(handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
    sqlite3_db_config(handle, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, nullptr);
    sqlite3_limit(handle, SQLITE_LIMIT_ATTACHED, 0);
    db.exec("PRAGMA cell_size_check = ON; PRAGMA mmap_size = 0; PRAGMA foreign_keys = ON; PRAGMA synchronous "
            "= FULL");
}

Error to_error(const SQLite::Exception& e, const std::string& path) {
    Error error = make_error(Error::Kind::CannotRead, e.what());
    error.file = path;
    switch (e.getErrorCode()) {
    case SQLITE_INTERRUPT:
        return make_error(Error::Kind::Cancelled, "cancelled");
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        error.kind = Error::Kind::Damaged;
        error.message = fmt::format("the session is damaged: {}", e.what());
        break;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        error.message =
            fmt::format("another program has kept the session locked for {} s", kBusyMilliseconds / 1000);
        break;
    case SQLITE_FULL:
        error.kind = Error::Kind::CannotWrite;
        error.message = "the disk is full: nothing was changed";
        break;
    case SQLITE_READONLY:
        error.kind = Error::Kind::CannotWrite;
        break;
    case SQLITE_IOERR:
        switch (e.getExtendedErrorCode()) {
        case SQLITE_IOERR_WRITE:
        case SQLITE_IOERR_FSYNC:
        case SQLITE_IOERR_DIR_FSYNC:
        case SQLITE_IOERR_TRUNCATE:
            error.kind = Error::Kind::CannotWrite;
            break;
        default:
            break;
        }
        break;
    default:
        break;
    }
    return error;
}

Error to_change_error(const SQLite::Exception& e, const std::string& path) {
    Error error = to_error(e, path);
    if (error.kind == Error::Kind::CannotRead)
        error.kind = Error::Kind::CannotWrite;
    if (e.getErrorCode() == SQLITE_CANTOPEN)
        error.message = "the journal that a change needs cannot be made beside it: nothing was changed";
    return error;
}

Problem damage(std::string message) {
    return Problem{.severity = Severity::Error,
        .message = "session: " + std::move(message),
        .file = {},
        .line = 0,
        .offset = 0};
}

Result<std::unique_ptr<Session::State>> connect(const std::string& path, OpenMode mode) {
    auto state = std::make_unique<Session::State>();
    state->path = path;
    if (Status status = sniff(path, state->bytes); !status)
        return status.error();
    return guarded(path, [&] { return prepare(std::move(state), mode); });
}

namespace {
int stop_if_cancelled(void* job) {
    return static_cast<const Job*>(job)->cancelled() ? 1 : 0;
}
} // namespace

CancelGuard::CancelGuard(SQLite::Database& db, const Job& job)
    : db_(db) {
    if (job.cancel)
        sqlite3_progress_handler(db.getHandle(), 10'000, &stop_if_cancelled, const_cast<Job*>(&job));
}

CancelGuard::~CancelGuard() {
    sqlite3_progress_handler(db_.getHandle(), 0, nullptr, nullptr);
}

} // namespace session
} // namespace hopscope
