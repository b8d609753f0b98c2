// What was read from a set of dump files, before anything is concluded from it.
#pragma once

#include "core/base/ids.h"
#include "core/base/result.h"
#include "core/graph/body.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hopscope {

enum class Stage : uint8_t { Dynamo, PreGrad, Joint, Forward, Backward, Inference, PostGrad, Export, Graph };
std::string_view stage_name(Stage stage); // as in addresses: "dynamo", "pre_grad", …
std::optional<Stage> stage_from_name(std::string_view name);

enum class Severity : uint8_t { Note, Warning, Error };
std::string_view severity_name(Severity s);

// Something in the input that did not follow its format, or that the user should know.
struct Problem {
    Severity severity = Severity::Warning;
    std::string message;
    FileId file;
    uint64_t line = 0; // from 1; 0 = the file as a whole
    uint64_t offset = 0; // bytes
};

struct DumpFile {
    std::string path; // as given, or found in the folder that was given
    std::string kind; // "TORCH_TRACE", "TORCH_LOGS", "print_readable", "torch.export", …
    uint64_t bytes = 0;
};

// "0/0", "!1/0/0"; "-" where a dump knows none. Attempts of one id are told apart by their number.
struct CompileKey {
    std::optional<int> rank; // none: not distributed
    std::string id;
    int attempt = 0;
    friend auto operator<=>(const CompileKey&, const CompileKey&) = default;
};

struct Compilation {
    CompileKey key;
    std::string function; // co_name of the frame, where the dump tells it
    std::string file;
    int line = 0;
    std::string fail_type, fail_reason; // of compilation_metrics; empty = it did not fail
    std::string recompile_reason;
    double compile_seconds = 0; // entire frame compile time; 0 = not told
    bool last_attempt = true; // a later attempt of the same id supersedes this one
    std::vector<GraphId> graphs; // in the order of the dump
};

// A tensor that came with a graph: a weight of a .pt2 archive, a storage saved beside a repro script. Its
// bytes are read when a run asks for them (core/run).
struct SavedTensor {
    std::string name; // of the placeholder
    std::string path; // the file that holds it
    std::string member; // of a zip archive; empty = the file itself
    bool pickled = false; // the bytes are a file of torch.save, else a storage as it lies in memory
    std::string entry; // pickled: path of the entry, "layers.0.weight"; empty = `place`
    std::optional<int> place; // pickled: number of the entry in the file's order; unset = the only one
    bool sample = false; // an input that the model was tried on, no part of it
    std::string dtype; // torch's name, "float32"; empty: the file knows
    std::vector<int64_t> shape, stride; // elements
    int64_t offset = 0; // elements
};

// A place in a dump file.
struct DumpPlace {
    FileId file;
    uint64_t line = 0; // from 1
    uint64_t offset = 0; // bytes
};

// One graph-carrying record.
struct Graph {
    CompilationId compilation;
    Stage stage = Stage::Graph;
    std::string
        label; // what tells graphs of one stage apart: "before_pre_grad_graph", "partial"; "" = the main one
    int ordinal = 0; // among the graphs of this stage and compilation: the K of `#K`
    FileId file;
    uint64_t line = 0; // of the class or def
    uint64_t offset = 0;
    std::string_view text; // the graph's text as in the file; alive as long as module->storage
    bool tabbed = false; // each line of the text starts with a tab that is no part of it
    // What told the stage of a graph out of a text: "title", "log artifact", "file name", "class name",
    // "placeholders"; "" = its record, or nothing.
    std::string stage_evidence;
    bool cut = false; // the input ends inside of it: what is here is its beginning
    std::shared_ptr<const GraphModule> module;
    std::vector<SavedTensor> saved; // inputs of its root that came along
    std::vector<DumpPlace> also; // where other inputs of the same run have it too
};

// The user's own module, written out beside graphs: listed with stage `source`, no graph.
struct SourceText {
    std::string label; // "class Net"
    FileId file;
    uint64_t line = 0;
    uint64_t offset = 0;
};

// One of Dynamo's or AOTAutograd's timers around region work: a chromium_event B/E pair named
// invoke_subgraph_….
struct RegionTimer {
    enum class Kind : uint8_t {
        Trace,
        ReuseHash,
        ReuseLookup,
        ReuseStampOut,
        TraceJointGraph,
        ProxyTensor,
        FakeTensor
    };
    Kind kind = Kind::Trace;
    CompilationId compilation;
    double begin_us = 0;
    std::optional<double> end_us; // none: never closed
    std::optional<uint32_t> parent; // index of the timer of the same list that encloses this one
    FileId file;
    uint64_t line = 0;

    std::optional<double> milliseconds() const {
        return end_us && *end_us >= begin_us ? std::optional((*end_us - begin_us) / 1000.0) : std::nullopt;
    }
};

// One message of the `hierarchical_compile` text log.
struct ReuseMessage {
    enum class Kind : uint8_t {
        ReuseFailed, // detail = the reason
        CacheHit, // identifier
        HashHit, // identifier, detail = the key
        Installing, // identifier, function, count
        ComparisonFailed, // function, detail = where
        NotEligible, // detail = the reason
        Guards, // count: the entry was stored
        Exceeded, // maximum reuse entries
        FakeCacheFailed, // identifier, detail = the reason
        Other,
    };
    Kind kind = Kind::Other;
    CompileKey key;
    std::string identifier, function, detail;
    std::optional<int> count;
    FileId file;
    uint64_t line = 0;
};

// PyTorch's own report that one forward body got another backward body
// (artifact invoke_subgraph_backward_duplicate).
struct BackwardDuplicate {
    CompilationId compilation;
    std::string forward_identifier, backward_identifier;
    std::string text; // the artifact's JSON
    FileId file;
    uint64_t line = 0;
};

// dynamo_error, fx_interpreter_error, make_fx_fail_partial.
struct Failure {
    CompilationId compilation;
    std::string kind;
    std::string message; // its last telling line
    std::string text; // whole
    FileId file;
    uint64_t line = 0;
};

// A symbol when it was made (torch/fx/experimental/symbolic_shapes.py, ShapeEnv.create_symbol).
struct SymbolHint {
    CompilationId compilation;
    std::string name; // "s77"
    std::string value; // what it stood for while tracing: "8", "2.0"; "" = not known
    std::string range; // "[2, int_oo]"
    std::string source; // "L['ids'].size()[0]"
    FileId file;
    uint64_t line = 0;
};

// What a cache of whole graphs said of a compilation (torch/_functorch/_aot_autograd/autograd_cache.py,
// AOTAutogradCache.try_load; torch/_inductor/compile_fx.py, FxGraphCache): artifacts aotautograd_cache_… and
// fx_graph_cache_…, and the event fx_graph_cache_disabled.
struct CacheRecord {
    enum class Cache : uint8_t { AotAutograd, FxGraph };
    enum class State : uint8_t { Hit, Miss, Bypass, Disabled };
    Cache cache = Cache::AotAutograd;
    State state = State::Miss;
    CompilationId compilation;
    std::optional<bool> backward; // FxGraph: the graph is the backward's; none: not told
    std::string key, reason; // reason: of a bypass; empty where none is told
    std::optional<double> saved_ms, took_ms;
    FileId file;
    uint64_t line = 0, offset = 0; // of the record
};

// A tensor that a compilation takes from outside, as the user's program has it
// (torch/_subclasses/meta_utils.py, MetaTensorDescriber: describe_source, joined with its describe_tensor and
// describe_storage).
struct DescribedInput {
    CompilationId compilation;
    std::string source; // "L['self']._modules['layers']._modules['0']._parameters['weight']"
    std::string dtype; // torch's name, "float32"
    std::string shape, stride; // as recorded: "[8, 16]"
    std::string device; // as recorded: "device(type='cpu')"
    bool requires_grad = false, is_parameter = false, is_view = false;
    // Numbers of the describer that saw it (torch/_subclasses/meta_utils.py, MetaTensorDescriber).
    std::optional<int64_t> describer, tensor;
    std::optional<int64_t> base; // of a view: the tensor that it is one of
    std::optional<int64_t> storage; // inputs of one describer with the same number share it
    std::optional<int64_t> storage_bytes;
    FileId file;
    uint64_t line = 0, offset = 0; // of describe_source
};

// A function that was marked as a region, as Dynamo's guards name its code (dynamo_cpp_guards_str: the guard
// that nested_compile_region's wrapper sets on what it wraps).
struct MarkedFunction {
    CompilationId compilation;
    std::string name, source_file; // "decoder_layer"
    int source_line = 0; // of its def
    FileId file;
    uint64_t line = 0;
};

// A module that the program calls, and the function in which it does: the guard that it has no `forward` of
// its own is made there (dynamo_cpp_guards_str, "DICT_CONTAINS: not ___dict_contains('forward', M.__dict__)";
// torch/_dynamo/variables/nn_module.py, UnspecializedNNModuleVariable.call_function).
struct ModuleCall {
    CompilationId compilation;
    std::string module; // "L['self']._modules['blocks']._modules['0']"
    std::string function; // "block"
    std::string code; // of the line, where the guard has it
    FileId file;
    uint64_t line = 0; // of the guard in the dump
};

// Any other artifact that a person may want to look up: name and place, the text stays in the file.
struct Artifact {
    CompilationId compilation;
    std::string name;
    FileId file;
    uint64_t line = 0;
    uint64_t bytes = 0;
};

// The sum that a TORCH_TRACE record gives for its payload: to be checked when there is time
// (core/read/payloads.h). The text is alive as long as `storage` is.
struct Payload {
    FileId file;
    uint64_t line = 0, offset = 0; // of the record
    std::string what; // "aot_forward_graph"
    std::string md5;
    std::string_view text; // with its tabs
    std::shared_ptr<const void> storage;
};

struct Dump {
    std::string name; // for titles: the file's stem, or the folder's name
    std::vector<DumpFile> files;
    std::string torch_version;
    std::vector<Compilation> compilations; // by rank, then as the dump met them
    std::vector<Graph> graphs;
    std::vector<RegionTimer> timers;
    std::vector<ReuseMessage> messages;
    std::vector<BackwardDuplicate> duplicates;
    std::vector<Failure> failures;
    std::vector<SymbolHint> symbols;
    std::vector<CacheRecord> caches;
    std::vector<DescribedInput> inputs;
    std::vector<MarkedFunction> marked;
    std::vector<ModuleCall> module_calls;
    std::vector<Artifact> artifacts;
    std::vector<SourceText> sources;
    std::vector<Problem> problems;
    std::vector<Payload> payloads; // of graphs, not checked yet
    bool has_text_log = false; // a log with hierarchical_compile messages was read
    bool cancelled = false; // reading was stopped; what is here is complete as far as it goes

    const Graph& graph(GraphId id) const { return graphs[id.index]; }
    const Compilation& compilation(CompilationId id) const { return compilations[id.index]; }
};

// `[rRANK/]COMPILE:STAGE[#K][:BODY][@NODE]`, taken apart (reference of addresses: the command line's manual).
struct Address {
    std::optional<int> rank; // none: not said
    std::string compile; // "0/0", "-"
    std::optional<int> attempt; // "0/0_1" says attempt 1; none: the last
    Stage stage = Stage::Graph;
    std::optional<int> ordinal; // none: the first
    std::string body; // "" = root
    std::string node; // "" = none

    friend bool operator==(const Address&, const Address&) = default;
};
Result<Address> parse_address(std::string_view text);
std::string to_string(const Address& address);

// An address resolved in a dump.
struct Place {
    GraphId graph;
    BodyId body;
    NodeId node;
    friend bool operator==(const Place&, const Place&) = default;
};
Result<Place> resolve(const Dump& dump, const Address& address);
Result<Place> resolve(const Dump& dump, std::string_view address);
// The shortest address that resolves to the place.
std::string address_of(const Dump& dump, GraphId graph, BodyId body = {}, NodeId node = {});

} // namespace hopscope
