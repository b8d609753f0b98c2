// What every fuzz target does with what it has read: all that core derives from it.
#pragma once

#include "core/graph/calls.h"
#include "core/graph/print.h"
#include "core/graph/verify.h"
#include "core/read/open.h"
#include "core/regions/ledger.h"

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <sys/mman.h>
#include <unistd.h>

namespace hopscope::fuzz {

// Printing grows with depth × size where classes nest; hostile input nests deep, no graph does.
inline constexpr size_t kMostBodies = 64;

inline void use(const GraphModule& module) {
    (void)verify(module);
    for (size_t b = 0; b < module.bodies.size() && b < kMostBodies; ++b) {
        (void)region_calls(module, BodyId(b));
        const Body& body = module.bodies[b];
        for (size_t n = 0; n < body.nodes.size(); ++n) {
            (void)print_args(module, body, body.nodes[n]);
            if (const ValueType* type = module.type(body.nodes[n].type)) {
                (void)byte_size(module, *type);
                (void)is_contiguous(module, *type);
            }
        }
    }
    if (!module.bodies.empty() && module.bodies.size() <= kMostBodies)
        (void)print_readable(module, BodyId(0));
}

inline void use(const Dump& dump) {
    for (size_t g = 0; g < dump.graphs.size(); ++g) {
        use(*dump.graphs[g].module);
        // What is listed can be asked for.
        const auto place = resolve(dump, address_of(dump, GraphId(g)));
        if (!place || place->graph != GraphId(g))
            std::abort();
    }
    const Ledger ledger = build_ledger(dump);
    for (const CompilationLedger& c : ledger.compilations)
        for (const Invocation& invocation : c.invocations)
            (void)call_source(dump, invocation);
}

// What was read without a complaint is printed as what reads back to the same print (print.h promises it),
// but for bodies without a return, of which the printer makes one.
inline void read_back(const GraphModule& module) {
    if (module.bodies.empty() || module.bodies.size() > kMostBodies)
        return;
    for (const Body& body : module.bodies)
        if (body.nodes.empty() || body.nodes.back().op != Opcode::Output)
            return;
    PrintOptions options;
    options.sources = false; // two that were written otherwise may read alike
    const auto text = std::make_shared<std::string>(print_readable(module, BodyId(0), options));
    std::vector<Problem> problems;
    const auto again = read_print_readable(*text, text, /*tabbed=*/false, problems);
    if (!again || again->bodies.empty() || print_readable(*again, BodyId(0), options) != *text)
        std::abort();
}

// A file in memory that can be opened by its path.
class MemoryFile {
public:
    explicit MemoryFile(const char* name)
        : fd_(::memfd_create(name, 0)) { }
    MemoryFile(const MemoryFile&) = delete;
    MemoryFile& operator=(const MemoryFile&) = delete;
    ~MemoryFile() { ::close(fd_); }

    std::string path() const { return "/proc/self/fd/" + std::to_string(fd_); }
    void set(std::string_view bytes) {
        if (::ftruncate(fd_, 0) != 0 || ::lseek(fd_, 0, SEEK_SET) != 0
            || ::write(fd_, bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size()))
            std::abort();
    }

private:
    int fd_;
};

} // namespace hopscope::fuzz
