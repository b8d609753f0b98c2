// Finding nodes by what they are called, call, yield and where they were written: in one body or in all.
#pragma once

#include "core/base/job.h"
#include "core/base/result.h"
#include "core/browse/hits.h"
#include "core/graph/dump.h"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hopscope {

struct FindOptions {
    bool regex =
        false; // the text is a regular expression as it stands; else only where it stands between slashes
    bool match_case = false; // upper and lower case are two
    friend bool operator==(const FindOptions&, const FindOptions&) = default;
};

// What is looked for. Plain words must all occur, each anywhere in a node's texts: its name, its operator,
// its type
// ("f32[2, 8]"; torch's name of a dtype, "float32", finds its abbreviation too) and the source line it comes
// from. /…/ is a regular expression as PCRE2 knows it, over all these texts, one a line, ^ and $ at the ends
// of each. Unless asked otherwise upper and lower case are the same (in plain words: of ASCII letters). May
// be used by several threads at once.
class Find {
public:
    // Errors: Usage for a regular expression that is none, with the byte in `text` where it goes wrong.
    static Result<Find> parse(std::string_view text, const FindOptions& options = {});
    Find();
    ~Find();
    Find(Find&&) noexcept;
    Find& operator=(Find&&) noexcept;

    bool empty() const; // finds nothing
    // The nodes of a body that fit, in graph order. Error: Usage where the regular expression needs more
    // steps than any sensible one does; it names the node.
    Result<std::vector<NodeId>> in_body(const GraphModule& module, BodyId body) const;

    // What fits in a text, as byte ranges in order, without overlap and never empty: of words, in the lines
    // that have all of them; of a regular expression, within one line each. Error: as in_body, with the line.
    Result<std::vector<std::pair<size_t, size_t>>> in_text(std::string_view text) const;

    struct State; // of this file's own

private:
    friend class FindAll;
    std::unique_ptr<State> state_;
};

struct FindHit {
    Place place; // a node
    int rank =
        0; // of the text in which the last word was found: 0 = the whole name, 1 = name, 2 = operator, …
    std::string snippet; // name, operator, and what else a word was found in: "mm  aten.mm.default
                         // model.py:59  y = a @ b"
    std::vector<std::pair<uint32_t, uint32_t>> marks; // byte ranges [first, last) of the matches in `snippet`
};

struct FindResult {
    std::vector<FindHit> hits; // best rank first, then in the dump's order; at most as many as were asked for
    size_t total = 0; // how many there are
};

// In every body of every graph, or in `only` that body. Errors: as in_body; Cancelled.
Result<FindResult> find_all(
    const Dump& dump, const Find& find, size_t limit, const Job& job = {}, const Place& only = {});

// All of them, to be stepped through. Errors: as in_body; Cancelled.
Result<Hits> find_hits(const Dump& dump, const Find& find, const Job& job = {});
// Those of one body.
Result<Hits> find_hits(const Dump& dump, const Place& body, const Find& find);

} // namespace hopscope
