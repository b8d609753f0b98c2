// What PyTorch knows of a region's outputs while it makes the backward
// (torch/_higher_order_ops/invoke_subgraph.py, get_output_metadata and OutputMetadata): which are tensors,
// integers or None, which need a gradient, and which tangent is theirs, as those without are filtered from
// the tangents.
#pragma once

#include "core/regions/ledger.h"

#include <optional>
#include <string_view>
#include <vector>

namespace hopscope {

struct RegionOutput {
    enum class Kind : uint8_t { Tensor, Integer, None, Other };
    Kind kind = Kind::Other;
    NodeId node; // of the called body; none for a literal
    bool saved = false; // for the backward only: no output of the region itself
    std::optional<bool> needs_gradient; // nothing: the dump does not tell
    std::optional<size_t> tangent; // which of the backward's tangents; none: has none, or not known which
};
std::string_view output_kind_name(RegionOutput::Kind kind); // "tensor", "integer", "none", "other"

// Of the body that the region call at `call` (graph, body, node) calls, in its order. Rests on types, and on
// the tangents that the backward of the same invocation takes (in the joint graph, else in the backward
// graph). Empty where the node is no region call or its body is not in the dump.
std::vector<RegionOutput> region_outputs(const Dump& dump, const Ledger& ledger, const Place& call);

} // namespace hopscope
