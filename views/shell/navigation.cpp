#include "views/shell/navigation.h"

#include "core/graph/print.h"
#include "views/base/text.h"
#include "views/shell/actions.h"
#include "views/shell/gotobox.h"

#include <QApplication>
#include <QClipboard>
#include <QMenu>
#include <QToolButton>

namespace hopscope {

namespace {
constexpr size_t kHistoryShown = 15;
constexpr int kCopiedShown = 80; // characters of what was copied

struct InvocationStep {
    Do what;
    StepTo to;
    int direction;
};
constexpr InvocationStep kInvocationSteps[] = {
    {Do::NextInvocation, StepTo::Any, 1},
    {Do::PreviousInvocation, StepTo::Any, -1},
    {Do::NextReused, StepTo::Reused, 1},
    {Do::PreviousReused, StepTo::Reused, -1},
    {Do::NextTraced, StepTo::Traced, 1},
    {Do::PreviousTraced, StepTo::Traced, -1},
};
} // namespace

Navigation::Navigation(WindowState* state, Actions* actions, GotoBox* box)
    : state_(state)
    , actions_(actions)
    , box_(box) {
    connectPlaces(box);
    connectActions();
}

void Navigation::connectActions() {
    Navigator* navigator = &state_->navigator();
    actions_->connectTo(this,
        {
            {Do::Back, [=] { navigator->back(); }},
            {Do::Forward, [=] { navigator->forward(); }},
            {Do::Up, [=] { navigator->up(); }},
            {Do::GoTo, [this] { box_->open(state_->document(), state_->body()); }},
            {Do::NextNode, [=] { navigator->step_node(1); }},
            {Do::PreviousNode, [=] { navigator->step_node(-1); }},
            {Do::NextStage, [=] { navigator->step_stage(1); }},
            {Do::PreviousStage, [=] { navigator->step_stage(-1); }},
            {Do::Copy, [this] { copy(state_->document()->node_name(state_->at().node)); }},
            {Do::CopyAddress, [=, this] { copy(navigator->current_address()); }},
            {Do::CopyStatement,
                [this] {
                    const Place& node = state_->at().node;
                    copy(print_statement(state_->document()->module(node.graph), node.body, node.node));
                }},
        });
    for (const InvocationStep& step : kInvocationSteps)
        actions_->connectTo(this, {{step.what, [=] { navigator->step(step.to, step.direction); }}});
}

void Navigation::copy(const std::string& text) {
    QApplication::clipboard()->setText(qs(text));
    state_->say(tr("Copied %1").arg(qs(text).left(kCopiedShown)));
}

void Navigation::addHistoryMenu(QToolButton* button, bool back) {
    auto* menu = new QMenu(button);
    connect(menu, &QMenu::aboutToShow, this, [this, menu, back] {
        menu->clear();
        Navigator* navigator = &state_->navigator();
        const std::vector<std::string> titles = back ? navigator->back_titles() : navigator->forward_titles();
        for (size_t i = 0; i < titles.size() && i < kHistoryShown; ++i) {
            const int offset = (back ? -1 : 1) * int(i + 1);
            menu->addAction(qs(titles[i]), this, [=] { navigator->go_in_history(offset); });
        }
    });
    button->setMenu(menu);
    button->setPopupMode(QToolButton::DelayedPopup);
}

// Which of them can apply, and why the others cannot.
void Navigation::follow(const Shown& shown, Changes changed) {
    const Changes place = Change::Document | Change::Place;
    if (!(changed & (place | Change::Selection)))
        return;
    const Navigator& navigator = state_->navigator();
    const QString none = shown.document ? QString() : tr("no dump is open");
    const auto either = [&](const QString& first, const QString& other) {
        return first.isEmpty() ? other : first;
    };
    const NavState& at = state_->at();
    const bool node = shown.document && at.node.node;
    const QString noNode = either(none, node ? QString() : tr("no node is selected"));
    actions_->setReason({Do::Copy, Do::CopyStatement, Do::FitSelection}, noNode);
    const bool used = node && !shown.document->body(at.node).users_of(*shown.document->node(at.node)).empty();
    actions_->setReason(Do::Users, either(noNode, used ? QString() : tr("nothing uses this value")));
    actions_->setReason(
        Do::Back, none.isEmpty() && navigator.can_go_back() ? QString() : tr("there is no earlier place"));
    actions_->setReason(Do::Forward,
        none.isEmpty() && navigator.can_go_forward() ? QString() : tr("there is no later place"));
    actions_->setReason(Do::OpenBeside, either(none, qs(navigator.why_not_beside())));
    if (!(changed & place))
        return;
    actions_->setReason(
        {Do::GoTo, Do::OtherPane, Do::CopyAddress, Do::Find, Do::FindNext, Do::FindPrevious, Do::LinkPanes,
            Do::SinglePane, Do::Fit, Do::ZoomIn, Do::ZoomOut, Do::Zoom100, Do::FilterLedger},
        none);
    actions_->setReason(Do::Up, either(none, qs(navigator.why_not_up())));
    for (const InvocationStep& step : kInvocationSteps)
        actions_->setReason(step.what, either(none, qs(navigator.why_no_step(step.to, step.direction))));
    const bool body = shown.document && state_->body().graph;
    const QString noBody = either(none, body ? QString() : tr("no body is shown here"));
    actions_->setReason({Do::NextNode, Do::PreviousNode}, noBody);
    actions_->setReason(Do::NextStage, either(noBody, qs(navigator.why_no_stage(1))));
    actions_->setReason(Do::PreviousStage, either(noBody, qs(navigator.why_no_stage(-1))));
}

} // namespace hopscope
