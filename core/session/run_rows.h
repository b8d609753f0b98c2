// Rows of runs, for reading and for checking.
#pragma once

#include "core/base/result.h"
#include "core/graph/dump.h"
#include "core/session/runs.h"

#include <SQLiteCpp/SQLiteCpp.h>

#include <string>
#include <vector>

namespace hopscope::session {

// What makes no sense is left out and listed.
// An error where the table cannot be read to its end: a user's runs must not seem to be none. Rows that make
// no sense are left out and listed.
Result<std::vector<StoredRun>> load_runs(SQLite::Database& db, std::vector<Problem>& problems);
Result<std::vector<StoredRunValue>> load_run_values(
    SQLite::Database& db, int64_t run, std::vector<Problem>& problems);
// Errors: NotFound where none is kept; Damaged where it is not as it was written.
Result<std::string> load_run_tensor(SQLite::Database& db, int64_t run, const std::string& path, int64_t item);

} // namespace hopscope::session
