// What will become of a program's nodes, before it is run.
#pragma once

#include "core/executor/program.h"
#include "core/wire/messages.h"

#include <functional>
#include <map>
#include <set>
#include <string>

namespace hopscope::executor {

// A schema says nothing about what runs: libtorch has schemas of operators whose kernels are CUDA's alone,
// and kernels that refuse a dtype. So the dispatcher is asked for a kernel of the CPU, and each operator is
// tried, as a run would call it, on small operands of the dtypes that the graph declares: once for each
// combination, kept for the life of this object.
class Forecaster {
public:
    explicit Forecaster(const std::vector<std::string>& composed)
        : composed_(composed.begin(), composed.end()) { }

    // The nodes of all bodies that do not simply run, by body and node. `symbols` as the program was compiled
    // with. `stop` is asked between operators; `at` hears which node is tried, by its progress_mark.
    std::vector<wire::ForecastNode> of(const Program& program, const Bindings& symbols,
        const std::function<bool()>& stop, const std::function<void(uint64_t)>& at);

    struct Found {
        wire::Fate fate = wire::Fate::Runs;
        wire::Obstacle obstacle = wire::Obstacle::None;
        std::string reason;
    };

private:
    std::set<std::string, std::less<>> composed_; // "aten.mm"
    std::map<std::string, Found> known_; // by operator, dtypes and dimensions
};

} // namespace hopscope::executor
