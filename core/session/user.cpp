// What the user adds: notes, bookmarks, views. Each change is one transaction, on disk when the call returns.
#include "core/session/user.h"

#include "core/base/clock.h"
#include "core/session/connection.h"
#include "core/session/session.h"

#include <fmt/format.h>
#include <sqlite3.h>

namespace hopscope {

using namespace session;

namespace session {

Status writable(const Session::State& state) {
    if (state.read_only_because.empty())
        return {};
    Error error =
        make_error(Error::Kind::CannotWrite, fmt::format("cannot be changed: {}", state.read_only_because));
    error.file = state.path;
    return error;
}

Result<std::string> checked_address(const Dump& dump, std::string_view text) {
    Result<Address> address = parse_address(text);
    if (!address.ok())
        return address.error();
    if (Result<Place> place = resolve(dump, *address); !place.ok())
        return place.error();
    return to_string(*address);
}

} // namespace session

namespace {

// One statement that changes rows. Gives how many.
template <class... Values> int change(SQLite::Database& db, const char* sql, const Values&... values) {
    SQLite::Statement statement(db, sql);
    int index = 0;
    (statement.bind(++index, values), ...);
    return statement.exec();
}

Error no_note(int64_t id) {
    return make_error(Error::Kind::NotFound, fmt::format("there is no note {}", id));
}

Error no_slot(int slot) {
    return make_error(Error::Kind::Usage,
        fmt::format("there is no bookmark {}, expected 0 to {}", slot, kBookmarkSlots - 1));
}

} // namespace

Result<int64_t> Session::add_note(const Dump& dump, std::string_view address, std::string_view text) {
    if (Status status = writable(*state_); !status)
        return status.error();
    Result<std::string> place = checked_address(dump, address);
    if (!place.ok())
        return place.error();
    return guarded_change(state_->path, [&]() -> Result<int64_t> {
        change(*state_->db, "INSERT INTO note (address, text, created) VALUES (?, ?, ?)", *place,
            std::string(text), utc_now());
        return state_->db->getLastInsertRowid();
    });
}

Status Session::edit_note(int64_t id, std::string_view text) {
    if (Status status = writable(*state_); !status)
        return status;
    return guarded_change(state_->path, [&]() -> Status {
        const int changed = change(*state_->db, "UPDATE note SET text = ?, changed = ? WHERE id = ?",
            std::string(text), utc_now(), id);
        return changed == 1 ? Status() : Status(no_note(id));
    });
}

Status Session::remove_note(int64_t id) {
    if (Status status = writable(*state_); !status)
        return status;
    return guarded_change(state_->path, [&]() -> Status {
        return change(*state_->db, "DELETE FROM note WHERE id = ?", id) == 1 ? Status() : Status(no_note(id));
    });
}

Status Session::restore_note(const Note& note) {
    if (Status status = writable(*state_); !status)
        return status;
    if (note.id < 1)
        return no_note(note.id);
    return guarded_change(state_->path, [&]() -> Status {
        change(*state_->db,
            "INSERT OR REPLACE INTO note (id, address, text, created, changed) VALUES (?, ?, ?, ?, ?)",
            note.id, note.address, note.text, note.created, note.changed);
        return {};
    });
}

Result<std::vector<Note>> Session::notes() const {
    return guarded(state_->path, [&]() -> Result<std::vector<Note>> {
        std::vector<Note> notes;
        SQLite::Statement row(
            *state_->db, "SELECT id, address, text, created, changed FROM note ORDER BY id");
        while (row.executeStep()) {
            Note note{.id = row.getColumn(0).getInt64(),
                .address = row.getColumn(1).getString(),
                .text = row.getColumn(2).getString(),
                .created = row.getColumn(3).getString(),
                .changed = row.getColumn(4).getString()};
            if (!notes.empty() && note.id <= notes.back().id)
                throw SQLite::Exception("notes are out of order", SQLITE_CORRUPT);
            notes.push_back(std::move(note));
        }
        return notes;
    });
}

Status Session::set_bookmark(const Dump& dump, int slot, std::string_view address, std::string_view label) {
    if (Status status = writable(*state_); !status)
        return status;
    if (slot < 0 || slot >= kBookmarkSlots)
        return no_slot(slot);
    Result<std::string> place = checked_address(dump, address);
    if (!place.ok())
        return place.error();
    return guarded_change(state_->path, [&]() -> Status {
        change(*state_->db,
            "INSERT OR REPLACE INTO bookmark (slot, address, label, created) VALUES (?, ?, ?, ?)", slot,
            *place, std::string(label), utc_now());
        return {};
    });
}

Status Session::restore_bookmark(const Bookmark& bookmark) {
    if (Status status = writable(*state_); !status)
        return status;
    if (bookmark.slot < 0 || bookmark.slot >= kBookmarkSlots)
        return no_slot(bookmark.slot);
    return guarded_change(state_->path, [&]() -> Status {
        change(*state_->db,
            "INSERT OR REPLACE INTO bookmark (slot, address, label, created) VALUES (?, ?, ?, ?)",
            bookmark.slot, bookmark.address, bookmark.label, bookmark.created);
        return {};
    });
}

Status Session::remove_bookmark(int slot) {
    if (Status status = writable(*state_); !status)
        return status;
    return guarded_change(state_->path, [&]() -> Status {
        change(*state_->db, "DELETE FROM bookmark WHERE slot = ?", slot);
        return {};
    });
}

Result<std::vector<Bookmark>> Session::bookmarks() const {
    return guarded(state_->path, [&]() -> Result<std::vector<Bookmark>> {
        std::vector<Bookmark> bookmarks;
        SQLite::Statement row(*state_->db,
            "SELECT slot, address, label, created FROM bookmark WHERE slot BETWEEN 0 AND 9 "
            "ORDER BY slot LIMIT 10");
        while (row.executeStep())
            bookmarks.push_back({.slot = row.getColumn(0).getInt(),
                .address = row.getColumn(1).getString(),
                .label = row.getColumn(2).getString(),
                .created = row.getColumn(3).getString()});
        return bookmarks;
    });
}

Status Session::set_view(std::string_view key, std::string_view json) {
    if (Status status = writable(*state_); !status)
        return status;
    return guarded_change(state_->path, [&]() -> Status {
        change(*state_->db, "INSERT OR REPLACE INTO view (key, value) VALUES (?, ?)", std::string(key),
            std::string(json));
        return {};
    });
}

std::string Session::view(std::string_view key) const {
    const Result<std::string> value = guarded(state_->path, [&]() -> Result<std::string> {
        SQLite::Statement row(*state_->db, "SELECT value FROM view WHERE key = ?");
        row.bind(1, std::string(key));
        return row.executeStep() ? row.getColumn(0).getString() : std::string();
    });
    return value.ok() ? *value : std::string(); // where the user was is not worth an error
}

} // namespace hopscope
