// Fuzzes opening a TORCH_TRACE log: records, envelopes, payloads, graphs, and the ledger built of them.
#include "tests/fuzz/use.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace hopscope;
    static fuzz::MemoryFile file("trace.log");
    // So that mutations cannot make the file another format.
    static const std::string head = "V1123 16:05:59.722000 1 a.py:1] {\"str\": [\"a.py\", 0]}\n";
    file.set(head + std::string(reinterpret_cast<const char*>(data), size));
    OpenOptions options;
    options.threads = 1;
    options.verify_md5 = true;
    const auto dump = open_dump({file.path()}, options);
    if (dump)
        fuzz::use(*dump);
    return 0;
}
