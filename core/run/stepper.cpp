#include "core/run/stepper.h"

#include "core/base/text.h"

#include <algorithm>
#include <charconv>

namespace hopscope::run {

namespace {

// "[16, 96]" as numbers; nothing where it is no shape.
std::optional<std::vector<int64_t>> shape_of(std::string_view text) {
    std::vector<int64_t> shape;
    for (size_t at = 0; at < text.size();) {
        if (!is_digit(text[at])) {
            if (std::string_view("[](), x").find(text[at]) == std::string_view::npos)
                return std::nullopt;
            ++at;
            continue;
        }
        int64_t size = 0;
        const auto [end, error] = std::from_chars(text.data() + at, text.data() + text.size(), size);
        if (error != std::errc())
            return std::nullopt;
        shape.push_back(size);
        at = static_cast<size_t>(end - text.data());
    }
    return shape;
}

// "aten.mm" names aten.mm.default and aten.mm.out, not aten.mm_other.
bool names(std::string_view wanted, std::string_view target) {
    return target == wanted || (target.starts_with(wanted) && target[wanted.size()] == '.');
}

} // namespace

// What a move goes on to, besides breakpoints.
struct Stepper::Until {
    uint64_t steps = 0; // so many steps are begun; 0 = no limit
    std::optional<uint32_t> depth; // the next step has at most this depth
    BodyId body; // the next step is of this node
    NodeId node;
    std::optional<size_t> position; // the next step has this number
    bool non_finite = false;
    bool breakpoints = false; // they hold
};

Stepper::Stepper(std::shared_ptr<worker::Worker> worker)
    : worker_(std::move(worker))
    , module_(worker_->module()) { }

Result<Stop> Stepper::begin(const wire::BeginRequest& options, const Job& job) {
    forget_steps();
    if (untold_) {
        untold_->anew = true;
        untold_->answers.clear();
    }
    for (Breakpoint& b : breakpoints_)
        b.hits = 0;
    const auto answer = worker_->begin(options, job);
    if (!answer)
        return answer.error();
    take(*answer);
    // Placeholders are there from the start.
    Until one;
    one.steps = 1;
    while (!complete_ && first_computing(0) >= steps_.size())
        if (const Status on = advance(one, job); !on)
            return on.error();
    position_ = first_computing(0);
    return Stop{Stop::Reason::Start};
}

void Stepper::forget_steps() {
    steps_.clear();
    index_.clear();
    peak_.reset();
    failure_.reset();
    complete_ = false;
    position_ = 0;
}

void Stepper::take(const wire::AdvanceAnswer& answer) {
    if (untold_)
        untold_->answers.push_back(answer);
    for (const wire::BegunStep& begun : answer.begun) {
        Step step;
        step.body = begun.body;
        step.node = begun.node;
        if (begun.parent)
            step.parent = StepId(*begun.parent);
        step.depth = static_cast<uint16_t>(begun.depth);
        step.round = begun.round;
        index_.add(frame_of(step), step.node);
        steps_.push_back(std::move(step));
    }
    for (const wire::EndedStep& ended : answer.ended) {
        Step& step = steps_[ended.step];
        step.end = static_cast<uint32_t>(ended.end);
        step.tuple = ended.tuple;
        step.random = ended.random;
        step.values = ended.values;
        step.nan = ended.nan;
        step.inf = ended.inf;
        step.bytes = ended.bytes;
        step.live = ended.live;
        step.microseconds = ended.us;
        step.shape = ended.shape;
        // Of steps that are equal the first.
        if (!peak_ || step.live > steps_[*peak_].live
            || (step.live == steps_[*peak_].live && ended.step < *peak_))
            peak_ = ended.step;
    }
    complete_ = answer.complete;
    if (answer.failure)
        failure_ = answer.failure;
}

bool Stepper::computes(size_t step) const {
    const Opcode op = module_->body(steps_[step].body).node(steps_[step].node).op;
    return op != Opcode::Placeholder && op != Opcode::GetAttr;
}

size_t Stepper::first_computing(size_t from) const {
    while (from < steps_.size() && !computes(from))
        ++from;
    return from;
}

// --- breakpoints

std::vector<wire::Mark> Stepper::marks(const Until& until) const {
    std::vector<wire::Mark> all;
    if (until.node)
        all.push_back({until.body, until.node});
    if (!until.breakpoints)
        return all;
    for (const Breakpoint& b : breakpoints_) {
        if (!b.enabled)
            continue;
        if (b.kind == Breakpoint::Kind::Node)
            all.push_back({b.body, b.node});
        if (b.kind != Breakpoint::Kind::Operator)
            continue;
        for (const BodyId body : worker_->bodies()) {
            if (!body)
                continue;
            const Body& of = module_->body(body);
            for (size_t n = 0; n < of.nodes.size(); ++n)
                if (names(b.text, short_target(*module_, of.nodes[n])))
                    all.push_back({body, NodeId(n)});
        }
    }
    return all;
}

bool Stepper::holds_before(const Breakpoint& b, size_t step) const {
    const Step& s = steps_[step];
    if (b.kind == Breakpoint::Kind::Node)
        return b.body == s.body && b.node == s.node;
    return b.kind == Breakpoint::Kind::Operator
        && names(b.text, short_target(*module_, module_->body(s.body).node(s.node)));
}

bool Stepper::made_non_finite(size_t step) const {
    const Step& s = steps_[step];
    if (!s.end || (!s.nan && !s.inf))
        return false;
    const Body& body = module_->body(s.body);
    const Node& node = body.node(s.node);
    if (!computes(step) || node.op == Opcode::Output)
        return false;
    // An infinity that the text itself gives, as masks do, is meant.
    if (!s.nan)
        for (const Arg& arg : body.args_of(node))
            if (arg.kind == ArgKind::Float && module_->text(arg.text()).find("inf") != std::string_view::npos)
                return false;
    // Of finite inputs: one that hands a NaN on made none.
    return std::none_of(body.inputs_of(node).begin(), body.inputs_of(node).end(), [&](NodeId input) {
        const auto run = index_.in_frame(frame_of(s), input);
        return run && (steps_[*run].nan || steps_[*run].inf);
    });
}

bool Stepper::holds_after(const Breakpoint& b, size_t step) const {
    const Step& s = steps_[step];
    if (!s.end || !computes(step))
        return false;
    if (b.kind == Breakpoint::Kind::Shape)
        return s.values > 0 && shape_of(b.text) == std::optional(s.shape);
    return b.kind == Breakpoint::Kind::NonFinite && made_non_finite(step);
}

// The breakpoint that stops a move from `before` at `position`.
std::optional<Stop> Stepper::hit(size_t position, size_t before) const {
    if (breakpoints_.empty())
        return std::nullopt;
    // What has come to its end between the two: steps there, and calls around the first.
    std::vector<size_t> ended;
    for (StepId at = before < steps_.size() ? steps_[before].parent : StepId(); at;
         at = steps_[at.index].parent)
        ended.push_back(at.index);
    for (size_t step = before; step < position; ++step)
        ended.push_back(step);
    std::erase_if(ended, [&](size_t step) {
        const std::optional<uint32_t> end = steps_[step].end;
        return !end || *end <= before || *end > position;
    });
    for (size_t i = 0; i < breakpoints_.size(); ++i) {
        const Breakpoint& b = breakpoints_[i];
        if (!b.enabled)
            continue;
        if (position < steps_.size() && holds_before(b, position))
            return Stop{Stop::Reason::Breakpoint, i, position};
        for (const size_t step : ended)
            if (holds_after(b, step))
                return Stop{Stop::Reason::Breakpoint, i, step};
    }
    return std::nullopt;
}

// The step that made a NaN or an infinity between two positions.
std::optional<size_t> Stepper::non_finite_between(size_t before, size_t position) const {
    for (size_t step = before; step < position; ++step)
        if (const auto end = steps_[step].end;
            end && *end > before && *end <= position && made_non_finite(step))
            return step;
    return std::nullopt;
}

void Stepper::toggle(const Breakpoint& breakpoint) {
    const auto found = std::find(breakpoints_.begin(), breakpoints_.end(), breakpoint);
    if (found != breakpoints_.end())
        breakpoints_.erase(found);
    else
        breakpoints_.push_back(breakpoint);
}

// --- forward

// Lets the worker go on until a step is begun that `until` names, and takes what it tells.
Status Stepper::advance(const Until& until, const Job& job) {
    wire::AdvanceRequest request;
    request.steps =
        until.position ? *until.position + 1 - std::min(*until.position, steps_.size()) : until.steps;
    request.depth = until.depth;
    request.marks = marks(until);
    request.non_finite = until.non_finite;
    for (const Breakpoint& b : breakpoints_) {
        if (!until.breakpoints || !b.enabled)
            continue;
        request.non_finite = request.non_finite || b.kind == Breakpoint::Kind::NonFinite;
        if (b.kind == Breakpoint::Kind::Shape)
            if (auto shape = shape_of(b.text))
                request.shapes.push_back(std::move(*shape));
    }
    const size_t before = steps_.size();
    const bool was_complete = complete_;
    const auto answer = worker_->advance(std::move(request), job);
    if (!answer)
        return answer.error();
    take(*answer);
    if (answer->cancelled)
        return make_error(Error::Kind::Cancelled, "cancelled at step " + std::to_string(steps_.size()));
    // A worker that neither goes on nor ends would be asked for ever.
    if (steps_.size() == before && complete_ == was_complete && answer->ended.empty())
        return make_error(Error::Kind::External, "the executor does not go on");
    return {};
}

// The next position behind `from` at which something is computed; steps().size() at the end of a complete
// run.
Result<size_t> Stepper::next(size_t from, const Until& until, const Job& job) {
    for (size_t at = from + 1;;) {
        at = first_computing(at);
        if (at < steps_.size() || complete_)
            return std::min(at, steps_.size());
        if (const Status on = advance(until, job); !on)
            return on.error();
    }
}

Result<Stop> Stepper::move(const Until& until, const Job& job) {
    uint64_t moved = 0;
    for (;;) {
        if (failure_ && position_ == *failure_->step)
            return Stop{Stop::Reason::Failure, {}, *failure_->step};
        if (at_end())
            return Stop{Stop::Reason::End};
        const auto to = next(position_, until, job);
        if (!to) {
            if (to.error().kind == Error::Kind::Cancelled)
                position_ = previous(steps_.size());
            return to.error();
        }
        const size_t from = position_;
        position_ = *to;
        ++moved;
        if (until.breakpoints)
            if (const auto stop = hit(position_, from)) {
                ++breakpoints_[*stop->breakpoint].hits;
                return *stop;
            }
        if (until.non_finite)
            if (const auto step = non_finite_between(from, position_))
                return Stop{Stop::Reason::NonFinite, {}, step};
        if (at_end())
            return Stop{Stop::Reason::End};
        const Step& now = steps_[position_];
        if ((until.steps && moved >= until.steps) || (until.depth && now.depth <= *until.depth))
            return Stop{Stop::Reason::Step, {}, position_};
        if (until.position && position_ >= *until.position)
            return Stop{Stop::Reason::Target, {}, position_};
        if (until.node && now.body == until.body && now.node == until.node)
            return Stop{Stop::Reason::Target, {}, position_};
    }
}

Result<Stop> Stepper::into(const Job& job) {
    Until until;
    until.steps = 1;
    return move(until, job);
}

Result<Stop> Stepper::over(const Job& job) {
    Until until;
    until.depth = at_end() ? 0 : steps_[position_].depth;
    until.breakpoints = true;
    return move(until, job);
}

Result<Stop> Stepper::out(const Job& job) {
    Until until;
    if (!at_end() && steps_[position_].depth > 0) // of the outermost body: to the end
        until.depth = steps_[position_].depth - 1;
    until.breakpoints = true;
    return move(until, job);
}

Result<Stop> Stepper::run(const Job& job) {
    Until until;
    until.breakpoints = true;
    return move(until, job);
}

Result<Stop> Stepper::run_to(BodyId body, NodeId node, const Job& job) {
    Until until;
    until.body = body;
    until.node = node;
    until.breakpoints = true;
    return move(until, job);
}

Result<Stop> Stepper::run_to_step(size_t position, const Job& job) {
    if (position <= position_ || position < steps_.size())
        return go_to(position);
    Until until;
    until.position = position;
    return move(until, job);
}

Result<Stop> Stepper::next_non_finite(const Job& job) {
    Until until;
    until.non_finite = true;
    return move(until, job);
}

// --- back

size_t Stepper::previous(size_t from) const {
    for (size_t at = from; at-- > 0;)
        if (computes(at))
            return at;
    return from;
}

Stop Stepper::back_to(size_t position) {
    if (position == position_)
        return Stop{Stop::Reason::Start};
    position_ = position;
    return Stop{previous(position) == position ? Stop::Reason::Start : Stop::Reason::Step, {}, position};
}

Stop Stepper::back_into() {
    return back_to(previous(position_));
}

Stop Stepper::back_over() {
    const int depth = position_ < steps_.size() ? steps_[position_].depth : 0;
    size_t at = position_;
    for (size_t before = previous(at); before != at; before = previous(at)) {
        at = before;
        if (steps_[at].depth <= depth)
            break;
    }
    return back_to(at);
}

Stop Stepper::back_out() {
    const StepId call = position_ < steps_.size() ? steps_[position_].parent : StepId();
    return back_to(call ? call.index : first_computing(0));
}

Stop Stepper::back_run() {
    for (size_t at = position_, before = previous(at); before != at; at = before, before = previous(at))
        if (const auto stop = hit(before, previous(before)); stop && before != position_) {
            position_ = before;
            return *stop;
        }
    return back_to(first_computing(0));
}

Stop Stepper::back_non_finite() {
    for (size_t at = previous(position_); previous(at) != at; at = previous(at))
        if (const auto step = non_finite_between(previous(at), at)) {
            position_ = at;
            return Stop{Stop::Reason::NonFinite, {}, step};
        }
    return back_to(first_computing(0));
}

Stop Stepper::go_to(size_t position) {
    const size_t at = first_computing(std::min(position, steps_.size()));
    position_ = at < steps_.size() || complete_ ? at : previous(steps_.size());
    return Stop{Stop::Reason::Step, {}, position_};
}

} // namespace hopscope::run
