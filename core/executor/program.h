// A graph module as flat programs of operator calls, made once and run often.
#pragma once

#include "core/base/result.h"
#include "core/executor/foreign.h"
#include "core/executor/torch.h"
#include "core/executor/widening.h"
#include "core/graph/body.h"
#include "core/graph/symbols.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace hopscope::executor {

enum class StepKind : uint8_t {
    Nothing, // placeholders, bodies by name, a tuple's item that is only another name for a slot
    Operator, // by the dispatcher
    Python, // operator.*, torch.sym_*, aten.sym_*: on Python numbers, by us
    Dynamic, // a torch function, method or Python operator: what it is depends on the values (dynamo.h)
    Item, // an item of a list value
    Call, // invoke_subgraph
    Functionalized, // auto_functionalized_v2: on clones of the bases
    Effects, // with_effects: the token is handed on
    Cond,
    While,
    Map,
    Scan,
    Flex, // flex_attention and its backward: its graphs run on all scores at once
    Missing, // cannot be run: Program::reasons says why
    Output,
};

// One value that a step takes.
struct Operand {
    enum class Kind : uint8_t {
        Constant, // Program::constants[index]
        Slot, // as it is
        WrappedNumber, // the slot's number as a 0-dim tensor
        Double, // the slot's number as a float
        IntList, // the lists take `count` operands from Program::operands[index]
        DoubleList,
        BoolList,
        ScalarList,
        TensorList,
        OptionalTensorList,
    };
    Kind kind = Kind::Constant;
    uint32_t index = 0;
    uint32_t count = 0;
};

struct Range {
    uint32_t begin = 0, end = 0;
    uint32_t size() const { return end - begin; }
};

// Where a mutated operand of auto_functionalized_v2 comes from.
struct BaseView {
    uint32_t argument = 0; // of the call
    std::optional<uint32_t> item; // which of the argument's list; none: the argument is no list
    std::optional<uint32_t> base; // index into the bases; none: the operand is None
    // With an offset: the base as_strided; with a dimension: a slice of it; with neither: the base itself.
    std::vector<int64_t> size, stride;
    std::optional<int64_t> offset, slice_dim;
    int64_t slice_start = 0, slice_end = 0;
};

struct DynamicCall; // dynamo.h

struct Functionalized {
    std::optional<c10::OperatorHandle> op; // none: a body is called
    Range bases; // Program::operands
    std::vector<BaseView> views; // items of one list in a row, in its order
    bool unknown_view = false; // one is in a form that is not rebuilt: such a plan is never run
};

// A call of flex_attention or of its backward. Its operands: query, key, value; in the backward out,
// logsumexp and their gradients; four tensors of the block mask; scale; then what its graphs take besides.
struct FlexPlan {
    bool backward = false;
    BodyId score, joint, mask;
    int64_t query_block = 0, key_block = 0;
    uint32_t score_buffers = 0, mask_buffers = 0;
};

struct Step {
    StepKind kind = StepKind::Nothing;
    bool random = false;
    bool mutates = false;
    uint8_t standin = 0; // operators: standin_of()
    uint16_t unspecified = 0; // operators: bit i: result i means nothing (seeds, uninitialised memory)
    uint32_t declared = 0; // operators: the types of the results begin here in Program::declared
    const ForeignType* foreign = nullptr; // operators: the first result is rounded to this
    uint32_t result = 0; // first slot
    uint32_t results = 0; // slots; a single value has one
    int32_t op = 0; // Program::operators, Python function, item's index, Functionalized, FlexPlan,
                    // DynamicCall or reason, by kind; of other kinds nothing
    BodyId first, second; // bodies: called, or (cond) of true and false, or (while) condition and body
    Range operands; // Program::operands
    uint32_t carried =
        0; // while, scan: so many operands are state; map, scan: then `mapped` tensors are walked
    uint32_t mapped = 0;
    Range releases; // Program::releases: slots whose last use this is
    uint64_t mark = 0; // wire::progress_mark
};

struct BodyProgram {
    bool compiled = false;
    uint32_t slots = 0;
    std::vector<uint32_t> inputs; // slots of the placeholders
    std::vector<Step> steps; // one a node, in graph order
    uint32_t outputs = 0; // number of values that are returned
};

// A value that has to be bound before a run: a placeholder of the root, or a tensor that a body has as
// attribute.
struct Input {
    std::string name; // key: "primals_1"; "call/…" never: attributes of inner bodies go by their own name
    BodyId body;
    NodeId node;
    uint32_t slot = 0;
    bool attribute = false;
    at::ScalarType declared = at::ScalarType::Undefined; // what the text says; Undefined = nothing
};

struct Program {
    std::shared_ptr<const GraphModule> module;
    std::vector<BodyProgram> bodies; // by BodyId; [0] is what is run
    std::vector<c10::OperatorHandle> operators; // one a step
    std::vector<at::ScalarType> declared; // what the text says of operators' results; Undefined = nothing
    // How each operator has to be called: learnt when it refuses, by runs, which are of one thread.
    std::shared_ptr<std::vector<Width>> widths = std::make_shared<std::vector<Width>>();
    std::vector<c10::IValue> constants;
    std::vector<Operand> operands;
    std::vector<uint32_t> releases;
    std::vector<Functionalized> functionalized;
    std::vector<FlexPlan> flex;
    std::vector<std::shared_ptr<const DynamicCall>> dynamic;
    std::vector<std::string> reasons;
    std::vector<Input> inputs; // of the root
    struct Unsupported {
        BodyId body;
        NodeId node;
        std::string target, reason;
    };
    std::vector<Unsupported> unsupported;
    bool mutates = false; // some step writes into a tensor: inputs are cloned for each run
    bool moved = false; // a device other than the CPU was named
    bool gpu = false; // its inputs were on a GPU
    bool float64 = false; // every floating dtype that the text names is float64
};

// Never fails for what a node wants: such a node becomes a step that stops the run with the reason.
// Errors: Damaged where the module is none that FX could hold.
Result<std::shared_ptr<const Program>> compile(
    std::shared_ptr<const GraphModule> module, const Bindings& symbols, bool float64 = false);

} // namespace hopscope::executor
