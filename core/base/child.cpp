#include "core/base/child.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <mutex>
#include <poll.h>
#include <set>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ;

namespace hopscope {

namespace {

constexpr size_t kFirstErrorBytes = 4096, kLastErrorBytes = 8192;

// Those that run. A process that was waited for is taken out before its number can be another's.
struct Running {
    std::mutex mutex;
    std::set<pid_t> pids;
};
Running& running() {
    static Running& only = *new Running; // children may outlive static objects
    return only;
}

void close_if(int& fd) {
    if (fd >= 0)
        close(fd);
    fd = -1;
}

std::vector<std::string> environment_with(const std::vector<std::string>& more) {
    std::vector<std::string> all = more;
    for (char** entry = environ; entry && *entry; ++entry) {
        const std::string_view text(*entry);
        const std::string_view name = text.substr(0, text.find('=') + 1);
        bool replaced = false;
        for (const std::string& own : more)
            replaced = replaced || own.starts_with(name);
        if (!replaced)
            all.emplace_back(text);
    }
    return all;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
    std::vector<char*> all;
    for (std::string& text : texts)
        all.push_back(text.data());
    all.push_back(nullptr);
    return all;
}

// Hands what is there to `take`, until that says no; closes at the end of the stream.
template <class Take> void drain(int& fd, Take take) {
    char buffer[65536];
    while (fd >= 0) {
        const ssize_t n = read(fd, buffer, sizeof buffer);
        if (n > 0) {
            if (!take(std::string_view(buffer, static_cast<size_t>(n)))
                || static_cast<size_t>(n) < sizeof buffer)
                return;
        } else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
            close_if(fd);
        } else if (errno == EAGAIN) {
            return;
        }
    }
}

// Returns 0 or errno.
int spawn(const std::vector<std::string>& argv, const std::vector<std::string>& environment, int in, int out,
    int err, pid_t& pid) {
    std::vector<std::string> words = argv, variables = environment_with(environment);
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, err, STDERR_FILENO);
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setflags(
        &attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
    const int failed = posix_spawnp(
        &pid, words[0].c_str(), &actions, &attributes, pointers(words).data(), pointers(variables).data());
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return failed;
}

} // namespace

ChildProcess::~ChildProcess() {
    if (started() && !ended())
        kill();
    for (int* fd : {&in_, &out_, &err_})
        close_if(*fd);
}

Status ChildProcess::start(
    const std::vector<std::string>& argv, const std::vector<std::string>& environment) {
    // The input is a socket: only a socket can be written to without risking SIGPIPE.
    int in[2] = {-1, -1}, out[2] = {-1, -1}, err[2] = {-1, -1};
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, in) != 0 || pipe2(out, O_CLOEXEC) != 0
        || pipe2(err, O_CLOEXEC) != 0) {
        start_errno_ = errno;
        for (int* pair : {in, out, err})
            close_if(pair[0]), close_if(pair[1]);
        return make_error(
            Error::Kind::External, std::string("no pipes to be had: ") + std::strerror(start_errno_));
    }
    const int failed = spawn(argv, environment, in[1], out[1], err[1], pid_);
    for (int* pair : {in, out, err})
        close_if(pair[1]);
    in_ = in[0];
    out_ = out[0];
    err_ = err[0];
    shutdown(in_, SHUT_RD);
    for (const int fd : {in_, out_, err_})
        fcntl(fd, F_SETFL, O_NONBLOCK);
    if (failed == 0) {
        const std::lock_guard lock(running().mutex);
        running().pids.insert(pid_);
        return {};
    }
    pid_ = -1;
    start_errno_ = failed;
    return make_error(Error::Kind::External, argv[0] + " cannot be started: " + std::strerror(failed));
}

void ChildProcess::limit_cpu(int seconds) {
    const rlimit limit{.rlim_cur = static_cast<rlim_t>(seconds), .rlim_max = static_cast<rlim_t>(seconds)};
    prlimit(pid_, RLIMIT_CPU, &limit, nullptr);
}

bool ChildProcess::send_some(std::string_view& rest) {
    while (!rest.empty() && in_ >= 0) {
        const ssize_t n = send(in_, rest.data(), rest.size(), MSG_NOSIGNAL);
        if (n >= 0)
            rest.remove_prefix(static_cast<size_t>(n));
        else if (errno == EAGAIN)
            return true;
        else if (errno != EINTR)
            return false;
    }
    return in_ >= 0;
}

void ChildProcess::close_input() {
    close_if(in_);
}

void ChildProcess::take_errors() {
    drain(err_, [this](std::string_view bytes) {
        first_errors_.append(
            bytes.substr(0, kFirstErrorBytes - std::min(kFirstErrorBytes, first_errors_.size())));
        last_errors_.append(bytes);
        if (last_errors_.size() > kLastErrorBytes)
            last_errors_.erase(0, last_errors_.size() - kLastErrorBytes);
        return true;
    });
}

bool ChildProcess::receive_some(std::string& output, int milliseconds, bool to_send, size_t limit) {
    pollfd fds[3] = {{out_, POLLIN, 0}, {err_, POLLIN, 0}, {to_send ? in_ : -1, POLLOUT, 0}};
    poll(fds, 3, milliseconds);
    take_errors();
    drain(out_, [&](std::string_view bytes) {
        output.append(bytes.substr(0, limit - std::min(limit, output.size())));
        return output.size() < limit;
    });
    return out_ >= 0;
}

bool ChildProcess::ended() {
    if (ended_ || !started())
        return true;
    {
        const std::lock_guard lock(running().mutex);
        const pid_t found = waitpid(pid_, &status_, WNOHANG);
        ended_ = found == pid_ || (found < 0 && errno == ECHILD);
        if (ended_)
            running().pids.erase(pid_);
    }
    if (ended_)
        take_errors();
    return ended_;
}

void ChildProcess::kill() {
    if (!started() || ended_)
        return;
    const std::lock_guard lock(running().mutex);
    running().pids.erase(pid_);
    ::kill(-pid_, SIGKILL);
    ::kill(pid_, SIGKILL);
    while (waitpid(pid_, &status_, 0) < 0 && errno == EINTR) { }
    ended_ = true;
}

void kill_children() {
    const std::lock_guard lock(running().mutex);
    for (const pid_t pid : running().pids) {
        ::kill(-pid, SIGKILL);
        ::kill(pid, SIGKILL);
    }
}

int ChildProcess::exit_code() const {
    return WIFEXITED(status_) ? WEXITSTATUS(status_) : -1;
}

std::string ChildProcess::how() const {
    if (WIFSIGNALED(status_))
        return "was ended by signal " + std::to_string(WTERMSIG(status_)) + " ("
            + strsignal(WTERMSIG(status_)) + ")";
    return "ended with exit code " + std::to_string(exit_code());
}

} // namespace hopscope
