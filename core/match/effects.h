// Where the order of statements matters although no edge says so.
//
// A graph's edges say which value a node reads, not at which moment. Two things make the moment matter: a
// value that was written in place before it is read, and a mode that holds for everything behind the node
// that sets it (autocast, grad mode). Both are read off names, as FX itself does it (torch/fx/node.py,
// Node.is_impure, knows schemas; a dump has none): the trailing underscore, `out=`, operator.setitem and the
// in-place operators.
#pragma once

#include "core/graph/body.h"

#include <cstdint>
#include <vector>

namespace hopscope::match {

struct Effects {
    // By node: how often the storages that it reads were written before, per operand; 0 where none was.
    std::vector<uint64_t> moments;
    // By node: how many nodes before it set a mode.
    std::vector<uint32_t> modes;
};
Effects effects_of(const GraphModule& module, const Body& body);

} // namespace hopscope::match
