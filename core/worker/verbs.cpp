// The verbs of wire/messages.h: asked, and what is answered held against what is loaded.
#include "core/worker/worker_p.h"

#include "core/graph/print.h"
#include "core/wire/message_json.h"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace hopscope::worker {

namespace {

bool is_size(const std::vector<int64_t>& shape) {
    return std::all_of(shape.begin(), shape.end(), [](int64_t n) { return n >= 0; });
}
bool is_sound(const wire::ValueFigures& figures) {
    return is_size(figures.shape) && figures.stride.size() == figures.shape.size();
}
// What was asked for, no more and no less.
bool is_slice(const std::vector<double>& elements, const std::vector<int64_t>& count) {
    uint64_t left = elements.size();
    for (const int64_t n : count) {
        if (n <= 0)
            return elements.empty();
        if (left % static_cast<uint64_t>(n) != 0)
            return false;
        left /= static_cast<uint64_t>(n);
    }
    return left == 1;
}

} // namespace

template <class Request>
Result<typename Request::Answer> Worker::ask(const Request& request, const Job& job, int milliseconds) {
    const auto answer = parts_->call(Request::kVerb, wire::to_json(request), job, milliseconds);
    if (!answer)
        return answer.error();
    auto read = wire::from_json<typename Request::Answer>(*answer);
    if (!read)
        return parts_->distrust(Request::kVerb, read.error().message);
    return read;
}

bool Worker::Parts::place(BodyId& body, NodeId& node) const {
    if (body.index >= bodies.size())
        return false;
    body = bodies[body.index];
    if (!body)
        node = {};
    return !body || node.index < module->body(body).nodes.size();
}

Result<wire::LoadAnswer> Worker::load(std::shared_ptr<const GraphModule> module, BodyId body,
    const Bindings& symbols, const Job& job, bool keep_reference) {
    PrintOptions print;
    print.sources = false;
    print.deletions = false;
    print.close = true;
    const std::string base = body_path(*module, body);
    auto answer = ask(wire::LoadRequest{print_readable(*module, body, print),
                          {symbols.begin(), symbols.end()}, keep_reference},
        job);
    if (!answer)
        return answer;
    parts_->module = std::move(module);
    parts_->bodies.clear();
    for (const std::string& below : answer->bodies)
        parts_->bodies.push_back(
            find_body(*parts_->module, base.empty() || below.empty() ? base + below : base + "." + below));
    if (parts_->bodies.empty() || parts_->bodies.front() != body)
        return parts_->distrust("load", "the first of its bodies is not the one that was loaded");
    return answer;
}

Status Worker::bind(const std::vector<tensors::Value>& values, wire::BindRequest::As as, const Job& job) {
    if (const Status status = parts_->exchange->write(tensors::write_tensor_file(values)); !status)
        return status;
    const auto answer = ask(wire::BindRequest{as}, job);
    return answer ? Status() : Status(answer.error());
}

Result<wire::RunAnswer> Worker::run(const wire::RunRequest& request, const Job& job, int milliseconds) {
    return ask(request, job, milliseconds);
}

Result<wire::TimingAnswer> Worker::timing(const wire::TimingRequest& request, const Job& job) {
    auto answer = ask(request, job);
    if (answer)
        for (wire::NodeTiming& row : answer->rows)
            if (!parts_->place(row.body, row.node))
                return parts_->distrust("timing", "it times a node that is not there");
    return answer;
}

Result<wire::CompareAnswer> Worker::compare(const wire::CompareRequest& request, const Job& job) {
    auto answer = ask(request, job);
    if (!answer)
        return answer;
    for (wire::ComparedValue& row : answer->values)
        if (!parts_->place(row.body, row.node))
            return parts_->distrust("compare", "'" + row.path + "' is the value of a node that is not there");
    if (answer->first_mismatch && !parts_->place(answer->first_mismatch->body, answer->first_mismatch->node))
        return parts_->distrust("compare", "its first mismatch is of a node that is not there");
    return answer;
}

Status Worker::keep_as_reference(const Job& job) {
    const auto answer = ask(wire::KeepAsReferenceRequest(), job);
    return answer ? Status() : Status(answer.error());
}

Result<wire::AdvanceAnswer> Worker::begin(const wire::BeginRequest& request, const Job& job) {
    parts_->steps = 0;
    return stepped(request.kVerb, ask(request, job));
}

Result<wire::AdvanceAnswer> Worker::advance(wire::AdvanceRequest request, const Job& job) {
    std::vector<wire::Mark> marks;
    for (const wire::Mark& mark : request.marks)
        for (size_t number = 0; number < parts_->bodies.size(); ++number)
            if (mark.body && parts_->bodies[number] == mark.body)
                marks.push_back({BodyId(number), mark.node});
    request.marks = std::move(marks);
    return stepped(request.kVerb, ask(request, job));
}

// Steps are numbered on; what an answer says of them must fit what was told before.
Result<wire::AdvanceAnswer> Worker::stepped(const char* verb, Result<wire::AdvanceAnswer> answer) {
    if (!answer)
        return answer;
    uint64_t& steps = parts_->steps;
    for (wire::BegunStep& step : answer->begun) {
        if (!parts_->place(step.body, step.node) || !step.body)
            return parts_->distrust(verb, "a node that is not there begins");
        if (step.parent && *step.parent >= steps)
            return parts_->distrust(
                verb, "step " + std::to_string(steps) + " begins in one that is not there");
        ++steps;
    }
    for (const wire::EndedStep& step : answer->ended)
        if (step.step >= steps || step.end <= step.step || step.end > steps)
            return parts_->distrust(verb,
                "step " + std::to_string(step.step) + " of " + std::to_string(steps) + " ends before step "
                    + std::to_string(step.end));
    if (answer->failure && (!answer->failure->step || *answer->failure->step >= steps))
        return parts_->distrust(verb, "a step that is not there failed");
    return answer;
}

Result<wire::ValueAnswer> Worker::value(const wire::ValueRequest& request, const Job& job) {
    auto answer = ask(request, job);
    if (!answer)
        return answer;
    if (!is_sound(*answer))
        return parts_->distrust("value", "shape and stride are none");
    const bool sliced = request.start || request.count;
    if (answer->slice.has_value() != sliced
        || (sliced && !is_slice(*answer->slice, request.count.value_or(std::vector<int64_t>()))))
        return parts_->distrust("value", "it holds another slice than was asked for");
    if (answer->histogram
        && (!request.histogram
            || answer->histogram->counts.size() != static_cast<uint64_t>(*request.histogram)))
        return parts_->distrust("value", "it holds another histogram than was asked for");
    return answer;
}

Result<std::vector<wire::NamedFigures>> Worker::figures(const Job& job) {
    auto answer = ask(wire::FiguresRequest(), job);
    if (!answer)
        return answer.error();
    for (const wire::NamedFigures& row : answer->rows)
        if (!is_sound(row))
            return parts_->distrust("figures", "shape and stride of '" + row.name + "' are none");
    return std::move(answer->rows);
}

Result<std::string> Worker::save(const wire::SaveRequest& request, const Job& job) {
    const auto answer = ask(request, job);
    if (!answer)
        return answer.error();
    return parts_->exchange->read();
}

Result<wire::JointAnswer> Worker::joint(const wire::JointRequest& request, const Job& job) {
    return ask(request, job);
}

Result<wire::SchemaAnswer> Worker::schema(const wire::SchemaRequest& request, const Job& job) {
    auto answer = ask(request, job);
    if (!answer)
        return answer;
    for (size_t i = 0; i < answer->returns.size(); ++i) {
        const wire::SchemaReturn& one = answer->returns[i];
        if ((one.aliases_argument && *one.aliases_argument >= answer->arguments.size())
            || (one.aliases_return && *one.aliases_return >= i))
            return parts_->distrust("schema", "a return aliases what is not there");
    }
    return answer;
}

} // namespace hopscope::worker
