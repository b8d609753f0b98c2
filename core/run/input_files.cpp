#include "core/run/input_files.h"

#include "core/base/text.h"
#include "core/read/file.h"
#include "core/run/npy.h"

#include <filesystem>

namespace hopscope::run {

namespace {

// A folder with NAME.npy for each placeholder, or one .npy for a body with one placeholder.
Result<Inputs> npy_inputs(
    const std::string& path, const GraphModule& module, BodyId body, Bindings& symbols) {
    auto storage = std::make_shared<std::deque<std::string>>();
    std::vector<wire::Value> values;
    const bool folder = std::filesystem::is_directory(path);
    const size_t count = module.body(body).placeholder_count();
    if (!folder && count != 1)
        return make_error(Error::Kind::Usage,
            path + " holds one array; the body has " + counted(count, "placeholder")
                + ": give a folder with a NAME.npy for each, or a .safetensors file");
    for (size_t i = 0; i < count; ++i) {
        const std::string name(module.text(module.body(body).nodes[i].name));
        const std::string file = folder ? (std::filesystem::path(path) / (name + ".npy")).string() : path;
        const auto bytes = read::map_file(file);
        if (!bytes)
            return bytes.error();
        storage->emplace_back();
        auto value = read_npy(bytes->bytes, name, storage->back());
        if (!value) {
            Error error = value.error();
            error.file = file;
            return error;
        }
        values.push_back(std::move(*value));
    }
    const auto file = std::make_shared<std::string>(wire::write_tensor_file(values));
    auto tensors = wire::TensorFile::read(*file, file);
    if (!tensors)
        return tensors.error();
    return recorded_inputs(module, body, *tensors, symbols);
}

} // namespace

Result<wire::TensorFile> read_tensors(const std::string& path) {
    const auto file = read::map_file(path);
    if (!file)
        return file.error();
    auto tensors = wire::TensorFile::read(file->bytes, file->owner);
    if (tensors)
        return tensors;
    Error error = tensors.error();
    error.file = path;
    return error;
}

Result<Inputs> file_inputs(const std::string& path, const GraphModule& module, BodyId body,
    const std::string& prefix, Bindings& symbols) {
    std::error_code error;
    if (std::filesystem::is_directory(path, error) || path.ends_with(".npy"))
        return npy_inputs(path, module, body, symbols);
    const auto file = read_tensors(path);
    if (!file)
        return file.error();
    return recorded_inputs(module, body, file->below(prefix), symbols);
}

} // namespace hopscope::run
