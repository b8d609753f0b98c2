// Values for symbols that nobody bound.
#pragma once

#include "core/graph/body.h"
#include "core/graph/dump.h"
#include "core/graph/symbols.h"

#include <string>
#include <vector>

namespace hopscope::run {

// A symbol of a body's inputs that got a value of our choice.
struct DefaultSymbol {
    std::string name; // "s77"
    int64_t value = 0;
    bool hinted = false; // the value that the symbol had when PyTorch traced; else chosen by us
    friend bool operator==(const DefaultSymbol&, const DefaultSymbol&) = default;
};

// What the symbols of a graph's compilation were when they were made (TORCH_TRACE: create_symbol).
Bindings symbol_hints(const Dump& dump, GraphId graph);

// Binds every symbol that the types of the body's inputs name and `symbols` lacks: to its hint, else to the
// first number of 8, 16, 24, … 64, then 2, 3, … 64 that no other symbol has and that fits: all sizes of the
// body come out as sizes, what the graph asserts of its symbols holds, and counts (arange) stay within what
// they index. 8 where nothing fits. In the order of the inputs; the same graph gives the same numbers.
std::vector<DefaultSymbol> bind_default_symbols(
    const GraphModule& module, BodyId body, const Bindings& hints, Bindings& symbols);

// Every symbol that the types of a module's nodes name, each once; at most a thousand.
std::vector<std::string> symbols_of(const GraphModule& module);

// "s77=8 (as traced), s3=16 (chosen), u0=2": what nobody gave is said so.
std::string in_words(const Bindings& symbols, const std::vector<DefaultSymbol>& defaults);

} // namespace hopscope::run
