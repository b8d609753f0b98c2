// What keeps two bodies apart, in one sentence.
#pragma once

#include "core/diff/diff.h"

#include <string>

namespace hopscope {

// "4 aten.detach.default only in the first, which pass their value on: both compute the same"; "stride of 2
// nodes (mm: (8, 1) → (1, 4))"; "aten.addmm.default became aten.mm.default, aten.add.Tensor". Differences
// that follow from others (an operand that is only in one body) are left out. Empty where nothing differs
// that both bodies tell.
std::string difference_summary(
    const GraphModule& a, const GraphModule& b, const std::vector<BodyDiff>& diffs);

} // namespace hopscope
