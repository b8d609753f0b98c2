#include "views/shell/marks.h"

#include "core/base/text.h"
#include "core/graph/body.h"
#include "core/regions/ledger.h"
#include "views/base/text.h"
#include "views/base/valuetext.h"

#include <QFileInfo>

#include <algorithm>
#include <unordered_map>

namespace hopscope {

namespace {

// The values of each node's latest run, and the question for each that is there.
void addValues(WindowState& state, Pane pane, const Place& body, std::vector<Tag>& tags) {
    RunController& run = state.run();
    const auto stepper = run.stepper();
    std::vector<ValueQuery> wanted;
    for (Tag& tag : tags) {
        const std::optional<size_t> step = stepper->step_of(body.body, tag.node);
        if (!step || !stepper->done(*step) || stepper->steps()[*step].values == 0)
            continue;
        const ValueQuery query{*step, 0, 0, {}};
        wanted.push_back(query);
        if (const ValueAnswer* answer = run.answer(query); answer && answer->error.isEmpty()) {
            tag.text = shortValue(answer->value);
            tag.warning = hasNonFinite(answer->value);
        }
    }
    run.want(QStringLiteral("canvas%1").arg(int(pane)), wanted);
}

// Each node's share of its body's own sum: in a region's body its nodes are compared with each other.
void addTimes(const run::Timing& timing, BodyId body, std::vector<Tag>& tags) {
    double sum = 0, most = 0;
    std::unordered_map<uint32_t, double> times;
    for (const run::NodeTime& time : timing.nodes) {
        if (time.body != body)
            continue;
        sum += time.total_us;
        most = std::max(most, time.total_us);
        times[time.node.index] = time.total_us;
    }
    if (sum <= 0)
        return;
    for (Tag& tag : tags) {
        const auto mine = times.find(tag.node.index);
        if (mine == times.end())
            continue;
        tag.bar = mine->second / most;
        const double percent = mine->second / sum * 100;
        if (percent >= 0.1)
            tag.text += (tag.text.isEmpty() ? QString() : QStringLiteral("  "))
                + QObject::tr("%1 %").arg(percent, 0, 'f', percent < 10 ? 1 : 0);
    }
}

void addTags(WindowState& state, Pane pane, const Place& body, OnNodes show, Marks& marks) {
    const RunController& run = state.run();
    const bool here =
        run.state() == RunController::State::Ready && run.stepper() && body.graph == run.graph();
    const bool values = here && show.values, times = here && show.times && run.timing().repeat > 0;
    std::vector<Tag> tags(values || times ? state.document()->body(body).nodes.size() : 0);
    for (size_t i = 0; i < tags.size(); ++i)
        tags[i].node = NodeId(i);
    if (values)
        addValues(state, pane, body, tags);
    else
        state.run().want(QStringLiteral("canvas%1").arg(int(pane)), {});
    if (times)
        addTimes(run.timing(), body.body, tags);
    std::erase_if(tags, [](const Tag& tag) { return tag.text.isEmpty() && !tag.bar; });
    // A node that stops a run says so before anything is run.
    if (const run::Forecast* told = show.forecasts ? show.forecasts->of(body.graph) : nullptr)
        for (const wire::ForecastNode& node : told->nodes)
            if (node.body == body.body && node.fate == wire::Fate::Cannot)
                tags.push_back({node.node, QObject::tr("cannot be run"), /*warning=*/true, {}});
    marks.tags = std::move(tags);
}

// Which node is next, which have not run, where it stops.
void addRun(const WindowState& state, const RunController& run, const Place& body, Marks& marks) {
    if (body.graph == run.breakpointGraph()) {
        for (const run::Breakpoint& b : run.breakpoints()) {
            if (b.kind == run::Breakpoint::Kind::Node && b.body == body.body)
                (b.enabled ? marks.breakpoints : marks.breakpointsOff).push_back(b.node);
        }
    }
    const auto stepper = run.stepper();
    if (!run.active() || !stepper || body.graph != run.graph())
        return;
    marks.step = {};
    if (!stepper->at_end()) {
        std::vector<size_t> frames = stepper->stack();
        frames.push_back(stepper->position());
        for (size_t step : frames) {
            if (stepper->steps()[step].body == body.body)
                marks.step = stepper->steps()[step].node;
        }
    }
    const size_t count = state.document()->body(body).nodes.size();
    for (size_t i = 0; i < count; ++i) {
        const std::optional<size_t> step = stepper->step_of(body.body, NodeId(i));
        if (!step || !stepper->done(*step))
            marks.waiting.push_back(NodeId(i));
    }
}

// What differs from the other pane, and which node there is the selected one.
void addDifferences(const WindowState& state, Pane pane, const Place& body, Marks& marks) {
    const std::shared_ptr<const Comparison> of = state.comparison();
    const bool left = pane == Pane::Left;
    const auto is = [](const Place& x, const Place& y) { return x.graph == y.graph && x.body == y.body; };
    if (!of || !is(body, left ? of->a : of->b))
        return;
    for (const DiffRow& row : of->rows.rows) {
        const NodeId node = left ? row.a : row.b;
        if (!node || row.kind == DiffRow::Kind::Same)
            continue;
        const bool changed = row.kind == DiffRow::Kind::Changed || row.kind == DiffRow::Kind::Group;
        (changed ? marks.changed : marks.onlyHere).push_back(node);
    }
    const NavState& at = state.at();
    if (at.focus == pane || !at.node.node || !is(at.node, left ? of->b : of->a))
        return;
    if (const NodeId same = of->partner(!left, at.node.node))
        marks.crossing.push_back(same);
}

} // namespace

bool isSelectionOf(const NavState& at, Pane pane) {
    const Place& body = at.panes[size_t(pane)];
    return at.node.node && at.focus == pane && at.node.graph == body.graph && at.node.body == body.body;
}

Marks marksOf(WindowState& state, Pane pane, const Place& body, OnNodes show) {
    Marks marks;
    const NavState& at = state.at();
    const Document& document = *state.document();
    // What is selected may stand in the body of a call that the picture shows in its place.
    const bool own = at.node.graph == body.graph && at.node.body == body.body;
    if (own && isSelectionOf(at, pane)) {
        const Body& nodes = document.body(body);
        const Node& node = nodes.node(at.node.node);
        const auto users = nodes.users_of(node), inputs = nodes.inputs_of(node);
        marks.users.assign(users.begin(), users.end());
        marks.producers.assign(inputs.begin(), inputs.end());
    }
    const Place& other = state.navigator().pane(other_pane(pane));
    if (at.node.node && at.focus != pane && at.node.graph == other.graph && at.node.body == other.body) {
        for (const Crossing& pair : state.navigator().crossings()) {
            if ((pane == Pane::Left ? pair.right : pair.left) == at.node.node)
                marks.crossing.push_back(pane == Pane::Left ? pair.left : pair.right);
        }
    }
    addDifferences(state, pane, body, marks);
    if (at.row) {
        for (const Place& call : document.invocation(*at.row).calls) {
            if (call.graph == body.graph && call.body == body.body)
                marks.step = call.node;
        }
    }
    marks.noted = state.notes().marked(body.graph, body.body);
    addRun(state, state.run(), body, marks);
    addTags(state, pane, body, show, marks);
    return marks;
}

HoverCard hoverCardOf(const Document& document, const Place& place) {
    HoverCard card;
    const Node* node = document.node(place);
    if (!node)
        return card;
    const GraphModule& module = document.module(place.graph);
    card.title = qs(document.node_name(place));
    card.target = qs(short_target(module, *node));
    if (node->op == Opcode::Placeholder)
        card.note = qs(document.input_note(place));
    if (const ValueType* type = module.type(node->type)) {
        card.type = qs(short_type(module, *type));
        if (type->kind == TypeKind::Tensor) {
            if (!is_contiguous(module, *type)) {
                QStringList strides;
                for (StringId stride : module.stride(*type))
                    strides << qs(module.text(stride));
                card.stride = QObject::tr("stride (%1)").arg(strides.join(QStringLiteral(", ")));
            }
            card.device = qs(module.text(type->device));
            if (const auto bytes = byte_size(module, *type))
                card.device += (card.device.isEmpty() ? QString() : QStringLiteral(" · "))
                    + qs(format_bytes(uint64_t(*bytes)));
        }
    }
    if (const Source* source = document.source(place); source && source->has_place())
        card.source = QFileInfo(qs(module.text(source->file))).fileName() + QLatin1Char(':')
            + QString::number(source->line) + QStringLiteral("  ") + qs(module.text(source->code));
    if (const std::optional<int> row = document.row_of_call(place))
        card.note = QObject::tr("call %1, %2")
                        .arg(document.invocation(*row).index)
                        .arg(qs(decision_label(document.invocation(*row).decision)));
    return card;
}

} // namespace hopscope
