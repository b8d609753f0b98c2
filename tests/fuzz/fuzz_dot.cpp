// Fuzzes what `dot -Tjson0` prints: read into a drawing of the right size, or refused.
#include "core/layout/dot.h"
#include "core/layout/layout.h"

#include <cstdint>
#include <string>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace hopscope::layout;
    // Three boxes in a row, the first one's value used by both others.
    const Input input{
        .boxes = {{120, 40}, {80, 40}, {160, 40}}, .values = {{0, {{1, 1}, {2, 2}}}, {1, {{2, 1}}}}};
    Output out;
    out.places.resize(input.boxes.size());
    out.rows.resize(input.boxes.size());
    for (uint32_t v = 0; v < input.values.size(); ++v)
        for (uint32_t u = 0; u < input.values[v].users.size(); ++u)
            out.edges.push_back({.value = v, .use = u, .points = {}});
    (void)detail::read_dot_json(std::string(reinterpret_cast<const char*>(data), size), input, out);
    return 0;
}
