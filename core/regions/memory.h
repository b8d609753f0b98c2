// What a forward keeps for its backward, and what of that would be alive without it.
//
// A value that the forward hands over is followed to the tensor whose storage it is: through region calls
// (into the body that makes it, out to what a call passes) and through views. A storage that is an input of
// the whole forward is alive anyway: autograd's saved tensors hold no second copy of a parameter. Every other
// storage is kept, and counts once, however many values lie in it.
//
// Views are torch's (aten/src/ATen/native/native_functions.yaml, operators that return `Tensor(a)`), after
// functionalization. What is cheap to make again follows torch/_functorch/partitioners.py
// (get_default_op_list, default_recomputable_ops).
#pragma once

#include "core/regions/ledger.h"

#include <optional>
#include <string>
#include <vector>

namespace hopscope {

// Values that one node of a forward body hands to the backward, of all calls that run it.
struct KeptValue {
    Place at; // in the body that makes it, or takes it as a placeholder
    std::string region; // Dynamo's identifier; empty: of no region
    std::optional<int64_t> bytes; // of its storage; none: symbolic
    bool alive_anyway = false;
    // Whose storage it is, where that is counted with another row or is an input; graph none where it is
    // counted here.
    Place alias_of;
    // Alive anyway: the inputs of the whole forward whose storage it is, in the order of the calls.
    std::vector<NodeId> inputs;
    std::string why; // as far as the dump tells: tags of checkpointing, which nodes of the backward take it
    bool recomputable = false; // by cheap operators, from what is kept or alive anyway
    int times = 0; // over all calls
    // How many storages count with this row: bytes × counted, summed over all rows, are the totals. Fewer
    // than `times` where calls hand over one storage again, 0 where all lie in storages of other rows.
    int counted = 0;
    Place counted_with; // of those that do not count here, the first: the value that its storage counts with
};

// Storages that one node of the forward makes (or takes, as an input), as often as it does so.
struct KeptStorage {
    Place made; // the node whose storage it is, behind views and region calls
    std::optional<int64_t> bytes; // of each; none: symbolic
    bool alive_anyway = false;
    int times = 0; // storages
    size_t row = 0; // of MemoryReport::saved: the value that hands it over first
};

// A node of the forward that the backward computes again.
struct Recomputed {
    Place at; // in the backward graph
    std::string target; // "aten.mm.default"
    int times = 0;
};

// What checkpointing asked for (torch/utils/checkpoint.py, CheckpointPolicy) beside what was done.
struct TaggedValue {
    Place at; // in the forward graph
    std::string tag; // "MUST_SAVE", "PREFER_RECOMPUTE", …
    bool saved = false; // else the backward computes it again
};

struct MemoryReport {
    CompilationId compilation;
    Place forward, backward; // the pair; graph none where the dump has none
    std::vector<KeptValue> saved; // in the order in which the forward returns them
    std::vector<KeptStorage> storages; // what these lie in, each once, in the same order
    std::vector<Recomputed> recomputed;
    // Tags that were not followed: asked to be saved and computed again, or the other way round.
    std::vector<TaggedValue> against_tags;
    // Bodies that are called with a tag and have none inside: the policy saw the call, not its operators.
    std::vector<Place> untagged_bodies;
    int64_t kept_bytes = 0, alive_bytes = 0; // each storage once
    int kept_values = 0; // storages
    int unknown_sizes = 0; // storages that are kept, of unknown size
};

// Of the forward graph of a compilation and its backward; empty where the dump has no such pair.
MemoryReport memory_of(const Dump& dump, const CompilationLedger& ledger);

// What the storage of a tensor takes: from its first to its last element. None where a dimension is a symbol.
std::optional<int64_t> storage_size(const GraphModule& module, const ValueType& type);

// Whether an operator's result lies in the storage of its first operand.
bool is_view_operator(const GraphModule& module, const Node& node);

} // namespace hopscope
