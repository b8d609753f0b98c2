// The file as a whole: pragmas, one transaction, and bytes that are on disk before the call returns.
#include "core/session/connection.h"
#include "core/session/schema.h"
#include "core/session/session.h"
#include "core/session/write.h"

#include <fmt/format.h>

namespace hopscope::session {

void write_session_file(
    const std::string& path, const Dump& dump, const Ledger& ledger, int version, const Job& job) {
    SQLite::Database db(path, SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
    CancelGuard guard(db, job);
    // Nobody sees the file before it is whole, so nothing needs to be undone: no journal, one sync by the
    // caller.
    db.execAndGet("PRAGMA journal_mode = OFF");
    db.exec("PRAGMA synchronous = OFF; PRAGMA locking_mode = EXCLUSIVE");
    db.exec(fmt::format("PRAGMA application_id = {}", kSessionApplicationId));
    SQLite::Transaction transaction(db);
    migrate(db, version);
    write_dump(db, dump, ledger, job);
    job.report(dump.graphs.size(), dump.graphs.size(), "indexing");
    if (version >= 2)
        rebuild_search(db);
    write_seal(db);
    transaction.commit();
}

} // namespace hopscope::session
