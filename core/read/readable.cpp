#include "core/read/readable.h"

#include "core/base/text.h"
#include "core/read/lines.h"
#include "core/read/module_reader.h"
#include "core/read/scan.h"

namespace hopscope::read {

namespace {

constexpr auto npos = std::string_view::npos;
constexpr std::string_view kModuleSuffix = "Module):";

} // namespace

std::string_view class_on_line(std::string_view line, std::string_view* before) {
    const size_t suffix = line.find(kModuleSuffix);
    if (suffix == npos)
        return {};
    size_t end = suffix;
    while (end > 0 && (is_identifier_char(line[end - 1]) || line[end - 1] == '.'))
        --end;
    if (end == 0 || line[--end] != '(')
        return {};
    const size_t from = line.rfind("class ", end);
    if (from == npos || (from > 0 && std::string_view(" :\t'\"").find(line[from - 1]) == npos))
        return {};
    const std::string_view name = trimmed(line.substr(from + 6, end - from - 6));
    const std::string_view head = trimmed(line.substr(0, from));
    if (name.empty() || name.find(' ') != npos || head.starts_with('#'))
        return {};
    if (before)
        *before = head;
    return name;
}

namespace {

// A text without its colours (print_readable(colored=True)), and where its lines stood in the coloured one.
struct Uncoloured {
    std::shared_ptr<const void> coloured_storage; // of what the lines' offsets point into
    std::string text;
    std::vector<size_t> line_offsets;
};

constexpr std::string_view kEscape = "\x1b[";

// The end of the SGR code at `at`, or `at` if there is none.
size_t after_colour(std::string_view text, size_t at) {
    size_t end = at + kEscape.size();
    while (end < text.size() && (is_digit(text[end]) || text[end] == ';'))
        ++end;
    return end < text.size() && text[end] == 'm' ? end + 1 : at;
}

std::shared_ptr<const Uncoloured> uncoloured(
    std::string_view text, const std::shared_ptr<const void>& storage) {
    const auto plain = std::make_shared<Uncoloured>();
    plain->coloured_storage = storage;
    plain->line_offsets.push_back(0);
    for (size_t at = 0; at < text.size();) {
        if (const size_t end = text.substr(at, kEscape.size()) == kEscape ? after_colour(text, at) : at;
            end > at) {
            at = end;
            continue;
        }
        plain->text += text[at];
        if (text[at++] == '\n')
            plain->line_offsets.push_back(at);
    }
    return plain;
}

std::vector<ReadableModule> read_plain_modules(std::string_view text,
    const std::shared_ptr<const void>& storage, const ReadableOptions& options,
    std::vector<Problem>& problems) {
    std::vector<ReadableModule> found;
    Lines lines(text, options.tabbed);
    bool waiting = lines.next();
    while (waiting) {
        std::string_view label;
        const std::string_view line = lines.line();
        const std::string_view name = class_on_line(line, &label);
        const size_t indent = indent_of(line);
        const bool bare = name.empty() && line.substr(indent).starts_with("def forward(");
        if (name.empty() && !bare) {
            waiting = lines.next();
            continue;
        }
        const uint32_t number = lines.number();
        const size_t offset = lines.offset();
        ModuleReader reader(storage, options, problems);
        // A bare def stands where its class would: four columns to the left. Columns are never negative, so
        // its statements are compared with the def's own.
        waiting = reader.read(lines, bare ? "GraphModule" : name, indent, bare);
        auto module = reader.finish();
        const Place place = number <= options.places.size()
            ? options.places[number - 1]
            : Place{options.first_line + number - 1, options.first_offset + offset};
        if (module)
            found.push_back({std::move(module), label, place.line, offset, place.offset});
    }
    return found;
}

} // namespace

std::vector<ReadableModule> read_modules(std::string_view text, const std::shared_ptr<const void>& storage,
    const ReadableOptions& options, std::vector<Problem>& problems) {
    if (!options.places.empty() || text.find(kEscape) == npos)
        return read_plain_modules(text, storage, options, problems);
    const auto plain = uncoloured(text, storage);
    const size_t first_problem = problems.size();
    auto found = read_plain_modules(plain->text, plain, options, problems);
    // Lines are the same in both texts, offsets are the file's.
    const auto offset_of = [&](uint64_t line) { return plain->line_offsets[line - options.first_line]; };
    for (ReadableModule& module : found) {
        module.offset = offset_of(module.line);
        module.file_offset = options.first_offset + module.offset;
    }
    for (size_t i = first_problem; i < problems.size(); ++i)
        problems[i].offset = options.first_offset + offset_of(problems[i].line);
    return found;
}

} // namespace hopscope::read
