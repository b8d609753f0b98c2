// hopscope step: steps through a run by commands, as the window does by keys.
#include "app/cli/run_options.h"

#include "core/base/text.h"
#include "core/run/stepper.h"
#include "core/wire/message_json.h"

#include <charconv>
#include <cstdio>
#include <iostream>
#include <sstream>

namespace hopscope::cli {

namespace {

using nlohmann::ordered_json;

constexpr const char* kCommands = R"(Commands, separated by ; or one a line of standard input:
  into [N]  over [N]  out  run  to NODE        forward; NODE is NAME or BODY@NAME
  back [N]  back-over [N]  back-out  back-run  start
  next-nan  back-nan                           to where a NaN or an infinity appears
  break NODE | op aten.mm | shape [16, 96] | nan   sets a breakpoint, or takes it away
  value NODE [ITEM]                            its figures at the position
  where  stack  live                           the position, the calls around it, live bytes and their peak)";

struct Options {
    RunOptions run;
    std::string commands;
    uint64_t keep = uint64_t{1} << 30;
    bool as_json = false;
};

const char* reason_text(run::Stop::Reason reason) {
    using Reason = run::Stop::Reason;
    switch (reason) {
    case Reason::Step:
        return "step";
    case Reason::Target:
        return "target";
    case Reason::Breakpoint:
        return "breakpoint";
    case Reason::NonFinite:
        return "non_finite";
    case Reason::Start:
        return "start";
    case Reason::End:
        return "end";
    case Reason::Failure:
        return "failure";
    case Reason::Cancelled:
        return "cancelled";
    }
    return "";
}

class Session {
public:
    Session(run::Stepper& stepper, BodyId root, const Job& job)
        : stepper_(stepper)
        , root_(root)
        , job_(job) { }

    // What one command leads to. Errors: Usage for a command that makes no sense, and those of the stepper.
    Result<ordered_json> take(const std::string& command);

private:
    using Move = Result<run::Stop> (run::Stepper::*)(const Job&);
    using Back = run::Stop (run::Stepper::*)();

    Result<ordered_json> moved(const Result<run::Stop>& stop) const;
    Result<ordered_json> repeat(Move move, const std::string& times);
    Result<ordered_json> repeat(Back back, const std::string& times);
    Result<std::pair<BodyId, NodeId>> node_named(const std::string& name) const;
    Result<ordered_json> toggle(const std::string& what);
    Result<ordered_json> value(const std::string& what);
    ordered_json where() const;

    run::Stepper& stepper_;
    BodyId root_;
    Job job_;
};

ordered_json Session::where() const {
    const size_t at = stepper_.position();
    ordered_json place{{"position", at}, {"path", nullptr}};
    if (at < stepper_.steps().size()) {
        const run::Step& step = stepper_.steps()[at];
        place["path"] = stepper_.path(at);
        place["target"] = short_target(stepper_.module(), stepper_.module().body(step.body).node(step.node));
    }
    return place;
}

Result<ordered_json> Session::moved(const Result<run::Stop>& stop) const {
    if (!stop)
        return stop.error();
    ordered_json told = where();
    told["reason"] = reason_text(stop->reason);
    if (stop->breakpoint)
        told["breakpoint"] = *stop->breakpoint;
    if (stop->step && stop->reason != run::Stop::Reason::Step && stop->reason != run::Stop::Reason::Target)
        told["at"] = stepper_.path(*stop->step);
    if (stop->reason == run::Stop::Reason::Failure)
        told["message"] = stepper_.failure()->message;
    return told;
}

Result<int> times_of(const std::string& text) {
    int times = 1;
    if (!text.empty()
        && (std::from_chars(text.data(), text.data() + text.size(), times).ptr != text.data() + text.size()
            || times < 1))
        return make_error(Error::Kind::Usage, "found '" + text + "', expected how often");
    return times;
}

Result<ordered_json> Session::repeat(Move move, const std::string& text) {
    const auto times = times_of(text);
    if (!times)
        return times.error();
    Result<run::Stop> stop = run::Stop{};
    for (int i = 0; i < *times; ++i) {
        stop = (stepper_.*move)(job_);
        if (!stop || (stop->reason != run::Stop::Reason::Step && stop->reason != run::Stop::Reason::Start))
            break;
    }
    return moved(stop);
}

Result<ordered_json> Session::repeat(Back back, const std::string& text) {
    const auto times = times_of(text);
    if (!times)
        return times.error();
    run::Stop stop;
    for (int i = 0; i < *times; ++i)
        stop = (stepper_.*back)();
    return moved(stop);
}

// NAME in the loaded body or the one that the position is in, or BODY@NAME.
Result<std::pair<BodyId, NodeId>> Session::node_named(const std::string& name) const {
    const GraphModule& module = stepper_.module();
    const size_t at = name.find('@');
    std::vector<BodyId> bodies{root_};
    if (at != std::string::npos)
        bodies = {find_body(module, name.substr(0, at))};
    else if (stepper_.position() < stepper_.steps().size())
        bodies.insert(bodies.begin(), stepper_.steps()[stepper_.position()].body);
    for (const BodyId body : bodies)
        if (body)
            if (const NodeId node =
                    find_node(module, module.body(body), name.substr(at == std::string::npos ? 0 : at + 1)))
                return std::pair(body, node);
    std::string elsewhere;
    for (size_t i = 0; at == std::string::npos && elsewhere.empty() && i < module.bodies.size(); ++i)
        if (find_node(module, module.body(BodyId(i)), name))
            elsewhere = body_path(module, BodyId(i)) + "@" + name;
    return make_error(Error::Kind::Usage,
        "there is no node '" + name + "' here; "
            + (elsewhere.empty() ? "in another body it is BODY@NAME" : "there is " + elsewhere));
}

Result<ordered_json> Session::toggle(const std::string& what) {
    run::Breakpoint b;
    if (what == "nan") {
        b.kind = run::Breakpoint::Kind::NonFinite;
    } else if (what.starts_with("op ")) {
        b.kind = run::Breakpoint::Kind::Operator;
        b.text = trimmed(std::string_view(what).substr(3));
    } else if (what.starts_with("shape ")) {
        b.kind = run::Breakpoint::Kind::Shape;
        b.text = trimmed(std::string_view(what).substr(6));
    } else {
        const auto node = node_named(what);
        if (!node)
            return node.error();
        b.body = node->first;
        b.node = node->second;
    }
    stepper_.toggle(b);
    return ordered_json{{"breakpoints", stepper_.breakpoints().size()}};
}

Result<ordered_json> Session::value(const std::string& what) {
    const size_t space = what.find(' ');
    const auto node = node_named(what.substr(0, space));
    if (!node)
        return node.error();
    int item = 0;
    const std::string which = space == std::string::npos ? "" : what.substr(space + 1);
    if (!which.empty()
        && (std::from_chars(which.data(), which.data() + which.size(), item).ptr
                != which.data() + which.size()
            || item < 0))
        return make_error(
            Error::Kind::Usage, "found '" + which + "', expected which item of the value, from 0");
    const auto step = stepper_.step_of(node->first, node->second);
    if (!step || !stepper_.done(*step))
        return ordered_json{{"value", what}, {"state", "not run yet"}};
    const auto found = stepper_.value({*step, item, 0, {}}, job_);
    if (!found)
        return found.error();
    ordered_json told{{"value", stepper_.path(*step)}};
    told.update(ordered_json(wire::to_json(*found)));
    return told;
}

Result<ordered_json> Session::take(const std::string& command) {
    const size_t space = command.find(' ');
    const std::string verb = command.substr(0, space);
    const std::string rest =
        space == std::string::npos ? "" : std::string(trimmed(command.substr(space + 1)));
    if (verb == "into")
        return repeat(&run::Stepper::into, rest);
    if (verb == "over")
        return repeat(&run::Stepper::over, rest);
    if (verb == "out")
        return repeat(&run::Stepper::out, rest);
    if (verb == "run")
        return repeat(&run::Stepper::run, rest);
    if (verb == "next-nan")
        return repeat(&run::Stepper::next_non_finite, rest);
    if (verb == "back")
        return repeat(&run::Stepper::back_into, rest);
    if (verb == "back-over")
        return repeat(&run::Stepper::back_over, rest);
    if (verb == "back-out")
        return repeat(&run::Stepper::back_out, rest);
    if (verb == "back-run")
        return repeat(&run::Stepper::back_run, rest);
    if (verb == "back-nan")
        return repeat(&run::Stepper::back_non_finite, rest);
    if (verb == "start")
        return moved(stepper_.go_to(0));
    if (verb == "break")
        return toggle(rest);
    if (verb == "value")
        return value(rest);
    if (verb == "where")
        return where();
    if (verb == "to") {
        const auto node = node_named(rest);
        return node ? moved(stepper_.run_to(node->first, node->second, job_))
                    : Result<ordered_json>(node.error());
    }
    if (verb == "stack") {
        ordered_json calls = ordered_json::array();
        for (const size_t call : stepper_.stack())
            calls.push_back(stepper_.path(call));
        return ordered_json{{"stack", calls}};
    }
    if (verb == "live") {
        uint64_t live = 0;
        for (size_t i = 0; i < stepper_.position() && i < stepper_.steps().size(); ++i)
            live = stepper_.done(i) ? stepper_.steps()[i].live : live;
        const auto peak = stepper_.peak();
        return ordered_json{{"live_bytes", live}, {"peak_bytes", peak ? stepper_.steps()[*peak].live : 0},
            {"peak_at", peak ? ordered_json(stepper_.path(*peak)) : ordered_json()}};
    }
    return make_error(Error::Kind::Usage, "'" + verb + "' is no command; see hopscope step --help");
}

void print(const std::string& command, const ordered_json& told) {
    std::string line;
    for (const auto& [key, value] : told.items())
        line += (line.empty() ? "" : "  ") + key + " "
            + (value.is_string() ? value.get<std::string>() : value.dump());
    std::printf("%-16s %s\n", command.c_str(), utf8(line).c_str());
    std::fflush(stdout);
}

int step(const Options& options) {
    Opened opened;
    if (const int status = open_and_start(options.run, opened); status != kDone)
        return status;
    run::Stepper stepper(opened.started.worker);
    wire::BeginRequest begin;
    begin.seed = options.run.random_seed();
    begin.keep_bytes = options.keep;
    if (const auto begun = stepper.begin(begin, opened.job); !begun)
        return executor_failed(begun.error());
    Session session(stepper, opened.prepared.body, opened.job);
    std::istringstream given(options.commands);
    std::istream& from = options.commands.empty() ? std::cin : static_cast<std::istream&>(given);
    ordered_json all = ordered_json::array();
    for (std::string line; std::getline(from, line, options.commands.empty() ? '\n' : ';');) {
        const std::string command(trimmed(line));
        if (command.empty())
            continue;
        const auto told = session.take(command);
        if (!told)
            return executor_failed(told.error());
        if (options.as_json)
            all.push_back({{"command", command}, {"result", *told}});
        else
            print(command, *told);
    }
    if (options.as_json)
        print_json({{"address", opened.prepared.address},
            {"inputs", opened.prepared.inputs.synthetic ? "synthetic" : "recorded"}, {"commands", all}});
    return kDone;
}

} // namespace

void add_step(CLI::App& app, Action& action) {
    auto* command = app.add_subcommand("step", "Step through a body's run, node by node, on and back");
    static Options options;
    add_run_options(*command, options.run);
    command
        ->add_option(
            "--do", options.commands, "Commands with ; between them; without, lines of standard input")
        ->check([](const std::string& commands) {
            return commands.find_first_not_of("; \t\n") == std::string::npos
                ? "found no command, expected some, separated by ;"
                : std::string();
        });
    command
        ->add_option(
            "--keep", options.keep, "Bytes of values to keep; more are computed again when looked at")
        ->capture_default_str();
    command->add_flag("--json", options.as_json, "Print one JSON document");
    command->description(command->get_description() + "\n\n" + kCommands);
    command->callback([&action] { action = [] { return step(options); }; });
}

} // namespace hopscope::cli
