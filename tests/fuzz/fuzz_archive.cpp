// Fuzzes archives: those of torch.export, and logs in zip, tar, gzip, bzip2, xz and zstd.
#include "core/read/payloads.h"
#include "tests/fuzz/use.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace hopscope;
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    fuzz::MemoryFile file("archive");
    file.set(bytes);
    OpenOptions options;
    options.threads = 1;
    options.max_unfold = 1 << 24;
    const auto dump = open_dump({file.path()}, options);
    if (dump) {
        fuzz::use(*dump);
        (void)check_payloads(dump->payloads);
    }
    return 0;
}
