// A body as it is drawn: with the options for it, its calls expanded and nodes left out where that was asked
// for. Shared inside export.
#pragma once

#include "core/export/picture.h"

namespace hopscope {

struct Drawn {
    std::shared_ptr<const GraphModule> expanded; // null: the dump's own
    const GraphModule* module = nullptr;
    BodyId body;
    draw::Options options;
    std::vector<NodeId> moved; // by node of the dump's body: its node here; empty where nothing was changed
    std::vector<NodeOrigin> origins; // by node here; likewise
    std::vector<std::string> calls; // that were expanded
    size_t left_out = 0;
    std::vector<bool> stands_in; // by node here; empty where nothing was left out
    std::shared_ptr<const GraphModule> whole; // before that
    std::string note;

    NodeId here(NodeId node) const { return moved.empty() ? node : moved[node.index]; }
};

// Error: NotFound where no call has one of the names.
Result<Drawn> drawn_body(
    const Dump& dump, const Place& place, draw::Options options, const PictureChoice& choice);
// Names may be gone with a call that was closed again; mistyped ones look the same.
void note_missing(Drawn& drawn, const std::vector<std::string>& names, std::string_view to_what);
void add_note(draw::Scene& scene, const std::string& note);
// What the picture of one body keeps of it.
void take_drawn(Drawn&& drawn, Picture& picture);
// What stands around it, as it was chosen. Error: Usage where an overlay needs a run.
Status dress_picture(const Dump& dump, const PictureChoice& choice, Picture& picture);
// A picture of both halves as a hairpin (halves.cpp).
Result<Picture> make_hairpin_picture(const Dump& dump, const Ledger* ledger, const Place& place,
    const draw::Options& options, const PictureChoice& choice, const Job& job);

} // namespace hopscope
