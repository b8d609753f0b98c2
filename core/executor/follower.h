// The same body in double precision, run behind another run and node by node with it, so that only the values
// of one node are there at a time.
#pragma once

#include "core/executor/machine.h"

#include <optional>
#include <vector>

namespace hopscope::executor {

class Follower : public Observer {
public:
    // `noisy`: what each operator gives is moved by half a unit in the last place of the dtype that it has in
    // the run that leads. The distance to a run without noise is what rounding makes of the whole body up to
    // there. `program` and `inputs` are in double precision and outlive it.
    Follower(const Program& program, const std::vector<c10::IValue>& inputs, bool noisy,
        std::function<bool()> stop);

    // Runs up to the node that the leading run has just finished and gives its values; null where there are
    // none: a branch or a loop went another way, or a node could not be run. They are good until the next
    // call. Random nodes and memory that nobody wrote to have the leader's values.
    const std::vector<c10::IValue>* catch_up(
        const ObservedStep& leader, const c10::IValue* values, size_t count);
    // The node has no kernel for double precision: catch_up() gave the leader's values.
    bool took_over() const { return took_over_; }

    bool before(const ObservedStep&) override { return caught_; }
    void value(const ObservedStep& observed, c10::IValue* values, size_t count) override;
    bool instead(const ObservedStep& observed, c10::IValue* values, size_t count) override;

private:
    bool at_leader(const ObservedStep& observed) const;
    // In double precision, in memory of its own: either run may write into it later.
    static c10::IValue own(const c10::IValue& given);
    void give(c10::IValue* values, size_t count) const;
    void move(const at::Tensor& value, const at::Tensor& given, const ObservedStep& observed, size_t output);

    bool noisy_;
    const ObservedStep* leader_ = nullptr; // during catch_up()
    const c10::IValue* given_ = nullptr;
    size_t count_ = 0;
    std::vector<c10::IValue> values_;
    bool caught_ = false, lost_ = false, took_over_ = false;
    uint64_t salt_ = 0;
    Machine machine_; // last: it speaks to the rest
};

} // namespace hopscope::executor
