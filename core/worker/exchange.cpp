#include "core/worker/exchange.h"

#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <mutex>
#include <set>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace hopscope::worker {

namespace {

constexpr std::string_view kPrefix = "hopscope-run-";

// This process's folders.
struct Folders {
    std::mutex mutex;
    std::set<std::string> all;
};
Folders& folders() {
    static Folders& only = *new Folders;
    return only;
}

Error system_error(const std::string& what) {
    return make_error(Error::Kind::External, what + ": " + std::strerror(errno));
}

void remove_folder(const std::string& folder) {
    for (const char* name : {wire::kToWorker, wire::kFromWorker, wire::kProgress})
        unlink((folder + '/' + name).c_str());
    rmdir(folder.c_str());
}

// Folders are named after the process that made them.
void sweep(const std::filesystem::path& place) {
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(place, error)) {
        const std::string name = entry.path().filename().string();
        pid_t owner = 0;
        if (!name.starts_with(kPrefix)
            || std::from_chars(name.data() + kPrefix.size(), name.data() + name.size(), owner).ec
                != std::errc()
            || owner <= 0)
            continue;
        struct stat info { };
        if (lstat(entry.path().c_str(), &info) == 0 && S_ISDIR(info.st_mode) && info.st_uid == getuid()
            && kill(owner, 0) != 0 && errno == ESRCH)
            remove_folder(entry.path().string());
    }
}

int open_in(const std::string& folder, const char* name) {
    return open((folder + '/' + name).c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
}

} // namespace

Result<std::unique_ptr<Exchange>> Exchange::create() {
    std::error_code error;
    const std::filesystem::path place = std::filesystem::temp_directory_path(error);
    if (error)
        return make_error(Error::Kind::External, "there is no temporary folder: " + error.message());
    sweep(place);
    std::string name = (place / (std::string(kPrefix) + std::to_string(getpid()) + "-XXXXXX")).string();
    if (!mkdtemp(name.data()))
        return system_error("cannot make " + name);
    std::unique_ptr<Exchange> exchange(new Exchange);
    exchange->folder_ = name;
    {
        const std::lock_guard lock(folders().mutex);
        folders().all.insert(name);
    }
    exchange->to_worker_ = open_in(name, wire::kToWorker);
    exchange->from_worker_ = open_in(name, wire::kFromWorker);
    const int progress = open_in(name, wire::kProgress);
    if (exchange->to_worker_ < 0 || exchange->from_worker_ < 0 || progress < 0
        || ftruncate(progress, sizeof(wire::Progress)) != 0) {
        const Error failed = system_error("cannot make files in " + name);
        if (progress >= 0)
            close(progress);
        return failed;
    }
    void* map = mmap(nullptr, sizeof(wire::Progress), PROT_READ, MAP_SHARED, progress, 0);
    close(progress);
    if (map == MAP_FAILED)
        return system_error("cannot map a file in " + name);
    exchange->progress_ = static_cast<wire::Progress*>(map);
    return exchange;
}

Exchange::~Exchange() {
    if (to_worker_ >= 0)
        close(to_worker_);
    if (from_worker_ >= 0)
        close(from_worker_);
    if (progress_)
        munmap(progress_, sizeof(wire::Progress));
    const std::lock_guard lock(folders().mutex);
    folders().all.erase(folder_);
    remove_folder(folder_);
}

void remove_exchange_folders() {
    const std::lock_guard lock(folders().mutex);
    for (const std::string& folder : folders().all)
        remove_folder(folder);
}

Status Exchange::write(std::string_view bytes) {
    if (ftruncate(to_worker_, 0) != 0)
        return system_error("cannot empty a file in " + folder_);
    for (off_t at = 0; !bytes.empty();) {
        const ssize_t n = pwrite(to_worker_, bytes.data(), bytes.size(), at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return system_error("cannot write tensors to " + folder_);
        at += n;
        bytes.remove_prefix(static_cast<size_t>(n));
    }
    return {};
}

Result<std::string> Exchange::read() const {
    struct stat info { };
    if (fstat(from_worker_, &info) != 0)
        return system_error("cannot read from " + folder_);
    std::string bytes(static_cast<size_t>(info.st_size), '\0');
    for (size_t at = 0; at < bytes.size();) {
        const ssize_t n = pread(from_worker_, bytes.data() + at, bytes.size() - at, static_cast<off_t>(at));
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return system_error("cannot read tensors from " + folder_);
        at += static_cast<size_t>(n);
    }
    return bytes;
}

uint64_t Exchange::running() const {
    return progress_->node.load(std::memory_order_relaxed);
}

} // namespace hopscope::worker
