// A proof in words, as the command line prints it and the window shows it.
#pragma once

#include "core/proof/prove.h"

#include <string>

namespace hopscope::proof {

// Several lines, each with its newline.
std::string proof_text(const Dump& dump, const Proof& proof, bool recorded_given);

} // namespace hopscope::proof
