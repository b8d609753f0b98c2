#include "core/regions/failures.h"

#include "core/base/text.h"

#include <algorithm>
#include <charconv>
#include <string_view>

namespace hopscope {

namespace {

constexpr auto npos = std::string_view::npos;

std::vector<std::string_view> lines_of(std::string_view text) {
    std::vector<std::string_view> lines;
    for (size_t from = 0; from <= text.size();) {
        const size_t end = std::min(text.find('\n', from), text.size());
        lines.push_back(text.substr(from, end - from));
        from = end + 1;
    }
    return lines;
}

// "torch._dynamo.exc.Unsupported: …": where the name ends; npos for lines that raise nothing.
size_t raised(std::string_view line) {
    const size_t colon = line.find(": ");
    const size_t end = colon != npos ? colon : line.ends_with(':') ? line.size() - 1 : npos;
    if (end == npos || end == 0 || !is_identifier_start(line[0]))
        return npos;
    const std::string_view name = line.substr(0, end);
    if (!std::all_of(name.begin(), name.end(), [](char c) { return is_identifier_char(c) || c == '.'; }))
        return npos;
    const std::string_view last = name.substr(name.rfind('.') == npos ? 0 : name.rfind('.') + 1);
    for (const char* word :
        {"Error", "Exception", "Failed", "Unsupported", "Warning", "Interrupt", "Exit", "SymNode"})
        if (last.find(word) != npos)
            return end;
    return npos;
}

bool indented(std::string_view line) {
    return line.starts_with(' ') || line.starts_with('\t');
}

// Where the text of the last exception begins: its tracebacks are indented, and chained ones come before it.
size_t last_exception(const std::vector<std::string_view>& lines) {
    size_t found = lines.size();
    for (size_t i = 0; i < lines.size(); ++i)
        if (raised(lines[i]) != npos && (i == 0 || indented(lines[i - 1])))
            found = i;
    return found;
}

// `  File "F", line N, in FN`
std::optional<UserFrame> frame_on(std::string_view line) {
    line = trimmed(line);
    constexpr std::string_view kFile = "File \"", kLine = "\", line ", kIn = ", in ";
    if (!line.starts_with(kFile))
        return std::nullopt;
    const size_t end = line.rfind(kLine);
    const size_t in = line.rfind(kIn);
    if (end == npos || in == npos || in < end)
        return std::nullopt;
    UserFrame frame;
    frame.file = line.substr(kFile.size(), end - kFile.size());
    frame.function = line.substr(in + kIn.size());
    const std::string_view number = line.substr(end + kLine.size(), in - end - kLine.size());
    std::from_chars(number.data(), number.data() + number.size(), frame.line);
    frame.of_torch = frame.file.find("/torch/") != std::string::npos;
    return frame;
}

bool is_region_call(const UserFrame& frame) {
    return frame.file.ends_with("_higher_order_ops/invoke_subgraph.py");
}

class Reader {
public:
    explicit Reader(FailureStory& story)
        : story_(story) { }

    void read(std::string_view text) {
        lines_ = lines_of(text);
        at_ = last_exception(lines_);
        if (at_ == lines_.size())
            at_ = 0;
        const size_t name_end = raised(lines_[at_]);
        if (name_end != npos) {
            set_type(lines_[at_].substr(0, name_end));
            lines_[at_] = trimmed(lines_[at_].substr(std::min(name_end + 1, lines_[at_].size())));
        }
        for (; at_ < lines_.size(); ++at_)
            line();
        while (story_.message.ends_with('\n'))
            story_.message.pop_back();
    }

private:
    enum class Part { Message, Explanation, Hint, Context, Frames, Rest };

    void set_type(std::string_view name) {
        story_.type = name.substr(name.rfind('.') == npos ? 0 : name.rfind('.') + 1);
    }

    void line() {
        const std::string_view whole = lines_[at_];
        const std::string_view text = trimmed(whole);
        const auto begins = [&](std::string_view head, Part part) {
            if (!text.starts_with(head))
                return false;
            part_ = part;
            return true;
        };
        if (begins("Explanation: ", Part::Explanation))
            story_.explanation = text.substr(13);
        else if (begins("Hint: ", Part::Hint))
            story_.hints.emplace_back(text.substr(6));
        else if (begins("Developer debug context:", Part::Context))
            story_.context = trimmed(text.substr(24));
        else if (begins("from user code:", Part::Frames) || begins("Original traceback:", Part::Frames)
            || begins("User code traceback:", Part::Frames))
            return;
        else if (begins("While executing %", Part::Rest))
            node(text);
        else if (begins("GraphModule: class ", Part::Rest) || begins("Set TORCHDYNAMO_VERBOSE", Part::Rest)
            || begins("For more details about this graph break", Part::Rest)
            || begins("Use tlparse", Part::Rest))
            return;
        else
            further(whole, text);
    }

    void further(std::string_view whole, std::string_view text) {
        switch (part_) {
        case Part::Message:
            // "backend='x' raised:" and the like only announce the exception that counts.
            if (const size_t end = raised(text); end != npos && announces(story_.message)) {
                set_type(text.substr(0, end));
                story_.message = trimmed(text.substr(std::min(end + 1, text.size())));
            } else if (trimmed_end(story_.message).ends_with("Got graph break/error:") && !text.empty()) {
                story_.message = text;
            } else if (!text.empty() || (!story_.message.empty() && !story_.message.ends_with("\n\n"))) {
                story_.message += (story_.message.empty() ? "" : "\n") + std::string(text);
            }
            break;
        case Part::Explanation:
            if (!text.empty())
                story_.explanation += ' ' + std::string(text);
            break;
        case Part::Hint:
            if (!text.empty())
                story_.hints.back() += ' ' + std::string(text);
            break;
        case Part::Context:
            if (!text.empty())
                story_.context += (story_.context.empty() ? "" : "\n") + std::string(whole);
            break;
        case Part::Frames:
            frame(text);
            break;
        case Part::Rest:
            break;
        }
    }
    static std::string_view trimmed_end(std::string_view text) {
        return text.substr(0, text.find_last_not_of(" \n\t") + 1);
    }
    static bool announces(const std::string& message) {
        const std::string_view last = trimmed_end(message);
        return last.ends_with("raised:") || last.empty();
    }

    void frame(std::string_view text) {
        if (auto found = frame_on(text))
            story_.frames.push_back(std::move(*found));
        else if (!story_.frames.empty() && story_.frames.back().code.empty() && !text.empty()
            && text.find_first_not_of("^~ ") != npos)
            story_.frames.back().code = text;
    }

    // "While executing %invoke_subgraph : [num_users=1] = call_function[target=…](args = (%subgraph_0,
    // subgraph_0, …"
    void node(std::string_view text) {
        text.remove_prefix(std::string_view("While executing %").size());
        story_.node = text.substr(0, text.find(' '));
        if (text.find("higher_order.invoke_subgraph") == npos)
            return;
        story_.in_region = true;
        constexpr std::string_view kArgs = "(args = (";
        const size_t args = text.find(kArgs);
        if (args == npos)
            return;
        const std::string_view first = text.substr(args + kArgs.size());
        const size_t comma = first.find(", ");
        if (comma != npos)
            story_.identifier = first.substr(comma + 2, first.find_first_of(",)", comma + 2) - comma - 2);
    }

    FailureStory& story_;
    std::vector<std::string_view> lines_;
    size_t at_ = 0;
    Part part_ = Part::Message;
};

} // namespace

const UserFrame* FailureStory::users_line() const {
    for (size_t i = frames.size(); i-- > 0;)
        if (!frames[i].of_torch)
            return &frames[i];
    return nullptr;
}

const UserFrame* FailureStory::call_line() const {
    const auto region = std::find_if(frames.begin(), frames.end(), is_region_call);
    for (auto f = region; f != frames.begin();)
        if (!(--f)->of_torch)
            return &*f;
    return nullptr;
}

std::string FailureStory::sentence() const {
    std::string out;
    for (const std::string_view part : lines_of(message))
        if (const std::string_view text = trimmed(part); !text.empty())
            out += (out.empty() ? "" : " ") + std::string(text);
    if (!explanation.empty())
        out += (out.ends_with('.') ? " " : ": ") + explanation;
    return out;
}

namespace {

// What a fake tensor call met: "RuntimeError: a and b must …" of "…: got RuntimeError('a and b must …')"
// (torch/_dynamo/utils.py, get_fake_value). Empty where the explanation tells of none.
std::string error_inside(std::string_view explanation) {
    const size_t at = explanation.rfind(": got ");
    if (at == std::string_view::npos)
        return {};
    const std::string_view got = explanation.substr(at + 6);
    const size_t open = got.find('(');
    if (open == std::string_view::npos || open + 2 >= got.size()
        || !std::all_of(got.begin(), got.begin() + static_cast<std::ptrdiff_t>(open), is_identifier_char))
        return {};
    const char quote = got[open + 1];
    const size_t end = got.rfind(std::string{quote, ')'});
    if ((quote != '\'' && quote != '"') || end == std::string_view::npos || end <= open + 1)
        return {};
    return std::string(got.substr(0, open)) + ": " + std::string(got.substr(open + 2, end - open - 2));
}

} // namespace

std::string FailureStory::short_sentence() const {
    constexpr size_t kLong = 120, kShortest = 40;
    if (std::string inside = headline(error_inside(explanation)); !inside.empty()) {
        if (inside.ends_with('.'))
            inside.pop_back();
        return inside;
    }
    std::string out = headline(message);
    if (const size_t end = out.find(". ", kShortest); out.size() > kLong && end != std::string::npos)
        out.resize(end);
    return out;
}

std::optional<FailureStory> failure_of(const Dump& dump, CompilationId id) {
    const Failure* of_interpreter = nullptr;
    const Failure* of_dynamo = nullptr;
    for (const Failure& f : dump.failures) {
        if (f.compilation != id)
            continue;
        if (f.kind == "fx_interpreter_error")
            of_interpreter = &f;
        else if (f.kind == "dynamo_error")
            of_dynamo = &f;
    }
    const Compilation& c = dump.compilation(id);
    FailureStory story;
    if (const Failure* f = of_dynamo ? of_dynamo : of_interpreter) {
        story.kind = f->kind;
        story.file = f->file;
        story.line = f->line;
        Reader(story).read(f->text);
        if (of_interpreter && story.node.empty()) {
            FailureStory inner;
            Reader(inner).read(of_interpreter->text);
            story.node = inner.node;
            story.identifier = inner.identifier;
            story.in_region = story.in_region || inner.in_region;
        }
    } else if (!c.fail_reason.empty()) {
        story.kind = "compilation_metrics";
        Reader(story).read("_Error: " + c.fail_reason);
        story.type = c.fail_type;
    } else {
        return std::nullopt;
    }
    const auto region = std::find_if(story.frames.begin(), story.frames.end(), is_region_call);
    if (region != story.frames.end()) {
        story.in_region = true;
        if (region + 1 != story.frames.end())
            story.function = (region + 1)->function;
    }
    return story;
}

} // namespace hopscope
