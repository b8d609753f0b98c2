// What this executor can do, told without serving anybody.
#pragma once

#include "core/wire/messages.h"

#include <string>
#include <vector>

namespace hopscope::executor {

// Every operator that the dispatcher has a kernel of the CPU for by now.
wire::Description describe(const std::vector<std::string>& composed);

} // namespace hopscope::executor
