// The one place that decides which stage a graph is, which half a body is of, what is a tangent, what is
// saved for the backward, and what of a body's results is its own. Everybody else asks here, or is told.
// (What names and descriptors alone say is in core/graph/roles.h, which readers ask too.)
//
// What each answer rests on, best first:
// - what the dump says: the stage of a record, AOT descriptors of placeholders and results;
// - identifiers of region calls, which AOTAutograd makes by rule (calls.h, identifier_parts);
// - the other half: a value that is saved keeps its name on both sides (torch/_functorch/partitioners.py,
//   _extract_fwd_bwd_modules), and a backward body takes saved values, then tangents
//   (torch/_higher_order_ops/invoke_subgraph.py);
// - names: AOTAutograd calls what a training graph takes primals_N and tangents_N.
#pragma once

#include "core/graph/roles.h"
#include "core/regions/ledger.h"

#include <optional>
#include <vector>

namespace hopscope {

// The stage of a graph: as recorded, and for a text that nobody recorded (Stage::Graph) as it shows itself;
// then Graph where nothing tells.
Stage stage_of(const Dump& dump, GraphId graph);

// Which half a body is of. A forward body that a backward graph runs again (activation checkpointing) stays
// one of the forward half.
std::optional<Half> half_of(const Dump& dump, GraphId graph, BodyId body);

// What the values of a body are. An inner region's body is no forward or backward of its own where its call
// is not partitioned: all that it returns is its own.
BodyRoles roles_of(const Dump& dump, GraphId graph, BodyId body);
// The same, held against the names that the program itself has for its inputs (input_names.h), which takes
// longer: what the operators and calls seem to take as a weight is none where the program passes a plain
// value, and what it calls a parameter or buffer is one. For pictures and pages, where a letter says so.
BodyRoles named_roles_of(const Dump& dump, GraphId graph, BodyId body);

// The body of the other half that goes with this one: the root with the root, a region's partitioned body
// with that of the same tangent variant. No graph where the dump has none.
Place other_half(const Dump& dump, GraphId graph, BodyId body);

// How many of a body's results are its own: all, but of a partitioned forward body, whose other results are
// saved, and of a forward graph whose backward graph is in the dump. None where nothing tells of a
// partitioned body.
std::optional<size_t> own_results(const Dump& dump, GraphId graph, BodyId body);

// What a forward body hands to its backward body, in the order of its results. Nothing of bodies that are not
// partitioned from each other.
std::vector<SavedValue> saved_values(const Dump& dump, const Place& forward, const Place& backward);

} // namespace hopscope
