// A script among the texts to read becomes the graph that it holds, with its inputs.
#pragma once

#include "core/read/collector.h"
#include "core/read/script.h"

#include <optional>
#include <string>

namespace hopscope::read {

// The two halves of take_script, for scripts that are read on the threads that read graphs. This one touches
// nothing but the task.
std::optional<Script> read_task_script(GraphTask& task);
// Tells the dump what a script of it says: notes, symbols, saved inputs, a label for the task.
void tell_script(Collector& collector, GraphTask& task, Script script, const std::string& path, bool alone);

// Turns a task whose text is a script (core/read/script.h) into one for its graph. `path`: of the script's
// file, beside which saved storages are looked for. `alone`: no other file of the dump has the bodies that
// the script lacks, so that it is worth a word. False, and the task is as it was, for any other text.
bool take_script(Collector& collector, GraphTask& task, const std::string& path, bool alone);

} // namespace hopscope::read
