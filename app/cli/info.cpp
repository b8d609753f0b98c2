// hopscope info: what a dump has, what it lacks and how to record that.
#include "app/cli/cli.h"

#include "core/base/text.h"
#include "core/explain/holdings.h"
#include "core/export/explain_json.h"
#include "core/export/ledger_json.h"

#include <cstdio>
#include <optional>

namespace hopscope::cli {

namespace {

using Json = nlohmann::ordered_json;

void print_holding(const Dump& dump, const Holding& h) {
    static constexpr const char* kMarks[] = {"+", "~", "-", " "};
    std::printf("  %s %s: %s\n", kMarks[static_cast<size_t>(h.presence)], utf8(h.what).c_str(),
        utf8(h.found).c_str());
    if (h.presence == Presence::Missing || h.presence == Presence::Partly) {
        std::printf("      needed for: %s\n", utf8(h.answers).c_str());
        if (!h.record.empty())
            std::printf("      to record it: %s\n", utf8(h.record).c_str());
    }
    for (const Spot& s : h.spots)
        if (s.file)
            std::printf("      %s:%llu  %s\n", one_line(utf8(dump.files[s.file.index].path)).c_str(),
                static_cast<unsigned long long>(s.line), utf8(s.what).c_str());
}

int run_info(const std::vector<std::string>& paths, bool json) {
    const auto dump = open(paths);
    if (!dump)
        return fail(dump.error());
    const Ledger ledger = build_ledger(*dump);
    Json list = Json::array();
    std::optional<HoldingGroup> group;
    for (const Holding& h : holdings(*dump, ledger)) {
        if (json) {
            list.push_back({{"key", h.key}, {"group", holding_group_label(h.group)}, {"what", utf8(h.what)},
                {"presence", presence_name(h.presence)}, {"found", utf8(h.found)},
                {"answers", utf8(h.answers)},
                {"record", h.record.empty() ? Json(nullptr) : Json(utf8(h.record))},
                {"at", spots_json(*dump, h.spots)}});
            continue;
        }
        if (group != h.group)
            std::printf("%s\n", std::string(holding_group_label(h.group)).c_str());
        group = h.group;
        print_holding(*dump, h);
    }
    if (json)
        print_json({{"has", std::move(list)}, {"problems", problems_json(*dump, dump->problems)}});
    else
        std::printf("+ present, ~ partly, - missing; unmarked: this run or this PyTorch makes none\n");
    return kDone;
}

} // namespace

void add_info(CLI::App& app, Action& action) {
    auto* command = app.add_subcommand(
        "info", "What this dump has, what it lacks and why, and how to record what is missing");
    static std::vector<std::string> paths;
    static bool json = false;
    add_dumps(*command, paths);
    command->add_flag("--json", json, "Print one JSON document");
    command->callback([&action] { action = [] { return run_info(paths, json); }; });
}

} // namespace hopscope::cli
