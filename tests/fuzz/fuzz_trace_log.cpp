// Fuzzes opening a TORCH_TRACE log: records, envelopes, payloads, graphs, and the ledger built of them; and
// what is read by several threads against what is read by one.
#include "tests/fuzz/use.h"

#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace {

// Graphs and problems of a dump, as far as people see them.
std::string told(const hopscope::Result<hopscope::Dump>& dump) {
    using namespace hopscope;
    if (!dump)
        return dump.error().text();
    std::string text;
    for (size_t g = 0; g < dump->graphs.size(); ++g) {
        const GraphModule& module = *dump->graphs[g].module;
        text += address_of(*dump, GraphId(g)) + "\n";
        if (!module.bodies.empty() && module.bodies.size() <= fuzz::kMostBodies)
            text += print_readable(module, BodyId(0));
    }
    for (const Problem& p : dump->problems)
        text += std::to_string(p.line) + ":" + std::to_string(p.offset) + ": " + p.message + "\n";
    return text;
}

} // namespace

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
    options.threads = 3;
    if (told(open_dump({file.path()}, options)) != told(dump))
        std::abort();
    return 0;
}
