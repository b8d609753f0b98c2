// How each body is drawn, as the person changed it step by step: what is expanded, folded, hidden. Every
// change can be taken back. And the changes themselves, as functions from one way of drawing to the next.
#pragma once

#include "core/export/numbered.h"

#include <map>
#include <string>
#include <utility>
#include <vector>

namespace hopscope {

class PictureHistory {
public:
    using BodyKey = std::pair<GraphId, BodyId>;

    const PictureChoice& of(const Place& body) const;
    void change(const Place& body, PictureChoice next); // the same again is no step
    // Of several bodies as one step, each of them once.
    using Changes = std::vector<std::pair<Place, PictureChoice>>;
    void change(Changes next);
    void clear(); // another document

    bool can_undo() const { return at_ > 0; }
    bool can_redo() const { return at_ < steps_.size(); }
    // The (first) body whose picture has changed by it; no graph where there is no step.
    Place undo();
    Place redo();

private:
    struct Change {
        BodyKey body;
        PictureChoice before, after;
    };
    using Step = std::vector<Change>; // at least one
    void set(const BodyKey& body, const PictureChoice& choice);

    std::map<BodyKey, PictureChoice> choices_; // those that are not plain
    std::vector<Step> steps_;
    size_t at_ = 0; // steps before it are done
};

// --- changes. Nodes are numbers of the picture that is shown.
// The body in the place of a call; why_not_expand() says why a node is none that can be.
PictureChoice expand_call(const NumberedPicture& shown, PictureChoice choice, NodeId call);
PictureChoice expand_all(PictureChoice choice);
PictureChoice expand_one_level(const NumberedPicture& shown, PictureChoice choice);
// Closes the innermost expanded call that the node came out of, or is.
PictureChoice collapse(const NumberedPicture& shown, PictureChoice choice, NodeId node);
PictureChoice collapse_all(PictureChoice choice);
// Draws the blocks that stand behind the node's box each by itself.
PictureChoice unfold(const NumberedPicture& shown, PictureChoice choice, NodeId node);
PictureChoice hide(const NumberedPicture& shown, PictureChoice choice, const std::vector<NodeId>& nodes);
PictureChoice extract(const NumberedPicture& shown, PictureChoice choice, const std::vector<NodeId>& nodes);
// Nodes that are left out come back, by name (NumberedPicture::names_beside).
PictureChoice reveal(
    const NumberedPicture& shown, PictureChoice choice, const std::vector<std::string>& names);
PictureChoice show_whole(PictureChoice choice);

// Empty where it can be done.
std::string why_not_expand(const NumberedPicture& shown, NodeId node);
std::string why_not_collapse(const NumberedPicture& shown, NodeId node);
std::string why_not_unfold(const NumberedPicture& shown, NodeId node);

} // namespace hopscope
