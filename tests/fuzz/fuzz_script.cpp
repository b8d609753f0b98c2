// Fuzzes scripts that hold a graph and its inputs: what is made of them reads, and its lines are the
// script's.
#include "core/read/readable.h"
#include "core/read/script.h"
#include "tests/fuzz/use.h"

#include <algorithm>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace hopscope;
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    const auto script = read::read_script(bytes);
    if (!script)
        return 0;
    const auto lines = static_cast<size_t>(std::count(bytes.begin(), bytes.end(), '\n')) + 1;
    if (script->lines.size()
        != static_cast<size_t>(std::count(script->text.begin(), script->text.end(), '\n')))
        std::abort();
    for (const uint32_t line : script->lines)
        if (line == 0 || line > lines)
            std::abort();
    const auto text = std::make_shared<const std::string>(script->text);
    std::vector<Problem> problems;
    for (const read::ReadableModule& found : read::read_modules(*text, text, {}, problems))
        fuzz::use(*found.module);
    return 0;
}
