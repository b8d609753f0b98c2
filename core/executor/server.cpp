#include "core/executor/server.h"

#include "core/executor/torch.h"
#include "core/executor/verbs_joint.h"

#include <cerrno>
#include <poll.h>
#include <unistd.h>

namespace hopscope::executor {

using nlohmann::json;

namespace {

bool write_all(int fd, std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t n = write(fd, bytes.data(), bytes.size());
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        bytes.remove_prefix(static_cast<size_t>(n));
    }
    return true;
}

} // namespace

int Server::serve() {
    while (!shut_down_) {
        if (waiting_.empty() && !read_messages(/*wait=*/true))
            break;
        while (!waiting_.empty() && !shut_down_) {
            const json message = std::move(waiting_.front());
            waiting_.pop_front();
            handle(message);
        }
    }
    return 0;
}

bool Server::read_messages(bool wait) {
    if (ended_)
        return false;
    pollfd fd{files_.in, POLLIN, 0};
    const int ready = poll(&fd, 1, wait ? -1 : 0);
    if (ready <= 0)
        return ready == 0 || errno == EINTR;
    char buffer[65536];
    const ssize_t n = read(files_.in, buffer, sizeof buffer);
    if (n == 0 || (n < 0 && errno != EINTR && errno != EAGAIN)) {
        ended_ = true;
        return false;
    }
    if (n > 0)
        frames_.feed({buffer, static_cast<size_t>(n)});
    std::string text;
    for (;;) {
        switch (frames_.next(text)) {
        case wire::FrameReader::Outcome::More:
            return true;
        case wire::FrameReader::Outcome::Message:
            take(text);
            break;
        case wire::FrameReader::Outcome::Garbage:
            answer(nullptr, "error", {{"code", wire::kParseError}, {"message", "found " + text}});
            break;
        }
    }
}

// Cancels take effect at once, even while a body runs; everything else waits for its turn.
void Server::take(const std::string& text) {
    json message = json::parse(text, nullptr, false);
    if (message.is_discarded()) {
        answer(nullptr, "error", {{"code", wire::kParseError}, {"message", "the message is not JSON"}});
        return;
    }
    if (message.is_object() && message.value("method", json()) == "cancel") {
        cancel_ = true;
        if (message.contains("id"))
            answer(message["id"], "result", json::object());
        return;
    }
    waiting_.push_back(std::move(message));
}

void Server::answer(const json& id, const char* kind, json content) {
    const json message{{"jsonrpc", "2.0"}, {"id", id}, {kind, std::move(content)}};
    if (!write_all(files_.out, wire::framed(message.dump(-1, ' ', false, json::error_handler_t::replace))))
        ended_ = shut_down_ = true;
}

void Server::handle(const json& message) {
    const json id = message.is_object() ? message.value("id", json()) : json();
    const bool sound_id = id.is_null() || id.is_string() || id.is_number();
    if (!message.is_object() || message.value("jsonrpc", json()) != "2.0" || !message.contains("method")
        || !message["method"].is_string() || !sound_id) {
        answer(sound_id ? id : json(), "error",
            {{"code", wire::kInvalidRequest},
                {"message", "no JSON-RPC 2.0 request: jsonrpc, id and method were expected"}});
        return;
    }
    const json params = message.value("params", json::object());
    json error;
    try {
        if (!params.is_object())
            throw Fault{wire::kInvalidParams, "'params' must be an object"};
        const json result = call(message["method"].get<std::string>(), params);
        if (message.contains("id"))
            answer(id, "result", result);
        return;
    } catch (const Fault& fault) {
        error = {{"code", fault.code}, {"message", fault.message}};
        if (!fault.data.is_null())
            error["data"] = fault.data;
    } catch (const std::invalid_argument& e) {
        error = {{"code", wire::kInvalidParams}, {"message", e.what()}};
    } catch (const c10::Error& e) {
        const std::string_view text = e.what_without_backtrace();
        error = {{"code", wire::kInternalError}, {"message", std::string(text.substr(0, text.find('\n')))}};
    } catch (const std::exception& e) {
        error = {{"code", wire::kInternalError}, {"message", e.what()}};
    }
    if (message.contains("id"))
        answer(id, "error", error);
}

json Server::call(const std::string& method, const json& params) {
    struct Verb {
        const char* name;
        json (Server::*work)(const json&);
    };
    static constexpr Verb kVerbs[] = {
        {"initialize", &Server::initialize},
        {"load", &Server::load},
        {"bind", &Server::bind},
        {"run", &Server::run_all},
        {"timing", &Server::timing},
        {"compare", &Server::compare_all},
        {"begin", &Server::begin},
        {"advance", &Server::advance},
        {"value", &Server::value},
        {"save", &Server::save},
        {"schema", &Server::schema},
    };
    for (const Verb& verb : kVerbs)
        if (method == verb.name)
            return (this->*verb.work)(params);
    if (method == "keep_as_reference")
        return keep_as_reference();
    if (method == "joint") {
        need_inputs();
        cancel_ = false;
        return joint_verb(*program_, inputs_, params, files_.progress, [this] { return stop(); });
    }
    if (method == "figures")
        return figures();
    if (method == "shutdown") {
        shut_down_ = true;
        return json::object();
    }
    throw Fault{wire::kMethodNotFound, "there is no method '" + method + "'"};
}

bool Server::stop() {
    read_messages(/*wait=*/false);
    return cancel_ || ended_;
}

} // namespace hopscope::executor
