// Fuzzes the reader of print_readable text, and the printer against the reader.
#include "core/read/readable.h"
#include "tests/fuzz/use.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace hopscope;
    const auto storage = std::make_shared<std::string>(reinterpret_cast<const char*>(data), size);
    for (const bool tabbed : {false, true}) {
        std::vector<Problem> problems;
        read::ReadableOptions options;
        options.tabbed = tabbed;
        const auto modules = read::read_modules(*storage, storage, options, problems);
        for (const read::ReadableModule& found : modules) {
            fuzz::use(*found.module);
            if (problems.empty())
                fuzz::read_back(*found.module);
        }
        for (const Problem& p : problems)
            if (p.offset > size || p.line == 0)
                std::abort();
    }
    return 0;
}
