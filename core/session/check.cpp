// A look at everything that a session holds.
#include "core/read/open.h"
#include "core/session/connection.h"
#include "core/session/load.h"
#include "core/session/rows.h"
#include "core/session/run_rows.h"
#include "core/session/schema.h"
#include "core/session/text_store.h"

#include <fmt/format.h>
#include <sqlite3.h>

namespace hopscope {

using namespace session;

namespace {

class Checker {
public:
    Checker(const Session& session, SQLite::Database& db, const Job& job)
        : session_(session)
        , db_(db)
        , job_(job) { }

    std::vector<Problem> run() {
        const CancelGuard guard(db_, job_);
        found_ = session_.problems();
        job_.report(0, 5, "checking pages");
        list("PRAGMA integrity_check(100)", [](SQLite::Statement& row) {
            std::string text = row.getColumn(0).getString();
            return text == "ok" ? std::string() : text;
        });
        job_.report(1, 5, "checking references");
        list("PRAGMA foreign_key_check", [](SQLite::Statement& row) {
            return fmt::format("table {}, row {}: refers to a row of {} that is not there",
                row.getColumn(0).getString(), row.getColumn(1).getInt64(), row.getColumn(2).getString());
        });
        job_.report(2, 5, "checking graphs");
        check_graphs();
        job_.report(3, 5, "checking the search index");
        check_search();
        job_.report(4, 5, "checking notes and runs");
        check_places();
        return std::move(found_);
    }

private:
    template <class Describe> void list(const char* sql, Describe describe) {
        try {
            SQLite::Statement row(db_, sql);
            for (int n = 0; n < 100 && row.executeStep(); ++n)
                if (std::string text = describe(row); !text.empty())
                    found_.push_back(damage(std::move(text)));
        } catch (const SQLite::Exception& e) {
            add(e);
        }
    }

    void add(const Error& error) { // its message says already that it is the session's
        found_.push_back(Problem{
            .severity = Severity::Error, .message = error.message, .file = {}, .line = 0, .offset = 0});
    }
    void add(const SQLite::Exception& e) {
        if (e.getErrorCode() == SQLITE_INTERRUPT)
            throw SQLite::Exception(e);
        found_.push_back(damage(e.what()));
    }

    void check_graphs();
    void check_nodes(const GraphModule& module, GraphId graph);
    void check_search();
    void check_places();
    void check_values(int64_t run);

    const Session& session_;
    SQLite::Database& db_;
    const Job& job_;
    std::vector<Problem> found_;
    Dump dump_;
};

// Loading looks at every hash, size and id, and parses every text; what it finds beyond the problems of the
// import are the session's own.
void Checker::check_graphs() {
    Result<Dump> dump = session_.load(job_);
    if (!dump.ok()) {
        if (dump.error().kind == Error::Kind::Cancelled)
            throw SQLite::Exception("cancelled", SQLITE_INTERRUPT);
        found_.push_back(damage(dump.error().message));
        return;
    }
    dump_ = std::move(dump).value();
    for (const Problem& p : dump_.problems)
        if (p.message.starts_with("session: ") && !p.file)
            found_.push_back(p);
    for (size_t i = 0; i < dump_.graphs.size(); ++i)
        if (dump_.graphs[i].module)
            check_nodes(*dump_.graphs[i].module, GraphId(i));
}

// The rows that searching and SQL see, against the text that they were made from.
void Checker::check_nodes(const GraphModule& module, GraphId graph) {
    try {
        SQLite::Statement row(db_,
            "SELECT body.ordinal, node.ordinal, node.name, node.target FROM graph "
            "JOIN body ON body.text_id = graph.text_id JOIN node ON node.body_id = body.id "
            "WHERE graph.id = ? ORDER BY body.ordinal, node.ordinal");
        row.bind(1, static_cast<int64_t>(graph.index));
        for (size_t b = 0; b < module.bodies.size(); ++b)
            for (size_t n = 0; n < module.bodies[b].nodes.size(); ++n) {
                const Node& node = module.bodies[b].nodes[n];
                if (row.executeStep() && row.getColumn(0).getInt64() == static_cast<int64_t>(b)
                    && row.getColumn(1).getInt64() == static_cast<int64_t>(n)
                    && row.getColumn(2).getString() == module.text(node.name)
                    && row.getColumn(3).getString() == short_target(module, node))
                    continue;
                found_.push_back(damage(fmt::format("{}: the rows of its nodes differ from its text at {}",
                    address_of(dump_, graph), module.text(node.name))));
                return;
            }
        if (row.executeStep())
            found_.push_back(
                damage(fmt::format("{}: has more rows of nodes than its text", address_of(dump_, graph))));
    } catch (const SQLite::Exception& e) {
        add(e);
    }
}

void Checker::check_values(int64_t run) {
    const Result<std::vector<StoredRunValue>> values = load_run_values(db_, run, found_);
    if (!values.ok()) {
        add(values.error());
        return;
    }
    for (const StoredRunValue& value : *values)
        if (value.tensor_bytes)
            if (auto tensor = load_run_tensor(db_, run, value.path, value.item.value_or(0)); !tensor)
                found_.push_back(
                    damage(fmt::format("run {}, {}: {}", run, value.path, tensor.error().message)));
}

// FTS5 checks itself only in a database that may be written to: done on a copy in memory.
void Checker::check_search() {
    try {
        SQLite::Database copy(":memory:", SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
        SQLite::Backup(copy, db_).executeStep();
        harden(copy);
        copy.exec("INSERT INTO node_search (node_search, rank) VALUES ('integrity-check', 1)");
    } catch (const SQLite::Exception& e) {
        if (e.getErrorCode() == SQLITE_INTERRUPT)
            throw SQLite::Exception(e);
        found_.push_back(damage(fmt::format("the search index does not match the nodes: {}", e.what())));
    }
}

void Checker::check_places() {
    const auto check = [&](const std::string& what, const std::string& address) {
        if (Result<Place> place = resolve(dump_, address); !place.ok())
            found_.push_back(damage(fmt::format("{} is at {}: {}", what, address, place.error().message)));
    };
    if (Result<std::vector<Note>> notes = session_.notes(); notes.ok())
        for (const Note& note : *notes)
            check(fmt::format("note {}", note.id), note.address);
    else
        found_.push_back(damage(fmt::format("notes cannot be read: {}", notes.error().message)));
    if (Result<std::vector<Bookmark>> bookmarks = session_.bookmarks(); bookmarks.ok())
        for (const Bookmark& bookmark : *bookmarks)
            check(fmt::format("bookmark {}", bookmark.slot), bookmark.address);
    else
        found_.push_back(damage(fmt::format("bookmarks cannot be read: {}", bookmarks.error().message)));
    const Result<std::vector<StoredRun>> runs = load_runs(db_, found_);
    if (!runs.ok())
        add(runs.error());
    for (const StoredRun& run : runs.ok() ? *runs : std::vector<StoredRun>()) {
        check(fmt::format("run {}", run.id), run.address);
        check_values(run.id);
    }
}

} // namespace

Result<std::vector<Problem>> Session::check(const Job& job) const {
    return guarded(state_->path, [&]() -> Result<std::vector<Problem>> {
        std::vector<Problem> found = Checker(*this, *state_->db, job).run();
        if (job.cancelled())
            return make_error(Error::Kind::Cancelled, "cancelled");
        return found;
    });
}

} // namespace hopscope
