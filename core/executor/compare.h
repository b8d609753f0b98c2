// Values of a run against a reference: recorded ones, or those of another run.
#pragma once

#include "core/executor/machine.h"
#include "core/tensors/tensor_file.h"
#include "core/wire/messages.h"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace hopscope::executor {

// A node's values as a run kept them.
struct NodeValues {
    bool tuple = false;
    std::vector<c10::IValue> values;
};
using KeptValues = std::map<std::string, NodeValues>; // by key: "mm", "call/mm"

// What a run is compared with, by key.
class Reference {
public:
    Reference() = default;
    explicit Reference(tensors::TensorFile file)
        : file_(std::move(file))
        , there_(true) { }
    explicit Reference(KeptValues kept)
        : kept_(std::move(kept))
        , there_(true) { }

    bool there() const { return there_; }
    size_t size() const { return kept_.empty() ? file_.values().size() : kept_.size(); }
    // The value of a key ("mm", "call/mm", "split#1"); nothing where there is none, or only a tuple as a
    // whole. An error where it cannot be made.
    std::optional<Result<c10::IValue>> find(const std::string& key) const;

private:
    tensors::TensorFile file_;
    KeptValues kept_;
    bool there_ = false;
};

struct CompareOptions {
    // Each node was given the reference's values, so that errors do not add up; float32 and float64 are then
    // allowed two units in the last place of the tensor's largest value besides, as products that cancel need
    // (measured: matrix products of dup_tangents' backward are off by 1.1e-7 of the largest value where the
    // element is a tenth of it).
    bool alone = false;
    bool any_dtype = false; // the reference may have another precision
    std::map<at::ScalarType, double> tolerances; // in place of wire::tolerance()
};

// Equal is |a - b| <= t * (1 + |b|), with the t of wire::tolerance() where the options name no other. Body
// and node are for the caller to set.
wire::ComparedValue compare(const std::string& path, const c10::IValue& found, const c10::IValue& expected,
    const CompareOptions& options);

// Compares node by node during a run. Random nodes take the reference's value, if there is one.
class ValueComparer : public Observer {
public:
    ValueComparer(const GraphModule& module, const Reference& reference, CompareOptions options)
        : module_(module)
        , reference_(reference)
        , options_(std::move(options)) { }

    void value(const ObservedStep& observed, c10::IValue* values, size_t count) override;

    const std::vector<wire::ComparedValue>& rows() const { return rows_; }
    const std::vector<std::string>& random() const { return random_; } // nodes that took the recorded value
    uint64_t compared() const { return compared_; } // nodes of which at least one value was compared

private:
    bool take(
        const std::string& name, const ObservedStep& observed, c10::IValue& value, bool replace, bool check);

    const GraphModule& module_;
    const Reference& reference_;
    CompareOptions options_;
    std::vector<wire::ComparedValue> rows_;
    std::vector<std::string> random_;
    uint64_t compared_ = 0;
};

// Keeps all values of a run.
class Keeper : public Observer {
public:
    // `clone`: later steps may write into the values.
    Keeper(const GraphModule& module, bool clone)
        : module_(module)
        , clone_(clone) { }
    void value(const ObservedStep& observed, c10::IValue* values, size_t count) override;
    KeptValues take() { return std::move(kept_); }

private:
    const GraphModule& module_;
    bool clone_;
    KeptValues kept_;
};

} // namespace hopscope::executor
