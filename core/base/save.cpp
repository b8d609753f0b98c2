#include "core/base/save.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <mutex>
#include <set>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

namespace hopscope {

namespace {

// Files that are being written, by their temporary names.
struct Unfinished {
    std::mutex mutex;
    std::set<std::string> paths;
};
Unfinished& unfinished() {
    static Unfinished& only = *new Unfinished;
    return only;
}

Error write_error(const std::string& path, int number) {
    Error error = make_error(Error::Kind::CannotWrite, std::string("cannot write: ") + std::strerror(number));
    error.file = path;
    return error;
}

bool write_all(int fd, std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t written = ::write(fd, bytes.data(), bytes.size());
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return false;
        bytes.remove_prefix(static_cast<size_t>(written));
    }
    return true;
}

// mkstemp makes files that only their owner reads; an export is as readable as any new file.
void take_usual_mode(int fd, const std::string& path) {
    struct stat old = {};
    if (::stat(path.c_str(), &old) == 0) {
        (void)::fchmod(fd, old.st_mode & 0777);
        return;
    }
    const mode_t mask = ::umask(0);
    ::umask(mask);
    (void)::fchmod(fd, 0666 & ~mask);
}

// A pipe or a device is written to as it stands: another file in its place would be no answer to whoever
// reads it.
Status write_into(const std::string& path, std::string_view bytes) {
    const int fd = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return write_error(path, errno);
    int failed = write_all(fd, bytes) ? 0 : errno;
    if (::close(fd) != 0 && !failed)
        failed = errno;
    return failed ? Status(write_error(path, failed)) : Status();
}

// What a symbolic link leads to: the link stays.
std::string behind_links(const std::string& path) {
    char* found = ::realpath(path.c_str(), nullptr);
    std::string real = found ? found : path;
    std::free(found);
    return real;
}

} // namespace

Status save_file(const std::string& asked, std::string_view bytes) {
    struct stat target = {};
    const bool exists = ::stat(asked.c_str(), &target) == 0;
    if (exists && S_ISDIR(target.st_mode))
        return write_error(asked, EISDIR);
    if (exists && !S_ISREG(target.st_mode))
        return write_into(asked, bytes);
    const std::string path = exists ? behind_links(asked) : asked;
    const std::string pattern = path + ".XXXXXX";
    std::vector<char> temporary(pattern.begin(), pattern.end());
    temporary.push_back('\0');
    const int fd = ::mkstemp(temporary.data());
    if (fd < 0)
        return write_error(path, errno);
    {
        const std::lock_guard lock(unfinished().mutex);
        unfinished().paths.insert(temporary.data());
    }
    take_usual_mode(fd, path);
    int failed = 0;
    if (!write_all(fd, bytes) || ::fsync(fd) != 0)
        failed = errno;
    if (::close(fd) != 0 && !failed)
        failed = errno;
    const std::lock_guard lock(unfinished().mutex);
    unfinished().paths.erase(temporary.data());
    if (!failed && ::rename(temporary.data(), path.c_str()) != 0)
        failed = errno;
    if (failed) {
        ::unlink(temporary.data());
        return write_error(path, failed);
    }
    return {};
}

void abandon_saves() {
    const std::lock_guard lock(unfinished().mutex);
    for (const std::string& path : unfinished().paths)
        ::unlink(path.c_str());
}

} // namespace hopscope
