#include "core/executor/sandbox.h"

#include "core/executor/torch.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <sched.h>
#include <seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

namespace hopscope::executor {

void warm_up() {
    const at::Tensor a = at::rand({64, 64}), image = at::rand({1, 3, 8, 8});
    at::mm(a, a);
    at::matmul(at::rand({2, 8, 8}), at::rand({2, 8, 8}));
    const at::Tensor half = a.to(at::kBFloat16);
    at::mm(half, half);
    at::conv2d(image, at::rand({4, 3, 3, 3}));
    at::softmax(a, -1).sum();
    at::layer_norm(a, {64});
    at::gelu(a);
    at::ones({1 << 21}).add(1);
}

Status limit_memory(uint64_t bytes) {
    unsigned long long pages = 0;
    std::FILE* file = std::fopen("/proc/self/statm", "r");
    const bool read = file && std::fscanf(file, "%llu", &pages) == 1;
    if (file)
        std::fclose(file);
    if (!read)
        return make_error(Error::Kind::External, "cannot read its own size");
    uint64_t limit = pages * static_cast<uint64_t>(sysconf(_SC_PAGESIZE)) + bytes;
    // Whoever started it may allow less (ulimit -v): that holds.
    rlimit given{};
    if (getrlimit(RLIMIT_AS, &given) == 0)
        limit =
            std::min({limit, static_cast<uint64_t>(given.rlim_cur), static_cast<uint64_t>(given.rlim_max)});
    const rlimit limits{limit, limit};
    if (setrlimit(RLIMIT_AS, &limits) != 0)
        return make_error(
            Error::Kind::External, std::string("cannot limit its memory: ") + std::strerror(errno));
    const rlimit none{0, 0};
    setrlimit(RLIMIT_CORE, &none);
    return {};
}

Status forbid_system_calls() {
    const scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
    if (!filter)
        return make_error(Error::Kind::External, "cannot set up a system call filter");
    int failed = 0;
    for (const int call :
        {SCMP_SYS(read), SCMP_SYS(write), SCMP_SYS(writev), SCMP_SYS(pread64), SCMP_SYS(pwrite64),
            SCMP_SYS(lseek), SCMP_SYS(ftruncate), SCMP_SYS(fstat), SCMP_SYS(newfstatat), SCMP_SYS(close),
            SCMP_SYS(poll), SCMP_SYS(ppoll), SCMP_SYS(brk), SCMP_SYS(mmap), SCMP_SYS(munmap),
            SCMP_SYS(mremap), SCMP_SYS(mprotect), SCMP_SYS(madvise), SCMP_SYS(futex), SCMP_SYS(sched_yield),
            SCMP_SYS(sched_getaffinity), SCMP_SYS(clock_gettime), SCMP_SYS(clock_nanosleep),
            SCMP_SYS(nanosleep), SCMP_SYS(gettimeofday), SCMP_SYS(getrandom), SCMP_SYS(getpid),
            SCMP_SYS(gettid), SCMP_SYS(getrusage), SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigprocmask),
            SCMP_SYS(rt_sigreturn), SCMP_SYS(sigaltstack), SCMP_SYS(restart_syscall),
            SCMP_SYS(set_robust_list), SCMP_SYS(rseq), SCMP_SYS(exit), SCMP_SYS(exit_group)})
        failed = failed != 0 ? failed : seccomp_rule_add(filter, SCMP_ACT_ALLOW, call, 0);
#ifdef __SANITIZE_ADDRESS__
    // The sanitizers ask through a pipe whether memory can be read.
    for (const int call : {SCMP_SYS(pipe), SCMP_SYS(pipe2)})
        failed = failed != 0 ? failed : seccomp_rule_add(filter, SCMP_ACT_ALLOW, call, 0);
#endif
    // Threads, which autograd starts, but no processes. What clone3 shall make lies in memory, where no
    // filter can look: it is said not to be there, and glibc falls back to clone.
    if (failed == 0)
        failed = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
    if (failed == 0)
        failed = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1,
            SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD));
    if (failed == 0) // a thread's name
        failed =
            seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(prctl), 1, SCMP_A0(SCMP_CMP_EQ, PR_SET_NAME));
    // abort() signals itself, and nobody else.
    if (failed == 0)
        failed = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1,
            SCMP_A0(SCMP_CMP_EQ, static_cast<scmp_datum_t>(getpid())));
    // OpenBLAS keeps threads of its own: all of them are held to it.
    if (failed == 0)
        failed = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);
    if (failed == 0)
        failed = seccomp_load(filter);
    seccomp_release(filter);
    if (failed != 0)
        return make_error(Error::Kind::External,
            std::string("cannot load the system call filter: ") + std::strerror(-failed));
    return {};
}

} // namespace hopscope::executor
