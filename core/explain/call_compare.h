// A call against the bodies that were installed for its function when it came, by what the graphs show.
#pragma once

#include "core/explain/parts.h"

namespace hopscope::explain_parts {

class CallComparer {
public:
    CallComparer(
        const Dump& dump, const CompilationLedger& ledger, const Invocation& invocation, Facts& facts)
        : dump_(dump)
        , ledger_(ledger)
        , inv_(invocation)
        , facts_(facts)
        , site_(site_of(invocation)) { }

    // The bodies of the same function that were there, in the order in which they came.
    std::vector<const Region*> installed() const;
    // What keeps the call from each of them.
    std::vector<Mismatch> against_all();
    // Of a call that was stamped out: the operands that its body does not fit.
    std::vector<Mismatch> misfits() const;
    // Whether its body takes sizes; true where no graph shows the body.
    bool takes_symbols() const;

    // Of what was compared so far.
    bool compared() const { return compared_; } // the graphs show both bodies
    bool gradients_known() const { return gradients_known_; } // of each operand of each body
    bool unclear() const { return unclear_; } // operands could not be told apart by position

private:
    // Dynamo's graph shows a region as it was traced; without it one behind it shows at least its operands.
    static CallSite site_of(const Invocation& invocation);
    std::vector<Mismatch> against(const Region& other);
    bool compare_gradients(const Region& other, const std::vector<std::pair<size_t, size_t>>& pairs,
        std::vector<Mismatch>& out) const;
    void inside(const std::string& identifier, const GraphModule& a, BodyId x, const GraphModule& b, BodyId y,
        std::vector<Mismatch>& out) const;
    NodeId operand_at(const Invocation& inv, size_t position) const;
    std::optional<bool> gradient_at(const Invocation& inv, size_t position) const;
    std::string name_at(size_t position) const;

    const Dump& dump_;
    const CompilationLedger& ledger_;
    const Invocation& inv_;
    Facts& facts_;
    CallSite site_; // of which graphs are compared
    bool compared_ = false, gradients_known_ = true, unclear_ = false;
};

} // namespace hopscope::explain_parts
