// Fuzzes tensor files: what reads is written and reads again to the same values.
#include "core/tensors/npy.h"
#include "core/tensors/tensor_file.h"

#include <cstdint>
#include <cstdlib>
#include <string>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace {

using namespace hopscope;

bool same(const tensors::Value& a, const tensors::Value& b) {
    return a.name == b.name && a.kind == b.kind && a.dtype == b.dtype && a.shape == b.shape
        && a.stride == b.stride && a.bytes == b.bytes && a.python_type == b.python_type
        && a.python == b.python && a.items == b.items;
}

void again(const tensors::TensorFile& file) {
    const auto text = std::make_shared<const std::string>(tensors::write_tensor_file(file.values()));
    const auto read = tensors::TensorFile::read(*text, text);
    if (!read || read->values().size() != file.values().size())
        std::abort();
    for (size_t i = 0; i < file.values().size(); ++i)
        if (!same(read->values()[i], file.values()[i]))
            std::abort();
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    if (const auto file = tensors::TensorFile::read(bytes, nullptr)) {
        again(*file);
        (void)file->find("a");
        (void)file->below("a/");
    }
    std::string storage;
    if (const auto array = tensors::read_npy(bytes, "a", storage)) {
        const auto written = tensors::write_npy(*array);
        if (!written)
            return 0; // a dtype that NumPy has no name for
        std::string other;
        const auto read = tensors::read_npy(*written, "a", other);
        if (!read || !same(*read, *array))
            std::abort();
    }
    return 0;
}
