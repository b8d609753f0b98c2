// What counts when two bodies are compared, and what is looked past.
#pragma once

namespace hopscope {

// The defaults ask: do both compute the same on inputs of the same types? A field that does not count is
// neither hashed nor compared.
struct MatchOptions {
    // Looked past unless set.
    bool names = false; // of nodes, and the parameters' own
    bool order = false; // in which nodes that do not depend on each other stand
    bool locations = false; // file, line and function of the statement in the user's program
    bool ids = false; // what PyTorch counted up: identifiers of regions, call_ids

    // Counted unless cleared.
    bool layer_indices = true; // cleared: "layers.3.weight" and "layers.4.weight" may stand for each other,
                               // one to one within a body
    bool dtypes = true;
    bool shapes = true; // symbolic ones by their text
    bool strides = true;
    bool devices = true;
    bool constants = true; // literal arguments; cleared: an argument without a node is just some constant

    // Set: what only one side tells (a type, a stride, a place, the body behind a region call) is no
    // difference. Such equality is not transitive, and what may be missing is no part of the hash.
    bool open = false;

    friend bool operator==(const MatchOptions&, const MatchOptions&) = default;
};

// Only what is connected with what: operators, operands, order of inputs and outputs.
inline MatchOptions structure_only() {
    MatchOptions o;
    o.layer_indices = o.dtypes = o.shapes = o.strides = o.devices = o.constants = false;
    return o;
}

} // namespace hopscope
