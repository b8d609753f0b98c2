#include "core/browse/ledger_rows.h"

#include <array>

namespace hopscope {

namespace {

constexpr std::array<std::string_view, kLedgerFieldCount> kNames{
    "index", "compile", "call_id", "region", "function", "variant", "decision", "reason", "source"};

std::string number(std::optional<int> value) {
    return value ? std::to_string(*value) : "–";
}

} // namespace

std::string_view field_name(LedgerField field) {
    return kNames[size_t(field)];
}

const std::vector<std::string_view>& field_names() {
    static const std::vector<std::string_view> names(kNames.begin(), kNames.end());
    return names;
}

std::string decision_text(const Invocation& invocation) {
    return std::string(decision_label(invocation.decision)) + (invocation.inlined ? ", put inline" : "");
}

std::string compile_label(const Dump& dump, CompilationId id) {
    const CompileKey& key = dump.compilation(id).key;
    std::string label;
    if (key.rank)
        label = "rank " + std::to_string(*key.rank) + " ";
    label += key.id;
    if (key.attempt > 0)
        label += " attempt " + std::to_string(key.attempt);
    return label;
}

std::string source_text(const Dump& dump, const Invocation& invocation) {
    const Source* source = call_source(dump, invocation);
    const GraphId graph = invocation.origin().graph;
    if (!source || !source->has_place() || !graph)
        return {};
    const std::string_view path = dump.graph(graph).module->text(source->file);
    return std::string(path.substr(path.rfind('/') + 1)) + ":" + std::to_string(source->line);
}

std::string code_text(const Dump& dump, const Invocation& invocation) {
    const Source* source = call_source(dump, invocation);
    const GraphId graph = invocation.origin().graph;
    return source && graph ? std::string(dump.graph(graph).module->text(source->code)) : std::string();
}

std::string ledger_text(
    const Dump& dump, const CompilationLedger& ledger, const Invocation& invocation, LedgerField field) {
    const Region* region = invocation.region ? &ledger.regions[invocation.region.index] : nullptr;
    switch (field) {
    case LedgerField::Index:
        return std::to_string(invocation.index);
    case LedgerField::Compile:
        return compile_label(dump, ledger.compilation);
    case LedgerField::CallId:
        return number(invocation.call_id);
    case LedgerField::Region:
        return region ? region->identifier : std::string();
    case LedgerField::Function:
        return region ? region->function : std::string();
    case LedgerField::Variant:
        return invocation.variant ? "v" + std::to_string(*invocation.variant) : "–";
    case LedgerField::Decision:
        // The ledger in text says "inlined"; a filter finds it by either word.
        return decision_text(invocation) + (invocation.inlined ? " (inlined)" : "");
    case LedgerField::Reason:
        return invocation.reason;
    case LedgerField::Source: {
        const std::string place = source_text(dump, invocation), code = code_text(dump, invocation);
        return code.empty() ? place : place + "   " + code;
    }
    }
    return {};
}

FilterRow filter_row(const Dump& dump, const CompilationLedger& ledger, const Invocation& invocation) {
    FilterRow row;
    row.reserve(kLedgerFieldCount);
    for (size_t i = 0; i < kLedgerFieldCount; ++i)
        row.emplace_back(kNames[i], ledger_text(dump, ledger, invocation, LedgerField(i)));
    return row;
}

} // namespace hopscope
