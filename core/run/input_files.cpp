#include "core/run/input_files.h"

#include "core/base/text.h"
#include "core/read/file.h"
#include "core/run/placeholders.h"
#include "core/run/recorded.h"
#include "core/tensors/npy.h"
#include "core/tensors/pt.h"

#include <filesystem>

namespace hopscope::run {

namespace {

Error in_file(Error error, const std::string& path) {
    if (error.file.empty())
        error.file = path;
    return error;
}

// A folder with NAME.npy for each input, or one .npy for a body with one.
Result<Inputs> npy_inputs(
    const std::string& path, const GraphModule& module, BodyId body, Bindings& symbols) {
    std::error_code ignored;
    const bool folder = std::filesystem::is_directory(path, ignored);
    const std::vector<NodeId> nodes = wanted_inputs(module, body);
    if (!folder && nodes.size() != 1)
        return make_error(Error::Kind::Usage,
            path + " holds one array; the body has " + counted(nodes.size(), "input")
                + ": give a folder with a NAME.npy for each, or a .safetensors or .pt file");
    Inputs inputs;
    std::deque<tensors::Value> found;
    const auto find = [&](NodeId node, size_t) -> Result<const tensors::Value*> {
        const std::string name(module.text(module.body(body).node(node).name));
        const std::string file = folder ? (std::filesystem::path(path) / (name + ".npy")).string() : path;
        const auto bytes = read::map_file(file);
        if (!bytes)
            return bytes.error();
        inputs.owned.emplace_back();
        auto value = tensors::read_npy(bytes->bytes, name, inputs.owned.back());
        if (!value)
            return in_file(value.error(), file);
        found.push_back(std::move(*value));
        return &found.back();
    };
    auto values = take_values(module, body, find, symbols);
    if (!values)
        return values.error();
    inputs.values = std::move(*values);
    return inputs;
}

// The parameter that a placeholder is, where the dump says so: ParamAOTInput(target='layers.0.weight').
std::string_view target_of(std::string_view descriptor) {
    constexpr std::string_view kTarget = "target='";
    const size_t at = descriptor.find(kTarget);
    if (at == std::string_view::npos)
        return {};
    const std::string_view rest = descriptor.substr(at + kTarget.size());
    return rest.substr(0, rest.find('\''));
}

// Which entries of a .pt file are a body's inputs: a list's by their place, a dict's by their names.
class PtSource {
public:
    PtSource(const tensors::PtFile& file, const GraphModule& module, BodyId body, const std::string& prefix)
        : file_(file)
        , body_(module.body(body))
        , module_(module)
        , prefix_(prefix) {
        for (const tensors::PtFile::Entry& entry : file.entries())
            prefixed_ = prefixed_ || (!prefix.empty() && entry.name.starts_with(prefix));
    }

    Status fits(size_t wanted) const {
        const size_t count = file_.entries().size();
        if (file_.layout() == tensors::PtFile::Layout::Named || count == wanted)
            return {};
        return make_error(Error::Kind::Usage,
            std::string(
                file_.layout() == tensors::PtFile::Layout::Single ? "it is one value" : "its list has ")
                + (file_.layout() == tensors::PtFile::Layout::Single ? "" : counted(count, "value"))
                + "; expected " + std::to_string(wanted) + ", one for each input of the body");
    }

    Result<const tensors::Value*> find(NodeId node, size_t place) {
        const Node& n = body_.node(node);
        const auto entry = entry_of(n, place);
        if (!entry)
            return entry.error();
        if (!(*entry)->opaque.empty())
            return make_error(Error::Kind::Usage,
                "the placeholder '" + std::string(module_.text(n.name)) + "' is " + (*entry)->opaque
                    + "; expected a tensor or a number");
        taken_.push_back(*entry);
        return &(*entry)->value;
    }

    const std::vector<const tensors::PtFile::Entry*>& taken() const { return taken_; }

private:
    Result<const tensors::PtFile::Entry*> entry_of(const Node& n, size_t place) const {
        if (file_.layout() != tensors::PtFile::Layout::Named)
            return &file_.entries()[place];
        const std::string name(module_.text(n.name));
        auto found = file_.find(prefixed_ ? prefix_ + name : name);
        const std::string_view target = target_of(module_.text(n.descriptor));
        if (!found && found.error().kind == Error::Kind::NotFound && !target.empty())
            found = file_.find(target);
        if (found || found.error().kind != Error::Kind::NotFound)
            return found;
        std::vector<std::string> names;
        for (const tensors::PtFile::Entry& entry : file_.entries())
            names.push_back(entry.name);
        return no_value(name, names);
    }

    const tensors::PtFile& file_;
    const Body& body_;
    const GraphModule& module_;
    const std::string& prefix_;
    bool prefixed_ = false;
    std::vector<const tensors::PtFile::Entry*> taken_;
};

Result<Inputs> pt_inputs(const read::FileBytes& bytes, const GraphModule& module, BodyId body,
    const std::string& prefix, Bindings& symbols) {
    const auto file = tensors::PtFile::read(bytes.bytes, bytes.owner);
    if (!file)
        return file.error();
    PtSource source(*file, module, body, prefix);
    if (const Status status = source.fits(wanted_inputs(module, body).size()); !status)
        return status.error();
    auto values = take_values(
        module, body, [&](NodeId node, size_t place) { return source.find(node, place); }, symbols);
    if (!values)
        return values.error();
    // The bytes only once it is known that they fit: a few bytes of a file may stand for very many.
    Inputs inputs;
    inputs.values = std::move(*values);
    for (size_t i = 0; i < inputs.values.size(); ++i) {
        if (inputs.values[i].kind != tensors::Value::Kind::Tensor)
            continue;
        auto data = file->bytes_of(*source.taken()[i]);
        if (!data)
            return data.error();
        inputs.owned.push_back(std::move(*data));
        inputs.values[i].bytes = inputs.owned.back();
    }
    return inputs;
}

// By its name, or by how it begins: a zip archive, or the long number of files from before PyTorch 1.6 (a
// safetensors header of 640 bytes begins as any pickle does).
bool is_pt(std::string_view path, std::string_view bytes) {
    return path.ends_with(".pt") || path.ends_with(".pth") || path.ends_with(".bin")
        || bytes.starts_with("PK\x03\x04") || bytes.starts_with("\x80\x02\x8a\x0a");
}

} // namespace

Result<tensors::TensorFile> read_tensors(const std::string& path) {
    const auto file = read::map_file(path);
    if (!file)
        return file.error();
    if (file->bytes.starts_with("SQLite format 3"))
        return in_file(make_error(Error::Kind::CannotRead,
                           "it is a session, no file of values; the values of a run that it keeps can be "
                           "written to one"),
            path);
    auto tensors = tensors::TensorFile::read(file->bytes, file->owner);
    return tensors ? std::move(tensors) : Result<tensors::TensorFile>(in_file(tensors.error(), path));
}

Result<Inputs> file_inputs(const std::string& path, const GraphModule& module, BodyId body,
    const std::string& prefix, Bindings& symbols) {
    std::error_code ignored;
    if (std::filesystem::is_directory(path, ignored) || path.ends_with(".npy"))
        return npy_inputs(path, module, body, symbols);
    const auto bytes = read::map_file(path);
    if (!bytes)
        return bytes.error();
    if (is_pt(path, bytes->bytes)) {
        auto inputs = pt_inputs(*bytes, module, body, prefix, symbols);
        return inputs ? std::move(inputs) : Result<Inputs>(in_file(inputs.error(), path));
    }
    const auto file = tensors::TensorFile::read(bytes->bytes, bytes->owner);
    if (!file)
        return in_file(file.error(), path);
    const auto part = values_of_body(*file, module, body, prefix);
    if (!part)
        return in_file(part.error(), path);
    auto inputs = recorded_inputs(module, body, *part, symbols);
    return inputs ? std::move(inputs) : Result<Inputs>(in_file(inputs.error(), path));
}

} // namespace hopscope::run
