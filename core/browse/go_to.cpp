#include "core/browse/go_to.h"

#include "core/base/text.h"
#include "core/browse/fuzzy.h"
#include "core/browse/ledger_rows.h"

#include <algorithm>
#include <charconv>

namespace hopscope {

namespace {

constexpr int kExact = 100'000; // an address
// What a hit of a kind is worth beside how well its name fits.
constexpr int kRegion = 40, kBody = 20, kNodeHere = 60, kNodeOfGraph = 10;

std::string_view file_name(std::string_view path) {
    return path.substr(path.rfind('/') + 1);
}

// "file.py:26", "file.py:": what names a source line.
bool looks_like_source(std::string_view query) {
    return query.find(".py") != std::string_view::npos && query.find('@') == std::string_view::npos;
}

// What fits, before it is put in words: there are as many as the dump has nodes.
struct Candidate {
    Place place;
    std::optional<int> row;
    RegionRef region;
    int score = 0;
};

void add_nodes(
    const Document& document, const Place& near, std::string_view query, std::vector<Candidate>& out) {
    if (query.empty())
        return;
    const bool by_source = looks_like_source(query);
    const std::string_view wanted = query.front() == '%' ? query.substr(1) : query;
    std::string source;
    for (size_t g = 0; g < document.dump().graphs.size(); ++g) {
        if (!document.dump().graphs[g].module)
            continue;
        const GraphModule& module = document.module(GraphId(g));
        for (size_t b = 0; b < module.bodies.size(); ++b) {
            const bool same_graph = GraphId(g) == near.graph;
            const int worth = same_graph && BodyId(b) == near.body ? kNodeHere
                : same_graph                                       ? kNodeOfGraph
                                                                   : 0;
            const Body& body = module.bodies[b];
            for (size_t n = 0; n < body.nodes.size(); ++n) {
                std::string_view text = module.text(body.nodes[n].name);
                if (by_source) {
                    const Source* at = module.source(body.nodes[n].source);
                    if (!at || !at->has_place())
                        continue;
                    source.assign(file_name(module.text(at->file)))
                        .append(":")
                        .append(std::to_string(at->line));
                    text = source;
                }
                if (const auto score = fuzzy_score(wanted, text))
                    out.push_back({{GraphId(g), BodyId(b), NodeId(n)}, {}, {}, *score + worth});
            }
        }
    }
}

void add_bodies(const Document& document, std::string_view query, std::vector<Candidate>& out) {
    for (size_t g = 0; g < document.dump().graphs.size(); ++g) {
        if (!document.dump().graphs[g].module)
            continue;
        for (size_t b = 0; b < document.module(GraphId(g)).bodies.size(); ++b) {
            const Place place{GraphId(g), BodyId(b), {}};
            const auto score = std::max( // none is the least
                fuzzy_score(query, document.address(place)), fuzzy_score(query, document.body_name(place)));
            if (score)
                out.push_back({place, {}, {}, *score + kBody});
        }
    }
}

void add_regions(const Document& document, std::string_view query, std::vector<Candidate>& out) {
    for (const CompilationLedger& compilation : document.ledger().compilations) {
        for (size_t r = 0; r < compilation.regions.size(); ++r) {
            const Region& region = compilation.regions[r];
            const auto score =
                std::max(fuzzy_score(query, region.identifier), fuzzy_score(query, region.function));
            if (score)
                out.push_back({{}, {}, {compilation.compilation, RegionId(r)}, *score + kRegion});
        }
    }
}

std::string call_name(const Document& document, int row) {
    return "call " + std::to_string(document.invocation(row).index);
}

void add_invocations(const Document& document, std::string_view query, std::vector<Candidate>& out) {
    if (query.empty())
        return;
    for (size_t row = 0; row < document.rows().size(); ++row) {
        if (const auto score = fuzzy_score(query, call_name(document, int(row))))
            out.push_back({{}, int(row), {}, *score});
    }
}

std::string node_detail(const Document& document, const Place& place) {
    const Node* node = document.node(place);
    const GraphModule& module = document.module(place.graph);
    std::string detail =
        std::string(short_target(module, *node)) + " · " + document.address({place.graph, place.body, {}});
    if (const Source* at = module.source(node->source); at && at->has_place())
        detail += " · " + std::string(file_name(module.text(at->file))) + ":" + std::to_string(at->line);
    return detail;
}

GoToHit describe(const Document& document, const Candidate& candidate, std::string_view query) {
    GoToHit hit;
    hit.place = candidate.place;
    hit.row = candidate.row;
    hit.region = candidate.region;
    hit.score = candidate.score;
    if (hit.region.valid()) {
        const Region& region = document.region(hit.region);
        hit.title = region.identifier;
        hit.detail = "region " + region.function + " in " + document.compile_label(hit.region.compilation);
    } else if (hit.row) {
        hit.title = call_name(document, *hit.row);
        hit.detail = decision_text(document.invocation(*hit.row)) + " · "
            + document.compile_label(document.rows()[size_t(*hit.row)].compilation);
    } else if (hit.place.node) {
        hit.title = document.node_name(hit.place);
        hit.detail = node_detail(document, hit.place);
    } else {
        hit.title = candidate.score == kExact ? std::string(query) : document.address(hit.place);
        hit.detail = counted(document.body(hit.place).nodes.size(), "node");
    }
    return hit;
}

} // namespace

std::vector<GoToHit> go_to_hits(
    const Document& document, const Place& near, std::string_view typed, size_t limit) {
    std::string_view query = trimmed(typed);
    std::vector<Candidate> found;
    // As FX prints a graph, "%mm_3"; and "%12" for the node of that number in the body that is shown.
    if (query.starts_with('%')) {
        query.remove_prefix(1);
        size_t number = 0;
        const auto [end, wrong] = std::from_chars(query.data(), query.data() + query.size(), number);
        if (wrong == std::errc() && end == query.data() + query.size() && near.graph
            && number < document.body({near.graph, near.body, {}}).nodes.size())
            found.push_back({{near.graph, near.body, NodeId(number)}, {}, {}, kExact});
    }
    if (const Result<Place> exact = resolve(document.dump(), query); exact)
        found.push_back({*exact, {}, {}, kExact});
    add_regions(document, query, found);
    add_invocations(document, query, found);
    add_bodies(document, query, found);
    add_nodes(document, near, query, found);
    // Equal scores in the dump's order: the list must not jump about.
    std::stable_sort(
        found.begin(), found.end(), [](const Candidate& a, const Candidate& b) { return a.score > b.score; });
    if (found.size() > limit)
        found.resize(limit);
    std::vector<GoToHit> hits;
    hits.reserve(found.size());
    for (const Candidate& candidate : found)
        hits.push_back(describe(document, candidate, query));
    return hits;
}

} // namespace hopscope
