// One prepared INSERT, run again and again with values of the model's own types.
#pragma once

#include "core/base/ids.h"

#include <SQLiteCpp/SQLiteCpp.h>
#include <sqlite3.h>

#include <concepts>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace hopscope::session {

// SQLite::Statement copies every text that it binds; rows of nodes come by the ten thousand.
class Insert {
public:
    Insert(SQLite::Database& db, std::string_view sql)
        : db_(db.getHandle()) {
        check(sqlite3_prepare_v3(
            db_, sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT, &statement_, nullptr));
    }
    ~Insert() { sqlite3_finalize(statement_); }
    Insert(const Insert&) = delete;
    Insert& operator=(const Insert&) = delete;

    // Texts and blobs must live until the call returns. Gives the row's id.
    template <class... Values> int64_t operator()(const Values&... values) {
        int index = 0;
        (put(++index, values), ...);
        const int done = sqlite3_step(statement_);
        sqlite3_reset(statement_);
        if (done != SQLITE_DONE)
            throw SQLite::Exception(db_, done);
        return sqlite3_last_insert_rowid(db_);
    }

private:
    void check(int code) {
        if (code != SQLITE_OK)
            throw SQLite::Exception(db_, code);
    }
    template <std::integral Number> void put(int i, Number value) {
        check(sqlite3_bind_int64(statement_, i, static_cast<int64_t>(value)));
    }
    void put(int i, double value) { check(sqlite3_bind_double(statement_, i, value)); }
    void put(int i, std::string_view text) {
        // A null pointer would become NULL.
        check(sqlite3_bind_text64(
            statement_, i, text.data() ? text.data() : "", text.size(), SQLITE_STATIC, SQLITE_UTF8));
    }
    void put(int i, const std::string& text) { put(i, std::string_view(text)); }
    void put(int i, const char* text) { put(i, std::string_view(text)); }
    void put(int i, std::span<const char> blob) {
        check(sqlite3_bind_blob64(statement_, i, blob.data(), blob.size(), SQLITE_STATIC));
    }
    template <class Tag> void put(int i, Id<Tag> id) {
        check(id ? sqlite3_bind_int64(statement_, i, id.index) : sqlite3_bind_null(statement_, i));
    }
    template <class Value> void put(int i, const std::optional<Value>& value) {
        if (value)
            put(i, *value);
        else
            check(sqlite3_bind_null(statement_, i));
    }

    sqlite3* db_;
    sqlite3_stmt* statement_ = nullptr;
};

} // namespace hopscope::session
