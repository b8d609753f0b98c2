// hopscope memory: what the forward keeps for the backward.
#include "app/cli/cli.h"

#include "core/base/text.h"
#include "core/diff/memories.h"
#include "core/export/graph_json.h"
#include "core/export/ledger_json.h"
#include "core/regions/input_names.h"
#include "core/regions/memory.h"

#include <algorithm>
#include <cstdio>

namespace hopscope::cli {

namespace {

using Json = nlohmann::ordered_json;

struct Words {
    std::vector<std::string> paths, others;
    bool json = false;
};

std::vector<MemoryReport> reports_of(const Dump& dump) {
    const Ledger ledger = build_ledger(dump);
    std::vector<MemoryReport> out;
    for (const CompilationLedger& c : ledger.compilations)
        if (dump.compilation(c.compilation).last_attempt)
            if (MemoryReport report = memory_of(dump, c); report.forward.graph)
                out.push_back(std::move(report));
    return out;
}

struct ValueFacts {
    const GraphModule& module;
    const Node& node;
    const ValueType* type;
    const Source* source;
};
ValueFacts facts_of(const Dump& dump, const Place& at) {
    const GraphModule& m = *dump.graph(at.graph).module;
    const Node& n = m.body(at.body).node(at.node);
    const Source* s = m.source(n.source);
    return {m, n, m.type(n.type), s && s->has_place() ? s : nullptr};
}

std::string address(const Dump& dump, const Place& at) {
    return utf8(address_of(dump, at.graph, at.body, at.node));
}

std::string dtype_of(const ValueFacts& f) {
    if (!f.type || f.type->kind != TypeKind::Tensor)
        return {};
    const std::string_view abbreviation = f.module.text(f.type->dtype);
    const DType* dtype = dtype_by_abbreviation(abbreviation);
    return std::string(dtype ? dtype->name : abbreviation);
}

// The name of what is alive anyway; empty where no record tells it.
InputName name_of(InputNames& names, const KeptValue& v) {
    return v.alive_anyway ? names.together(v.at.graph, v.inputs) : InputName();
}

Json value_json(const Dump& dump, InputNames& names, const KeptValue& v) {
    const ValueFacts f = facts_of(dump, v.at);
    Json shape = nullptr, source = nullptr;
    if (f.type && f.type->kind == TypeKind::Tensor) {
        shape = Json::array();
        for (const StringId d : f.module.shape(*f.type))
            shape.push_back(utf8(f.module.text(d)));
    }
    if (f.source)
        source = {{"file", utf8(f.module.text(f.source->file))}, {"line", f.source->line}};
    const std::string dtype = dtype_of(f);
    return {{"at", address(dump, v.at)}, {"region", v.region.empty() ? Json(nullptr) : Json(utf8(v.region))},
        {"dtype", dtype.empty() ? Json(nullptr) : Json(utf8(dtype))}, {"shape", std::move(shape)},
        {"bytes", v.bytes ? Json(*v.bytes) : Json(nullptr)}, {"alive_anyway", v.alive_anyway},
        {"alias_of", v.alias_of.graph ? Json(address(dump, v.alias_of)) : Json(nullptr)},
        {"why", utf8(v.why)}, {"recomputable", v.recomputable}, {"times", v.times}, {"counted", v.counted},
        {"counted_with", v.counted_with.graph ? Json(address(dump, v.counted_with)) : Json(nullptr)},
        {"source", std::move(source)},
        {"target", utf8(f.node.op == Opcode::Placeholder ? "placeholder" : short_target(f.module, f.node))},
        {"input", input_json(dump, names, name_of(names, v))}};
}

Json report_json(const Dump& dump, const MemoryReport& report) {
    Json saved = Json::array(), again = Json::array(), tags = Json::array(), untagged = Json::array();
    for (const TaggedValue& t : report.against_tags)
        tags.push_back({{"at", address(dump, t.at)}, {"tag", t.tag}, {"saved", t.saved}});
    for (const Place& body : report.untagged_bodies)
        untagged.push_back(utf8(address_of(dump, body.graph, body.body)));
    InputNames names(dump);
    for (const KeptValue& v : report.saved)
        saved.push_back(value_json(dump, names, v));
    for (const Recomputed& r : report.recomputed)
        again.push_back({{"at", address(dump, r.at)}, {"target", utf8(r.target)}, {"times", r.times}});
    const Compilation& c = dump.compilation(report.compilation);
    return {{"rank", c.key.rank ? Json(*c.key.rank) : Json(nullptr)}, {"id", utf8(c.key.id)},
        {"saved", std::move(saved)},
        {"totals",
            {{"kept_bytes", report.kept_bytes}, {"alive_bytes", report.alive_bytes},
                {"kept_values", report.kept_values}, {"unknown_sizes", report.unknown_sizes}}},
        {"recomputed", std::move(again)}, {"forward", utf8(address_of(dump, report.forward.graph))},
        {"backward", utf8(address_of(dump, report.backward.graph))}, {"against_tags", std::move(tags)},
        {"untagged_bodies", std::move(untagged)}};
}

std::string size_text(std::optional<int64_t> bytes) {
    return bytes ? format_bytes(static_cast<uint64_t>(*bytes)) : "unknown size";
}

// What a value is: where, its type, operator, line, and the input that it is a view of.
std::string value_text(const Dump& dump, InputNames& names, const KeptValue& v) {
    const ValueFacts f = facts_of(dump, v.at);
    std::string out = address(dump, v.at);
    if (f.type)
        out += "  " + utf8(short_type(f.module, *f.type));
    if (f.node.op != Opcode::Placeholder)
        out += "  " + utf8(short_target(f.module, f.node));
    if (f.source) {
        const std::string_view file = f.module.text(f.source->file);
        out += "  " + utf8(file.substr(file.rfind('/') + 1)) + ':' + std::to_string(f.source->line);
    }
    const InputName name = name_of(names, v);
    if (name.known()) {
        const bool view = f.node.op != Opcode::Placeholder;
        out += "  " + std::string(view ? "a view of " : "") + utf8(name.text());
        if (name.kind() == InputKind::Parameter || name.kind() == InputKind::Buffer)
            out += ", a " + std::string(input_kind_name(name.kind()));
    }
    return out;
}

// Where not each of its values is a storage of its own: whose storages count elsewhere.
std::string counted_text(const Dump& dump, const MemoryReport& report, const KeptValue& v) {
    if (v.counted == v.times)
        return {};
    // A value that is made in the forward and handed over by a region alone has no row of its own.
    const bool has_row = std::any_of(report.saved.begin(), report.saved.end(),
        [&](const KeptValue& other) { return other.at == v.counted_with && other.counted > 0; });
    const auto storage = std::find_if(report.storages.begin(), report.storages.end(),
        [&](const KeptStorage& s) { return s.made == v.counted_with; });
    std::string where = "there";
    if (!has_row && storage != report.storages.end()) {
        const KeptValue& row = report.saved[storage->row];
        where = &row == &v
            ? "once"
            : "with " + (row.at == v.at ? "the call that hands it over first" : address(dump, row.at));
    }
    const std::string with = v.counted_with == v.at
        ? "counted once"
        : "in the storage of " + address(dump, v.counted_with) + ", counted " + where;
    if (v.counted == 0)
        return v.times == 1 ? with : "all " + std::to_string(v.times) + ' ' + with;
    return std::to_string(v.times - v.counted) + " of them " + with;
}

void print_report(const Dump& dump, const MemoryReport& report) {
    const Compilation& c = dump.compilation(report.compilation);
    std::string kept = size_text(report.kept_bytes);
    if (report.kept_bytes >= 1024) // rounded
        kept += " (" + std::to_string(report.kept_bytes) + " bytes)";
    InputNames names(dump);
    std::vector<const KeptValue*> by_bytes;
    for (const KeptValue& v : report.saved)
        by_bytes.push_back(&v);
    std::stable_sort(by_bytes.begin(), by_bytes.end(), [](const KeptValue* x, const KeptValue* y) {
        return x->bytes.value_or(0) * x->times > y->bytes.value_or(0) * y->times;
    });
    std::printf("%s%s  %s keeps %s in %s for %s; %s of what it hands over is alive anyway%s\n",
        c.key.rank ? ("rank " + std::to_string(*c.key.rank) + "  ").c_str() : "", utf8(c.key.id).c_str(),
        utf8(address_of(dump, report.forward.graph)).c_str(), kept.c_str(),
        counted(static_cast<uint64_t>(report.kept_values), "storage").c_str(),
        utf8(address_of(dump, report.backward.graph)).c_str(), size_text(report.alive_bytes).c_str(),
        report.unknown_sizes ? (", and " + std::to_string(report.unknown_sizes) + " of unknown size").c_str()
                             : "");
    for (const bool alive : {false, true}) {
        bool first = true;
        for (const KeptValue* at : by_bytes) {
            const KeptValue& v = *at;
            if (v.alive_anyway != alive)
                continue;
            if (first)
                std::printf("  %s\n",
                    alive ? "alive anyway: inputs and parameters, and views of them"
                          : "kept for the backward");
            first = false;
            std::printf(
                "    %d × %s  %s\n", v.times, size_text(v.bytes).c_str(), value_text(dump, names, v).c_str());
            if (!alive)
                std::printf("        %s%s\n", utf8(v.why).c_str(),
                    v.recomputable ? "; cheap to compute again from what else is there" : "");
            if (const std::string counted = counted_text(dump, report, v); !counted.empty())
                std::printf("        %s\n", counted.c_str());
        }
    }
    for (const TaggedValue& t : report.against_tags)
        std::printf("  tagged %s, and %s: %s\n", t.tag.c_str(),
            t.saved ? "saved" : "computed again by the backward", address(dump, t.at).c_str());
    for (const Place& body : report.untagged_bodies)
        std::printf("  no value in %s is tagged, its call is: checkpointing's policy saw the region as one "
                    "operator\n",
            utf8(address_of(dump, body.graph, body.body)).c_str());
    if (report.recomputed.empty())
        return;
    std::printf("  computed again by the backward: %s\n", counted(report.recomputed.size(), "node").c_str());
    for (const Recomputed& r : report.recomputed)
        std::printf("    %d × %s  %s\n", r.times, address(dump, r.at).c_str(), utf8(r.target).c_str());
}

// A value stands for its group: `times` and `bytes` are of all of it.
Json group_json(const Dump& dump, InputNames& names, const StorageGroup& group) {
    if (!group.shown)
        return nullptr;
    Json out = value_json(dump, names, *group.shown);
    out["times"] = group.times;
    out["total_bytes"] = group.bytes;
    out["unknown_sizes"] = group.unknown_sizes;
    return out;
}

Json diff_json(const Dump& a, const Dump& b, const std::vector<MemoryDiff>& diffs) {
    Json out = Json::array();
    InputNames names_a(a), names_b(b);
    for (const MemoryDiff& d : diffs) {
        Json changes = Json::array();
        for (const MemoryChange& c : d.changes)
            changes.push_back({{"a", group_json(a, names_a, c.a)}, {"b", group_json(b, names_b, c.b)},
                {"fields", c.fields}});
        out.push_back({{"kept_bytes_a", d.a ? Json(d.kept_bytes_a) : Json(nullptr)},
            {"kept_bytes_b", d.b ? Json(d.kept_bytes_b) : Json(nullptr)},
            {"alive_bytes_a", d.a ? Json(d.alive_bytes_a) : Json(nullptr)},
            {"alive_bytes_b", d.b ? Json(d.alive_bytes_b) : Json(nullptr)}, {"same", d.same},
            {"changes", std::move(changes)}});
    }
    return out;
}

std::string group_text(const Dump& dump, InputNames& names, const StorageGroup& group) {
    std::string size = size_text(group.bytes);
    if (group.unknown_sizes)
        size = group.bytes ? size + " and " + std::to_string(group.unknown_sizes) + " of unknown size"
                           : "unknown size";
    return counted(static_cast<uint64_t>(group.times), "storage") + ", " + size + "  "
        + value_text(dump, names, *group.shown) + (group.times > 1 ? "  and like it" : "");
}

void print_diff(const Dump& a, const Dump& b, const std::vector<MemoryDiff>& diffs) {
    InputNames names_a(a), names_b(b);
    for (const MemoryDiff& d : diffs) {
        const auto side = [](bool there, int64_t kept, int64_t alive) {
            return there ? size_text(kept) + " kept, " + size_text(alive) + " alive anyway"
                         : "no such compilation";
        };
        std::printf("here: %s; there: %s; %s the same\n",
            side(d.a != nullptr, d.kept_bytes_a, d.alive_bytes_a).c_str(),
            side(d.b != nullptr, d.kept_bytes_b, d.alive_bytes_b).c_str(),
            counted(static_cast<uint64_t>(d.same), "storage").c_str());
        for (const MemoryChange& c : d.changes) {
            if (!c.b.shown)
                std::printf("  only here   %s\n", group_text(a, names_a, c.a).c_str());
            else if (!c.a.shown)
                std::printf("  only there  %s\n", group_text(b, names_b, c.b).c_str());
            else {
                std::string fields;
                for (const std::string& f : c.fields)
                    fields += (fields.empty() ? "" : ", ") + f;
                std::printf("  %s differ\n    here   %s\n    there  %s\n", fields.c_str(),
                    group_text(a, names_a, c.a).c_str(), group_text(b, names_b, c.b).c_str());
            }
        }
    }
}

int run_memory(const Words& words) {
    const auto dump = open(words.paths);
    if (!dump)
        return fail(dump.error());
    Result<Dump> other = Dump();
    if (!words.others.empty())
        other = open(words.others);
    if (!other)
        return fail(other.error());
    const std::vector<MemoryReport> reports = reports_of(*dump);
    Json document{{"compilations", Json::array()}, {"problems", problems_json(*dump, dump->problems)}};
    for (const MemoryReport& r : reports)
        if (words.json)
            document["compilations"].push_back(report_json(*dump, r));
        else
            print_report(*dump, r);
    if (reports.empty() && !words.json)
        std::printf("no compilation of this dump has a forward and a backward graph\n");
    bool same = true;
    if (!words.others.empty()) {
        const std::vector<MemoryReport> others = reports_of(*other);
        const std::vector<MemoryDiff> diffs = diff_memories(*dump, reports, *other, others);
        for (const MemoryDiff& d : diffs)
            same = same && d.a && d.b && d.changes.empty();
        if (words.json)
            document["other"] = diff_json(*dump, *other, diffs);
        else
            print_diff(*dump, *other, diffs);
    }
    if (words.json)
        print_json(document);
    return same ? kDone : kDiffers;
}

} // namespace

void add_memory(CLI::App& app, Action& action) {
    auto* command = app.add_subcommand(
        "memory", "What the forward keeps for the backward, and what of that is alive anyway");
    static Words words;
    add_dumps(*command, words.paths);
    command->add_option("--other", words.others,
        "Another dump (several paths: evidence of one run): what it keeps more or less; exit status 1 if "
        "they differ");
    command->add_flag("--json", words.json, "Print one JSON document");
    command->callback([&action] { action = [] { return run_memory(words); }; });
}

} // namespace hopscope::cli
