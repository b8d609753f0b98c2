// The ledgers of two dumps as one: each call of both, what became of it there and here, and its two bodies to
// compare.
#pragma once

#include "core/browse/document.h"
#include "core/diff/ledgers.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace hopscope {

struct LedgerLine {
    enum class Kind : uint8_t {
        Equal,
        Bodies, // the same decision, but a body that it calls is another one
        Changed,
        OnlyHere,
        OnlyThere,
    };
    Kind kind = Kind::Equal;
    size_t pair = 0; // of TwoLedgers::pairs
    std::optional<int> here, there; // Document::rows() of each; none: only in the other
    std::string function;
    std::string what; // what differs, in words: "decision reused → traced; reason …"; empty: nothing
    Place body_here, body_there; // the first that both call in one stage; those that differ where some do
};

struct TwoLedgers {
    std::shared_ptr<const Document> here, there;
    std::vector<LedgerPair> pairs; // compilations
    std::vector<LedgerLine> lines; // by compilation, then in the order here, then what only the other has
    std::string summary; // "0/0: traced 1 → 5, bodies 1 → 5; 3 of 12 calls the same"

    bool equal() const;
};

TwoLedgers compare_documents(std::shared_ptr<const Document> here, std::shared_ptr<const Document> there);

// One compilation of both, on one line, as `summary` has it.
std::string pair_text(const TwoLedgers& of, const LedgerPair& pair);

// A dump like that of `here` that holds the other's body as well, under a graph of its own, so that the two
// can be shown side by side and compared; nothing of what was there is changed. A graph that was taken over
// before is found again.
struct Borrowed {
    std::shared_ptr<const Document> document;
    Place body;
};
Borrowed borrow_body(const Document& here, const Document& there, const Place& body);

} // namespace hopscope
