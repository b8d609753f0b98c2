#include "core/regions/build.h"

#include <algorithm>
#include <climits>
#include <map>

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
    // What is left, but for words that belong to no call.
    Messages rest() const {
        Messages out;
        for (size_t i = at_; i < messages_.size(); ++i)
            if (messages_[i]->kind != Kind::FakeCacheFailed && messages_[i]->kind != Kind::Other)
                out.push_back(messages_[i]);
        return out;
    }
    bool is(Kind kind) const { return !done() && messages_[at_]->kind == kind; }

private:
    void take(Messages& to) { to.push_back(messages_[at_++]); }

    const Messages& messages_;
    size_t at_ = 0;
};

const ReuseMessage* of_kind(const Messages& group, Kind kind) {
    const auto at =
        std::find_if(group.begin(), group.end(), [&](const ReuseMessage* m) { return m->kind == kind; });
    return at == group.end() ? nullptr : *at;
}

// How many entries each function has, as the log goes: a lookup writes at most one refusal for each entry
// (torch/_guards.py, InvokeSubgraphCache.find_reuse_entry).
class Entries {
public:
    // After a call has ended: what it installed and stored.
    void ended(const Messages& group, std::string_view region) {
        const ReuseMessage* installing = of_kind(group, Kind::Installing);
        std::optional<size_t> code = installing ? code_of_new(*installing) : code_of_known(region);
        if (installing) {
            if (!code) {
                code = codes_.size();
                codes_.push_back({installing->function, 0, 0});
            }
            codes_[*code].bodies = installing->count.value_or(codes_[*code].bodies + 1);
            by_region_[installing->identifier] = *code;
        }
        if (code && of_kind(group, Kind::Guards))
            ++codes_[*code].entries;
    }
    // The most refusals that a call's lookup can have written now; INT_MAX where its function is not known.
    int most(const Messages& group, std::string_view region) const {
        const ReuseMessage* hit = of_kind(group, Kind::CacheHit);
        const ReuseMessage* installing = of_kind(group, Kind::Installing);
        if (installing && installing->count == 1)
            return 0; // the first of its function: nothing to look up
        const std::optional<size_t> code = installing ? code_of_new(*installing)
            : hit                                     ? code_of_known(hit->identifier)
                                                      : code_of_known(region);
        return code ? std::max(0, codes_[*code].entries - (hit ? 1 : 0)) : INT_MAX;
    }

private:
    struct Code {
        std::string_view function;
        int bodies = 0, entries = 0;
    };
    // PyTorch counts the bodies of each code object, and prints its name alone, which two may share.
    std::optional<size_t> code_of_new(const ReuseMessage& installing) const {
        if (installing.count.value_or(0) <= 1)
            return std::nullopt;
        std::optional<size_t> found;
        for (size_t i = 0; i < codes_.size(); ++i)
            if (codes_[i].function == installing.function && codes_[i].bodies == *installing.count - 1) {
                if (found)
                    return std::nullopt;
                found = i;
            }
        return found;
    }
    std::optional<size_t> code_of_known(std::string_view region) const {
        const auto at = by_region_.find(region);
        return at == by_region_.end() ? std::nullopt : std::optional(at->second);
    }

    std::vector<Code> codes_;
    std::map<std::string_view, size_t> by_region_;
};

// Without timers: every message that ends a call ends a group. A call inside of another's trace ends first,
// and what the outer one's lookup refused stands before it: refusals beyond the entries of a call's function
// wait for a call that has none of its own.
std::vector<Messages> group_alone(Taker taker) {
    std::vector<Messages> groups;
    Entries entries;
    std::vector<Messages> waiting;
    while (!taker.done()) {
        Messages refused, group;
        taker.refused(refused);
        taker.hit(group);
        if (group.empty())
            taker.traced(group);
        if (group.empty() && !taker.done())
            taker.any(group);
        // What AOTAutograd says of a region later (the fake-tensor cache) is no call.
        const bool of_a_call = std::any_of(group.begin(), group.end(),
            [](const ReuseMessage* m) { return m->kind != Kind::FakeCacheFailed && m->kind != Kind::Other; });
        if (!of_a_call && refused.empty() && !groups.empty()) {
            groups.back().insert(groups.back().end(), group.begin(), group.end());
            continue;
        }
        if (!of_a_call && refused.empty())
            continue;
        const size_t most = static_cast<size_t>(entries.most(group, {}));
        if (refused.size() > most && of_a_call) {
            const auto own = refused.end() - static_cast<std::ptrdiff_t>(most);
            waiting.emplace_back(refused.begin(), own);
            refused.erase(refused.begin(), own);
        } else if (refused.empty() && most > 0 && most != INT_MAX && !waiting.empty()
            && waiting.back().size() <= most) {
            refused = std::move(waiting.back());
            waiting.pop_back();
        }
        group.insert(group.begin(), refused.begin(), refused.end());
        entries.ended(group, {});
        groups.push_back(std::move(group));
    }
    for (Messages& refused : waiting) // of calls whose end the log does not have
        groups.push_back(std::move(refused));
    return groups;
}

// With timers: who is in whom is known.
class Grouper {
public:
    Grouper(const Messages& messages, const std::vector<Opening>& openings,
        const std::vector<std::string_view>& regions)
        : messages_(messages)
        , openings_(openings)
        , regions_(regions) { }

    MessageGroups run() {
        // How each call ended tells its function, and so how many entries it can have been refused by; the
        // endings are the same whoever has the refusals.
        walk([](size_t, Taker&, MessageGroups&) {});
        const std::vector<Messages> endings = std::move(out_.of);
        Entries entries;
        walk(
            [&](size_t opening, Taker& taker, MessageGroups& out) {
                Messages run;
                taker.refused(run);
                if (!run.empty())
                    share(run, chain_from(opening), endings, entries, out);
            },
            &entries);
        return std::move(out_);
    }

private:
    // Calls one in the other of which the first one's refusals and the next one's stand side by side: no
    // message comes between.
    std::vector<size_t> chain_from(size_t opening) const {
        std::vector<size_t> chain{opening};
        for (size_t at = opening; openings_[at].trace && !openings_[at].children.empty();) {
            at = openings_[at].children.front();
            if (openings_[at].lookup)
                chain.push_back(at);
        }
        return chain;
    }

    // A run of refusals among the calls of a chain, which write them in this order: a message belongs to a
    // call for certain where no call can have written more than its function had entries.
    void share(const Messages& run, const std::vector<size_t>& chain, const std::vector<Messages>& endings,
        const Entries& entries, MessageGroups& out) const {
        const auto total = static_cast<int64_t>(run.size());
        std::vector<int64_t> most;
        for (const size_t c : chain)
            most.push_back(
                openings_[c].lookup ? std::min<int64_t>(entries.most(endings[c], region(c)), total) : 0);
        int64_t sum = 0; // that all calls up to one can have written
        for (size_t k = 0; k < chain.size(); ++k) {
            int64_t later = 0; // that those behind it can have written
            for (size_t i = k + 1; i < chain.size(); ++i)
                later += most[i];
            const int64_t begin = std::min(sum, total);
            const int64_t end = k + 1 == chain.size() ? total : std::max<int64_t>(0, total - later);
            for (int64_t i = begin; i < end; ++i)
                out.of[chain[k]].push_back(run[static_cast<size_t>(i)]);
            // Between the least that calls up to this one wrote and the most.
            const int64_t least = end;
            sum += most[k];
            for (int64_t i = std::max(begin, least); i < std::min(sum, total); ++i)
                out.unclear.push_back(run[static_cast<size_t>(i)]);
        }
    }

    std::string_view region(size_t opening) const {
        return opening < regions_.size() ? regions_[opening] : std::string_view();
    }

    // A nested call writes between what its outer call's lookup refused and what its outer call's trace
    // installed.
    template <class Refused> void walk(Refused&& refused, Entries* entries = nullptr) {
        Taker taker(messages_);
        out_ = {};
        out_.of.resize(openings_.size());
        struct Step {
            size_t opening;
            bool after;
        };
        std::vector<Step> stack;
        for (size_t i = openings_.size(); i-- > 0;)
            if (!openings_[i].parent)
                stack.push_back({i, false});
        const auto ended = [&](size_t opening) {
            if (entries)
                entries->ended(out_.of[opening], region(opening));
        };
        Messages skipped;
        while (!stack.empty()) {
            const Step step = stack.back();
            stack.pop_back();
            const Opening& o = openings_[step.opening];
            Messages& group = out_.of[step.opening];
            if (step.after) {
                taker.traced(group);
                ended(step.opening);
                continue;
            }
            if (o.lookup || o.hash) {
                refused(step.opening, taker, out_);
                if (!entries)
                    taker.refused(skipped);
            }
            if (o.stamp_out)
                taker.hit(group);
            if (!o.trace)
                continue;
            stack.push_back({step.opening, true});
            for (size_t i = o.children.size(); i-- > 0;)
                stack.push_back({o.children[i], false});
        }
        out_.left = taker.rest();
    }

    const Messages& messages_;
    const std::vector<Opening>& openings_;
    const std::vector<std::string_view>& regions_;
    MessageGroups out_;
};

} // namespace

MessageGroups group_messages(const Messages& messages, const std::vector<Opening>& openings,
    const std::vector<std::string_view>& regions) {
    if (openings.empty())
        return {group_alone(Taker(messages)), {}, {}};
    return Grouper(messages, openings, regions).run();
}

const ReuseMessage* find_message(const Invocation& invocation, ReuseMessage::Kind kind) {
    for (const ReuseMessage& m : invocation.messages)
        if (m.kind == kind)
            return &m;
    return nullptr;
}

} // namespace hopscope::regions
