// Custom operators that do what no operator should: a library that tests name with --load-library.
//
// Those that try a system call give its errno back, 0 where it went through.
#include <ATen/ATen.h>
#include <torch/library.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <string>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace {

using at::Tensor;

// While the library was loaded: was a file to be had?
const bool g_opened_at_load = [] {
    const int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    if (fd >= 0)
        close(fd);
    return fd >= 0;
}();

Tensor number(int64_t value) {
    return at::full({1}, value, at::kLong);
}
Tensor result_of(int64_t returned) {
    return number(returned < 0 ? errno : 0);
}

Tensor die(const Tensor&) {
    raise(SIGKILL);
    return number(0);
}
Tensor abort_(const Tensor&) {
    std::abort();
}
Tensor crash(const Tensor& x) {
    volatile int* nowhere = nullptr;
    *nowhere = 1;
    return x;
}
Tensor spin(const Tensor& x) {
    for (std::atomic<uint64_t> i{0};;)
        ++i;
    return x;
}
Tensor leave(const Tensor&) {
    _exit(3);
}
Tensor throw_(const Tensor&) {
    throw std::runtime_error("thrown on purpose");
}
Tensor throw_number(const Tensor&) {
    throw 7;
}
Tensor opened_at_load(const Tensor&) {
    return number(g_opened_at_load);
}
Tensor open_file(const Tensor&, std::string path) {
    return result_of(open(path.c_str(), O_RDWR | O_CREAT, 0600));
}
Tensor unlink_file(const Tensor&, std::string path) {
    return result_of(unlink(path.c_str()));
}
Tensor socket_(const Tensor&) {
    return result_of(socket(AF_INET, SOCK_STREAM, 0));
}
Tensor fork_(const Tensor&) {
    const pid_t child = fork();
    if (child == 0)
        _exit(0);
    return result_of(child);
}
Tensor exec(const Tensor&) {
    char program[] = "/bin/true";
    char* words[] = {program, nullptr};
    return result_of(execv(program, words));
}
Tensor signal_parent(const Tensor&) {
    return result_of(kill(getppid(), SIGTERM));
}
Tensor trace_parent(const Tensor&) {
    return result_of(syscall(SYS_ptrace, 16 /* PTRACE_ATTACH */, getppid(), nullptr, nullptr));
}
Tensor raise_limit(const Tensor&) {
    return result_of(syscall(SYS_prlimit64, 0, 9 /* RLIMIT_AS */, nullptr, nullptr));
}
// A flag that no thread has: a process, however it is asked for.
Tensor clone_process(const Tensor&) {
    const long child = syscall(SYS_clone, SIGCHLD, nullptr, nullptr, nullptr, nullptr);
    if (child == 0)
        _exit(0);
    return result_of(child);
}
Tensor clone3(const Tensor&) {
    uint64_t arguments[8]{};
    arguments[4] = SIGCHLD; // clone_args.exit_signal
    const long child = syscall(SYS_clone3, arguments, sizeof arguments);
    if (child == 0)
        _exit(0);
    return result_of(child);
}
Tensor thread(const Tensor& x) {
    Tensor found;
    std::thread([&] { found = x + x; }).join();
    return found;
}
Tensor map(const Tensor&, int64_t gigabytes) {
    void* found = mmap(nullptr, static_cast<size_t>(gigabytes) << 30, PROT_READ,
        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return number(found == MAP_FAILED ? errno : 0);
}

} // namespace

TORCH_LIBRARY(demo, m) {
    m.def("die(Tensor x) -> Tensor", die);
    m.def("abort(Tensor x) -> Tensor", abort_);
    m.def("crash(Tensor x) -> Tensor", crash);
    m.def("spin(Tensor x) -> Tensor", spin);
    m.def("leave(Tensor x) -> Tensor", leave);
    m.def("throw(Tensor x) -> Tensor", throw_);
    m.def("throw_number(Tensor x) -> Tensor", throw_number);
    m.def("opened_at_load(Tensor x) -> Tensor", opened_at_load);
    m.def("open_file(Tensor x, str path) -> Tensor", open_file);
    m.def("unlink_file(Tensor x, str path) -> Tensor", unlink_file);
    m.def("socket(Tensor x) -> Tensor", socket_);
    m.def("fork(Tensor x) -> Tensor", fork_);
    m.def("exec(Tensor x) -> Tensor", exec);
    m.def("signal_parent(Tensor x) -> Tensor", signal_parent);
    m.def("trace_parent(Tensor x) -> Tensor", trace_parent);
    m.def("raise_limit(Tensor x) -> Tensor", raise_limit);
    m.def("clone_process(Tensor x) -> Tensor", clone_process);
    m.def("clone3(Tensor x) -> Tensor", clone3);
    m.def("thread(Tensor x) -> Tensor", thread);
    m.def("map(Tensor x, int gigabytes) -> Tensor", map);
}
