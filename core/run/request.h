// What is asked for when a body is run, and everything that this needs: made before a worker is started.
#pragma once

#include "core/base/job.h"
#include "core/base/result.h"
#include "core/graph/dump.h"
#include "core/run/inputs.h"
#include "core/run/recorded.h"
#include "core/worker/worker.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace hopscope::run {

struct Request {
    std::string address; // of the body; empty where the dump has one graph only
    std::optional<int>
        invocation; // which call of a region's body recorded values are taken from; else the first
    // Of synthetic inputs and random operators. Without one, and without `inputs`, all inputs must have come
    // with the graph or be given.
    std::optional<uint64_t> seed;
    std::string inputs; // a file or folder of recorded ones; exclusive with synthetic inputs
    std::string reference; // a file of recorded values to compare with; may be empty
    std::vector<std::string> single_inputs; // "x=f32[2,3]", "k=3" (core/run/single_inputs.h)
    std::vector<std::string> bind; // "s77=8"
    std::vector<std::string> libraries; // custom operators
    uint64_t memory = 0; // the worker's limit; 0 = half of the machine's
};

struct Prepared {
    Place place; // of the body
    std::string address;
    std::shared_ptr<const GraphModule> module;
    BodyId body;
    Bindings symbols;
    std::vector<std::string> defaulted; // symbols whose value nobody gave
    Inputs inputs;
    std::string inputs_told; // "inputs of a.safetensors", "24 inputs of model.pt2, 1 synthetic"
    std::vector<std::string> notes; // what could not be had as it is
    std::string prefix; // of the invocation's keys in files of recorded values: "call/"
    std::vector<tensors::Value> reference;
    tensors::TensorFile reference_file; // the bytes of `reference`
    // What the reference was computed from, where that is not what the run is on: it is compared on that.
    std::shared_ptr<const OtherInputs> recorded_on;
};

// The body that an address means; without one, the only graph of the dump. Errors: Usage, NotFound.
Result<Place> place_of(const Dump& dump, const std::string& address);

// Errors: Usage and NotFound for what the request names, CannotRead and Damaged for its files.
Result<Prepared> prepare(const Dump& dump, const Request& request);
// The same for a body that is at hand; the request's address is not looked at.
Result<Prepared> prepare(const Dump& dump, const Place& body, const Request& request);

// "s77=8" taken apart. Errors: Usage.
Result<Bindings> bindings_of(const std::vector<std::string>& words);

// Starts the newest executor that has the operators, loads the body and binds the inputs (and the reference).
struct Started {
    std::shared_ptr<worker::Worker> worker;
    std::string executor; // its path
    wire::LoadAnswer loaded; // what of the body cannot be run
    std::vector<std::string> notes; // what the person should know: operators that this libtorch lacks
};
Result<Started> start(const Prepared& prepared, const Request& request, const Job& job = {});
// Loads the body into a worker that runs already, and binds what is to be bound.
// `keep_reference`: what earlier values are compared with stays.
Result<wire::LoadAnswer> load_into(
    worker::Worker& worker, const Prepared& prepared, const Job& job = {}, bool keep_reference = false);

} // namespace hopscope::run
