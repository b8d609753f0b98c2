// The ledger's filter language, without a window.
//
//   word          rows with any of the plain words
//   +word  -word  rows that must, must not have the word
//   field:value   rows whose field has the value; the same field again means either; - before it excludes
//   "two words"   one word with spaces;  ( … )  a group, + or - before it as for a word
// Upper and lower case are the same; a word is found anywhere in a row's texts.
#pragma once

#include "core/base/result.h"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hopscope {

// The texts of one row by field name ("decision", "reused by key").
using FilterRow = std::vector<std::pair<std::string_view, std::string>>;

class Filter {
public:
    // Errors: Usage, with what was found and what was expected.
    static Result<Filter> parse(std::string_view text, const std::vector<std::string_view>& fields);

    bool empty() const { return terms_.empty(); }
    bool matches(const FilterRow& row) const;

private:
    enum class Sign { Any, Must, MustNot };
    struct Term {
        Sign sign = Sign::Any;
        std::string field; // empty = any field
        std::string word; // lower case
        std::vector<Term> group;
    };
    struct Parser;

    static bool matches_all(const std::vector<Term>& terms, const FilterRow& row);
    static bool matches_one(const Term& term, const FilterRow& row);

    std::vector<Term> terms_;
};

} // namespace hopscope
