#include "core/session/schema.h"

#include "core/base/hash.h"
#include "core/session/session.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include <array>
#include <memory>
#include <string_view>

namespace hopscope::session {
namespace {

// Never edit a step that was released: files of that version exist. Add the next one, and a file of the
// version before it to tests/data/session. Ids of imported rows count from 0 and are the ids of the Dump.
constexpr const char* kVersion1 = R"sql(
CREATE TABLE meta (id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, value TEXT NOT NULL);
CREATE TABLE file (
    id INTEGER PRIMARY KEY, path TEXT NOT NULL, kind TEXT NOT NULL, bytes INTEGER NOT NULL);
CREATE TABLE compilation (
    id INTEGER PRIMARY KEY,
    rank INTEGER,                    -- null = not distributed
    compile_id TEXT NOT NULL,        -- "0/0", "-"
    attempt INTEGER NOT NULL,
    function TEXT NOT NULL, file TEXT NOT NULL, line INTEGER NOT NULL,
    fail_type TEXT NOT NULL, fail_reason TEXT NOT NULL, recompile_reason TEXT NOT NULL,
    compile_seconds REAL NOT NULL,
    last_attempt INTEGER NOT NULL);
CREATE TABLE graph_text (
    id INTEGER PRIMARY KEY,
    hash TEXT NOT NULL,              -- XXH3-128 of the text, hexadecimal
    tabbed INTEGER NOT NULL,         -- 1 = every line starts with a tab that is no part of it
    bytes INTEGER NOT NULL,          -- of the text
    zstd BLOB NOT NULL,              -- the text, compressed
    UNIQUE (hash, tabbed));
CREATE TABLE graph (
    id INTEGER PRIMARY KEY,
    compilation_id INTEGER NOT NULL REFERENCES compilation (id),
    text_id INTEGER NOT NULL REFERENCES graph_text (id),
    stage TEXT NOT NULL, label TEXT NOT NULL, ordinal INTEGER NOT NULL,
    address TEXT NOT NULL,           -- of its root body
    file_id INTEGER REFERENCES file (id), line INTEGER NOT NULL, offset INTEGER NOT NULL,
    first_line INTEGER NOT NULL,     -- line of the first node in the dump's file
    position INTEGER NOT NULL);      -- among the graphs of its compilation
CREATE TABLE body (
    id INTEGER PRIMARY KEY,
    text_id INTEGER NOT NULL REFERENCES graph_text (id),
    ordinal INTEGER NOT NULL,        -- within the text, 0 = root
    parent_id INTEGER REFERENCES body (id),
    path TEXT NOT NULL,              -- "" = root; nested: dots
    class_name TEXT NOT NULL, nodes INTEGER NOT NULL,
    UNIQUE (text_id, ordinal));
CREATE TABLE source (
    id INTEGER PRIMARY KEY, file TEXT NOT NULL, line INTEGER NOT NULL, function TEXT NOT NULL, code TEXT NOT NULL);
CREATE TABLE node (
    id INTEGER PRIMARY KEY,
    body_id INTEGER NOT NULL REFERENCES body (id),
    ordinal INTEGER NOT NULL,        -- within the body
    name TEXT NOT NULL,
    op TEXT NOT NULL,                -- FX's: placeholder, call_function, …
    target TEXT NOT NULL,            -- as str() gives it: aten.mm.default
    type TEXT,                       -- f32[16, 32][32, 1]cpu
    source_id INTEGER REFERENCES source (id));
CREATE INDEX node_of_body ON node (body_id, ordinal);
CREATE TABLE timer (
    id INTEGER PRIMARY KEY,
    compilation_id INTEGER REFERENCES compilation (id),
    kind TEXT NOT NULL, begin_us REAL NOT NULL, end_us REAL NOT NULL,
    parent_id INTEGER REFERENCES timer (id),
    file_id INTEGER REFERENCES file (id), line INTEGER NOT NULL);
CREATE TABLE message (
    id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL, rank INTEGER, compile_id TEXT NOT NULL, attempt INTEGER NOT NULL,
    identifier TEXT NOT NULL, function TEXT NOT NULL, detail TEXT NOT NULL, count INTEGER,
    file_id INTEGER REFERENCES file (id), line INTEGER NOT NULL);
CREATE TABLE duplicate (
    id INTEGER PRIMARY KEY,
    compilation_id INTEGER REFERENCES compilation (id),
    forward_identifier TEXT NOT NULL, backward_identifier TEXT NOT NULL, text TEXT NOT NULL,
    file_id INTEGER REFERENCES file (id), line INTEGER NOT NULL);
CREATE TABLE failure (
    id INTEGER PRIMARY KEY,
    compilation_id INTEGER REFERENCES compilation (id),
    kind TEXT NOT NULL, message TEXT NOT NULL, text TEXT NOT NULL,
    file_id INTEGER REFERENCES file (id), line INTEGER NOT NULL);
CREATE TABLE artifact (
    id INTEGER PRIMARY KEY,
    compilation_id INTEGER REFERENCES compilation (id),
    name TEXT NOT NULL, file_id INTEGER REFERENCES file (id), line INTEGER NOT NULL, bytes INTEGER NOT NULL);
CREATE TABLE problem (
    id INTEGER PRIMARY KEY,
    severity TEXT NOT NULL, message TEXT NOT NULL,
    file_id INTEGER REFERENCES file (id), line INTEGER NOT NULL, offset INTEGER NOT NULL);
CREATE TABLE region (
    id INTEGER PRIMARY KEY,
    compilation_id INTEGER NOT NULL REFERENCES compilation (id),
    identifier TEXT NOT NULL, function TEXT NOT NULL,
    source_file TEXT NOT NULL, source_line INTEGER NOT NULL,
    inlined INTEGER NOT NULL, saved_bytes INTEGER);
CREATE TABLE region_body (
    region_id INTEGER NOT NULL REFERENCES region (id),
    half TEXT NOT NULL,              -- dynamo, joint, joint_backward, forward, backward, inference
    address TEXT NOT NULL, identifier TEXT NOT NULL, variant INTEGER, calls INTEGER NOT NULL);
CREATE TABLE saved_value (
    region_id INTEGER NOT NULL REFERENCES region (id), name TEXT NOT NULL, bytes INTEGER);
CREATE TABLE invocation (
    id INTEGER PRIMARY KEY,
    compilation_id INTEGER NOT NULL REFERENCES compilation (id),
    number INTEGER NOT NULL,         -- from 0, in Dynamo's order
    region_id INTEGER REFERENCES region (id),
    call_id INTEGER,
    decision TEXT NOT NULL,          -- traced, reused, reused_by_key, retraced_same, retraced_new, failed, unknown
    evidence TEXT NOT NULL,          -- what that rests on: "trace_timer text_log graph"
    pairing TEXT NOT NULL, inlined INTEGER NOT NULL, executions INTEGER NOT NULL, reason TEXT NOT NULL,
    trace_ms REAL, lookup_ms REAL, stamp_out_ms REAL, saved_ms REAL,
    parent_id INTEGER REFERENCES invocation (id));
CREATE TABLE invocation_call (
    invocation_id INTEGER NOT NULL REFERENCES invocation (id),
    half TEXT NOT NULL, address TEXT NOT NULL,
    body TEXT);                      -- address of the body called
CREATE TABLE note (
    id INTEGER PRIMARY KEY AUTOINCREMENT, address TEXT NOT NULL, text TEXT NOT NULL, created TEXT NOT NULL);
CREATE TABLE bookmark (
    slot INTEGER PRIMARY KEY CHECK (slot BETWEEN 0 AND 9),
    address TEXT NOT NULL, label TEXT NOT NULL, created TEXT NOT NULL);
CREATE TABLE view (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
-- Every node of every graph by its address.
CREATE VIEW place AS
    SELECT graph.address || CASE body.path WHEN '' THEN '' ELSE ':' || body.path END || '@' || node.name AS address,
        graph.stage, body.path AS body, node.name, node.op, node.target, node.type,
        source.file, source.line, source.function, source.code
    FROM graph JOIN body ON body.text_id = graph.text_id JOIN node ON node.body_id = body.id
        LEFT JOIN source ON source.id = node.source_id;
)sql";

// Version 2: full-text search, and when a note was last edited.
constexpr const char* kNodeWords = R"sql(CREATE VIEW node_words AS
    SELECT node.id AS id, node.name AS name, node.target AS target, source.code AS code,
        source.function AS function, source.file || ':' || source.line AS place
    FROM node LEFT JOIN source ON source.id = node.source_id)sql";
constexpr const char* kNodeSearch = R"sql(CREATE VIRTUAL TABLE node_search USING fts5 (
    name, target, code, function, place, content = 'node_words', content_rowid = 'id'))sql";

// Version 3: symbols as PyTorch made them, and runs.
constexpr const char* kVersion3 = R"sql(
CREATE TABLE symbol (
    id INTEGER PRIMARY KEY,
    compilation_id INTEGER REFERENCES compilation (id),
    name TEXT NOT NULL,              -- s77
    value TEXT NOT NULL,             -- what it was while tracing: "8"
    range TEXT NOT NULL,             -- [2, int_oo]
    source TEXT NOT NULL,            -- L['ids'].size()[0]
    file_id INTEGER REFERENCES file (id), line INTEGER NOT NULL);
CREATE TABLE run (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    address TEXT NOT NULL,           -- of the body that was run
    created TEXT NOT NULL,
    invocation INTEGER,              -- whose recorded values were taken
    seed INTEGER,                    -- of synthetic inputs; null = recorded ones
    inputs_file TEXT NOT NULL, inputs_hash TEXT NOT NULL,
    symbols TEXT NOT NULL,           -- "s77=8 u0=3"
    reference TEXT NOT NULL,         -- what it was compared with
    libtorch TEXT NOT NULL, threads INTEGER NOT NULL, tolerance TEXT NOT NULL,
    nodes INTEGER NOT NULL,          -- of all bodies that were entered
    ran INTEGER NOT NULL,            -- of these, to their end
    compared INTEGER, mismatched INTEGER, first_mismatch TEXT NOT NULL,
    max_abs_error REAL, max_rel_error REAL, max_ulp_error REAL,
    wall_ms REAL,
    failed_node TEXT NOT NULL, failure TEXT NOT NULL,
    verdict TEXT NOT NULL);          -- done, equal, differs, failed, cancelled
CREATE TABLE run_value (
    id INTEGER PRIMARY KEY,
    run_id INTEGER NOT NULL REFERENCES run (id) ON DELETE CASCADE,
    ordinal INTEGER NOT NULL,        -- within the run
    path TEXT NOT NULL,              -- node; "call/inner" in a region's body
    item INTEGER,                    -- of a tuple
    python TEXT NOT NULL,            -- a number or None; the rest is empty then
    dtype TEXT NOT NULL, shape TEXT NOT NULL, stride TEXT NOT NULL,
    min REAL, max REAL, mean REAL, std REAL, nan INTEGER, inf INTEGER, zero INTEGER,
    abs_error REAL, rel_error REAL, ulp_error REAL,
    ok INTEGER,                      -- 1 = within tolerance; null = not compared
    reason TEXT NOT NULL,            -- why it could not be compared
    tensor_bytes INTEGER, tensor_hash TEXT,
    tensor BLOB,                     -- elements, row-major, compressed with zstd; null unless asked for
    UNIQUE (run_id, ordinal));
)sql";

// Version 4: what inputs other than trace logs tell of a graph.
constexpr const char* kVersion4 = R"sql(
ALTER TABLE graph ADD COLUMN stage_evidence TEXT NOT NULL DEFAULT ''; -- what told its stage
ALTER TABLE graph ADD COLUMN cut INTEGER NOT NULL DEFAULT 0;          -- 1 = the input ends inside of it
ALTER TABLE graph ADD COLUMN lines TEXT NOT NULL DEFAULT ''; -- of its nodes, where they are not the text's own
CREATE TABLE graph_place (           -- where other inputs of the same run have it too
    id INTEGER PRIMARY KEY,
    graph_id INTEGER NOT NULL REFERENCES graph (id),
    file_id INTEGER REFERENCES file (id), line INTEGER NOT NULL, offset INTEGER NOT NULL);
CREATE TABLE written_module (        -- source that a person wrote, beside the graphs
    id INTEGER PRIMARY KEY,
    label TEXT NOT NULL,             -- class Net
    file_id INTEGER REFERENCES file (id), line INTEGER NOT NULL, offset INTEGER NOT NULL);
CREATE TABLE saved_tensor (          -- weights and inputs that came with a graph; the elements stay in their file
    id INTEGER PRIMARY KEY,
    graph_id INTEGER NOT NULL REFERENCES graph (id),
    name TEXT NOT NULL,              -- of the placeholder
    path TEXT NOT NULL, member TEXT NOT NULL, -- the file, and the member of a zip archive
    pickled INTEGER NOT NULL, entry TEXT NOT NULL, place INTEGER NOT NULL,
    sample INTEGER NOT NULL,         -- 1 = an input that the model was tried on
    dtype TEXT NOT NULL, shape TEXT NOT NULL, stride TEXT NOT NULL, -- "2 3"
    offset INTEGER NOT NULL);        -- elements
)sql";

// Version 5: what a trace says beside graphs and timers.
constexpr const char* kVersion5 = R"sql(
CREATE TABLE cache_record (
    id INTEGER PRIMARY KEY,
    compilation_id INTEGER REFERENCES compilation (id),
    cache TEXT NOT NULL,             -- aotautograd, fx_graph
    state TEXT NOT NULL,             -- hit, miss, bypass, disabled
    backward INTEGER,                -- 1 = of the backward's graph; null = not told
    key TEXT NOT NULL, reason TEXT NOT NULL, saved_ms REAL, took_ms REAL,
    file_id INTEGER REFERENCES file (id), line INTEGER NOT NULL, offset INTEGER NOT NULL);
CREATE TABLE described_input (
    id INTEGER PRIMARY KEY,
    compilation_id INTEGER REFERENCES compilation (id),
    source TEXT NOT NULL,            -- L['self']._modules['layers']…
    dtype TEXT NOT NULL, shape TEXT NOT NULL, stride TEXT NOT NULL,
    requires_grad INTEGER NOT NULL, is_parameter INTEGER NOT NULL, is_view INTEGER NOT NULL,
    storage INTEGER, storage_bytes INTEGER,
    file_id INTEGER REFERENCES file (id), line INTEGER NOT NULL, offset INTEGER NOT NULL);
CREATE TABLE marked_function (
    id INTEGER PRIMARY KEY,
    compilation_id INTEGER REFERENCES compilation (id),
    name TEXT NOT NULL, source_file TEXT NOT NULL, source_line INTEGER NOT NULL,
    file_id INTEGER REFERENCES file (id), line INTEGER NOT NULL);
)sql";

// Version 6: what else a trace says of inputs, and which function calls a module.
constexpr const char* kVersion6 = R"sql(
CREATE TABLE input_tensor (
    id INTEGER PRIMARY KEY,          -- of described_input
    device TEXT NOT NULL,            -- device(type='cpu')
    describer INTEGER, tensor INTEGER, base INTEGER); -- base: of a view, the tensor that it is one of
CREATE TABLE module_call (
    id INTEGER PRIMARY KEY,
    compilation_id INTEGER REFERENCES compilation (id),
    module TEXT NOT NULL,            -- L['self']._modules['layers']…
    function TEXT NOT NULL, code TEXT NOT NULL, -- that calls it, and its line
    file_id INTEGER REFERENCES file (id), line INTEGER NOT NULL);
)sql";

void to_version_1(SQLite::Database& db) {
    db.exec(kVersion1);
}

void to_version_2(SQLite::Database& db) {
    db.exec("ALTER TABLE note ADD COLUMN changed TEXT NOT NULL DEFAULT ''");
    db.exec(kNodeWords);
    db.exec(kNodeSearch);
    rebuild_search(db);
}

void to_version_3(SQLite::Database& db) {
    db.exec(kVersion3);
}

void to_version_4(SQLite::Database& db) {
    db.exec(kVersion4);
}

void to_version_5(SQLite::Database& db) {
    db.exec(kVersion5);
}

void to_version_6(SQLite::Database& db) {
    db.exec(kVersion6);
}

constexpr std::array kSteps = {
    to_version_1, to_version_2, to_version_3, to_version_4, to_version_5, to_version_6};
static_assert(kSteps.size() == kSessionVersion);

// The columns that load() turns into a Dump. graph_text.zstd is guarded by graph_text.hash.
struct Sealed {
    int since; // version
    const char* sql;
};
constexpr std::array kSealed = {
    Sealed{1, "SELECT id, key, value FROM meta WHERE key <> 'seal' ORDER BY id"},
    Sealed{1, "SELECT * FROM file ORDER BY id"},
    Sealed{1, "SELECT * FROM compilation ORDER BY id"},
    Sealed{1, "SELECT id, hash, tabbed, bytes FROM graph_text ORDER BY id"},
    Sealed{1, "SELECT * FROM graph ORDER BY id"},
    Sealed{1, "SELECT * FROM timer ORDER BY id"},
    Sealed{1, "SELECT * FROM message ORDER BY id"},
    Sealed{1, "SELECT * FROM duplicate ORDER BY id"},
    Sealed{1, "SELECT * FROM failure ORDER BY id"},
    Sealed{1, "SELECT * FROM artifact ORDER BY id"},
    Sealed{1, "SELECT * FROM problem ORDER BY id"},
    Sealed{3, "SELECT * FROM symbol ORDER BY id"},
    Sealed{4, "SELECT * FROM graph_place ORDER BY id"},
    Sealed{4, "SELECT * FROM written_module ORDER BY id"},
    Sealed{4, "SELECT * FROM saved_tensor ORDER BY id"},
    Sealed{5, "SELECT * FROM cache_record ORDER BY id"},
    Sealed{5, "SELECT * FROM described_input ORDER BY id"},
    Sealed{5, "SELECT * FROM marked_function ORDER BY id"},
    Sealed{6, "SELECT * FROM input_tensor ORDER BY id"},
    Sealed{6, "SELECT * FROM module_call ORDER BY id"},
};

// Type, length and bytes of each value: two different rows never look alike.
void add_row(Hasher& hash, SQLite::Statement& row) {
    for (int i = 0; i < row.getColumnCount(); ++i) {
        const SQLite::Column column = row.getColumn(i);
        const char type = static_cast<char>(column.getType());
        hash.add(&type, 1);
        if (column.isInteger()) {
            const int64_t value = column.getInt64();
            hash.add(&value, sizeof value);
        } else if (column.isFloat()) {
            const double value = column.getDouble();
            hash.add(&value, sizeof value);
        } else {
            const void* bytes = column.getBlob();
            const int64_t size = column.getBytes();
            hash.add(&size, sizeof size);
            if (bytes)
                hash.add(bytes, static_cast<size_t>(size));
        }
    }
}

} // namespace

bool seal_holds(SQLite::Database& db) {
    try {
        return stored_seal(db) == compute_seal(db);
    } catch (const SQLite::Exception&) {
        return false;
    }
}

int schema_version(SQLite::Database& db) {
    return db.execAndGet("PRAGMA user_version").getInt();
}

void migrate(SQLite::Database& db, int to) {
    for (int version = schema_version(db); version < to; ++version) {
        // The seal covers what the tables look like too: keep a sound one sound, and a broken one broken.
        const bool sealed = version > 0 && seal_holds(db);
        kSteps.at(static_cast<size_t>(version))(db);
        db.exec(fmt::format("PRAGMA user_version = {}", version + 1));
        if (sealed)
            write_seal(db);
    }
}

void rebuild_search(SQLite::Database& db) {
    db.exec("INSERT INTO node_search (node_search) VALUES ('rebuild')");
}

SchemaFaults schema_faults(SQLite::Database& db) {
    static constexpr std::array kTables = {"meta", "file", "compilation", "graph_text", "graph", "body",
        "source", "node", "timer", "message", "duplicate", "failure", "artifact", "problem", "region",
        "region_body", "saved_value", "invocation", "invocation_call", "note", "bookmark", "view"};
    SchemaFaults faults;
    SQLite::Statement find(db, "SELECT type, sql FROM sqlite_schema WHERE name = ?");
    const auto look = [&](const char* name) {
        find.reset();
        find.bind(1, name);
        if (find.executeStep())
            return true;
        faults.missing.push_back(fmt::format("table \"{}\" is missing", name));
        return false;
    };
    const auto plain_table = [&](const char* table) {
        if (look(table)
            && (find.getColumn(0).getString() != "table"
                || !find.getColumn(1).getString().starts_with("CREATE TABLE")))
            faults.forged = fmt::format("\"{}\" is no plain table", table);
    };
    for (const char* table : kTables)
        plain_table(table);
    if (schema_version(db) < 2)
        return faults;
    if (look("node_words") && find.getColumn(1).getString() != kNodeWords)
        faults.forged = "view \"node_words\" is another one than expected";
    if (look("node_search") && find.getColumn(1).getString() != kNodeSearch)
        faults.forged = "table \"node_search\" is another one than expected";
    if (schema_version(db) >= 3)
        for (const char* table : {"symbol", "run", "run_value"})
            plain_table(table);
    if (schema_version(db) >= 4)
        for (const char* table : {"graph_place", "written_module", "saved_tensor"})
            plain_table(table);
    if (schema_version(db) >= 5)
        for (const char* table : {"cache_record", "described_input", "marked_function"})
            plain_table(table);
    if (schema_version(db) >= 6)
        for (const char* table : {"input_tensor", "module_call"})
            plain_table(table);
    return faults;
}

std::string compute_seal(SQLite::Database& db) {
    Hasher hash;
    const int version = schema_version(db);
    for (const Sealed& rows : kSealed) {
        if (rows.since > version)
            continue;
        SQLite::Statement row(db, rows.sql);
        int64_t last = INT64_MIN;
        while (row.executeStep()) {
            // In a damaged file a page may lead back to itself: without growing ids there would be no end.
            const int64_t id = row.getColumn(0).getInt64();
            if (id <= last)
                throw SQLite::Exception("rows are out of order", SQLITE_CORRUPT);
            last = id;
            add_row(hash, row);
        }
        hash.add("|", 1);
    }
    return hash.hex();
}

std::string stored_seal(SQLite::Database& db) {
    SQLite::Statement row(db, "SELECT value FROM meta WHERE key = 'seal'");
    return row.executeStep() ? row.getColumn(0).getString() : std::string();
}

void write_seal(SQLite::Database& db) {
    SQLite::Statement row(db, "INSERT OR REPLACE INTO meta (key, value) VALUES ('seal', ?)");
    row.bind(1, compute_seal(db));
    row.exec();
}

} // namespace hopscope::session
