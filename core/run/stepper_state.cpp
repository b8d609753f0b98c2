// What there is to see where a stepper stands.
#include "core/run/stepper.h"

#include "core/base/hash.h"
#include "core/graph/calls.h"

#include <algorithm>
#include <utility>

namespace hopscope::run {

size_t Stepper::expected_steps() const {
    if (complete_ && !failure_)
        return steps_.size();
    // How often each body is called; a parent stands before its children.
    const BodyId root = worker_->body();
    std::vector<size_t> calls(module_->bodies.size(), 0);
    calls[root.index] = 1;
    size_t all = 0;
    for (size_t body = root.index; body < calls.size(); ++body) {
        if (calls[body] == 0)
            continue;
        const Body& of = module_->bodies[body];
        all += calls[body] * of.nodes.size();
        for (size_t n = 0; n < of.nodes.size(); ++n)
            for (const BodyId called : called_bodies(*module_, BodyId(body), NodeId(n)))
                if (called.index > body)
                    calls[called.index] += calls[body];
    }
    return std::max(all, steps_.size());
}

bool Stepper::done(size_t step) const {
    return step < steps_.size() && steps_[step].end && *steps_[step].end <= position_;
}

std::vector<size_t> Stepper::stack() const {
    std::vector<size_t> calls;
    for (StepId at = position_ < steps_.size() ? steps_[position_].parent : StepId(); at;
         at = steps_[at.index].parent)
        calls.push_back(at.index);
    std::reverse(calls.begin(), calls.end());
    return calls;
}

std::optional<size_t> Stepper::step_of(BodyId body, NodeId node) const {
    // The frames around the position, innermost first: where one is of that body, no other run of it is
    // meant.
    for (size_t at = position_; at < steps_.size();) {
        const Step& frame = steps_[at];
        if (frame.body == body) {
            const auto run = index_.in_frame(frame_of(frame), node);
            return run && *run <= position_ ? run : std::nullopt;
        }
        if (!frame.parent)
            break;
        at = frame.parent.index;
    }
    return index_.latest(body, node, position_);
}

std::optional<size_t> Stepper::ran_before(BodyId body, NodeId node, size_t step) const {
    return index_.latest(body, node, step);
}

std::string Stepper::path(size_t step) const {
    std::vector<size_t> chain{step};
    for (StepId at = steps_[step].parent; at; at = steps_[at.index].parent)
        chain.push_back(at.index);
    std::string out;
    for (auto at = chain.rbegin(); at != chain.rend(); ++at) {
        const Step& s = steps_[*at];
        if (s.round && !out.empty())
            out += std::to_string(*s.round) + "/";
        out += std::string(module_->text(module_->body(s.body).node(s.node).name)) + (*at == step ? "" : "/");
    }
    return out;
}

std::optional<size_t> Stepper::peak() const {
    return peak_;
}

Result<wire::ValueAnswer> Stepper::value(const ValueQuery& query, const Job& job) {
    if (!done(query.step))
        return make_error(Error::Kind::NotFound,
            query.step < steps_.size() ? "'" + path(query.step) + "' has not run yet"
                                       : "there is no such step");
    wire::ValueRequest request;
    request.step = query.step;
    request.item = static_cast<uint64_t>(std::max(0, query.item));
    if (query.bins > 0)
        request.histogram = query.bins;
    if (query.slice) {
        request.start = query.slice->start;
        request.count = query.slice->count;
    }
    return worker_->value(request, job);
}

Result<std::string> Stepper::save(const Job& job) {
    return worker_->save({position_}, job);
}

uint64_t Stepper::hash() const {
    Hasher hasher;
    hasher.add(std::to_string(position_));
    for (size_t i = 0; i < std::min(position_ + 1, steps_.size()); ++i)
        hasher.add(path(i) + (done(i) ? "+" : "-"));
    return hasher.low();
}

// --- followed

void Stepper::tell() {
    untold_.emplace();
}

StepperNews Stepper::news() {
    StepperNews news = untold_ ? std::exchange(*untold_, {}) : StepperNews();
    news.position = position_;
    news.breakpoints = breakpoints_;
    return news;
}

void Stepper::follow(StepperNews news) {
    if (news.anew)
        forget_steps();
    for (const wire::AdvanceAnswer& answer : news.answers)
        take(answer);
    position_ = news.position;
    breakpoints_ = std::move(news.breakpoints);
}

} // namespace hopscope::run
