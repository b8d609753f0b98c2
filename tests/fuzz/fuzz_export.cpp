// Fuzzes torch.export's JSON: whatever it says, the text made of it reads as a graph, and prints and reads
// back.
#include "core/read/exported_program.h"
#include "core/read/readable.h"
#include "core/read/sympy.h"
#include "tests/fuzz/use.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace hopscope;
    const std::string_view json(reinterpret_cast<const char*>(data), size);
    (void)read::plain_expression(json.substr(0, 4096));
    const auto program = read::exported_program(json);
    if (!program)
        return 0;
    const auto text = std::make_shared<const std::string>(program->text);
    std::vector<Problem> problems;
    const auto modules = read::read_modules(*text, text, {}, problems);
    if (modules.size() != 1)
        std::abort();
    for (const read::ReadableModule& found : modules)
        fuzz::use(*found.module);
    return 0;
}
