// Pictures coloured by a number of each node, or by what became of a call.
#include "views/base/text.h"
#include "views/shell/actions.h"
#include "views/shell/pane.h"
#include "views/shell/panepresenter.h"

#include <QActionGroup>

#include <map>

namespace hopscope {

namespace {

constexpr std::pair<OverlayKind, Do> kOverlays[] = {{OverlayKind::None, Do::OverlayNone},
    {OverlayKind::Bytes, Do::OverlayBytes}, {OverlayKind::Users, Do::OverlayUsers},
    {OverlayKind::Decision, Do::OverlayDecision}, {OverlayKind::Time, Do::OverlayTime},
    {OverlayKind::Error, Do::OverlayError}};

// What the run says of the nodes of its graph.
using Numbers = std::map<std::pair<BodyId, NodeId>, double>;

Numbers numbers_of(const RunController& run, OverlayKind kind) {
    Numbers numbers;
    if (kind == OverlayKind::Time) {
        for (const run::NodeTime& time : run.timing().nodes)
            numbers[{time.body, time.node}] = time.total_us;
    } else if (run.comparison()) {
        for (const run::ComparedValue& value : run.comparison()->values)
            if (value.verdict != wire::Verdict::NotCompared) {
                double& most = numbers[{value.body, value.node}];
                most = std::max(most, value.times);
            }
    }
    return numbers;
}

} // namespace

Do overlayAction(OverlayKind kind) {
    for (const auto& [of, action] : kOverlays)
        if (of == kind)
            return action;
    return Do::OverlayNone;
}

OverlayKind PanePresenter::overlayKind() const {
    for (const auto& [kind, action] : kOverlays)
        if ((*actions_)[action]->isChecked())
            return kind;
    return OverlayKind::None;
}

void PanePresenter::connectOverlays() {
    (*actions_)[Do::OverlayNone]->setChecked(true);
    for (const auto& [kind, action] : kOverlays)
        actions_->onToggled(action, this, [this](bool on) {
            if (on)
                showOverlay();
        });
    RunController& run = state_->run();
    connect(&run, &RunController::timingReady, this, &PanePresenter::showOverlay);
    connect(&run, &RunController::compared, this, &PanePresenter::showOverlay);
}

// Back to the colours of kinds; false where that is how it is.
bool PanePresenter::endOverlay() {
    if (overlayKind() == OverlayKind::None)
        return false;
    (*actions_)[Do::OverlayNone]->setChecked(true);
    return true;
}

void PanePresenter::showOverlay() {
    const OverlayKind kind = overlayKind();
    for (size_t p = 0; p < panes_.size(); ++p) {
        Canvas& canvas = panes_[p]->canvas();
        const auto& picture = pictures_[p];
        if (!canvas.scene() || !picture || !document_ || &picture->scene() != canvas.scene().get())
            continue;
        canvas.setOverlay(kind == OverlayKind::None ? nullptr : overlayOf(*picture, kind));
    }
}

std::shared_ptr<const draw::Overlay> PanePresenter::overlayOf(
    const NumberedPicture& picture, OverlayKind kind) const {
    const draw::Scene& scene = picture.scene();
    if (!overlay_needs_run(kind))
        return std::make_shared<const draw::Overlay>(
            make_overlay(scene, kind, [&](NodeId number, bool) -> SceneNode {
                const Place at = picture.origin(number);
                if (!at.graph || !document_->node(at))
                    return {};
                return {&document_->module(at.graph), at.body, at.node};
            }));
    RunController& run = state_->run();
    const Numbers numbers = numbers_of(run, kind);
    std::vector<std::optional<double>> by_box;
    for (const draw::Box& box : scene.boxes) {
        const Place at = picture.origin(box.node);
        const auto found = numbers.find({at.body, at.node});
        by_box.push_back(
            at.graph == run.graph() && found != numbers.end() ? std::optional(found->second) : std::nullopt);
    }
    return std::make_shared<const draw::Overlay>(make_overlay(kind, by_box));
}

// "24.0 KiB": what the overlay says of a node, for its card.
QString PanePresenter::overlayWords(Pane pane, NodeId number) const {
    const Canvas& canvas = panes_[size_t(pane)]->canvas();
    const auto& overlay = canvas.overlay();
    if (!overlay || !canvas.scene() || number.index >= canvas.scene()->box_of_node.size())
        return {};
    const uint32_t box = canvas.scene()->box_of_node[number.index];
    return box < overlay->words.size() ? qs(overlay->words[box]) : QString();
}

void PanePresenter::greyOverlays(const QString& noPicture) {
    const RunController& run = state_->run();
    const auto either = [](const QString& a, const QString& b) { return a.isEmpty() ? b : a; };
    actions_->setReason(
        {Do::OverlayNone, Do::OverlayBytes, Do::OverlayUsers, Do::OverlayDecision}, noPicture);
    actions_->setReason(Do::OverlayTime,
        either(noPicture,
            run.timing().repeat > 0 ? QString() : tr("no times were measured yet: Run, Measure Times")));
    actions_->setReason(Do::OverlayError,
        either(noPicture, run.comparison() ? QString() : tr("no run was compared yet: Run, Compare")));
}

} // namespace hopscope
