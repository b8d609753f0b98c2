#include "core/worker/worker.h"

#include "core/base/child.h"
#include "core/graph/print.h"
#include "core/wire/framing.h"
#include "core/wire/message_json.h"
#include "core/worker/exchange.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>
#include <unistd.h>

namespace hopscope::worker {

using nlohmann::json;

namespace {

using Clock = std::chrono::steady_clock;

constexpr int kLookMilliseconds = 20; // how often a cancel is looked for
constexpr int kCancelMilliseconds = 2000; // what a cancelled worker gets to say so
constexpr int kShutdownMilliseconds = 500;

Error external(std::string message) {
    return make_error(Error::Kind::External, std::move(message));
}

std::string last_line(std::string_view text) {
    while (!text.empty() && (text.back() == '\n' || text.back() == ' '))
        text.remove_suffix(1);
    const size_t at = text.rfind('\n');
    return std::string(at == std::string_view::npos ? text : text.substr(at + 1));
}

// What came back for a request: its result, or why there is none. Whoever sent it may have written anything;
// `sound` becomes false where it is no answer at all.
Result<json> answer_of(json& message, bool& sound) {
    if (const auto result = message.find("result"); result != message.end())
        return std::move(*result);
    const auto error = message.find("error");
    sound = error != message.end() && error->is_object() && error->contains("code")
        && (*error)["code"].is_number_integer() && error->contains("message")
        && (*error)["message"].is_string();
    if (!sound)
        return external("it holds neither a result nor an error with its code and message");
    return make_error((*error)["code"] == wire::kCancelled ? Error::Kind::Cancelled : Error::Kind::External,
        (*error)["message"].get<std::string>());
}

} // namespace

struct Worker::Parts {
    StartOptions options;
    std::unique_ptr<Exchange> exchange;
    ChildProcess child; // after the exchange: it ends before the folder goes
    wire::FrameReader frames;
    wire::InitializeAnswer facts;
    int next_id = 1;
    std::shared_ptr<const GraphModule> module;
    std::vector<BodyId> bodies; // the worker's, in the module
    uint64_t steps = 0; // of the run that is stepped through, begun so far
    NodePlace died_at;
    bool told = false; // how it ended was answered to somebody

    Error died(const std::string& verb);
    Error distrust(const std::string& verb, const std::string& what);
    std::optional<Result<json>> take(const std::string& text, int id, const std::string& verb);
    Result<json> wait(
        int id, const std::string& verb, std::string_view to_send, const Job& job, int milliseconds);
    Result<json> call(const std::string& verb, const json& params, const Job& job, int milliseconds);
    bool alive() { return child.started() && !child.ended(); }

    // From the worker's numbers to the module's bodies; false where there is no such node. None of both where
    // the module does not have the body.
    bool place(BodyId& body, NodeId& node) const;
};

Worker::Worker()
    : parts_(std::make_unique<Parts>()) { }

Worker::~Worker() {
    if (!alive())
        return;
    // Politely first: it may be in the middle of an answer.
    parts_->child.close_input();
    const auto end = Clock::now() + std::chrono::milliseconds(kShutdownMilliseconds);
    std::string ignored;
    while (!parts_->child.ended() && Clock::now() < end)
        if (!parts_->child.receive_some(ignored, kLookMilliseconds, false))
            usleep(1000);
    parts_->child.kill();
}

Error Worker::Parts::died(const std::string& verb) {
    told = true;
    const uint64_t mark = exchange->running();
    if (mark != 0 && module) {
        const uint64_t body = (mark - 1) >> 32, node = (mark - 1) & 0xFFFFFFFF;
        if (body < bodies.size() && bodies[body] && node < module->body(bodies[body]).nodes.size()) {
            const Node& n = module->body(bodies[body]).nodes[node];
            died_at = {body_path(*module, bodies[body]), std::string(module->text(n.name)),
                std::string(short_target(*module, n))};
        }
    }
    std::string message = "the executor " + child.how();
    if (died_at.known())
        message += " while it ran '" + died_at.node + "' (" + died_at.target + ")"
            + (died_at.body.empty() ? "" : " in " + died_at.body);
    else
        message += " during '" + verb + "'";
    const std::string said = last_line(child.last_errors());
    return external(message + (said.empty() ? "" : ": " + said));
}

// It answers what the protocol does not know: nothing of what it says is worth anything.
Error Worker::Parts::distrust(const std::string& verb, const std::string& what) {
    child.kill();
    told = true;
    return external("the executor's answer to '" + verb + "' is not understood, and it was stopped: " + what);
}

// A message, if it is the answer that is waited for.
std::optional<Result<json>> Worker::Parts::take(const std::string& text, int id, const std::string& verb) {
    json message = json::parse(text, nullptr, false);
    if (message.is_discarded())
        return distrust(verb, "it is not JSON");
    if (!message.is_object() || !message.contains("id"))
        return distrust(verb, "it is no JSON-RPC answer");
    const json& told_id = message["id"];
    if (told_id.is_number_unsigned() && told_id.get<uint64_t>() < static_cast<uint64_t>(id))
        return std::nullopt; // an answer to something given up earlier
    // Null where the worker could not tell what was asked.
    if (told_id != id && !told_id.is_null())
        return distrust(verb, "it answers a request that was never made");
    bool sound = true;
    Result<json> answer = answer_of(message, sound);
    if (!sound)
        return distrust(verb, answer.error().message);
    return answer;
}

Result<json> Worker::Parts::wait(
    int id, const std::string& verb, std::string_view to_send, const Job& job, int milliseconds) {
    const auto begin = Clock::now();
    auto cancelled_at = Clock::time_point::max();
    const std::string cancel = wire::framed(R"({"jsonrpc":"2.0","method":"cancel"})");
    std::string_view to_cancel;
    for (;;) {
        std::string bytes, text;
        bool open = child.send_some(to_send);
        if (to_send.empty() && open)
            open = child.send_some(to_cancel);
        open = child.receive_some(bytes, kLookMilliseconds, !to_send.empty()) && open;
        frames.feed(bytes);
        for (bool more = true; more;) {
            switch (frames.next(text)) {
            case wire::FrameReader::Outcome::More:
                more = false;
                break;
            case wire::FrameReader::Outcome::Garbage:
                child.kill();
                told = true;
                return external("the executor sent " + text);
            case wire::FrameReader::Outcome::Message:
                if (auto answer = take(text, id, verb))
                    return std::move(*answer);
                break;
            }
        }
        if (!open) {
            // The pipe closes a moment before the process is gone.
            const auto patience = Clock::now() + std::chrono::milliseconds(kShutdownMilliseconds);
            while (!child.ended() && Clock::now() < patience)
                usleep(1000);
            if (!child.ended())
                child.kill();
            return died(verb);
        }
        const auto now = Clock::now();
        if (job.cancelled() && cancelled_at == Clock::time_point::max()) {
            cancelled_at = now;
            to_cancel = cancel;
        }
        if (cancelled_at != Clock::time_point::max()
            && now - cancelled_at > std::chrono::milliseconds(kCancelMilliseconds)) {
            child.kill();
            told = true;
            return make_error(
                Error::Kind::Cancelled, "cancelled; the executor did not answer and was stopped");
        }
        if (milliseconds > 0 && now - begin > std::chrono::milliseconds(milliseconds)) {
            child.kill();
            Error error = died(verb);
            error.message = "no answer within " + std::to_string(milliseconds) + " ms: " + error.message;
            return error;
        }
    }
}

Result<std::unique_ptr<Worker>> Worker::start(const StartOptions& options, const Job& job) {
    auto exchange = Exchange::create();
    if (!exchange)
        return exchange.error();
    std::unique_ptr<Worker> worker(new Worker);
    Parts& parts = *worker->parts_;
    parts.options = options;
    parts.exchange = std::move(*exchange);
    uint64_t memory = options.memory;
    if (memory == 0)
        memory =
            static_cast<uint64_t>(sysconf(_SC_PHYS_PAGES)) / 2 * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
    std::vector<std::string> argv{
        options.program, "--exchange", parts.exchange->folder(), "--memory", std::to_string(memory)};
    for (const std::string& library : options.libraries)
        argv.insert(argv.end(), {"--load-library", library});
    // One thread: more only spin (reference: executor.md). English messages, points in numbers.
    if (const Status status = parts.child.start(argv,
            {"OPENBLAS_NUM_THREADS=1", "OMP_NUM_THREADS=1", "MKL_NUM_THREADS=1", "LC_ALL=C",
                "TCMALLOC_LARGE_ALLOC_REPORT_THRESHOLD=0"});
        !status)
        return status.error();
    const auto failed = [&](const std::string& why) {
        return external(options.program + " did not start: " + why);
    };
    auto answer = parts.call(wire::InitializeRequest::kVerb, wire::to_json(wire::InitializeRequest()), job,
        options.start_milliseconds);
    if (!answer)
        return answer.error().kind == Error::Kind::Cancelled ? answer.error()
                                                             : failed(answer.error().message);
    // One that takes any protocol for its own would be misunderstood later.
    const auto protocol = wire::protocol_of(*answer);
    if (!protocol)
        return failed("its answer is not understood: " + protocol.error().message);
    if (*protocol != wire::kProtocol)
        return external(options.program + " speaks protocol " + std::to_string(*protocol)
            + "; this Hopscope speaks " + std::to_string(wire::kProtocol));
    auto facts = wire::from_json<wire::InitializeAnswer>(*answer);
    if (!facts)
        return failed("its answer is not understood: " + facts.error().message);
    parts.facts = std::move(*facts);
    return worker;
}

Result<json> Worker::Parts::call(
    const std::string& verb, const json& params, const Job& job, int milliseconds) {
    if (!alive()) {
        // It may have ended by itself since, or before the first word: then whoever asks first hears how.
        if (child.started() && !told)
            return died(verb);
        return external("the executor does not run any more");
    }
    const int id = next_id++;
    const json message{{"jsonrpc", "2.0"}, {"id", id}, {"method", verb}, {"params", params}};
    const std::string bytes = wire::framed(message.dump(-1, ' ', false, json::error_handler_t::replace));
    return wait(id, verb, bytes, job, milliseconds);
}

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

// --- the verbs

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
        if (step.parent < -1 || step.parent >= static_cast<int64_t>(steps))
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

// --- what is loaded

const std::shared_ptr<const GraphModule>& Worker::module() const {
    return parts_->module;
}
const std::vector<BodyId>& Worker::bodies() const {
    return parts_->bodies;
}
BodyId Worker::body() const {
    return parts_->bodies.empty() ? BodyId() : parts_->bodies.front();
}

bool Worker::alive() {
    return parts_->alive();
}
const wire::InitializeAnswer& Worker::facts() const {
    return parts_->facts;
}
pid_t Worker::pid() const {
    return parts_->child.pid();
}
const std::string& Worker::folder() const {
    return parts_->exchange->folder();
}
const NodePlace& Worker::died_at() const {
    return parts_->died_at;
}

} // namespace hopscope::worker
