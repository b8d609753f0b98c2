#include "core/diff/memories.h"

#include "core/graph/calls.h"
#include "core/match/literals.h"
#include "core/regions/input_names.h"

#include <algorithm>
#include <array>
#include <map>

namespace hopscope {

namespace {

struct Group : StorageGroup {
    bool alive = false;
    std::string whose; // alive anyway: the inputs' name, indices as '#'; empty where no record tells it
    std::string target, dtype, shape;
    std::string line, code; // "model.py:26" and what stands there; empty where the graph does not tell it
};

std::string whose_of(InputNames& names, const Place& input) {
    return match::without_indices(names.together(input.graph, {input.node}).text());
}

Group group_of(const Dump& dump, InputNames& names, const MemoryReport& report, const KeptStorage& storage) {
    const GraphModule& m = *dump.graph(storage.made.graph).module;
    const Node& n = m.body(storage.made.body).node(storage.made.node);
    Group g;
    g.shown = &report.saved[storage.row];
    g.times = storage.times;
    g.bytes = storage.bytes.value_or(0) * storage.times;
    g.unknown_sizes = storage.bytes ? 0 : storage.times;
    g.alive = storage.alive_anyway;
    if (const ValueType* type = m.type(n.type)) {
        g.dtype = m.text(type->dtype);
        for (const StringId d : m.shape(*type))
            g.shape += std::string(m.text(d)) + ' ';
    }
    g.target = n.op == Opcode::Placeholder ? "placeholder" : std::string(short_target(m, n));
    if (g.alive && n.op == Opcode::Placeholder)
        g.whose = whose_of(names, storage.made);
    if (const Source* s = m.source(n.source); s && s->has_place()) {
        const std::string_view file = m.text(s->file);
        const std::string name(file.substr(file.rfind('/') + 1));
        g.line = name + ':' + std::to_string(s->line);
        g.code = name + ' ' + std::string(m.text(s->code));
    }
    return g;
}

// What two groups may have in common, from all to little.
enum Common { kAll, kText, kTypeOnly, kAnyDType, kAnyShape, kLineAndType, kCodeAndType, kCommonCount };

// Empty: they cannot be alike in that.
std::string key_of(const Group& g, Common common) {
    const std::string type = g.dtype + ' ' + g.shape;
    const auto key = [](std::initializer_list<std::string_view> parts) {
        std::string out;
        for (const std::string_view part : parts)
            out += std::string(part) + '\n';
        return out;
    };
    if (g.alive) {
        // An input is the same whatever its type has become.
        if (!g.whose.empty())
            return common == kAll ? key({"alive", g.whose, type}) : key({"alive", g.whose});
        return common == kAll || common == kTypeOnly ? key({"alive", g.target, type}) : std::string();
    }
    switch (common) {
    case kAll:
        return key({g.target, type, g.line, g.code});
    case kText:
        return g.code.empty() ? std::string() : key({g.target, type, g.code});
    case kTypeOnly:
        return key({g.target, type});
    case kAnyDType:
        return g.code.empty() ? key({g.target, g.shape}) : key({g.target, g.shape, g.code});
    case kAnyShape:
        return g.code.empty() ? std::string() : key({g.target, g.code});
    case kLineAndType:
        return g.line.empty() ? std::string() : key({type, g.line});
    case kCodeAndType:
        return g.code.empty() ? std::string() : key({type, g.code});
    case kCommonCount:
        break;
    }
    return {};
}

// Storages of one kind in one group, in the order in which the forward hands them over.
std::vector<Group> groups_of(const Dump& dump, const MemoryReport* report) {
    std::vector<Group> out;
    if (!report)
        return out;
    InputNames names(dump);
    std::map<std::string, size_t> known;
    for (const KeptStorage& storage : report->storages) {
        Group g = group_of(dump, names, *report, storage);
        const auto [at, is_new] = known.try_emplace(key_of(g, kAll), out.size());
        if (is_new) {
            out.push_back(std::move(g));
            continue;
        }
        Group& same = out[at->second];
        same.times += g.times;
        same.bytes += g.bytes;
        same.unknown_sizes += g.unknown_sizes;
    }
    return out;
}

// By group of a, the one of b that stands for it; none where nothing does.
std::vector<std::optional<size_t>> pair_groups(const std::vector<Group>& a, const std::vector<Group>& b) {
    std::vector<std::optional<size_t>> to_b(a.size());
    std::vector<char> taken(b.size(), 0);
    for (int common = 0; common < kCommonCount; ++common) {
        std::map<std::string, std::vector<size_t>> free; // last first
        for (size_t k = b.size(); k-- > 0;)
            if (!taken[k])
                free[key_of(b[k], Common(common))].push_back(k);
        for (size_t i = 0; i < a.size(); ++i) {
            const std::string key = to_b[i] ? std::string() : key_of(a[i], Common(common));
            const auto at = key.empty() ? free.end() : free.find(key);
            if (at == free.end() || at->second.empty())
                continue;
            to_b[i] = at->second.back();
            taken[at->second.back()] = 1;
            at->second.pop_back();
        }
    }
    return to_b;
}

std::vector<std::string> fields_of(const Group& a, const Group& b) {
    std::vector<std::string> fields;
    const auto note = [&](bool same, const char* name) {
        if (!same)
            fields.emplace_back(name);
    };
    note(a.target == b.target, "operator");
    note(a.dtype == b.dtype, "dtype");
    note(a.shape == b.shape, "shape");
    note(a.bytes == b.bytes && a.unknown_sizes == b.unknown_sizes, "bytes");
    note(a.times == b.times, "times");
    return fields;
}

MemoryDiff compare(const MemoryReport* a, const std::vector<Group>& left, const MemoryReport* b,
    const std::vector<Group>& right) {
    MemoryDiff diff;
    diff.a = a;
    diff.b = b;
    diff.kept_bytes_a = a ? a->kept_bytes : 0;
    diff.kept_bytes_b = b ? b->kept_bytes : 0;
    diff.alive_bytes_a = a ? a->alive_bytes : 0;
    diff.alive_bytes_b = b ? b->alive_bytes : 0;
    const auto to_b = pair_groups(left, right);
    std::vector<char> paired(right.size(), 0);
    for (size_t i = 0; i < left.size(); ++i) {
        if (!to_b[i]) {
            diff.changes.push_back({left[i], {}, {}});
            continue;
        }
        paired[*to_b[i]] = 1;
        const Group& other = right[*to_b[i]];
        if (auto fields = fields_of(left[i], other); !fields.empty())
            diff.changes.push_back({left[i], other, std::move(fields)});
        else
            diff.same += left[i].times;
    }
    for (size_t k = 0; k < right.size(); ++k)
        if (!paired[k])
            diff.changes.push_back({{}, right[k], {}});
    std::stable_sort(
        diff.changes.begin(), diff.changes.end(), [](const MemoryChange& x, const MemoryChange& y) {
            return std::max(x.a.bytes, x.b.bytes) > std::max(y.a.bytes, y.b.bytes);
        });
    return diff;
}

} // namespace

std::vector<MemoryDiff> diff_memories(const Dump& dump_a, const std::vector<MemoryReport>& a,
    const Dump& dump_b, const std::vector<MemoryReport>& b) {
    std::vector<MemoryDiff> out;
    for (size_t i = 0; i < std::max(a.size(), b.size()); ++i) {
        const MemoryReport* left = i < a.size() ? &a[i] : nullptr;
        const MemoryReport* right = i < b.size() ? &b[i] : nullptr;
        out.push_back(compare(left, groups_of(dump_a, left), right, groups_of(dump_b, right)));
    }
    return out;
}

} // namespace hopscope
