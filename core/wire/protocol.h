// What client and worker agree on. The verbs are described in resources/help/executor.md.
#pragma once

#include <atomic>
#include <cstdint>

namespace hopscope::wire {

// 2: stepping, comparing, joints, schemas; 3: every field is checked on both sides; 4: a run keeps what is
// asked for
inline constexpr int kProtocol = 4;

// JSON-RPC 2.0's own codes, then ours.
enum Code : int {
    kParseError = -32700,
    kInvalidRequest = -32600,
    kMethodNotFound = -32601,
    kInvalidParams = -32602,
    kInternalError = -32603,
    kNotReady = -32001, // nothing is loaded or bound that the request needs
    kBadTensors = -32002, // the tensors handed over are damaged or do not fit
    kCancelled = -32004,
};

// Files of the exchange folder. The worker opens them once, at its start, and no other file afterwards.
inline constexpr const char* kToWorker = "to_worker.safetensors";
inline constexpr const char* kFromWorker = "from_worker.safetensors";
inline constexpr const char* kProgress = "progress";

// The progress file, mapped by both: which node runs, so that the client can name it if the worker dies.
struct Progress {
    std::atomic<uint64_t> node; // (body << 32 | node) + 1, as in the answer to `load`; 0 = none
};
static_assert(std::atomic<uint64_t>::is_always_lock_free);

inline constexpr uint64_t progress_mark(uint32_t body, uint32_t node) {
    return (static_cast<uint64_t>(body) << 32 | node) + 1;
}

} // namespace hopscope::wire
