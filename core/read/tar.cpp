#include "core/read/tar.h"

#include <archive.h>
#include <archive_entry.h>

#include <algorithm>
#include <functional>
#include <memory>

namespace hopscope::read {

namespace {

constexpr size_t kMostMembers = 100'000;
constexpr size_t kTarBlock = 512; // bytes, of a header as well

struct Close {
    void operator()(archive* a) const { archive_read_free(a); }
};

// Takes libarchive's blocks, not archive_read_data, which drops what stands before damage.
class Unpacker {
public:
    Unpacker(archive* a, const FileBytes& whole, uint64_t most)
        : archive_(a)
        , whole_(whole)
        , left_(most) { }

    // `size`: what the header says; 0 = it says nothing.
    FileBytes member(const WantedHead& wanted, uint64_t size) {
        block_ = {};
        hole_ = 0;
        position_ = 0;
        more_ = true;
        pass();
        if (size > 0 && hole_ == 0 && block_.size() == size && lies_in_archive(block_)) {
            FileBytes bytes{whole_.owner, block_, {}};
            drain();
            return bytes;
        }
        auto text = std::make_shared<std::string>();
        append(*text, kHeadBytes);
        if (const uint64_t asked = wanted(*text); asked > text->size())
            append(*text, asked - text->size());
        drain();
        return unpacked(std::move(text));
    }
    bool ended() const { return damaged_ || limited_; }
    bool limited() const { return limited_; }

private:
    bool lies_in_archive(std::string_view block) const {
        const std::less_equal<> before;
        return before(whole_.bytes.data(), block.data())
            && before(block.data() + block.size(), whole_.bytes.data() + whole_.bytes.size());
    }
    // What is not wanted is gone through here, not by libarchive, which would not stop at the limit.
    void drain() {
        while (more_)
            pass();
    }
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
    const FileBytes& whole_;
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

// What a link names; empty where the member is none.
std::string link_target(archive_entry* entry) {
    for (const char* target : {archive_entry_hardlink(entry), archive_entry_symlink(entry)})
        if (target && *target)
            return target;
    return {};
}

std::string reason(archive* a) {
    const char* text = archive_error_string(a);
    return text ? text : "libarchive does not say why";
}

uint64_t position_of(archive* a) {
    return static_cast<uint64_t>(std::max<la_int64_t>(archive_filter_bytes(a, 0), 0));
}

// Two blocks of zeros end a tar archive. One that was cut between two members looks whole without.
bool has_end_mark(std::string_view bytes, uint64_t behind_last) {
    const std::string_view block = bytes.substr(std::min<uint64_t>(behind_last, bytes.size()), kTarBlock);
    return block.size() == kTarBlock && block.find_first_not_of('\0') == std::string_view::npos;
}

// One archive from its begin to its end.
class Reader {
public:
    Reader(archive* a, const FileBytes& whole, ArchiveForm form, const UnfoldLimit& limit)
        : archive_(a)
        , whole_(whole)
        , form_(form)
        , limit_(limit)
        , unpacker_(a, whole, limit.of(whole.bytes.size())) { }

    ArchiveMembers run(const WantedHead& wanted) {
        for (size_t number = 1; number <= kMostMembers && !unpacker_.ended(); ++number) {
            const uint64_t here = position_of(archive_);
            archive_entry* entry = nullptr;
            const int state = archive_read_next_header(archive_, &entry);
            if (state == ARCHIVE_EOF) {
                if (form_ == ArchiveForm::Tar && !has_end_mark(whole_.bytes, here))
                    damaged(here,
                        "the blocks of zeros that end a tar archive are missing behind its last member: "
                        "members may be lost");
                return std::move(all_);
            }
            // A damaged header: libarchive looks for the next one behind it.
            if (state == ARCHIVE_RETRY) {
                damaged(here, reason(archive_) + "; a member may be lost");
                continue;
            }
            if (state < ARCHIVE_WARN) {
                ends_at(here);
                return std::move(all_);
            }
            take(entry, number, wanted);
        }
        if (unpacker_.limited())
            damaged(position_of(archive_), "it " + limit_.reached(whole_.bytes.size()));
        else if (unpacker_.ended())
            ends_at(position_of(archive_));
        else
            damaged(position_of(archive_), "it has more than " + std::to_string(kMostMembers) + " members");
        return std::move(all_);
    }

private:
    void take(archive_entry* entry, size_t number, const WantedHead& wanted) {
        if (const std::string target = link_target(entry); !target.empty()) {
            all_.links.push_back(name_of(entry, number) + " -> " + target);
            archive_read_data_skip(archive_);
        } else if (archive_entry_filetype(entry) == AE_IFREG) {
            const auto size = static_cast<uint64_t>(std::max<la_int64_t>(archive_entry_size(entry), 0));
            ArchiveMember member{name_of(entry, number), unpacker_.member(wanted, size)};
            if (!unpacker_.ended() || !member.bytes.bytes.empty()) // or nothing of it is there
                all_.files.push_back(std::move(member));
        } else {
            archive_read_data_skip(archive_);
        }
    }
    // Where the bytes are at their end, libarchive's words are about what it missed there (zlib's numbers).
    void ends_at(uint64_t at) {
        const bool cut = at + kTarBlock > whole_.bytes.size();
        damaged(
            at, cut && form_ == ArchiveForm::ZipWithoutDirectory ? "its last file is cut" : reason(archive_));
    }
    // Of several the first says where, the last what ended it.
    void damaged(uint64_t at, std::string why) {
        if (all_.damage.empty())
            all_.damaged_at = at;
        all_.damage = std::move(why);
    }

    archive* archive_;
    const FileBytes& whole_;
    ArchiveForm form_;
    const UnfoldLimit& limit_;
    Unpacker unpacker_;
    ArchiveMembers all_;
};

} // namespace

bool looks_like_tar(std::string_view head) {
    constexpr size_t kMark = 257; // of POSIX and GNU tar
    // The unused bytes of a header are zero, as in no text.
    return head.size() > kMark + 5 && head.substr(kMark, 5) == "ustar"
        && head.substr(0, kTarBlock).find('\0') != std::string_view::npos;
}

Result<ArchiveMembers> read_members(
    const FileBytes& whole, ArchiveForm form, const UnfoldLimit& limit, const WantedHead& wanted) {
    const std::unique_ptr<archive, Close> owner(archive_read_new());
    archive* a = owner.get();
    if (form == ArchiveForm::Tar) {
        archive_read_support_format_tar(a);
        // Two archives, one appended to the other: their members are all there.
        archive_read_set_options(a, "tar:read_concatenated_archives");
    } else {
        archive_read_support_format_zip_streamable(a);
    }
    const std::string kind = form == ArchiveForm::Tar ? "is a tar archive" : "is a zip archive";
    const auto refused = [&](const std::string& why, uint64_t at) {
        Error e = make_error(Error::Kind::CannotRead,
            kind + " that was cut or damaged, and none of its members can be read: " + why);
        e.offset = at;
        return e;
    };
    if (archive_read_open_memory(a, whole.bytes.data(), whole.bytes.size()) != ARCHIVE_OK)
        return refused(reason(a), 0);
    ArchiveMembers all = Reader(a, whole, form, limit).run(wanted);
    const bool nothing = std::all_of(
        all.files.begin(), all.files.end(), [](const ArchiveMember& m) { return m.bytes.bytes.empty(); });
    if (!all.damage.empty() && nothing)
        return refused(all.damage, all.damaged_at);
    return all;
}

} // namespace hopscope::read
