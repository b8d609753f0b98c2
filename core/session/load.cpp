#include "core/session/load.h"

#include "core/session/connection.h"
#include "core/session/loader_p.h"
#include "core/session/names.h"
#include "core/session/schema.h"

#include <fmt/format.h>

#include <algorithm>

namespace hopscope::session {
namespace {

// A file cannot hold more text than this many times its size (recordings: 20 to 60 times), or the floor.
constexpr uint64_t kMostUnpacked = 1000;
constexpr uint64_t kUnpackedFloor = uint64_t{64} << 20;

} // namespace

Loader::Loader(SQLite::Database& db, uint64_t file_bytes, const Job& job)
    : db_(db)
    , newest_(schema_version(db) >= 4)
    , limit_(std::max(file_bytes * kMostUnpacked, kUnpackedFloor))
    , job_(job) { }

Result<Dump> Loader::load() {
    check_seal();
    load_meta();
    load_files();
    load_compilations();
    load_texts();
    load_graphs();
    load_places();
    parse_graphs();
    if (job_.cancelled())
        return make_error(Error::Kind::Cancelled, "cancelled");
    place_graphs();
    load_timers();
    load_messages();
    load_reports();
    load_symbols();
    load_facts();
    load_problems();
    if (dump_.compilations.empty() && dump_.messages.empty() && !damage_.empty())
        return make_error(Error::Kind::Damaged, damage_.front().message);
    dump_.problems.insert(dump_.problems.end(), damage_.begin(), damage_.end());
    return std::move(dump_);
}

void Loader::check_seal() {
    try {
        if (stored_seal(db_) == compute_seal(db_))
            return;
        damage_.push_back(damage("imported rows are not as they were written: figures may be wrong"));
    } catch (const SQLite::Exception& e) {
        damage_.push_back(damage(fmt::format("imported rows cannot be read: {}", e.what())));
    }
}

void Loader::load_meta() {
    Rows rows(db_, "meta", "SELECT id, key, value FROM meta ORDER BY id", damage_);
    while (rows.next()) {
        const std::string key = rows.text();
        std::string value = rows.text();
        if (key == "name")
            dump_.name = std::move(value);
        else if (key == "torch_version")
            dump_.torch_version = std::move(value);
        else if (key == "has_text_log")
            dump_.has_text_log = value == "1";
        else if (key == "cancelled")
            dump_.cancelled = value == "1";
    }
}

void Loader::load_files() {
    Rows rows(db_, "file", "SELECT id, path, kind, bytes FROM file ORDER BY id", damage_);
    while (rows.next()) {
        DumpFile file{.path = rows.text(), .kind = rows.text(), .bytes = rows.count()};
        if (!rows.good())
            continue;
        files_.add(rows.id(), dump_.files.size());
        dump_.files.push_back(std::move(file));
    }
}

CompileKey Loader::key_of(Rows& rows) {
    CompileKey key;
    key.rank = rows.number_or_null();
    key.id = rows.text();
    key.attempt = static_cast<int>(rows.integer(0, INT32_MAX));
    return key;
}

void Loader::load_compilations() {
    Rows rows(db_, "compilation",
        "SELECT id, rank, compile_id, attempt, function, file, line, fail_type, fail_reason, "
        "recompile_reason, "
        "compile_seconds, last_attempt FROM compilation ORDER BY id",
        damage_);
    while (rows.next()) {
        Compilation c;
        c.key = key_of(rows);
        c.function = rows.text();
        c.file = rows.text();
        c.line = rows.line();
        c.fail_type = rows.text();
        c.fail_reason = rows.text();
        c.recompile_reason = rows.text();
        c.compile_seconds = rows.real();
        c.last_attempt = rows.flag();
        if (!rows.good())
            continue;
        compilations_.add(rows.id(), dump_.compilations.size());
        dump_.compilations.push_back(std::move(c));
    }
}

void Loader::load_problems() {
    Rows rows(db_, "problem", "SELECT id, severity, message, file_id, line, offset FROM problem ORDER BY id",
        damage_);
    while (rows.next()) {
        Problem p;
        const auto severity = severity_from_name(rows.text());
        p.message = rows.text();
        p.file = rows.reference(files_, FileId());
        p.line = rows.count();
        p.offset = rows.count();
        if (!severity)
            rows.bad("severity is none that is known");
        if (!rows.good())
            continue;
        p.severity = *severity;
        dump_.problems.push_back(std::move(p));
    }
}

Result<Dump> load_dump(SQLite::Database& db, uint64_t file_bytes, const Job& job) {
    const CancelGuard guard(db, job);
    return Loader(db, file_bytes, job).load();
}

} // namespace hopscope::session
