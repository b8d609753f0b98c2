// The private folder in which tensors cross between Hopscope and a worker.
#pragma once

#include "core/base/result.h"
#include "core/wire/protocol.h"

#include <memory>
#include <string>
#include <string_view>

namespace hopscope::worker {

class Exchange {
public:
    // Makes a folder that only this user can look into (0700), and removes those that dead processes of this
    // user left behind.
    static Result<std::unique_ptr<Exchange>> create();
    Exchange(const Exchange&) = delete;
    Exchange& operator=(const Exchange&) = delete;
    ~Exchange(); // removes the folder

    const std::string& folder() const { return folder_; }
    Status write(std::string_view bytes); // for the worker
    Result<std::string> read() const; // what the worker wrote
    uint64_t running() const; // wire::progress_mark of the node that runs; 0 = none

private:
    Exchange() = default;

    std::string folder_;
    int to_worker_ = -1, from_worker_ = -1;
    wire::Progress* progress_ = nullptr;
};

// Removes the folders of this process: for a program that is about to end. Any thread.
void remove_exchange_folders();

} // namespace hopscope::worker
