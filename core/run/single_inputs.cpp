#include "core/run/single_inputs.h"

#include "core/base/text.h"
#include "core/read/archive.h"
#include "core/run/placeholders.h"
#include "core/tensors/pt.h"
#include "core/tensors/view.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <map>

namespace hopscope::run {

namespace {

using Kind = tensors::Value::Kind;

Error usage(const std::string& word, const std::string& why) {
    return make_error(Error::Kind::Usage, "found the input '" + word + "': " + why);
}

// `missing`: a symbol in it that has no value yet.
Error no_size(const std::string& word, const std::string& size, const std::string& missing) {
    Error error = usage(word, "'" + size + "' is no size");
    if (!missing.empty()) {
        error.message += " as long as '" + missing + "' has no value";
        error.remedy = Error::Remedy::BindSymbol;
        error.subject = missing;
    }
    return error;
}

bool is_float(std::string_view text) {
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc{} && end == text.data() + text.size();
}

// The numbers between the brackets that `rest` begins with, which are taken off.
Status sizes(
    const std::string& word, std::string_view& rest, const Bindings& symbols, std::vector<int64_t>& out) {
    const size_t end = rest.find(']');
    if (!rest.starts_with('[') || end == std::string_view::npos)
        return usage(word, "expected sizes in brackets, as in f32[2,3]");
    std::string_view list = rest.substr(1, end - 1);
    rest = rest.substr(end + 1);
    while (!trimmed(list).empty()) {
        const size_t comma = std::min(list.find(','), list.size());
        std::string missing;
        const std::string size(trimmed(list.substr(0, comma)));
        const auto number = evaluate_symbolic(size, symbols, &missing);
        if (!number || *number < 0)
            return no_size(word, size, missing);
        out.push_back(*number);
        list = list.substr(std::min(comma + 1, list.size()));
    }
    return {};
}

Status add_one(const std::string& word, const Bindings& symbols, SingleInputs& singles) {
    const size_t equal = word.find('=');
    if (equal == std::string::npos || !is_identifier(word.substr(0, equal)))
        return usage(word, "expected NAME=f32[2,3] or NAME=NUMBER");
    tensors::Value value;
    value.name = word.substr(0, equal);
    std::string_view rest = std::string_view(word).substr(equal + 1);
    const size_t open = rest.find('[');
    if (open == std::string_view::npos) {
        int64_t whole = 0;
        const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), whole);
        value.kind = Kind::Number;
        value.python = rest;
        value.python_type = rest == "None"                             ? "NoneType"
            : rest == "True" || rest == "False"                        ? "bool"
            : error == std::errc{} && end == rest.data() + rest.size() ? "int"
            : is_float(rest)                                           ? "float"
                                                                       : "";
        if (value.python_type.empty())
            return usage(word, "expected a type as in f32[2,3], or a number, True, False or None");
        singles.values.push_back(std::move(value));
        return {};
    }
    const std::string_view name = rest.substr(0, open);
    const DType* dtype = dtype_by_abbreviation(name) ? dtype_by_abbreviation(name) : dtype_by_name(name);
    if (!dtype)
        return usage(
            word, "unknown type '" + std::string(name) + "'; expected one as in f32[2,3], i64[8], b8[4]");
    value.dtype = dtype->name;
    rest = rest.substr(open);
    if (const Status status = sizes(word, rest, symbols, value.shape); !status)
        return status;
    if (rest.starts_with('['))
        if (const Status status = sizes(word, rest, symbols, value.stride); !status)
            return status;
    if (!value.stride.empty() && value.stride.size() != value.shape.size())
        return usage(word,
            counted(value.stride.size(), "stride") + " for " + counted(value.shape.size(), "dimension"));
    singles.shapes.push_back(std::move(value));
    return {};
}

// Reads members and files of tensors, each once.
class SavedReader {
public:
    explicit SavedReader(SingleInputs& singles)
        : singles_(singles) { }

    Status add(const SavedTensor& saved);

private:
    Result<read::FileBytes> bytes_of(const SavedTensor& saved);
    Result<const tensors::PtFile*> pickle_of(const SavedTensor& saved);
    void keep(tensors::Value value, std::string bytes);

    struct File {
        read::FileBytes bytes;
        std::optional<read::Archive> archive;
    };

    SingleInputs& singles_;
    std::map<std::string, File> files_;
    std::map<std::pair<std::string, std::string>, read::FileBytes> members_;
    std::map<std::pair<std::string, std::string>, tensors::PtFile> pickles_;
};

Result<read::FileBytes> SavedReader::bytes_of(const SavedTensor& saved) {
    const std::pair<std::string, std::string> key{saved.path, saved.member};
    if (const auto known = members_.find(key); known != members_.end())
        return known->second;
    auto file = files_.find(saved.path);
    if (file == files_.end()) {
        auto bytes = read::map_file(saved.path);
        if (!bytes)
            return bytes.error();
        file = files_.emplace(saved.path, File{std::move(*bytes), {}}).first;
    }
    if (saved.member.empty())
        return file->second.bytes;
    if (!file->second.archive) {
        auto archive = read::Archive::open(file->second.bytes.bytes, file->second.bytes.owner);
        if (!archive)
            return archive.error();
        file->second.archive = std::move(*archive);
    }
    const read::Archive::Member* member = file->second.archive->find(saved.member);
    if (!member)
        return make_error(Error::Kind::NotFound, "the archive has no member " + utf8(saved.member));
    // Weights are stored as they are; one that unfolds to more than the file is no weight.
    auto bytes = file->second.archive->read(*member, {file->second.bytes.bytes.size() + (1 << 20)});
    if (bytes && !bytes->damage.empty()) // its sum does not hold, or it is cut: no numbers to run on
        return make_error(Error::Kind::Damaged, bytes->damage);
    if (bytes)
        members_.emplace(key, *bytes);
    return bytes;
}

Result<const tensors::PtFile*> SavedReader::pickle_of(const SavedTensor& saved) {
    const std::pair<std::string, std::string> key{saved.path, saved.member};
    auto known = pickles_.find(key);
    if (known == pickles_.end()) {
        auto bytes = bytes_of(saved);
        if (!bytes)
            return bytes.error();
        auto file = tensors::PtFile::read(bytes->bytes, bytes->owner);
        if (!file)
            return file.error();
        known = pickles_.emplace(key, std::move(*file)).first;
    }
    return &known->second;
}

void SavedReader::keep(tensors::Value value, std::string bytes) {
    singles_.owned.push_back(std::move(bytes));
    value.bytes = singles_.owned.back();
    singles_.values.push_back(std::move(value));
}

Status SavedReader::add(const SavedTensor& saved) {
    tensors::Value value;
    value.name = saved.name;
    value.dtype = saved.dtype;
    value.shape = saved.shape;
    value.stride =
        saved.stride.size() == saved.shape.size() ? saved.stride : tensors::dense_stride(saved.shape);
    if (!saved.pickled) {
        auto storage = bytes_of(saved);
        if (!storage)
            return storage.error();
        auto bytes = tensors::elements_of(storage->bytes, value, saved.offset);
        if (!bytes)
            return bytes.error();
        keep(std::move(value), std::move(*bytes));
        return {};
    }
    const auto file = pickle_of(saved);
    if (!file)
        return file.error();
    // A storage alone (torch/utils/_content_store.py): the script says what the tensor is.
    if ((*file)->holds_storage()) {
        auto storage = (*file)->storage_bytes();
        if (!storage)
            return storage.error();
        auto bytes = tensors::elements_of(*storage, value, saved.offset);
        if (!bytes)
            return bytes.error();
        keep(std::move(value), std::move(*bytes));
        return {};
    }
    const auto& entries = (*file)->entries();
    const tensors::PtFile::Entry* entry = nullptr;
    if (!saved.entry.empty()) {
        const auto found = (*file)->find(saved.entry);
        if (!found)
            return found.error();
        entry = *found;
    } else if (const auto place = static_cast<size_t>(saved.place.value_or(0)); place < entries.size()) {
        entry = &entries[place];
    }
    if (!entry || !entry->opaque.empty())
        return make_error(Error::Kind::NotFound,
            entry ? "it is " + entry->opaque : "the file has " + counted(entries.size(), "value"));
    value = entry->value;
    value.name = saved.name;
    if (value.kind != Kind::Tensor) {
        singles_.values.push_back(std::move(value));
        return {};
    }
    auto bytes = (*file)->bytes_of(*entry);
    if (!bytes)
        return bytes.error();
    keep(std::move(value), std::move(*bytes));
    return {};
}

} // namespace

Status add_named(const std::vector<std::string>& words, const Bindings& symbols, SingleInputs& singles) {
    for (const std::string& word : words)
        if (const Status status = add_one(word, symbols, singles); !status)
            return status;
    return {};
}

void add_saved(const std::vector<SavedTensor>& saved, bool samples, SingleInputs& singles) {
    SavedReader reader(singles);
    std::map<std::string, size_t> failed; // by file and why
    for (const SavedTensor& tensor : saved) {
        if (tensor.sample && !samples)
            continue;
        const bool named = std::any_of(singles.values.begin(), singles.values.end(),
                               [&](const tensors::Value& v) { return v.name == tensor.name; })
            || std::any_of(singles.shapes.begin(), singles.shapes.end(),
                [&](const tensors::Value& v) { return v.name == tensor.name; });
        if (named)
            continue;
        if (const Status status = reader.add(tensor); !status) {
            if (!failed[status.error().text()]++)
                singles.notes.push_back("'" + tensor.name + "' is not taken from " + utf8(tensor.path) + ": "
                    + status.error().message);
            continue;
        }
        ++singles.from_file;
        singles.source = std::filesystem::path(tensor.path).filename().string();
    }
}

} // namespace hopscope::run
