// What a run is compared with: recorded values, or those that another run kept.
#pragma once

#include "core/executor/machine.h"
#include "core/tensors/tensor_file.h"

#include <map>
#include <optional>
#include <set>
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

// Keeps all values of a run.
class Keeper : public Observer {
public:
    // `clone`: later steps may write into the values. `only`: these nodes of the root; empty: all nodes.
    Keeper(const GraphModule& module, bool clone, const std::vector<std::string>& only)
        : module_(module)
        , clone_(clone)
        , only_(only.begin(), only.end()) { }
    void value(const ObservedStep& observed, c10::IValue* values, size_t count) override;
    KeptValues take() { return std::move(kept_); }

private:
    const GraphModule& module_;
    bool clone_;
    std::set<std::string, std::less<>> only_;
    KeptValues kept_;
};

} // namespace hopscope::executor
