// How long work reports back and is stopped.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string_view>

namespace hopscope {

// Handed to anything that may take over a tenth of a second. Both parts may be used from the worker's thread.
struct Job {
    // Called with work done of work total (bytes for readers) and what is being done, in a word or two.
    std::function<void(uint64_t done, uint64_t total, std::string_view phase)> progress;
    // Set by the owner to ask for an early end; the work then returns what it has, or Error::Cancelled.
    const std::atomic<bool>* cancel = nullptr;

    bool cancelled() const { return cancel && cancel->load(std::memory_order_relaxed); }
    void report(uint64_t done, uint64_t total, std::string_view phase) const {
        if (progress)
            progress(done, total, phase);
    }
};

} // namespace hopscope
