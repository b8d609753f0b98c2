// Runs of equal blocks in a sequence of nodes. Internal to core/repeats.
#pragma once

#include "core/repeats/sequence.h"

#include <cstdint>
#include <vector>

namespace hopscope::repeats {

// Places [begin, begin + count * length) of a sequence: `count` equal blocks behind each other.
struct Run {
    uint32_t begin = 0, length = 0, count = 0;
    uint32_t end() const { return begin + count * length; }
};

class Finder {
public:
    Finder(const Body& body, const Likeness& like, const Sequence& sequence, size_t least_nodes,
        size_t least_count);

    // Runs that do not overlap, in the order in which they were chosen: the most nodes first.
    std::vector<Run> find();
    // Whether the blocks of `length` nodes at places a and b are equal.
    bool equal_blocks(uint32_t a, uint32_t b, uint32_t length) const;
    // Places of all further blocks that equal the one at `block`, none of whose nodes is taken; they are
    // taken then.
    std::vector<uint32_t> find_elsewhere(uint32_t block, uint32_t length);

private:
    std::vector<uint32_t> likely_periods() const;
    std::vector<Run> runs_of(uint32_t period) const;
    void add_run(uint32_t begin, uint32_t end, uint32_t period, std::vector<Run>& runs) const;
    bool is_structure(const Run& run) const;
    bool alike(uint32_t i, uint32_t j, uint32_t run_begin) const;
    uint32_t best_begin(uint32_t begin, uint32_t period, uint32_t room) const;
    std::vector<uint32_t> cut_costs(uint32_t begin, uint32_t end, uint32_t period) const;

    const Body& body_;
    const Likeness& like_;
    const Sequence& sequence_;
    size_t least_nodes_, least_count_;
    std::vector<bool> taken_; // by place
};

} // namespace hopscope::repeats
