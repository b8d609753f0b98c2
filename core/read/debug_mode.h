// DebugMode's text (torch/utils/_debug_mode/_mode.py): the calls of a run as a tree, operators with their
// arguments.
#pragma once

#include "core/read/rebuilt.h"

#include <span>

namespace hopscope::read {

// Whether a line, without its indent, is a call of this form: `aten::mm(t$0: f32[4, 6], …)  ->  t$1: f32[4,
// 8]`.
bool is_debug_call(std::string_view text);

// Whether it is a node of a graph that DebugMode.run_graph ran: `[node] add:
// call_function[aten::add.Tensor](x, 2)`.
bool is_debug_node(std::string_view text);

// Makes a graph of such nodes; the calls that each made stand below it and are not read. As
// rebuild_debug_mode.
size_t rebuild_debug_graph(std::span<const RawLine> lines, Rebuilt& out, std::string& told);

// Makes a graph of the calls that call nothing further down: those are what ran. Values are joined by their
// ids (record_ids); an id that no call gave is an input. What a call stands under is kept as its annotation.
// Returns how many lines it took; 0 = the lines are none. `told`: what the text does not say.
size_t rebuild_debug_mode(std::span<const RawLine> lines, Rebuilt& out, std::string& told);

} // namespace hopscope::read
