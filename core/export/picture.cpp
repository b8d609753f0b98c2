#include "core/export/picture.h"

#include "core/base/text.h"
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

} // namespace hopscope
