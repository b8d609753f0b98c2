// The verb `joint`.
#include "core/executor/derive.h"
#include "core/executor/server.h"

namespace hopscope::executor {

wire::JointAnswer Server::joint(const wire::JointRequest& request) {
    need_inputs();
    cancel_ = false;
    for (const std::vector<int64_t>& stride : request.tangent_strides)
        for (const int64_t step : stride)
            if (step < 0)
                throw Fault{wire::kInvalidParams, "a tangent has a negative stride"};
    const Joint joint = derive_joint(*program_, inputs_, request, files_.progress, [this] { return stop(); });
    if (joint.cancelled)
        throw Fault{wire::kCancelled, "cancelled after " + std::to_string(joint.run) + " nodes"};
    return joint;
}

} // namespace hopscope::executor
