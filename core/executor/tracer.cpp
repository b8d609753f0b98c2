#include "core/executor/tracer.h"

#include "core/executor/tensors.h"
#include "core/executor/torch.h"

#include <algorithm>
#include <ctime>

namespace hopscope::executor {

namespace {

double now_us() {
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return static_cast<double>(now.tv_sec) * 1e6 + static_cast<double>(now.tv_nsec) * 1e-3;
}

template <class F> void each_tensor(const c10::IValue& value, const F& see) {
    if (value.isTensor()) {
        if (value.toTensor().defined())
            see(value.toTensor());
    } else if (value.isTensorList()) {
        for (const at::Tensor& tensor : value.toTensorVector())
            if (tensor.defined())
                see(tensor);
    }
}

} // namespace

void StorageCount::add(const c10::IValue& value) {
    each_tensor(value, [this](const at::Tensor& tensor) {
        auto& [holders, bytes] = storages_[tensor.storage().unsafeGetStorageImpl()];
        if (holders++ == 0) {
            bytes = tensor.storage().nbytes();
            bytes_ += bytes;
        }
    });
}

void StorageCount::remove(const c10::IValue& value) {
    each_tensor(value, [this](const at::Tensor& tensor) {
        const auto found = storages_.find(tensor.storage().unsafeGetStorageImpl());
        if (found == storages_.end() || --found->second.first > 0)
            return;
        bytes_ -= found->second.second;
        storages_.erase(found);
    });
}

Tracer::Tracer(std::shared_ptr<const Program> program, std::vector<c10::IValue> inputs, Settings settings)
    : program_(std::move(program))
    , inputs_(std::move(inputs))
    , settings_(std::move(settings)) {
    RunSettings run;
    run.observer = this;
    run.progress = settings_.progress;
    run.stop = settings_.stop;
    at::manual_seed(settings_.seed);
    generator_ = at::detail::getDefaultCPUGenerator().get_state();
    machine_ = std::make_unique<Machine>(*program_, inputs_, run);
}

bool Tracer::reached(const ObservedStep& observed) const {
    if (pause_ || (limits_.steps && begun_ >= limits_.steps))
        return true;
    if (limits_.depth && observed.depth <= *limits_.depth && begun_ > 0)
        return true;
    return begun_ > 0
        && std::binary_search(
            limits_.marks.begin(), limits_.marks.end(), wire::Mark{observed.body, observed.node});
}

// A step begins when the machine stands before it: the one that it is paused at is told, too.
bool Tracer::before(const ObservedStep& observed) {
    open_.resize(observed.depth);
    Traced step;
    step.body = observed.body;
    step.node = observed.node;
    if (!open_.empty())
        step.parent = open_.back();
    step.round = observed.round;
    step.depth = observed.depth;
    step.random = observed.step.random;
    open_.push_back(steps_.size());
    steps_.push_back(std::move(step));
    ++begun_;
    const bool pause = reached(observed);
    steps_.back().begin_us = now_us();
    return pause;
}

void Tracer::look_at(Traced& step) const {
    bool first = true;
    for (const c10::IValue& value : step.values) {
        each_tensor(value, [&](const at::Tensor& tensor) {
            if (first)
                step.shape = tensor.sizes().vec();
            first = false;
            step.bytes += tensor.nbytes();
            if ((!tensor.is_floating_point() && !tensor.is_complex()) || tensor.numel() == 0)
                return;
            if (at::isfinite(tensor).all().item().toBool())
                return;
            const bool nan = at::isnan(tensor).any().item().toBool();
            step.nan = step.nan || nan;
            step.inf = step.inf || !nan || at::isinf(tensor).any().item().toBool();
        });
    }
}

void Tracer::keep(size_t index, const c10::IValue* values, size_t count) {
    Traced& step = steps_[index];
    step.values.assign(values, values + count);
    // What a later step may write into is kept as it is now.
    if (program_->mutates)
        for (c10::IValue& value : step.values)
            if (value.isTensor() && value.toTensor().defined())
                value = clone_with_strides(value.toTensor());
    look_at(step);
    step.kept = true;
    for (const c10::IValue& value : step.values)
        kept_.add(value);
    order_.push_back(index);
    while (kept_.bytes() > settings_.keep_bytes && order_.size() > 1) {
        Traced& old = steps_[order_.front()];
        order_.pop_front();
        for (const c10::IValue& value : old.values)
            kept_.remove(value);
        old.values.clear();
        old.kept = false;
    }
}

void Tracer::replace_random(
    size_t step, const ObservedStep& observed, c10::IValue* values, size_t count) const {
    if (!observed.step.random || !settings_.random)
        return;
    const std::string name = key(step);
    for (size_t i = 0; i < count; ++i)
        if (const auto found = settings_.random->find(observed.tuple ? name + "#" + std::to_string(i) : name);
            found && found->ok())
            values[i] = **found;
}

void Tracer::value(const ObservedStep& observed, c10::IValue* values, size_t count) {
    const size_t index = open_.at(observed.depth);
    Traced& step = steps_[index];
    step.us = now_us() - step.begin_us;
    step.tuple = observed.tuple;
    replace_random(index, observed, values, count);
    // An item of a tuple is only another name for a slot: it holds nothing of its own.
    const Opcode op = program_->module->body(observed.body).node(observed.node).op;
    if (observed.step.kind != StepKind::Nothing || op == Opcode::Placeholder)
        for (size_t i = 0; i < count; ++i)
            live_.add(values[i]);
    keep(index, values, count);
}

void Tracer::after(const ObservedStep& observed, const std::vector<c10::IValue>& released) {
    const size_t index = open_.at(observed.depth);
    Traced& step = steps_[index];
    step.live = live_.bytes(); // with what goes now: that is when the most is alive
    for (const c10::IValue& value : released)
        live_.remove(value);
    if (observed.step.kind == StepKind::Output)
        step.us = now_us() - step.begin_us;
    step.ended = true;
    step.end = steps_.size();
    told_ended_.push_back(index);
    const bool shape =
        std::find(limits_.shapes.begin(), limits_.shapes.end(), step.shape) != limits_.shapes.end();
    pause_ = pause_ || (limits_.non_finite && (step.nan || step.inf)) || (shape && !step.values.empty());
}

bool Tracer::advance(const wire::AdvanceRequest& limits) {
    limits_ = limits;
    std::sort(limits_.marks.begin(), limits_.marks.end());
    begun_ = 0;
    pause_ = false;
    if (complete_)
        return true;
    at::Generator generator = at::detail::getDefaultCPUGenerator();
    generator.set_state(generator_); // another request may have used random numbers meanwhile
    const Machine::State state = machine_->go();
    generator_ = generator.get_state();
    complete_ = state == Machine::State::Finished || state == Machine::State::Failed;
    if (state == Machine::State::Cancelled)
        machine_->uncancel();
    return state != Machine::State::Cancelled;
}

wire::AdvanceAnswer Tracer::news() {
    wire::AdvanceAnswer news;
    for (; told_begun_ < steps_.size(); ++told_begun_) {
        const Traced& s = steps_[told_begun_];
        news.begun.push_back({s.body, s.node, s.parent, s.depth, s.round});
    }
    for (const size_t index : told_ended_) {
        const Traced& s = steps_[index];
        wire::EndedStep& ended = news.ended.emplace_back();
        ended.step = index;
        ended.end = s.end;
        ended.values = s.kept ? static_cast<uint32_t>(s.values.size()) : 0;
        ended.tuple = s.tuple;
        ended.random = s.random;
        ended.nan = s.nan;
        ended.inf = s.inf;
        ended.bytes = s.bytes;
        ended.live = s.live;
        ended.us = s.us;
        ended.shape = s.shape;
    }
    told_ended_.clear();
    news.complete = complete_;
    return news;
}

std::string Tracer::key(size_t index) const {
    const GraphModule& module = *program_->module;
    std::vector<size_t> chain;
    for (std::optional<size_t> at = index; at; at = steps_[*at].parent)
        chain.push_back(*at);
    std::string out;
    for (auto at = chain.rbegin(); at != chain.rend(); ++at) {
        const Traced& s = steps_[*at];
        if (s.round && !out.empty())
            out += std::to_string(*s.round) + "/";
        out += std::string(module.text(module.body(s.body).node(s.node).name));
        if (*at != index)
            out += "/";
    }
    return out;
}

// Runs again as far as is wanted and takes the values of the steps that are wanted.
class Tracer::Again : public Observer {
public:
    Again(const Tracer& tracer, std::set<size_t> wanted)
        : tracer_(tracer)
        , wanted_(std::move(wanted)) { }
    bool before(const ObservedStep& observed) override {
        open_.resize(observed.depth);
        open_.push_back(next_++);
        return wanted_.empty();
    }
    void value(const ObservedStep& observed, c10::IValue* values, size_t count) override {
        const size_t index = open_.at(observed.depth);
        tracer_.replace_random(index, observed, values, count);
        if (wanted_.erase(index) == 0)
            return;
        std::vector<c10::IValue>& taken = found[index];
        taken.assign(values, values + count);
        if (tracer_.program_->mutates)
            for (c10::IValue& value : taken)
                if (value.isTensor() && value.toTensor().defined())
                    value = clone_with_strides(value.toTensor());
    }
    std::map<size_t, std::vector<c10::IValue>> found;

private:
    const Tracer& tracer_;
    std::set<size_t> wanted_;
    size_t next_ = 0;
    std::vector<size_t> open_;
};

std::map<size_t, std::vector<c10::IValue>> Tracer::again(std::set<size_t> wanted) {
    if (wanted.empty())
        return {};
    Again again(*this, std::move(wanted));
    RunSettings run;
    run.observer = &again;
    run.progress = settings_.progress;
    run.stop = settings_.stop;
    at::manual_seed(settings_.seed); // advance() takes up its own state again
    Machine(*program_, inputs_, run).go();
    return std::move(again.found);
}

std::vector<c10::IValue> Tracer::values(size_t index) {
    TORCH_CHECK(ended(index), "step ", index, " has not run to its end");
    if (steps_[index].kept)
        return steps_[index].values;
    auto found = again({index});
    TORCH_CHECK(!found.empty(), "the value was dropped and could not be computed again");
    return std::move(found.begin()->second);
}

KeptValues Tracer::values_until(size_t position) {
    std::set<size_t> dropped;
    std::vector<size_t> wanted;
    for (size_t i = 0; i < steps_.size(); ++i) {
        const Traced& s = steps_[i];
        const Opcode op = program_->module->body(s.body).node(s.node).op;
        if (!s.ended || s.end > position || op == Opcode::Output)
            continue;
        wanted.push_back(i);
        if (!s.kept)
            dropped.insert(i);
    }
    auto found = again(std::move(dropped));
    KeptValues all;
    for (const size_t i : wanted) {
        const Traced& s = steps_[i];
        const auto made = found.find(i);
        const std::vector<c10::IValue>& values = made == found.end() ? s.values : made->second;
        const bool body = program_->module->body(s.body).node(s.node).op == Opcode::GetAttr;
        if (!(body && values.size() == 1 && values[0].isNone()))
            all[key(i)] = {s.tuple, values};
    }
    return all;
}

} // namespace hopscope::executor
