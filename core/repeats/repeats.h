// What stands in a body several times: equal blocks of nodes, such as the layers of a model that was not
// marked with regions, or the calls of one region in a row.
//
// A block is a stretch of an order in which every node stands behind its operands, so that it is convex: no
// path leads out of it and back in. Two blocks are equal if their nodes are, one by one (operator, types,
// constants, by the canonical form of core/match), if operands inside are the same nodes, and if operands
// from outside are of the same type and shared in the same way. Layer numbers in the paths of parameters do
// not count.
//
// How: equal stretches behind each other are periods of the sequence of nodes. The distances at which equal
// neighbourhoods return vote for the period; one pass for each of the likeliest finds its runs; where a run
// leaves room for it, blocks are cut where no parameter path (`layers.3.…`) is used on both sides and fewest
// values cross. What equals a block elsewhere, behind an exception, is found by the hash of its kinds. Two
// orders are tried: that of the dump, and the one in which outputs ask for their operands. Near-linear in
// nodes and arguments, no recursion, the same input gives the same answer.
#pragma once

#include "core/graph/body.h"
#include "core/match/canon.h"

#include <cstddef>
#include <string>
#include <vector>

namespace hopscope {

struct RepeatOptions {
    size_t least_nodes = 4; // of a block; what is shorter is no structure, unless it calls a region
    size_t least_count = 2;
};

struct RepeatBlock {
    std::vector<NodeId> nodes; // the k-th of each block of a group correspond
    // Whether the block before it in its group lies right before it: blocks of a run follow each other.
    bool follows = false;
    std::string path; // what the paths of the parameters used in it have in common up to a number:
                      // "layers.3"; may be empty
};

struct RepeatGroup {
    std::vector<RepeatBlock> blocks; // in graph order, at least RepeatOptions::least_count
    size_t values_in = 0; // distinct values that the first block takes from outside, parameters among them
    size_t values_out = 0; // nodes of the first block that something outside uses

    size_t nodes() const { return blocks.front().nodes.size(); } // of each block
};

struct Repeats {
    std::vector<RepeatGroup> groups; // those that hold most nodes first; no node is in two of them
    // Nodes of the body that compute something: no placeholders, attributes, output, and constants that many
    // share.
    size_t nodes = 0;
    size_t covered = 0; // of those, in groups
};

// Whatever the body holds: of a damaged dump, operands that stand behind their user are taken as outer ones.
Repeats find_repeats(const GraphModule& module, BodyId body, const RepeatOptions& options = {});

} // namespace hopscope
