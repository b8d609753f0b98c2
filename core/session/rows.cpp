#include "core/session/rows.h"

#include "core/session/connection.h"

#include <fmt/format.h>
#include <sqlite3.h>

namespace hopscope::session {
namespace {

constexpr size_t kListed = 10; // problems of one table that are listed one by one

} // namespace

Rows::Rows(SQLite::Database& db, std::string table, const char* sql, std::vector<Problem>& problems)
    : table_(std::move(table))
    , problems_(problems) {
    try {
        statement_ = std::make_unique<SQLite::Statement>(db, sql);
    } catch (const SQLite::Exception& e) {
        end(e);
    }
}

Rows::~Rows() {
    if (unlisted_ > 0)
        problems_.push_back(damage(fmt::format("table {}: {} more rows make no sense", table_, unlisted_)));
}

void Rows::list(std::string message) {
    if (listed_++ < kListed)
        problems_.push_back(damage(std::move(message)));
    else
        ++unlisted_;
}

void Rows::end(const SQLite::Exception& e) {
    if (e.getErrorCode() == SQLITE_INTERRUPT)
        throw SQLite::Exception(e);
    problems_.push_back(damage(fmt::format("table {} is cut short: {}", table_, e.what())));
    cut_short_ = true;
    statement_.reset();
}

bool Rows::next() {
    if (!statement_)
        return false;
    try {
        if (!statement_->executeStep())
            return false;
        const SQLite::Column column = statement_->getColumn(0);
        const int64_t id = column.getInt64();
        // A page that leads back to itself would give rows without end.
        if (!column.isInteger() || id <= id_) {
            problems_.push_back(
                damage(fmt::format("table {} is cut short: its rows are out of order", table_)));
            cut_short_ = true;
            statement_.reset();
            return false;
        }
        id_ = id;
    } catch (const SQLite::Exception& e) {
        end(e);
        return false;
    }
    column_ = 0;
    good_ = true;
    return true;
}

void Rows::bad(const std::string& what) {
    if (good_)
        list(fmt::format("table {}, row {}: {}", table_, id_, what));
    good_ = false;
}

int64_t Rows::integer(int64_t least, int64_t most) {
    const SQLite::Column column = statement_->getColumn(++column_);
    if (!column.isInteger()) {
        bad(fmt::format("{} is no integer", column.getName()));
        return least;
    }
    const int64_t value = column.getInt64();
    if (value >= least && value <= most)
        return value;
    bad(fmt::format("{} is {}, expected {} to {}", column.getName(), value, least, most));
    return least;
}

std::optional<int64_t> Rows::integer_or_null(int64_t least, int64_t most) {
    if (statement_->getColumn(column_ + 1).isNull()) {
        ++column_;
        return std::nullopt;
    }
    return integer(least, most);
}

std::optional<int> Rows::number_or_null() {
    const std::optional<int64_t> value = integer_or_null(0, INT32_MAX);
    return value ? std::optional(static_cast<int>(*value)) : std::nullopt;
}

bool Rows::is_null() const {
    return statement_->getColumn(column_ + 1).isNull();
}

double Rows::real() {
    const SQLite::Column column = statement_->getColumn(++column_);
    if (!column.isFloat() && !column.isInteger())
        bad(fmt::format("{} is no number", column.getName()));
    return column.getDouble();
}

std::optional<double> Rows::real_or_null() {
    if (!is_null())
        return real();
    skip();
    return std::nullopt;
}

std::string Rows::text() {
    const SQLite::Column column = statement_->getColumn(++column_);
    if (!column.isText())
        bad(fmt::format("{} is no text", column.getName()));
    return column.getString();
}

std::string_view Rows::blob() {
    const SQLite::Column column = statement_->getColumn(++column_);
    if (!column.isBlob())
        bad(fmt::format("{} is no blob", column.getName()));
    const auto* bytes = static_cast<const char*>(column.getBlob());
    return bytes ? std::string_view(bytes, static_cast<size_t>(column.getBytes())) : std::string_view();
}

std::optional<uint32_t> Rows::find(const RowIds& rows) {
    const SQLite::Column column = statement_->getColumn(++column_);
    if (column.isNull())
        return std::nullopt;
    const std::optional<uint32_t> index = column.isInteger() ? rows.find(column.getInt64()) : std::nullopt;
    if (!index)
        bad(fmt::format("{} refers to no row", column.getName()));
    return index;
}

} // namespace hopscope::session
