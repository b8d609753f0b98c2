// The tables of a session file, and how older files become newer ones.
#pragma once

#include <SQLiteCpp/SQLiteCpp.h>

#include <string>
#include <vector>

namespace hopscope::session {

// Runs every step from the database's user_version up to `to`, inside the caller's transaction.
// A database of version 0 is empty: it gets all tables.
void migrate(SQLite::Database& db, int to);

int schema_version(SQLite::Database& db);

// Fills the full-text index from the node rows anew.
void rebuild_search(SQLite::Database& db);

// What keeps the database from being read as a session of its version.
struct SchemaFaults {
    std::vector<std::string> missing; // damage: the rest can be read
    std::string
        forged; // something else under a table's name, such as a view without end: nothing may be read
};
SchemaFaults schema_faults(SQLite::Database& db);

// A hash over every imported row that load() reads. Kept in meta as "seal", so that a changed byte in them is
// seen on opening without a scan of the whole file. Throws where the rows cannot be read.
std::string compute_seal(SQLite::Database& db);
std::string stored_seal(SQLite::Database& db);
bool seal_holds(SQLite::Database& db); // false also where the rows cannot be read
void write_seal(SQLite::Database& db);

} // namespace hopscope::session
