#include "core/export/picture.h"

#include "core/base/text.h"
#include "core/draw/hairpin.h"
#include "core/regions/roles.h"

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

} // namespace

Result<Picture> make_picture(const Dump& dump, const Ledger* ledger, const Place& place,
    const draw::Options& options, const PictureChoice& choice, const Job& job) {
    if (choice.with_backward) {
        if (options.layout.engine == layout::Engine::Dot)
            return make_error(Error::Kind::Usage, "a hairpin is drawn by the layered layout, not by dot");
        return make_hairpin_picture(dump, ledger, place, options, job);
    }
    auto scene = draw::make_scene(*dump.graph(place.graph).module, place.body, options, job);
    if (!scene)
        return scene.error();
    return Picture{std::move(*scene), {place.graph, place.body, {}}, {}};
}

} // namespace hopscope
