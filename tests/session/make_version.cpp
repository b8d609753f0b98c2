// hopscope_make_version N FILE: the session of version N that the migration test opens.
#include "core/regions/ledger.h"
#include "core/session/write.h"
#include "tests/session/samples.h"

#include <SQLiteCpp/SQLiteCpp.h>

#include <cstdlib>

int main(int argc, char** argv) {
    using namespace hopscope;
    const int version = argc == 3 ? std::atoi(argv[1]) : 0;
    if (version < 1)
        return 2;
    const Dump dump = test::hand_made(); // what no table of that version holds stays out
    session::write_session_file(argv[2], dump, build_ledger(dump), version, {});
    SQLite::Database db(argv[2], SQLite::OPEN_READWRITE);
    db.exec("INSERT INTO note (address, text, created) VALUES"
            " ('0/0:forward@getitem', 'written with version "
        + std::to_string(version)
        + "', '2026-01-31T12:00:00Z'),"
          " ('0/0:forward:fw_subgraph_0@mm', 'and a second, ''quoted''', '2026-01-31T12:00:01Z')");
    db.exec("DELETE FROM note WHERE id = 2; INSERT INTO note (address, text, created) VALUES"
            " ('0/0:forward:fw_subgraph_0@mm', 'a third, ''quoted''', '2026-01-31T12:00:02Z')");
    if (version >= 2) // the first knew of no changes
        db.exec("UPDATE note SET changed = '2026-01-31T12:00:09Z' WHERE id = 3");
    db.exec("INSERT INTO bookmark VALUES (3, '0/0:forward', 'start', '2026-01-31T12:00:03Z')");
    db.exec("INSERT INTO view VALUES ('window', '{\"zoom\":1.5}')");
    // The file goes into the repository: small pages hold the many small tables in less.
    db.exec("PRAGMA page_size = 512; VACUUM");
}
