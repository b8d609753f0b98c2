// hopscope regions: the ledger.
#include "app/cli/cli.h"

#include "core/base/text.h"
#include "core/browse/ledger_rows.h"
#include "core/explain/explain.h"
#include "core/explain/lint.h"
#include "core/export/ledger_json.h"
#include "core/graph/problems.h"
#include "core/regions/ledger.h"

#include <algorithm>
#include <cstdio>
#include <functional>
#include <set>

namespace hopscope::cli {

namespace {

std::string time_text(std::optional<double> ms) {
    return ms ? format_milliseconds(*ms) : "–";
}

// Columns by their widest cell; widths count code points, not bytes.
// A column that says nothing ("–" in every row, or a call that runs once) is left out.
class Table {
public:
    explicit Table(std::vector<std::string> head) { rows_.push_back(std::move(head)); }
    void add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }

    // Columns of these heads hold numbers.
    void print(const std::set<std::string_view>& right) const {
        std::vector<size_t> widths(rows_.front().size(), 0);
        std::vector<bool> says(rows_.front().size(), false);
        for (const auto& row : rows_)
            for (size_t i = 0; i < row.size(); ++i) {
                widths[i] = std::max(widths[i], length(row[i]));
                if (&row != &rows_.front())
                    says[i] = says[i] || !says_nothing(rows_.front()[i], row[i]);
            }
        for (const auto& row : rows_) {
            std::string line = "  ";
            for (size_t i = 0; i < row.size(); ++i) {
                if (!says[i])
                    continue;
                const std::string gap(widths[i] - length(row[i]), ' ');
                line +=
                    right.count(rows_.front()[i]) ? gap + row[i] : row[i] + (i + 1 < row.size() ? gap : "");
                line += i + 1 < row.size() ? "  " : "";
            }
            line.erase(line.find_last_not_of(' ') + 1);
            std::printf("%s\n", line.c_str());
        }
    }

private:
    static bool says_nothing(std::string_view head, std::string_view cell) {
        return cell.empty() || cell == "–" || (head == "runs" && cell == "1");
    }
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

// What a cache did in a cell's width: not consulted, not there and unknown are told by `explain`.
std::string cell_text(CacheState state) {
    switch (state) {
    case CacheState::Hit:
        return "hit";
    case CacheState::Miss:
        return "miss";
    case CacheState::Bypass:
        return "bypass";
    case CacheState::Unknown:
        return "?";
    default:
        return "–";
    }
}

std::string one_line(const std::string& text) {
    std::string out = text.substr(0, text.find('\n'));
    return out == text ? out : out + " …";
}

void print_totals(const Totals& t) {
    std::printf("  %s, %d traced, %d reused",
        counted(static_cast<uint64_t>(t.invocations), "invocation").c_str(), t.traced, t.reused);
    if (t.tracing_ms > 0)
        std::printf("; %s spent tracing", format_milliseconds(t.tracing_ms).c_str());
    if (t.saved_ms > 0)
        std::printf(", %s saved", format_milliseconds(t.saved_ms).c_str());
    if (t.saved_bytes > 0)
        std::printf("; %s kept for backward", format_bytes(static_cast<uint64_t>(t.saved_bytes)).c_str());
    std::printf("\n");
}

// Which invocations are shown.
using Where = std::function<bool(const CompilationLedger&, const Invocation&)>;

// Prints a compilation and those of its invocations that fit; gives how many do.
size_t print_ledger(
    const Dump& dump, const Ledger& all, const CompilationLedger& ledger, const Where& where) {
    std::vector<const Invocation*> shown;
    for (const Invocation& inv : ledger.invocations)
        if (!where || where(ledger, inv))
            shown.push_back(&inv);
    if (where && shown.empty())
        return 0;
    const Compilation& c = dump.compilation(ledger.compilation);
    std::string head = (c.key.rank ? "rank " + std::to_string(*c.key.rank) + "  " : "") + c.key.id;
    if (c.key.attempt > 0 || !c.last_attempt)
        head += "  attempt " + std::to_string(c.key.attempt) + (c.last_attempt ? "" : ", broken off");
    if (!c.function.empty())
        head += "  " + c.function;
    std::printf("%s\n", utf8(head).c_str());
    if (!c.fail_type.empty())
        std::printf("  failed: %s: %s\n", utf8(c.fail_type).c_str(), utf8(headline(c.fail_reason)).c_str());
    if (ledger.invocations.empty()) {
        std::printf("  no regions\n");
        return 0;
    }
    const Explanation e = explain(dump, all, ledger.compilation);
    std::printf("  %s\n", utf8(e.headline).c_str());
    print_totals(ledger.totals);
    const bool variants = std::any_of(ledger.regions.begin(), ledger.regions.end(),
        [](const Region& r) { return r.body_count(CallSite::Backward) > 1; });
    Table table({"#", "call_id", "region", "function", "variant", "decision", "reuse", "by key", "structural",
        "proxy", "autograd", "lazy bwd", "effects", "trace", "lookup", "stamp-out", "saved", "runs", "source",
        "reason"});
    for (const Invocation* at : shown) {
        const Invocation& inv = *at;
        const Region* region = inv.region ? &ledger.regions[inv.region.index] : nullptr;
        const Source* source = call_source(dump, inv);
        std::string place;
        if (source && source->has_place()) {
            const std::string_view file = dump.graph(inv.origin().graph).module->text(source->file);
            place = utf8(file.substr(file.rfind('/') + 1)) + ':' + std::to_string(source->line);
        }
        std::vector<std::string> row{std::to_string(inv.index),
            inv.call_id ? std::to_string(*inv.call_id) : "–",
            region && !region->identifier.empty() ? utf8(region->identifier) : "–",
            region ? utf8(region->function) : "",
            variants && inv.variant ? "v" + std::to_string(*inv.variant) : "–",
            mark_of(inv) + " " + std::string(decision_label(inv.decision))
                + (inv.inlined ? ", inlined" : "")};
        for (const CacheCell& cell : e.caches.calls[static_cast<size_t>(inv.index)].cells)
            row.push_back(cell_text(cell.state));
        row.insert(row.end(),
            {time_text(inv.trace_ms), time_text(inv.lookup_ms), time_text(inv.stamp_out_ms),
                inv.saved_ms.value_or(0) > 0 ? time_text(inv.saved_ms) : "–", std::to_string(inv.executions),
                place, utf8(one_line(inv.reason))});
        table.add(std::move(row));
    }
    table.print({"#", "call_id", "trace", "lookup", "stamp-out", "saved", "runs"});
    for (const CacheCell& cell : e.caches.whole)
        if (cell.state != CacheState::NotConsulted && cell.state != CacheState::Unknown)
            std::printf("  %s%s: %s: %s\n", std::string(cache_label(cell.cache)).c_str(),
                cell.half ? *cell.half == Half::Forward ? " of the forward" : " of the backward" : "",
                std::string(cache_state_label(cell.state)).c_str(), utf8(cell.reason).c_str());
    return shown.size();
}

struct Options {
    std::vector<std::string> paths;
    std::string where;
    bool json = false;
    bool attempts = false;
};

int run(const Options& options) {
    const auto filter = Filter::parse(options.where, field_names());
    if (!filter) {
        Error error = filter.error();
        error.message = "in the filter: " + error.message;
        return fail(error);
    }
    auto dump = open(options.paths);
    if (!dump)
        return fail(dump.error());
    const Ledger ledger = build_ledger(*dump);
    Where where;
    if (!filter->empty())
        where = [&](const CompilationLedger& of, const Invocation& invocation) {
            return filter->matches(filter_row(*dump, of, invocation));
        };
    if (options.json) {
        finish_check(*dump);
        LedgerJsonOptions json;
        json.attempts = options.attempts;
        json.where = where;
        print_json(ledger_json(*dump, ledger, json));
        return kDone;
    }
    size_t shown = 0, all = 0;
    for (const CompilationLedger& c : ledger.compilations)
        if (options.attempts || dump->compilation(c.compilation).last_attempt) {
            shown += print_ledger(*dump, ledger, c, where);
            all += c.invocations.size();
        }
    if (where)
        std::fprintf(stderr, "%zu of %s fit\n", shown, counted(all, "invocation").c_str());
    for (const Problem& p : ledger.problems)
        std::fprintf(stderr, "%s: %s\n", std::string(severity_name(p.severity)).c_str(), p.message.c_str());
    if (const ProblemCount faults = count_problems(lint(*dump, ledger)); !faults.none())
        std::fprintf(
            stderr, "%s at the borders of regions: hopscope explain tells them\n", faults.text().c_str());
    return kDone;
}

} // namespace

void add_regions(CLI::App& app, Action& action) {
    auto* command = app.add_subcommand(
        "regions", "Print the ledger: every region call, what the caches decided and what it cost or saved");
    static Options options;
    add_dumps(*command, options.paths);
    command->add_flag("--json", options.json, "Print one JSON document");
    command->add_flag("--attempts", options.attempts, "Show attempts that were broken off too");
    command->add_option("--where", options.where,
        "Only invocations that fit: words, +must, -must-not, FIELD:VALUE, \"two words\", ( … ), as in the "
        "window's ledger");
    command->callback([&action] { action = [] { return run(options); }; });
}

} // namespace hopscope::cli
