// What other programs put before the lines of a text: time stamps, names of processes, line numbers, quote
// marks.
//
// Nothing here knows a list of them: a prefix is learned from what the line of a graph's head shares with the
// lines behind it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hopscope::read {

// What a prefix tells of the message that it stands before (torch/_logging/_internal.py, TorchLogsFormatter,
// in the forms of all versions).
struct LogFacts {
    std::optional<int> rank;
    std::string id; // "0/0", "!0/3/0"; empty = not told
    int attempt = 0;
    std::string artifact; // "aot_graphs", "graph_code"; empty = not told
};
LogFacts facts_of(std::string_view prefix);
// Whether what a log says under this artifact is code that somebody or something runs, quoted line by line:
// the user's source, bytecode, Inductor's kernels and wrappers. A `def forward(` or an operator in it is no
// graph.
bool is_code_artifact(std::string_view artifact);

// Where PyTorch's own prefix starts in a line ("V1123 16:05:59.722000 5629 path.py:1189] "), npos if the line
// holds none near its beginning; `end` is behind the "] " of its path, without the marks in brackets that
// follow.
size_t find_glog(std::string_view line, size_t& end);
// Whether a line begins as such a prefix does; a line that was broken may not hold the rest.
bool begins_with_glog(std::string_view line);

class LinePrefix {
public:
    // Of a line whose own text starts at `code` (blanks before it may be its indent). `behind`: lines that
    // follow it in the file, as many as there are, some tens at most.
    void learn(std::string_view line, size_t code, const std::vector<std::string_view>& behind);

    // Nothing stands before the lines.
    bool empty() const { return pieces_.empty(); }
    // Takes the prefix off; false if the line does not bear it. Lines of another process, whose number
    // differs in the prefix, do not bear it.
    bool strip(std::string_view& line) const;
    const std::string& text() const { return text_; }

private:
    struct Piece {
        enum class Kind : uint8_t {
            Text, // as it stands
            Digits, // any
            Blanks, // one or more
        };
        Kind kind;
        std::string text;
        bool from_first = false; // Blanks at the very beginning: none is allowed too
    };

    static std::vector<Piece> split(std::string_view prefix);
    static bool match(const std::vector<Piece>& pieces, std::string_view line, size_t& at,
        std::vector<std::string_view>* numbers);
    void settle(const std::vector<std::string_view>& behind);
    void join_texts();
    size_t matching(const std::vector<Piece>& pieces, const std::vector<std::string_view>& lines) const;

    std::string text_;
    std::vector<Piece> pieces_;
    bool strong_ = false; // long enough to be looked for behind other text
    std::string border_; // what closes each line of a framed text: "|"
    mutable std::string last_; // the prefix of the latest line, byte for byte: the next mostly has the same
};

} // namespace hopscope::read
