#include "core/executor/server.h"

#include "core/executor/compare.h"
#include "core/executor/tensors.h"
#include "core/graph/dump.h"
#include "core/read/open.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

namespace hopscope::executor {

using nlohmann::json;

struct Server::Fault {
    int code;
    std::string message;
    json data = nullptr;
};

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

template <class T>
T parameter(const json& params, const char* name, T otherwise, bool (json::*is)() const noexcept) {
    const auto found = params.find(name);
    if (found == params.end() || found->is_null())
        return otherwise;
    if (!((*found).*is)())
        throw std::invalid_argument(std::string("parameter '") + name + "' has the wrong type");
    return found->get<T>();
}
std::string text_of(const json& params, const char* name) {
    return parameter<std::string>(params, name, {}, &json::is_string);
}
bool flag_of(const json& params, const char* name) {
    return parameter(params, name, false, &json::is_boolean);
}
int64_t number_of(const json& params, const char* name, int64_t otherwise) {
    return parameter<int64_t>(params, name, otherwise, &json::is_number_integer);
}

class Keeper : public Observer {
public:
    Keeper(const GraphModule& module, std::function<void(std::string, bool, std::vector<c10::IValue>)> keep)
        : module_(module)
        , keep_(std::move(keep)) { }
    void value(const std::string& prefix, BodyId body, NodeId node, bool tuple, bool, c10::IValue* values,
        size_t count) override {
        const Node& n = module_.body(body).node(node);
        if (n.op == Opcode::GetAttr && count == 1 && values[0].isNone())
            return;
        keep_(prefix + std::string(module_.text(n.name)), tuple,
            std::vector<c10::IValue>(values, values + count));
    }

private:
    const GraphModule& module_;
    std::function<void(std::string, bool, std::vector<c10::IValue>)> keep_;
};

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
    if (method == "initialize") {
        if (const int64_t protocol = number_of(params, "protocol", wire::kProtocol);
            protocol != wire::kProtocol)
            throw Fault{wire::kInvalidParams,
                "protocol " + std::to_string(protocol) + " was asked for; this executor speaks "
                    + std::to_string(wire::kProtocol)};
        json result = facts_;
        result["protocol"] = wire::kProtocol;
        result["threads"] = at::get_num_threads();
        result["composed"] = added_;
        result["operators"] = c10::Dispatcher::singleton().getAllOpNames().size();
        return result;
    }
    if (method == "load")
        return load(params);
    if (method == "bind")
        return bind(params);
    if (method == "run")
        return run_all(params);
    if (method == "value")
        return value(params);
    if (method == "compare")
        return compare_all(params);
    if (method == "save")
        return save();
    if (method == "schema")
        return schema(params);
    if (method == "shutdown") {
        shut_down_ = true;
        return json::object();
    }
    throw Fault{wire::kMethodNotFound, "there is no method '" + method + "'"};
}

json Server::load(const json& params) {
    const auto text = std::make_shared<std::string>(text_of(params, "text"));
    Bindings symbols;
    const json given = params.value("symbols", json::object());
    for (const auto& [name, number] : given.items()) {
        if (!number.is_number_integer())
            throw Fault{wire::kInvalidParams, "the symbol '" + name + "' is bound to no integer"};
        symbols[name] = number.get<int64_t>();
    }
    std::vector<Problem> problems;
    const auto module = read_print_readable(*text, text, /*tabbed=*/false, problems);
    for (const Problem& problem : problems)
        if (problem.severity == Severity::Error)
            throw Fault{
                wire::kInvalidParams, "line " + std::to_string(problem.line) + ": " + problem.message};
    if (!module)
        throw Fault{wire::kInvalidParams, "the text holds no graph"};
    auto program = compile(module, symbols);
    if (!program)
        throw Fault{wire::kInvalidParams, program.error().message};
    program_ = *program;
    inputs_.clear();
    kept_.clear();
    reference_.reset();
    bound_ = false;

    json bodies = json::array(), unsupported = json::array(), inputs = json::array();
    for (size_t i = 0; i < module->bodies.size(); ++i)
        bodies.push_back(body_path(*module, BodyId(i)));
    for (const Program::Unsupported& u : program_->unsupported)
        unsupported.push_back({{"body", body_path(*module, u.body)},
            {"node", module->text(module->body(u.body).node(u.node).name)}, {"target", u.target},
            {"reason", u.reason}});
    for (const Input& input : program_->inputs)
        inputs.push_back(input.name);
    return {{"bodies", bodies}, {"inputs", inputs}, {"unsupported", unsupported},
        {"mutates", program_->mutates}, {"moved", program_->moved}};
}

// The whole of to_worker, copied: the client may write it anew at once.
std::shared_ptr<std::string> Server::tensor_bytes() const {
    struct stat info { };
    if (fstat(files_.to_worker, &info) != 0)
        throw Fault{wire::kBadTensors, "the exchange file cannot be read"};
    auto bytes = std::make_shared<std::string>(static_cast<size_t>(info.st_size), '\0');
    size_t at = 0;
    while (at < bytes->size()) {
        const ssize_t n =
            pread(files_.to_worker, bytes->data() + at, bytes->size() - at, static_cast<off_t>(at));
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            throw Fault{wire::kBadTensors, "the exchange file ended too early"};
        at += static_cast<size_t>(n);
    }
    return bytes;
}

json Server::bind(const json& params) {
    if (!program_)
        throw Fault{wire::kNotReady, "no body is loaded"};
    const std::string as = text_of(params, "as");
    if (as != "inputs" && as != "reference")
        throw Fault{wire::kInvalidParams, "'as' must be \"inputs\" or \"reference\""};
    const auto bytes = tensor_bytes();
    auto file = wire::TensorFile::read(*bytes, bytes);
    if (!file)
        throw Fault{wire::kBadTensors, file.error().text()};
    if (as == "reference") {
        reference_ = std::move(*file);
        return {{"values", reference_->values().size()}};
    }
    std::vector<c10::IValue> inputs;
    const c10::InferenceMode guard;
    for (const Input& input : program_->inputs) {
        const wire::Value* found = file->find(input.name);
        if (!found)
            throw Fault{wire::kBadTensors, "there is no value for '" + input.name + "'"};
        auto made = from_wire(*found);
        if (!made)
            throw Fault{wire::kBadTensors, made.error().message};
        inputs.push_back(*made);
    }
    inputs_ = std::move(inputs);
    bound_ = true;
    return {{"inputs", inputs_.size()}};
}

void Server::need_inputs() const {
    if (!program_ || !bound_)
        throw Fault{wire::kNotReady, program_ ? "no inputs are bound" : "no body is loaded"};
}

bool Server::stop() {
    read_messages(/*wait=*/false);
    return cancel_ || ended_;
}

RunSettings Server::settings(const json& params) {
    RunSettings s;
    s.progress = files_.progress;
    s.stop = [this] { return stop(); };
    cancel_ = false;
    if (const std::string to = text_of(params, "to"); !to.empty()) {
        s.until = find_node(*program_->module, program_->module->bodies[0], to);
        if (!s.until)
            throw Fault{wire::kInvalidParams, "no node '" + to + "' in the body"};
    }
    at::manual_seed(static_cast<uint64_t>(number_of(params, "seed", 0)));
    return s;
}

json Server::told(const Outcome& outcome) const {
    if (outcome.cancelled)
        throw Fault{wire::kCancelled, "cancelled after " + std::to_string(outcome.run) + " nodes"};
    json result{{"nodes", outcome.nodes}, {"run", outcome.run}};
    if (outcome.failure) {
        const Failure& f = *outcome.failure;
        const GraphModule& module = *program_->module;
        const Node& node = module.body(f.body).node(f.node);
        result["failure"] = {{"body", body_path(module, f.body)}, {"node", module.text(node.name)},
            {"path", f.path}, {"target", short_target(module, node)}, {"message", f.message},
            {"unsupported", f.unsupported}};
    }
    return result;
}

json Server::run_all(const json& params) {
    need_inputs();
    RunSettings s = settings(params);
    const bool keep = flag_of(params, "keep");
    const int64_t repeat = number_of(params, "repeat", 1);
    if (repeat < 1 || repeat > 1000000)
        throw Fault{wire::kInvalidParams, "'repeat' must lie between 1 and 1000000"};
    kept_.clear();
    Keeper keeper(*program_->module, [this](std::string name, bool tuple, std::vector<c10::IValue> values) {
        kept_[std::move(name)] = {tuple, std::move(values)};
    });
    std::vector<double> times;
    json result;
    for (int64_t i = 0; i < repeat; ++i) {
        // Values are kept of the last run, so that the others are timed as they are.
        s.observer = keep && i + 1 == repeat ? &keeper : nullptr;
        const auto begin = std::chrono::steady_clock::now();
        const Outcome outcome = run(*program_, inputs_, s);
        const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - begin;
        result = told(outcome);
        if (!s.observer || repeat == 1)
            times.push_back(took.count());
        if (outcome.failure)
            break;
    }
    std::sort(times.begin(), times.end());
    result["best_ms"] = times.empty() ? 0 : times.front();
    result["wall_ms"] = times.empty() ? 0 : times[times.size() / 2];
    return result;
}

json Server::value(const json& params) {
    const std::string name = text_of(params, "name");
    const auto found = kept_.find(name);
    if (found == kept_.end())
        throw Fault{wire::kNotReady, "no value of '" + name + "' was kept by the last run"};
    const int64_t item = number_of(params, "item", 0);
    if (item < 0 || static_cast<size_t>(item) >= found->second.values.size())
        throw Fault{wire::kInvalidParams,
            "item " + std::to_string(item) + " of " + std::to_string(found->second.values.size())
                + " values"};
    const c10::IValue& chosen = found->second.values[static_cast<size_t>(item)];
    json result = statistics(chosen);
    if (params.contains("start") || params.contains("count")) {
        if (!chosen.isTensor())
            throw Fault{wire::kInvalidParams, "'" + name + "' is no tensor"};
        const json start = params.value("start", json::array()), count = params.value("count", json::array());
        const auto numbers = [](const json& list) {
            return list.is_array()
                && std::all_of(list.begin(), list.end(), [](const json& n) { return n.is_number_integer(); });
        };
        if (!numbers(start) || !numbers(count))
            throw Fault{wire::kInvalidParams, "'start' and 'count' must be lists of integers"};
        result["slice"] =
            slice(chosen.toTensor(), start.get<std::vector<int64_t>>(), count.get<std::vector<int64_t>>());
    }
    return result;
}

json Server::compare_all(const json& params) {
    need_inputs();
    if (!reference_)
        throw Fault{wire::kNotReady, "no reference is bound"};
    RunSettings s = settings(params);
    // A body that writes into tensors must keep its aliases: its values are never exchanged.
    const bool alone = flag_of(params, "alone") && !program_->mutates;
    Comparison comparison(*program_->module, *reference_, alone);
    s.observer = &comparison;
    const auto begin = std::chrono::steady_clock::now();
    json result = told(run(*program_, inputs_, s));
    const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - begin;
    json rows = json::array(), first;
    double max_abs = 0, max_rel = 0;
    uint64_t mismatched = 0;
    for (const Row& row : comparison.rows()) {
        max_abs = std::max(max_abs, row.max_abs);
        max_rel = std::max(max_rel, row.max_rel);
        mismatched += !row.equal;
        json entry{{"name", row.name}, {"equal", row.equal}, {"max_abs_error", json_number(row.max_abs)},
            {"max_rel_error", json_number(row.max_rel)}, {"reason", row.reason}};
        if (!row.equal && first.is_null())
            first = entry;
        rows.push_back(std::move(entry));
    }
    result["wall_ms"] = took.count();
    result["rows"] = std::move(rows);
    result["compared"] = comparison.compared();
    result["mismatched"] = mismatched;
    result["first_mismatch"] = first;
    result["max_abs_error"] = json_number(max_abs);
    result["max_rel_error"] = json_number(max_rel);
    result["random"] = comparison.random();
    return result;
}

json Server::save() {
    WireWriter writer;
    for (const auto& [name, kept] : kept_)
        writer.add(name, kept.tuple, kept.values);
    const std::string bytes = wire::write_tensor_file(writer.values());
    if (ftruncate(files_.from_worker, 0) != 0 || lseek(files_.from_worker, 0, SEEK_SET) != 0
        || !write_all(files_.from_worker, bytes))
        throw Fault{wire::kInternalError, "the exchange file cannot be written"};
    return {{"values", writer.values().size()}, {"bytes", bytes.size()}};
}

} // namespace hopscope::executor
