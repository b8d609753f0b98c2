// How the elements of an input are made: by what the body does with it.
#pragma once

#include "core/graph/body.h"
#include "core/graph/symbols.h"

#include <cstdint>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace hopscope::run {

// Floating elements. Later kinds win over earlier ones where an input is used in several ways.
struct InputRule {
    enum class Kind : uint8_t {
        Normal, // mean 0, deviation 1
        Bias, // mean 0, deviation 0.1: a row that is added
        Scale, // 1, give or take a tenth: a row that is multiplied, as norms' weights
        Operand, // mean 0, deviation 1/√size: an operand of products that sum `size` of them
        Fraction, // within (-1, 1): a tanh's result, the argument of an asin
        Probability, // within (0, 1), 1/size on the average
        Positive, // 0.5 to 1.5: divisors, variances, arguments of logarithms and roots, scales of
                  // quantization
        LogSumExp, // the logarithm of a sum over `size` scores, as attention keeps it for its backward
        Largest, // taken off before an exp: as large as what it is taken off
        Mask, // 0 and -inf, every fourth: added to scores
    };
    Kind kind = Kind::Normal;
    int64_t size = 1;

    std::string text() const; // "mean 0, deviation 1/√768, as an operand of products over 768"
};

// Follows an input through views, copies and other dtypes, into regions' bodies, to what it is an argument
// of.
class InputRules {
public:
    InputRules(const GraphModule& module, const Bindings& symbols)
        : module_(module)
        , symbols_(symbols) { }

    InputRule of(BodyId body, NodeId node);

private:
    using Place = std::pair<BodyId, NodeId>;

    void use(Place value, NodeId user);
    void as_operand(Place value, NodeId user);
    void elementwise(Place value, NodeId user);
    void be(InputRule::Kind kind, int64_t size = 1);
    int64_t size(const Body& body, const Arg* tensor, int64_t dimension) const; // 0 = not known
    bool is_row(const Body& body, const Arg* tensor) const;
    bool made_of_input(const Body& body, const Arg* tensor) const;
    bool leads_to(const Body& body, NodeId node, std::string_view target) const;

    const GraphModule& module_;
    const Bindings& symbols_;
    InputRule rule_;
    std::set<Place> seen_;
    std::vector<Place> todo_;
};

} // namespace hopscope::run
