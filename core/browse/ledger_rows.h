// The ledger as rows of text: what a table shows of an invocation, and what its filter looks at.
#pragma once

#include "core/browse/filter.h"
#include "core/regions/ledger.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace hopscope {

// What the filter knows of an invocation, in the order in which a table shows it.
enum class LedgerField : uint8_t {
    Index,
    Compile,
    CallId,
    Region,
    Function,
    Variant,
    Decision,
    Reason,
    Source
};
inline constexpr size_t kLedgerFieldCount = 9;

// As it is typed before the colon: "index", "call_id".
std::string_view field_name(LedgerField field);
const std::vector<std::string_view>& field_names();

// "reused by key"; "traced, put inline" where the region's body was put into its caller after Dynamo.
std::string decision_text(const Invocation& invocation);
// "0/0", "rank 1 0/0", "0/0 attempt 1".
std::string compile_label(const Dump& dump, CompilationId id);
// "model.py:59" of the invocation's call, "" = not told.
std::string source_text(const Dump& dump, const Invocation& invocation);
// The first line of that statement, "" = not told.
std::string code_text(const Dump& dump, const Invocation& invocation);

// One cell; "–" for a number that is not there.
std::string ledger_text(
    const Dump& dump, const CompilationLedger& ledger, const Invocation& invocation, LedgerField field);
FilterRow filter_row(const Dump& dump, const CompilationLedger& ledger, const Invocation& invocation);

} // namespace hopscope
