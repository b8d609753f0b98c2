// What a command shows on a terminal while it works, and how Ctrl+C ends it.
#pragma once

#include "core/base/job.h"

namespace hopscope::cli {

// For work that may take a while. Where standard error is a terminal its reports are shown there, as one line
// that goes before anything is printed; elsewhere a line is written every 10 seconds. Ctrl+C sets its cancel;
// a tenth of a second later what still works is ended: child processes are killed, their folders and
// half-written files removed, and the program ends with status 130. A second Ctrl+C does so at once.
Job interruptible();

// Whether Ctrl+C came.
const std::atomic<bool>& interrupted();

// Says what goes on, for work that reports nothing itself.
void show_progress(std::string_view text);
// Takes the line away, until the next report. Called before anything is written to the terminal.
void clear_progress();

// What is said if the program has to be ended: "nothing was written to values.safetensors".
void say_when_ended(std::string text);
// Somebody has said that the work was cancelled, and with what result.
void told_of_the_end();

} // namespace hopscope::cli
