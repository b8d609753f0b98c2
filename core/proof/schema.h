// The schema of a region call (torch/_higher_order_ops/invoke_subgraph.py, InvokeSubgraphHOP.gen_schema, and
// torch/_higher_order_ops/schema.py, which write it).
#pragma once

#include "core/run/request.h"

#include <string>
#include <vector>

namespace hopscope::proof {

// What the worker tells of it, with what the call says.
struct SchemaArgument : wire::SchemaArgument {
    std::string operand; // as the call gives it: a node's name, or a literal; empty where the text has none
};
using wire::SchemaReturn;

struct CallSchema {
    std::string text; // as PyTorch writes it: "invoke_subgraph(Any subgraph, str identifier, Tensor arg0) ->
                      // ((Tensor))"
    std::string identifier; // empty where it is None
    std::vector<SchemaArgument> arguments;
    std::vector<SchemaReturn> returns;
    bool synthetic = false; // the inputs that it was run on
    std::string libtorch; // that ran it
    int threads = 1;
    std::string stopped; // why the body could not be run to its end; then returns are by the dump's types
};

// Which body the call calls, and the request for it with the values of that very call where recorded ones are
// request.
struct CalledBody {
    Place place; // of the body
    run::Request request; // its address is not looked at
};
// `invocation` of `request` chooses among the runs of the body that holds the call. Errors: Usage where the
// node is no region call or its body is not in the dump.
Result<CalledBody> body_of_call(const Dump& dump, const Place& call, const run::Request& request);

// Runs the called body, which the worker has loaded with what body_of_call() led to, and writes the schema.
// Errors: External.
Result<CallSchema> call_schema(worker::Worker& worker, const Dump& dump, const Place& call,
    const run::Prepared& prepared, const Job& job = {});

// All of it, from the call's place: starts the executor, too. With neither a seed nor inputs the seed is 0.
// Errors: as body_of_call() and run::prepare(); External for whatever the executor is to blame for;
// Cancelled.
Result<CallSchema> call_schema(
    const Dump& dump, const Place& call, const run::Request& request, const Job& job = {});

// The schema, then each argument with its operand and each alias in words, a line each.
std::string schema_text(const CallSchema& schema);

} // namespace hopscope::proof
