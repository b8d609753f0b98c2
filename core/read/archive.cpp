#include "core/read/archive.h"

#include "core/base/text.h"

#include <zip.h>

#include <algorithm>

namespace hopscope::read {

namespace {

constexpr zip_int64_t kMostMembers = 100'000;

struct CloseZip {
    void operator()(zip_t* archive) const { zip_discard(archive); }
};
struct CloseMember {
    void operator()(zip_file_t* file) const { zip_fclose(file); }
};

// Appends up to `most` bytes. False at the end, or where it goes no further: `damage` says why.
bool append(zip_file_t* file, std::string& out, size_t most, std::string& damage) {
    const size_t before = out.size();
    out.resize(before + most);
    size_t done = 0;
    while (done < most) {
        const zip_int64_t n = zip_fread(file, out.data() + before + done, most - done);
        if (n <= 0) {
            if (n < 0)
                damage = zip_file_strerror(file);
            out.resize(before + done);
            return false;
        }
        done += static_cast<size_t>(n);
    }
    return true;
}

} // namespace

struct Archive::Parts {
    std::shared_ptr<const void> owner;
    std::unique_ptr<zip_t, CloseZip> archive;
    std::vector<Member> members;
};

bool looks_like_zip(std::string_view bytes) {
    return bytes.starts_with("PK\x03\x04") || bytes.starts_with(std::string_view("PK\x05\x06", 4));
}

Result<Archive> Archive::open(std::string_view bytes, std::shared_ptr<const void> owner) {
    Archive a;
    a.parts_ = std::make_shared<Parts>();
    a.parts_->owner = std::move(owner);
    zip_error_t error;
    zip_error_init(&error);
    zip_source_t* source = zip_source_buffer_create(bytes.data(), bytes.size(), 0, &error);
    zip_t* archive = source ? zip_open_from_source(source, ZIP_RDONLY, &error) : nullptr;
    if (!archive) {
        Error e = make_error(Error::Kind::CannotRead,
            std::string("is a zip archive that cannot be opened: ") + zip_error_strerror(&error));
        if (source)
            zip_source_free(source);
        zip_error_fini(&error);
        return e;
    }
    zip_error_fini(&error);
    a.parts_->archive.reset(archive);
    const zip_int64_t count = std::min(zip_get_num_entries(archive, 0), kMostMembers);
    for (zip_int64_t i = 0; i < count; ++i) {
        zip_stat_t info;
        zip_stat_init(&info);
        if (zip_stat_index(archive, static_cast<zip_uint64_t>(i), ZIP_FL_ENC_RAW, &info) != 0
            || !(info.valid & ZIP_STAT_NAME) || std::string_view(info.name).ends_with('/'))
            continue;
        const uint64_t size = info.valid & ZIP_STAT_SIZE ? info.size : 0;
        const uint64_t packed = info.valid & ZIP_STAT_COMP_SIZE ? info.comp_size : bytes.size();
        a.parts_->members.push_back(
            {info.name, size, std::min<uint64_t>(packed, bytes.size()), static_cast<uint64_t>(i)});
    }
    return a;
}

const std::vector<Archive::Member>& Archive::members() const {
    return parts_->members;
}

const Archive::Member* Archive::find(std::string_view name) const {
    for (const Member& member : parts_->members)
        if (member.name == name)
            return &member;
    return nullptr;
}

Result<FileBytes> Archive::read(
    const Member& member, const UnfoldLimit& limit, const WantedHead& wanted) const {
    zip_t* archive = parts_->archive.get();
    const auto damaged = [&](const std::string& why) {
        return make_error(
            Error::Kind::Damaged, "the member " + utf8(member.name) + " cannot be read: " + why);
    };
    const std::unique_ptr<zip_file_t, CloseMember> file(zip_fopen_index(archive, member.index, 0));
    if (!file)
        return damaged(zip_strerror(archive));
    auto text = std::make_shared<std::string>();
    std::string damage;
    bool more = append(file.get(), *text, kHeadBytes, damage);
    const uint64_t most = limit.of(member.packed);
    if (more && (!wanted || wanted(*text)))
        while (more) {
            if (text->size() >= most) {
                damage = "it " + limit.reached(member.packed);
                break;
            }
            more = append(file.get(), *text,
                std::min<uint64_t>(most - text->size(), std::max<size_t>(text->size(), 1 << 20)), damage);
        }
    if (text->empty() && !damage.empty())
        return damaged(damage);
    if (!damage.empty())
        damage = "the member " + utf8(member.name) + " is read in part: " + damage;
    return unpacked(std::move(text), std::move(damage));
}

} // namespace hopscope::read
