#include "core/executor/server.h"

#include "core/executor/torch.h"
#include "core/wire/message_json.h"

#include <nlohmann/json.hpp>

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

// Sends an answer; false where nobody reads any more.
bool answer(int fd, const json& id, const char* kind, json content) {
    const json message{{"jsonrpc", "2.0"}, {"id", id}, {kind, std::move(content)}};
    return write_all(fd, wire::framed(message.dump(-1, ' ', false, json::error_handler_t::replace)));
}

json error_content(int code, const std::string& text) {
    return {{"code", code}, {"message", text}};
}

} // namespace

struct Server::Message {
    json content;
};

Server::Server(const ServerFiles& files, wire::InitializeAnswer facts)
    : files_(files)
    , facts_(std::move(facts)) { }

Server::~Server() = default;

int Server::serve() {
    while (!shut_down_) {
        if (waiting_.empty() && !read_messages(/*wait=*/true))
            break;
        while (!waiting_.empty() && !shut_down_) {
            const std::unique_ptr<Message> message = std::move(waiting_.front());
            waiting_.pop_front();
            handle(*message);
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
            answer(files_.out, nullptr, "error", error_content(wire::kParseError, "found " + text));
            break;
        }
    }
}

// Cancels take effect at once, even while a body runs; everything else waits for its turn.
void Server::take(const std::string& text) {
    json message = json::parse(text, nullptr, false);
    if (message.is_discarded()) {
        answer(files_.out, nullptr, "error", error_content(wire::kParseError, "the message is not JSON"));
        return;
    }
    if (message.is_object() && message.value("method", json()) == "cancel") {
        cancel_ = true;
        if (message.contains("id"))
            answer(files_.out, message["id"], "result", json::object());
        return;
    }
    waiting_.push_back(std::make_unique<Message>(Message{std::move(message)}));
}

void Server::handle(const Message& given) {
    const json& message = given.content;
    const json id = message.is_object() ? message.value("id", json()) : json();
    const bool sound_id = id.is_null() || id.is_string() || id.is_number();
    const char* kind = "error";
    json content;
    if (!message.is_object() || message.value("jsonrpc", json()) != "2.0" || !message.contains("method")
        || !message["method"].is_string() || !sound_id) {
        content = error_content(
            wire::kInvalidRequest, "no JSON-RPC 2.0 request: jsonrpc, id and method were expected");
        if (!answer(files_.out, sound_id ? id : json(), kind, std::move(content)))
            ended_ = shut_down_ = true;
        return;
    }
    const std::string& verb = message["method"].get_ref<const std::string&>();
    const json params = message.value("params", json::object());
    // Answers, if it is this verb that is asked for.
    const auto serves = [&]<class Request>(typename Request::Answer (Server::*work)(const Request&)) {
        if (verb != Request::kVerb)
            return false;
        const auto request = wire::from_json<Request>(params);
        if (!request)
            throw Fault{wire::kInvalidParams, "params: " + request.error().message};
        content = wire::to_json((this->*work)(*request));
        return true;
    };
    try {
        if (!serves(&Server::initialize) && !serves(&Server::load) && !serves(&Server::bind)
            && !serves(&Server::run_all) && !serves(&Server::timing) && !serves(&Server::compare_all)
            && !serves(&Server::keep_as_reference) && !serves(&Server::begin) && !serves(&Server::advance)
            && !serves(&Server::value) && !serves(&Server::figures) && !serves(&Server::save)
            && !serves(&Server::joint) && !serves(&Server::schema) && !serves(&Server::shut_down))
            throw Fault{wire::kMethodNotFound, "there is no method '" + verb + "'"};
        kind = "result";
    } catch (const Fault& fault) {
        content = error_content(fault.code, fault.message);
    } catch (const std::invalid_argument& e) {
        content = error_content(wire::kInvalidParams, e.what());
    } catch (const c10::Error& e) {
        const std::string_view text = e.what_without_backtrace();
        content = error_content(wire::kInternalError, std::string(text.substr(0, text.find('\n'))));
    } catch (const std::exception& e) {
        content = error_content(wire::kInternalError, e.what());
    }
    if (message.contains("id") && !answer(files_.out, id, kind, std::move(content)))
        ended_ = shut_down_ = true;
}

wire::ShutdownAnswer Server::shut_down(const wire::ShutdownRequest&) {
    shut_down_ = true;
    return {};
}

bool Server::stop() {
    read_messages(/*wait=*/false);
    return cancel_ || ended_;
}

} // namespace hopscope::executor
