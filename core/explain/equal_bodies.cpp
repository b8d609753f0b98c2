// Bodies that compute the same under several identifiers.
#include "core/explain/parts.h"

#include "core/match/nearest.h"

namespace hopscope::explain_parts {

namespace {

// "two functions (a and b): PyTorch looks bodies up by the code of the function".
std::string why_apart(const Region& mine, const Region& other) {
    if (mine.code && mine.code == other.code)
        return {};
    const std::string rule = "PyTorch looks bodies up by the code object of the function";
    if (!mine.function.empty() && !other.function.empty() && mine.function != other.function)
        return "two functions, " + other.function + " and " + mine.function + ": " + rule;
    if (mine.source_line != other.source_line || mine.source_file != other.source_file)
        return "written in two places: " + rule;
    return {};
}

// "node gelu, keyword approximate: 'tanh' where `subgraph_0` has none". Of the difference, a is the other's.
std::string in_words(const GraphModule& m, const Difference& d, const std::string& other) {
    const auto name = [&](BodyId body, NodeId node) {
        return std::string(m.text(m.body(body).node(node).name));
    };
    const auto statement = [&](BodyId body, NodeId node) {
        const Node& n = m.body(body).node(node);
        return name(body, node)
            + (n.op == Opcode::Placeholder ? " (an input)" : " (" + std::string(m.text(n.target)) + ')');
    };
    if (!d.a && !d.b)
        return std::string(field_name(d.what.field)) + " differs";
    if (!d.a)
        return "only it has node " + statement(d.body_b, d.b);
    if (!d.b)
        return "only `" + other + "` has node " + statement(d.body_a, d.a);
    std::string out =
        "node " + name(d.body_b, d.b) + (d.what.where.empty() ? "" : ", " + d.what.where) + ": ";
    if (d.what.expected.empty() && d.what.found.empty())
        return out
            + (d.what.field == Field::Mutation ? "reads a value on the other side of a write in place"
                                               : "reads other values");
    const auto shown = [](const std::string& text) { return text.empty() ? std::string("none") : text; };
    if (d.what.field != Field::Count && d.what.field != Field::Constant)
        out += std::string(d.what.field == Field::Target ? "operator" : field_name(d.what.field)) + ' ';
    return out + shown(d.what.found) + " where `" + other + "` has " + shown(d.what.expected);
}

} // namespace

void find_equal_bodies(const Dump& dump, const CompilationLedger& ledger, Explanation& e) {
    NearestBody bodies(dump);
    std::vector<Place> places; // by region
    for (const Region& region : ledger.regions)
        places.push_back(region.invocations.empty()
                ? Place()
                : ledger.invocation(region.invocations.front()).body(CallSite::Dynamo));
    for (size_t r = 1; r < ledger.regions.size(); ++r) {
        const Place mine = places[r];
        if (!mine.graph)
            continue;
        std::vector<size_t>
            others; // of other functions: of one function the calls' answers tell what differs
        std::vector<Place> there;
        for (size_t k = 0; k < r && e.regions[r].equal.empty(); ++k) {
            const Place& other = places[k];
            if (other.graph != mine.graph || other.body == mine.body)
                continue;
            std::string why = why_apart(ledger.regions[r], ledger.regions[k]);
            if (why.empty())
                continue;
            others.push_back(k);
            there.push_back(other);
            const Canon& canon = bodies.exact().of(mine.graph);
            if (canon.hash(mine.body) == canon.hash(other.body)
                && match_bodies(canon, other.body, canon, mine.body).equal())
                e.regions[r].equal.push_back({ledger.regions[k].identifier, std::move(why)});
        }
        if (!e.regions[r].equal.empty())
            continue;
        const auto near = bodies.of(mine, there);
        if (!near)
            continue;
        const Place& other = there[near->index];
        const std::string& identifier = ledger.regions[others[near->index]].identifier;
        e.regions[r].near = NearRegion{identifier, near->same_structure,
            in_words(*dump.graph(mine.graph).module, near->difference, identifier), mine, other};
    }
}

} // namespace hopscope::explain_parts
