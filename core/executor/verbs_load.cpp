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

wire::InitializeAnswer Server::initialize(const wire::InitializeRequest& request) {
    if (request.protocol != wire::kProtocol)
        throw Fault{wire::kInvalidParams,
            "protocol " + std::to_string(request.protocol) + " was asked for; this executor speaks "
                + std::to_string(wire::kProtocol)};
    wire::InitializeAnswer answer = facts_;
    answer.threads = at::get_num_threads();
    answer.operators = c10::Dispatcher::singleton().getAllOpNames().size();
    return answer;
}

wire::LoadAnswer Server::load(const wire::LoadRequest& request) {
    const auto text = std::make_shared<std::string>(request.text);
    const Bindings symbols(request.symbols.begin(), request.symbols.end());
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
    if (!request.keep_reference)
        reference_ = {};
    bound_ = false;

    wire::LoadAnswer answer;
    for (size_t i = 0; i < module->bodies.size(); ++i)
        answer.bodies.push_back(body_path(*module, BodyId(i)));
    for (const Program::Unsupported& u : program_->unsupported)
        answer.unsupported.push_back({body_path(*module, u.body),
            std::string(module->text(module->body(u.body).node(u.node).name)), u.target, u.reason});
    for (const Input& input : program_->inputs)
        answer.inputs.push_back(input.name);
    answer.mutates = program_->mutates;
    answer.moved = program_->moved;
    return answer;
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

wire::BindAnswer Server::bind(const wire::BindRequest& request) {
    if (!program_)
        throw Fault{wire::kNotReady, "no body is loaded"};
    const auto bytes = tensor_bytes();
    auto file = tensors::TensorFile::read(*bytes, bytes);
    if (!file)
        throw Fault{wire::kBadTensors, file.error().text()};
    if (request.as == wire::BindRequest::As::Reference) {
        reference_ = Reference(std::move(*file));
        return {reference_.size()};
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
    return {inputs_.size()};
}

void Server::need_inputs() const {
    if (!program_ || !bound_)
        throw Fault{wire::kNotReady, program_ ? "no inputs are bound" : "no body is loaded"};
}

} // namespace hopscope::executor
