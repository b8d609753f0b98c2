#include "core/proof/prove.h"

#include "core/graph/reading.h"
#include "core/proof/prover.h"
#include "core/worker/choose.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

namespace hopscope::proof {

namespace {

// A body that the partitioner made, as against a joint graph in the backward's place (nested regions).
bool is_partitioned_call(const Dump& dump, const Place& call) {
    const auto found =
        call.graph ? region_call(*dump.graph(call.graph).module, call.body, call.node) : std::nullopt;
    return found && identifier_parts(found->identifier).partitioned;
}

// What of an invocation can be proven; nothing if it has less than two of the three.
std::optional<Proof> proof_of(const Dump& dump, const Invocation& invocation) {
    Proof proof;
    proof.invocation = invocation.index;
    proof.variant = invocation.variant;
    const Place &joint_forward = invocation.body(CallSite::Joint),
                &forward = invocation.body(CallSite::Forward);
    proof.joint = invocation.body(CallSite::JointBackward);
    const bool halves = forward.graph && invocation.body(CallSite::Backward).graph
        && is_partitioned_call(dump, invocation.call(CallSite::Backward));
    if (halves) {
        proof.forward = forward;
        proof.backward = invocation.body(CallSite::Backward);
        proof.forward_call = invocation.call(CallSite::Forward);
        proof.backward_call = invocation.call(CallSite::Backward);
    } else if (!proof.joint.graph) {
        proof.joint = invocation.body(CallSite::Backward);
    }
    proof.derived_from = joint_forward.graph ? joint_forward : forward;
    if (!proof.derived_from.graph || (!proof.joint.graph && !halves))
        return std::nullopt;
    return proof;
}

// The newest executor that has the operators of the dump's joint graph, or else of its first.
Result<std::string> executor_for(
    const Dump& dump, const std::vector<std::string>& libraries, const Job& job) {
    if (dump.graphs.empty())
        return make_error(Error::Kind::NotFound, "the dump has no graph");
    const Graph* chosen = &dump.graphs.front();
    for (const Graph& graph : dump.graphs)
        if (graph.stage == Stage::Joint && chosen->stage != Stage::Joint)
            chosen = &graph;
    const auto choice = worker::choose_executor(*chosen->module, BodyId(0), libraries, job);
    if (!choice)
        return choice.error();
    return choice->candidates[*choice->chosen].executor;
}

} // namespace

bool Proofs::equal() const {
    return std::all_of(all.begin(), all.end(), [](const Proof& proof) { return proof.equal; });
}
bool Proofs::different() const {
    return std::any_of(
        all.begin(), all.end(), [](const Proof& proof) { return !proof.equal && proof.compared; });
}

Result<Proofs> prove(const Dump& dump, const Ledger& ledger, const ProveOptions& options, const Job& job) {
    auto executor = executor_for(dump, options.libraries, job);
    if (!executor)
        return executor.error();
    worker::StartOptions start;
    start.executor = std::move(*executor);
    start.libraries = options.libraries;
    const auto started = worker::Worker::start(start, job);
    if (!started)
        return started.error();
    auto proofs = prove(**started, dump, ledger, options, job);
    if (!proofs)
        return proofs.error();
    return Proofs{(*started)->facts().libtorch, std::move(*proofs)};
}

Result<std::vector<Proof>> prove(worker::Worker& worker, const Dump& dump, const Ledger& ledger,
    const ProveOptions& options, const Job& job) {
    std::vector<Proof> proofs;
    bool known = options.region.empty(), invoked = !options.invocation;
    for (const CompilationLedger& c : ledger.compilations) {
        using Key = std::tuple<Place, Place, Place, Place, std::vector<BackwardOperand>>;
        std::vector<Key> done;
        for (const Invocation& invocation : c.invocations) {
            const Region* region = invocation.region ? &c.regions[invocation.region.index] : nullptr;
            if (!region
                || (!options.region.empty() && region->identifier != options.region
                    && region->function != options.region))
                continue;
            known = true;
            if (options.invocation && invocation.index != *options.invocation)
                continue;
            invoked = true;
            auto proof = proof_of(dump, invocation);
            if (!proof)
                continue;
            proof->compilation = c.compilation;
            proof->region = region->identifier;
            std::vector<BackwardOperand> wiring;
            if (proof->backward.graph) {
                auto operands = backward_operands(dump, invocation);
                if (!operands) {
                    proof->equal = false;
                    proof->problem = operands.error().message;
                    proofs.push_back(std::move(*proof));
                    continue;
                }
                wiring = std::move(*operands);
            }
            Key key{proof->forward, proof->backward, proof->joint, proof->derived_from, wiring};
            if (std::find(done.begin(), done.end(), key) != done.end())
                continue;
            done.push_back(std::move(key));
            if (const Status status = Prover(worker, dump, options, job).run(*proof, std::move(wiring));
                !status) {
                if (!worker.alive() || status.error().kind == Error::Kind::Cancelled)
                    return status.error();
                proof->equal = proof->compared = false;
                proof->problem = status.error().message;
            }
            proofs.push_back(std::move(*proof));
        }
    }
    if (!known)
        return make_error(Error::Kind::NotFound, "no region '" + options.region + "' in the dump");
    if (!invoked)
        return make_error(Error::Kind::NotFound,
            fmt::format("no invocation {} of {}; the first is 0", *options.invocation,
                options.region.empty() ? "any region of the dump" : "region '" + options.region + "'"));
    if (proofs.empty())
        return make_error(Error::Kind::NotFound,
            (options.region.empty() ? std::string("no region of the dump")
                                    : "region '" + options.region + "'")
                + (options.region.empty() ? " has" : " does not have")
                + " a forward body with a backward body or joint graph");
    return proofs;
}

} // namespace hopscope::proof
