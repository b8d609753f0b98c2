#include "core/run/child.h"

#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ;

namespace hopscope::run {

namespace {

constexpr size_t kErrorBytes = 8192;

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

// Appends what is there, at most `limit` bytes are kept (the last ones); closes at the end.
void drain(int& fd, std::string& to, size_t limit) {
    char buffer[65536];
    const ssize_t n = read(fd, buffer, sizeof buffer);
    if (n > 0) {
        to.append(buffer, static_cast<size_t>(n));
        if (to.size() > limit)
            to.erase(0, to.size() - limit);
    } else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
        close_if(fd);
    }
}

} // namespace

Child::~Child() {
    if (started() && !ended())
        kill();
    close_if(in_);
    close_if(out_);
    close_if(err_);
}

Status Child::start(const std::vector<std::string>& argv, const std::vector<std::string>& environment) {
    // The input is a socket: only a socket can be written to without risking SIGPIPE.
    int in[2] = {-1, -1}, out[2] = {-1, -1}, err[2] = {-1, -1};
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, in) != 0 || pipe2(out, O_CLOEXEC) != 0
        || pipe2(err, O_CLOEXEC) != 0) {
        const int reason = errno;
        for (int* pair : {in, out, err})
            close_if(pair[0]), close_if(pair[1]);
        return make_error(Error::Kind::External, std::string("no pipes to be had: ") + std::strerror(reason));
    }
    std::vector<std::string> words = argv, variables = environment_with(environment);
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    posix_spawn_file_actions_adddup2(&actions, in[1], STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, err[1], STDERR_FILENO);
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    // A group of its own: Ctrl+C reaches us, and we cancel.
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setflags(
        &attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
    const int failed = posix_spawn(
        &pid_, words[0].c_str(), &actions, &attributes, pointers(words).data(), pointers(variables).data());
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    close_if(in[1]);
    close_if(out[1]);
    close_if(err[1]);
    in_ = in[0];
    out_ = out[0];
    err_ = err[0];
    for (const int fd : {in_, out_, err_})
        fcntl(fd, F_SETFL, O_NONBLOCK);
    if (failed == 0)
        return {};
    pid_ = -1;
    return make_error(Error::Kind::External, argv[0] + " cannot be started: " + std::strerror(failed));
}

bool Child::send_some(std::string_view& rest) {
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

bool Child::receive_some(std::string& output, int milliseconds, bool to_send) {
    pollfd fds[3] = {{out_, POLLIN, 0}, {err_, POLLIN, 0}, {to_send ? in_ : -1, POLLOUT, 0}};
    poll(fds, 3, milliseconds);
    if (err_ >= 0 && fds[1].revents)
        drain(err_, errors_, kErrorBytes);
    if (out_ >= 0 && fds[0].revents)
        drain(out_, output, SIZE_MAX);
    return out_ >= 0;
}

bool Child::ended() {
    if (ended_ || !started())
        return true;
    const pid_t found = waitpid(pid_, &status_, WNOHANG);
    ended_ = found == pid_ || (found < 0 && errno == ECHILD);
    if (ended_ && err_ >= 0)
        drain(err_, errors_, kErrorBytes);
    return ended_;
}

void Child::kill() {
    if (!started() || ended_)
        return;
    ::kill(-pid_, SIGKILL);
    ::kill(pid_, SIGKILL);
    while (waitpid(pid_, &status_, 0) < 0 && errno == EINTR) { }
    ended_ = true;
}

void Child::close_input() {
    close_if(in_);
}

std::string Child::how() const {
    if (WIFSIGNALED(status_))
        return "was ended by signal " + std::to_string(WTERMSIG(status_)) + " ("
            + strsignal(WTERMSIG(status_)) + ")";
    return "ended with exit code " + std::to_string(WEXITSTATUS(status_));
}

} // namespace hopscope::run
