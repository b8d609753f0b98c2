#include "core/browse/document.h"

#include "core/graph/calls.h"

#include <algorithm>
#include <filesystem>

namespace hopscope {

namespace {
uint64_t key_of(GraphId graph, BodyId body) {
    return uint64_t(graph.index) << 32 | body.index;
}

std::string base_name(std::string_view path) {
    const size_t slash = path.find_last_of('/');
    return std::string(slash == std::string_view::npos ? path : path.substr(slash + 1));
}
} // namespace

Document::Document(std::shared_ptr<const Dump> dump, std::shared_ptr<const Ledger> ledger)
    : dump_(std::move(dump))
    , ledger_(std::move(ledger)) {
    first_row_.assign(ledger_->compilations.size(), -1);
    int with_rows = 0;
    for (const CompilationLedger& compilation : ledger_->compilations) {
        if (!dump_->compilation(compilation.compilation).last_attempt)
            continue;
        if (!compilation.invocations.empty()) {
            first_row_[compilation.compilation.index] = int(rows_.size());
            ++with_rows;
        }
        for (size_t i = 0; i < compilation.invocations.size(); ++i) {
            const int row = int(rows_.size());
            rows_.push_back({compilation.compilation, int(i)});
            for (const Place& call : compilation.invocations[i].calls) {
                if (call.graph && call.node)
                    calls_[key_of(call.graph, call.body)].emplace_back(call.node.index, row);
            }
        }
    }
    several_compilations_ = with_rows > 1;
    for (const CompilationLedger& compilation : ledger_->compilations) {
        for (size_t r = 0; r < compilation.regions.size(); ++r) {
            for (const RegionBody& body : compilation.regions[r].bodies) {
                if (body.place.graph)
                    region_of_body_.try_emplace(key_of(body.place.graph, body.place.body),
                        RegionRef{compilation.compilation, int(r)});
            }
        }
    }
}

int Document::row_of(CompilationId compilation, int invocation) const {
    if (!compilation || compilation.index >= first_row_.size() || first_row_[compilation.index] < 0
        || invocation < 0)
        return -1;
    if (size_t(invocation) >= ledger_->of(compilation).invocations.size())
        return -1;
    return first_row_[compilation.index] + invocation;
}

int Document::row_of_call(const Place& call) const {
    if (!call.graph || !call.node)
        return -1;
    const auto found = calls_.find(key_of(call.graph, call.body));
    if (found == calls_.end())
        return -1;
    for (const auto& [node, row] : found->second) {
        if (node == call.node.index)
            return row;
    }
    return -1;
}

const Invocation& Document::invocation(int row) const {
    const Row& at = rows_[size_t(row)];
    return ledger_->of(at.compilation).invocations[size_t(at.invocation)];
}

RegionRef Document::region_of(int row) const {
    const RegionId region = invocation(row).region;
    return {rows_[size_t(row)].compilation, region ? int(region.index) : -1};
}

RegionRef Document::region_of_body(GraphId graph, BodyId body) const {
    const auto found = graph ? region_of_body_.find(key_of(graph, body)) : region_of_body_.end();
    return found == region_of_body_.end() ? RegionRef{} : found->second;
}

std::vector<int> Document::rows_of(RegionRef ref) const {
    std::vector<int> rows;
    for (int invocation : region(ref).invocations) {
        const int row = row_of(ref.compilation, invocation);
        if (row >= 0)
            rows.push_back(row);
    }
    return rows;
}

const Node* Document::node(const Place& place) const {
    if (!place.graph || !place.body || !place.node)
        return nullptr;
    const Body& b = body(place);
    return place.node.index < b.nodes.size() ? &b.nodes[place.node.index] : nullptr;
}

std::string Document::node_name(const Place& place) const {
    const Node* n = node(place);
    if (!n)
        return {};
    const std::string_view name = module(place.graph).text(n->name);
    return std::string(name.empty() ? std::string_view("output") : name);
}

std::string Document::body_name(const Place& place) const {
    return body_path(module(place.graph), place.body);
}

std::string Document::stage_label(GraphId id) const {
    const Graph& graph = dump_->graph(id);
    std::string label(stage_name(graph.stage));
    if (graph.ordinal > 0)
        label += " #" + std::to_string(graph.ordinal);
    if (!graph.label.empty())
        label += " (" + graph.label + ")";
    return label;
}

std::string Document::compile_label(CompilationId id) const {
    const CompileKey& key = dump_->compilation(id).key;
    std::string label;
    if (key.rank >= 0)
        label = "rank " + std::to_string(key.rank) + " ";
    label += key.id;
    if (key.attempt > 0)
        label += " attempt " + std::to_string(key.attempt);
    return label;
}

std::string Document::address(const Place& place) const {
    return place.graph ? address_of(*dump_, place.graph, place.body, place.node) : std::string();
}

std::string Document::source_of(int row) const {
    const Invocation& i = invocation(row);
    const Place origin = i.origin();
    if (const Source* s = call_source(*dump_, i); s && s->has_place() && origin.graph)
        return base_name(module(origin.graph).text(s->file)) + ":" + std::to_string(s->line);
    return {};
}

std::string Document::code_of(int row) const {
    const Invocation& i = invocation(row);
    const Source* s = call_source(*dump_, i);
    return s && i.origin().graph ? std::string(module(i.origin().graph).text(s->code)) : std::string();
}

const Source* Document::source(const Place& place) const {
    const Node* n = node(place);
    return n ? module(place.graph).source(n->source) : nullptr;
}

Place Document::root_of(CompilationId compilation, Stage stage) const {
    Place best;
    for (GraphId id : dump_->compilation(compilation).graphs) {
        const Graph& graph = dump_->graph(id);
        if (graph.stage != stage || !graph.module || graph.module->bodies.empty())
            continue;
        // The main graph of a stage carries no label; a labelled one serves where there is no other.
        if (!best.graph || (graph.label.empty() && !dump_->graph(best.graph).label.empty()))
            best = {id, BodyId(0), {}};
    }
    return best;
}

namespace {
// The calls of the same invocations on both sides.
void add_calls(const Document& document, const Place& left, const Place& right, std::vector<Crossing>& out) {
    const Body& body = document.body(left);
    for (size_t i = 0; i < body.nodes.size(); ++i) {
        const int row = document.row_of_call({left.graph, left.body, NodeId(i)});
        if (row < 0)
            continue;
        for (const Place& call : document.invocation(row).calls) {
            if (call.graph == right.graph && call.body == right.body && call.node)
                out.push_back({NodeId(i), call.node});
        }
    }
}
} // namespace

std::vector<Crossing> crossings(const Document& document, const Place& left, const Place& right) {
    std::vector<Crossing> out;
    if (!left.graph || !right.graph || (left.graph == right.graph && left.body == right.body))
        return out;
    const Graph& left_graph = document.dump().graph(left.graph);
    const Graph& right_graph = document.dump().graph(right.graph);
    const RegionRef left_region = document.region_of_body(left.graph, left.body);
    const RegionRef right_region = document.region_of_body(right.graph, right.body);
    const auto halves = [](Stage a, Stage b) { return a == Stage::Forward && b == Stage::Backward; };
    const bool forward_left = halves(left_graph.stage, right_graph.stage);
    if (left_graph.compilation == right_graph.compilation
        && (forward_left || halves(right_graph.stage, left_graph.stage))) {
        const Place& forward = forward_left ? left : right;
        const Place& backward = forward_left ? right : left;
        // The halves of one region, or the two roots: a body of another region saves nothing for this one.
        if (left_region == right_region) {
            for (const SavedValue& value : saved_values(document.module(forward.graph), forward.body,
                     document.module(backward.graph), backward.body))
                out.push_back(forward_left ? Crossing{value.node, value.placeholder}
                                           : Crossing{value.placeholder, value.node});
        }
    }
    add_calls(document, left, right, out);
    std::sort(out.begin(), out.end(), [](const Crossing& a, const Crossing& b) {
        return std::pair(a.left, a.right) < std::pair(b.left, b.right);
    });
    return out;
}

} // namespace hopscope
