#include "core/read/file.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

namespace hopscope::read {

namespace {

// A gzip file may unpack to this much and no more: a dump is never larger, a bomb is.
constexpr size_t kMostUnpacked = size_t{4} << 30;

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

struct Inflater {
    z_stream stream{};
    bool open = false;
    ~Inflater() {
        if (open)
            inflateEnd(&stream);
    }
};

Result<FileBytes> unpack(const std::string& path, std::string_view packed) {
    Inflater inflater;
    inflater.open = inflateInit2(&inflater.stream, 15 + 32) == Z_OK; // 32: gzip or zlib header
    if (!inflater.open)
        return cannot_read(path, "cannot start to unpack gzip data");
    auto text = std::make_shared<std::string>();
    std::string damage;
    inflater.stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
    inflater.stream.avail_in = static_cast<uInt>(packed.size());
    for (;;) {
        const size_t before = text->size();
        if (before >= kMostUnpacked)
            return cannot_read(path, "gzip data unpacks to more than 4 GiB");
        text->resize(before + std::max<size_t>(before, 1 << 20));
        inflater.stream.next_out = reinterpret_cast<Bytef*>(text->data() + before);
        inflater.stream.avail_out = static_cast<uInt>(std::min<size_t>(text->size() - before, UINT32_MAX));
        const uInt room = inflater.stream.avail_out;
        const int state = inflate(&inflater.stream, Z_NO_FLUSH);
        text->resize(before + (room - inflater.stream.avail_out));
        // A file may hold several gzip members one after the other.
        if (state == Z_STREAM_END && inflater.stream.avail_in > 0 && inflateReset(&inflater.stream) == Z_OK)
            continue;
        // Cut or damaged: what came out so far is worth reading.
        if (state != Z_OK) {
            if (state != Z_STREAM_END)
                damage = std::string("the gzip data ") + (state == Z_BUF_ERROR ? "ends early" : "is damaged")
                    + " behind byte " + std::to_string(packed.size() - inflater.stream.avail_in)
                    + "; read as far as it goes";
            break;
        }
    }
    if (text->empty() && !packed.empty())
        return cannot_read(path, "gzip data is damaged from its start on");
    return FileBytes{text, *text, std::move(damage)};
}

} // namespace

Result<FileBytes> read_standard_input() {
    auto text = std::make_shared<std::string>();
    constexpr size_t kBlock = 1 << 16;
    for (;;) {
        const size_t before = text->size();
        if (before >= kMostUnpacked)
            return cannot_read("standard input", "more than 4 GiB came through it");
        text->resize(before + kBlock);
        const ssize_t n = ::read(STDIN_FILENO, text->data() + before, kBlock);
        text->resize(before + static_cast<size_t>(std::max<ssize_t>(n, 0)));
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return cannot_read("standard input", std::strerror(errno));
        if (n == 0)
            break;
    }
    if (std::string_view(*text).starts_with("\x1f\x8b"))
        return unpack("standard input", *text);
    return FileBytes{text, *text, {}};
}

Result<FileBytes> map_file(const std::string& path) {
    Descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
    struct stat info { };
    if (file.fd < 0 || ::fstat(file.fd, &info) != 0)
        return cannot_read(path, std::strerror(errno));
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
    if (bytes.starts_with("\x1f\x8b"))
        return unpack(path, bytes);
    return FileBytes{std::move(owner), bytes, {}};
}

} // namespace hopscope::read
