#include "core/session/connection.h"
#include "core/session/loader_p.h"
#include "core/session/names.h"
#include "core/session/schema.h"

#include <fmt/format.h>

namespace hopscope::session {

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
        const auto kind = from_word<RegionTimer::Kind>(rows.text());
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
        const auto kind = from_word<ReuseMessage::Kind>(rows.text());
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
        const auto cache = from_word<CacheRecord::Cache>(caches.text());
        const auto state = from_word<CacheRecord::State>(caches.text());
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
        "storage, storage_bytes, file_id, line, offset FROM described_input ORDER BY id",
        damage_);
    std::vector<int64_t> ids; // of the rows that are sound
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
        if (inputs.good()) {
            dump_.inputs.push_back(std::move(d));
            ids.push_back(inputs.id());
        }
    }
    load_input_tensors(ids);
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
    if (schema_version(db_) < 6)
        return;
    Rows calls(db_, "module_call",
        "SELECT id, compilation_id, module, function, code, file_id, line FROM module_call ORDER BY id",
        damage_);
    while (calls.next()) {
        ModuleCall c;
        c.compilation = calls.reference(compilations_, CompilationId());
        c.module = calls.text();
        c.function = calls.text();
        c.code = calls.text();
        c.file = calls.reference(files_, FileId());
        c.line = calls.count();
        if (calls.good())
            dump_.module_calls.push_back(std::move(c));
    }
}

// Those of rows of described_input that are damaged stand for nothing.
void Loader::load_input_tensors(const std::vector<int64_t>& ids) {
    if (schema_version(db_) < 6)
        return;
    Rows tensors(db_, "input_tensor",
        "SELECT id, device, describer, tensor, base FROM input_tensor ORDER BY id", damage_);
    while (tensors.next()) {
        std::string device = tensors.text();
        const auto describer = tensors.integer_or_null(0, INT64_MAX);
        const auto tensor = tensors.integer_or_null(0, INT64_MAX);
        const auto base = tensors.integer_or_null(0, INT64_MAX);
        const auto at = std::lower_bound(ids.begin(), ids.end(), tensors.id());
        if (!tensors.good() || at == ids.end() || *at != tensors.id())
            continue;
        DescribedInput& input = dump_.inputs[static_cast<size_t>(at - ids.begin())];
        input.device = std::move(device);
        input.describer = describer;
        input.tensor = tensor;
        input.base = base;
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

} // namespace hopscope::session
