// What the programs end with: a contract that scripts rely on.
#pragma once

#include "core/base/result.h"

#include <string>

namespace hopscope {

enum ExitStatus : int {
    kDone = 0,
    kDiffers = 1, // done, and what was asked about does not hold
    kUsage = 2,
    kUnreadable = 3,
    kExecutorFailed = 4, // or another program that was needed
    kUnwritable = 5,
    kCancelled = 130, // as a shell says of what Ctrl+C ended
};

ExitStatus exit_status(const Error& error);
// "0 done; 1 done, and …; 130 cancelled", for help.
std::string exit_statuses_text();

} // namespace hopscope
