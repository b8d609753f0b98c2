#include "core/read/file.h"

#include "core/base/text.h"

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

constexpr uint64_t kMostUnfolded = uint64_t{4} << 30, kAlwaysAllowed = uint64_t{64} << 20, kMostRatio = 200;

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

class Inflater {
public:
    explicit Inflater(std::string_view packed)
        : packed_(packed) {
        open_ = inflateInit2(&stream_, 15 + 32) == Z_OK; // 32: gzip or zlib header
    }
    ~Inflater() {
        if (open_)
            inflateEnd(&stream_);
    }
    Inflater(const Inflater&) = delete;
    Inflater& operator=(const Inflater&) = delete;

    // Appends up to `most` bytes to `text`. False at the end of the data, or where it goes no further.
    bool append(std::string& text, size_t most) {
        const size_t before = text.size();
        text.resize(before + most);
        size_t room = most;
        bool more = open_;
        while (more && room) {
            if (!stream_.avail_in && taken_ < packed_.size()) {
                const size_t part = std::min<size_t>(packed_.size() - taken_, 1 << 30);
                stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed_.data() + taken_));
                stream_.avail_in = static_cast<uInt>(part);
                taken_ += part;
            }
            stream_.next_out = reinterpret_cast<Bytef*>(text.data() + before + (most - room));
            stream_.avail_out = static_cast<uInt>(std::min<size_t>(room, 1 << 30));
            const uInt offered = stream_.avail_out;
            const int state = inflate(&stream_, Z_NO_FLUSH);
            room -= offered - stream_.avail_out;
            more = state == Z_OK || goes_on(state);
        }
        text.resize(before + (most - room));
        return more;
    }
    const std::string& damage() const { return damage_; }

private:
    bool goes_on(int state) {
        const bool rest = stream_.avail_in > 0 || taken_ < packed_.size();
        // A file may hold several gzip members one after the other.
        if (state == Z_STREAM_END)
            return rest && inflateReset(&stream_) == Z_OK;
        if (state == Z_BUF_ERROR && rest)
            return true;
        // Cut or damaged: what came out so far is worth reading.
        damage_ = std::string("the gzip data ") + (state == Z_BUF_ERROR ? "ends early" : "is damaged")
            + " behind byte " + std::to_string(taken_ - stream_.avail_in) + "; read as far as it goes";
        return false;
    }

    z_stream stream_{};
    std::string_view packed_;
    size_t taken_ = 0; // bytes of `packed_` that the stream was given
    bool open_ = false;
    std::string damage_;
};

Result<FileBytes> unpack(
    const std::string& path, std::string_view packed, const UnfoldLimit& limit, const WantedHead& wanted) {
    Inflater inflater(packed);
    auto text = std::make_shared<std::string>();
    bool more = inflater.append(*text, kHeadBytes);
    if (text->empty() && !inflater.damage().empty())
        return cannot_read(path, "gzip data is damaged from its start on");
    std::string damage;
    // Within another gzip file stands what is asked about.
    const uint64_t asked = !wanted ? kWhole : is_gzip(*text) ? kSearched : wanted(*text);
    const uint64_t most = limit.most ? limit.most : std::min(limit.of(packed.size()), asked);
    if (asked > 0)
        while (more) {
            if (text->size() >= most) {
                damage = "the gzip data "
                    + (most == asked && !limit.most
                            ? "(" + format_bytes(packed.size()) + ") unfolds to more than "
                                + format_bytes(most) + ", and its beginning is nothing that is known"
                                + (limit.raise.empty() ? "" : "; " + limit.raise)
                            : limit.reached(packed.size()))
                    + "; read as far as that";
                break;
            }
            more = inflater.append(
                *text, std::min<uint64_t>(most - text->size(), std::max<size_t>(text->size(), 1 << 20)));
        }
    if (damage.empty())
        damage = inflater.damage();
    return FileBytes{text, *text, std::move(damage)};
}

} // namespace

bool is_gzip(std::string_view bytes) {
    return bytes.starts_with("\x1f\x8b");
}

// A store of artifacts packs what was packed: layers are taken off until there is none, within reason.
Result<FileBytes> unfold(
    const std::string& path, FileBytes bytes, const UnfoldLimit& limit, const WantedHead& wanted) {
    constexpr int kLayers = 3;
    for (int i = 0; i < kLayers && is_gzip(bytes.bytes); ++i) {
        auto inner = unpack(path, bytes.bytes, limit, wanted);
        if (!inner)
            return inner;
        if (!bytes.damage.empty())
            inner->damage = bytes.damage + (inner->damage.empty() ? "" : "; " + inner->damage);
        bytes = std::move(*inner);
    }
    return bytes;
}

uint64_t UnfoldLimit::of(uint64_t packed) const {
    if (most)
        return most;
    return std::min(kMostUnfolded, std::max(kAlwaysAllowed, packed * kMostRatio));
}

std::string UnfoldLimit::reached(uint64_t packed) const {
    return "(" + format_bytes(packed) + ") unfolds to more than " + format_bytes(of(packed))
        + (most ? ", the given limit" : ", which no log does" + (raise.empty() ? "" : "; " + raise));
}

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
