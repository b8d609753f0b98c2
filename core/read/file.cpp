#include "core/read/file.h"

#include "core/base/text.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace hopscope::read {

namespace {

Error cannot_read(const std::string& path, const std::string& why) {
    Error e = make_error(Error::Kind::CannotRead, why);
    e.file = path;
    return e;
}

struct Descriptor {
    int fd = -1;
    ~Descriptor() {
        if (fd >= 0)
            ::close(fd);
    }
};

} // namespace

Result<FileBytes> read_standard_input(const UnfoldLimit& limit, const WantedHead& wanted) {
    auto text = std::make_shared<std::string>();
    constexpr size_t kBlock = 1 << 16;
    constexpr const char* kName = "standard input";
    for (;;) {
        const size_t before = text->size();
        if (before >= kMostUnfolded)
            return cannot_read(kName, "more than " + format_bytes(kMostUnfolded) + " came through it");
        text->resize(before + kBlock);
        const ssize_t n = ::read(STDIN_FILENO, text->data() + before, kBlock);
        text->resize(before + static_cast<size_t>(std::max<ssize_t>(n, 0)));
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return cannot_read(kName, std::strerror(errno));
        if (n == 0)
            break;
    }
    return unfold(kName, {text, *text, {}}, limit, wanted);
}

Result<FileBytes> map_file(const std::string& path, const UnfoldLimit& limit, const WantedHead& wanted) {
    // Without O_NONBLOCK a named pipe that nobody writes to would hold the program for ever.
    Descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
    struct stat info { };
    if (file.fd < 0 || ::fstat(file.fd, &info) != 0)
        return cannot_read(path, std::strerror(errno));
    if (S_ISFIFO(info.st_mode))
        return cannot_read(path, "a pipe, not a regular file; the name - reads standard input");
    if (!S_ISREG(info.st_mode))
        return cannot_read(path, "not a regular file");
    const auto size = static_cast<size_t>(info.st_size);
    if (size == 0)
        return FileBytes{};
    void* at = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, file.fd, 0);
    if (at == MAP_FAILED)
        return cannot_read(path, std::strerror(errno));
    std::shared_ptr<const void> owner(at, [size](const void* p) { ::munmap(const_cast<void*>(p), size); });
    const std::string_view bytes(static_cast<const char*>(at), size);
    return unfold(path, {std::move(owner), bytes, {}}, limit, wanted);
}

} // namespace hopscope::read
