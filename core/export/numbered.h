// A picture whose nodes are numbered in one sequence, for whoever shows it and lets nodes be chosen: those of
// one body keep their ids, whatever else is drawn (the other half, what came out of expanded calls) has ids
// behind them.
#pragma once

#include "core/export/picture.h"

#include <array>
#include <string>
#include <utility>
#include <vector>

namespace hopscope {

class NumberedPicture {
public:
    // `own` is the picture's body, or of a hairpin either of the two. The dump must outlive it.
    NumberedPicture(const Dump& dump, Picture picture, const Place& own);

    // All ids in it are numbers; box_of_node is kNoBox for what is not drawn. A call that was expanded lies
    // in the first box of what stands for it.
    const draw::Scene& scene() const { return picture_.scene; }
    const Place& own() const { return own_; }
    const std::vector<std::string>& expanded_calls() const { return picture_.calls; }
    size_t left_out() const { return picture_.left_out; }

    // Where it stands in the dump.
    Place origin(NodeId number) const;
    // All that are this node, ascending: a node of an expanded body once for each call; its own id where it
    // is not drawn.
    std::vector<NodeId> numbers_of(const Place& place) const;
    // The node of that name in the same half; none where it is not drawn.
    NodeId number_of(const std::string& name, bool right) const;
    bool is_right(NodeId number) const { return number.index < drawn_.size() && drawn_[number.index].right; }
    // What a node of another picture of the same body is in this one: itself, or the call that it came out
    // of; none.
    NodeId same_as(const NumberedPicture& other, NodeId number) const;
    // The bodies beside `own` whose nodes are drawn, each once.
    std::vector<Place> bodies() const;
    // As PicturePart names it; empty where it is not drawn.
    std::string name(NodeId number) const;
    // Of what it takes, or what takes it, whether drawn or left out.
    std::vector<std::string> names_beside(NodeId number, bool users) const;
    std::vector<std::string> shown_names() const; // of the picture's (left) body, without stand-ins
    // What lies before it, behind it, or between two of one half, themselves included, of what is drawn.
    std::vector<NodeId> ancestors(NodeId number) const;
    std::vector<NodeId> descendants(NodeId number) const;
    std::vector<NodeId> between(NodeId a, NodeId b) const;
    // Along arguments of the body that is drawn; empty where it is not drawn.
    std::vector<NodeId> users(NodeId number) const;
    std::vector<NodeId> producers(NodeId number) const;

private:
    struct Drawn {
        uint8_t right = 0;
        NodeId node; // of the body that is drawn; none where it is not
    };
    ShownBody body(bool right) const { return shown_body(*dump_, picture_, right); }
    Place place_of(bool right, NodeId drawn) const;
    void number(bool right);
    void rename_scene();
    std::vector<NodeId> numbered(bool right, const std::vector<bool>& nodes) const;
    bool is_drawn(NodeId number) const { return number.index < drawn_.size() && drawn_[number.index].node; }
    std::vector<NodeId> numbered(bool right, std::span<const NodeId> nodes) const;

    const Dump* dump_;
    Picture picture_;
    Place own_;
    bool own_right_ = false;
    size_t own_nodes_ = 0;
    std::vector<Drawn> drawn_; // by number
    std::array<std::vector<NodeId>, 2> numbers_; // by node that is drawn, of the left and the right body
};

} // namespace hopscope
