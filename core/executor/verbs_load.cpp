// What the worker answers about itself, the body that it is given and the values that it is bound to.
#include "core/executor/server.h"
#include "core/executor/tensors.h"
#include "core/executor/torch.h"
#include "core/graph/dump.h"
#include "core/read/open.h"

#include <cerrno>
#include <sys/stat.h>
#include <unistd.h>

namespace hopscope::executor {

using nlohmann::json;

json Server::initialize(const json& params) {
    if (const int64_t protocol = number_of(params, "protocol", wire::kProtocol); protocol != wire::kProtocol)
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
    tracer_.reset();
    program_ = *program;
    float64_.reset();
    symbols_ = symbols;
    inputs_.clear();
    kept_.clear();
    if (!flag_of(params, "keep_reference"))
        reference_ = {};
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
    auto file = tensors::TensorFile::read(*bytes, bytes);
    if (!file)
        throw Fault{wire::kBadTensors, file.error().text()};
    if (as == "reference") {
        reference_ = Reference(std::move(*file));
        return {{"values", reference_.size()}};
    }
    std::vector<c10::IValue> inputs;
    const c10::InferenceMode guard;
    for (const Input& input : program_->inputs) {
        const tensors::Value* found = file->find(input.name);
        if (!found)
            throw Fault{wire::kBadTensors, "there is no value for '" + input.name + "'"};
        auto made = from_wire(*found);
        if (!made)
            throw Fault{wire::kBadTensors, made.error().message};
        inputs.push_back(*made);
    }
    tracer_.reset();
    inputs_ = std::move(inputs);
    bound_ = true;
    return {{"inputs", inputs_.size()}};
}

void Server::need_inputs() const {
    if (!program_ || !bound_)
        throw Fault{wire::kNotReady, program_ ? "no inputs are bound" : "no body is loaded"};
}

} // namespace hopscope::executor
