// Runs in a session. Adding one is one transaction, on disk when the call returns.
#include "core/session/runs.h"

#include "core/base/clock.h"
#include "core/base/hash.h"
#include "core/base/text.h"
#include "core/session/connection.h"
#include "core/session/insert.h"
#include "core/session/rows.h"
#include "core/session/run_rows.h"
#include "core/session/session.h"
#include "core/session/text_store.h"
#include "core/session/user.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sqlite3.h>

#include <charconv>
#include <cmath>

namespace hopscope {

using namespace session;

namespace {

constexpr const char* kRunColumns = "id, address, created, invocation, seed, inputs_file, inputs_hash, "
                                    "symbols, reference, libtorch, threads, "
                                    "tolerance, nodes, ran, compared, mismatched, first_mismatch, "
                                    "max_abs_error, max_rel_error, max_ulp_error, "
                                    "wall_ms, failed_node, "
                                    "failure, verdict";

Error no_run(int64_t id) {
    return make_error(Error::Kind::NotFound, fmt::format("there is no run {}", id));
}

// "s77=8 u0=3".
std::string written(const Bindings& symbols) {
    std::string text;
    for (const auto& [name, value] : symbols)
        text += fmt::format("{}{}={}", text.empty() ? "" : " ", name, value);
    return text;
}

bool read_symbols(std::string_view text, Bindings& symbols) {
    while (!text.empty()) {
        const std::string_view word = text.substr(0, text.find(' '));
        const size_t equals = word.find('=');
        int64_t value = 0;
        if (equals == std::string_view::npos || equals == 0
            || std::from_chars(word.data() + equals + 1, word.data() + word.size(), value).ptr
                != word.data() + word.size())
            return false;
        symbols[std::string(word.substr(0, equals))] = value;
        text.remove_prefix(std::min(word.size() + 1, text.size()));
    }
    return true;
}

// "2,3"; empty for no dimension.
std::string written(const std::vector<int64_t>& numbers) {
    return fmt::format("{}", fmt::join(numbers, ","));
}

bool read_numbers(std::string_view text, std::vector<int64_t>& numbers) {
    constexpr size_t kMostDimensions = 1024;
    while (!text.empty()) {
        int64_t value = 0;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
        if (error != std::errc() || value < 0 || numbers.size() == kMostDimensions)
            return false;
        numbers.push_back(value);
        text.remove_prefix(static_cast<size_t>(end - text.data()));
        if (!text.empty() && (text[0] != ',' || text.size() == 1))
            return false;
        text.remove_prefix(text.empty() ? 0 : 1);
    }
    return true;
}

// SQLite knows no NaN.
std::optional<double> known(std::optional<double> value) {
    return value && std::isnan(*value) ? std::nullopt : value;
}

std::optional<int64_t> optional_integer(Rows& rows, int64_t least, int64_t most) {
    return rows.integer_or_null(least, most);
}
std::optional<uint64_t> optional_count(Rows& rows) {
    const auto value = optional_integer(rows, 0, INT64_MAX);
    return value ? std::optional(static_cast<uint64_t>(*value)) : std::nullopt;
}
std::optional<double> optional_real(Rows& rows) {
    if (!rows.is_null())
        return rows.real();
    rows.skip();
    return std::nullopt;
}

StoredRun read_run(Rows& rows) {
    StoredRun run;
    run.id = rows.id();
    run.address = rows.text();
    run.created = rows.text();
    run.invocation = optional_integer(rows, 0, INT64_MAX);
    if (const auto seed = optional_integer(rows, INT64_MIN, INT64_MAX))
        run.seed = static_cast<uint64_t>(*seed);
    run.inputs_file = rows.text();
    run.inputs_hash = rows.text();
    if (!read_symbols(rows.text(), run.symbols))
        rows.bad("symbols are no NAME=NUMBER");
    run.reference = rows.text();
    run.libtorch = rows.text();
    run.threads = static_cast<int>(rows.integer(0, INT32_MAX));
    run.tolerance = rows.text();
    run.nodes = rows.count();
    run.run = rows.count();
    run.compared = optional_count(rows);
    run.mismatched = optional_count(rows);
    run.first_mismatch = rows.text();
    run.max_abs_error = optional_real(rows);
    run.max_rel_error = optional_real(rows);
    run.max_ulp_error = optional_real(rows);
    run.wall_ms = optional_real(rows);
    run.failed_node = rows.text();
    run.failure = rows.text();
    run.verdict = rows.text();
    return run;
}

// The table's own problem becomes the error; whoever lists problems lists it from there.
Error cut_short(std::vector<Problem>& problems) {
    Error error = make_error(Error::Kind::Damaged, std::move(problems.back().message));
    problems.pop_back();
    return error;
}

StoredRunValue read_value(Rows& rows) {
    StoredRunValue value;
    value.path = rows.text();
    value.item = optional_integer(rows, 0, INT64_MAX);
    value.python = rows.text();
    value.dtype = rows.text();
    if (!read_numbers(rows.text(), value.shape) || !read_numbers(rows.text(), value.stride))
        rows.bad("shape or stride are no numbers");
    value.min = optional_real(rows);
    value.max = optional_real(rows);
    value.mean = optional_real(rows);
    value.std = optional_real(rows);
    value.nan = optional_count(rows);
    value.inf = optional_count(rows);
    value.zero = optional_count(rows);
    value.abs_error = optional_real(rows);
    value.rel_error = optional_real(rows);
    value.ulp_error = optional_real(rows);
    if (const auto ok = optional_integer(rows, 0, 1))
        value.ok = *ok != 0;
    value.reason = rows.text();
    value.tensor_bytes = optional_count(rows);
    return value;
}

void insert_values(SQLite::Database& db, int64_t run, std::span<const StoredRunValue> values) {
    Insert insert(db,
        "INSERT INTO run_value (run_id, ordinal, path, item, python, dtype, shape, stride, min, max, mean, "
        "std, nan, "
        "inf, zero, abs_error, rel_error, ulp_error, ok, reason, tensor_bytes, tensor_hash, tensor) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    for (size_t i = 0; i < values.size(); ++i) {
        const StoredRunValue& v = values[i];
        const std::vector<char> packed = v.tensor.empty() ? std::vector<char>() : compress(v.tensor);
        const bool kept = !packed.empty();
        insert(run, i, v.path, v.item, v.python, v.dtype, written(v.shape), written(v.stride), known(v.min),
            known(v.max), known(v.mean), known(v.std), v.nan, v.inf, v.zero, known(v.abs_error),
            known(v.rel_error), known(v.ulp_error), v.ok, v.reason,
            kept ? std::optional(v.tensor.size()) : std::nullopt,
            kept ? std::optional(hash128_hex(v.tensor)) : std::nullopt,
            kept ? std::optional(std::span<const char>(packed)) : std::nullopt);
    }
}

} // namespace

namespace session {

Result<std::vector<StoredRun>> load_runs(SQLite::Database& db, std::vector<Problem>& problems) {
    std::vector<StoredRun> runs;
    Rows rows(db, "run", fmt::format("SELECT {} FROM run ORDER BY id", kRunColumns).c_str(), problems);
    while (rows.next())
        if (StoredRun run = read_run(rows); rows.good())
            runs.push_back(std::move(run));
    if (rows.cut_short())
        return cut_short(problems);
    return runs;
}

// By `ordinal`, which the index gives in order: sorting rows of a damaged file might have no end.
Result<std::vector<StoredRunValue>> load_run_values(
    SQLite::Database& db, int64_t run, std::vector<Problem>& problems) {
    std::vector<StoredRunValue> values;
    Rows rows(db, "run_value",
        fmt::format(
            "SELECT ordinal, path, item, python, dtype, shape, stride, min, max, mean, std, nan, inf, zero, "
            "abs_error, rel_error, ulp_error, ok, reason, tensor_bytes FROM run_value WHERE run_id = {} "
            "ORDER BY ordinal",
            run)
            .c_str(),
        problems);
    while (rows.next())
        if (StoredRunValue value = read_value(rows); rows.good())
            values.push_back(std::move(value));
    if (rows.cut_short())
        return cut_short(problems);
    return values;
}

Result<std::string> load_run_tensor(
    SQLite::Database& db, int64_t run, const std::string& path, int64_t item) {
    std::vector<Problem> problems;
    Rows rows(db, "run_value",
        fmt::format(
            "SELECT ordinal, path, item, tensor_bytes, tensor_hash, tensor FROM run_value WHERE run_id = {} "
            "AND tensor IS NOT NULL ORDER BY ordinal",
            run)
            .c_str(),
        problems);
    while (rows.next()) {
        const std::string found = rows.text();
        if (rows.integer_or_null(0, INT64_MAX).value_or(0) != item || found != path)
            continue;
        const uint64_t bytes = rows.count();
        const std::string hash = rows.text();
        const std::string_view packed = rows.blob();
        if (!rows.good())
            break;
        const auto tensor = decompress(packed, bytes, hash);
        return tensor ? Result<std::string>(**tensor) : Result<std::string>(tensor.error());
    }
    if (!problems.empty())
        return make_error(Error::Kind::Damaged, problems.front().message);
    return make_error(Error::Kind::NotFound, fmt::format("run {} keeps no tensor of '{}'", run, utf8(path)));
}

} // namespace session

Result<int64_t> Session::add_run(
    const Dump& dump, const StoredRun& run, std::span<const StoredRunValue> values) {
    if (Status status = writable(*state_); !status)
        return status.error();
    Result<std::string> place = checked_address(dump, run.address);
    if (!place.ok())
        return place.error();
    for (const auto& [name, value] : run.symbols)
        if (!is_identifier(name))
            return make_error(Error::Kind::Usage, fmt::format("'{}' is no symbol's name", utf8(name)));
    return guarded_change(state_->path, [&]() -> Result<int64_t> {
        SQLite::Transaction transaction(*state_->db, SQLite::TransactionBehavior::IMMEDIATE);
        Insert insert(*state_->db,
            fmt::format("INSERT INTO run ({}) VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, "
                        "?, ?, ?, ?, "
                        "?, ?, ?)",
                kRunColumns));
        const int64_t id = insert(*place, run.created.empty() ? utc_now() : run.created, run.invocation,
            run.seed, run.inputs_file, run.inputs_hash, written(run.symbols), run.reference, run.libtorch,
            run.threads, run.tolerance, run.nodes, run.run, run.compared, run.mismatched, run.first_mismatch,
            known(run.max_abs_error), known(run.max_rel_error), known(run.max_ulp_error), known(run.wall_ms),
            run.failed_node, run.failure, run.verdict);
        insert_values(*state_->db, id, values);
        transaction.commit();
        return id;
    });
}

Status Session::remove_run(int64_t id) {
    if (Status status = writable(*state_); !status)
        return status;
    return guarded_change(state_->path, [&]() -> Status {
        SQLite::Statement statement(*state_->db, "DELETE FROM run WHERE id = ?"); // its values go along
        statement.bind(1, id);
        return statement.exec() == 1 ? Status() : Status(no_run(id));
    });
}

Result<std::vector<StoredRun>> Session::runs() const {
    return guarded(state_->path, [&]() -> Result<std::vector<StoredRun>> {
        std::vector<Problem> ignored; // check() lists them
        return load_runs(*state_->db, ignored);
    });
}

Result<std::vector<StoredRunValue>> Session::run_values(int64_t run) const {
    return guarded(state_->path, [&]() -> Result<std::vector<StoredRunValue>> {
        SQLite::Statement there(*state_->db, "SELECT 1 FROM run WHERE id = ?");
        there.bind(1, run);
        if (!there.executeStep())
            return no_run(run);
        std::vector<Problem> ignored;
        return load_run_values(*state_->db, run, ignored);
    });
}

Result<std::string> Session::run_tensor(int64_t run, std::string_view path, int64_t item) const {
    return guarded(state_->path, [&] { return load_run_tensor(*state_->db, run, std::string(path), item); });
}

} // namespace hopscope
