// What is open: a dump with its ledger, and the look-ups that whoever browses it needs. Immutable, so that
// workers and views share it.
#pragma once

#include "core/graph/dump.h"
#include "core/regions/ledger.h"

#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace hopscope {

struct Explanation;

// One invocation of the dump: a row of the ledger, a stop of the stepper.
struct Row {
    CompilationId compilation;
    InvocationId invocation;
    friend bool operator==(const Row&, const Row&) = default;
};

// A region of the dump.
struct RegionRef {
    CompilationId compilation;
    RegionId region;
    bool valid() const { return region.valid(); }
    friend bool operator==(const RegionRef&, const RegionRef&) = default;
};

class Document {
public:
    Document(std::shared_ptr<const Dump> dump, std::shared_ptr<const Ledger> ledger);

    const Dump& dump() const { return *dump_; }
    const Ledger& ledger() const { return *ledger_; }
    std::shared_ptr<const Dump> dump_pointer() const { return dump_; }

    // The same document over a dump that holds this one's graphs under the same ids and more behind them:
    // graphs that were derived, not recorded. Rows, regions and ledger are shared, and every id means what it
    // meant.
    std::shared_ptr<const Document> with(std::shared_ptr<const Dump> wider) const;
    // Whether both are of one reading, so that ids of one mean the same in the other.
    bool same_reading(const Document& other) const { return ledger_ == other.ledger_; }

    // The invocations of every compilation's last attempt, in the dump's order.
    const std::vector<Row>& rows() const { return index_->rows; }
    // Those of them that were reused, and those that were traced, in order.
    const std::vector<int>& reused_rows() const { return index_->reused; }
    const std::vector<int>& traced_rows() const { return index_->traced; }
    // Into rows(); none = not among them.
    std::optional<int> row_of(CompilationId compilation, InvocationId invocation) const;
    std::optional<int> row_of_call(const Place& call) const; // the first invocation whose call node this is
    const Invocation& invocation(int row) const;
    const Region& region(RegionRef ref) const {
        return ledger_->of(ref.compilation).regions[ref.region.index];
    }
    RegionRef region_of(int row) const;
    RegionRef region_of_body(GraphId graph, BodyId body) const; // the region that a body belongs to
    std::vector<int> rows_of(RegionRef ref) const;
    std::optional<int> first_row_of(RegionRef ref) const; // none = it has no invocation among the rows
    // Whether the rows come from more than one compilation, so that a row must say which.
    bool several_compilations() const { return index_->several_compilations; }

    const GraphModule& module(GraphId graph) const { return *dump_->graph(graph).module; }
    const Body& body(const Place& place) const { return module(place.graph).body(place.body); }
    const Node* node(const Place& place) const; // null where the place names no node
    std::string node_name(const Place& place) const;
    std::string body_name(const Place& place) const; // "partitioned_fw_subgraph_0_0"; "" for a root
    std::string stage_label(GraphId graph) const; // "forward", "post_grad #1 (after_passes)"
    std::string compile_label(CompilationId id) const; // "0/0", "rank 1 0/0", "0/0 attempt 1"
    std::string address(const Place& place) const;
    std::string source_of(int row) const; // "model.py:59" of the invocation's call, "" = not told
    std::string code_of(int row) const; // the first line of that statement, "" = not told
    const Source* source(const Place& place) const; // of a node; null = not told

    // Why: the answers about a compilation, made when they are first asked for and kept. May be asked from
    // any thread.
    const Explanation& explanation(CompilationId id) const;
    // The first compilation about which there is something to ask (core/explain/lookup.h); none: no other
    // than what a healthy dump has.
    CompilationId first_to_explain() const;

    // What the program calls a placeholder ("layers.0.q_proj.weight"), and with what else there is to say of
    // it; empty where that is not known. From any thread.
    std::string input_name(const Place& placeholder) const;
    std::string input_note(const Place& placeholder) const;

    // The body of the first graph of a stage, by preference; graph none where there is none.
    Place root_of(CompilationId compilation, Stage stage) const;

private:
    struct Index {
        std::vector<Row> rows;
        std::vector<int> reused, traced;
        std::vector<std::optional<int>> first_row; // of each compilation, none = it has no rows
        std::unordered_map<uint64_t, RegionRef> region_of_body;
        std::unordered_map<uint64_t, std::vector<std::pair<uint32_t, int>>>
            calls; // body -> (node, row), by node
        bool several_compilations = false;
    };
    struct Answers;
    Document(std::shared_ptr<const Dump> dump, const Document& reading);
    static std::shared_ptr<const Index> make_index(const Dump& dump, const Ledger& ledger);

    std::shared_ptr<const Dump> dump_;
    std::shared_ptr<const Ledger> ledger_;
    std::shared_ptr<const Index> index_;
    std::shared_ptr<Answers> answers_; // shared by all that are of one reading
};

// Whether `next` is `now` with graphs added, so that what is shown of it may stay.
inline bool extends(const std::shared_ptr<const Document>& now, const std::shared_ptr<const Document>& next) {
    return now && next && next->same_reading(*now);
}

// A value that two bodies share: the forward's output and the backward's placeholder, or the two calls of one
// invocation.
struct Crossing {
    NodeId left, right;
};
// What crosses between the bodies of two places (their nodes are ignored); ordered by the left node.
std::vector<Crossing> crossings(const Document& document, const Place& left, const Place& right);

} // namespace hopscope
