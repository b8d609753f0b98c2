// The canonical form of bodies: hashes that are equal for bodies that compute the same, however their nodes
// are named and in whichever order independent ones stand.
//
// A node's *value* is its operator, constants and type over the values of its operands: it says what is
// computed, from the inputs down. Its *place* adds how the value is used, up to the body's outputs: two nodes
// of one body that compute the same but are used otherwise differ in it. A body's hash is made of the places
// of all its nodes, inputs by position, and of the hashes of the bodies that it calls. Linear in the size of
// the module; nothing recurses. Equal hashes are a guess that match() proves (match.h).
#pragma once

#include "core/graph/body.h"
#include "core/match/options.h"

#include <cstdint>
#include <span>
#include <vector>

namespace hopscope {

// Of all bodies of one module. Refers to the module, which must outlive it. Immutable: may be read from any
// thread.
class Canon {
public:
    explicit Canon(const GraphModule& module, const MatchOptions& options = {});

    const GraphModule& module() const { return *module_; }
    const MatchOptions& options() const { return options_; }

    uint64_t hash(BodyId body) const { return bodies_[body.index].hash; }
    // By node of the body:
    std::span<const uint64_t> kinds(BodyId body) const {
        return bodies_[body.index].kinds;
    } // operands left open
    std::span<const uint64_t> values(BodyId body) const { return bodies_[body.index].values; }
    std::span<const uint64_t> places(BodyId body) const { return bodies_[body.index].places; }

private:
    struct Form {
        uint64_t hash = 0;
        std::vector<uint64_t> kinds, values, places;
    };
    class Builder;

    const GraphModule* module_;
    MatchOptions options_;
    std::vector<Form> bodies_;
};

} // namespace hopscope
