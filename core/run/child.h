// A child process that is talked to over its standard input and output.
#pragma once

#include "core/base/result.h"

#include <string>
#include <string_view>
#include <sys/types.h>
#include <vector>

namespace hopscope::run {

class Child {
public:
    Child() = default;
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;
    ~Child(); // kills it if it still runs

    // Starts argv[0], a path. `environment`: NAME=VALUE beside this process's own, which they replace.
    Status start(const std::vector<std::string>& argv, const std::vector<std::string>& environment);

    bool started() const { return pid_ > 0; }
    pid_t pid() const { return pid_; }
    // Sends as much as goes at once; false when the child does not read any more.
    bool send_some(std::string_view& rest);
    // Waits up to `milliseconds` for output, or for room to send if `to_send`; appends what came. False at
    // its end.
    bool receive_some(std::string& output, int milliseconds, bool to_send);
    const std::string& errors() const { return errors_; } // the last of its standard error
    bool ended();
    void kill();
    void close_input();
    // "was ended by signal 9 (Killed)", "ended with exit code 1". Only after ended().
    std::string how() const;

private:
    pid_t pid_ = -1;
    int in_ = -1, out_ = -1, err_ = -1;
    int status_ = 0;
    bool ended_ = false;
    std::string errors_;
};

} // namespace hopscope::run
