// Operators that this libtorch lacks, made of those that it has.
#pragma once

#include <string>
#include <vector>

namespace hopscope::executor {

// Registers with the dispatcher every operator of the table that is not there yet, under PyTorch 2.13's
// schema. Called once, before anything is compiled. Returns the names that were added.
std::vector<std::string> register_missing_operators();

} // namespace hopscope::executor
