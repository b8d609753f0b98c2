// Rows back to a dump. The file may say anything: every id, range and size is looked at before it is used.
#pragma once

#include "core/base/job.h"
#include "core/base/result.h"
#include "core/graph/dump.h"

#include <SQLiteCpp/SQLiteCpp.h>

#include <cstdint>

namespace hopscope::session {

// `file_bytes` bounds what compressed texts may unpack to. Rows that make no sense are left out and listed in
// Dump::problems. Damaged where nothing is left of a file that held something; Cancelled.
Result<Dump> load_dump(SQLite::Database& db, uint64_t file_bytes, const Job& job);

} // namespace hopscope::session
