// What the worker takes away from itself before it runs what a dump says.
#pragma once

#include "core/base/result.h"

#include <cstdint>

namespace hopscope::executor {

// Uses once what libtorch sets up lazily (thread pools, CPU probing, random numbers), so that nothing has to
// be opened or mapped for the first time afterwards.
void warm_up();

// Limits the address space to what is mapped now plus `bytes`, or to what it is limited to already where that
// is less.
Status limit_memory(uint64_t bytes);

// Refuses (EPERM) every system call but those that computing and answering need: no files, sockets,
// processes; threads are had. Errors: External where the kernel has no seccomp.
Status forbid_system_calls();

} // namespace hopscope::executor
