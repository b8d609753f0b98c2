// A child process that is talked to over its standard streams: no shell, no zombie, no SIGPIPE.
#pragma once

#include "core/base/result.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <vector>

namespace hopscope {

// Leads its own process group, so that a wrapper script dies with what it started, and Ctrl+C reaches us
// alone.
class ChildProcess {
public:
    ChildProcess() = default;
    ChildProcess(const ChildProcess&) = delete;
    ChildProcess& operator=(const ChildProcess&) = delete;
    ~ChildProcess(); // kills it if it still runs

    // Starts argv[0], looked up in PATH where it has no slash. `environment`: NAME=VALUE beside this
    // process's own, which they replace. Errors: External with the system's reason, which start_errno() then
    // gives.
    Status start(const std::vector<std::string>& argv, const std::vector<std::string>& environment);
    int start_errno() const { return start_errno_; }
    // Should we be killed ourselves, nobody else would stop it.
    void limit_cpu(int seconds);

    bool started() const { return pid_ > 0; }
    pid_t pid() const { return pid_; }
    // Sends as much as goes at once; false when the child does not read any more.
    bool send_some(std::string_view& rest);
    void close_input();
    // Waits up to `milliseconds` for output, or for room to send if `to_send`; appends what came, but lets
    // `output` grow to `limit` bytes only and drops the rest. False at the end of its output.
    bool receive_some(std::string& output, int milliseconds, bool to_send, size_t limit = SIZE_MAX);
    // Of its standard error: the first bytes, and the last ones.
    const std::string& first_errors() const { return first_errors_; }
    const std::string& last_errors() const { return last_errors_; }

    bool ended();
    void kill();
    // Only after ended().
    int exit_code() const; // -1 where a signal ended it
    std::string how() const; // "was ended by signal 9 (Killed)", "ended with exit code 1"

private:
    void take_errors();

    pid_t pid_ = -1;
    int in_ = -1, out_ = -1, err_ = -1;
    int status_ = 0;
    int start_errno_ = 0;
    bool ended_ = false;
    std::string first_errors_, last_errors_;
};

// Kills those that run, whoever holds them: for a program that is about to end. Any thread.
void kill_children();

} // namespace hopscope
