// Operators of the prims namespace that are aten's under another name.
#pragma once

#include <string>
#include <vector>

namespace hopscope::executor {

struct Renamed {
    std::string schema; // in the namespace prims
    const char* aten; // takes the same arguments first; its others have defaults
    const char* overload;
};
const std::vector<Renamed>& renamed_prims();

} // namespace hopscope::executor
