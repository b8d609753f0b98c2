#include "core/read/open.h"
#include "core/session/connection.h"
#include "core/session/loader_p.h"
#include "core/session/names.h"
#include "core/session/text_store.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <thread>

namespace hopscope::session {
namespace {

constexpr unsigned kThreads = 2; // gpt48: 20 ms instead of 35; more threads cost more to start than they save

} // namespace

void Loader::load_texts() {
    Rows rows(db_, "graph_text", "SELECT id, hash, tabbed, bytes, zstd FROM graph_text ORDER BY id", damage_);
    while (rows.next()) {
        StoredText text;
        text.hash = rows.text();
        text.tabbed = rows.flag();
        text.bytes = static_cast<uint64_t>(rows.integer(0, static_cast<int64_t>(limit_)));
        text.packed = rows.blob();
        if (!rows.good())
            continue;
        texts_.add(rows.id(), stored_.size());
        stored_.push_back(std::move(text));
    }
}

void Loader::load_graphs() {
    Rows rows(db_, "graph",
        newest_ ? "SELECT id, compilation_id, text_id, stage, label, ordinal, file_id, line, offset, "
                  "first_line, position, stage_evidence, cut, lines FROM graph ORDER BY id"
                : "SELECT id, compilation_id, text_id, stage, label, ordinal, file_id, line, offset, "
                  "first_line, position FROM graph ORDER BY id",
        damage_);
    uint64_t unpacked = 0;
    while (rows.next()) {
        Pending p;
        p.row = rows.id();
        p.graph.compilation = rows.reference(compilations_, CompilationId());
        p.text = rows.find(texts_);
        const std::optional<Stage> stage = stage_from_name(rows.text());
        p.graph.label = rows.text();
        p.graph.ordinal = static_cast<int>(rows.integer(0, INT32_MAX));
        p.graph.file = rows.reference(files_, FileId());
        p.graph.line = rows.count();
        p.graph.offset = rows.count();
        if (const int64_t line = rows.integer(-1, UINT32_MAX); line >= 0) // -1: the graph had no module
            p.first_line = line;
        p.position = rows.integer(0, INT32_MAX);
        if (newest_) {
            p.graph.stage_evidence = rows.text();
            p.graph.cut = rows.flag();
            p.lines = rows.text();
        }
        if (!stage)
            rows.bad("stage is none that is known");
        if (!p.graph.compilation || !p.text)
            rows.bad("belongs to nothing");
        if (!rows.good())
            continue;
        // Many graphs may share one text: what counts is what all of them take in memory.
        unpacked += stored_[*p.text].bytes;
        if (unpacked > limit_) {
            rows.bad(fmt::format("its text would take more than {} bytes", limit_));
            break;
        }
        p.graph.stage = *stage;
        p.graph.tabbed = stored_[*p.text].tabbed;
        graphs_.add(p.row, pending_.size());
        pending_.push_back(std::move(p));
    }
}

namespace {
std::vector<int64_t> numbers_of(Rows& rows) {
    const std::string text = rows.text();
    std::vector<int64_t> values;
    const char* end = text.data() + text.size();
    for (const char* at = text.data(); at < end;) {
        int64_t value = 0;
        const auto [behind, wrong] = std::from_chars(at, end, value);
        if (wrong != std::errc{} || (behind < end && *behind != ' ')) {
            rows.bad("holds no numbers");
            break;
        }
        values.push_back(value);
        at = behind + 1;
    }
    return values;
}
} // namespace

// What other inputs than a trace tell of graphs, and beside them.
void Loader::load_places() {
    if (!newest_)
        return; // a file that was not brought up to date
    Rows places(db_, "graph_place", "SELECT id, graph_id, file_id, line, offset FROM graph_place ORDER BY id",
        damage_);
    while (places.next()) {
        const std::optional<uint32_t> graph = places.find(graphs_);
        DumpPlace at;
        at.file = places.reference(files_, FileId());
        at.line = places.count();
        at.offset = places.count();
        if (places.good() && graph)
            pending_[*graph].graph.also.push_back(at);
    }
    Rows saved(db_, "saved_tensor",
        "SELECT id, graph_id, name, path, member, pickled, entry, place, sample, dtype, shape, stride, "
        "offset "
        "FROM saved_tensor ORDER BY id",
        damage_);
    while (saved.next()) {
        const std::optional<uint32_t> graph = saved.find(graphs_);
        SavedTensor s;
        s.name = saved.text();
        s.path = saved.text();
        s.member = saved.text();
        s.pickled = saved.flag();
        s.entry = saved.text();
        if (const int64_t place = saved.integer(-1, INT32_MAX); place >= 0) // -1 = the only one
            s.place = static_cast<int>(place);
        s.sample = saved.flag();
        s.dtype = saved.text();
        s.shape = numbers_of(saved);
        s.stride = numbers_of(saved);
        s.offset = saved.integer(INT64_MIN, INT64_MAX);
        if (saved.good() && graph)
            pending_[*graph].graph.saved.push_back(std::move(s));
    }
    Rows written(db_, "written_module",
        "SELECT id, label, file_id, line, offset FROM written_module ORDER BY id", damage_);
    while (written.next()) {
        SourceText s;
        s.label = written.text();
        s.file = written.reference(files_, FileId());
        s.line = written.count();
        s.offset = written.count();
        if (written.good())
            dump_.sources.push_back(std::move(s));
    }
}

namespace {
// Node lines count from wherever the reader counted when the graph was imported.
void move_lines(GraphModule& module, int64_t first_line) {
    if (module.bodies.empty() || module.bodies[0].nodes.empty())
        return;
    const auto shift =
        static_cast<uint32_t>(first_line - static_cast<int64_t>(module.bodies[0].nodes[0].line));
    if (shift == 0)
        return;
    for (Body& body : module.bodies)
        for (Node& node : body.nodes)
            node.line += shift;
}

// False where they are not as many as the nodes.
bool set_lines(GraphModule& module, std::string_view lines) {
    for (Body& body : module.bodies)
        for (Node& node : body.nodes) {
            const auto [behind, wrong] =
                std::from_chars(lines.data(), lines.data() + lines.size(), node.line);
            if (wrong != std::errc{})
                return false;
            lines.remove_prefix(std::min(lines.size(), static_cast<size_t>(behind - lines.data()) + 1));
        }
    return lines.empty();
}
} // namespace

void Loader::parse_graph(Pending& p) const {
    const StoredText& stored = stored_[*p.text];
    Result<std::shared_ptr<const std::string>> text = decompress(stored.packed, stored.bytes, stored.hash);
    if (!text.ok()) {
        p.failure = text.error().message;
        return;
    }
    p.graph.text = **text;
    std::vector<Problem> known; // found on importing, and stored then
    std::shared_ptr<const GraphModule> module =
        read_print_readable(p.graph.text, *text, stored.tabbed, known);
    if (!module) {
        p.failure = "its text holds no graph";
        return;
    }
    // The reader has just made the module, for us alone.
    GraphModule& made = *std::const_pointer_cast<GraphModule>(module);
    if (p.lines.empty())
        move_lines(made, *p.first_line);
    else if (!set_lines(made, p.lines))
        p.failure = "has other lines than nodes";
    p.graph.module = std::move(module);
}

void Loader::parse_graphs() {
    std::atomic<size_t> next = 0;
    const auto work = [&](bool reports) {
        for (size_t i = next++; i < pending_.size() && !job_.cancelled(); i = next++) {
            if (reports)
                job_.report(i, pending_.size(), "reading graphs");
            if (!pending_[i].first_line)
                continue;
            try {
                parse_graph(pending_[i]);
            } catch (const std::bad_alloc&) {
                pending_[i].failure = "not enough memory for its text";
            }
        }
    };
    if (pending_.size() < 2)
        return work(true);
    std::vector<std::jthread> threads;
    for (unsigned i = 1; i < kThreads; ++i)
        threads.emplace_back(work, false);
    work(true);
}

void Loader::place_graphs() {
    std::vector<std::vector<std::pair<int64_t, GraphId>>> order(dump_.compilations.size());
    for (Pending& p : pending_) {
        if (!p.failure.empty()) {
            damage_.push_back(damage(fmt::format("table graph, row {}: {}", p.row, p.failure)));
            continue;
        }
        order[p.graph.compilation.index].emplace_back(p.position, GraphId(dump_.graphs.size()));
        dump_.graphs.push_back(std::move(p.graph));
    }
    for (size_t c = 0; c < order.size(); ++c) {
        std::sort(order[c].begin(), order[c].end());
        for (const auto& [position, id] : order[c])
            dump_.compilations[c].graphs.push_back(id);
    }
}

} // namespace hopscope::session
