#include "core/executor/describe.h"

#include "core/executor/torch.h"

#include <algorithm>
#include <utility>

namespace hopscope::executor {

wire::Description describe(const std::vector<std::string>& composed) {
    std::vector<std::string> names;
    for (const c10::OperatorName& op : c10::Dispatcher::singleton().getAllOpNames()) {
        // Only what has a schema can be called; libtorch's own "aten::add" is ours "aten.add".
        const size_t colons = op.name.find("::");
        const auto found = c10::Dispatcher::singleton().findSchema(op);
        if (colons == std::string::npos || !found)
            continue;
        // Nor what only CUDA has kernels for.
        if (!found->hasKernelForDispatchKey(c10::DispatchKey::CPU)
            && !found->hasComputedKernelForDispatchKey(c10::DispatchKey::CPU))
            continue;
        names.push_back(op.name.substr(0, colons) + '.' + op.name.substr(colons + 2) + '.'
            + (op.overload_name.empty() ? "default" : op.overload_name));
    }
    std::sort(names.begin(), names.end());
    return {TORCH_VERSION, wire::kProtocol, composed, std::move(names)};
}

} // namespace hopscope::executor
