// A run that is stepped through: every step is written down, values are kept up to a limit and made again
// beyond it.
#pragma once

#include "core/executor/machine.h"
#include "core/executor/reference.h"
#include "core/wire/messages.h"

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <unordered_map>
#include <utility>
#include <vector>

namespace hopscope::executor {

// Bytes of the storages that a set of values holds, each storage once.
class StorageCount {
public:
    void add(const c10::IValue& value);
    void remove(const c10::IValue& value);
    uint64_t bytes() const { return bytes_; }

private:
    std::unordered_map<const void*, std::pair<uint64_t, uint64_t>> storages_; // holders, bytes
    uint64_t bytes_ = 0;
};

class Tracer : public Observer {
public:
    struct Settings {
        uint64_t seed = 0;
        uint64_t keep_bytes = uint64_t{1} << 30;
        wire::Progress* progress = nullptr;
        std::function<bool()> stop;
        const Reference* random = nullptr; // random nodes take its values, where it has them
    };
    Tracer(std::shared_ptr<const Program> program, std::vector<c10::IValue> inputs, Settings settings);

    // Runs on; then steps begun and ended since the last call can be had. False when it was cancelled.
    bool advance(const wire::AdvanceRequest& limits);
    // What has begun and ended, and whether that was all; forgets what it told.
    wire::AdvanceAnswer news();

    bool complete() const { return complete_; }
    size_t size() const { return steps_.size(); }
    const std::optional<Failure>& failure() const { return machine_->outcome().failure; } // at the last step
    bool ended(size_t step) const { return step < steps_.size() && steps_[step].ended; }
    // The values of a step that has ended; made again where they were dropped. Throws std::runtime_error
    // where that is not possible.
    std::vector<c10::IValue> values(size_t step);
    // All steps that had ended when `position` steps were done, by key.
    KeptValues values_until(size_t position);
    bool tuple(size_t step) const { return steps_[step].tuple; }

    bool before(const ObservedStep& observed) override;
    void value(const ObservedStep& observed, c10::IValue* values, size_t count) override;
    void after(const ObservedStep& observed, const std::vector<c10::IValue>& released) override;
    bool wants_released() const override { return true; }

private:
    struct Traced {
        BodyId body;
        NodeId node;
        std::optional<size_t> parent; // the step of the call around it
        std::optional<uint32_t> round; // of a loop's body
        uint32_t depth = 0;
        bool ended = false, tuple = false, random = false, kept = false, nan = false, inf = false;
        size_t end = 0; // once it has ended: the first step behind it and all that it called
        uint64_t bytes = 0, live = 0;
        double begin_us = 0, us = 0;
        std::vector<int64_t> shape;
        std::vector<c10::IValue> values;
    };
    class Again;

    std::map<size_t, std::vector<c10::IValue>> again(std::set<size_t> wanted);
    void look_at(Traced& step) const; // bytes, shape, NaN and infinities
    void keep(size_t step, const c10::IValue* values, size_t count);
    void replace_random(size_t step, const ObservedStep& observed, c10::IValue* values, size_t count) const;
    bool reached(const ObservedStep& observed) const;
    std::string key(size_t step) const;

    std::shared_ptr<const Program> program_;
    std::vector<c10::IValue> inputs_;
    Settings settings_;
    at::Tensor generator_; // the state of random numbers where the run stands
    std::unique_ptr<Machine> machine_;
    std::vector<Traced> steps_;
    std::vector<size_t> open_; // steps that have begun and not ended, by depth
    StorageCount live_, kept_;
    std::deque<size_t> order_; // steps whose values are kept, oldest first
    wire::AdvanceRequest limits_;
    uint64_t begun_ = 0; // in this advance
    bool pause_ = false; // a value was met that the limits name
    size_t told_begun_ = 0;
    std::vector<size_t> told_ended_;
    bool complete_ = false;
};

} // namespace hopscope::executor
