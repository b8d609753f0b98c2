#include "core/worker/choose.h"

#include "core/base/filter.h"
#include "core/base/text.h"
#include "core/graph/calls.h"
#include "core/wire/message_json.h"
#include "core/worker/worker.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <sys/stat.h>
#include <tuple>

namespace hopscope::worker {

namespace {

using nlohmann::json;

constexpr int kDescribeMilliseconds = 60000; // as long as a start may take
constexpr std::string_view kOps = "torch.ops.", kHigher = "torch.ops.higher_order.";

// "torch.ops.aten.mm.default" as "aten.mm.default"; empty for what is no operator of the dispatcher.
std::string operator_name(std::string_view target) {
    if (!target.starts_with(kOps) || target.starts_with(kHigher))
        return {};
    std::string name(target.substr(kOps.size()));
    // A packet without its overload means the default one.
    return std::count(name.begin(), name.end(), '.') == 1 ? name + ".default" : name;
}

// What one executor said.
struct Description {
    std::string problem, libtorch;
    int protocol = 0;
    std::set<std::string, std::less<>> operators;
};

Description read_description(const std::string& text) {
    Description found;
    const json all = json::parse(text, nullptr, false);
    const auto protocol = wire::protocol_of(all);
    if (protocol && *protocol != wire::kProtocol) {
        found.protocol = *protocol;
        if (const auto libtorch = all.find("libtorch"); libtorch != all.end() && libtorch->is_string())
            found.libtorch = libtorch->get<std::string>();
        found.problem = "it speaks protocol " + std::to_string(*protocol) + "; this Hopscope speaks "
            + std::to_string(wire::kProtocol);
        return found;
    }
    auto said = wire::from_json<wire::Description>(all);
    if (!said) {
        found.problem =
            "what it says of itself is not understood: it may be no hopscope-executor, or an old one ("
            + said.error().message + ")";
        return found;
    }
    found.libtorch = std::move(said->libtorch);
    found.protocol = said->protocol;
    found.operators.insert(said->operators.begin(), said->operators.end());
    return found;
}

using FileState = std::tuple<int64_t, int64_t, int64_t>; // size, seconds, nanoseconds of the last change

FileState state_of(const std::string& path) {
    struct stat info { };
    if (stat(path.c_str(), &info) != 0)
        return {-1, 0, 0};
    return {info.st_size, info.st_mtim.tv_sec, info.st_mtim.tv_nsec};
}

// What executors said, kept for the life of this process. Any thread may ask.
std::shared_ptr<const Description> describe(
    const std::string& executor, const std::vector<std::string>& libraries, const Job& job) {
    struct Entry {
        std::vector<FileState> states;
        std::shared_ptr<const Description> said;
    };
    static std::mutex mutex;
    static std::map<std::vector<std::string>, Entry> kept;

    std::vector<std::string> argv{executor, "--describe"};
    std::vector<FileState> states{state_of(executor)};
    for (const std::string& library : libraries) {
        argv.insert(argv.end(), {"--load-library", library});
        states.push_back(state_of(library));
    }
    {
        const std::lock_guard lock(mutex);
        if (const auto found = kept.find(argv); found != kept.end() && found->second.states == states)
            return found->second.said;
    }
    auto said = std::make_shared<Description>();
    const auto answer = run_filter(argv, "", {.milliseconds = kDescribeMilliseconds}, job,
        {"OPENBLAS_NUM_THREADS=1", "OMP_NUM_THREADS=1", "MKL_NUM_THREADS=1"});
    if (!answer) {
        said->problem = answer.error().message;
        return said; // not kept: a second try may fare better
    }
    *said = read_description(*answer);
    const std::lock_guard lock(mutex);
    kept[argv] = {states, said};
    return said;
}

// "2.13.0+cpu" as numbers.
std::vector<int> version_numbers(const std::string& text) {
    std::vector<int> numbers;
    for (const char *at = text.data(), *end = at + text.size(); at < end;) {
        int n = 0;
        const auto [next, error] = std::from_chars(at, end, n);
        if (error != std::errc())
            break;
        numbers.push_back(n);
        if (next == end || *next != '.')
            break;
        at = next + 1;
    }
    return numbers;
}

std::string lacks(const Candidate& candidate) {
    std::string some;
    for (size_t i = 0; i < candidate.missing.size() && i < 5; ++i)
        some += (i ? ", " : "") + candidate.missing[i];
    return "libtorch " + candidate.libtorch + " lacks " + counted(candidate.missing.size(), "operator") + ": "
        + some + (candidate.missing.size() > 5 ? ", …" : "");
}

} // namespace

std::vector<std::string> needed_operators(const GraphModule& module, BodyId root) {
    std::set<std::string> names;
    std::set<BodyId> seen{root};
    std::vector<BodyId> todo{root};
    const auto add = [&](StringId target) {
        if (std::string name = operator_name(module.text(target)); !name.empty())
            names.insert(std::move(name));
    };
    while (!todo.empty()) {
        const BodyId id = todo.back();
        todo.pop_back();
        const Body& body = module.body(id);
        for (size_t i = 0; i < body.nodes.size(); ++i) {
            if (body.nodes[i].op != Opcode::CallFunction)
                continue;
            add(body.nodes[i].target);
            for (const Arg& arg : body.args_of(body.nodes[i]))
                if (arg.kind == ArgKind::Operator)
                    add(arg.text());
            for (const BodyId called : called_bodies(module, id, NodeId(i)))
                if (seen.insert(called).second)
                    todo.push_back(called);
        }
    }
    // Evaluated on Python's side: no executor needs them.
    std::erase_if(names, [](const std::string& name) { return name.starts_with("aten.sym_"); });
    return {names.begin(), names.end()};
}

Choice compare_executors(const std::vector<std::string>& executors, const std::vector<std::string>& operators,
    const std::vector<std::string>& libraries, const Job& job) {
    Choice choice;
    for (const std::string& executor : executors) {
        job.report(0, 0, "asking the executors");
        const auto said = describe(executor, libraries, job);
        Candidate candidate{
            executor, said->problem, said->libtorch, said->protocol, said->operators.size(), {}};
        if (said->problem.empty())
            for (const std::string& name : operators)
                if (!said->operators.contains(name))
                    candidate.missing.push_back(name);
        choice.candidates.push_back(std::move(candidate));
    }
    const auto better = [](const Candidate& a, const Candidate& b) {
        if (a.missing.empty() != b.missing.empty())
            return a.missing.empty();
        return version_numbers(a.libtorch) > version_numbers(b.libtorch);
    };
    for (size_t i = 0; i < choice.candidates.size(); ++i)
        if (choice.candidates[i].problem.empty()
            && (!choice.found() || better(choice.candidates[i], choice.candidates[*choice.chosen])))
            choice.chosen = i;
    if (choice.found() && !choice.candidates[*choice.chosen].missing.empty())
        choice.note = lacks(choice.candidates[*choice.chosen]);
    return choice;
}

Result<Choice> choose_executor(
    const GraphModule& module, BodyId body, const std::vector<std::string>& libraries, const Job& job) {
    const auto executors = find_executors();
    if (!executors)
        return executors.error();
    Choice choice;
    if (executors->size() == 1) {
        choice.candidates.emplace_back();
        choice.candidates.back().executor = executors->front();
        choice.chosen = 0;
        return choice;
    }
    choice = compare_executors(*executors, needed_operators(module, body), libraries, job);
    if (job.cancelled())
        return make_error(Error::Kind::Cancelled, "cancelled");
    if (choice.found())
        return choice;
    std::string reasons;
    for (const Candidate& candidate : choice.candidates)
        reasons += (reasons.empty() ? "" : "; ") + candidate.executor + ": " + candidate.problem;
    return make_error(Error::Kind::External, "no executor can be used: " + reasons);
}

} // namespace hopscope::worker
