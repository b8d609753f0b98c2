#include "core/diff/memories.h"

#include <algorithm>
#include <map>
#include <tuple>

namespace hopscope {

namespace {

struct Facts {
    std::string dtype, shape, target, place;
};

Facts facts_of(const Dump& dump, const KeptValue& value) {
    const GraphModule& m = *dump.graph(value.at.graph).module;
    const Node& n = m.body(value.at.body).node(value.at.node);
    Facts f;
    if (const ValueType* type = m.type(n.type)) {
        f.dtype = m.text(type->dtype);
        for (const StringId d : m.shape(*type))
            f.shape += std::string(m.text(d)) + ' ';
    }
    f.target = n.op == Opcode::Placeholder ? "placeholder" : std::string(short_target(m, n));
    if (const Source* s = m.source(n.source); s && s->has_place()) {
        const std::string_view file = m.text(s->file);
        f.place = std::string(file.substr(file.rfind('/') + 1)) + ':' + std::to_string(s->line);
    }
    return f;
}

using Key =
    std::tuple<std::string, std::string, bool, int>; // target, place, of a region, which of equal ones

std::vector<std::pair<Key, const KeptValue*>> keyed(const Dump& dump, const MemoryReport& report) {
    std::map<std::tuple<std::string, std::string, bool>, int> next;
    std::vector<std::pair<Key, const KeptValue*>> out;
    for (const KeptValue& value : report.saved) {
        const Facts f = facts_of(dump, value);
        const bool region = !value.region.empty();
        out.emplace_back(Key{f.target, f.place, region, next[{f.target, f.place, region}]++}, &value);
    }
    return out;
}

std::vector<std::string> fields_of(
    const Dump& dump_a, const KeptValue& a, const Dump& dump_b, const KeptValue& b) {
    const Facts f = facts_of(dump_a, a), g = facts_of(dump_b, b);
    std::vector<std::string> fields;
    const auto note = [&](bool same, const char* name) {
        if (!same)
            fields.emplace_back(name);
    };
    note(f.dtype == g.dtype, "dtype");
    note(f.shape == g.shape, "shape");
    note(a.bytes == b.bytes, "bytes");
    note(a.times == b.times, "times");
    note(a.alive_anyway == b.alive_anyway, "alive_anyway");
    return fields;
}

} // namespace

std::vector<MemoryDiff> diff_memories(const Dump& dump_a, const std::vector<MemoryReport>& a,
    const Dump& dump_b, const std::vector<MemoryReport>& b) {
    std::vector<MemoryDiff> out;
    for (size_t i = 0; i < std::max(a.size(), b.size()); ++i) {
        MemoryDiff& diff = out.emplace_back();
        diff.a = i < a.size() ? &a[i] : nullptr;
        diff.b = i < b.size() ? &b[i] : nullptr;
        diff.kept_bytes_a = diff.a ? diff.a->kept_bytes : 0;
        diff.kept_bytes_b = diff.b ? diff.b->kept_bytes : 0;
        std::map<Key, const KeptValue*> others;
        std::vector<std::pair<Key, const KeptValue*>> theirs;
        if (diff.b)
            theirs = keyed(dump_b, *diff.b);
        others.insert(theirs.begin(), theirs.end());
        if (diff.a)
            for (const auto& [key, value] : keyed(dump_a, *diff.a)) {
                const auto other = others.find(key);
                if (other == others.end()) {
                    diff.changes.push_back({value, nullptr, {}});
                    continue;
                }
                auto fields = fields_of(dump_a, *value, dump_b, *other->second);
                if (!fields.empty())
                    diff.changes.push_back({value, other->second, std::move(fields)});
                others.erase(other);
            }
        for (const auto& [key, value] : theirs)
            if (others.count(key))
                diff.changes.push_back({nullptr, value, {}});
    }
    return out;
}

} // namespace hopscope
