#include "core/base/text.h"
#include "core/base/find_words.h"
#include "core/read/collector.h"
#include "core/read/decode.h"
#include "core/read/diff_sides.h"
#include "core/read/grep_output.h"
#include "core/read/segment.h"
#include "core/read/thunder.h"
#include "core/read/trace_repair.h"

#include <algorithm>
#include <array>

namespace hopscope::read {

namespace {

constexpr auto npos = std::string_view::npos;

struct Form {
    std::string_view name;
    std::array<std::string_view, 4> marks; // words that stand in it
};
constexpr std::array kForms{
    Form{"a TORCH_TRACE log",
        {"\"has_payload\"", "\"frame_compile_id\"", "\"dynamo_output_graph\"", "torch_trace"}},
    Form{"a TORCH_LOGS text", {"] [__", "TRACED GRAPH", "torch/_", "torch._"}},
    Form{"print_readable text", {"torch.nn.Module", "forward(", "torch.ops.", "return ("}},
    Form{"Graph.__str__", {"[num_users=", "call_function[", "placeholder[", "graph()"}},
    Form{"a table of print_tabular", {"opcode", "call_function", "kwargs", "placeholder"}},
    Form{"Inductor's output code", {"async_compile", "triton_", "def call(", "extern_kernels."}},
    Form{"a repro script", {"load_args", "fx_graph_runnable", "class Repro", "run_repro"}},
};

// Forms that are known for what they are and not read.
std::string known_form(std::string_view text) {
    // DebugMode (torch/utils/_debug_mode): "aten::mm(t$0: f32[4, 6], …)  ->  t$1: …".
    if ((text.find("aten::") != npos || text.find("torch.") != npos) && text.find('$') != npos
        && text.find(": f32[") != npos)
        return "DebugMode text";
    // torch.jit: `%y : Tensor = aten::relu(%x)`.
    if (text.find(" = prim::") != npos || (text.find(" = aten::") != npos && text.find(" : ") != npos))
        return "a TorchScript graph (torch.jit), which is not read; Hopscope reads graphs of torch.fx";
    if (looks_like_thunder(text))
        return "a piece of a Lightning Thunder trace; its 'def NAME(…):' is needed to read it";
    if (text.find("thunder.") != npos && text.find("def ") != npos)
        return "a Lightning Thunder trace; Hopscope reads graphs of torch.compile";
    return {};
}

} // namespace

std::string nearest_forms(std::string_view text) {
    const std::string_view head = text.substr(0, 1 << 20);
    if (const std::string known = known_form(head); !known.empty())
        return "this looks like " + known;
    std::array<std::pair<int, size_t>, kForms.size()> order{};
    for (size_t i = 0; i < kForms.size(); ++i) {
        int n = 0;
        for (const std::string_view mark : kForms[i].marks)
            n += head.find(mark) != npos;
        order.at(i) = {-n, i};
    }
    std::stable_sort(
        order.begin(), order.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    std::string out = order[0].first < 0 ? "the nearest forms are " : "it could be ";
    for (size_t i = 0; i < 3; ++i)
        out += std::string(i == 0 ? ""
                       : i == 2   ? " or "
                                  : ", ")
            + std::string(kForms.at(order.at(i).second).name);
    return out;
}

namespace {
// Both sides of the diffs in a text, then what else it holds.
size_t find_all_graphs(Collector& collector, FileId file, const PlainText& plain) {
    std::vector<DiffBlock> diffs = find_diffs(plain);
    size_t found = 0;
    std::erase_if(diffs, [&](const DiffBlock& diff) {
        const size_t before = found;
        for (const bool old : {true, false}) {
            const size_t first = collector.tasks.size();
            found += find_graphs(collector, file, old ? diff.before : diff.after);
            for (size_t i = first; i < collector.tasks.size(); ++i) {
                std::string& label = collector.tasks[i].label;
                const char* side = old ? "before" : "after";
                if (label.empty())
                    label = side;
                else
                    ((label += " (") += side) += ')';
            }
        }
        if (found > before)
            collector.problem(Severity::Note,
                "this is a diff: its graphs are told apart as before ('-') and after ('+')", file,
                diff.place.line, diff.place.offset);
        return found == before;
    });
    return found + find_graphs(collector, file, diffs.empty() ? plain : without_diffs(plain, diffs));
}
} // namespace

namespace {
// A text in which no graph was found may still hold what one begins with.
void tell_lost_graph(Collector& collector, FileId file, const PlainText& plain) {
    size_t first = npos;
    for (const std::string_view mark : {"def forward(", "(torch.nn.Module):", "TRACED GRAPH\n ", "graph():"})
        first = std::min(first, find_words(plain.text, mark));
    if (first == npos)
        return;
    const size_t begin = first == 0 ? 0 : plain.text.rfind('\n', first - 1) + 1; // npos + 1 = 0
    const auto line = static_cast<size_t>(
        std::count(plain.text.begin(), plain.text.begin() + static_cast<ptrdiff_t>(begin), '\n'));
    const Place at = !plain.places    ? Place{static_cast<uint32_t>(line + 1), begin}
        : line < plain.places->size() ? (*plain.places)[line]
                                      : Place{};
    collector.problem(Severity::Warning,
        "a graph seems to stand here and none could be taken out of the text: '"
            + utf8(trimmed(plain.text.substr(begin, plain.text.find('\n', first) - begin)).substr(0, 80))
            + "'",
        file, at.line, at.offset);
}
} // namespace

namespace {

// Lines of lines: where they stand in the file.
PlainText placed(PlainText plain, const Places& places) {
    auto placed = std::make_shared<Places>();
    if (!plain.places)
        *placed = places;
    else
        for (const Place& place : *plain.places)
            placed->push_back(place.line && place.line <= places.size() ? places[place.line - 1] : Place{});
    plain.places = std::move(placed);
    return plain;
}

PlainText without_grep_marks(Collector& collector, FileId file, PlainText plain) {
    auto grep = grep_output(plain);
    if (!grep)
        return plain;
    uint64_t lines = 0;
    for (const GrepOutput::Gap& gap : grep->gaps)
        lines += gap.lines;
    if (!grep->gaps.empty())
        collector.problem(Severity::Warning,
            "these are lines that grep printed: it left out "
                + (lines ? counted(lines, "line") : std::string("some lines")) + " at "
                + counted(grep->gaps.size(), "place")
                + ", first before this one; graphs lack what stood there",
            file, grep->gaps.front().place.line, grep->gaps.front().place.offset);
    return std::move(grep->plain);
}

} // namespace

namespace {
// The line that first names one of PyTorch's artifacts, "[0/0] [__graph_code] …", which may stand behind
// megabytes of a program's own output; empty where there is none.
std::string_view from_artifact(std::string_view text) {
    const size_t at = find_words(text, "] [__");
    if (at == npos)
        return {};
    const size_t line = text.rfind('\n', at);
    return text.substr(line == npos ? 0 : line + 1, 1 << 12);
}
} // namespace

bool read_text(Collector& collector, FileId file, const FileBytes& bytes, const Places* places) {
    PlainText decoded = decode(bytes);
    if (decoded.places && !places && holds_trace_records(decoded.text)) {
        collector.problem(Severity::Note,
            "the trace is wrapped in another form or encoding; lines and byte offsets count in its plain "
            "text",
            file, 1, 0);
        collector.dump.files[file.index].kind = "TORCH_TRACE";
        const FileBytes trace{decoded.storage, decoded.text, {}};
        const TextBeside beside = read_trace_log(collector, file, trace);
        tell_passed_over(collector, file, beside, true);
        return true;
    }
    if (decoded.joined) {
        const uint32_t line = decoded.first_joined.line;
        const Place at = !places             ? decoded.first_joined
            : line && line <= places->size() ? (*places)[line - 1]
                                             : Place{};
        collector.problem(Severity::Note,
            counted(decoded.joined, "line") + (decoded.joined == 1 ? " goes" : " go")
                + " on with the one before, broken at column " + std::to_string(decoded.columns)
                + ", and joined with it: this is the first",
            file, at.line, at.offset);
    }
    if (places)
        decoded = placed(std::move(decoded), *places);
    const PlainText plain = without_grep_marks(collector, file, std::move(decoded));
    const size_t messages = collector.dump.messages.size();
    const size_t compilations = collector.dump.compilations.size();
    bool log = false;
    constexpr std::array<std::string_view, 3> kLevels{
        ": [DEBUG] ", ": [INFO] ", ": [WARNING] "}; // until 2024
    if (looks_like_text_log(plain.text.substr(0, 1 << 18)) || looks_like_text_log(from_artifact(plain.text))
        || (find_words(plain.text, ".__") != npos && words_in(plain.text, kLevels) != 0)) {
        log = true;
        read_text_log(collector, file, plain);
    }
    const size_t tasks = collector.tasks.size();
    const size_t found = find_all_graphs(collector, file, plain);
    if (const Place at = lone_group_mark(plain); found > 0 && at.line > 0)
        collector.problem(Severity::Note,
            "'--' stands alone here, as between groups of lines that grep prints: if it did, graphs lack "
            "what "
            "it left out",
            file, at.line, at.offset);
    const bool told =
        collector.dump.messages.size() > messages || collector.dump.compilations.size() > compilations;
    collector.dump.files[file.index].kind =
        log && find_words(plain.text, "] [__") != npos ? "TORCH_LOGS" : "print_readable";
    if (collector.tasks.size() == tasks && found > 0 && !told)
        collector.problem(Severity::Warning,
            "there is no graph in this text, only a module that a person wrote; expected one that PyTorch "
            "printed",
            file, 1, 0);
    if (found == 0)
        tell_lost_graph(collector, file, plain);
    if (found == 0 && told && collector.dump.messages.size() == messages)
        collector.problem(Severity::Note,
            "this log tells of compilations and has no graph; TORCH_LOGS=graph_code,aot_graphs logs them",
            file, 1, 0);
    return found > 0 || told || log;
}

} // namespace hopscope::read
