// hopscope regions: the ledger.
#include "app/cli/cli.h"

#include "core/base/text.h"
#include "core/export/ledger_json.h"
#include "core/regions/ledger.h"

#include <algorithm>
#include <array>
#include <cstdio>

namespace hopscope::cli {

namespace {

std::string time_text(double ms, bool there) {
    return there ? format_milliseconds(ms) : "–";
}

// Columns by their widest cell; widths count code points, not bytes.
class Table {
public:
    explicit Table(std::vector<std::string> head) { rows_.push_back(std::move(head)); }
    void add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }

    void print(const std::vector<bool>& right) const {
        std::vector<size_t> widths(rows_.front().size(), 0);
        for (const auto& row : rows_)
            for (size_t i = 0; i < row.size(); ++i)
                widths[i] = std::max(widths[i], length(row[i]));
        for (const auto& row : rows_) {
            std::string line = "  ";
            for (size_t i = 0; i < row.size(); ++i) {
                const std::string gap(widths[i] - length(row[i]), ' ');
                line += right[i] ? gap + row[i] : row[i] + (i + 1 < row.size() ? gap : "");
                line += i + 1 < row.size() ? "  " : "";
            }
            line.erase(line.find_last_not_of(' ') + 1);
            std::printf("%s\n", line.c_str());
        }
    }

private:
    static size_t length(const std::string& text) {
        return static_cast<size_t>(
            std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
    }
    std::vector<std::vector<std::string>> rows_;
};

std::string mark_of(const Invocation& inv) {
    if (inv.inlined)
        return "◌";
    switch (inv.decision) {
    case Decision::Reused:
    case Decision::ReusedByKey:
        return "●";
    case Decision::RetracedSame:
        return "◐";
    case Decision::Failed:
        return "✕";
    case Decision::Unknown:
        return "?";
    default:
        return "○";
    }
}

void print_totals(const Totals& t) {
    std::printf("  %s, %d traced, %d reused",
        counted(static_cast<uint64_t>(t.invocations), "invocation").c_str(), t.traced, t.reused);
    if (t.tracing_ms > 0)
        std::printf("; %s spent tracing", format_milliseconds(t.tracing_ms).c_str());
    if (t.saved_ms > 0)
        std::printf(", %s saved", format_milliseconds(t.saved_ms).c_str());
    if (t.saved_bytes > 0)
        std::printf("; %s saved for backward", format_bytes(static_cast<uint64_t>(t.saved_bytes)).c_str());
    std::printf("\n");
}

void print_ledger(const Dump& dump, const CompilationLedger& ledger) {
    const Compilation& c = dump.compilation(ledger.compilation);
    std::string head = (c.key.rank >= 0 ? "rank " + std::to_string(c.key.rank) + "  " : "") + c.key.id;
    if (c.key.attempt > 0 || !c.last_attempt)
        head += "  attempt " + std::to_string(c.key.attempt) + (c.last_attempt ? "" : ", broken off");
    if (!c.function.empty())
        head += "  " + c.function;
    std::printf("%s\n", utf8(head).c_str());
    if (!c.fail_type.empty())
        std::printf("  failed: %s: %s\n", utf8(c.fail_type).c_str(), utf8(headline(c.fail_reason)).c_str());
    if (ledger.invocations.empty()) {
        std::printf("  no regions\n");
        return;
    }
    print_totals(ledger.totals);
    Table table({"#", "call_id", "region", "function", "decision", "trace", "lookup", "stamp-out", "saved",
        "runs", "source", "reason"});
    for (const Invocation& inv : ledger.invocations) {
        const Region* region = inv.region ? &ledger.regions[inv.region.index] : nullptr;
        const Source* source = call_source(dump, inv);
        std::string place;
        if (source && source->has_place()) {
            const std::string_view file = dump.graph(inv.origin().graph).module->text(source->file);
            place = utf8(file.substr(file.rfind('/') + 1)) + ':' + std::to_string(source->line);
        }
        table.add({std::to_string(inv.index), inv.call_id >= 0 ? std::to_string(inv.call_id) : "–",
            region && !region->identifier.empty() ? utf8(region->identifier) : "–",
            region ? utf8(region->function) : "",
            mark_of(inv) + " " + std::string(decision_label(inv.decision)) + (inv.inlined ? ", inlined" : ""),
            time_text(inv.trace_ms, inv.trace_ms >= 0), time_text(inv.lookup_ms, inv.lookup_ms >= 0),
            time_text(inv.stamp_out_ms, inv.stamp_out_ms >= 0), time_text(inv.saved_ms, inv.saved_ms > 0),
            std::to_string(inv.executions), place, utf8(inv.reason)});
    }
    table.print({true, true, false, false, false, true, true, true, true, true, false, false});
}

int run(const std::vector<std::string>& paths, bool json, bool attempts) {
    auto dump = open(paths);
    if (!dump)
        return fail(dump.error());
    const Ledger ledger = build_ledger(*dump);
    if (json) {
        finish_check(*dump);
        LedgerJsonOptions options;
        options.attempts = attempts;
        print_json(ledger_json(*dump, ledger, options));
        return kDone;
    }
    for (const CompilationLedger& c : ledger.compilations)
        if (attempts || dump->compilation(c.compilation).last_attempt)
            print_ledger(*dump, c);
    for (const Problem& p : ledger.problems)
        std::fprintf(stderr, "%s: %s\n", std::string(severity_name(p.severity)).c_str(), p.message.c_str());
    return kDone;
}

} // namespace

void add_regions(CLI::App& app, Action& action) {
    auto* command = app.add_subcommand(
        "regions", "Print the ledger: every region call, what the caches decided and what it cost or saved");
    static std::vector<std::string> paths;
    static bool json = false;
    static bool attempts = false;
    add_dumps(*command, paths);
    command->add_flag("--json", json, "Print one JSON document");
    command->add_flag("--attempts", attempts, "Show attempts that were broken off too");
    command->callback([&action] { action = [] { return run(paths, json, attempts); }; });
}

} // namespace hopscope::cli
