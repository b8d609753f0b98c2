// A dump and its ledger as rows.
#pragma once

#include "core/base/job.h"
#include "core/graph/dump.h"
#include "core/regions/ledger.h"

#include <SQLiteCpp/SQLiteCpp.h>

namespace hopscope::session {

// Into an empty database with all its tables, inside the caller's transaction. Throws SQLite::Exception, with
// SQLITE_INTERRUPT once the job is cancelled.
void write_dump(SQLite::Database& db, const Dump& dump, const Ledger& ledger, const Job& job);

// A new file of schema `version`, complete and on disk, at a path where nothing is. Sessions are made with
// the newest; older ones serve to test migrations.
void write_session_file(
    const std::string& path, const Dump& dump, const Ledger& ledger, int version, const Job& job);

} // namespace hopscope::session
