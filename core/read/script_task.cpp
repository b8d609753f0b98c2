#include "core/read/script_task.h"

#include "core/base/text.h"
#include "core/read/lines.h"
#include "core/read/script.h"

#include <algorithm>
#include <filesystem>

namespace hopscope::read {

namespace fs = std::filesystem;

namespace {

// Where a storage was written (torch/utils/_content_store.py: FOLDER/storages/HASH): in the folder that the
// script names, else beside the script, which may have been moved with it.
std::string storage_path(const std::string& hash, const std::string& save_dir, const fs::path& script) {
    if (hash.empty() || !std::all_of(hash.begin(), hash.end(), [](char c) { return is_identifier_char(c); }))
        return "";
    const fs::path beside = script.parent_path();
    std::vector<fs::path> folders{beside, beside / "..", beside / "checkpoints"};
    if (!save_dir.empty()) {
        const fs::path told(save_dir);
        folders.insert(folders.begin(), told.is_absolute() ? told : beside / told);
        folders.push_back(beside / told.filename());
    }
    std::error_code error;
    for (const fs::path& folder : folders) {
        fs::path file = folder / "storages" / hash;
        if (fs::is_regular_file(file, error))
            return file.lexically_normal().string();
    }
    return "";
}

} // namespace

std::optional<Script> read_task_script(GraphTask& task) {
    if (!looks_like_script(task.text))
        return std::nullopt;
    auto script = task.tabbed ? read_script(untabbed(task.text)) : read_script(task.text);
    if (!script)
        return std::nullopt;
    auto lines = std::make_shared<std::vector<uint32_t>>(std::move(script->lines));
    for (uint32_t& line : *lines)
        line += task.line - 1;
    task.lines = std::move(lines);
    const auto text = std::make_shared<const std::string>(std::move(script->text));
    task.text = *text;
    task.storage = text;
    task.tabbed = false;
    return script;
}

void tell_script(Collector& collector, GraphTask& task, Script script, const std::string& path, bool alone) {
    const CompilationId compilation = collector.compilation(task.key);
    if (alone && !script.lost.empty())
        script.notes.push_back({1, Severity::Note,
            "the body of '" + utf8(script.lost.front()) + "'"
                + (script.lost.size() > 1 ? " and " + counted(script.lost.size() - 1, "other") : "")
                + " is not in the script: PyTorch before 2.14 does not write it"});
    if (task.label == "fx_graph_runnable") {
        const auto has = [&](std::string_view start) {
            return std::any_of(script.parameters.begin(), script.parameters.end(),
                [&](const std::string& name) { return name.starts_with(start); });
        };
        task.label += has("tangents_") ? " (backward)" : has("primals_") ? " (forward)" : "";
    }
    for (const Script::Note& note : script.notes)
        collector.problem(note.severity, note.message, task.file, task.line + note.line - 1, task.offset);
    for (SymbolHint& symbol : script.symbols) {
        symbol.compilation = compilation;
        symbol.file = task.file;
        symbol.line = task.line;
        collector.dump.symbols.push_back(std::move(symbol));
    }
    size_t missing = 0;
    for (SavedTensor& saved : script.saved) {
        saved.path = storage_path(saved.member, script.save_dir, path);
        saved.member.clear();
        if (saved.path.empty())
            ++missing;
        else
            task.saved.push_back(std::move(saved));
    }
    if (missing)
        collector.problem(Severity::Note,
            counted(missing, "input") + " of the script " + (missing == 1 ? "was" : "were")
                + " saved when it was written and " + (missing == 1 ? "is" : "are")
                + " not here (storages/HASH beside it); a run makes " + (missing == 1 ? "it" : "them"),
            task.file, task.line, task.offset);
}

bool take_script(Collector& collector, GraphTask& task, const std::string& path, bool alone) {
    auto script = read_task_script(task);
    if (script)
        tell_script(collector, task, std::move(*script), path, alone);
    return script.has_value();
}

} // namespace hopscope::read
