// Hears what the dispatcher is asked for below autograd, and writes it down as nodes of a graph.
//
// A boxed fallback on the otherwise empty dispatch key `Fake` sees one call for each operator that autograd
// asks for, with its whole stack, and hands it on; what happens inside of that operator it does not see.
#pragma once

#include "core/executor/torch.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace hopscope::executor {

// A tensor that was an input or that an operator gave.
struct RecordedValue {
    std::string name; // empty until one is given
    std::string type; // as annotations write it: "f32[2, 3][3, 1]cpu"
    std::string key; // storage, offset, sizes, strides, dtype
    std::optional<uint32_t> event; // the call that gave it; none: an input
    uint32_t item = 0; // place among the event's results, numbers counted, or in its list
};

// Text, then the name of a value, if there is one.
struct Piece {
    std::string text;
    std::optional<uint32_t> value;
};

// One call of an operator.
struct RecordedCall {
    std::string target; // "torch.ops.aten.mm.default"
    std::string base; // what its name is made of: "mm"
    std::vector<Piece> arguments; // as between the brackets
    std::vector<uint32_t> results; // values
    bool tuple = false; // several results, or a list: each is an item
    std::string name; // of the node; empty until one is given
    std::string forward; // path of the forward's node that it was called for; empty in the backward
    std::string backward_of; // path of the forward's node whose derivative it computes; empty if unknown
};

// Tensors are told apart by storage, offset, sizes, strides and dtype. Not by identity: saved tensors come
// back as other ones. Not by version: it counts up after the operator has returned. Where two are equal in
// all of that (a view that changes nothing), the later one is meant. The storage of every value is held, so
// that no address is used again and autograd's accumulation does not write in place.
class Recorder {
public:
    // Throws c10::Error for what cannot be written down: a tensor of unknown origin, an operator that writes
    // and has no functional form, a view of something that was written to.
    void call(const c10::OperatorHandle& op, c10::DispatchKeySet keys, torch::jit::Stack& stack);

    uint32_t add_input(const at::Tensor& tensor, std::string name);
    // Into `values`; none: not known.
    std::optional<uint32_t> find(const at::Tensor& tensor) const;
    void begin_backward_of(std::string path) { backward_of_ = std::move(path); }

    bool gpu = false; // the forward was recorded on a GPU: norms keep float32 statistics
    std::vector<RecordedValue> values;
    std::vector<RecordedCall> calls;

private:
    uint32_t add(const at::Tensor& tensor, std::optional<uint32_t> event, uint32_t item);
    void add_results(const c10::IValue& value, uint32_t place, RecordedCall& call);
    void forget_views(const at::Tensor& written);
    void render(const c10::IValue& value, const c10::TypePtr& type, std::vector<Piece>& out) const;
    void render_tensor(const at::Tensor& tensor, std::vector<Piece>& out) const;
    std::vector<Piece> arguments(const c10::FunctionSchema& schema, const torch::jit::Stack& stack) const;

    std::unordered_map<std::string, uint32_t> by_key_;
    std::unordered_map<const void*, std::vector<std::string>> keys_of_; // by storage
    std::unordered_set<std::string> overwritten_;
    std::vector<c10::Storage> held_;
    std::string backward_of_;
};

std::string type_of(const at::Tensor& tensor); // as an annotation: "f32[2, 3][3, 1]cpu"

// Between its construction and its end `recorder` hears this thread's calls.
class Recording {
public:
    explicit Recording(Recorder& recorder);
    ~Recording();
    Recording(const Recording&) = delete;
    Recording& operator=(const Recording&) = delete;

private:
    Recorder* before_;
    c10::impl::IncludeDispatchKeyGuard guard_;
};

} // namespace hopscope::executor
