#include "core/session/write.h"

#include "core/base/clock.h"
#include "core/base/hash.h"
#include "core/graph/print.h"
#include "core/read/open.h"
#include "core/session/connection.h"
#include "core/session/insert.h"
#include "core/session/names.h"
#include "core/session/schema.h"
#include "core/session/text_store.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sqlite3.h>

#include <filesystem>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>

namespace hopscope::session {
namespace {

void stop_if_cancelled(const Job& job) {
    if (job.cancelled())
        throw SQLite::Exception("cancelled", SQLITE_INTERRUPT);
}

// What stands as the end of a timer that has none: before its begin.
constexpr double kNeverEnded = -1;

void write_meta(SQLite::Database& db, const Dump& dump) {
    Insert row(db, "INSERT INTO meta (key, value) VALUES (?, ?)");
    row("name", dump.name);
    row("torch_version", dump.torch_version);
    row("has_text_log", dump.has_text_log ? "1" : "0");
    row("cancelled", dump.cancelled ? "1" : "0");
    row("created", utc_now());
}

void write_compilations(SQLite::Database& db, const Dump& dump) {
    Insert file(db, "INSERT INTO file VALUES (?, ?, ?, ?)");
    for (size_t i = 0; i < dump.files.size(); ++i)
        file(i, dump.files[i].path, dump.files[i].kind, dump.files[i].bytes);
    Insert row(db, "INSERT INTO compilation VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    for (size_t i = 0; i < dump.compilations.size(); ++i) {
        const Compilation& c = dump.compilations[i];
        row(i, c.key.rank, c.key.id, c.key.attempt, c.function, c.file, c.line, c.fail_type, c.fail_reason,
            c.recompile_reason, c.compile_seconds, c.last_attempt);
    }
}

// Graphs and, once per distinct text, its bodies and nodes.
class GraphWriter {
public:
    GraphWriter(SQLite::Database& db, const Dump& dump)
        : dump_(dump)
        , text_(db, "INSERT INTO graph_text VALUES (?, ?, ?, ?, ?)")
        , newest_(schema_version(db) >= 4)
        , graph_(db,
              newest_ ? "INSERT INTO graph VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
                      : "INSERT INTO graph VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
        , body_(db, "INSERT INTO body VALUES (?, ?, ?, ?, ?, ?, ?)")
        , source_(db, "INSERT INTO source VALUES (NULL, ?, ?, ?, ?)")
        , node_(db, "INSERT INTO node VALUES (NULL, ?, ?, ?, ?, ?, ?, ?)") { }

    void write(const Job& job) {
        std::vector<size_t> positions(dump_.graphs.size(), 0);
        for (const Compilation& c : dump_.compilations)
            for (size_t i = 0; i < c.graphs.size(); ++i)
                positions.at(c.graphs[i].index) = i;
        for (size_t i = 0; i < dump_.graphs.size(); ++i) {
            stop_if_cancelled(job);
            job.report(i, dump_.graphs.size(), "writing");
            write_graph(GraphId(i), positions[i]);
        }
    }

private:
    void write_graph(GraphId id, size_t position) {
        const Graph& g = dump_.graph(id);
        // A graph that no file gave (made by a program) is written as it prints.
        const std::string printed = g.module && (g.text.empty() || lacks_bodies(g))
            ? print_readable(*g.module, BodyId(0))
            : std::string();
        const bool tabbed = g.tabbed && printed.empty();
        const size_t text = write_text(g, printed.empty() ? g.text : printed, tabbed);
        const int64_t first_line = g.module ? first_node_line(*g.module) : -1;
        if (newest_)
            graph_(id.index, g.compilation, text, stage_name(g.stage), g.label, g.ordinal,
                address_of(dump_, id), g.file, g.line, g.offset, first_line, position, g.stage_evidence,
                g.cut, own_lines(g, printed.empty() ? g.text : std::string_view(printed)));
        else
            graph_(id.index, g.compilation, text, stage_name(g.stage), g.label, g.ordinal,
                address_of(dump_, id), g.file, g.line, g.offset, first_line, position);
    }

    // Bodies that the text does not hold were taken from another graph: a script's, before PyTorch 2.14. The
    // text is printed then, as nothing else has the whole.
    static bool lacks_bodies(const Graph& g) {
        size_t classes = 0;
        for (size_t at = g.text.find("class "); at != std::string_view::npos;
             at = g.text.find("class ", at + 6))
            ++classes;
        return !g.tabbed && g.module->bodies.size() > 1 && classes < g.module->bodies.size();
    }

    // The lines of all nodes, in order, of a graph whose text was mended or made of another form: reading it
    // again counts other lines. Empty where it does not; the payloads of a trace are as they stand in the
    // file.
    static std::string own_lines(const Graph& g, std::string_view text) {
        if (!g.module || g.tabbed || g.text.empty())
            return {};
        const auto storage = std::make_shared<const std::string>(text);
        std::vector<Problem> ignored;
        const auto again = read_print_readable(*storage, storage, false, ignored);
        if (!again || again->bodies.size() != g.module->bodies.size())
            return {};
        const int64_t shift = first_node_line(*g.module) - first_node_line(*again);
        std::string lines;
        bool differ = false;
        for (size_t b = 0; b < again->bodies.size(); ++b) {
            const std::vector<Node>&nodes = g.module->bodies[b].nodes, &read = again->bodies[b].nodes;
            if (nodes.size() != read.size())
                return {};
            for (size_t n = 0; n < nodes.size(); ++n) {
                differ = differ || nodes[n].line != read[n].line + shift;
                lines += (lines.empty() ? "" : " ") + std::to_string(nodes[n].line);
            }
        }
        return differ ? lines : std::string();
    }

    static int64_t first_node_line(const GraphModule& module) {
        return module.bodies.empty() || module.bodies[0].nodes.empty() ? 0 : module.bodies[0].nodes[0].line;
    }

    size_t write_text(const Graph& g, std::string_view text, bool tabbed) {
        std::string hash = hash128_hex(text);
        const auto [found, added] = texts_.try_emplace({hash, tabbed}, texts_.size());
        if (!added)
            return found->second;
        const std::vector<char> packed = compress(text);
        text_(found->second, hash, tabbed, text.size(), std::span<const char>(packed));
        if (g.module)
            write_bodies(*g.module, found->second);
        return found->second;
    }

    void write_bodies(const GraphModule& module, size_t text) {
        const std::vector<std::optional<int64_t>> sources = write_sources(module);
        const size_t base = bodies_;
        bodies_ += module.bodies.size();
        for (size_t b = 0; b < module.bodies.size(); ++b) {
            const Body& body = module.bodies[b];
            body_(base + b, text, b, body.parent ? std::optional(base + body.parent.index) : std::nullopt,
                body_path(module, BodyId(b)), module.text(body.class_name), body.nodes.size());
            for (size_t n = 0; n < body.nodes.size(); ++n) {
                const Node& node = body.nodes[n];
                const ValueType* type = module.type(node.type);
                node_(base + b, n, module.text(node.name), opcode_name(node.op), short_target(module, node),
                    type ? std::optional(module.text(type->text)) : std::nullopt,
                    node.source ? sources[node.source.index] : std::nullopt);
            }
        }
    }

    std::vector<std::optional<int64_t>> write_sources(const GraphModule& module) {
        std::vector<std::optional<int64_t>> ids;
        ids.reserve(module.sources.size());
        for (const Source& s : module.sources) {
            if (!s.has_place()) {
                ids.push_back(std::nullopt);
                continue;
            }
            const auto key = std::tuple<std::string, uint32_t, std::string, std::string>(
                module.text(s.file), s.line, module.text(s.function), module.text(s.code));
            auto found = sources_.find(key);
            if (found == sources_.end())
                found =
                    sources_
                        .emplace(key, source_(std::get<0>(key), s.line, std::get<2>(key), std::get<3>(key)))
                        .first;
            ids.push_back(found->second);
        }
        return ids;
    }

    const Dump& dump_;
    Insert text_;
    bool newest_;
    Insert graph_, body_, source_, node_;
    std::map<std::pair<std::string, bool>, size_t> texts_;
    std::map<std::tuple<std::string, uint32_t, std::string, std::string>, int64_t> sources_;
    size_t bodies_ = 0;
};

std::string numbers(const std::vector<int64_t>& values) {
    return fmt::format("{}", fmt::join(values, " "));
}

void write_places(SQLite::Database& db, const Dump& dump) {
    Insert place(db, "INSERT INTO graph_place VALUES (NULL, ?, ?, ?, ?)");
    Insert saved(db, "INSERT INTO saved_tensor VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    for (size_t i = 0; i < dump.graphs.size(); ++i) {
        for (const DumpPlace& also : dump.graphs[i].also)
            place(i, also.file, also.line, also.offset);
        for (const SavedTensor& s : dump.graphs[i].saved) {
            // The session may be opened from another folder.
            const std::string path = std::filesystem::absolute(s.path).lexically_normal().string();
            saved(i, s.name, path, s.member, s.pickled, s.entry, s.place.value_or(-1), s.sample, s.dtype,
                numbers(s.shape), numbers(s.stride), s.offset);
        }
    }
    Insert written(db, "INSERT INTO written_module VALUES (?, ?, ?, ?, ?)");
    for (size_t i = 0; i < dump.sources.size(); ++i) {
        const SourceText& s = dump.sources[i];
        written(i, s.label, s.file, s.line, s.offset);
    }
}

void write_evidence(SQLite::Database& db, const Dump& dump) {
    Insert timer(db, "INSERT INTO timer VALUES (?, ?, ?, ?, ?, ?, ?, ?)");
    for (size_t i = 0; i < dump.timers.size(); ++i) {
        const RegionTimer& t = dump.timers[i];
        timer(i, t.compilation, word_of(t.kind), t.begin_us, t.end_us.value_or(kNeverEnded), t.parent, t.file,
            t.line);
    }
    Insert message(db, "INSERT INTO message VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    for (size_t i = 0; i < dump.messages.size(); ++i) {
        const ReuseMessage& m = dump.messages[i];
        message(i, word_of(m.kind), m.key.rank, m.key.id, m.key.attempt, m.identifier, m.function, m.detail,
            m.count, m.file, m.line);
    }
    Insert duplicate(db, "INSERT INTO duplicate VALUES (?, ?, ?, ?, ?, ?, ?)");
    for (size_t i = 0; i < dump.duplicates.size(); ++i) {
        const BackwardDuplicate& d = dump.duplicates[i];
        duplicate(i, d.compilation, d.forward_identifier, d.backward_identifier, d.text, d.file, d.line);
    }
    Insert failure(db, "INSERT INTO failure VALUES (?, ?, ?, ?, ?, ?, ?)");
    for (size_t i = 0; i < dump.failures.size(); ++i) {
        const Failure& f = dump.failures[i];
        failure(i, f.compilation, f.kind, f.message, f.text, f.file, f.line);
    }
    Insert artifact(db, "INSERT INTO artifact VALUES (?, ?, ?, ?, ?, ?)");
    for (size_t i = 0; i < dump.artifacts.size(); ++i) {
        const Artifact& a = dump.artifacts[i];
        artifact(i, a.compilation, a.name, a.file, a.line, a.bytes);
    }
    if (schema_version(db) >= 3) {
        Insert symbol(db, "INSERT INTO symbol VALUES (?, ?, ?, ?, ?, ?, ?, ?)");
        for (size_t i = 0; i < dump.symbols.size(); ++i) {
            const SymbolHint& s = dump.symbols[i];
            symbol(i, s.compilation, s.name, s.value, s.range, s.source, s.file, s.line);
        }
    }
    if (schema_version(db) >= 5) {
        Insert cache(db, "INSERT INTO cache_record VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
        for (size_t i = 0; i < dump.caches.size(); ++i) {
            const CacheRecord& c = dump.caches[i];
            cache(i, c.compilation, word_of(c.cache), word_of(c.state), c.backward, c.key, c.reason,
                c.saved_ms, c.took_ms, c.file, c.line, c.offset);
        }
        Insert input(db, "INSERT INTO described_input VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
        for (size_t i = 0; i < dump.inputs.size(); ++i) {
            const DescribedInput& d = dump.inputs[i];
            input(i, d.compilation, d.source, d.dtype, d.shape, d.stride, d.requires_grad, d.is_parameter,
                d.is_view, d.storage, d.storage_bytes, d.file, d.line, d.offset);
        }
        Insert marked(db, "INSERT INTO marked_function VALUES (?, ?, ?, ?, ?, ?, ?)");
        for (size_t i = 0; i < dump.marked.size(); ++i) {
            const MarkedFunction& m = dump.marked[i];
            marked(i, m.compilation, m.name, m.source_file, m.source_line, m.file, m.line);
        }
    }
    if (schema_version(db) >= 6) {
        Insert tensor(db, "INSERT INTO input_tensor VALUES (?, ?, ?, ?, ?)");
        for (size_t i = 0; i < dump.inputs.size(); ++i) {
            const DescribedInput& d = dump.inputs[i];
            tensor(i, d.device, d.describer, d.tensor, d.base);
        }
        Insert call(db, "INSERT INTO module_call VALUES (?, ?, ?, ?, ?, ?, ?)");
        for (size_t i = 0; i < dump.module_calls.size(); ++i) {
            const ModuleCall& c = dump.module_calls[i];
            call(i, c.compilation, c.module, c.function, c.code, c.file, c.line);
        }
    }
    Insert problem(db, "INSERT INTO problem VALUES (?, ?, ?, ?, ?, ?)");
    for (size_t i = 0; i < dump.problems.size(); ++i) {
        const Problem& p = dump.problems[i];
        problem(i, severity_name(p.severity), p.message, p.file, p.line, p.offset);
    }
}

// The ledger, for questions in SQL only: load() concludes it anew.
class LedgerWriter {
public:
    LedgerWriter(SQLite::Database& db, const Dump& dump)
        : dump_(dump)
        , region_(db, "INSERT INTO region VALUES (?, ?, ?, ?, ?, ?, ?, ?)")
        , body_(db, "INSERT INTO region_body VALUES (?, ?, ?, ?, ?, ?)")
        , saved_(db, "INSERT INTO saved_value VALUES (?, ?, ?)")
        , invocation_(db, "INSERT INTO invocation VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
        , call_(db, "INSERT INTO invocation_call VALUES (?, ?, ?, ?)") { }

    void write(const CompilationLedger& ledger) {
        for (size_t r = 0; r < ledger.regions.size(); ++r)
            write_region(ledger.compilation, regions_ + r, ledger.regions[r]);
        for (size_t i = 0; i < ledger.invocations.size(); ++i)
            write_invocation(ledger.compilation, invocations_ + i, ledger.invocations[i]);
        regions_ += ledger.regions.size();
        invocations_ += ledger.invocations.size();
    }

private:
    std::string address(const Place& place) const {
        return address_of(dump_, place.graph, place.body, place.node);
    }

    void write_region(CompilationId compilation, size_t id, const Region& r) {
        region_(id, compilation, r.identifier, r.function, r.source_file, r.source_line, r.inlined,
            r.saved_bytes);
        const GraphModule* forward = nullptr;
        for (const RegionBody& b : r.bodies) {
            body_(id, call_site_name(b.site), address(b.place), b.identifier, b.variant, b.calls);
            if (b.site == CallSite::Forward && b.place.graph && !forward)
                forward = dump_.graph(b.place.graph).module.get();
        }
        for (const SavedValue& v : r.saved)
            saved_(id, forward ? forward->text(v.name) : std::string_view(), v.bytes);
    }

    void write_invocation(CompilationId compilation, size_t id, const Invocation& v) {
        std::string evidence;
        for (const std::string_view name : evidence_names(v.evidence))
            evidence += (evidence.empty() ? "" : " ") + std::string(name);
        invocation_(id, compilation, v.index,
            v.region ? std::optional(regions_ + v.region.index) : std::nullopt, v.call_id,
            decision_name(v.decision), evidence, pairing_name(v.pairing), v.inlined, v.executions, v.reason,
            v.trace_ms, v.lookup_ms, v.stamp_out_ms, v.saved_ms,
            v.parent ? std::optional(invocations_ + v.parent.index) : std::nullopt);
        for (size_t s = 0; s < kCallSiteCount; ++s)
            if (v.calls[s].graph)
                call_(id, call_site_name(static_cast<CallSite>(s)), address(v.calls[s]),
                    v.bodies[s].graph ? std::optional(address(v.bodies[s])) : std::nullopt);
    }

    const Dump& dump_;
    Insert region_, body_, saved_, invocation_, call_;
    size_t regions_ = 0, invocations_ = 0;
};

} // namespace

void write_dump(SQLite::Database& db, const Dump& dump, const Ledger& ledger, const Job& job) {
    write_meta(db, dump);
    write_compilations(db, dump);
    GraphWriter(db, dump).write(job);
    if (schema_version(db) >= 4)
        write_places(db, dump);
    write_evidence(db, dump);
    LedgerWriter rows(db, dump);
    for (const CompilationLedger& c : ledger.compilations) {
        stop_if_cancelled(job);
        rows.write(c);
    }
}

} // namespace hopscope::session
