#include "core/regions/build.h"

#include <algorithm>

namespace hopscope::regions {

namespace {

using Kind = ReuseMessage::Kind;
using Messages = std::vector<const ReuseMessage*>;

// Takes messages off a log in the order in which a call writes them
// (torch/_dynamo/variables/invoke_subgraph.py: what the lookup refused, then a hit, or after the trace the
// comparison, the installing and the entry).
class Taker {
public:
    explicit Taker(const Messages& messages)
        : messages_(messages) { }

    bool done() const { return at_ >= messages_.size(); }
    void refused(Messages& to) {
        while (is(Kind::ReuseFailed))
            take(to);
    }
    void hit(Messages& to) {
        if (is(Kind::CacheHit) || is(Kind::HashHit))
            take(to);
    }
    void traced(Messages& to) {
        while (is(Kind::ComparisonFailed) || is(Kind::FakeCacheFailed))
            take(to);
        if (is(Kind::Installing))
            take(to);
        if (is(Kind::NotEligible) || is(Kind::Guards))
            take(to);
        if (is(Kind::Exceeded))
            take(to);
    }
    void any(Messages& to) { take(to); }
    bool is(Kind kind) const { return !done() && messages_[at_]->kind == kind; }

private:
    void take(Messages& to) { to.push_back(messages_[at_++]); }

    const Messages& messages_;
    size_t at_ = 0;
};

// Without timers: every message that ends a call ends a group.
std::vector<Messages> group_alone(Taker taker) {
    std::vector<Messages> groups;
    while (!taker.done()) {
        Messages group;
        taker.refused(group);
        const size_t before = group.size();
        taker.hit(group);
        if (group.size() == before)
            taker.traced(group);
        if (group.size() == before && !taker.done())
            taker.any(group);
        // What AOTAutograd says of a region later (the fake-tensor cache) is no call.
        const bool of_a_call = std::any_of(group.begin(), group.end(),
            [](const ReuseMessage* m) { return m->kind != Kind::FakeCacheFailed && m->kind != Kind::Other; });
        if (of_a_call)
            groups.push_back(std::move(group));
        else if (!groups.empty())
            groups.back().insert(groups.back().end(), group.begin(), group.end());
    }
    return groups;
}

} // namespace

std::vector<std::vector<const ReuseMessage*>> group_messages(
    const std::vector<const ReuseMessage*>& messages, const std::vector<Opening>& openings) {
    Taker taker(messages);
    if (openings.empty())
        return group_alone(taker);
    std::vector<Messages> groups(openings.size());
    // A nested call writes between what its outer call's lookup refused and what its outer call's trace
    // installed.
    struct Step {
        size_t opening;
        bool after;
    };
    std::vector<Step> stack;
    for (size_t i = openings.size(); i-- > 0;)
        if (!openings[i].parent)
            stack.push_back({i, false});
    while (!stack.empty()) {
        const Step step = stack.back();
        stack.pop_back();
        const Opening& o = openings[step.opening];
        Messages& group = groups[step.opening];
        if (step.after) {
            taker.traced(group);
            continue;
        }
        if (o.lookup || o.hash)
            taker.refused(group);
        if (o.stamp_out)
            taker.hit(group);
        if (!o.trace)
            continue;
        stack.push_back({step.opening, true});
        for (size_t i = o.children.size(); i-- > 0;)
            stack.push_back({o.children[i], false});
    }
    return groups;
}

const ReuseMessage* find_message(const Invocation& invocation, ReuseMessage::Kind kind) {
    for (const ReuseMessage& m : invocation.messages)
        if (m.kind == kind)
            return &m;
    return nullptr;
}

} // namespace hopscope::regions
