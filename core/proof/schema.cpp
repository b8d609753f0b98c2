#include "core/proof/schema.h"

#include "core/graph/reading.h"
#include "core/run/inputs.h"

#include <algorithm>

namespace hopscope::proof {

namespace {

Error usage(std::string message) {
    return make_error(Error::Kind::Usage, std::move(message));
}

// The type that an example of this node's value would have; symbols are traced as such.
std::string type_by_dump(const GraphModule& module, const Body& body, const Arg& arg) {
    switch (arg.kind) {
    case ArgKind::None:
        return "NoneType";
    case ArgKind::Bool:
        return "bool";
    case ArgKind::Int:
        return "int";
    case ArgKind::Float:
        return "float";
    case ArgKind::Symbol:
        return "SymInt";
    case ArgKind::Node: {
        const ValueType* type = module.type(body.node(arg.node()).type);
        if (!type)
            return "Any";
        if (type->kind != TypeKind::Sym)
            return "Tensor";
        const std::string_view symbol = module.text(type->symbol);
        return symbol.starts_with("zf") || symbol.starts_with("zuf") ? "float" : "SymInt";
    }
    default:
        return "Any";
    }
}

std::vector<SchemaReturn> returns_by_dump(const GraphModule& module, BodyId id) {
    const Body& body = module.body(id);
    std::vector<SchemaReturn> returns;
    for (const Arg* result : results_of(body))
        returns.push_back({type_by_dump(module, body, *result), {}, {}});
    return returns;
}

// HopSchemaGenerator.gen_schema: mutated operands are aliases named by their position among all arguments, of
// which the subgraph and the identifier are the first two; a single return is a tuple within the returns.
std::string text_of(const CallSchema& schema) {
    std::string text = "invoke_subgraph(Any subgraph, ";
    text += schema.identifier.empty() ? "NoneType identifier" : "str identifier";
    for (size_t i = 0; i < schema.arguments.size(); ++i) {
        const SchemaArgument& argument = schema.arguments[i];
        text += ", " + argument.type;
        if (argument.mutated)
            text += "(a" + std::to_string(i + 2) + "!)";
        text += " " + argument.name;
    }
    text += ") -> (";
    for (size_t i = 0; i < schema.returns.size(); ++i)
        text += (i ? ", " : "") + schema.returns[i].type;
    text += ")";
    if (schema.returns.size() == 1) {
        text.insert(text.rfind("-> (") + 3, "(");
        text += ")";
    }
    return text;
}

std::string in_words(const GraphModule& module, const Body& body, const Arg* arg) {
    if (!arg)
        return {};
    if (arg->kind == ArgKind::Node)
        return std::string(module.text(body.node(arg->node()).name));
    if (arg->kind == ArgKind::None)
        return "None";
    return arg->text() ? std::string(module.text(arg->text())) : std::string();
}

} // namespace

Result<CalledBody> body_of_call(const Dump& dump, const Place& place, const run::Request& request) {
    const GraphModule& module = *dump.graph(place.graph).module;
    const auto call = place.node ? region_call(module, place.body, place.node) : std::nullopt;
    if (!call)
        return usage(place.node
                ? "'" + std::string(module.text(module.body(place.body).node(place.node).name))
                    + "' is no region call (invoke_subgraph)"
                : "expected the address of a region call: COMPILE:STAGE[:BODY]@NODE");
    if (!call->body)
        return usage("the body '" + std::string(module.text(call->attribute)) + "' is not in the dump");
    CalledBody called{{place.graph, call->body, {}}, request};
    // Which of the body's invocations this call is, in the run of the enclosing body that is meant.
    const std::vector<std::string> outer = run::call_prefixes(module, place.body);
    const size_t run = static_cast<size_t>(std::max(0, request.invocation.value_or(0)));
    if (run >= outer.size()) {
        called.request.invocation.reset();
        if (!request.inputs.empty() || request.invocation)
            return usage("the body that holds the call is called " + std::to_string(outer.size())
                + " times by region calls, counted from 0");
        return called;
    }
    const std::string prefix =
        outer[run] + std::string(module.text(module.body(place.body).node(place.node).name)) + "/";
    const std::vector<std::string> prefixes = run::call_prefixes(module, call->body);
    const auto found = std::find(prefixes.begin(), prefixes.end(), prefix);
    called.request.invocation = found == prefixes.end() ? -1 : static_cast<int>(found - prefixes.begin());
    return called;
}

Result<CallSchema> call_schema(worker::Worker& worker, const Dump& dump, const Place& place,
    const run::Prepared& prepared, const Job& job) {
    const GraphModule& module = *dump.graph(place.graph).module;
    const auto call = region_call(module, place.body, place.node);
    const auto names = call_names(module, place.body, place.node);
    if (!call || !call->body || !names)
        return usage("the node is no region call");
    const auto answer = worker.schema({}, job);
    if (!answer)
        return answer.error();
    CallSchema schema;
    schema.synthetic = prepared.inputs.synthetic;
    schema.libtorch = worker.facts().libtorch;
    schema.threads = worker.facts().threads;
    if (names->identifier && names->identifier->kind != ArgKind::None)
        schema.identifier = std::string(call->identifier);
    const Body &caller = module.body(place.body), &body = module.body(call->body);
    for (size_t i = 0; i < answer->arguments.size(); ++i) {
        SchemaArgument argument{answer->arguments[i], {}};
        argument.name = "arg" + std::to_string(i);
        const Arg* arg = i < call->operand_args.size() ? call->operand_args[i] : nullptr;
        argument.operand = in_words(module, caller, arg);
        // A made-up number stands for a symbol; PyTorch traces the symbol.
        const ValueType* type =
            i < body.placeholder_count() ? module.type(body.node(NodeId(i)).type) : nullptr;
        if (schema.synthetic && type && type->kind == TypeKind::Sym && argument.type == "int"
            && (!arg || arg->kind == ArgKind::Node || arg->kind == ArgKind::Symbol))
            argument.type = "SymInt";
        schema.arguments.push_back(std::move(argument));
    }
    std::vector<SchemaReturn> typed = returns_by_dump(module, call->body);
    if (const auto& failure = answer->failure) {
        schema.stopped = "'" + failure->node + "' (" + failure->target + "): " + failure->message;
        schema.returns = std::move(typed);
    } else {
        schema.returns = answer->returns;
        for (size_t i = 0; schema.synthetic && i < schema.returns.size() && i < typed.size(); ++i)
            if (typed[i].type == "SymInt")
                schema.returns[i].type = "SymInt";
    }
    schema.text = text_of(schema);
    return schema;
}

Result<CallSchema> call_schema(
    const Dump& dump, const Place& call, const run::Request& request, const Job& job) {
    auto called = body_of_call(dump, call, request);
    if (!called)
        return called.error();
    if (called->request.inputs.empty() && !called->request.seed)
        called->request.seed = 0;
    const auto prepared = run::prepare(dump, called->place, called->request);
    if (!prepared)
        return prepared.error();
    const auto started = run::start(*prepared, called->request, job);
    if (!started)
        return started.error();
    return call_schema(*started->worker, dump, call, *prepared, job);
}

std::string schema_text(const CallSchema& schema) {
    std::string text = schema.text + "\n";
    for (const SchemaArgument& a : schema.arguments)
        text += "  " + a.name + ": " + a.type + (a.operand.empty() ? "" : " = " + a.operand)
            + (a.mutated        ? ", mutated"
                    : a.changed ? ", changed without a schema saying so"
                                : "")
            + "\n";
    for (size_t i = 0; i < schema.returns.size(); ++i)
        if (const auto& argument = schema.returns[i].aliases_argument)
            text += "  result " + std::to_string(i) + " aliases arg" + std::to_string(*argument) + "\n";
    if (!schema.stopped.empty())
        text += "The body stops at " + schema.stopped + "; its results are told by the dump's types.\n";
    return text;
}

} // namespace hopscope::proof
