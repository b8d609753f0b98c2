#include "core/read/packed.h"

#include <archive.h>
#include <archive_entry.h>

#include <algorithm>
#include <memory>

namespace hopscope::read {

namespace {

constexpr size_t kMostMembers = 100'000;

struct Close {
    void operator()(archive* a) const { archive_read_free(a); }
};

// Takes libarchive's blocks, not archive_read_data, which drops what stands before damage.
class Unpacker {
public:
    Unpacker(archive* a, uint64_t most)
        : archive_(a)
        , left_(most) { }

    FileBytes member(const WantedHead& wanted) {
        auto text = std::make_shared<std::string>();
        block_ = {};
        hole_ = 0;
        position_ = 0;
        more_ = true;
        append(*text, kHeadBytes);
        if (const uint64_t asked = wanted(*text); asked > text->size())
            append(*text, asked - text->size());
        // What is not wanted is gone through here, not by libarchive, which would not stop at the limit.
        while (more_)
            pass();
        return {text, *text, {}};
    }
    bool ended() const { return damaged_ || limited_; }
    bool limited() const { return limited_; }

private:
    // The next bytes of the member at hand, or a hole of a sparse file; nothing at its end.
    void pass() {
        const void* at = nullptr;
        size_t size = 0;
        la_int64_t offset = 0;
        const int state = archive_read_data_block(archive_, &at, &size, &offset);
        if (state < ARCHIVE_WARN || state == ARCHIVE_EOF) {
            more_ = false;
            damaged_ = state < ARCHIVE_WARN;
            return;
        }
        const auto begin = static_cast<uint64_t>(std::max<la_int64_t>(offset, 0));
        const uint64_t hole = begin > position_ ? begin - position_ : 0;
        if (hole > left_ || size > left_ - hole) {
            more_ = false;
            limited_ = true;
            return;
        }
        block_ = {static_cast<const char*>(at), size};
        hole_ = hole;
        position_ += hole_ + size;
        left_ -= hole_ + size;
    }

    void append(std::string& text, uint64_t most) {
        while (most > 0) {
            if (hole_ == 0 && block_.empty()) {
                if (more_)
                    pass();
                if (!more_)
                    return;
                continue;
            }
            const uint64_t zeros = std::min(hole_, most);
            text.append(zeros, '\0');
            hole_ -= zeros;
            const std::string_view bytes = block_.substr(0, hole_ == 0 ? most - zeros : 0);
            text += bytes;
            block_.remove_prefix(bytes.size());
            most -= zeros + bytes.size();
        }
    }

    archive* archive_;
    uint64_t left_; // until the limit
    std::string_view block_; // what was read and not taken yet
    uint64_t hole_ = 0; // zeros before it
    uint64_t position_ = 0; // behind it, in the member
    bool more_ = true, damaged_ = false, limited_ = false;
};

std::string name_of(archive_entry* entry, size_t number) {
    const char* name = archive_entry_pathname_utf8(entry);
    if (!name)
        name = archive_entry_pathname(entry); // as it stands, in no known encoding
    return name && *name ? name : "file " + std::to_string(number);
}

std::string reason(archive* a) {
    const char* text = archive_error_string(a);
    return text ? text : "libarchive does not say why";
}

} // namespace

bool looks_packed(std::string_view head) {
    constexpr size_t kTarMark = 257; // of POSIX and GNU tar
    constexpr size_t kTarHeader = 512; // whose unused bytes are zero, as in no text
    if (head.size() > kTarMark + 5 && head.substr(kTarMark, 5) == "ustar")
        return head.substr(0, kTarHeader).find('\0') != std::string_view::npos;
    // bzip2's level is a digit; a text may begin with its letters.
    if (head.size() > 10 && head.starts_with("BZh") && head[3] >= '1' && head[3] <= '9')
        return head.substr(4, 6) == "1AY&SY";
    using namespace std::string_view_literals;
    // A skippable frame of zstd, as pzstd begins with.
    if (head.size() > 8 && (static_cast<unsigned char>(head[0]) & 0xf0) == 0x50
        && head.substr(1, 3) == "\x2a\x4d\x18"sv)
        return true;
    return head.starts_with("\xfd"
                            "7zXZ\0"sv)
        || head.starts_with("\x28\xb5\x2f\xfd");
}

Result<PackedFiles> unpack_files(
    std::string_view bytes, const UnfoldLimit& limit, const WantedHead& member, const WantedHead& alone) {
    const std::unique_ptr<archive, Close> owner(archive_read_new());
    archive* a = owner.get();
    archive_read_support_filter_bzip2(a);
    archive_read_support_filter_xz(a);
    archive_read_support_filter_zstd(a);
    archive_read_support_format_tar(a);
    archive_read_support_format_raw(a);
    if (archive_read_open_memory(a, bytes.data(), bytes.size()) != ARCHIVE_OK)
        return make_error(Error::Kind::CannotRead, "is packed and cannot be unpacked: " + reason(a));
    PackedFiles all;
    Unpacker unpacker(a, limit.of(bytes.size()));
    for (size_t number = 1; number <= kMostMembers && !unpacker.ended(); ++number) {
        archive_entry* entry = nullptr;
        const int state = archive_read_next_header(a, &entry);
        if (state == ARCHIVE_EOF)
            return all;
        // A damaged header: libarchive looks for the next one behind it.
        if (state == ARCHIVE_RETRY) {
            all.damage = reason(a) + "; a member may be lost";
            continue;
        }
        if (state < ARCHIVE_WARN) {
            all.damage = reason(a);
            break;
        }
        const bool raw = archive_format(a) == ARCHIVE_FORMAT_RAW;
        if (raw || archive_entry_filetype(entry) == AE_IFREG)
            all.files.push_back(
                {raw ? std::string() : name_of(entry, number), unpacker.member(raw ? alone : member)});
    }
    if (unpacker.limited())
        all.damage = "it " + limit.reached(bytes.size());
    else if (unpacker.ended())
        all.damage = reason(a);
    else if (all.damage.empty())
        all.damage = "it has more than " + std::to_string(kMostMembers) + " members";
    if (all.files.empty() || all.files.front().bytes.bytes.empty())
        return make_error(Error::Kind::CannotRead, "is packed and cannot be unpacked: " + all.damage);
    return all;
}

} // namespace hopscope::read
