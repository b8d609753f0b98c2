#include "core/tensors/pt.h"

#include "core/base/text.h"
#include "core/graph/types.h"
#include "core/tensors/pickle.h"
#include "core/tensors/view.h"

#include <zip.h>

#include <algorithm>
#include <charconv>
#include <map>

namespace hopscope::tensors {

namespace {

using Kind = PickledObject::Kind;

constexpr size_t kMostVisits = 4'000'000, kDeepest = 64, kMostNameBytes = size_t{64} << 20;
constexpr int64_t kMostBytes = int64_t{16} << 30;

Error damaged(std::string what) {
    return make_error(Error::Kind::Damaged, std::move(what));
}

struct CloseZip {
    void operator()(zip_t* archive) const { zip_discard(archive); }
};
struct CloseMember {
    void operator()(zip_file_t* file) const { zip_fclose(file); }
};

Value number_of(const PickledObject& object) {
    Value value;
    value.kind = Value::Kind::Number;
    switch (object.kind) {
    case Kind::Bool:
        value.python_type = "bool";
        value.python = object.number ? "True" : "False";
        break;
    case Kind::Int:
        value.python_type = "int";
        value.python = std::to_string(object.number);
        break;
    case Kind::Float: {
        char text[32];
        const auto end = std::to_chars(text, text + sizeof text, object.real).ptr;
        value.python_type = "float";
        value.python.assign(text, end);
        break;
    }
    default:
        value.python_type = "NoneType";
        value.python = "None";
    }
    return value;
}

} // namespace

struct PtFile::Parts {
    std::shared_ptr<const void> owner;
    size_t file_bytes = 0;
    std::unique_ptr<zip_t, CloseZip> archive;
    std::string root; // "archive/"
    std::string pickle_bytes;
    Pickle pickle;
    Layout layout = Layout::Single;
    std::vector<Entry> entries;
    std::vector<uint32_t> by_name; // indices of entries
    std::map<std::string, std::string, std::less<>> storages; // those that were read
    size_t storage_bytes = 0;

    Status open(std::string_view bytes);
    Result<std::string> member(const std::string& name);
    Result<const std::string*> storage(const PickledTensor& tensor);
    Status flatten();
    void add(uint32_t object, const std::string& name);
};

Status PtFile::Parts::open(std::string_view bytes) {
    // Protocol 2, then the long 0x1950a86a20f9469cfc6c: torch/serialization.py, MAGIC_NUMBER.
    constexpr std::string_view kLegacy("\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19", 14);
    if (bytes.starts_with(kLegacy))
        return make_error(Error::Kind::CannotRead,
            "is of the format from before PyTorch 1.6; save it again: torch.save(torch.load(FILE), FILE)");
    if (!bytes.starts_with("PK\x03\x04"))
        return make_error(Error::Kind::CannotRead, "is no file of torch.save: expected a zip archive");
    zip_error_t error;
    zip_error_init(&error);
    zip_source_t* source = zip_source_buffer_create(bytes.data(), bytes.size(), 0, &error);
    archive.reset(source ? zip_open_from_source(source, ZIP_RDONLY, &error) : nullptr);
    const std::string reason = zip_error_strerror(&error);
    zip_error_fini(&error);
    if (!archive) {
        if (source)
            zip_source_free(source);
        return damaged("its zip archive cannot be read: " + reason);
    }
    file_bytes = bytes.size();
    constexpr std::string_view kPickle = "data.pkl";
    const zip_int64_t count = zip_get_num_entries(archive.get(), 0);
    for (zip_int64_t i = 0; i < count && root.empty(); ++i) {
        const char* name = zip_get_name(archive.get(), static_cast<zip_uint64_t>(i), ZIP_FL_ENC_RAW);
        const std::string_view text = name ? name : "";
        if (text.ends_with(kPickle) && text.size() > kPickle.size()
            && text[text.size() - kPickle.size() - 1] == '/')
            root = text.substr(0, text.size() - kPickle.size());
    }
    if (root.empty())
        return make_error(
            Error::Kind::CannotRead, "is a zip archive without a data.pkl; expected one of torch.save");
    if (zip_name_locate(archive.get(), (root + "constants.pkl").c_str(), ZIP_FL_ENC_RAW) >= 0)
        return make_error(
            Error::Kind::CannotRead, "is a TorchScript program; expected tensors that torch.save wrote");
    return {};
}

// A member's bytes, stored as they are.
Result<std::string> PtFile::Parts::member(const std::string& name) {
    const std::string path = root + name;
    zip_stat_t info;
    zip_stat_init(&info);
    const zip_int64_t index = zip_name_locate(archive.get(), path.c_str(), ZIP_FL_ENC_RAW);
    if (index < 0 || zip_stat_index(archive.get(), static_cast<zip_uint64_t>(index), 0, &info) != 0)
        return make_error(Error::Kind::NotFound, "the archive has no member " + utf8(name));
    // Only what is stored: a compressed member of a few bytes could hold gigabytes.
    if (!(info.valid & ZIP_STAT_COMP_METHOD) || info.comp_method != ZIP_CM_STORE
        || !(info.valid & ZIP_STAT_SIZE) || info.size > file_bytes)
        return damaged(
            "the member " + utf8(name) + " is compressed or larger than the file; torch.save stores members");
    const std::unique_ptr<zip_file_t, CloseMember> file(
        zip_fopen_index(archive.get(), static_cast<zip_uint64_t>(index), 0));
    if (!file)
        return damaged("the member " + utf8(name) + " cannot be read: " + zip_strerror(archive.get()));
    std::string bytes(info.size, '\0');
    size_t done = 0;
    char behind = 0; // reading past the end is what checks the sum
    for (;;) {
        const bool full = done == bytes.size();
        const zip_int64_t n =
            zip_fread(file.get(), full ? &behind : bytes.data() + done, full ? 1 : bytes.size() - done);
        if (n < 0)
            return damaged("the member " + utf8(name) + " cannot be read: " + zip_file_strerror(file.get()));
        if (n == 0 || full)
            break;
        done += static_cast<size_t>(n);
    }
    if (done != bytes.size())
        return damaged("the member " + utf8(name) + " ends after " + std::to_string(done) + " of "
            + std::to_string(bytes.size()) + " bytes");
    return bytes;
}

Result<const std::string*> PtFile::Parts::storage(const PickledTensor& tensor) {
    auto found = storages.find(tensor.key);
    if (found == storages.end()) {
        auto bytes = member("data/" + std::string(tensor.key));
        if (!bytes)
            return bytes.error();
        // Members that share bytes could make more of a file than it holds.
        if ((storage_bytes += bytes->size()) > file_bytes)
            return damaged("its storages overlap");
        found = storages.emplace(tensor.key, std::move(*bytes)).first;
    }
    if (found->second.size() < static_cast<uint64_t>(tensor.storage_bytes))
        return damaged("the storage " + utf8(tensor.key) + " has " + std::to_string(found->second.size())
            + " bytes; expected " + std::to_string(tensor.storage_bytes));
    return &found->second;
}

void PtFile::Parts::add(uint32_t id, const std::string& name) {
    const PickledObject& object = pickle.object(id);
    Entry entry;
    entry.name = name;
    switch (object.kind) {
    case Kind::Tensor: {
        const PickledTensor& tensor = pickle.tensors[static_cast<size_t>(object.number)];
        entry.tensor = static_cast<uint32_t>(object.number);
        entry.value.dtype = tensor.dtype;
        entry.value.shape = tensor.shape;
        entry.value.stride = tensor.stride;
        break;
    }
    case Kind::None:
    case Kind::Bool:
    case Kind::Int:
    case Kind::Float:
        entry.value = number_of(object);
        break;
    case Kind::Text:
        entry.opaque = "a text";
        break;
    case Kind::Global:
        entry.opaque = "the name " + utf8(object.text.substr(0, 100));
        break;
    case Kind::Storage:
        entry.opaque = "a storage without a tensor";
        break;
    default:
        entry.opaque = object.text;
    }
    entry.value.name = name;
    entries.push_back(std::move(entry));
}

// Leaves by their paths, without recursion: containers may hold themselves.
Status PtFile::Parts::flatten() {
    struct Frame {
        uint32_t object;
        size_t next = 0;
        size_t name_bytes = 0; // of the path up to here
    };
    const auto is_container = [&](uint32_t id) {
        const Kind kind = pickle.object(id).kind;
        return kind == Kind::Dict || kind == Kind::List || kind == Kind::Tuple;
    };
    const Kind top = pickle.object(pickle.root).kind;
    layout = top == Kind::Dict ? Layout::Named : is_container(pickle.root) ? Layout::Listed : Layout::Single;
    if (layout == Layout::Single) {
        add(pickle.root, "");
        return {};
    }
    std::vector<Frame> frames{{pickle.root}};
    std::string path;
    size_t visits = 0, name_bytes = 0;
    while (!frames.empty()) {
        Frame& frame = frames.back();
        const PickledObject& object = pickle.object(frame.object);
        path.resize(frame.name_bytes);
        const bool dict = object.kind == Kind::Dict;
        if (frame.next >= object.items.size() / (dict ? 2 : 1)) {
            frames.pop_back();
            continue;
        }
        const size_t place = frame.next++;
        const uint32_t item = object.items[dict ? 2 * place + 1 : place];
        if (!path.empty())
            path += '.';
        if (!dict) {
            path += std::to_string(place);
        } else if (const PickledObject& key = pickle.object(object.items[2 * place]);
                   key.kind == Kind::Text) {
            path += key.text;
        } else if (key.kind == Kind::Int) {
            path += std::to_string(key.number);
        } else {
            continue; // a key that no name can be made of
        }
        if (++visits > kMostVisits || (name_bytes += path.size()) > kMostNameBytes)
            return damaged(
                "data.pkl: more values than a file of " + std::to_string(file_bytes) + " bytes is read for");
        if (!is_container(item))
            add(item, path);
        else if (frames.size() == kDeepest)
            return damaged("data.pkl: containers are nested more than " + std::to_string(kDeepest)
                + " deep, or hold themselves");
        else
            frames.push_back({item, 0, path.size()});
    }
    return {};
}

Result<PtFile> PtFile::read(std::string_view bytes, std::shared_ptr<const void> owner) {
    PtFile file;
    file.parts_ = std::make_shared<Parts>();
    Parts& parts = *file.parts_;
    parts.owner = std::move(owner);
    if (const Status status = parts.open(bytes); !status)
        return status.error();
    if (const auto order = parts.member("byteorder"); order && *order != "little")
        return make_error(Error::Kind::CannotRead,
            "was saved with byte order '" + utf8(order->substr(0, 20)) + "'; expected 'little'");
    auto pickle_bytes = parts.member("data.pkl");
    if (!pickle_bytes)
        return pickle_bytes.error();
    parts.pickle_bytes = std::move(*pickle_bytes);
    auto pickle = read_pickle(parts.pickle_bytes);
    if (!pickle)
        return pickle.error();
    parts.pickle = std::move(*pickle);
    if (const Status status = parts.flatten(); !status)
        return status.error();
    for (uint32_t i = 0; i < parts.entries.size(); ++i)
        parts.by_name.push_back(i);
    std::stable_sort(parts.by_name.begin(), parts.by_name.end(),
        [&](uint32_t a, uint32_t b) { return parts.entries[a].name < parts.entries[b].name; });
    return file;
}

PtFile::Layout PtFile::layout() const {
    return parts_->layout;
}

const std::vector<PtFile::Entry>& PtFile::entries() const {
    return parts_->entries;
}

Result<const PtFile::Entry*> PtFile::find(std::string_view name) const {
    const auto& order = parts_->by_name;
    const auto& entries = parts_->entries;
    const auto found = std::lower_bound(order.begin(), order.end(), name,
        [&](uint32_t i, std::string_view n) { return entries[i].name < n; });
    if (found == order.end() || entries[*found].name != name)
        return make_error(Error::Kind::NotFound, "there is no '" + utf8(name) + "' in the file");
    if (found + 1 != order.end() && entries[found[1]].name == name)
        return damaged("'" + utf8(name) + "' stands in the file twice");
    return &entries[*found];
}

bool PtFile::holds_storage() const {
    return parts_->pickle.object(parts_->pickle.root).kind == Kind::Storage;
}

Result<std::string> PtFile::storage_bytes() const {
    const PickledObject& root = parts_->pickle.object(parts_->pickle.root);
    if (root.kind != Kind::Storage)
        return damaged("holds no storage");
    return parts_->member("data/" + std::string(root.text));
}

Result<std::string> PtFile::bytes_of(const Entry& entry) const {
    const auto at = [&](Error error) {
        error.message = "'" + utf8(entry.name) + "': " + error.message;
        return error;
    };
    if (!entry.tensor)
        return at(
            damaged("is " + (entry.opaque.empty() ? "a number" : entry.opaque) + "; expected a tensor"));
    const PickledTensor& tensor = parts_->pickle.tensors[*entry.tensor];
    const size_t item = dtype_by_name(tensor.dtype)->bits / 8u;
    Value view;
    view.dtype = tensor.dtype;
    view.shape = tensor.shape;
    view.stride = tensor.stride;
    if (tensor.storage_bytes < 0)
        return at(damaged("its sizes, strides or offset are negative or too large"));
    const auto elements = checked_elements(
        view, tensor.offset, tensor.storage_bytes / static_cast<int64_t>(item), static_cast<int64_t>(item));
    if (!elements)
        return at(elements.error());
    if (*elements == 0)
        return std::string();
    const auto storage = parts_->storage(tensor);
    if (!storage)
        return at(storage.error());
    auto bytes = elements_of(**storage, view, tensor.offset);
    return bytes ? std::move(bytes) : at(bytes.error());
}

} // namespace hopscope::tensors
