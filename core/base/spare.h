// Outputs that would destroy what is read.
#pragma once

#include "core/base/result.h"

#include <string>
#include <vector>

namespace hopscope {

// Error: Usage where `output` is one of the inputs, also by another name (a link), or a file that is there
// and lies in a folder that is read. A new file in such a folder is fine. Empty names are no files.
Status spares(const std::vector<std::string>& inputs, const std::string& output);

} // namespace hopscope
