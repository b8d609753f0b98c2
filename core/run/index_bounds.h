// Which integers an input may hold so that all that it indexes is there.
#pragma once

#include "core/graph/body.h"
#include "core/graph/symbols.h"

#include <cstdint>
#include <optional>
#include <set>
#include <tuple>
#include <vector>

namespace hopscope::run {

// From `low` to below `high`. Where nothing limits it, `high` is absent.
struct IntegerRange {
    int64_t low = 0;
    std::optional<int64_t> high;
    // Ends of groups, as a grouped product takes them: ascending, and the last one is this.
    std::optional<int64_t> ends_at;
};

// Follows a value through views, copies and sums with constants, into and out of regions' bodies, to where it
// serves as an index (embedding, gather, scatter, index, one_hot, select, nll_loss, …) and takes the least
// range of all that it reaches. Remainders, clamps and comparisons end the way: what comes behind them is any
// number's.
class IndexBounds {
public:
    IndexBounds(const GraphModule& module, const Bindings& symbols)
        : module_(module)
        , symbols_(symbols) { }

    IntegerRange of(BodyId body, NodeId node);

private:
    // The value there is `factor` times the one that was asked about, plus `offset`.
    struct Reached {
        BodyId body;
        NodeId node;
        int64_t factor = 1, offset = 0;
        friend auto operator<=>(const Reached&, const Reached&) = default;
    };

    void use(const Reached& value, NodeId user);
    bool as_index(const Reached& value, NodeId user);
    bool as_operand(const Reached& value, NodeId user);
    void returned(const Reached& value);
    void limit(const Reached& value, std::optional<int64_t> size);
    void go_on(const Reached& value, NodeId to, int64_t factor = 1, int64_t offset = 0);

    std::optional<int64_t> dimension(const Body& body, const Arg* tensor, std::optional<int64_t> d) const;
    std::optional<int64_t> number(const Arg* arg) const;
    std::optional<int64_t> largest_counted(const Body& body, const Arg* arg) const;

    const GraphModule& module_;
    const Bindings& symbols_;
    IntegerRange range_;
    std::set<Reached> seen_;
    std::vector<Reached> todo_;
};

} // namespace hopscope::run
