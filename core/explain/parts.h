// The questions of an explanation, one by one.
#pragma once

#include "core/explain/explain.h"
#include "core/explain/gradients.h"
#include "core/match/fields.h"

namespace hopscope::explain_parts {

// What is looked up once for all calls of a dump.
struct Facts {
    explicit Facts(const Dump& dump)
        : names(dump)
        , gradients(dump, names) { }
    InputNames names;
    GradientFacts gradients;
};

CallAnswer explain_call(
    const Dump& dump, const CompilationLedger& ledger, const Invocation& invocation, Facts& facts);
// Sets the backward bodies of a region beyond the first, and what would spare them.
void explain_variants(const Dump& dump, const CompilationLedger& ledger, RegionAnswer& answer);
// Sets which bodies of other functions are the same.
void find_equal_bodies(const Dump& dump, const CompilationLedger& ledger, Explanation& explanation);

// Sets where each region went, and its evidence.
void find_outcomes(const Dump& dump, const Ledger& ledger, Explanation& explanation);
// Of a list of recompile reasons, newest first, the first entry; without the code that PyTorch puts behind a
// long run of blanks (torch/_dynamo/guards.py, get_and_maybe_log_recompilation_reasons).
std::string first_reason(const std::string& reasons);
// That of the compilation `id` ("0/0"), as the reasons tell one for each that was tried; empty where none is.
std::string own_reason(const std::string& reasons, const std::string& id);
// What an explanation comes to, on one line.
std::string conclude(const Dump& dump, const CompilationLedger& ledger, const Explanation& explanation);
std::vector<CacheCell> whole_caches(const Dump& dump, const Compilation& compilation, CompilationId id);

// A difference of types in the words of the command line.
Mismatch type_mismatch(std::string against, std::string where, const FieldDifference& d);

} // namespace hopscope::explain_parts
