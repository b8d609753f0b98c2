// Files that are there whole or not at all.
#pragma once

#include "core/base/result.h"

#include <string>
#include <string_view>

namespace hopscope {

// Writes beside the file, flushes to the disk and renames: an older file of that name stays as it was until
// the new one is complete. What is no file, a pipe or a device, is written into; a symbolic link stays.
// Errors: CannotWrite with the system's reason, and the path in Error::file.
Status save_file(const std::string& path, std::string_view bytes);

// Removes what is half-written: for a program that is about to end. Any thread.
void abandon_saves();

} // namespace hopscope
