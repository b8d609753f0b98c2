#include "core/session/session.h"

#include "core/session/connection.h"
#include "core/session/load.h"
#include "core/session/write.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace hopscope {

using namespace session;

namespace {

Error failed(Error::Kind kind, const std::string& path, std::string message) {
    Error error = make_error(kind, std::move(message));
    error.file = path;
    return error;
}

Error cannot_write(const std::string& path) {
    return failed(Error::Kind::CannotWrite, path, fmt::format("cannot be written: {}", std::strerror(errno)));
}

std::string folder_of(const std::string& path) {
    const size_t slash = path.rfind('/');
    return slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
}

bool exists(const std::string& path) {
    struct stat info { };
    return ::lstat(path.c_str(), &info) == 0;
}

Status sync_path(const std::string& path, int flags) {
    const int fd = ::open(path.c_str(), flags | O_CLOEXEC);
    if (fd < 0)
        return cannot_write(path);
    const bool synced = ::fsync(fd) == 0;
    const Error error = cannot_write(path);
    ::close(fd);
    return synced ? Status() : Status(error);
}

// A file that did not exist before, in the folder of the target; removed when it goes out of scope.
class DraftFile {
public:
    explicit DraftFile(const std::string& target) {
        for (int i = 0; i < 100; ++i) {
            path_ = fmt::format("{}.{}-{}.part", target, ::getpid(), i);
            const int fd = ::open(path_.c_str(), O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0666);
            if (fd >= 0) {
                ::close(fd);
                made_ = true;
                return;
            }
            if (errno != EEXIST)
                return;
        }
    }
    ~DraftFile() {
        if (made_)
            ::unlink(path_.c_str());
    }
    DraftFile(const DraftFile&) = delete;
    DraftFile& operator=(const DraftFile&) = delete;

    bool made() const { return made_; }
    const std::string& path() const { return path_; }

private:
    std::string path_;
    bool made_ = false;
};

// What stands in the way, told so that nobody loses notes by mistake.
Error taken(const std::string& path) {
    std::string held;
    if (auto old = Session::open(path, OpenMode::Read); old.ok())
        if (auto notes = old.value()->notes(); notes.ok() && !notes->empty())
            held = fmt::format(" and holds {} note{}", notes->size(), notes->size() == 1 ? "" : "s");
    return failed(
        Error::Kind::Usage, path, fmt::format("exists already{}: it is only replaced when asked to", held));
}

// A session that somebody has open must not be replaced under them, and the WAL of an older file beside a new
// one would be played back into it.
Status clear_target(const std::string& path) {
    if (is_session_file(path)) {
        try {
            SQLite::Database old(path.starts_with("file:") ? "./" + path : path, SQLite::OPEN_READWRITE);
            harden(old);
            old.execAndGet("PRAGMA journal_mode = DELETE");
        } catch (const SQLite::Exception& e) {
            if (e.getErrorCode() == SQLITE_BUSY || e.getErrorCode() == SQLITE_LOCKED)
                return failed(
                    Error::Kind::CannotWrite, path, "is open in another program and cannot be replaced");
        }
    }
    for (const char* end : {"-wal", "-shm", "-journal"})
        if (::unlink((path + end).c_str()) != 0 && errno != ENOENT)
            return cannot_write(path + end);
    return {};
}

Status publish(const DraftFile& draft, const std::string& path, bool replace) {
    if (Status status = sync_path(draft.path(), O_RDWR); !status)
        return status;
    if (replace) {
        if (Status status = clear_target(path); !status)
            return status;
        if (std::rename(draft.path().c_str(), path.c_str()) != 0)
            return cannot_write(path);
    } else if (::link(draft.path().c_str(), path.c_str()) != 0) {
        // link() and not rename(): a file that came into being meanwhile stays.
        if (errno == EEXIST)
            return taken(path);
        // Some file systems know no hard links.
        if (exists(path) || std::rename(draft.path().c_str(), path.c_str()) != 0)
            return cannot_write(path);
    }
    return sync_path(folder_of(path), O_RDONLY | O_DIRECTORY);
}

} // namespace

Session::Session(std::unique_ptr<State> state)
    : state_(std::move(state)) { }

Session::~Session() = default;

Result<std::unique_ptr<Session>> Session::create(const std::string& path, const Dump& dump,
    const Ledger& ledger, const CreateOptions& options, const Job& job) {
    if (exists(path) && !options.replace)
        return taken(path);
    struct stat info { };
    if (::stat(path.c_str(), &info) == 0 && !S_ISREG(info.st_mode))
        return failed(Error::Kind::Usage, path, "is no file, expected one to replace");
    const DraftFile draft(path);
    if (!draft.made())
        return cannot_write(path);
    const Status written = guarded_change(path, [&]() -> Status {
        write_session_file(draft.path(), dump, ledger, kSessionVersion, job);
        return {};
    });
    if (!written)
        return written.error();
    if (job.cancelled())
        return make_error(Error::Kind::Cancelled, "cancelled");
    if (Status status = publish(draft, path, options.replace); !status)
        return status.error();
    return open(path, OpenMode::Write);
}

Result<std::unique_ptr<Session>> Session::open(const std::string& path, OpenMode mode) {
    Result<std::unique_ptr<State>> state = connect(path, mode);
    if (!state.ok())
        return state.error();
    return std::unique_ptr<Session>(new Session(std::move(state).value()));
}

const std::string& Session::path() const {
    return state_->path;
}

bool Session::read_only() const {
    return !state_->read_only_because.empty();
}

const std::vector<Problem>& Session::problems() const {
    return state_->problems;
}

Result<Dump> Session::load(const Job& job) const {
    return guarded(state_->path, [&] { return load_dump(*state_->db, state_->bytes, job); });
}

} // namespace hopscope
