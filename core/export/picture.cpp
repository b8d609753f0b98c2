#include "core/export/picture.h"

#include "core/base/text.h"
#include "core/draw/hairpin.h"
#include "core/regions/roles.h"
#include "core/repeats/repeats.h"

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
    options.roles = roles_of(dump, place.graph, place.body);
    if (ledger && graph.compilation && graph.compilation.index < ledger->compilations.size())
        describe_calls(
            ledger->of(graph.compilation), place, graph.module->body(place.body).nodes.size(), options);
    return options;
}

namespace {

draw::HalfBody half_body(
    const Dump& dump, const Ledger* ledger, const Place& place, const draw::Options& chosen) {
    draw::HalfBody half{
        dump.graph(place.graph).module.get(), place.body, picture_options(dump, ledger, place)};
    half.options.fold = chosen.fold;
    return half;
}

Result<Picture> make_hairpin_picture(const Dump& dump, const Ledger* ledger, const Place& place,
    const draw::Options& options, const Job& job) {
    const std::string address = address_of(dump, place.graph, place.body);
    const std::optional<Half> half = half_of(dump, place.graph, place.body);
    const Place other = half ? other_half(dump, place.graph, place.body) : Place{};
    if (!half)
        return make_error(Error::Kind::Usage,
            address + " is neither a forward nor a backward body, expected one of a pair");
    if (!other.graph)
        return make_error(Error::Kind::NotFound,
            "found no " + std::string(*half == Half::Forward ? "backward" : "forward") + " body for "
                + address);
    Picture picture;
    picture.place = *half == Half::Forward ? Place{place.graph, place.body, {}} : other;
    picture.right = *half == Half::Forward ? other : Place{place.graph, place.body, {}};
    std::vector<draw::SavedLink> saved;
    for (const SavedValue& value : saved_values(dump, picture.place, picture.right))
        saved.push_back({value.node, value.placeholder});
    auto scene = draw::make_hairpin(half_body(dump, ledger, picture.place, options),
        half_body(dump, ledger, picture.right, options), saved, job);
    if (!scene)
        return scene.error();
    picture.scene = std::move(*scene);
    picture.scene.title = dump.name + " · " + address_of(dump, picture.place.graph, picture.place.body)
        + " | " + address_of(dump, picture.right.graph, picture.right.body);
    return picture;
}

// "×12  blocks.0 … blocks.11"
std::string repeat_label(const std::vector<const RepeatBlock*>& run) {
    std::string label = "×" + std::to_string(run.size());
    const std::string &first = run.front()->path, &last = run.back()->path;
    return first.empty() ? label : label + "  " + first + (first == last ? "" : " … " + last);
}

// Blocks that follow each other; what stands between two runs of a group is an exception, and drawn.
std::vector<draw::Repeat> repeats_to_fold(const GraphModule& module, BodyId body, size_t least_nodes) {
    std::vector<draw::Repeat> folded;
    const auto add = [&](const std::vector<const RepeatBlock*>& run) {
        if (run.size() < 2)
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

bool has_other_half(const Dump& dump, const Place& place) {
    return half_of(dump, place.graph, place.body) && other_half(dump, place.graph, place.body).graph;
}

Result<Picture> make_picture(const Dump& dump, const Ledger* ledger, const Place& place,
    const draw::Options& options, const PictureChoice& choice, const Job& job) {
    if (choice.columns < 1)
        return make_error(
            Error::Kind::Usage, "found " + std::to_string(choice.columns) + " columns, expected at least 1");
    if (choice.with_backward) {
        if (choice.columns > 1 || choice.fold_repeats)
            return make_error(Error::Kind::Usage,
                "a picture of both halves can be neither folded nor wrapped into columns");
        if (options.layout.engine == layout::Engine::Dot)
            return make_error(Error::Kind::Usage, "a hairpin is drawn by the layered layout, not by dot");
        return make_hairpin_picture(dump, ledger, place, options, job);
    }
    const GraphModule& module = *dump.graph(place.graph).module;
    draw::Options drawn = options;
    drawn.layout.columns = choice.columns;
    if (choice.fold_repeats)
        drawn.repeats = repeats_to_fold(module, place.body, choice.repeat_nodes);
    auto scene = draw::make_scene(module, place.body, drawn, job);
    if (!scene)
        return scene.error();
    return Picture{std::move(*scene), {place.graph, place.body, {}}, {}};
}

} // namespace hopscope
