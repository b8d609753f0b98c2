#include "core/diff/memories.h"

#include "core/regions/input_names.h"

#include <algorithm>
#include <map>

namespace hopscope {

namespace {

struct Facts {
    std::string name, dtype, shape, target, place;
    std::string whose; // alive anyway: the name of the parameter or input whose storage it is
};

Facts facts_of(const Dump& dump, InputNames& names, const KeptValue& value) {
    const GraphModule& m = *dump.graph(value.at.graph).module;
    const Node& n = m.body(value.at.body).node(value.at.node);
    Facts f;
    f.name = m.text(n.name);
    if (const ValueType* type = m.type(n.type)) {
        f.dtype = m.text(type->dtype);
        for (const StringId d : m.shape(*type))
            f.shape += std::string(m.text(d)) + ' ';
    }
    f.target = n.op == Opcode::Placeholder ? "placeholder" : std::string(short_target(m, n));
    if (value.alive_anyway)
        f.whose = names.together(value.at.graph, value.inputs).text();
    if (const Source* s = m.source(n.source); s && s->has_place()) {
        const std::string_view file = m.text(s->file);
        f.place = std::string(file.substr(file.rfind('/') + 1)) + ':' + std::to_string(s->line);
    }
    return f;
}

// What two values may have in common, from all to the producer alone. What is alive anyway goes by whose
// storage it is. Several of one operator and line are told apart by type and name first; a value without a
// line of the program (an input) has only these. Last, another version may compute the same line by another
// operator.
enum Common { kWhoseAndType, kWhose, kNameAndType, kType, kName, kProducer, kLineAndType, kCommonCount };

std::string key_of(const Facts& f, bool region, Common common) {
    if (common == kWhoseAndType || common == kWhose)
        return f.whose.empty() ? std::string()
                               : f.whose + (common == kWhose ? "" : '\n' + f.dtype + ' ' + f.shape);
    if ((common == kProducer || common == kLineAndType) && f.place.empty())
        return {};
    if (common == kLineAndType)
        return f.place + '\n' + (region ? "region" : "root") + '\n' + f.dtype + ' ' + f.shape;
    std::string key = f.target + '\n' + f.place + '\n' + (region ? "region" : "root");
    if (common == kNameAndType || common == kType)
        key += '\n' + f.dtype + ' ' + f.shape;
    if (common == kNameAndType || common == kName)
        key += '\n' + f.name;
    return key;
}

std::vector<Facts> all_facts(const Dump& dump, const MemoryReport* report) {
    std::vector<Facts> out;
    InputNames names(dump);
    if (report)
        for (const KeptValue& v : report->saved)
            out.push_back(facts_of(dump, names, v));
    return out;
}

// By value of a, the one of b that stands for it; -1: none.
std::vector<int> pair_values(const MemoryReport& a, const std::vector<Facts>& facts_a, const MemoryReport& b,
    const std::vector<Facts>& facts_b) {
    std::vector<int> to_b(a.saved.size(), -1);
    std::vector<char> taken(b.saved.size(), 0);
    for (int common = 0; common < kCommonCount; ++common) {
        std::map<std::string, std::vector<size_t>> free; // last first
        for (size_t k = b.saved.size(); k-- > 0;)
            if (!taken[k])
                free[key_of(facts_b[k], !b.saved[k].region.empty(), Common(common))].push_back(k);
        for (size_t i = 0; i < a.saved.size(); ++i) {
            const std::string key = key_of(facts_a[i], !a.saved[i].region.empty(), Common(common));
            const auto at = free.find(key);
            if (to_b[i] >= 0 || key.empty() || at == free.end() || at->second.empty())
                continue;
            to_b[i] = static_cast<int>(at->second.back());
            taken[at->second.back()] = 1;
            at->second.pop_back();
        }
    }
    return to_b;
}

int64_t weight(const KeptValue* v) {
    return v ? v->bytes.value_or(0) * v->times : 0;
}

std::vector<std::string> fields_of(const KeptValue& a, const Facts& f, const KeptValue& b, const Facts& g) {
    std::vector<std::string> fields;
    const auto note = [&](bool same, const char* name) {
        if (!same)
            fields.emplace_back(name);
    };
    note(f.target == g.target, "operator");
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
        const std::vector<Facts> facts_a = all_facts(dump_a, diff.a), facts_b = all_facts(dump_b, diff.b);
        const std::vector<int> to_b = diff.a && diff.b
            ? pair_values(*diff.a, facts_a, *diff.b, facts_b)
            : std::vector<int>(diff.a ? diff.a->saved.size() : 0, -1);
        std::vector<char> paired(diff.b ? diff.b->saved.size() : 0, 0);
        for (size_t k = 0; k < to_b.size(); ++k) {
            const KeptValue& value = diff.a->saved[k];
            if (to_b[k] < 0) {
                diff.changes.push_back({&value, nullptr, {}});
                continue;
            }
            const auto place = static_cast<size_t>(to_b[k]);
            const KeptValue& other = diff.b->saved[place];
            paired[place] = 1;
            if (auto fields = fields_of(value, facts_a[k], other, facts_b[place]); !fields.empty())
                diff.changes.push_back({&value, &other, std::move(fields)});
        }
        for (size_t k = 0; k < paired.size(); ++k)
            if (!paired[k])
                diff.changes.push_back({nullptr, &diff.b->saved[k], {}});
        std::stable_sort(
            diff.changes.begin(), diff.changes.end(), [](const MemoryChange& x, const MemoryChange& y) {
                return std::max(weight(x.a), weight(x.b)) > std::max(weight(y.a), weight(y.b));
            });
    }
    return out;
}

} // namespace hopscope
