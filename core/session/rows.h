// Reading rows that somebody else may have written.
#pragma once

#include "core/base/ids.h"
#include "core/graph/dump.h"

#include <SQLiteCpp/SQLiteCpp.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace hopscope::session {

// Row ids of one table → indices of the model's vector. The same number in a sound file.
class RowIds {
public:
    void add(int64_t row, size_t index) { index_.emplace(row, static_cast<uint32_t>(index)); }
    std::optional<uint32_t> find(int64_t row) const {
        const auto found = index_.find(row);
        return found == index_.end() ? std::nullopt : std::optional(found->second);
    }

private:
    std::unordered_map<int64_t, uint32_t> index_;
};

// The rows of one table by growing id, which is the first column; then one getter per column, in order.
//
//     Rows rows(db, "file", "SELECT id, path FROM file ORDER BY id", problems);
//     while (rows.next()) { std::string path = rows.text(); if (rows.good()) … }
//
// A value that is not what was asked for makes the row bad and is listed; a damaged table ends early, listed.
class Rows {
public:
    Rows(SQLite::Database& db, std::string table, const char* sql, std::vector<Problem>& problems);
    ~Rows();
    Rows(const Rows&) = delete;
    Rows& operator=(const Rows&) = delete;

    bool next(); // throws only SQLITE_INTERRUPT
    bool good() const { return good_; }
    // The table could not be read to its end; the last problem listed says why.
    bool cut_short() const { return cut_short_; }
    int64_t id() const { return id_; }

    int64_t integer(int64_t least, int64_t most);
    std::optional<int64_t> integer_or_null(int64_t least, int64_t most);
    std::optional<int> number_or_null(); // from 0
    bool flag() { return integer(0, 1) != 0; }
    int line() { return static_cast<int>(integer(INT32_MIN, INT32_MAX)); }
    uint64_t count() { return static_cast<uint64_t>(integer(0, INT64_MAX)); }
    double real();
    std::optional<double> real_or_null();
    bool is_null() const; // the next column
    void skip() { ++column_; }
    std::string text();
    std::string_view blob(); // valid until next()
    // The row that a column refers to; none for NULL, bad if there is no such row.
    template <class Tag> Id<Tag> reference(const RowIds& rows, Id<Tag>) {
        const std::optional<uint32_t> index = find(rows);
        return index ? Id<Tag>(*index) : Id<Tag>();
    }
    std::optional<uint32_t> find(const RowIds& rows); // none for NULL

    void bad(const std::string& what); // lists it and makes the row bad

private:
    void list(std::string message);
    void end(const SQLite::Exception& e);

    std::string table_;
    std::vector<Problem>& problems_;
    std::unique_ptr<SQLite::Statement> statement_;
    int64_t id_ = INT64_MIN;
    int column_ = 0;
    bool good_ = false;
    bool cut_short_ = false;
    size_t listed_ = 0, unlisted_ = 0;
};

} // namespace hopscope::session
