// Pictures coloured by a number of each node, or by what became of a call.
#include "core/graph/calls.h"
#include "core/run/request.h"
#include "views/base/text.h"
#include "views/shell/actions.h"
#include "views/shell/overlayscale.h"
#include "views/shell/pane.h"
#include "views/shell/panepresenter.h"

#include <QActionGroup>

#include <algorithm>
#include <map>
#include <string_view>

namespace hopscope {

namespace {

constexpr std::pair<OverlayKind, Do> kOverlays[] = {{OverlayKind::None, Do::OverlayNone},
    {OverlayKind::Bytes, Do::OverlayBytes}, {OverlayKind::Users, Do::OverlayUsers},
    {OverlayKind::Decision, Do::OverlayDecision}, {OverlayKind::Time, Do::OverlayTime},
    {OverlayKind::Error, Do::OverlayError}};

// What the run says of the nodes of its graph.
using Numbers = std::map<std::pair<BodyId, NodeId>, double>;

// The calls that a value was computed in, by its key, seen from the body that runs: of "a/b/mm" the call a,
// and the call b in the body that a calls.
class CallsAround {
public:
    CallsAround(const GraphModule& module, BodyId body)
        : module_(module)
        , body_(body) { }
    template <class F> void each(std::string_view path, F&& f) {
        BodyId at = body_;
        for (size_t slash = path.find('/'); slash != path.npos && at; slash = path.find('/')) {
            const std::vector<RegionCall>& calls = calls_of(at);
            const std::string_view name = path.substr(0, slash);
            const auto call = std::find_if(calls.begin(), calls.end(), [&](const RegionCall& one) {
                return module_.text(module_.body(at).node(one.node).name) == name;
            });
            if (call == calls.end())
                return;
            f(at, call->node);
            at = call->body;
            path.remove_prefix(slash + 1);
        }
    }

private:
    const std::vector<RegionCall>& calls_of(BodyId body) {
        const auto [at, fresh] = calls_.try_emplace(body);
        if (fresh)
            at->second = region_calls(module_, body);
        return at->second;
    }
    const GraphModule& module_;
    BodyId body_;
    std::map<BodyId, std::vector<RegionCall>> calls_;
};

Numbers numbers_of(const RunController& run, OverlayKind kind) {
    Numbers numbers;
    if (kind == OverlayKind::Time) {
        for (const run::NodeTime& time : run.timing().nodes)
            numbers[{time.body, time.node}] = time.total_us;
    } else if (run.comparison() && run.prepared()) {
        CallsAround calls(*run.prepared()->module, run.prepared()->body);
        for (const run::ComparedValue& value : run.comparison()->values)
            if (value.verdict != wire::Verdict::NotCompared) {
                const auto take = [&](BodyId body, NodeId node) {
                    double& most = numbers[{body, node}];
                    most = std::max(most, value.times);
                };
                take(value.body, value.node);
                calls.each(value.path, take);
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

QWidget* PanePresenter::scale() const {
    return scale_;
}

// One scale for both panes: they stand beside each other.
void PanePresenter::showOverlay() {
    const OverlayKind kind = overlayKind();
    std::vector<Canvas*> canvases;
    std::vector<const NumberedPicture*> pictures;
    for (size_t p = 0; p < panes_.size(); ++p) {
        Canvas& canvas = panes_[p]->canvas();
        const auto& picture = pictures_[p];
        if (!canvas.scene() || !picture || !document_ || &picture->scene() != canvas.scene().get())
            continue;
        canvases.push_back(&canvas);
        pictures.push_back(picture.get());
    }
    std::shared_ptr<const draw::Overlay> shown;
    if (kind == OverlayKind::None || pictures.empty()) {
        for (Canvas* canvas : canvases)
            canvas->setOverlay(nullptr);
    } else {
        std::vector<draw::Overlay> overlays = overlaysOf(pictures, kind);
        for (size_t i = 0; i < canvases.size(); ++i) {
            shown = std::make_shared<const draw::Overlay>(std::move(overlays[i]));
            canvases[i]->setOverlay(shown);
        }
    }
    scale_->setOverlay(shown);
}

std::vector<draw::Overlay> PanePresenter::overlaysOf(
    const std::vector<const NumberedPicture*>& pictures, OverlayKind kind) const {
    if (!overlay_needs_run(kind)) {
        std::vector<OverlaidScene> scenes;
        for (const NumberedPicture* picture : pictures)
            scenes.push_back({&picture->scene(), [this, picture](NodeId number, bool) -> SceneNode {
                                  const Place at = picture->origin(number);
                                  if (!at.graph || !document_->node(at))
                                      return {};
                                  return {&document_->module(at.graph), at.body, at.node};
                              }});
        return make_overlays(kind, scenes);
    }
    RunController& run = state_->run();
    const Numbers numbers = numbers_of(run, kind);
    std::vector<std::optional<double>> by_box;
    std::vector<size_t> sizes;
    for (const NumberedPicture* picture : pictures) {
        sizes.push_back(picture->scene().boxes.size());
        for (const draw::Box& box : picture->scene().boxes) {
            const Place at = picture->origin(box.node);
            const auto found = numbers.find({at.body, at.node});
            by_box.push_back(at.graph == run.graph() && found != numbers.end() ? std::optional(found->second)
                                                                               : std::nullopt);
        }
    }
    return draw::split_overlay(make_overlay(kind, by_box), sizes);
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
