#include "core/base/filter.h"

#include "core/base/child.h"
#include "core/base/clock.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace hopscope {

namespace {

constexpr int kLookMilliseconds = 20; // how often a cancel is looked for

std::string command_line(const std::vector<std::string>& argv) {
    std::string line = "'";
    for (size_t i = 0; i < argv.size(); ++i)
        line += (i ? " " : "") + argv[i];
    return line + "'";
}

std::string first_line(std::string_view text) {
    while (!text.empty() && (text.front() == '\n' || text.front() == ' '))
        text.remove_prefix(1);
    return std::string(text.substr(0, text.find('\n')));
}

Error external(const std::vector<std::string>& argv, std::string_view what) {
    return make_error(Error::Kind::External, command_line(argv) + " " + std::string(what));
}

} // namespace

Result<std::string> run_filter(const std::vector<std::string>& argv, std::string_view input,
    const FilterLimits& limits, const Job& job, const std::vector<std::string>& environment) {
    ChildProcess child;
    std::vector<std::string> variables = environment;
    variables.emplace_back("LC_ALL=C");
    if (const Status status = child.start(argv, variables); !status) {
        Error error = external(argv, "cannot be run: " + std::string(std::strerror(child.start_errno())));
        if (child.start_errno() == ENOENT)
            error.kind = Error::Kind::NotFound;
        return error;
    }
    child.limit_cpu(limits.milliseconds / 1000 + 2);

    const Stopwatch watch;
    std::string output;
    // A child that has ended may have left a grandchild that holds the pipes: what it wrote itself is there
    // by then.
    bool piped = true;
    for (bool last_look = false; !last_look;) {
        if (job.cancelled())
            return make_error(Error::Kind::Cancelled, "cancelled");
        const auto left = limits.milliseconds - static_cast<int64_t>(watch.milliseconds());
        if (left <= 0)
            return external(argv, "was stopped after " + std::to_string(limits.milliseconds) + " ms");
        last_look = child.ended();
        if (!child.send_some(input) || input.empty())
            child.close_input();
        const int wait =
            last_look ? 0 : static_cast<int>(std::min<int64_t>(left, piped ? kLookMilliseconds : 1));
        piped = child.receive_some(output, wait, !input.empty(), limits.output_bytes + 1);
        if (output.size() > limits.output_bytes)
            return external(argv, "printed more than " + std::to_string(limits.output_bytes) + " bytes");
    }
    const std::string reason = child.first_errors().empty() ? "" : ": " + first_line(child.first_errors());
    if (child.exit_code() < 0)
        return external(argv, child.how() + reason);
    if (child.exit_code() > 0)
        return external(argv, "failed with exit code " + std::to_string(child.exit_code()) + reason);
    return output;
}

} // namespace hopscope
