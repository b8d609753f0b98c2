// What the canvases show of a run.
#include "views/base/text.h"
#include "views/base/valuetext.h"
#include "views/run/stepsview.h"
#include "views/shell/mainwindow.h"
#include "views/shell/pane.h"

#include <algorithm>

namespace hopscope {

namespace {
const QString kCanvasOwner = QStringLiteral("canvas");
}

// What the run says of the nodes of a pane: which is next, which have not run, where it stops.
void MainWindow::markRun(Pane pane) {
    Canvas& canvas = panes_[size_t(pane)]->canvas();
    const Place& body = navigator_.pane(pane);
    std::vector<NodeId> on, off, waiting;
    if (body.graph == run_.breakpointGraph()) {
        for (const run::Breakpoint& b : run_.breakpoints()) {
            if (b.kind == run::Breakpoint::Kind::Node && b.body == body.body)
                (b.enabled ? on : off).push_back(b.node);
        }
    }
    const auto stepper = run_.stepper();
    if (run_.active() && stepper && body.graph == run_.graph()) {
        NodeId next;
        if (!stepper->at_end()) {
            std::vector<size_t> frames = stepper->stack();
            frames.push_back(stepper->position());
            for (size_t step : frames) {
                if (stepper->steps()[step].body == body.body)
                    next = stepper->steps()[step].node;
            }
        }
        canvas.setCurrentStep(next);
        const size_t count = document_->body(body).nodes.size();
        for (size_t i = 0; i < count; ++i) {
            const std::optional<size_t> step = stepper->step_of(body.body, NodeId(i));
            if (!step || !stepper->done(*step))
                waiting.push_back(NodeId(i));
        }
    }
    canvas.setBreakpoints(std::move(on), std::move(off));
    canvas.setWaiting(std::move(waiting));
    tagNodes(pane);
}

// Values and times under the nodes, where they are asked for.
void MainWindow::tagNodes(Pane pane) {
    Canvas& canvas = panes_[size_t(pane)]->canvas();
    const Place& body = navigator_.pane(pane);
    const auto stepper = run_.stepper();
    const bool here =
        document_ && run_.state() == RunController::State::Ready && stepper && body.graph == run_.graph();
    const bool values = here && actions_[Do::ValuesOnNodes]->isChecked();
    const bool times = here && actions_[Do::TimesOnNodes]->isChecked() && run_.timing().repeat > 0;
    const QString owner = kCanvasOwner + QString::number(int(pane));
    std::vector<Tag> tags;
    std::vector<ValueQuery> wanted;
    const size_t count = values || times ? document_->body(body).nodes.size() : 0;
    for (size_t i = 0; i < count; ++i) {
        const Place place{body.graph, body.body, NodeId(i)};
        Tag tag;
        tag.node = place.node;
        if (values) {
            const std::optional<size_t> step = stepper->step_of(place.body, place.node);
            if (step && stepper->done(*step) && stepper->steps()[*step].values > 0) {
                const ValueQuery query{*step, 0, 0, {}};
                wanted.push_back(query);
                if (const ValueAnswer* answer = run_.answer(query); answer && answer->error.isEmpty()) {
                    tag.text = shortValue(answer->value);
                    tag.warning = hasNonFinite(answer->value);
                }
            }
        }
        if (times) {
            const QString text = timeTag(place, &tag.bar);
            tag.text += (tag.text.isEmpty() || text.isEmpty() ? QString() : QStringLiteral("  ")) + text;
        }
        if (!tag.text.isEmpty() || tag.bar >= 0)
            tags.push_back(std::move(tag));
    }
    run_.want(owner, wanted);
    canvas.setTags(std::move(tags));
}

QString MainWindow::timeTag(const Place& node, double* share) const {
    // Of the body's own sum: in a region's body its nodes are compared with each other.
    double sum = 0, most = 0, mine = -1;
    for (const run::NodeTime& time : run_.timing().nodes) {
        if (time.body != node.body)
            continue;
        sum += time.total_us;
        most = std::max(most, time.total_us);
        if (time.node == node.node)
            mine = time.total_us;
    }
    if (mine < 0 || sum <= 0)
        return {};
    *share = most > 0 ? mine / most : 0;
    const double percent = mine / sum * 100;
    return percent < 0.1 ? QString() : tr("%1 %").arg(percent, 0, 'f', percent < 10 ? 1 : 0);
}

} // namespace hopscope
