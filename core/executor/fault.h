// What a verb answers instead of its result.
#pragma once

#include "core/executor/machine.h"
#include "core/graph/body.h"
#include "core/wire/messages.h"

#include <string>

namespace hopscope::executor {

// Thrown by verbs: an error answer.
struct Fault {
    int code; // wire::Code
    std::string message;
};

// A node that ended a run, in words.
inline wire::NodeFailure told(const GraphModule& module, const Failure& failure) {
    const Node& node = module.body(failure.body).node(failure.node);
    return {body_path(module, failure.body), std::string(module.text(node.name)),
        std::string(short_target(module, node)), failure.path, failure.message, failure.unsupported, {}};
}

} // namespace hopscope::executor
