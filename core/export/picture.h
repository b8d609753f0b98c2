// A picture of a body as a person asked for it, with what a dump knows of it beyond the body itself: which
// half it is, what is saved for the other half, and what became of the regions that it calls. The window and
// the command line draw with these.
#pragma once

#include "core/base/job.h"
#include "core/draw/scene.h"
#include "core/export/overlay.h"
#include "core/graph/dump.h"
#include "core/graph/expand.h"
#include "core/graph/part.h"
#include "core/regions/ledger.h"

#include <compare>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hopscope {

// `ledger` may be null: then region calls have no dots and badges. The caller sets what the user chose (fold,
// layout).
draw::Options picture_options(const Dump& dump, const Ledger* ledger, const Place& place);

// Which nodes are drawn, by what they are to some that are named. Names are those of the picture: of a node
// that came out of an expanded call "invoke_subgraph_3/mm".
struct PicturePart {
    enum class Of : uint8_t {
        All,
        These, // the nodes named
        Ancestors, // what the first one rests on
        Descendants, // what rests on it
        Between, // what lies on a way between the first two
        Around, // what is at most `steps` arguments away from the first
    };
    Of of = Of::All;
    std::vector<std::string> names;
    int steps = 1;
    std::vector<std::string> hide; // and not these

    bool whole() const { return of == Of::All && hide.empty(); }
    friend auto operator<=>(const PicturePart&, const PicturePart&) = default;
};

// "ancestors:mm", "descendants:mm", "around:mm", "around:mm,2", "between:mm,add_3", "nodes:mm,add_3,view".
// Error: Usage.
Result<PicturePart> parse_part(std::string_view words);

// What a person chooses beyond draw::Options.
struct PictureChoice {
    bool with_backward = false; // the body's other half beside it, as a hairpin
    bool fold_repeats = false; // equal blocks behind each other drawn once, with how many they are
    size_t repeat_nodes = 2; // blocks of fewer operations are not folded
    int columns = 1; // into how many a long picture is wrapped
    bool sideways = false; // from left to right instead of from top to bottom
    // Calls whose bodies stand in their place: names of calls ("invoke_subgraph_3"), of what they call
    // ("partitioned_fw_subgraph_0_0") or identifiers ("subgraph_0": every body of the region); "all" is all,
    // "/invoke_subgraph_3/inner" the one call on that path.
    std::vector<std::string> expand;
    int levels = 1 << 20; // how deep calls inside of expanded ones are expanded with them
    std::vector<std::string> unfold; // nodes: blocks with one of them are drawn each by itself
    PicturePart part;

    bool legend = false; // what colours, letters and lines mean, below the picture
    OverlayKind overlay = OverlayKind::None; // what boxes are coloured by, with its scale below the picture

    bool plain() const { return *this == PictureChoice(); }
    friend auto operator<=>(const PictureChoice&, const PictureChoice&) = default;
};

struct Picture {
    draw::Scene scene;
    Place place{}; // the body; of a hairpin the forward one
    Place right{}; // of a hairpin the backward body, else no graph
    // The bodies as they are drawn where calls were expanded or nodes left out: see shown_body(); else null.
    // They point into the dump's.
    std::shared_ptr<const GraphModule> expanded{}, right_expanded{};
    BodyId expanded_body{}, right_expanded_body{}; // in them
    // Where the nodes of a changed body stand in the dump, by node; empty where it is the dump's own.
    std::vector<NodeOrigin> origins{}, right_origins{};
    // By node of the dump's body: its node in the changed one, of an expanded call the first that stands for
    // it; none where it is not drawn. Empty as above.
    std::vector<NodeId> moved{}, right_moved{};
    std::vector<std::string> calls{}; // that were expanded, by path; of a hairpin those of both bodies
    // Where PictureChoice::part leaves nodes out: how many, which nodes are stand-ins for them, and the
    // module before it (none: the dump's own), whose body has the same id.
    size_t left_out = 0;
    std::vector<bool> stands_in{};
    std::shared_ptr<const GraphModule> whole{};
    bool legend = false; // as it was asked for
    std::shared_ptr<const draw::Overlay> overlay{}; // likewise; null = none
};

// The body that is drawn, in its module.
struct ShownBody {
    const GraphModule* module = nullptr;
    BodyId body;
};
ShownBody shown_body(const Dump& dump, const Picture& picture, bool right = false);

// Which links are too long to be drawn, each by the names of what makes its value and of what takes it: "7
// links are too long to be drawn and stand as pairs of marks: a → b, c → d and 5 more". Empty where there is
// none.
std::string undrawn_text(const std::vector<std::pair<std::string, std::string>>& links);
std::string undrawn_links(const Dump& dump, const Picture& picture);

// Whether a body calls a region whose body the dump has.
bool calls_regions(const Dump& dump, const Place& place);
// Whether a body is one half of a pair that the dump has.
bool has_other_half(const Dump& dump, const Place& place);

// `options` are picture_options() of `place` with what the person chose. Errors: Usage where choices do not
// go together, NotFound where the dump has no other half or the body no call that `expand` names, and those
// of the layout.
Result<Picture> make_picture(const Dump& dump, const Ledger* ledger, const Place& place,
    const draw::Options& options, const PictureChoice& choice = {}, const Job& job = {});

// Whether a forward body and a backward one belong together, so that they can be drawn on shared rows.
bool can_share_rows(const Dump& dump, const Place& forward, const Place& backward);

// A forward body and its backward in two panes beside each other.
struct HalfRequest {
    Place forward, backward;
    // Neither folded, wrapped, sideways nor with the other half.
    PictureChoice forward_choice{}, backward_choice{};
};
struct HalfPictures {
    Picture forward, backward;
};
// Two halves as pictures of their own, laid out together: on the same rows, at the same heights, and equally
// high; what is saved leads out of both (draw::Edge::across). Errors as above.
Result<HalfPictures> make_half_pictures(const Dump& dump, const Ledger* ledger, const HalfRequest& request,
    const draw::Options& options, const Job& job = {});

} // namespace hopscope
