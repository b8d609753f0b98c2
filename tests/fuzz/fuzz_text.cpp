// Fuzzes texts in the wild: decoding, prefixes, the search for graphs, mending, and the other forms that
// graphs have.
#include "core/read/paste.h"
#include "tests/fuzz/use.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace hopscope;
    OpenOptions options;
    options.threads = 1;
    const auto dump =
        open_bytes("pasted text", std::string(reinterpret_cast<const char*>(data), size), options);
    if (!dump)
        return 0;
    fuzz::use(*dump);
    for (const Problem& p : dump->problems)
        if (p.offset > size)
            std::abort();
    return 0;
}
