// What a graph is called, by what stands above it.
#include "core/base/text.h"
#include "core/read/graph_finder.h"
#include "core/read/lines.h"

#include <filesystem>

namespace hopscope::read {

namespace {

constexpr auto npos = std::string_view::npos;

std::string_view bare_heading(std::string_view text) {
    const auto mark = [](char c) { return std::string_view("#*_:>-=~` \t").find(c) != npos; };
    while (!text.empty() && mark(text.front()))
        text.remove_prefix(1);
    while (!text.empty() && mark(text.back()))
        text.remove_suffix(1);
    return text;
}

} // namespace

void GraphFinder::read_context_line(std::string_view text, Context& context, bool& done) const {
    if (text.empty() || text.starts_with("```") || text.starts_with("~~~") || text == "\"\"\"")
        return;
    for (const std::string_view mark : {"TRACED GRAPH", "AOT AUTOGRAD GRAPH"})
        if (const size_t at = text.find(mark); at != npos) {
            const LogFacts facts = facts_of(text.substr(0, at));
            if (context.facts.id.empty() && !facts.id.empty())
                context.facts = facts;
            if (context.facts.artifact.empty())
                context.facts.artifact = facts.artifact;
            done = true;
            return;
        }
    const size_t rule = text.find("=====");
    if (rule != npos && text.ends_with("===")) {
        context.title = context.title ? context.title : stage_of_title(bare_heading(text.substr(rule)));
        if (!context.title && context.heading.empty())
            context.heading = std::string(bare_heading(text.substr(rule)));
        if (rule > 0) {
            const LogFacts facts = facts_of(text.substr(0, rule));
            context.facts = context.facts.id.empty() ? facts : context.facts;
        }
        return;
    }
    constexpr size_t kLongest = 80;
    if (text.size() <= kLongest && !context.title) {
        // "ExportedProgram:", "Joint graph (from cache)", behind whatever a logger put before it.
        const size_t behind = text.rfind("] ");
        context.title = stage_of_title(trimmed(behind == npos ? text : text.substr(behind + 2)));
        if (context.title && text.starts_with("ExportedProgram"))
            return; // what the program is called may stand above
        if (context.title && context.title->stage != Stage::Graph
            && (text.find("(from cache)") != npos || text.starts_with("=")))
            return;
    }
    // print(graph_module) puts what the module is before its code: "GraphModule()", "fused_0()".
    if (text.ends_with("()") && is_identifier(text.substr(0, text.size() - 2))) {
        const std::string_view name = text.substr(0, text.size() - 2);
        if (name != "GraphModule" && name != "<lambda>" && context.heading.empty()) {
            context.heading = std::string(name);
            done = true;
        }
        return;
    }
    const bool code = text.starts_with("import ") || text.starts_with("from ") || text.starts_with('@')
        || text.starts_with("print(") || text.starts_with("return ") || text.starts_with("def ")
        || text.starts_with("class ") || text.starts_with('<') || text.starts_with(".. ");
    const bool words = std::any_of(text.begin(), text.end(), is_identifier_start)
        && std::string_view("'\"`").find(text.back()) == std::string_view::npos; // `"payload": "`
    const bool item = (text.starts_with("- ") || text.starts_with("* ")) && !text.ends_with(':'); // of a list
    if (context.heading.empty() && text.size() <= kLongest && !code && !item && words
        && (text.ends_with(':') || text.starts_with('#') || text.find_first_of("=(){}[]") == npos))
        context.heading = std::string(bare_heading(text));
    done = true;
}

Context GraphFinder::context_of(const Cursor& head, const LinePrefix& prefix) const {
    Context context;
    context.facts = facts_of(prefix.text());
    size_t end = head.at;
    bool done = false;
    for (size_t i = 0; i < kContext && end > floor_ && !done; ++i) {
        const size_t begin = end >= 2 ? text_.rfind('\n', end - 2) + 1 : 0; // npos + 1 = 0
        std::string_view line = text_.substr(begin, end - begin);
        end = begin;
        while (line.ends_with('\n') || line.ends_with('\r'))
            line.remove_suffix(1);
        if (!prefix.strip(line)) // another process's
            continue;
        read_context_line(trimmed(line), context, done);
    }
    return context;
}

GraphTask GraphFinder::task_of(const Cursor& head, const Context& context, const LinePrefix& prefix) const {
    GraphTask task;
    LogFacts facts = facts_of(prefix.text());
    if (facts.id.empty())
        facts = context.facts;
    task.key.rank = facts.rank;
    task.key.id = facts.id.empty() ? "-" : facts.id;
    task.key.attempt = facts.attempt;
    task.file = file_;
    task.from_text = true;
    task.must_hold_graph = false;
    const Place at = place(head);
    task.line = at.line;
    task.offset = at.offset;
    return task;
}

void GraphFinder::name_stage(
    GraphTask& task, const Context& context, std::string_view class_name, std::string_view before) const {
    namespace fs = std::filesystem;
    const fs::path path(collector_.dump.files[file_.index].path);
    std::string stem = path.filename().string();
    stem = stem.substr(0, stem.find('.'));
    std::string_view head = before;
    while (head.ends_with(':'))
        head.remove_suffix(1);
    std::optional<StageGuess> guess = context.title;
    const auto artifact = stage_of_artifact(context.facts.artifact);
    if (!guess || (guess->stage == Stage::Graph && guess->label.empty())
        || (artifact && artifact->stage == Stage::Joint))
        guess = artifact ? artifact : guess;
    if (!guess && before.ends_with(':'))
        guess = stage_of_title(std::string(head) + " graph");
    if (!guess)
        guess = stage_of_class(class_name);
    if (!guess)
        guess = stage_of_file(stem);
    if (!guess)
        guess = stage_of_file(path.parent_path().filename().string());
    if (!guess && !context.heading.empty())
        guess = stage_of_title(context.heading + " graph");
    if (guess) {
        task.stage = guess->stage;
        task.label = guess->label;
        task.evidence = guess->evidence;
        task.number = guess->number;
        // DDP's splitter heads each of its graphs ("---submod_0 graph---").
        if (task.label == "ddp_graphs" && !context.heading.empty())
            task.label = context.heading;
    }
    // AOTAutograd titles an inference graph "Forward graph"; its class has no name (trace_inference_graph).
    if (task.stage == Stage::Forward && class_name == "<lambda>")
        task.stage = Stage::Inference;
    // The main graph of a stage has no label. A title says all; other graphs are called as the text calls
    // them.
    if (task.evidence != "title" && task.evidence != "log artifact" && task.label.empty())
        task.label =
            !context.heading.empty() ? context.heading : std::string(before.ends_with(':') ? head : "");
    else if (task.stage == Stage::Export)
        task.label = context.heading;
}

} // namespace hopscope::read
