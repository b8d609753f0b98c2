// What RunController shares with its jobs.
#pragma once

#include "views/base/runcontroller.h"

#include <atomic>

namespace hopscope {

// The run itself. Only the job that runs touches it, but for `prepared`, which does not change once it is
// there.
struct RunController::Live {
    std::shared_ptr<run::Prepared> prepared;
    run::Started started;
    std::unique_ptr<run::Stepper> stepper;
    std::atomic<bool> yield{false}; // a move waits: no further value is fetched before it
};

struct RunController::Outcome {
    std::optional<run::Stop> stop;
    std::optional<Error> error;
    std::optional<run::StepperNews> news; // where there is a run
    bool dead = false;
    std::vector<std::pair<ValueQuery, ValueAnswer>> answers;
    std::optional<run::Timing> timing;
    std::shared_ptr<const run::RunComparison> comparison;
    run::KeptRun kept;
};

struct RunController::Task {
    QString name;
    bool move = false, scrub = false, back = false, fetch = false;
    std::function<void(Live&, const Job&, Outcome&)> work; // on a thread of its own
    std::function<void(const Outcome&)> after; // on the GUI thread
};

} // namespace hopscope
