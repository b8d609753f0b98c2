// What a body is run on.
#pragma once

#include "core/base/result.h"
#include "core/graph/body.h"
#include "core/graph/symbols.h"
#include "core/run/default_symbols.h"
#include "core/tensors/tensor_file.h"

#include <deque>
#include <string>
#include <vector>

namespace hopscope::run {

// How an input was made.
struct MadeInput {
    std::string name, rule; // "mean 0, deviation 1/√768: an operand of products over 768"
};

// Values for a body's placeholders, and for the tensors that it has as attributes.
struct Inputs {
    bool synthetic = false; // some were made
    size_t made = 0; // so many
    std::vector<MadeInput> rules; // how those that were made were made, in graph order
    std::vector<DefaultSymbol> defaults; // symbols that nobody bound
    std::vector<tensors::Value> values; // by name
    std::deque<std::string> owned; // the bytes of those that were made
    tensors::TensorFile file; // the others' bytes
};

// Inputs that are there one by one (core/run/single_inputs.h).
struct SingleInputs {
    std::vector<tensors::Value> values; // tensors with their bytes, and numbers
    std::vector<tensors::Value> shapes; // tensors to be made: dtype, shape, maybe stride
    std::deque<std::string> owned; // bytes
    size_t from_file = 0; // of `values`: those that came with the graph
    std::string source; // the name of the file they came from
    std::vector<std::string> notes;

    const tensors::Value* find(std::string_view name) const;
};

// From the recorded types, in the range in which the body lives: floats by what it does with them
// (input_rules.h), integers within what embeddings and indices that they reach allow (index_bounds.h; else 0
// to 9), booleans; recorded strides. The same seed gives the same bytes on every
// machine. Symbols that are not bound get their hints (symbol_hints), else numbers of our choice, and are
// listed in `defaults`. What is in `singles` is taken, or made as it says, and its sizes bind symbols first.
// Errors: Usage naming the placeholder whose value nothing tells how to make, or that what is given does not
// fit; NotFound for what is given for no placeholder.
Result<Inputs> synthetic_inputs(const GraphModule& module, BodyId body, uint64_t seed, Bindings& symbols,
    const Bindings& hints = {}, SingleInputs singles = {});

// From a file with the keys of recordings; what else the file has is passed over. Sets symbols that sizes of
// placeholders say.
// Errors: NotFound, Usage naming the placeholder, what was found and what was expected.
Result<Inputs> recorded_inputs(
    const GraphModule& module, BodyId body, const tensors::TensorFile& file, Bindings& symbols);

// For a region's body: the keys' prefixes of its calls from the root, in graph order ("call/",
// "outer/inner/").
// {""} for the root. Calls by invoke_subgraph; others take place as often as a run decides.
std::vector<std::string> call_prefixes(const GraphModule& module, BodyId body);

// "4 × mean 0, deviation 1; 2 × 1 ± 0.1: a row that is multiplied": each rule once, in the order in which it
// is first used.
std::string rules_in_words(const std::vector<MadeInput>& rules);

} // namespace hopscope::run
