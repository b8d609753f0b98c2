// Which graphs are the same, and which messages.
#include "core/read/evidence_parts.h"

#include "core/base/text.h"

#include <algorithm>
#include <map>

namespace hopscope::read {

bool is_compile_id(std::string_view id) {
    return !id.empty()
        && (id.front() == '!' || (is_digit(id.front()) && id.find('/') != std::string_view::npos));
}

int rank_of_kind(const DumpFile& file) {
    if (file.kind == "TORCH_TRACE")
        return 0;
    return file.kind == "TORCH_LOGS" ? 1 : 2;
}

std::string place_text(const Dump& dump, const DumpPlace& place) {
    const std::string& path = dump.files[place.file.index].path;
    return path.substr(path.rfind('/') + 1) + ':' + std::to_string(place.line);
}

namespace {

MatchOptions evidence_options() {
    MatchOptions options;
    options.names = true; // every form keeps them
    options.open = true;
    return options;
}

} // namespace

SameGraphs::SameGraphs(const Dump& dump)
    : dump_(dump)
    , canons_(dump.graphs.size()) { }

const Canon& SameGraphs::canon(size_t graph) {
    if (!canons_[graph])
        canons_[graph] = std::make_unique<Canon>(*dump_.graphs[graph].module, evidence_options());
    return *canons_[graph];
}

bool SameGraphs::same(size_t a, size_t b) {
    const GraphModule& x = *dump_.graphs[a].module;
    const GraphModule& y = *dump_.graphs[b].module;
    if (x.bodies.empty() || y.bodies.empty() || x.bodies[0].nodes.size() != y.bodies[0].nodes.size())
        return false;
    if (canon(a).hash(BodyId(0)) != canon(b).hash(BodyId(0)))
        return false;
    return match_bodies(canon(a), BodyId(0), canon(b), BodyId(0)).equal();
}

std::string SameGraphs::difference(size_t a, size_t b) {
    const MatchResult result = match_bodies(canon(a), BodyId(0), canon(b), BodyId(0));
    return result.equal()
        ? std::string()
        : difference_text(*dump_.graphs[a].module, *dump_.graphs[b].module, *result.difference);
}

namespace {

bool same_message(const ReuseMessage& a, const ReuseMessage& b) {
    const auto first_line = [](const std::string& text) { return text.substr(0, text.find('\n')); };
    return a.kind == b.kind && a.identifier == b.identifier && a.function == b.function && a.count == b.count
        && first_line(a.detail) == first_line(b.detail);
}

} // namespace

void drop_repeated_messages(Dump& dump) {
    // By compilation: the files that have messages of it, each with its messages in order.
    std::map<CompileKey, std::map<std::pair<int, FileId>, std::vector<size_t>>> told;
    for (size_t m = 0; m < dump.messages.size(); ++m) {
        const ReuseMessage& message = dump.messages[m];
        told[message.key][{rank_of_kind(dump.files[message.file.index]), message.file}].push_back(m);
    }
    std::vector<char> dropped(dump.messages.size(), 0);
    for (const auto& [key, files] : told) {
        // Of two logs, the one that tells more.
        const auto first = std::max_element(files.begin(), files.end(), [](const auto& a, const auto& b) {
            return a.first.first != b.first.first ? a.first.first > b.first.first
                                                  : a.second.size() < b.second.size();
        });
        for (auto other = files.begin(); other != files.end(); ++other) {
            if (other == first)
                continue;
            // A log that was cut tells a part: its messages are looked for in order.
            size_t at = 0;
            for (const size_t m : other->second) {
                size_t found = at;
                while (found < first->second.size()
                    && !same_message(dump.messages[first->second[found]], dump.messages[m]))
                    ++found;
                if (found == first->second.size()) {
                    dump.problems.push_back({Severity::Warning,
                        "tells other reuse messages of " + key.id + " than "
                            + place_text(
                                dump, {first->first.second, dump.messages[first->second.front()].line, 0})
                            + " on does; the ones there are used",
                        other->first.second, dump.messages[m].line, 0});
                    break;
                }
                at = found + 1;
            }
            for (const size_t m : other->second)
                dropped[m] = 1;
        }
    }
    size_t at = 0;
    std::erase_if(dump.messages, [&](const ReuseMessage&) { return dropped[at++] != 0; });
}

} // namespace hopscope::read
