// Two bodies compared node by node: what is the same, what changed into what, what only one of them has.
#pragma once

#include "core/match/fields.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace hopscope {

// By what two nodes were found to be the same one, in the order in which it is tried.
enum class PairedBy : uint8_t {
    Value, // they compute the same from the same inputs
    Use, // what becomes of them is the same
    Neighbour, // they are the same operand, or the same user, of a pair
    Place, // the same operator on the same line of the user's program
    Name,
    Surroundings, // one operator took another's place between pairs
};
std::string_view paired_by_name(PairedBy how); // "value", "use", …

struct PairedNodes {
    NodeId a, b;
    PairedBy how = PairedBy::Value;
    std::vector<FieldDifference> fields; // empty = the same; expected is a's
};

// Several operators in place of one, or the other way round: a decomposition, a fusion. In the order of the
// bodies.
struct NodeGroup {
    std::vector<NodeId> a, b;
};

struct BodyDiff {
    BodyId body_a, body_b;
    std::vector<PairedNodes> pairs; // in the order of a
    std::vector<NodeGroup> groups; // by first node of a
    std::vector<NodeId> only_a, only_b; // in order

    bool equal() const;
    size_t same() const; // pairs without a difference
    size_t changed() const;
};

// First the two bodies; then each pair of unequal bodies that paired region calls call, once. `options` say
// which fields count (fields that only one side tells never do); nodes are paired whatever counts. Linear
// apart from sorting; nothing recurses.
std::vector<BodyDiff> diff_bodies(const GraphModule& a, BodyId body_a, const GraphModule& b, BodyId body_b,
    const MatchOptions& options = {});

// What the differences of a comparison look at: the default looks past names, order, places and ids.
// From a list as the command line takes it ("names,strides"): these are looked past, all others count.
// Returns the first word that is none.
std::string_view set_ignored(std::string_view list, MatchOptions& options);

// The comparison as text that can be pasted into an issue: counts, then what changed in the order of the
// bodies, in the manner of a unified diff. `name_a`, `name_b`: what the bodies are called in its head.
std::string diff_text(const GraphModule& a, const GraphModule& b, const std::vector<BodyDiff>& diffs,
    std::string_view name_a, std::string_view name_b);
// "85 same, 2 changed, 1 only in the first"
std::string counts_text(const BodyDiff& diff);
// A node's statement on one line, of a placeholder its name and type; long ones are cut with "…".
std::string statement_text(const GraphModule& module, BodyId body, NodeId node);
// "(8, 1) → (1, 4)"
std::string change_text(const FieldDifference& field);

} // namespace hopscope
