// The schema of a region call (torch/_higher_order_ops/invoke_subgraph.py, InvokeSubgraphHOP.gen_schema, and
// torch/_higher_order_ops/schema.py, which write it).
#pragma once

#include "core/run/request.h"

#include <string>
#include <vector>

namespace hopscope::proof {

struct SchemaArgument {
    std::string name; // "arg0"
    std::string type; // "Tensor", "int", "SymInt", "NoneType"
    std::string operand; // as the call gives it: a node's name, or a literal; empty where the text has none
    bool mutated = false; // an operator of the body writes into it
    bool changed = false; // its elements were others after the run, whatever the schemas say
};

struct SchemaReturn {
    std::string type;
    int aliases_argument = -1, aliases_return = -1; // that it shares its storage with; -1 = none
};

struct CallSchema {
    std::string text; // as PyTorch writes it: "invoke_subgraph(Any subgraph, str identifier, Tensor arg0) ->
                      // ((Tensor))"
    std::string identifier; // empty where it is None
    std::vector<SchemaArgument> arguments;
    std::vector<SchemaReturn> returns;
    bool synthetic = false; // the inputs that it was run on
    std::string stopped; // why the body could not be run to its end; then returns are by the dump's types
};

// The request for the body that the call at `call` (graph, body, node) calls, with the values of that very
// call where recorded ones are given. `invocation` of `given` chooses among the runs of the body that holds
// the call. Errors: Usage where the node is no region call or its body is not in the dump.
Result<run::Request> request_of_call(const Dump& dump, const Place& call, const run::Request& given);

// Runs the called body on what request_of_call() led to and writes the schema. Errors: External.
Result<CallSchema> call_schema(worker::Worker& executor, const Dump& dump, const Place& call,
    const run::Prepared& prepared, const Job& job = {});

} // namespace hopscope::proof
