// A picture of a body as a person asked for it, with what a dump knows of it beyond the body itself: which
// half it is, what is saved for the other half, and what became of the regions that it calls. The window and
// the command line draw with these.
#pragma once

#include "core/base/job.h"
#include "core/draw/scene.h"
#include "core/graph/dump.h"
#include "core/regions/ledger.h"

#include <memory>
#include <string>
#include <vector>

namespace hopscope {

// `ledger` may be null: then region calls have no dots and badges. The caller sets what the user chose (fold,
// layout).
draw::Options picture_options(const Dump& dump, const Ledger* ledger, const Place& place);

// What a person chooses beyond draw::Options.
struct PictureChoice {
    bool with_backward = false; // the body's other half beside it, as a hairpin
    bool fold_repeats = false; // equal blocks behind each other drawn once, with how many they are
    size_t repeat_nodes = 2; // blocks of fewer operations are not folded
    int columns = 1; // into how many a long picture is wrapped
    // Calls whose bodies stand in their place: names of calls ("invoke_subgraph_3"), of what they call
    // ("partitioned_fw_subgraph_0_0") or identifiers ("subgraph_0": every body of the region); "all" is all.
    std::vector<std::string> expand;

    bool legend = false; // what colours, letters and lines mean, below the picture

    bool plain() const {
        return !with_backward && !fold_repeats && columns == 1 && expand.empty() && !legend;
    }
};

struct Picture {
    draw::Scene scene;
    Place place; // the body; of a hairpin the forward one
    Place right; // of a hairpin the backward body, else no graph
    // The bodies as they are drawn where calls were expanded: BodyId(0) of each; else null. They point into
    // the dump's.
    std::shared_ptr<const GraphModule> expanded, right_expanded;
    bool legend = false;
};

// Whether a body calls a region whose body the dump has.
bool calls_regions(const Dump& dump, const Place& place);
// Whether a body is one half of a pair that the dump has.
bool has_other_half(const Dump& dump, const Place& place);

// `options` are picture_options() of `place` with what the person chose. Errors: Usage where choices do not
// go together, NotFound where the dump has no other half or the body no call that `expand` names, and those
// of the layout.
Result<Picture> make_picture(const Dump& dump, const Ledger* ledger, const Place& place,
    const draw::Options& options, const PictureChoice& choice = {}, const Job& job = {});

} // namespace hopscope
