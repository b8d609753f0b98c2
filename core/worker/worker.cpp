#include "core/worker/worker_p.h"

#include "core/base/clock.h"
#include "core/base/text.h"
#include "core/graph/print.h"
#include "core/wire/message_json.h"

#include <nlohmann/json.hpp>

#include <atomic>
#include <sys/resource.h>
#include <unistd.h>

namespace hopscope::worker {

using nlohmann::json;

namespace {

constexpr int kLookMilliseconds = 20; // how often a cancel is looked for
std::atomic<int> g_patience{2000};
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

uint64_t memory_of(uint64_t asked) {
    return asked
        ? asked
        : static_cast<uint64_t>(sysconf(_SC_PHYS_PAGES)) / 2 * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
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

Worker::Worker()
    : parts_(std::make_unique<Parts>()) { }

Worker::~Worker() {
    if (!alive())
        return;
    // Politely first: it may be in the middle of an answer.
    parts_->child.close_input();
    const Stopwatch watch;
    std::string ignored;
    while (!parts_->hurried && !parts_->child.ended() && watch.milliseconds() < kShutdownMilliseconds)
        if (!parts_->child.receive_some(ignored, kLookMilliseconds, false))
            usleep(1000);
    parts_->child.kill();
}

std::string memory_note(uint64_t memory) {
    rlimit given{};
    if (getrlimit(RLIMIT_AS, &given) != 0 || given.rlim_cur >= memory_of(memory))
        return {};
    return "the executor may take " + format_bytes(given.rlim_cur)
        + " in all, as the system allows no more here (ulimit -v), not " + format_bytes(memory_of(memory));
}

void set_patience(int milliseconds) {
    g_patience.store(milliseconds, std::memory_order_relaxed);
}

NodePlace Worker::Parts::running(size_t* number, size_t* count) const {
    const uint64_t mark = exchange->running();
    if (mark == 0 || !module)
        return {};
    const uint64_t body = (mark - 1) >> 32, node = (mark - 1) & 0xFFFFFFFF;
    if (body >= bodies.size() || !bodies[body] || node >= module->body(bodies[body]).nodes.size())
        return {};
    const Node& n = module->body(bodies[body]).nodes[node];
    if (number)
        *number = static_cast<size_t>(node) + 1;
    if (count)
        *count = module->body(bodies[body]).nodes.size();
    return {body_path(*module, bodies[body]), std::string(module->text(n.name)),
        std::string(short_target(*module, n))};
}

// What it is at, while it is waited for.
void Worker::Parts::report(const std::string& verb, const Job& job) const {
    if (!job.progress)
        return;
    size_t number = 0, count = 0;
    const NodePlace at = running(&number, &count);
    if (at.known())
        job.report(0, 0,
            "running node " + std::to_string(number) + " of " + std::to_string(count)
                + (at.body.empty() ? "" : " in " + at.body) + ": " + at.node);
    else
        job.report(0, 0,
            verb == wire::InitializeRequest::kVerb  ? "starting the executor"
                : verb == wire::LoadRequest::kVerb  ? "loading the body"
                : verb == wire::BindRequest::kVerb  ? "handing values over"
                : verb == wire::SaveRequest::kVerb  ? "fetching values"
                : verb == wire::JointRequest::kVerb ? "deriving the joint graph"
                                                    : "running");
}

Error Worker::Parts::died(const std::string& verb) {
    told = true;
    if (const NodePlace at = running(); at.known())
        died_at = at;
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
    const Stopwatch asked;
    std::optional<Stopwatch> cancelled;
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
                if (auto answer = take(text, id, verb)) {
                    hurried = cancelled.has_value();
                    return std::move(*answer);
                }
                break;
            }
        }
        if (!open) {
            // The pipe closes a moment before the process is gone.
            const Stopwatch closed;
            while (!child.ended() && closed.milliseconds() < kShutdownMilliseconds)
                usleep(1000);
            if (!child.ended())
                child.kill();
            return died(verb);
        }
        report(verb, job);
        if (job.cancelled() && !cancelled) {
            cancelled.emplace();
            to_cancel = cancel;
        }
        const int patience = g_patience.load(std::memory_order_relaxed);
        if (cancelled && cancelled->milliseconds() > patience) {
            const NodePlace at = running();
            child.kill();
            told = true;
            return make_error(Error::Kind::Cancelled,
                "cancelled"
                    + (at.known() ? " while '" + at.node + "' (" + at.target + ") ran" : std::string())
                    + "; the executor was stopped");
        }
        if (milliseconds > 0 && asked.milliseconds() > milliseconds) {
            child.kill();
            Error error = died(verb);
            error.message = "no answer within "
                + (milliseconds < 10000 ? std::to_string(milliseconds) + " ms"
                                        : std::to_string(milliseconds / 1000) + " s")
                + ": " + error.message;
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
    std::vector<std::string> argv{options.executor, "--exchange", parts.exchange->folder(), "--memory",
        std::to_string(memory_of(options.memory))};
    for (const std::string& library : options.libraries)
        argv.insert(argv.end(), {"--load-library", library});
    // One thread: more only spin (reference: executor.md). English messages, points in numbers.
    if (const Status status = parts.child.start(argv,
            {"OPENBLAS_NUM_THREADS=1", "OMP_NUM_THREADS=1", "MKL_NUM_THREADS=1", "LC_ALL=C",
                "TCMALLOC_LARGE_ALLOC_REPORT_THRESHOLD=0"});
        !status)
        return status.error();
    const auto failed = [&](const std::string& why) {
        return external(options.executor + " did not start: " + why);
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
        return external(options.executor + " speaks protocol " + std::to_string(*protocol)
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
