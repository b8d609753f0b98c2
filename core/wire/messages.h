// The protocol, verb by verb: what is asked and what is answered. Client and worker both build and read these
// structures; message_json.h is how they are written down. resources/help/executor.md tells them to people.
//
// A request's fields have the values that hold where a message leaves them out. An answer has all of its
// fields but the optional ones. Bodies have the worker's numbers, in the order of LoadAnswer::bodies; nodes
// are numbered as they stand in their body.
#pragma once

#include "core/base/ids.h"
#include "core/wire/protocol.h"

#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace hopscope::wire {

// --- parts of several messages

// A node that ended a run.
struct NodeFailure {
    std::string body, node, target; // path of the body; name; "aten.mm.default"
    std::string path; // which run of the node: "call/inner"
    std::string message;
    bool unsupported = false; // the node cannot be run at all; else its operator refused
    std::optional<uint64_t> step; // of a run that is stepped through

    std::string text() const; // "'mm' (aten.mm.default) in inner failed: MESSAGE"
};

// How far a run came.
struct RunOutcome {
    uint64_t nodes = 0; // of all bodies that were entered
    uint64_t run = 0; // of these, run to their end
    uint64_t widened = 0; // operators that this libtorch has no kernel for in their dtypes: run in wider ones
    std::optional<NodeFailure> failure;
};

// --- initialize: says who it is

struct InitializeAnswer {
    std::string libtorch; // "1.13.1"
    int protocol = kProtocol;
    int threads = 1;
    uint64_t operators = 0; // that the dispatcher has
    std::vector<std::string> composed; // of these, made of others as this libtorch lacks them
    uint64_t memory = 0; // bytes that it may take beyond its start; 0 = no limit
    bool sandbox = true; // it has given up files, sockets and processes
};
struct InitializeRequest {
    static constexpr const char* kVerb = "initialize";
    using Answer = InitializeAnswer;
    int protocol = kProtocol;
};

// --- load: takes a body and those that it calls

struct Unsupported {
    std::string body, node, target; // as in NodeFailure
    std::string reason;
};
struct LoadAnswer {
    std::vector<std::string> bodies; // paths, by number
    std::vector<std::string> inputs; // names to bind
    std::vector<Unsupported> unsupported; // nodes that will stop a run
    bool mutates = false; // it writes into tensors
    bool moved = false; // the text names another device; it runs on the CPU
};
struct LoadRequest {
    static constexpr const char* kVerb = "load";
    using Answer = LoadAnswer;
    std::string text; // as print_readable writes it
    std::map<std::string, int64_t> symbols;
    bool keep_reference = false; // what values are compared with stays
};

// --- bind: takes values from to_worker.safetensors

struct BindAnswer {
    uint64_t values = 0; // how many
};
struct BindRequest {
    static constexpr const char* kVerb = "bind";
    using Answer = BindAnswer;
    enum class As : uint8_t { Inputs, Reference };
    As as = As::Inputs;
};

// --- run: all of the body, or up to a node

struct RunAnswer : RunOutcome {
    double best_ms = 0, wall_ms = 0; // the fastest run; the median
};
struct RunRequest {
    static constexpr const char* kVerb = "run";
    using Answer = RunAnswer;
    std::string to; // a node of the root, the last to run; empty = all
    bool keep = false; // the last run's values
    std::vector<std::string> only; // with `keep`: of these nodes of the root; empty = of all nodes
    int64_t repeat = 1; // 1 to 1,000,000
    uint64_t seed = 0; // of random operators
    bool float64 = false; // all in double precision
};

// --- timing: several runs, each node's share

struct NodeTiming {
    BodyId body;
    NodeId node;
    uint64_t calls = 0; // in one run
    double median_us = 0, total_us = 0; // of one call; of all calls in one run
};
struct TimingAnswer : RunOutcome {
    std::vector<NodeTiming> rows; // by body and node
    int64_t repeat = 0; // runs that counted
    double wall_ms = 0; // median of a whole run
};
struct TimingRequest {
    static constexpr const char* kVerb = "timing";
    using Answer = TimingAnswer;
    int64_t repeat = 20; // 1 to 100,000; one more is run first
    uint64_t seed = 0;
};

// --- compare: a run against the reference, or against the same in double precision

// What a comparison makes of a value, from best to worst.
enum class Verdict : uint8_t {
    NotCompared, // `why` says why: random, uninitialised, a seed
    Same, // bit for bit
    WithinRounding, // away from the exact result by what rounding does
    Suspicious, // by more: `times` the floor
    WrongDtype, // of another dtype, or no tensor at all
    WrongShape,
};
// "same", "within_rounding", …
const char* name_of(Verdict verdict);

// One value against its counterpart.
//
// The figures are of one element, the one at `worst`: of a suspicious value the one furthest beyond its noise
// floor, else the one with the largest difference. So found - expected is max_abs.
struct ComparedValue {
    std::string path; // the key: "mm", "call/mm", "split#1"
    BodyId body;
    NodeId node;
    std::string dtype; // of the value found: "float32"; "int", "float", "bool" for numbers
    Verdict verdict = Verdict::Same;
    // The verdict is neither Suspicious nor Wrong…; strict: |found - expected| <= tolerance * (1 +
    // |expected|) everywhere, and the strides are equal.
    bool equal = true;
    double max_abs = 0; // the difference; infinite where one is finite and the other is not
    double max_rel = 0; // the difference / largest expected value
    double max_ulp = 0; // the difference in units in the last place of the expected element
    double tolerance = 0;
    std::vector<int64_t> worst; // the element that leaves its tolerance most
    double found = 0, expected = 0; // there
    // Against the same in double precision, where that could be had; 0 otherwise.
    double exact = 0; // what it gives there
    double own_error = 0, expected_error = 0; // |found - exact|, |expected - exact|
    double floor = 0; // what rounding may make of it there
    double times = 0; // largest multiple of its floor that an element of either side is away from exact;
                      // strict: of its tolerance
    std::string reason; // why the two cannot be compared: "shape (2, 3), recorded (3, 2)"
    std::string strides; // where they differ: "stride (3, 1), recorded (1, 2)"
    std::string why; // what else is to be said of the verdict
};
struct CompareAnswer : RunOutcome {
    std::vector<ComparedValue> values; // in the order in which they were computed
    std::optional<ComparedValue> first_mismatch;
    uint64_t compared = 0, mismatched = 0; // nodes; values
    bool alone = false; // as it was done: a body that writes into tensors is compared as a whole
    double max_abs = 0, max_rel = 0, max_ulp = 0;
    std::vector<std::string> random; // nodes that took the reference's value, as random ones cannot agree
    double wall_ms = 0;
};
struct CompareRequest {
    static constexpr const char* kVerb = "compare";
    using Answer = CompareAnswer;
    bool alone = false; // each node is given the reference's values, so that errors do not add up
    bool strict = false; // by fixed tolerances, strides too; else by the noise floor
    uint64_t seed = 0;
    bool float64 = false; // against the same body and inputs in double precision
    bool any_dtype = false; // the reference may have another precision
    std::map<std::string, double> tolerances; // by dtype ("float32"), in place of wire::tolerance()
};

// --- keep_as_reference: what `run` kept becomes the reference

struct KeepAsReferenceAnswer {
    uint64_t values = 0;
};
struct KeepAsReferenceRequest {
    static constexpr const char* kVerb = "keep_as_reference";
    using Answer = KeepAsReferenceAnswer;
};

// --- begin, advance: a run that is stepped through

// A step that has begun; they are numbered in that order.
struct BegunStep {
    BodyId body;
    NodeId node;
    std::optional<uint64_t> parent; // the step of the call around it; none in the body that was loaded
    uint32_t depth = 0; // calls around it
    std::optional<uint32_t> round; // of a loop's body; none: no loop
};
struct EndedStep {
    uint64_t step = 0, end = 0; // its number; the first step behind it and all that it called
    uint32_t values = 0; // how many are kept
    bool tuple = false, random = false;
    bool nan = false, inf = false; // in any of its values
    uint64_t bytes = 0; // of its values
    uint64_t live = 0; // of all storages that the graph still holds
    double us = 0; // with all that it called
    std::vector<int64_t> shape; // of its first tensor
};
struct AdvanceAnswer {
    std::vector<BegunStep> begun; // since the last answer
    std::vector<EndedStep> ended; // since the last answer, in the order in which they ended
    bool complete = false; // no further step will come: it ended or failed
    bool cancelled = false;
    std::optional<NodeFailure> failure; // with its step
};
struct BeginRequest {
    static constexpr const char* kVerb = "begin";
    using Answer = AdvanceAnswer; // paused before the first step
    uint64_t seed = 0; // of random operators
    uint64_t keep_bytes = uint64_t{1} << 30; // values beyond that are dropped, oldest first
    bool recorded_random = false; // random nodes take the reference's value, where there is one
};
struct Mark {
    BodyId body;
    NodeId node;
    friend auto operator<=>(const Mark&, const Mark&) = default;
};
struct AdvanceRequest {
    static constexpr const char* kVerb = "advance";
    using Answer = AdvanceAnswer;
    // Where to pause, besides at the end.
    uint64_t steps = 0; // so many more steps have begun; 0 = no limit
    std::optional<uint32_t> depth; // before a step of at most this depth; none: no limit
    std::vector<Mark> marks; // before these nodes
    std::vector<std::vector<int64_t>> shapes; // after a step whose first value has one of these shapes
    bool non_finite = false; // after a step with a NaN or an infinity in its values
};

// --- value, figures: what a value is

// Of the finite elements; absent where there are none.
struct Statistics {
    uint64_t nan = 0, inf = 0, zero = 0; // how many elements
    std::optional<double> min, max, mean, std; // std with n as divisor
};
struct ValueFigures {
    // Of a tensor; an empty dtype: it is none.
    std::string dtype; // "float32"
    std::vector<int64_t> shape, stride; // elements
    uint64_t bytes = 0;
    std::optional<Statistics> statistics; // none of empty and complex tensors
    // Of what is no tensor.
    std::string python; // "int", "float", "bool", "NoneType", "list", …
    std::optional<double> number;
    std::optional<uint64_t> items; // of a list of tensors

    bool is_tensor() const { return !dtype.empty(); }
};
// Finite elements in intervals of equal width; the last one includes `high`.
struct Histogram {
    double low = 0, high = 0;
    std::vector<uint64_t> counts;
};
struct ValueAnswer : ValueFigures {
    std::optional<Histogram> histogram; // none of what has no finite element
    std::optional<std::vector<double>> slice; // row-major
};
struct ValueRequest {
    static constexpr const char* kVerb = "value";
    using Answer = ValueAnswer;
    std::string name; // a value that `run` kept
    std::optional<uint64_t> step; // or that of a step which has ended
    std::optional<uint64_t> item; // of a tuple or a list; none = the first, or the list itself
    std::optional<int64_t> histogram; // bins, 1 to 4096
    std::optional<std::vector<int64_t>> start, count; // a slice: where it begins, and how far, by dimension
};
struct NamedFigures : ValueFigures {
    std::string name; // "mm", "call/mm", "split#1"
};
struct FiguresAnswer {
    std::vector<NamedFigures> rows; // of all values that `run` kept
};
struct FiguresRequest {
    static constexpr const char* kVerb = "figures";
    using Answer = FiguresAnswer;
};

// --- save: values into from_worker.safetensors

struct SaveAnswer {
    uint64_t values = 0, bytes = 0;
};
struct SaveRequest {
    static constexpr const char* kVerb = "save";
    using Answer = SaveAnswer;
    std::optional<uint64_t> position; // of a run that is stepped through: what had ended there; none = what
                                      // `run` kept
};

// --- joint: the joint graph of a forward body

// As OutputMetadata of torch/_higher_order_ops/invoke_subgraph.py has it, for each of the forward's outputs.
struct JointOutput {
    std::string kind; // "tensor", "int", "float", "bool", "None"
    bool needs_gradient = false; // and so has a tangent; tensors that do not are filtered from the tangents
};
struct JointPlaceholder {
    std::string name, type; // type as an annotation
    bool attribute = false; // a tensor that the body has as attribute
};
struct JointNode {
    std::string text; // the statement
    std::string forward; // path of the forward's node that it is; empty in the backward
    std::string backward_of; // path of the forward's node whose derivative it is part of; empty if unknown
};
struct JointAnswer {
    std::optional<NodeFailure> failure; // of a forward's node; nothing else is there then
    std::vector<JointPlaceholder> placeholders; // primals, then tangents
    std::vector<JointNode> nodes;
    std::string returned; // "(mm_2, None, add)": a gradient for each primal, then the forward's outputs
    std::vector<bool> requires_grad; // of the primals
    std::vector<JointOutput> outputs;
    uint64_t heard = 0; // operators that were called, whether or not their result is needed
    uint64_t run = 0; // nodes of the forward
};
struct JointRequest {
    static constexpr const char* kVerb = "joint";
    using Answer = JointAnswer;
    std::vector<bool> requires_grad; // for each placeholder; empty = all floating ones
    std::optional<uint64_t> outputs; // the first so many results are the body's own; none = all
    std::vector<std::vector<int64_t>> tangent_strides; // missing ones are those of the outputs
    uint64_t seed = 0; // of the tangents and of random operators
};

// --- schema: what a body writes into, and what its results alias

struct SchemaArgument {
    std::string name, type; // of the placeholder; "Tensor", "int", "NoneType"
    bool mutated = false; // an operator of the body writes into it
    bool changed = false; // its elements were others after the run, whatever the schemas say
};
struct SchemaReturn {
    std::string type;
    std::optional<uint64_t> aliases_argument, aliases_return; // that it shares its storage with
};
struct SchemaAnswer : RunOutcome {
    std::vector<SchemaArgument> arguments;
    std::vector<SchemaReturn> returns; // none where a node failed
};
struct SchemaRequest {
    static constexpr const char* kVerb = "schema";
    using Answer = SchemaAnswer;
    uint64_t seed = 0;
};

// --- shutdown

struct ShutdownAnswer { };
struct ShutdownRequest {
    static constexpr const char* kVerb = "shutdown";
    using Answer = ShutdownAnswer;
};

// What `hopscope-executor --describe` prints: no verb, it is told without a session.
struct Description {
    std::string libtorch;
    int protocol = kProtocol;
    std::vector<std::string> composed, operators; // "aten.mm.default", sorted
};

} // namespace hopscope::wire
