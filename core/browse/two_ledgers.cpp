#include "core/browse/two_ledgers.h"

#include "core/base/text.h"

#include <algorithm>
#include <map>

namespace hopscope {

namespace {

std::string shown(const std::string& text) {
    return text.empty() ? "none" : text;
}

std::string words(const std::vector<LedgerChange>& changes) {
    std::string out;
    for (const LedgerChange& c : changes)
        out += (out.empty() ? "" : "; ") + c.field + ' ' + shown(c.a) + " → " + shown(c.b);
    return out;
}

// "only in the first" is "only here".
std::string here_and_there(std::string what) {
    const auto replace = [&](std::string_view from, std::string_view to) {
        for (size_t at = 0; (at = what.find(from, at)) != std::string::npos; at += to.size())
            what.replace(at, from.size(), to);
    };
    replace(" only in the first", " only here");
    replace(" only in the second", " only there");
    return what;
}

class Joiner {
public:
    explicit Joiner(TwoLedgers& out)
        : out_(out)
        , here_(*out.here)
        , there_(*out.there) { }

    void run() {
        for (size_t p = 0; p < out_.pairs.size(); ++p)
            pair(p);
    }

private:
    void pair(size_t at) {
        const LedgerPair& p = out_.pairs[at];
        // Those that differ and those that are equal, back in the order of the calls.
        std::vector<const LedgerRow*> rows;
        for (const LedgerRow& r : p.equal_rows)
            rows.push_back(&r);
        for (const LedgerRow& r : p.rows)
            rows.push_back(&r);
        std::stable_sort(rows.begin(), rows.end(), [](const LedgerRow* x, const LedgerRow* y) {
            constexpr int kLast = INT32_MAX;
            return std::pair(x->a.value_or(kLast), x->b.value_or(0))
                < std::pair(y->a.value_or(kLast), y->b.value_or(0));
        });
        for (const LedgerRow* row : rows)
            line(at, p, *row);
        if (p.a && p.b)
            return;
        // A compilation that only one dump has: its calls are only there.
        const bool here = p.a.valid();
        const CompilationId id = here ? p.a : p.b;
        const Document& of = here ? here_ : there_;
        const CompilationLedger& ledger = of.ledger().of(id);
        for (size_t i = 0; i < ledger.invocations.size(); ++i) {
            LedgerRow row;
            (here ? row.a : row.b) = static_cast<int>(i);
            if (const RegionId region = ledger.invocations[i].region)
                row.function = ledger.regions[region.index].function;
            line(at, p, row);
        }
    }

    void line(size_t at, const LedgerPair& p, const LedgerRow& row) {
        LedgerLine out;
        out.pair = at;
        out.function = row.function;
        out.what = words(row.changes);
        if (row.a)
            out.here = here_.row_of(p.a, InvocationId(static_cast<size_t>(*row.a)));
        if (row.b)
            out.there = there_.row_of(p.b, InvocationId(static_cast<size_t>(*row.b)));
        out.kind = !row.b      ? LedgerLine::Kind::OnlyHere
            : !row.a           ? LedgerLine::Kind::OnlyThere
            : out.what.empty() ? LedgerLine::Kind::Equal
                               : LedgerLine::Kind::Changed;
        if (row.a && row.b)
            bodies(p, row, out);
        out_.lines.push_back(std::move(out));
    }

    void bodies(const LedgerPair& p, const LedgerRow& row, LedgerLine& out) {
        const Invocation& a = here_.ledger().of(p.a).invocations[static_cast<size_t>(*row.a)];
        const Invocation& b = there_.ledger().of(p.b).invocations[static_cast<size_t>(*row.b)];
        std::vector<std::pair<std::string, std::string>> found; // stages, and what differs in them
        for (size_t site = 0; site < kCallSiteCount; ++site) {
            const Place &x = a.bodies[site], &y = b.bodies[site];
            if (!x.graph || !y.graph)
                continue;
            const auto other = std::find_if(p.other_bodies.begin(), p.other_bodies.end(),
                [&](const OtherBody& o) { return o.a == x && o.b == y; });
            const bool differ = other != p.other_bodies.end();
            if ((differ && found.empty()) || !out.body_here.graph) {
                out.body_here = x;
                out.body_there = y;
            }
            if (!differ)
                continue;
            const std::string stage(stage_name(here_.dump().graph(x.graph).stage));
            const auto same = std::find_if(
                found.begin(), found.end(), [&](const auto& f) { return f.second == other->what; });
            if (same == found.end())
                found.emplace_back(stage, other->what);
            else if (same->first != stage)
                same->first += ", " + stage;
        }
        if (found.empty())
            return;
        if (out.kind == LedgerLine::Kind::Equal)
            out.kind = LedgerLine::Kind::Bodies;
        for (const auto& [stages, what] : found)
            out.what += (out.what.empty() ? "" : "; ") + stages + " body: "
                + (what.empty() ? "in the order of statements or what they write to" : here_and_there(what));
    }

    TwoLedgers& out_;
    const Document &here_, &there_;
};

} // namespace

bool TwoLedgers::equal() const {
    return std::all_of(pairs.begin(), pairs.end(), [](const LedgerPair& p) { return p.equal(); });
}

std::string pair_text(const TwoLedgers& of, const LedgerPair& pair) {
    const std::string a = pair.a ? of.here->compile_label(pair.a) : std::string();
    const std::string b = pair.b ? of.there->compile_label(pair.b) : std::string();
    if (!pair.b)
        return a + ": only here";
    if (!pair.a)
        return b + ": only there";
    std::string out = a + (a == b ? "" : " → " + b) + ": ";
    if (!pair.in_a || !pair.in_b)
        out += std::string("calls no region ") + (pair.in_a ? "there" : "here") + "; ";
    std::string totals = words(pair.totals);
    std::replace(totals.begin(), totals.end(), '_', ' ');
    const size_t all = pair.same_rows + pair.rows.size();
    out += totals.empty() ? "the totals are the same" : totals;
    return out + "; " + std::to_string(pair.same_rows) + " of " + counted(all, "call") + " the same";
}

TwoLedgers compare_documents(std::shared_ptr<const Document> here, std::shared_ptr<const Document> there) {
    TwoLedgers out;
    out.here = std::move(here);
    out.there = std::move(there);
    out.pairs = compare_ledgers(out.here->dump(), out.here->ledger(), out.there->dump(), out.there->ledger());
    Joiner(out).run();
    for (const LedgerPair& p : out.pairs)
        out.summary += (out.summary.empty() ? "" : "\n") + pair_text(out, p);
    if (out.pairs.empty())
        out.summary = "neither dump calls a region";
    return out;
}

Borrowed borrow_body(const Document& here, const Document& there, const Place& body) {
    const Graph& theirs = there.dump().graph(body.graph);
    const Dump& mine = here.dump();
    for (size_t g = 0; g < mine.graphs.size(); ++g)
        if (mine.graphs[g].module == theirs.module)
            return {nullptr, {GraphId(g), body.body, {}}};
    auto wider = std::make_shared<Dump>(mine);
    Graph graph;
    graph.stage = theirs.stage;
    graph.label = "of " + there.dump().name;
    graph.module = theirs.module;
    // Under the compilation of the same id, else under the first.
    const CompileKey& key = there.dump().compilation(theirs.compilation).key;
    CompilationId under(0);
    for (size_t c = 0; c < mine.compilations.size(); ++c)
        if (mine.compilations[c].last_attempt && mine.compilations[c].key.id == key.id
            && mine.compilations[c].key.rank == key.rank)
            under = CompilationId(c);
    graph.compilation = under;
    for (const GraphId other : wider->compilation(under).graphs)
        graph.ordinal += wider->graph(other).stage == graph.stage;
    const GraphId id(wider->graphs.size());
    wider->graphs.push_back(std::move(graph));
    wider->compilations[under.index].graphs.push_back(id);
    return {here.with(std::move(wider)), {id, body.body, {}}};
}

} // namespace hopscope
