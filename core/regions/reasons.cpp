#include "core/regions/build.h"
#include "core/regions/exporting.h"

#include <algorithm>

namespace hopscope::regions {

namespace {

using Kind = ReuseMessage::Kind;

std::string first_line(const std::string& text) {
    return text.substr(0, text.find('\n'));
}

// "guard_source_name: L['x'].eps" of a message's further lines.
std::string field(const std::string& text, std::string_view name) {
    const size_t at = text.find(name);
    if (at == std::string::npos)
        return {};
    const size_t from = at + name.size();
    std::string value = text.substr(from, text.find('\n', from) - from);
    while (!value.empty() && value.front() == ' ')
        value.erase(0, 1);
    return value;
}

std::string reason_of(const ReuseMessage& m) {
    const std::string expected = field(m.detail, "expected:");
    if (!expected.empty())
        return "guard on " + field(m.detail, "guard source name:") + " expected " + expected + ", got "
            + field(m.detail, "got:");
    return first_line(m.detail);
}

std::string dims(const GraphModule& module, std::span<const StringId> ids) {
    std::string out = "("; // as core/match writes them
    for (const StringId id : ids)
        out += (out.size() > 1 ? ", " : "") + std::string(module.text(id));
    return out + (ids.size() == 1 ? ",)" : ")");
}

bool same(const GraphModule& m, std::span<const StringId> a, std::span<const StringId> b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
        [&](StringId x, StringId y) { return m.text(x) == m.text(y); });
}

// How an operand differs from the placeholder it would have to fit; empty = it does not, as far as types
// tell.
std::string difference(const GraphModule& m, const ValueType* found, const ValueType* expected) {
    if (!found || !expected || found->text == expected->text)
        return {};
    if (found->kind != TypeKind::Tensor || expected->kind != TypeKind::Tensor)
        return std::string(m.text(found->text)) + ", not " + std::string(m.text(expected->text));
    if (found->dtype != expected->dtype)
        return "dtype " + std::string(m.text(found->dtype)) + ", not " + std::string(m.text(expected->dtype));
    if (!same(m, m.shape(*found), m.shape(*expected)))
        return "shape " + dims(m, m.shape(*found)) + ", not " + dims(m, m.shape(*expected));
    if (!same(m, m.stride(*found), m.stride(*expected)))
        return "stride " + dims(m, m.stride(*found)) + ", not " + dims(m, m.stride(*expected));
    if (found->device != expected->device)
        return "device " + std::string(m.text(found->device)) + ", not "
            + std::string(m.text(expected->device));
    return {};
}

// "operand 0 has shape (2, 8), not (4, 8) as in subgraph_0", against the body that came first of the same
// code.
std::string from_graph(const Dump& dump, const GraphCall& call, GraphId graph, const GraphCall& older) {
    const GraphModule& m = *dump.graph(graph).module;
    if (!older.call.body)
        return {};
    const Body& caller = m.body(call.scope);
    const Body& callee = m.body(older.call.body);
    if (call.call.operands.size() != callee.placeholder_count())
        return std::to_string(call.call.operands.size()) + " operands, not "
            + std::to_string(callee.placeholder_count()) + " as in " + std::string(older.region);
    for (size_t i = 0; i < call.call.operands.size(); ++i) {
        const NodeId operand = call.call.operands[i];
        if (!operand)
            continue;
        const std::string d = difference(m, m.type(caller.node(operand).type), m.type(callee.nodes[i].type));
        if (!d.empty())
            return "operand " + std::to_string(i) + " has " + d + " as in " + std::string(older.region);
    }
    return {};
}

} // namespace

void explain_reasons(const Dump& dump, CompilationLedger& ledger, const std::vector<Row>& rows) {
    for (size_t i = 0; i < rows.size(); ++i) {
        Invocation& inv = ledger.invocations[i];
        const bool again = inv.decision == Decision::RetracedNew || inv.decision == Decision::RetracedSame;
        if (!inv.reason.empty() || (!again && !find_message(inv, Kind::NotEligible)))
            continue;
        std::vector<std::string> parts;
        for (const ReuseMessage& m : inv.messages) {
            std::string part;
            if (m.kind == Kind::ReuseFailed)
                part = reason_of(m);
            else if (m.kind == Kind::NotEligible)
                part = "not eligible: " + first_line(m.detail);
            if (!part.empty() && std::find(parts.begin(), parts.end(), part) == parts.end())
                parts.push_back(part);
        }
        // The log says that metadata differs, never which; the graph shows it.
        if (inv.decision == Decision::RetracedNew && rows[i].call && inv.call(CallSite::Dynamo).graph)
            for (size_t k = 0; k < i; ++k)
                if (rows[k].call && rows[k].code == rows[i].code
                    && rows[k].call->region != rows[i].call->region) {
                    const std::string part =
                        from_graph(dump, *rows[i].call, inv.call(CallSite::Dynamo).graph, *rows[k].call);
                    if (!part.empty())
                        parts.insert(parts.begin(), part);
                    break;
                }
        const Opening* o = rows[i].opening;
        if (parts.empty() && inv.messages.empty() && o && o->trace && !o->lookup && !o->hash)
            parts.emplace_back(exported_strictly(dump, ledger.compilation)
                    ? "torch.export looks no body up: each call is traced"
                    : "traced without a lookup: the calls of this region are not eligible for reuse");
        for (const std::string& part : parts)
            inv.reason += (inv.reason.empty() ? "" : "; ") + part;
    }
}

} // namespace hopscope::regions
