#include "core/read/segment.h"

#include "core/base/text.h"
#include "core/read/graph_str.h"
#include "core/read/headless.h"
#include "core/read/lines.h"
#include "core/read/prefix.h"
#include "core/read/readable.h"
#include "core/read/rejoin.h"
#include "core/read/script.h"
#include "core/read/script_task.h"
#include "core/read/source.h"
#include "core/read/stage.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <filesystem>
#include <set>

namespace hopscope::read {

namespace {

constexpr auto npos = std::string_view::npos;
constexpr size_t kSample = 40; // lines behind a head that tell its prefix
constexpr size_t kMostForeign = 20000; // lines of other processes between two of one graph
constexpr size_t kContext = 14; // lines above a head that may say what it is
constexpr size_t kFarthestDef = 1 << 16; // bytes from a class to its forward: constructors may stand between

// What a graph begins with.
enum class Head : uint8_t { Class, Def, GraphStr, Table, Fragment };
struct Needle {
    std::string_view words;
    Head head;
};
constexpr std::array kNeedles{Needle{"Module):", Head::Class}, Needle{"def forward(", Head::Def},
    Needle{"graph():", Head::GraphStr}, Needle{"opcode", Head::Table},
    Needle{"# Graph fragment:", Head::Fragment}};

constexpr size_t kDefNeedle = 1;

struct Cursor {
    size_t at = 0; // where a line starts
    uint32_t number = 1;
};

// What stands above a graph.
struct Context {
    std::optional<StageGuess> title;
    std::string heading; // the sentence or heading before it: "Before"
    LogFacts facts;
};

class GraphFinder {
public:
    GraphFinder(Collector& collector, FileId file, const PlainText& plain)
        : collector_(collector)
        , file_(file)
        , plain_(plain)
        , text_(plain.text) { }

    size_t run();

private:
    bool line_at(Cursor& cursor, std::string_view& line) const;
    size_t next_needle(size_t from, Head& head);
    Place place(const Cursor& c) const {
        if (!plain_.places)
            return {c.number, c.at};
        return c.number <= plain_.places->size() ? (*plain_.places)[c.number - 1] : Place{};
    }

    std::optional<Cursor> forward_of(const Cursor& head, std::string_view before);
    void python(Cursor head, std::string_view class_name, std::string_view before);
    void other(Cursor head, Head kind);
    void headless();
    Context context_of(const Cursor& head, const LinePrefix& prefix) const;
    void read_context_line(std::string_view text, Context& context, bool& done) const;
    LinePrefix prefix_of(Cursor at, size_t code) const;

    struct Found {
        std::vector<RawLine> lines; // empty where the text is a clean run of the file
        Cursor from, behind; // the run
        bool clean = true;
        bool damaged = false; // ended at a line that fits no graph, before its return
    };
    Found collect(Cursor head, Cursor def, const LinePrefix& prefix, bool in_class);
    std::vector<RawLine> gather(Cursor from, const LinePrefix& prefix, size_t most) const;
    // Gives `use` as many lines as it needs to see the graph's end, and some behind it; returns how many it
    // took.
    template <class Use> size_t windowed(Cursor from, const LinePrefix& prefix, Use use);

    bool script(
        const Cursor& head, std::string_view class_name, const LinePrefix& prefix, const Context& context);
    GraphTask task_of(const Cursor& head, const Context& context, const LinePrefix& prefix) const;
    void name_stage(
        GraphTask& task, const Context& context, std::string_view class_name, std::string_view before) const;
    void push_rebuilt(GraphTask task, std::shared_ptr<Rebuilt> rebuilt);
    void source(const Cursor& head, std::string_view name);
    void note(Severity severity, std::string message, Place at) {
        collector_.problem(severity, std::move(message), file_, at.line, at.offset);
    }

    Collector& collector_;
    FileId file_;
    const PlainText& plain_;
    std::string_view text_;
    std::array<size_t, kNeedles.size()> next_{}; // where each needle comes next, once searched
    bool searched_ = false;
    std::set<size_t> taken_; // starts of lines with a needle that a graph further up has
    std::vector<std::pair<Cursor, Cursor>> runs_; // what graphs and sources took, from and to
    Cursor resume_; // where the search goes on
    size_t budget_ = 20'000'000; // lines that may be looked at more than once
    size_t floor_ = 0; // nothing above it speaks of what is below
    size_t found_ = 0;
};

bool GraphFinder::line_at(Cursor& cursor, std::string_view& line) const {
    if (cursor.at >= text_.size())
        return false;
    const void* end = std::memchr(text_.data() + cursor.at, '\n', text_.size() - cursor.at);
    const size_t stop =
        end ? static_cast<size_t>(static_cast<const char*>(end) - text_.data()) : text_.size();
    line = text_.substr(cursor.at, stop - cursor.at);
    if (line.ends_with('\r'))
        line.remove_suffix(1);
    cursor.at = stop + (end ? 1 : 0);
    ++cursor.number;
    return true;
}

size_t GraphFinder::next_needle(size_t from, Head& head) {
    size_t best = npos;
    for (size_t i = 0; i < kNeedles.size(); ++i) {
        if (next_[i] != npos && (next_[i] < from || !searched_))
            next_[i] = text_.find(kNeedles[i].words, from);
        if (next_[i] < best) {
            best = next_[i];
            head = kNeedles[i].head;
        }
    }
    searched_ = true;
    return best;
}

LinePrefix GraphFinder::prefix_of(Cursor at, size_t code) const {
    LinePrefix prefix;
    std::string_view line;
    if (!line_at(at, line) || trimmed(line.substr(0, code)).empty())
        return prefix;
    std::vector<std::string_view> behind;
    std::string_view other;
    while (behind.size() < kSample && line_at(at, other))
        behind.push_back(other);
    prefix.learn(line, code, behind);
    return prefix;
}

// ---- what stands above ----

std::string_view bare_heading(std::string_view text) {
    const auto mark = [](char c) { return std::string_view("#*_:>-=~` \t").find(c) != npos; };
    while (!text.empty() && mark(text.front()))
        text.remove_prefix(1);
    while (!text.empty() && mark(text.back()))
        text.remove_suffix(1);
    return text;
}

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
    const bool code = text.starts_with("import ") || text.starts_with("from ") || text.starts_with('@')
        || text.starts_with("print(") || text.starts_with("return ");
    const bool words = std::any_of(text.begin(), text.end(), is_identifier_start);
    if (context.heading.empty() && text.size() <= kLongest && !code && words
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

// ---- the lines of one graph ----

// The process that PyTorch's own prefix names, with what stands before it: lines of one process are whole
// messages.
std::string_view process_of(std::string_view line, size_t& start) {
    size_t end = 0;
    start = find_glog(line, end);
    if (start == npos)
        return {};
    // "V1123 16:05:59.722000 5629 "
    const size_t pid = line.find(' ', start + 6);
    if (pid == npos)
        return {};
    return line.substr(pid + 1, line.find(' ', pid + 1) - pid - 1);
}

GraphFinder::Found GraphFinder::collect(Cursor head, Cursor def, const LinePrefix& prefix, bool in_class) {
    Found found;
    found.from = head;
    found.behind = head;
    Cursor at = head;
    std::string_view line;
    const bool bare = prefix.empty();
    size_t process_start = 0;
    const std::string process(bare ? std::string_view{} : process_of(prefix.text() + " ", process_start));
    size_t base = npos;
    int open = 0; // brackets of a signature
    bool returned = false;
    size_t foreign = 0;
    size_t def_column = 0;
    bool seen_def = false;
    while (true) {
        const Cursor here = at;
        if (!line_at(at, line))
            break;
        std::string_view text = line;
        if (here.at < def.at) { // the class and what lies before its forward
            const bool own = bare || prefix.strip(text);
            found.clean = found.clean && bare;
            if (!own && here.at != head.at)
                continue;
            found.lines.push_back({text, place(here), line.size(), false});
            found.behind = at;
            continue;
        }
        if (!bare && !prefix.strip(text)) {
            if (trimmed(text).empty()) {
                continue;
            }
            size_t start = 0;
            const std::string_view other = process.empty() ? std::string_view{} : process_of(line, start);
            if (!other.empty() && other == process)
                break; // the next message of the same process
            budget_ -= std::min<size_t>(budget_, 1);
            if (++foreign > kMostForeign || budget_ == 0)
                break;
            if (foreign <= kSample)
                found.lines.push_back({text, place(here), line.size(), true});
            continue;
        }
        const std::string_view words = trimmed(text);
        const size_t column = column_of(text);
        if (!seen_def) {
            seen_def = true;
            const size_t own = column >= 4 ? column - 4 : 0;
            base = !in_class ? column : own;
            if (in_class && !found.lines.empty()) {
                const std::string_view class_line = found.lines.front().text;
                if (trimmed(class_line).starts_with("class "))
                    base = column_of(class_line);
            }
            if (in_class && column <= base)
                found.damaged = true; // indentation is lost
        } else if (!words.empty() && column <= base && open <= 0
            && std::string_view(")]}").find(words.front()) == npos) {
            if (returned)
                break;
            found.damaged = true;
            break;
        } else if (!words.empty() && !words.starts_with('#')) {
            if (!returned && open <= 0 && column <= def_column && is_graph_line(words)
                && !words.starts_with("class ") && std::string_view(")]}").find(words.front()) == npos) {
                found.damaged = true; // no deeper than its def: the indentation is lost
                break;
            }
            if (words.starts_with("return") && (words.size() == 6 || !is_identifier_char(words[6])))
                returned = true;
            else if (words.starts_with("def forward("))
                returned = false;
        }
        if (words.starts_with("def forward("))
            def_column = column;
        if (words.starts_with("def forward(") || open > 0) {
            for (const char c : words)
                open += c == '(' ? 1 : c == ')' ? -1 : 0;
        }
        const size_t blank = text.find_first_not_of(' ');
        found.clean = found.clean && bare && (blank == npos || text[blank] != '\t');
        found.lines.push_back({text, place(here), line.size(), false});
        if (!words.empty() || bare)
            found.behind = at;
        if (words.find("Module):") != npos || words.find("def forward(") != npos)
            taken_.insert(here.at);
    }
    if (foreign && !found.damaged) {
        // Behind the last line of its own, others are none of the graph's.
        while (!found.lines.empty() && found.lines.back().foreign)
            found.lines.pop_back();
    }
    return found;
}

std::vector<RawLine> GraphFinder::gather(Cursor from, const LinePrefix& prefix, size_t most) const {
    std::vector<RawLine> lines;
    std::string_view line;
    for (Cursor at = from; lines.size() < most;) {
        const Cursor here = at;
        if (!line_at(at, line))
            break;
        std::string_view text = line;
        const bool own = prefix.empty() || prefix.strip(text) || trimmed(text).empty();
        lines.push_back({text, place(here), line.size(), !own});
    }
    return lines;
}

template <class Use> size_t GraphFinder::windowed(Cursor from, const LinePrefix& prefix, Use use) {
    constexpr size_t kFirst = 128;
    constexpr size_t kMargin = 64; // lines behind its end that a reader may look at
    constexpr size_t kMostLines = 1 << 20;
    for (size_t most = kFirst;; most *= 4) {
        const std::vector<RawLine> lines = gather(from, prefix, most);
        // A file made of heads alone is not read a hundred times over.
        budget_ -= std::min(budget_, lines.size());
        const size_t took = use(lines);
        if (took + kMargin < lines.size() || lines.size() < most || most > kMostLines || budget_ == 0)
            return took;
    }
}

// ---- tasks ----

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

void GraphFinder::push_rebuilt(GraphTask task, std::shared_ptr<Rebuilt> rebuilt) {
    rebuilt->original = plain_.storage;
    task.places = std::shared_ptr<const Places>(rebuilt, &rebuilt->places);
    task.text = rebuilt->text;
    task.storage = rebuilt;
    collector_.tasks.push_back(std::move(task));
    ++found_;
}

void GraphFinder::source(const Cursor& head, std::string_view name) {
    const Place at = place(head);
    collector_.dump.sources.push_back(
        {name.empty() ? "def forward" : "class " + utf8(name), file_, at.line, at.offset});
    ++found_;
}

// The line of the forward that belongs to a class. Where processes write in turns, another's class or def may
// come first: of the next ones, that counts which stands behind the same words as the class.
std::optional<Cursor> GraphFinder::forward_of(const Cursor& head, std::string_view before) {
    size_t& next = next_[kDefNeedle]; // searched for once, not for every class
    if (next != npos && next < head.at)
        next = text_.find(kNeedles[kDefNeedle].words, head.at);
    if (next == npos || next - head.at > kFarthestDef)
        return std::nullopt;
    constexpr size_t kMostBehind = 20; // lines behind the first def
    std::optional<Cursor> first;
    std::string_view head_line;
    std::string_view line;
    Cursor at = head;
    line_at(at, head_line);
    for (size_t behind = 0; behind < kMostBehind;) {
        const Cursor here = at;
        if (!line_at(at, line) || here.at - head.at > kFarthestDef)
            break;
        behind += first.has_value();
        const size_t code = line.find("def forward(");
        std::string_view other;
        if (code != npos) {
            const std::string_view prefix = trimmed(line.substr(0, code));
            if (trimmed(head_line).starts_with(prefix))
                return here;
            first = first ? first : here;
        } else if (!class_on_line(line, &other).empty() && other == before) {
            break; // a class of the same stream comes first: this one has no forward, or its forward came
        }
    }
    return first;
}

// A printed module, or a def alone.
void GraphFinder::python(Cursor head, std::string_view class_name, std::string_view before) {
    Cursor def = head;
    std::string_view line;
    if (!class_name.empty()) {
        const auto found = forward_of(head, before);
        if (!found)
            return;
        def = *found;
    }
    Cursor behind = def;
    if (!line_at(behind, line))
        return;
    const size_t code = line.find("def forward(");
    if (code == npos)
        return;
    const LinePrefix prefix = prefix_of(def, code);
    if (prefix.empty() && !trimmed(line.substr(0, code)).empty())
        return; // words of a sentence
    taken_.insert(def.at);
    const Context context = context_of(head, prefix);
    if ((class_name == "Repro" || class_name == "FxModule") && script(head, class_name, prefix, context))
        return;
    Found found = collect(head, def, prefix, !class_name.empty());
    if (!found.lines.empty() && !class_name.empty()) {
        // What stands before the class on its line is a file's name.
        std::string_view& first = found.lines.front().text;
        const size_t at = first.rfind("class ");
        if (at != npos && !trimmed(first.substr(0, at)).empty()) {
            first.remove_prefix(at);
        }
    }
    resume_ = prefix.empty() ? found.behind : resume_;
    runs_.emplace_back(head, found.behind);
    floor_ = std::max(floor_, prefix.empty() ? found.behind.at : head.at + 1);
    if (is_written_by_hand(found.lines)) {
        source(head, class_name);
        return;
    }
    GraphTask task = task_of(head, context, prefix);
    name_stage(task, context, class_name, before);
    if (found.clean && !found.damaged) {
        task.text = text_.substr(head.at, found.behind.at - head.at);
        task.storage = plain_.storage;
        task.places = plain_.places;
        task.places_from = head.number - 1;
        collector_.tasks.push_back(std::move(task));
        ++found_;
        return;
    }
    auto rebuilt = std::make_shared<Rebuilt>();
    if (!found.damaged) {
        rebuilt->text.reserve(found.behind.at - head.at);
        for (const RawLine& l : found.lines) {
            if (l.foreign)
                continue;
            const size_t blank = std::min(l.text.find_first_not_of(" \t"), l.text.size());
            rebuilt->line(l.text.substr(blank), column_of(l.text), l.place);
        }
        push_rebuilt(std::move(task), std::move(rebuilt));
        return;
    }
    Mended mended;
    const size_t took = std::max<size_t>(1, windowed(def, prefix, [&](std::vector<RawLine> lines) {
        const size_t own = class_name.empty() ? 0 : 1;
        if (own)
            lines.insert(lines.begin(), found.lines.front());
        *rebuilt = {};
        mended = mend(lines, *rebuilt);
        return mended.took - std::min(mended.took, own);
    }));
    Cursor end = def;
    for (size_t i = 0; i < took && line_at(end, line); ++i)
        if (line.find("Module):") != npos || line.find("def forward(") != npos)
            taken_.insert(end.at - line.size() - 1);
    if (prefix.empty())
        resume_ = end;
    else
        for (Cursor c = def; c.at < end.at;) {
            const Cursor here = c;
            line_at(c, line);
            if (line.find("Module):") != npos || line.find("def forward(") != npos)
                taken_.insert(here.at);
        }
    runs_.back().second = end;
    floor_ = std::max(floor_, prefix.empty() ? end.at : head.at + 1);
    const Place at = place(head);
    if (mended.joined)
        note(Severity::Note,
            counted(mended.joined, "line") + " of this graph went on in the next and were joined", at);
    if (mended.foreign)
        note(Severity::Note,
            counted(mended.foreign, "line") + " inside of this graph are no part of it and were passed over",
            at);
    if (mended.reindented)
        note(Severity::Note,
            "the indentation of this graph is lost; which class belongs to which was told by their names",
            at);
    push_rebuilt(std::move(task), std::move(rebuilt));
}

// A script that runs a graph again, quoted or in a fence: its inputs stand beside the class (script.h).
bool GraphFinder::script(
    const Cursor& head, std::string_view class_name, const LinePrefix& prefix, const Context& context) {
    constexpr size_t kMostLines = 20000;
    Cursor first = head;
    const auto belongs = [&](std::string_view& line) {
        return (prefix.empty() || prefix.strip(line) || trimmed(line).empty())
            && !trimmed(line).starts_with("```");
    };
    for (size_t i = 0; i < kMostLines && first.at > floor_; ++i) {
        const size_t begin = first.at >= 2 ? text_.rfind('\n', first.at - 2) + 1 : 0; // npos + 1 = 0
        std::string_view line = text_.substr(begin, first.at - begin);
        while (line.ends_with('\n') || line.ends_with('\r'))
            line.remove_suffix(1);
        if (!belongs(line))
            break;
        first = {begin, first.number - 1};
    }
    const auto bare = std::make_shared<std::string>();
    Cursor end = first;
    std::string_view line;
    for (size_t i = 0; i < kMostLines; ++i) {
        Cursor behind = end;
        if (!line_at(behind, line) || !belongs(line))
            break;
        (*bare += line) += '\n';
        end = behind;
    }
    if (!looks_like_script(*bare))
        return false;
    GraphTask task = task_of(first, context, prefix);
    name_stage(task, context, class_name, "");
    task.text = *bare;
    task.storage = bare;
    if (!take_script(collector_, task, collector_.dump.files[file_.index].path, true))
        return false;
    collector_.tasks.push_back(std::move(task));
    ++found_;
    resume_ = end;
    floor_ = std::max(floor_, end.at);
    runs_.emplace_back(first, end);
    return true;
}

// Graph.__str__, a table, a fragment of output code.
void GraphFinder::other(Cursor head, Head kind) {
    Cursor at = head;
    std::string_view line;
    if (!line_at(at, line))
        return;
    auto rebuilt = std::make_shared<Rebuilt>();
    LinePrefix prefix;
    size_t took = 0;
    Cursor first = at;
    std::string label;
    if (kind == Head::Table) {
        const size_t code = line.find("opcode");
        if (!is_table_head(line.substr(code)))
            return;
        prefix = prefix_of(head, line.substr(0, code).ends_with("| ") ? code - 2 : code);
        took = windowed(head, prefix, [&](const std::vector<RawLine>& lines) {
            *rebuilt = {};
            return rebuild_table(lines, *rebuilt);
        });
        first = head;
    } else {
        // The first node says where the lines' own text starts.
        Cursor node = at;
        std::string_view words;
        bool any = false;
        for (size_t i = 0; i < 4 && !any; ++i) {
            first = node;
            if (!line_at(node, words))
                return;
            const size_t percent = words.find('%');
            any = percent != npos && is_graph_str_node(trimmed(words.substr(percent)));
            if (any)
                prefix = prefix_of(first, percent);
        }
        if (!any)
            return;
        took = windowed(first, prefix, [&](const std::vector<RawLine>& lines) {
            *rebuilt = {};
            return rebuild_graph_str(lines, *rebuilt);
        });
    }
    if (took == 0)
        return;
    Context context = context_of(head, prefix);
    Cursor end = first;
    for (size_t i = 0; i < took; ++i)
        line_at(end, line);
    if (kind == Head::Fragment) {
        // Inductor writes a kernel's fragment above it.
        Cursor behind = end;
        for (size_t i = 0; i < kContext && label.empty() && line_at(behind, line); ++i) {
            const std::string_view words = trimmed(line);
            const size_t equal = words.find(" = ");
            if (equal != npos && is_identifier(words.substr(0, equal)) && words.find("async_compile") != npos)
                label = std::string(words.substr(0, equal));
            else if (!words.empty() && !words.starts_with('#'))
                break;
        }
        context.heading.clear();
        context.title.reset();
    }
    GraphTask task = task_of(head, context, prefix);
    name_stage(task, context, "", "");
    if (!label.empty())
        task.label = label;
    resume_ = end;
    runs_.emplace_back(head, end);
    floor_ = std::max(floor_, end.at);
    push_rebuilt(std::move(task), std::move(rebuilt));
}

// What no head begins: nodes or statements alone, where a paste starts in the middle of a graph.
void GraphFinder::headless() {
    std::sort(
        runs_.begin(), runs_.end(), [](const auto& a, const auto& b) { return a.first.at < b.first.at; });
    std::vector<std::pair<Cursor, size_t>> gaps;
    Cursor at;
    for (const auto& [from, to] : runs_) {
        if (from.at > at.at)
            gaps.emplace_back(at, from.at);
        if (to.at > at.at)
            at = to;
    }
    gaps.emplace_back(at, text_.size());
    for (const auto& [from, to] : gaps) {
        // A long log between graphs is other messages.
        constexpr size_t kLongest = 8 << 20;
        const std::string_view words = text_.substr(from.at, to - from.at);
        if (found_ > 0 && words.size() > kLongest)
            continue;
        if (!may_hold_headless(words))
            continue;
        std::vector<RawLine> lines;
        std::string_view line;
        for (Cursor c = from; c.at < to;) {
            const Cursor here = c;
            if (!line_at(c, line))
                break;
            lines.push_back({line, place(here), line.size(), false});
        }
        for (HeadlessGraph& graph : find_headless(lines)) {
            GraphTask task;
            task.key.id = graph.facts.id.empty() ? "-" : graph.facts.id;
            task.key.rank = graph.facts.rank;
            task.key.attempt = graph.facts.attempt;
            task.file = file_;
            task.from_text = true;
            task.must_hold_graph = false;
            task.line = graph.place.line;
            task.offset = graph.place.offset;
            if (!graph.told.empty())
                note(Severity::Note, graph.told, graph.place);
            Context context;
            context.facts = graph.facts;
            name_stage(task, context, "", "");
            push_rebuilt(std::move(task), std::move(graph.rebuilt));
        }
    }
}

// The class that a line begins, behind a file's name or marks that no letter is in ("+", "# ").
std::string_view head_class(std::string_view line, std::string_view& before) {
    const std::string_view name = class_on_line(line, &before);
    if (!name.empty())
        return before.find(", code:") == npos ? name : std::string_view{};
    size_t at = 0;
    while (at < line.size() && !is_identifier_char(line[at]))
        ++at;
    return line.substr(at).starts_with("class ") ? class_on_line(line.substr(at), &before)
                                                 : std::string_view{};
}

size_t GraphFinder::run() {
    Head kind = Head::Class;
    uint64_t next_report = 0;
    for (size_t needle = next_needle(0, kind); needle != npos; needle = next_needle(resume_.at, kind)) {
        if (collector_.job->cancelled())
            return found_;
        if (needle >= next_report) {
            const uint64_t bytes = collector_.dump.files[file_.index].bytes;
            collector_.report_scanned(std::min<uint64_t>(bytes, bytes / 2 + needle / 2));
            next_report = needle + (1 << 18);
        }
        const size_t begin = needle == 0 ? 0 : text_.rfind('\n', needle - 1) + 1; // npos + 1 = 0
        Cursor head = resume_;
        if (begin > head.at) {
            head.number += static_cast<uint32_t>(std::count(text_.begin() + static_cast<ptrdiff_t>(head.at),
                text_.begin() + static_cast<ptrdiff_t>(begin), '\n'));
            head.at = begin;
        }
        resume_ = head;
        std::string_view line;
        line_at(resume_, line);
        if (taken_.contains(head.at))
            continue;
        std::string_view before;
        const std::string_view name = head_class(line, before);
        if (kind == Head::Class && !name.empty())
            python(head, name, before);
        else if (kind == Head::Def && name.empty())
            python(head, {}, {});
        else if (kind != Head::Class && kind != Head::Def)
            other(head, kind);
    }
    headless();
    return found_;
}

} // namespace

size_t find_graphs(Collector& collector, FileId file, const PlainText& plain) {
    return GraphFinder(collector, file, plain).run();
}

} // namespace hopscope::read
