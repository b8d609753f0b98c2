// Fuzzes the reader of torch.save files: as an archive, and its pickle alone, which the archive's checksums
// shield.
#include "core/tensors/pickle.h"
#include "core/tensors/pt.h"

#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace hopscope;
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    if (const auto pickle = tensors::read_pickle(bytes))
        for (const tensors::PickledObject& object : pickle->objects)
            for (const uint32_t item : object.items)
                if (item >= pickle->objects.size())
                    std::abort();
    const auto file = tensors::PtFile::read(bytes, nullptr);
    if (!file)
        return 0;
    for (const tensors::PtFile::Entry& entry : file->entries()) {
        // What a view of stride 0 repeats may be very much: only what a small file holds is asked for.
        if (entry.tensor == UINT32_MAX || entry.value.shape.size() > 8)
            continue;
        int64_t elements = 1;
        for (const int64_t n : entry.value.shape)
            if (__builtin_mul_overflow(elements, n, &elements) || elements > 1 << 20)
                elements = 1 << 21;
        if (elements >= 0 && elements <= 1 << 20)
            (void)file->bytes_of(entry);
    }
    return 0;
}
