// Node by node during a run: every value against what is expected of it, with a verdict.
#pragma once

#include "core/executor/compare.h"
#include "core/executor/follower.h"
#include "core/executor/judge.h"
#include "core/executor/reference.h"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace hopscope::executor {

// What verdicts need besides the reference: the same body in double precision.
struct Wide {
    const Program* program = nullptr;
    std::vector<c10::IValue> inputs;
    std::vector<c10::IValue>
        moved; // each by half a unit in the last place of the dtype that it has in the run
    std::function<bool()> stop; // as RunSettings::stop
};

// Compares node by node during a run. Random nodes take the reference's value, if there is one, and so does
// memory that nobody wrote to.
//
// With `alone` each node is judged on the reference's values, against the same operator in double precision
// on them (judge.h); else on those of the run, against the whole body in double precision, with a bound that
// a second one carries along, whose every result is moved by a rounding. Without a reference the body in
// double precision is what is expected.
class ValueComparer : public Observer {
public:
    // `reference` may be null; both outlive it.
    ValueComparer(
        const GraphModule& module, const Reference* reference, CompareOptions options, const Wide& wide);

    void value(const ObservedStep& observed, c10::IValue* values, size_t count) override;

    const std::vector<wire::ComparedValue>& rows() const { return rows_; }
    const std::vector<std::string>& random() const { return random_; } // nodes that took the recorded value
    uint64_t compared() const { return compared_; } // nodes of which at least one value was compared

private:
    // One value of the node that the run stands at: result `output`, of a list its item.
    struct Place {
        const ObservedStep& observed;
        size_t output;
        std::optional<size_t> item; // none: the result is no list
    };
    using Values = std::vector<c10::IValue>;
    // The node's operator again, in double precision, on the operands that it had.
    struct Again {
        bool asked = false;
        std::optional<Values> exact;
        std::vector<Values> moved, moved_less; // each as Exact has it
    };

    bool take(const std::string& name, Place place, c10::IValue& value);
    void give_recorded(
        const ObservedStep& observed, const std::string& name, c10::IValue* values, size_t count);
    std::string judged_as(const Place& place) const;
    bool inherit(const std::string& name, const Place& place);
    void chosen(wire::ComparedValue& row, std::string why);
    void keep(wire::ComparedValue row, const ObservedStep& observed);
    std::optional<Result<c10::IValue>> expected(const std::string& name, const Place& place) const;
    std::string not_compared(const ObservedStep& observed, size_t output) const;
    void give_verdict(
        wire::ComparedValue& row, const Place& place, const at::Tensor& found, const at::Tensor& expected);
    void judge_numbers(
        wire::ComparedValue& row, const Place& place, const at::Tensor& found, const at::Tensor& expected);
    void excuse(wire::ComparedValue& row, const Place& place, const at::Tensor& found,
        const at::Tensor& expected, const Exact& exact, const Precision& precision);
    void judge_tf32(
        wire::ComparedValue& row, const Place& place, const at::Tensor& expected, const Exact& exact);
    void judge_choice(
        wire::ComparedValue& row, const Place& place, const at::Tensor& found, const at::Tensor& expected);
    const Again& again(const ObservedStep& observed, bool floats); // floats: the value at hand is one
    Exact alone_exact(const Place& place, const at::Tensor& found);

    const GraphModule& module_;
    const Reference* reference_;
    CompareOptions options_;
    const Wide& wide_;
    std::unique_ptr<Follower> exact_, noisy_;
    const Values *exact_values_ = nullptr, *noisy_values_ = nullptr; // of the node that the run stands at
    Again again_;
    std::vector<wire::ComparedValue> rows_;
    std::string choice_; // the first node that chose otherwise than what is expected
    std::vector<std::string> random_;
    uint64_t compared_ = 0;
};

} // namespace hopscope::executor
