#include "core/browse/document.h"

#include "core/browse/ledger_rows.h"
#include "core/browse/stepping.h"
#include "core/explain/lookup.h"
#include "core/graph/calls.h"
#include "core/regions/input_names.h"
#include "core/regions/roles.h"

#include <algorithm>
#include <mutex>

namespace hopscope {

namespace {
uint64_t key_of(GraphId graph, BodyId body) {
    return uint64_t(graph.index) << 32 | body.index;
}
} // namespace

struct Document::Answers {
    std::mutex lock;
    std::vector<std::unique_ptr<const Explanation>> made; // by CompilationId; null: not asked for yet
    std::optional<CompilationId> first; // to explain
    std::shared_ptr<const Dump> dump; // as it was read: graphs that were derived later take what these do
    std::optional<InputNames> names; // of it
};

Document::Document(std::shared_ptr<const Dump> dump, std::shared_ptr<const Ledger> ledger)
    : dump_(std::move(dump))
    , ledger_(std::move(ledger))
    , index_(make_index(*dump_, *ledger_))
    , answers_(std::make_shared<Answers>()) {
    answers_->made.resize(ledger_->compilations.size());
    answers_->dump = dump_;
    answers_->names.emplace(*dump_);
}

Document::Document(std::shared_ptr<const Dump> dump, const Document& reading)
    : dump_(std::move(dump))
    , ledger_(reading.ledger_)
    , index_(reading.index_)
    , answers_(reading.answers_) { }

std::shared_ptr<const Document> Document::with(std::shared_ptr<const Dump> wider) const {
    return std::shared_ptr<const Document>(new Document(std::move(wider), *this));
}

std::shared_ptr<const Document::Index> Document::make_index(const Dump& dump, const Ledger& ledger) {
    auto index = std::make_shared<Index>();
    index->first_row.resize(ledger.compilations.size());
    int with_rows = 0;
    for (const CompilationLedger& compilation : ledger.compilations) {
        if (!dump.compilation(compilation.compilation).last_attempt)
            continue;
        if (!compilation.invocations.empty()) {
            index->first_row[compilation.compilation.index] = int(index->rows.size());
            ++with_rows;
        }
        for (size_t i = 0; i < compilation.invocations.size(); ++i) {
            const Invocation& invocation = compilation.invocations[i];
            const int row = int(index->rows.size());
            index->rows.push_back({compilation.compilation, InvocationId(i)});
            if (is_reused(invocation.decision))
                index->reused.push_back(row);
            if (is_traced(invocation.decision))
                index->traced.push_back(row);
            for (const Place& call : invocation.calls) {
                if (call.graph && call.node)
                    index->calls[key_of(call.graph, call.body)].emplace_back(call.node.index, row);
            }
        }
    }
    // By node, and where several invocations share one, the first of them first.
    for (auto& [body, calls] : index->calls)
        std::sort(calls.begin(), calls.end());
    index->several_compilations = with_rows > 1;
    for (const CompilationLedger& compilation : ledger.compilations) {
        for (size_t r = 0; r < compilation.regions.size(); ++r) {
            for (const RegionBody& body : compilation.regions[r].bodies) {
                if (body.place.graph)
                    index->region_of_body.try_emplace(key_of(body.place.graph, body.place.body),
                        RegionRef{compilation.compilation, RegionId(r)});
            }
        }
    }
    return index;
}

const Explanation& Document::explanation(CompilationId id) const {
    const std::lock_guard guard(answers_->lock);
    std::unique_ptr<const Explanation>& made = answers_->made[id.index];
    if (!made)
        made = std::make_unique<const Explanation>(explain(*dump_, *ledger_, id));
    return *made;
}

std::string Document::input_name(const Place& placeholder) const {
    const std::lock_guard guard(answers_->lock);
    if (!placeholder.graph || placeholder.graph.index >= answers_->dump->graphs.size())
        return {};
    return answers_->names->of(placeholder).text();
}

std::string Document::input_note(const Place& placeholder) const {
    const std::lock_guard guard(answers_->lock);
    if (!placeholder.graph || placeholder.graph.index >= answers_->dump->graphs.size())
        return {};
    return hopscope::input_note(*answers_->names, placeholder);
}

// Of a dump with thousands of compilations no more are explained than it takes to find one.
CompilationId Document::first_to_explain() const {
    {
        const std::lock_guard guard(answers_->lock);
        if (answers_->first)
            return *answers_->first;
    }
    CompilationId found;
    for (const CompilationLedger& c : ledger_->compilations) {
        const Compilation& compilation = dump_->compilation(c.compilation);
        const bool may = !c.invocations.empty() || !compilation.fail_type.empty();
        if (compilation.last_attempt && may && asks_why(*dump_, c, explanation(c.compilation))) {
            found = c.compilation;
            break;
        }
    }
    const std::lock_guard guard(answers_->lock);
    answers_->first = found;
    return found;
}

std::optional<int> Document::row_of(CompilationId compilation, InvocationId invocation) const {
    if (!compilation || compilation.index >= index_->first_row.size() || !invocation)
        return {};
    const std::optional<int> first = index_->first_row[compilation.index];
    if (!first || invocation.index >= ledger_->of(compilation).invocations.size())
        return {};
    return *first + int(invocation.index);
}

std::optional<int> Document::row_of_call(const Place& call) const {
    if (!call.graph || !call.node)
        return {};
    const auto found = index_->calls.find(key_of(call.graph, call.body));
    if (found == index_->calls.end())
        return {};
    const auto at =
        std::lower_bound(found->second.begin(), found->second.end(), std::pair(call.node.index, 0));
    if (at == found->second.end() || at->first != call.node.index)
        return {};
    return at->second;
}

const Invocation& Document::invocation(int row) const {
    const Row& at = index_->rows[size_t(row)];
    return ledger_->of(at.compilation).invocation(at.invocation);
}

RegionRef Document::region_of(int row) const {
    return {index_->rows[size_t(row)].compilation, invocation(row).region};
}

RegionRef Document::region_of_body(GraphId graph, BodyId body) const {
    const auto found =
        graph ? index_->region_of_body.find(key_of(graph, body)) : index_->region_of_body.end();
    return found == index_->region_of_body.end() ? RegionRef{} : found->second;
}

std::vector<int> Document::rows_of(RegionRef ref) const {
    std::vector<int> rows;
    for (const InvocationId invocation : region(ref).invocations) {
        if (const std::optional<int> row = row_of(ref.compilation, invocation))
            rows.push_back(*row);
    }
    return rows;
}

std::optional<int> Document::first_row_of(RegionRef ref) const {
    const std::vector<InvocationId>& invocations = region(ref).invocations;
    return row_of(ref.compilation, invocations.empty() ? InvocationId() : invocations.front());
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
    return hopscope::compile_label(*dump_, id);
}

std::string Document::address(const Place& place) const {
    return place.graph ? address_of(*dump_, place.graph, place.body, place.node) : std::string();
}

std::string Document::source_of(int row) const {
    return source_text(*dump_, invocation(row));
}

std::string Document::code_of(int row) const {
    return code_text(*dump_, invocation(row));
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
        const std::optional<int> row = document.row_of_call({left.graph, left.body, NodeId(i)});
        if (!row)
            continue;
        for (const Place& call : document.invocation(*row).calls) {
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
            for (const SavedValue& value : saved_values(document.dump(), forward, backward))
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
