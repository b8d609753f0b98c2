// hopscope diff without addresses: the ledgers of two dumps.
#include "app/cli/cli.h"

#include "core/base/text.h"
#include "core/diff/ledgers.h"

#include <cmath>
#include <cstdio>

namespace hopscope::cli {

namespace {

using Json = nlohmann::ordered_json;

std::string compilation_name(const Dump& dump, CompilationId id) {
    if (!id)
        return {};
    const CompileKey& key = dump.compilation(id).key;
    return (key.rank ? 'r' + std::to_string(*key.rank) + '/' : "") + key.id;
}

Json text_or_null(const std::string& text) {
    return text.empty() ? Json(nullptr) : Json(utf8(text));
}

Json changes_json(const std::vector<LedgerChange>& changes) {
    Json list = Json::array();
    for (const LedgerChange& c : changes)
        list.push_back({{"field", c.field}, {"a", text_or_null(c.a)}, {"b", text_or_null(c.b)}});
    return list;
}

Json ledgers_json(const Dump& a, const Dump& b, const std::vector<LedgerPair>& pairs) {
    Json list = Json::array();
    for (const LedgerPair& p : pairs) {
        Json rows = Json::array();
        for (const LedgerRow& r : p.rows)
            rows.push_back({{"a", r.a ? Json(*r.a) : Json(nullptr)}, {"b", r.b ? Json(*r.b) : Json(nullptr)},
                {"function", text_or_null(r.function)}, {"fields", changes_json(r.changes)}});
        Json others = Json::array();
        for (const OtherBody& o : p.other_bodies)
            others.push_back({{"a", utf8(address_of(a, o.a.graph, o.a.body))},
                {"b", utf8(address_of(b, o.b.graph, o.b.body))}, {"what", text_or_null(o.what)}});
        list.push_back(
            {{"a", text_or_null(compilation_name(a, p.a))}, {"b", text_or_null(compilation_name(b, p.b))},
                {"in_a", p.in_a}, {"in_b", p.in_b}, {"totals", changes_json(p.totals)},
                {"tracing_ms",
                    {{"a", std::round(p.tracing_ms_a * 1000) / 1000},
                        {"b", std::round(p.tracing_ms_b * 1000) / 1000}}},
                {"same_rows", p.same_rows}, {"rows", std::move(rows)}, {"compared_bodies", p.compared_bodies},
                {"told_less", p.told_less}, {"other_bodies", std::move(others)}});
    }
    return {{"a", utf8(a.name)}, {"b", utf8(b.name)}, {"compilations", std::move(list)}};
}

std::string change(const LedgerChange& c) {
    const auto shown = [](const std::string& text) { return text.empty() ? std::string("none") : text; };
    return c.field + ' ' + shown(c.a) + " → " + shown(c.b);
}

void print_pair(const Dump& a, const Dump& b, const LedgerPair& p) {
    const std::string name_a = compilation_name(a, p.a);
    const std::string name_b = compilation_name(b, p.b);
    if (!p.a || !p.b) {
        std::printf("%s  only in the %s\n", utf8(p.a ? name_a : name_b).c_str(), p.a ? "first" : "second");
        return;
    }
    if (!p.in_a || !p.in_b)
        std::printf("%s  calls no region in the %s; in the other:\n", utf8(p.in_a ? name_b : name_a).c_str(),
            p.in_a ? "second" : "first");
    std::string head = name_a + (name_a == name_b ? "" : " → " + name_b);
    for (const LedgerChange& c : p.totals)
        head += "  " + change(c);
    if (p.tracing_ms_a > 0 && p.tracing_ms_b > 0)
        head += "  (tracing " + format_milliseconds(p.tracing_ms_a) + " → "
            + format_milliseconds(p.tracing_ms_b) + ')';
    std::printf("%s\n  %s the same", utf8(head).c_str(), counted(p.same_rows, "row").c_str());
    if (p.compared_bodies == 0)
        std::printf("; no bodies compared: no call of both has one in the same stage\n");
    else
        std::printf("; %zu of %s of bodies differ%s\n", p.other_bodies.size(),
            counted(p.compared_bodies, "pair").c_str(),
            p.told_less ? (", " + std::to_string(p.told_less) + " more in what only one dump tells").c_str()
                        : "");
    for (const OtherBody& o : p.other_bodies)
        std::printf("  body differs: %s\n      --at %s --with %s shows how\n",
            o.what.empty() ? "in the order of statements or what they write to" : utf8(o.what).c_str(),
            utf8(address_of(a, o.a.graph, o.a.body)).c_str(),
            utf8(address_of(b, o.b.graph, o.b.body)).c_str());
    for (const LedgerRow& r : p.rows) {
        std::string line =
            !r.a ? "+ " + std::to_string(r.b.value_or(0)) : (r.b ? "~ " : "- ") + std::to_string(*r.a);
        if (r.a && r.b && r.a != r.b)
            line += " → " + std::to_string(*r.b);
        line += "  " + r.function;
        for (size_t i = 0; i < r.changes.size(); ++i)
            line += (i ? "; " : "  ") + change(r.changes[i]);
        std::printf("  %s\n", utf8(line).c_str());
    }
}

} // namespace

int diff_ledgers(const Dump& a, const Dump& b, bool json) {
    const auto pairs = compare_ledgers(a, build_ledger(a), b, build_ledger(b));
    bool equal = true;
    for (const LedgerPair& p : pairs)
        equal = equal && p.equal();
    if (json) {
        print_json(ledgers_json(a, b, pairs));
    } else {
        std::printf("--- %s\n+++ %s\n", utf8(a.name).c_str(), utf8(b.name).c_str());
        for (const LedgerPair& p : pairs)
            print_pair(a, b, p);
        if (pairs.empty())
            std::printf("neither has a region\n");
    }
    return equal ? kDone : kDiffers;
}

} // namespace hopscope::cli
