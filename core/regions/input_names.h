// What a graph takes from outside, by the name that it has in the user's program: `layers.0.q_proj.weight`
// for `primals_5`.
//
// What an answer rests on, best first:
// - the program's own names, which a trace tells for each tensor that a compilation takes (DescribedInput).
//   Dynamo names its placeholders after them (torch/_dynamo/variables/builder.py, VariableBuilder: every run
//   of other characters than letters and digits becomes one underscore); AOTAutograd numbers what it takes in
//   Dynamo's order (torch/_functorch/_aot_autograd/descriptors.py, PlainAOTInput);
// - AOT descriptors that name a parameter themselves (ParamAOTInput, BufferAOTInput: export);
// - the placeholder's name alone, taken apart at `_modules_`, `_parameters_` and `_buffers_`, where no record
//   tells: exact unless a module's own name has one of these in it.
// A record whose dtype or shape is not the placeholder's is not used.
#pragma once

#include "core/graph/dump.h"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hopscope {

enum class InputKind : uint8_t { Unknown, Parameter, Buffer, Value };
std::string_view input_kind_name(InputKind kind); // "unknown", "parameter", "buffer", "value"

// One tensor that the program passes.
struct InputSource {
    std::string name; // "layers.0.q_proj.weight", "x", "xs[2]"
    InputKind kind = InputKind::Unknown;
    std::optional<size_t> described; // index into Dump::inputs; none: no record tells of it
    friend bool operator==(const InputSource&, const InputSource&) = default;
};

// What a placeholder takes: of a whole graph one source, of a region's body one for each call that differs.
struct InputName {
    std::vector<InputSource> sources; // distinct, in the order of the calls
    bool always = false; // no call passes anything else

    bool known() const { return always && !sources.empty(); }
    // "layers.0.norm.weight"; "layers.*.norm.weight" for calls that differ in a part; "a, b and 3 more" for
    // those that have nothing in common. Empty where it is not known, or where a call passes what the program
    // computes.
    std::string text() const;
    // As one of all sources; Unknown where they differ.
    InputKind kind() const;
};

// Of one dump, which has to outlive it; not to be shared between threads. What was asked for is kept.
class InputNames {
public:
    explicit InputNames(const Dump& dump)
        : dump_(dump) { }

    // By position of the placeholders; as long-lived as this object.
    const std::vector<InputName>& of(GraphId graph, BodyId body);
    // The same of one placeholder; nothing known for other nodes.
    const InputName& of(const Place& placeholder);
    // Several inputs of a whole graph, as what one placeholder takes in turn.
    InputName together(GraphId graph, const std::vector<NodeId>& placeholders);
    // The record of what one value is: of a placeholder that takes always the same. Null where none is known.
    const DescribedInput* record(const Place& placeholder);
    // Names of other inputs that lie in the same storage: a view and its base.
    std::vector<std::string> sharing(size_t described) const;
    // Of a view: the record of the tensor that it is one of; null where that is no input itself, or not told.
    const DescribedInput* base(const DescribedInput& view) const;

private:
    std::vector<InputName> root(GraphId graph);
    std::vector<InputName> passed(GraphId graph, BodyId body);
    const std::vector<InputSource>& dynamo(CompilationId compilation);
    void fill_backward(GraphId graph, std::vector<InputName>& names);

    const Dump& dump_;
    std::map<std::pair<uint32_t, uint32_t>, std::vector<InputName>> known_;
    std::map<uint32_t, std::vector<InputSource>> dynamo_; // by CompilationId::index; by position
};

// "L['self']._modules['layers']._modules['0']._parameters['weight']" → "layers.0.weight", "L['x']" → "x",
// "G['table']" → "table"; what has another form stays as it is.
std::string user_name(std::string_view source);

// "a view of w (tensor 4), in storage 3"; empty for what is no view.
std::string view_note(const InputNames& names, const DescribedInput& record);
// What there is to say of a placeholder: "blocks.0.norm.weight, a parameter"; empty where its name is not
// known.
std::string input_note(InputNames& names, const Place& placeholder);
// The shortest way: the name of one placeholder, empty where it is not known.
std::string name_of_input(const Dump& dump, const Place& placeholder);

} // namespace hopscope
