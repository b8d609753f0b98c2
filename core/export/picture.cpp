#include "core/export/picture.h"

#include "core/base/printable.h"
#include "core/base/text.h"
#include "core/draw/metrics.h"
#include "core/export/drawn.h"
#include "core/regions/roles.h"
#include "core/repeats/repeats.h"

#include <algorithm>
#include <charconv>
#include <string_view>

namespace hopscope {

namespace {

using draw::Dot;

// Drawing does not know the ledger, but counts its decisions the same way.
static_assert(static_cast<int>(Dot::Traced) == static_cast<int>(Decision::Traced));
static_assert(static_cast<int>(Dot::Reused) == static_cast<int>(Decision::Reused));
static_assert(static_cast<int>(Dot::ReusedByKey) == static_cast<int>(Decision::ReusedByKey));
static_assert(static_cast<int>(Dot::RetracedSame) == static_cast<int>(Decision::RetracedSame));
static_assert(static_cast<int>(Dot::RetracedNew) == static_cast<int>(Decision::RetracedNew));
static_assert(static_cast<int>(Dot::Failed) == static_cast<int>(Decision::Failed));
static_assert(static_cast<int>(Dot::Unknown) == static_cast<int>(Decision::Unknown));
static_assert(static_cast<int>(Dot::Inlined) == static_cast<int>(Decision::Unknown) + 1);

uint8_t dot_of(const Invocation& invocation) {
    return static_cast<uint8_t>(invocation.inlined ? Dot::Inlined : static_cast<Dot>(invocation.decision));
}

void describe_calls(
    const CompilationLedger& ledger, const Place& place, size_t nodes, draw::Options& options) {
    options.badges.resize(nodes);
    options.dots.resize(nodes);
    options.own_dot.resize(nodes);
    options.notes.resize(nodes);
    for (const Region& region : ledger.regions) {
        std::vector<uint8_t> dots;
        for (const InvocationId id : region.invocations)
            dots.push_back(dot_of(ledger.invocation(id)));
        for (size_t i = 0; i < region.invocations.size(); ++i) {
            for (const Place& call : ledger.invocation(region.invocations[i]).calls) {
                if (!call.node || call.graph != place.graph || call.body != place.body
                    || call.node.index >= nodes)
                    continue;
                const size_t node = call.node.index;
                options.badges[node] = "×" + std::to_string(dots.size());
                options.dots[node] = dots;
                options.own_dot[node] = static_cast<uint32_t>(i);
                if (const int64_t bytes = region.saved_bytes.value_or(0); bytes > 0)
                    options.notes[node] = format_bytes(static_cast<uint64_t>(bytes)) + " saved";
            }
        }
    }
}

} // namespace

draw::Options picture_options(const Dump& dump, const Ledger* ledger, const Place& place) {
    const Graph& graph = dump.graph(place.graph);
    draw::Options options;
    options.title = dump.name + " · " + address_of(dump, place.graph, place.body);
    options.roles = named_roles_of(dump, place.graph, place.body);
    if (ledger && graph.compilation && graph.compilation.index < ledger->compilations.size())
        describe_calls(
            ledger->of(graph.compilation), place, graph.module->body(place.body).nodes.size(), options);
    return options;
}

namespace {

// "×12  blocks.0 … blocks.11"
std::string repeat_label(const std::vector<const RepeatBlock*>& run) {
    std::string label = "×" + std::to_string(run.size());
    const std::string &first = run.front()->path, &last = run.back()->path;
    return first.empty() ? label : label + "  " + first + (first == last ? "" : " … " + last);
}

// Blocks that follow each other; what stands between two runs of a group is an exception, and drawn.
std::vector<draw::Repeat> repeats_to_fold(
    const GraphModule& module, BodyId body, size_t least_nodes, const std::vector<std::string>& unfold) {
    std::vector<draw::Repeat> folded;
    std::vector<bool> open(unfold.empty() ? 0 : module.body(body).nodes.size(), false);
    for (const std::string& name : unfold)
        if (const NodeId node = find_node(module, module.body(body), name))
            open[node.index] = true;
    const auto is_open = [&](const RepeatBlock* block) {
        return !open.empty() && std::any_of(block->nodes.begin(), block->nodes.end(), [&](NodeId node) {
            return open[node.index];
        });
    };
    const auto add = [&](const std::vector<const RepeatBlock*>& run) {
        if (run.size() < 2 || std::any_of(run.begin(), run.end(), is_open))
            return;
        draw::Repeat repeat;
        repeat.shown = run.front()->nodes;
        for (size_t i = 1; i < run.size(); ++i)
            repeat.alike.push_back(run[i]->nodes);
        repeat.label = repeat_label(run);
        folded.push_back(std::move(repeat));
    };
    for (const RepeatGroup& group :
        find_repeats(module, body, {.least_nodes = least_nodes, .least_count = 2}).groups) {
        std::vector<const RepeatBlock*> run;
        for (const RepeatBlock& block : group.blocks) {
            if (!block.follows) {
                add(run);
                run.clear();
            }
            run.push_back(&block);
        }
        add(run);
    }
    return folded;
}

} // namespace

Result<PicturePart> parse_part(std::string_view words) {
    using Of = PicturePart::Of;
    const auto wrong = [&](const std::string& expected) {
        return make_error(Error::Kind::Usage, "found '" + std::string(words) + "', expected " + expected);
    };
    const size_t colon = words.find(':');
    const std::string_view kind = words.substr(0, colon);
    PicturePart part;
    part.of = kind == "ancestors" ? Of::Ancestors
        : kind == "descendants"   ? Of::Descendants
        : kind == "around"        ? Of::Around
        : kind == "between"       ? Of::Between
        : kind == "nodes"         ? Of::These
                                  : Of::All;
    if (part.of == Of::All || colon == std::string_view::npos)
        return wrong("ancestors:, descendants:, around:, between: or nodes: and names");
    std::string_view rest = words.substr(colon + 1);
    while (!rest.empty()) {
        const size_t comma = rest.find(',');
        if (const std::string_view name = rest.substr(0, comma); !name.empty())
            part.names.emplace_back(name);
        rest = comma == std::string_view::npos ? std::string_view() : rest.substr(comma + 1);
    }
    if (part.of == Of::Around && part.names.size() == 2) {
        const std::string& number = part.names[1];
        const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), part.steps);
        if (error != std::errc() || end != number.data() + number.size() || part.steps < 1
            || part.steps > 1000)
            return wrong("steps from 1 to 1000 behind the name");
        part.names.pop_back();
    }
    const size_t count = part.names.size(), wanted = part.of == Of::Between ? 2 : 1;
    if (count < wanted || (part.of != Of::These && count > wanted))
        return wrong(wanted == 2 ? "two names" : "one name");
    return part;
}

ShownBody shown_body(const Dump& dump, const Picture& picture, bool right) {
    const Place& place = right ? picture.right : picture.place;
    const auto& changed = right ? picture.right_expanded : picture.expanded;
    if (changed)
        return {changed.get(), right ? picture.right_expanded_body : picture.expanded_body};
    return {dump.graph(place.graph).module.get(), place.body};
}

std::string undrawn_text(const std::vector<std::pair<std::string, std::string>>& links) {
    constexpr size_t kNamed = 6;
    if (links.empty())
        return {};
    std::string text = links.size() == 1
        ? "1 link is too long to be drawn and stands as a pair of marks"
        : counted(links.size(), "link") + " are too long to be drawn and stand as pairs of marks";
    const size_t named = links.size() > kNamed + 1 ? kNamed : links.size();
    for (size_t i = 0; i < named; ++i)
        text += (i == 0 ? ": " : ", ") + links[i].first + " → " + links[i].second;
    return named < links.size() ? text + " and " + std::to_string(links.size() - named) + " more" : text;
}

std::string undrawn_links(const Dump& dump, const Picture& picture) {
    const ShownBody left = shown_body(dump, picture);
    const ShownBody right = picture.right.graph ? shown_body(dump, picture, true) : left;
    const auto name = [&](NodeId node, bool is_right) {
        const ShownBody& of = is_right ? right : left;
        return printable(draw::clip_label(of.module->text(of.module->body(of.body).node(node).name)));
    };
    std::vector<std::pair<std::string, std::string>> links;
    for (const draw::Edge& edge : picture.scene.edges)
        if (edge.cut && edge.from && edge.to)
            links.emplace_back(name(edge.from, edge.right), name(edge.to, edge.right || edge.saved));
    return undrawn_text(links);
}

bool calls_regions(const Dump& dump, const Place& place) {
    const GraphModule& module = *dump.graph(place.graph).module;
    const std::vector<RegionCall> calls = region_calls(module, place.body);
    return std::any_of(calls.begin(), calls.end(), [](const RegionCall& call) { return call.body.valid(); });
}

bool has_other_half(const Dump& dump, const Place& place) {
    return half_of(dump, place.graph, place.body) && other_half(dump, place.graph, place.body).graph;
}

Result<Picture> make_picture(const Dump& dump, const Ledger* ledger, const Place& place,
    const draw::Options& options, const PictureChoice& choice, const Job& job) {
    if (choice.columns < 1)
        return make_error(
            Error::Kind::Usage, "found " + std::to_string(choice.columns) + " columns, expected at least 1");
    if (choice.with_backward) {
        if (choice.columns > 1 || choice.fold_repeats || !choice.part.whole())
            return make_error(Error::Kind::Usage,
                "a picture of both halves can be neither folded, wrapped into columns nor cut to a part");
        if (choice.sideways)
            return make_error(
                Error::Kind::Usage, "a picture of both halves runs down and up, not from left to right");
        if (options.layout.engine == layout::Engine::Dot)
            return make_error(Error::Kind::Usage, "a hairpin is drawn by the layered layout, not by dot");
        return make_hairpin_picture(dump, ledger, place, options, choice, job);
    }
    auto drawn = drawn_body(dump, place, options, choice);
    if (!drawn)
        return drawn.error();
    drawn->options.layout.columns = choice.columns;
    drawn->options.sideways = choice.sideways;
    if (choice.fold_repeats) {
        note_missing(*drawn, choice.unfold, "unfold");
        drawn->options.repeats =
            repeats_to_fold(*drawn->module, drawn->body, choice.repeat_nodes, choice.unfold);
        drawn->options.groups.clear(); // what repeats is framed with what it stands for
    }
    auto scene = draw::make_scene(*drawn->module, drawn->body, drawn->options, job);
    if (!scene)
        return scene.error();
    Picture picture{std::move(*scene), {place.graph, place.body, {}}};
    take_drawn(std::move(*drawn), picture);
    if (const Status dressed = dress_picture(dump, choice, picture); !dressed)
        return dressed.error();
    return picture;
}

} // namespace hopscope
