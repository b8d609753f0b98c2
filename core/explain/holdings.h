// What a dump has and what it lacks: for each kind of record whether it is there, what of it, why it may be
// missing, what cannot be answered without it, and how to record it. A page for a person.
#pragma once

#include "core/explain/caches.h"
#include "core/regions/ledger.h"

#include <string>
#include <string_view>
#include <vector>

namespace hopscope {

enum class Presence : uint8_t {
    Present,
    Partly, // of some compilations, graphs or nodes
    Missing,
    NotApplicable, // this run or this PyTorch makes none
};
std::string_view presence_name(Presence p); // "present", "partly", "missing", "not_applicable"
std::string_view presence_label(Presence p); // the same in words

enum class HoldingGroup : uint8_t { Files, Graphs, OfGraphs, Caches, Failures, Run };
std::string_view holding_group_label(HoldingGroup group); // "files", "graphs", "in the graphs", …

struct Holding {
    HoldingGroup group = HoldingGroup::Files;
    std::string_view key; // stable: "trace", "text_log", "forward", "reuse_timers", …
    std::string what; // "structured log (TORCH_TRACE)"
    Presence presence = Presence::Missing;
    std::string found; // "1 file, 1.2 MiB"; of what is missing why, as far as the dump tells. Never empty.
    std::string answers; // what one needs it for: "which calls were reused, and what that saved"
    // How to record it: a line for a shell or a program. Empty where it is there, or where nothing helps.
    std::string record;
    std::vector<Spot> spots; // the first of each kind
};

// In the order of a page: by group.
std::vector<Holding> holdings(const Dump& dump, const Ledger& ledger);

} // namespace hopscope
