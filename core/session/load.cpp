#include "core/session/load.h"

#include "core/read/open.h"
#include "core/session/connection.h"
#include "core/session/names.h"
#include "core/session/rows.h"
#include "core/session/schema.h"
#include "core/session/text_store.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <thread>

namespace hopscope::session {
namespace {

constexpr unsigned kThreads = 2; // gpt48: 20 ms instead of 35; more threads cost more to start than they save
// A file cannot hold more text than this many times its size (recordings: 20 to 60 times), or the floor.
constexpr uint64_t kMostUnpacked = 1000;
constexpr uint64_t kUnpackedFloor = uint64_t{64} << 20;

// A graph's text on its way to a module.
struct StoredText {
    std::string hash;
    std::string packed;
    uint64_t bytes = 0;
    bool tabbed = false;
};

struct Pending {
    Graph graph;
    std::optional<uint32_t> text; // into the stored texts
    int64_t first_line = -1; // -1 = the graph had no module
    std::string lines; // of its nodes, where they are not those that the text itself has
    int64_t position = 0;
    int64_t row = 0;
    std::string failure; // why there is no module
};

class Loader {
public:
    Loader(SQLite::Database& db, uint64_t file_bytes, const Job& job)
        : db_(db)
        , newest_(schema_version(db) >= 4)
        , limit_(std::max(file_bytes * kMostUnpacked, kUnpackedFloor))
        , job_(job) { }

    Result<Dump> load() {
        check_seal();
        load_meta();
        load_files();
        load_compilations();
        load_texts();
        load_graphs();
        load_places();
        parse_graphs();
        if (job_.cancelled())
            return make_error(Error::Kind::Cancelled, "cancelled");
        place_graphs();
        load_timers();
        load_messages();
        load_reports();
        load_symbols();
        load_facts();
        load_problems();
        if (dump_.compilations.empty() && dump_.messages.empty() && !damage_.empty())
            return make_error(Error::Kind::Damaged, damage_.front().message);
        dump_.problems.insert(dump_.problems.end(), damage_.begin(), damage_.end());
        return std::move(dump_);
    }

private:
    void check_seal();
    void load_meta();
    void load_files();
    void load_compilations();
    void load_texts();
    void load_graphs();
    void load_places();
    void parse_graphs();
    void parse_graph(Pending& pending) const;
    void place_graphs();
    void load_timers();
    void load_messages();
    void load_reports();
    void load_symbols();
    void load_facts();
    void load_problems();
    CompileKey key_of(Rows& rows);

    SQLite::Database& db_;
    const bool newest_; // has the tables of the newest version
    const uint64_t limit_;
    const Job& job_;
    Dump dump_;
    std::vector<Problem> damage_;
    RowIds files_, compilations_, texts_;
    RowIds graphs_; // into pending_
    std::vector<StoredText> stored_;
    std::vector<Pending> pending_;
};

void Loader::check_seal() {
    try {
        if (stored_seal(db_) == compute_seal(db_))
            return;
        damage_.push_back(damage("imported rows are not as they were written: figures may be wrong"));
    } catch (const SQLite::Exception& e) {
        damage_.push_back(damage(fmt::format("imported rows cannot be read: {}", e.what())));
    }
}

void Loader::load_meta() {
    Rows rows(db_, "meta", "SELECT id, key, value FROM meta ORDER BY id", damage_);
    while (rows.next()) {
        const std::string key = rows.text();
        std::string value = rows.text();
        if (key == "name")
            dump_.name = std::move(value);
        else if (key == "torch_version")
            dump_.torch_version = std::move(value);
        else if (key == "has_text_log")
            dump_.has_text_log = value == "1";
        else if (key == "cancelled")
            dump_.cancelled = value == "1";
    }
}

void Loader::load_files() {
    Rows rows(db_, "file", "SELECT id, path, kind, bytes FROM file ORDER BY id", damage_);
    while (rows.next()) {
        DumpFile file{.path = rows.text(), .kind = rows.text(), .bytes = rows.count()};
        if (!rows.good())
            continue;
        files_.add(rows.id(), dump_.files.size());
        dump_.files.push_back(std::move(file));
    }
}

CompileKey Loader::key_of(Rows& rows) {
    CompileKey key;
    key.rank = rows.number_or_null();
    key.id = rows.text();
    key.attempt = static_cast<int>(rows.integer(0, INT32_MAX));
    return key;
}

void Loader::load_compilations() {
    Rows rows(db_, "compilation",
        "SELECT id, rank, compile_id, attempt, function, file, line, fail_type, fail_reason, "
        "recompile_reason, "
        "compile_seconds, last_attempt FROM compilation ORDER BY id",
        damage_);
    while (rows.next()) {
        Compilation c;
        c.key = key_of(rows);
        c.function = rows.text();
        c.file = rows.text();
        c.line = rows.line();
        c.fail_type = rows.text();
        c.fail_reason = rows.text();
        c.recompile_reason = rows.text();
        c.compile_seconds = rows.real();
        c.last_attempt = rows.flag();
        if (!rows.good())
            continue;
        compilations_.add(rows.id(), dump_.compilations.size());
        dump_.compilations.push_back(std::move(c));
    }
}

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
        p.first_line = rows.integer(-1, UINT32_MAX);
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
        move_lines(made, p.first_line);
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
            if (pending_[i].first_line < 0)
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

void Loader::load_timers() {
    RowIds timers;
    Rows rows(db_, "timer",
        "SELECT id, compilation_id, kind, begin_us, end_us, parent_id, file_id, line FROM timer ORDER BY id",
        damage_);
    // Parents may stand behind their children: their rows are looked up once all are known.
    std::vector<std::optional<int64_t>> parents;
    while (rows.next()) {
        RegionTimer t;
        t.compilation = rows.reference(compilations_, CompilationId());
        const auto kind = timer_from_name(rows.text());
        t.begin_us = rows.real();
        if (const double end = rows.real(); end >= t.begin_us) // a timer that never ended has an end before
            t.end_us = end;
        const std::optional<int64_t> parent = rows.integer_or_null(0, INT64_MAX);
        t.file = rows.reference(files_, FileId());
        t.line = rows.count();
        if (!kind)
            rows.bad("kind is none that is known");
        if (!rows.good())
            continue;
        t.kind = *kind;
        timers.add(rows.id(), dump_.timers.size());
        parents.push_back(parent);
        dump_.timers.push_back(t);
    }
    for (size_t i = 0; i < parents.size(); ++i)
        dump_.timers[i].parent = parents[i] ? timers.find(*parents[i]) : std::nullopt;
    // A chain of parents that leads back to itself must not reach those who walk it.
    for (size_t i = 0; i < parents.size(); ++i) {
        size_t steps = 0;
        for (auto p = dump_.timers[i].parent; p && steps <= parents.size(); p = dump_.timers[*p].parent)
            ++steps;
        if (steps > parents.size()) {
            damage_.push_back(damage("table timer: a row is its own ancestor"));
            for (RegionTimer& t : dump_.timers)
                t.parent.reset();
            return;
        }
    }
}

void Loader::load_messages() {
    Rows rows(db_, "message",
        "SELECT id, kind, rank, compile_id, attempt, identifier, function, detail, count, file_id, line "
        "FROM message ORDER BY id",
        damage_);
    while (rows.next()) {
        ReuseMessage m;
        const auto kind = message_from_name(rows.text());
        m.key = key_of(rows);
        m.identifier = rows.text();
        m.function = rows.text();
        m.detail = rows.text();
        m.count = rows.number_or_null();
        m.file = rows.reference(files_, FileId());
        m.line = rows.count();
        if (!kind)
            rows.bad("kind is none that is known");
        if (!rows.good())
            continue;
        m.kind = *kind;
        dump_.messages.push_back(std::move(m));
    }
}

void Loader::load_reports() {
    Rows duplicates(db_, "duplicate",
        "SELECT id, compilation_id, forward_identifier, backward_identifier, text, file_id, line "
        "FROM duplicate ORDER BY id",
        damage_);
    while (duplicates.next()) {
        BackwardDuplicate d;
        d.compilation = duplicates.reference(compilations_, CompilationId());
        d.forward_identifier = duplicates.text();
        d.backward_identifier = duplicates.text();
        d.text = duplicates.text();
        d.file = duplicates.reference(files_, FileId());
        d.line = duplicates.count();
        if (duplicates.good())
            dump_.duplicates.push_back(std::move(d));
    }
    Rows failures(db_, "failure",
        "SELECT id, compilation_id, kind, message, text, file_id, line FROM failure ORDER BY id", damage_);
    while (failures.next()) {
        Failure f;
        f.compilation = failures.reference(compilations_, CompilationId());
        f.kind = failures.text();
        f.message = failures.text();
        f.text = failures.text();
        f.file = failures.reference(files_, FileId());
        f.line = failures.count();
        if (failures.good())
            dump_.failures.push_back(std::move(f));
    }
    Rows artifacts(db_, "artifact",
        "SELECT id, compilation_id, name, file_id, line, bytes FROM artifact ORDER BY id", damage_);
    while (artifacts.next()) {
        Artifact a;
        a.compilation = artifacts.reference(compilations_, CompilationId());
        a.name = artifacts.text();
        a.file = artifacts.reference(files_, FileId());
        a.line = artifacts.count();
        a.bytes = artifacts.count();
        if (artifacts.good())
            dump_.artifacts.push_back(std::move(a));
    }
}

void Loader::load_facts() {
    if (schema_version(db_) < 5)
        return; // a damaged file that could not be brought up to date
    Rows caches(db_, "cache_record",
        "SELECT id, compilation_id, cache, state, backward, key, reason, saved_ms, took_ms, file_id, line, "
        "offset "
        "FROM cache_record ORDER BY id",
        damage_);
    while (caches.next()) {
        CacheRecord c;
        c.compilation = caches.reference(compilations_, CompilationId());
        const auto cache = cache_from_name(caches.text());
        const auto state = cache_state_from_name(caches.text());
        if (const auto backward = caches.number_or_null())
            c.backward = *backward != 0;
        c.key = caches.text();
        c.reason = caches.text();
        c.saved_ms = caches.real_or_null();
        c.took_ms = caches.real_or_null();
        c.file = caches.reference(files_, FileId());
        c.line = caches.count();
        c.offset = caches.count();
        if (!cache || !state)
            caches.bad("cache or state is none that is known");
        if (!caches.good())
            continue;
        c.cache = *cache;
        c.state = *state;
        dump_.caches.push_back(std::move(c));
    }
    Rows inputs(db_, "described_input",
        "SELECT id, compilation_id, source, dtype, shape, stride, requires_grad, is_parameter, is_view, "
        "storage, "
        "storage_bytes, file_id, line, offset FROM described_input ORDER BY id",
        damage_);
    while (inputs.next()) {
        DescribedInput d;
        d.compilation = inputs.reference(compilations_, CompilationId());
        d.source = inputs.text();
        d.dtype = inputs.text();
        d.shape = inputs.text();
        d.stride = inputs.text();
        d.requires_grad = inputs.flag();
        d.is_parameter = inputs.flag();
        d.is_view = inputs.flag();
        d.storage = inputs.integer_or_null(0, INT64_MAX);
        d.storage_bytes = inputs.integer_or_null(0, INT64_MAX);
        d.file = inputs.reference(files_, FileId());
        d.line = inputs.count();
        d.offset = inputs.count();
        if (inputs.good())
            dump_.inputs.push_back(std::move(d));
    }
    Rows marked(db_, "marked_function",
        "SELECT id, compilation_id, name, source_file, source_line, file_id, line FROM marked_function ORDER "
        "BY id",
        damage_);
    while (marked.next()) {
        MarkedFunction m;
        m.compilation = marked.reference(compilations_, CompilationId());
        m.name = marked.text();
        m.source_file = marked.text();
        m.source_line = marked.line();
        m.file = marked.reference(files_, FileId());
        m.line = marked.count();
        if (marked.good())
            dump_.marked.push_back(std::move(m));
    }
}

void Loader::load_symbols() {
    if (schema_version(db_) < 3)
        return; // a damaged file that could not be brought up to date
    Rows symbols(db_, "symbol",
        "SELECT id, compilation_id, name, value, range, source, file_id, line FROM symbol ORDER BY id",
        damage_);
    while (symbols.next()) {
        SymbolHint s;
        s.compilation = symbols.reference(compilations_, CompilationId());
        s.name = symbols.text();
        s.value = symbols.text();
        s.range = symbols.text();
        s.source = symbols.text();
        s.file = symbols.reference(files_, FileId());
        s.line = symbols.count();
        if (symbols.good())
            dump_.symbols.push_back(std::move(s));
    }
}

void Loader::load_problems() {
    Rows rows(db_, "problem", "SELECT id, severity, message, file_id, line, offset FROM problem ORDER BY id",
        damage_);
    while (rows.next()) {
        Problem p;
        const auto severity = severity_from_name(rows.text());
        p.message = rows.text();
        p.file = rows.reference(files_, FileId());
        p.line = rows.count();
        p.offset = rows.count();
        if (!severity)
            rows.bad("severity is none that is known");
        if (!rows.good())
            continue;
        p.severity = *severity;
        dump_.problems.push_back(std::move(p));
    }
}

} // namespace

Result<Dump> load_dump(SQLite::Database& db, uint64_t file_bytes, const Job& job) {
    const CancelGuard guard(db, job);
    return Loader(db, file_bytes, job).load();
}

} // namespace hopscope::session
