// Finds the graphs in a text. What segment.cpp, segment_context.cpp and segment_python.cpp share.
#pragma once

#include "core/read/graph_str.h"
#include "core/read/prefix.h"
#include "core/read/rejoin.h"
#include "core/read/segment.h"
#include "core/read/stage.h"

#include <algorithm>
#include <array>
#include <set>

namespace hopscope::read {

inline constexpr size_t kSample = 40; // lines behind a head that tell its prefix
inline constexpr size_t kContext = 14; // lines above a head that may say what it is

// What a graph begins with.
enum class Head : uint8_t { Class, Def, GraphStr, Table, Fragment };
struct Needle {
    std::string_view words;
    Head head;
};
inline constexpr std::array kNeedles{Needle{"Module):", Head::Class}, Needle{"def forward(", Head::Def},
    Needle{"graph(", Head::GraphStr}, Needle{"opcode", Head::Table},
    Needle{"# Graph fragment:", Head::Fragment}};

inline constexpr size_t kDefNeedle = 1;

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
    size_t table(Cursor head, std::string_view line, LinePrefix& prefix, Rebuilt& out);
    void headless();
    bool below_headless(const Cursor& head, const LinePrefix& prefix);
    Context context_of(const Cursor& head, const LinePrefix& prefix) const;
    void read_context_line(std::string_view text, Context& context, bool& done) const;
    LinePrefix prefix_of(Cursor at, size_t code) const;

    struct Found {
        std::vector<RawLine> lines; // empty where the text is a clean run of the file
        Cursor from, behind; // the run
        bool clean = true;
        bool damaged = false; // ended at a line that fits no graph, before its return
    };
    // `behind_words`: bytes of the def's line that are none of the graph's.
    Found collect(Cursor head, Cursor def, const LinePrefix& prefix, bool in_class, size_t behind_words);
    std::vector<RawLine> gather(Cursor from, const LinePrefix& prefix, size_t most) const;
    // Gives `use` as many lines as it needs to see the graph's end, and some behind it; returns how many it
    // took.
    template <class Use> size_t windowed(Cursor from, const LinePrefix& prefix, Use use);

    bool script(
        const Cursor& head, std::string_view class_name, const LinePrefix& prefix, const Context& context);
    GraphTask task_of(const Cursor& head, const Context& context, const LinePrefix& prefix) const;
    void name_stage(
        GraphTask& task, const Context& context, std::string_view class_name, std::string_view before) const;
    void push_rebuilt(GraphTask task, const std::shared_ptr<Rebuilt>& rebuilt);
    void source(const Cursor& head, std::string_view name);
    void tell_lost();
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
    // Classes that may be bodies of a graph whose own head is not in the text.
    struct Below {
        Cursor head;
        std::string class_name, before;
        size_t column = 0;
    };
    std::vector<Below> below_;
    bool below_done_ = false;
    std::vector<Cursor> lost_; // lines that a printed graph begins with, whose forward is not there
    Cursor resume_; // where the search goes on
    size_t budget_ = 20'000'000; // lines that may be looked at more than once
    size_t floor_ = 0; // nothing above it speaks of what is below
    size_t found_ = 0;
    bool told_fragments_ = false;
};

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

} // namespace hopscope::read
