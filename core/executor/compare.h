// Values of a run against values that were recorded.
#pragma once

#include "core/executor/machine.h"
#include "core/wire/tensor_file.h"

#include <nlohmann/json.hpp>

#include <set>
#include <string>
#include <vector>

namespace hopscope::executor {

// One value against its counterpart.
struct Row {
    std::string name; // node, "call/inner", "tuple#1"
    bool equal = true; // within tolerance
    double max_abs = 0; // largest difference
    double max_rel = 0; // largest difference / largest recorded value
    std::string reason; // where the two cannot be compared: dtype, shape or stride differ
};

// |a - b| <= t * (1 + |b|) with the t of the dtype (measured: reference/executor.md, "Truth to compare
// with"). `alone`: each node was given the recorded values, so that errors do not add up; float32 and float64
// are then allowed two units in the last place of the tensor's largest value besides, as products that cancel
// need (measured: matrix products of dup_tangents' backward are off by 1.1e-7 of the largest value where the
// element is a tenth of it).
double tolerance(at::ScalarType dtype, bool alone);
Row compare(const std::string& name, const c10::IValue& found, const wire::Value& recorded, bool alone);

// Compares node by node during a run. Random nodes take the recorded value, if there is one.
class Comparison : public Observer {
public:
    Comparison(const GraphModule& module, const wire::TensorFile& recorded, bool alone)
        : module_(module)
        , recorded_(recorded)
        , alone_(alone) { }

    void value(const std::string& prefix, BodyId body, NodeId node, bool tuple, bool random,
        c10::IValue* values, size_t count) override;

    const std::vector<Row>& rows() const { return rows_; }
    const std::vector<std::string>& random() const { return random_; } // nodes that took the recorded value
    uint64_t compared() const { return compared_; } // nodes of which at least one value was compared

private:
    bool take(const std::string& name, c10::IValue& value, bool replace, bool check);

    const GraphModule& module_;
    const wire::TensorFile& recorded_;
    bool alone_;
    std::vector<Row> rows_;
    std::vector<std::string> random_;
    uint64_t compared_ = 0;
};

} // namespace hopscope::executor
