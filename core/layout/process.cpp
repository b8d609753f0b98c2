#include "core/layout/process.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <optional>
#include <poll.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ;

namespace hopscope::layout::detail {

namespace {

using Clock = std::chrono::steady_clock;

constexpr int kLookMilliseconds = 20; // how often a cancel is looked for
constexpr size_t kErrorBytes = 4096; // of standard error that are kept

class Descriptor {
public:
    Descriptor() = default;
    explicit Descriptor(int fd)
        : fd_(fd) { }
    Descriptor(Descriptor&& other) noexcept
        : fd_(std::exchange(other.fd_, -1)) { }
    Descriptor& operator=(Descriptor&& other) noexcept {
        if (this != &other) {
            reset();
            fd_ = std::exchange(other.fd_, -1);
        }
        return *this;
    }
    ~Descriptor() { reset(); }
    void reset() {
        if (fd_ >= 0)
            close(fd_);
        fd_ = -1;
    }
    int get() const { return fd_; }
    bool open() const { return fd_ >= 0; }

private:
    int fd_ = -1;
};

struct Pair {
    Descriptor ours, theirs;
};

// A pipe to read from; for writing a socket, since only a socket can be written to without risking SIGPIPE.
std::optional<Pair> make_reader() {
    int fds[2];
    if (pipe2(fds, O_CLOEXEC) != 0)
        return std::nullopt;
    Pair pair{.ours = Descriptor(fds[0]), .theirs = Descriptor(fds[1])};
    fcntl(fds[0], F_SETFL, O_NONBLOCK);
    return pair;
}
std::optional<Pair> make_writer() {
    int fds[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) != 0)
        return std::nullopt;
    Pair pair{.ours = Descriptor(fds[0]), .theirs = Descriptor(fds[1])};
    fcntl(fds[0], F_SETFL, O_NONBLOCK);
    shutdown(fds[0], SHUT_RD);
    return pair;
}

// Numbers with points, messages in English, whatever the user's locale.
std::vector<std::string> plain_environment() {
    std::vector<std::string> all;
    for (char** entry = environ; entry && *entry; ++entry)
        if (std::strncmp(*entry, "LC_", 3) != 0 && std::strncmp(*entry, "LANG", 4) != 0)
            all.emplace_back(*entry);
    all.emplace_back("LC_ALL=C");
    return all;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
    std::vector<char*> all;
    for (std::string& text : texts)
        all.push_back(text.data());
    all.push_back(nullptr);
    return all;
}

// Returns 0 or errno. The child leads its own process group, so that a wrapper script dies with what it
// started.
int spawn(const std::vector<std::string>& argv, int in, int out, int err, pid_t& pid) {
    std::vector<std::string> arguments = argv, environment = plain_environment();
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
    const int failed = posix_spawnp(&pid, arguments[0].c_str(), &actions, &attributes,
        pointers(arguments).data(), pointers(environment).data());
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return failed;
}

class Child {
public:
    explicit Child(pid_t pid)
        : pid_(pid) { }
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;
    ~Child() {
        if (!ended_)
            stop();
    }
    // Should we be killed ourselves, nobody else would stop it.
    void limit_cpu(int milliseconds) {
        const rlim_t seconds = static_cast<rlim_t>(milliseconds / 1000 + 2);
        const rlimit limit{.rlim_cur = seconds, .rlim_max = seconds};
        prlimit(pid_, RLIMIT_CPU, &limit, nullptr);
    }
    bool ended() {
        if (ended_)
            return true;
        const pid_t found = waitpid(pid_, &status_, WNOHANG);
        return ended_ = found == pid_ || (found < 0 && errno == ECHILD);
    }
    void stop() {
        kill(-pid_, SIGKILL);
        kill(pid_, SIGKILL);
        while (waitpid(pid_, &status_, 0) < 0 && errno == EINTR) { }
        ended_ = true;
    }
    int status() const { return status_; }

private:
    pid_t pid_;
    int status_ = 0;
    bool ended_ = false;
};

// Appends what is there to read; closes at the end of the stream.
void read_some(Descriptor& from, std::string& to, size_t limit) {
    char buffer[65536];
    for (;;) {
        const ssize_t n = read(from.get(), buffer, sizeof buffer);
        if (n > 0) {
            to.append(buffer, std::min(static_cast<size_t>(n), limit - std::min(limit, to.size())));
            if (static_cast<size_t>(n) < sizeof buffer)
                return;
        } else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
            from.reset();
            return;
        } else if (errno == EAGAIN) {
            return;
        }
    }
}

// Writes what fits; closes when all is written, or when the child does not want more.
void write_some(Descriptor& to, std::string_view& rest) {
    while (!rest.empty()) {
        const ssize_t n = send(to.get(), rest.data(), rest.size(), MSG_NOSIGNAL);
        if (n >= 0) {
            rest.remove_prefix(static_cast<size_t>(n));
        } else if (errno == EAGAIN) {
            return;
        } else if (errno != EINTR) {
            break;
        }
    }
    to.reset();
}

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
    const ProcessLimits& limits, const Job& job) {
    std::optional<Pair> in = make_writer(), out = make_reader(), err = make_reader();
    if (!in || !out || !err)
        return external(argv, std::string("cannot be given pipes: ") + std::strerror(errno));
    pid_t pid = 0;
    if (const int failed = spawn(argv, in->theirs.get(), out->theirs.get(), err->theirs.get(), pid);
        failed != 0)
        return external(argv,
            std::string("cannot be run: ") + std::strerror(failed)
                + (failed == ENOENT ? "; is Graphviz installed?" : ""));
    Child child(pid);
    child.limit_cpu(limits.milliseconds);
    in->theirs.reset();
    out->theirs.reset();
    err->theirs.reset();

    const auto end = Clock::now() + std::chrono::milliseconds(limits.milliseconds);
    std::string output, errors;
    // A child that has ended may have left a grandchild that holds the pipes: what it wrote itself is there
    // by then.
    for (bool last_look = false; (out->ours.open() || err->ours.open() || !child.ended()) && !last_look;) {
        if (job.cancelled())
            return make_error(Error::Kind::Cancelled, "layout cancelled");
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - Clock::now()).count();
        if (left <= 0)
            return external(argv, "was stopped after " + std::to_string(limits.milliseconds) + " ms");
        last_look = child.ended();
        pollfd fds[3] = {
            {in->ours.get(), POLLOUT, 0}, {out->ours.get(), POLLIN, 0}, {err->ours.get(), POLLIN, 0}};
        const bool piped = out->ours.open() || err->ours.open();
        const int wait =
            last_look ? 0 : static_cast<int>(std::min<int64_t>(left, piped ? kLookMilliseconds : 1));
        poll(fds, 3, wait);
        if (in->ours.open() && fds[0].revents)
            write_some(in->ours, input);
        if (out->ours.open() && (fds[1].revents || last_look))
            read_some(out->ours, output, limits.output_bytes + 1);
        if (err->ours.open() && (fds[2].revents || last_look))
            read_some(err->ours, errors, kErrorBytes);
        if (output.size() > limits.output_bytes)
            return external(argv, "printed more than " + std::to_string(limits.output_bytes) + " bytes");
    }
    const int status = child.status();
    const std::string reason = errors.empty() ? "" : ": " + first_line(errors);
    if (WIFSIGNALED(status))
        return external(argv, "was ended by signal " + std::to_string(WTERMSIG(status)) + reason);
    if (WIFEXITED(status) && WEXITSTATUS(status) != 0)
        return external(argv, "failed with exit code " + std::to_string(WEXITSTATUS(status)) + reason);
    return output;
}

} // namespace hopscope::layout::detail
