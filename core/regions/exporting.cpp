#include "core/regions/exporting.h"

namespace hopscope {

bool exported_strictly(const Dump& dump, CompilationId compilation) {
    if (!compilation || !dump.compilation(compilation).function.empty())
        return false;
    bool any = false;
    for (const DescribedInput& input : dump.inputs) {
        if (input.compilation != compilation)
            continue;
        any = any || input.source.starts_with("L['flat_args'][");
        // What else it takes is the module's own.
        if (!input.source.starts_with("L['flat_args'][") && !input.source.starts_with("L['self']"))
            return false;
    }
    return any;
}

} // namespace hopscope
