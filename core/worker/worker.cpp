#include "core/worker/worker.h"

#include "core/base/child.h"
#include "core/graph/print.h"
#include "core/wire/framing.h"
#include "core/worker/exchange.h"

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

// The result of an answer, or its error. Whoever sent it may have written anything.
Result<json> answer_of(json& message) {
    if (const auto result = message.find("result"); result != message.end()) {
        if (result->is_object())
            return std::move(*result);
        return external(
            "the executor answered with " + std::string(result->type_name()) + "; expected an object");
    }
    const json error = message.value("error", json());
    const json code = error.is_object() ? error.value("code", json()) : json();
    const json text = error.is_object() ? error.value("message", json()) : json();
    return make_error(code == wire::kCancelled ? Error::Kind::Cancelled : Error::Kind::External,
        text.is_string() ? text.get<std::string>() : "the executor refused, without a reason");
}

} // namespace

struct Worker::Parts {
    StartOptions options;
    std::unique_ptr<Exchange> exchange;
    ChildProcess child; // after the exchange: it ends before the folder goes
    wire::FrameReader frames;
    json facts;
    int next_id = 1;
    std::shared_ptr<const GraphModule> module;
    std::vector<BodyId> bodies; // the worker's, in the module
    NodePlace died_at;
    bool told = false; // how it ended was answered to somebody

    Error died(const std::string& method);
    Result<json> wait(
        int id, const std::string& method, std::string_view to_send, const Job& job, int milliseconds);
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

Error Worker::Parts::died(const std::string& method) {
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
        message += " during '" + method + "'";
    const std::string said = last_line(child.last_errors());
    return external(message + (said.empty() ? "" : ": " + said));
}

Result<json> Worker::Parts::wait(
    int id, const std::string& method, std::string_view to_send, const Job& job, int milliseconds) {
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
            case wire::FrameReader::Outcome::Message: {
                json message = json::parse(text, nullptr, false);
                if (!message.is_object() || message.value("id", json()) != id)
                    continue; // an answer to something given up earlier
                return answer_of(message);
            }
            }
        }
        if (!open) {
            // The pipe closes a moment before the process is gone.
            const auto patience = Clock::now() + std::chrono::milliseconds(kShutdownMilliseconds);
            while (!child.ended() && Clock::now() < patience)
                usleep(1000);
            if (!child.ended())
                child.kill();
            return died(method);
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
            Error error = died(method);
            error.message = "no answer within " + std::to_string(milliseconds) + " ms: " + error.message;
            return error;
        }
    }
}

Result<std::unique_ptr<Worker>> Worker::start(const StartOptions& options, const Job& job) {
    auto exchange = Exchange::create();
    if (!exchange)
        return exchange.error();
    std::unique_ptr<Worker> executor(new Worker);
    Parts& parts = *executor->parts_;
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
    auto facts =
        executor->call("initialize", {{"protocol", wire::kProtocol}}, job, options.start_milliseconds);
    if (!facts) {
        if (facts.error().kind == Error::Kind::Cancelled)
            return facts.error();
        return external(options.program + " did not start: " + facts.error().message);
    }
    // One that takes any protocol for its own would be misunderstood later.
    if (const json protocol = facts->value("protocol", json()); protocol != wire::kProtocol)
        return external(options.program + " speaks protocol " + protocol.dump() + "; this Hopscope speaks "
            + std::to_string(wire::kProtocol));
    parts.facts = std::move(*facts);
    return executor;
}

Result<json> Worker::call(const std::string& method, const json& params, const Job& job, int milliseconds) {
    if (!alive()) {
        // It may have ended by itself since, or before the first word: then whoever asks first hears how.
        if (parts_->child.started() && !parts_->told)
            return parts_->died(method);
        return external("the executor does not run any more");
    }
    const int id = parts_->next_id++;
    const json message{{"jsonrpc", "2.0"}, {"id", id}, {"method", method}, {"params", params}};
    const std::string bytes = wire::framed(message.dump(-1, ' ', false, json::error_handler_t::replace));
    return parts_->wait(id, method, bytes, job, milliseconds);
}

Result<json> Worker::load(std::shared_ptr<const GraphModule> module, BodyId body, const Bindings& symbols,
    const Job& job, bool keep_reference) {
    PrintOptions print;
    print.sources = false;
    print.deletions = false;
    print.close = true;
    const std::string base = body_path(*module, body);
    auto answer = call("load",
        {{"text", print_readable(*module, body, print)}, {"symbols", symbols},
            {"keep_reference", keep_reference}},
        job);
    if (!answer)
        return answer;
    parts_->module = std::move(module);
    parts_->bodies.clear();
    for (const json& path : answer->value("bodies", json::array())) {
        const std::string below = path.is_string() ? path.get<std::string>() : "";
        parts_->bodies.push_back(
            find_body(*parts_->module, base.empty() || below.empty() ? base + below : base + "." + below));
    }
    return answer;
}

Status Worker::bind(const std::vector<tensors::Value>& values, const std::string& as, const Job& job) {
    if (const Status status = parts_->exchange->write(tensors::write_tensor_file(values)); !status)
        return status;
    const auto answer = call("bind", {{"as", as}}, job);
    return answer ? Status() : Status(answer.error());
}

Result<std::string> Worker::kept_values(const Job& job, const json& params) {
    const auto answer = call("save", params, job);
    if (!answer)
        return answer.error();
    return parts_->exchange->read();
}

const std::shared_ptr<const GraphModule>& Worker::module() const {
    return parts_->module;
}
const std::vector<BodyId>& Worker::bodies() const {
    return parts_->bodies;
}
BodyId Worker::body_of(uint32_t number) const {
    return number < parts_->bodies.size() ? parts_->bodies[number] : BodyId();
}
uint32_t Worker::index_of(BodyId body) const {
    const auto found = std::find(parts_->bodies.begin(), parts_->bodies.end(), body);
    return found == parts_->bodies.end() ? UINT32_MAX : static_cast<uint32_t>(found - parts_->bodies.begin());
}

bool Worker::alive() {
    return parts_->child.started() && !parts_->child.ended();
}
const json& Worker::facts() const {
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
