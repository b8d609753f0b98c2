// Pictures that show more than a body (its other half, what its calls do) or less of it (repeats once, a
// part).
#include "core/base/text.h"
#include "views/base/text.h"
#include "views/shell/actions.h"
#include "views/shell/pane.h"
#include "views/shell/panepresenter.h"

#include <algorithm>

namespace hopscope {

bool PanePresenter::isHairpin(Pane pane) const {
    const Place& body = state_->at().panes[size_t(pane)];
    return body.graph && history_.of(body).with_backward;
}

double PanePresenter::zoom() const {
    const Canvas& canvas = focused().canvas();
    return canvas.scene() ? canvas.zoom() : 0;
}

QString PanePresenter::howDrawn() const {
    const auto& picture = pictures_[size_t(state_->at().focus)];
    if (!picture)
        return {};
    QStringList parts;
    if (const size_t calls = picture->expanded_calls().size())
        parts << tr("%1 expanded").arg(qs(counted(calls, "call")));
    if (const size_t hidden = picture->left_out())
        parts << tr("%1 not shown").arg(qs(counted(hidden, "node")));
    if (const int cut = picture->scene().cut_links)
        parts << tr("%1 too long to draw").arg(qs(counted(size_t(cut), "link")));
    if (!shown_[size_t(state_->at().focus)].choice.plain() && !picture->scene().note.empty())
        parts << qs(picture->scene().note);
    return parts.join(QStringLiteral(" · "));
}

QString PanePresenter::whatIsNotDrawn() const {
    const Pane pane = state_->at().focus;
    const auto& picture = pictures_[size_t(pane)];
    const auto& other = pictures_[size_t(other_pane(pane))];
    if (!picture || picture->scene().cut_links == 0)
        return {};
    std::vector<std::pair<std::string, std::string>> links;
    const auto name = [&](NodeId own, NodeId across) {
        return own ? picture->name(own) : across && other ? other->name(across) : std::string("?");
    };
    for (const draw::Edge& edge : picture->scene().edges)
        if (edge.cut) {
            const draw::Edge* part = acrossFrom(pane, edge);
            links.emplace_back(
                name(edge.from, part ? part->from : NodeId()), name(edge.to, part ? part->to : NodeId()));
        }
    return qs(undrawn_text(links));
}

std::vector<ExportScope> PanePresenter::scopes(int* focused) const {
    std::vector<ExportScope> scopes;
    *focused = 0;
    const Pane focus = state_->at().focus;
    for (const Pane pane : {Pane::Left, Pane::Right}) {
        const Place& shown = state_->navigator().pane(pane);
        const auto& picture = pictures_[size_t(pane)];
        if (!shown.graph)
            continue;
        const Place body{shown.graph, shown.body, {}};
        const QString name = pane == Pane::Left ? tr("Left pane") : tr("Right pane");
        const PictureChoice& choice = history_.of(body);
        const bool current = picture && shown_[size_t(pane)].graph == body.graph
            && shown_[size_t(pane)].body == body.body && shown_[size_t(pane)].choice == choice;
        const QSize size = current ? QSize(picture->scene().width, picture->scene().height) : QSize();
        if (pane == focus)
            *focused = int(scopes.size());
        if (!choice.plain())
            scopes.push_back({tr("%1, as it is drawn").arg(name), body, choice, size});
        scopes.push_back({name, body, {}, choice.plain() ? size : QSize()});
        std::vector<NodeId> nodes = panes_[size_t(pane)]->canvas().alsoSelected();
        if (const NodeId selected = selectedIn(pane))
            nodes.push_back(selected);
        if (nodes.size() < 2 || choice.with_backward || !current)
            continue;
        scopes.push_back({tr("%1 of the %2").arg(qs(counted(nodes.size(), "selected node")), name.toLower()),
            body, extract(*picture, choice, nodes), {}});
    }
    return scopes;
}

void PanePresenter::draw(const PictureChoice& choice) {
    const Place own = state_->body();
    const Place& beside = state_->at().panes[size_t(other_pane(state_->at().focus))];
    const PictureChoice& before = history_.of(own);
    PictureHistory::Changes changes{{own, choice}};
    PictureChoice other = history_.of(beside);
    if (choice.sideways != before.sideways) {
        other.sideways = choice.sideways;
        other.with_backward &= !choice.sideways;
    }
    const bool all = choice.expand == expand_all({}).expand;
    if (all && choice.expand != before.expand && !choice.with_backward && areHalves()
        && calls_regions(document_->dump(), beside)) {
        other.expand = choice.expand;
        other.levels = choice.levels;
    }
    if (document_ && beside.graph && !choice.with_backward
        && (beside.graph != own.graph || beside.body != own.body))
        changes.emplace_back(beside, other);
    history_.change(std::move(changes));
    state_->touch(Change::Drawing);
}

void PanePresenter::change(const Edit& edit) {
    const auto& picture = pictures_[size_t(state_->at().focus)];
    if (picture)
        draw(edit(*picture, history_.of(state_->body())));
}

// The pane whose own body it is a node of, rather the one with the focus.
std::optional<Pane> PanePresenter::paneWith(const Place& node) const {
    const Pane focus = state_->at().focus;
    for (const Pane pane : {focus, other_pane(focus)}) {
        const SceneStore::Key& shown = shown_[size_t(pane)];
        if (node.node && pictures_[size_t(pane)] && shown.graph == node.graph && shown.body == node.body)
            return pane;
    }
    return {};
}

// As itself: what is left out may be there as an input of what takes its value.
bool PanePresenter::isDrawn(Pane pane, const Place& node) const {
    const std::vector<std::string> names = pictures_[size_t(pane)]->shown_names();
    return std::find(names.begin(), names.end(), document_->node_name(node)) != names.end();
}

QString PanePresenter::whyNotHide(const Place& node) const {
    const std::optional<Pane> pane = paneWith(node);
    if (!pane)
        return tr("its body is not shown");
    if (shown_[size_t(*pane)].choice.with_backward)
        return tr("both halves are drawn whole");
    return isDrawn(*pane, node) ? QString() : tr("it is not drawn");
}

QString PanePresenter::whyNotReveal(const Place& node) const {
    const std::optional<Pane> pane = paneWith(node);
    if (!pane)
        return tr("its body is not shown");
    if (shown_[size_t(*pane)].choice.part.whole())
        return tr("nothing is left out");
    return isDrawn(*pane, node) ? tr("it is drawn") : QString();
}

void PanePresenter::hide(const Place& node) {
    if (!whyNotHide(node).isEmpty())
        return;
    const auto& picture = pictures_[size_t(*paneWith(node))];
    const Place body{node.graph, node.body, {}};
    history_.change(body, hopscope::hide(*picture, history_.of(body), {node.node}));
    state_->touch(Change::Drawing);
}

void PanePresenter::reveal(const Place& node) {
    if (!whyNotReveal(node).isEmpty())
        return;
    const auto& picture = pictures_[size_t(*paneWith(node))];
    const Place body{node.graph, node.body, {}};
    history_.change(body, hopscope::reveal(*picture, history_.of(body), {document_->node_name(node)}));
    state_->touch(Change::Drawing);
}

void PanePresenter::changeBoth(const Edit& edit) {
    PictureHistory::Changes changes;
    const Pane focus = state_->at().focus;
    for (const Pane pane : {focus, other_pane(focus)}) {
        const Place& body = state_->at().panes[size_t(pane)];
        const auto& picture = pictures_[size_t(pane)];
        if (picture && body.graph && shown_[size_t(pane)].graph == body.graph
            && shown_[size_t(pane)].body == body.body && (pane == focus || areHalves()))
            changes.emplace_back(body, edit(*picture, history_.of(body)));
    }
    history_.change(std::move(changes));
    state_->touch(Change::Drawing);
}

void PanePresenter::trace(const std::vector<NodeId>& kept) {
    if (kept.empty())
        return;
    focused().canvas().setDimmed(true, kept);
    state_->say(tr("%1 of %2 in the trace; Esc ends it")
                    .arg(qs(counted(kept.size(), "node")))
                    .arg(pictures_[size_t(state_->at().focus)]->scene().box_of_node.size()));
}

// The body may be another than the one that is shown: then it comes back.
void PanePresenter::takeBack(bool forward) {
    const Place body = forward ? history_.redo() : history_.undo();
    if (!body.graph)
        return;
    const NavState& at = state_->at();
    const bool shown = std::any_of(at.panes.begin(), at.panes.end(),
        [&](const Place& pane) { return pane.graph == body.graph && pane.body == body.body; });
    if (!shown)
        state_->navigator().show_body(at.focus, body);
    state_->touch(Change::Drawing);
}

// The call takes the place of the selected node, which is gone from the picture.
void PanePresenter::collapseHere() {
    const Pane focus = state_->at().focus;
    const NodeId at = selectedIn(focus);
    NodeId call;
    change([&](const NumberedPicture& shown, const PictureChoice& choice) {
        const auto& calls = shown.expanded_calls();
        std::string path = shown.name(at);
        while (!path.empty() && std::find(calls.begin(), calls.end(), path) == calls.end()) {
            const size_t slash = path.rfind('/');
            path.resize(slash == std::string::npos ? 0 : slash);
        }
        const Place& own = shown.own();
        call = find_node(document_->module(own.graph), document_->body(own), path);
        return collapse(shown, choice, at);
    });
    if (call)
        state_->navigator().select_node(focus, call);
}

void PanePresenter::connectPictures() {
    const auto at = [this] { return selectedIn(state_->at().focus); };
    const auto picture = [this]() -> const NumberedPicture& {
        return *pictures_[size_t(state_->at().focus)];
    };
    const auto around = [=, this](bool users) {
        std::vector<std::string> names;
        for (const NodeId node : chosen())
            for (std::string& name : picture().names_beside(node, users))
                names.push_back(std::move(name));
        return names;
    };
    using Choice = PictureChoice;
    actions_->connectTo(this,
        {
            {Do::ExpandHere,
                [=, this] {
                    change([&](const NumberedPicture& shown, Choice choice) {
                        return why_not_unfold(shown, at()).empty() ? unfold(shown, choice, at())
                                                                   : expand_call(shown, choice, at());
                    });
                }},
            {Do::CollapseHere, [=, this] { collapseHere(); }},
            {Do::ExpandLevel, [this] { changeBoth(expand_one_level); }},
            {Do::ExpandAll,
                [this] { change([](const NumberedPicture&, Choice choice) { return expand_all(choice); }); }},
            {Do::CollapseAll,
                [this] {
                    changeBoth([](const NumberedPicture&, Choice choice) {
                        choice.unfold.clear();
                        return collapse_all(choice);
                    });
                }},
            {Do::HideNodes,
                [this] {
                    change([&](const NumberedPicture& shown, Choice choice) {
                        return hopscope::hide(shown, choice, chosen());
                    });
                    focused().canvas().setAlsoSelected({});
                }},
            {Do::HideOthers,
                [this] {
                    change([&](const NumberedPicture& shown, Choice choice) {
                        return extract(shown, choice, chosen());
                    });
                }},
            {Do::Extract,
                [=, this] {
                    change([&](const NumberedPicture& shown, Choice choice) {
                        std::vector<std::string> names = around(false), users = around(true);
                        names.insert(names.end(), users.begin(), users.end());
                        return hopscope::reveal(shown, extract(shown, choice, chosen()), names);
                    });
                }},
            {Do::RevealInputs,
                [=, this] {
                    change([&](const NumberedPicture& shown, Choice choice) {
                        return hopscope::reveal(shown, choice, around(false));
                    });
                }},
            {Do::RevealOutputs,
                [=, this] {
                    change([&](const NumberedPicture& shown, Choice choice) {
                        return hopscope::reveal(shown, choice, around(true));
                    });
                }},
            {Do::ShowAll,
                [this] { change([](const NumberedPicture&, Choice choice) { return show_whole(choice); }); }},
            {Do::TraceAncestors, [=, this] { trace(picture().ancestors(at())); }},
            {Do::TraceDescendants, [=, this] { trace(picture().descendants(at())); }},
            {Do::TracePath,
                [=, this] {
                    const std::vector<NodeId> two = chosen();
                    trace(picture().between(two.at(0), two.at(1)));
                }},
            {Do::UndoView, [this] { takeBack(false); }},
            {Do::RedoView, [this] { takeBack(true); }},
        });
    actions_->onToggled(Do::FoldRepeats, this, [this](bool on) {
        PictureChoice choice = history_.of(state_->body());
        choice.fold_repeats = on;
        choice.with_backward &= !on;
        choice.unfold.clear();
        draw(choice);
    });
    actions_->onToggled(Do::LeftToRight, this, [this](bool on) {
        PictureChoice choice = history_.of(state_->body());
        choice.sideways = on; // in both panes
        choice.with_backward &= !on;
        draw(choice);
    });
    actions_->onToggled(Do::Hairpin, this, [this](bool on) {
        PictureChoice choice = history_.of(state_->body());
        choice.with_backward = on;
        if (on) { // both halves are drawn whole
            choice.fold_repeats = choice.sideways = false;
            choice.part = {};
        }
        draw(choice);
    });
    (*actions_)[Do::MinimapAuto]->setChecked(true);
    const std::pair<Do, Canvas::Corner> corners[] = {{Do::MinimapAuto, Canvas::Corner::Auto},
        {Do::MinimapTopLeft, Canvas::Corner::TopLeft}, {Do::MinimapTopRight, Canvas::Corner::TopRight},
        {Do::MinimapBottomLeft, Canvas::Corner::BottomLeft},
        {Do::MinimapBottomRight, Canvas::Corner::BottomRight}};
    for (const auto& [what, corner] : corners)
        actions_->onToggled(what, this, [this, corner = corner](bool on) {
            for (PaneView* view : panes_)
                if (on)
                    view->canvas().setMinimapCorner(corner);
        });
}

// What cannot be done now, and why.
void PanePresenter::greyPictures() {
    const QString none = document_ ? QString() : tr("no dump is open");
    const auto& picture = pictures_[size_t(state_->at().focus)];
    const QString noPicture = !none.isEmpty() ? none : picture ? QString() : tr("no graph is shown");
    const NodeId at = picture ? selectedIn(state_->at().focus) : NodeId();
    const QString noNode = !noPicture.isEmpty() ? noPicture : at ? QString() : tr("no node is selected");
    const PictureChoice& choice = history_.of(state_->body());
    const auto either = [](const QString& a, const QString& b) { return a.isEmpty() ? b : a; };
    const auto set = [&](Do what, bool on) {
        const QSignalBlocker quiet((*actions_)[what]);
        (*actions_)[what]->setChecked(on);
    };
    greyOverlays(noPicture);
    set(Do::FoldRepeats, choice.fold_repeats);
    set(Do::LeftToRight, choice.sideways);
    set(Do::Hairpin, choice.with_backward);
    const Place body = document_ ? state_->body() : Place{};
    const bool pair = body.graph && has_other_half(document_->dump(), body);
    actions_->setReason(Do::FoldRepeats, noPicture);
    actions_->setReason(Do::LeftToRight, noPicture);
    actions_->setReason(Do::Hairpin,
        either(noPicture,
            pair ? QString() : tr("this body is no half of a forward and a backward that the dump has")));
    std::string open = picture && at ? why_not_expand(*picture, at) : std::string();
    if (picture && at && why_not_unfold(*picture, at).empty())
        open.clear();
    actions_->setReason(Do::ExpandHere, either(noNode, qs(open)));
    actions_->setReason(
        Do::CollapseHere, either(noNode, picture && at ? qs(why_not_collapse(*picture, at)) : QString()));
    const bool calls = picture
        && std::any_of(picture->scene().boxes.begin(), picture->scene().boxes.end(),
            [](const draw::Box& box) { return box.region; });
    actions_->setReason({Do::ExpandLevel, Do::ExpandAll},
        either(noPicture, calls ? QString() : tr("no call of a region is shown")));
    actions_->setReason(Do::CollapseAll,
        either(noPicture,
            choice.expand.empty() && choice.unfold.empty() ? tr("nothing is expanded") : QString()));
    const QString whole = choice.with_backward ? tr("both halves are drawn whole") : QString();
    actions_->setReason({Do::HideNodes, Do::HideOthers, Do::Extract}, either(noNode, whole));
    const QString nothing = choice.part.whole() ? tr("nothing is left out") : QString();
    actions_->setReason({Do::RevealInputs, Do::RevealOutputs}, either(noNode, nothing));
    actions_->setReason(Do::ShowAll, either(noPicture, nothing));
    actions_->setReason({Do::TraceAncestors, Do::TraceDescendants}, noNode);
    actions_->setReason(Do::TracePath,
        either(noNode,
            chosen().size() == 2 ? QString()
                                 : tr("two nodes must be selected: the other one with Ctrl and a click")));
    actions_->setReason(Do::UndoView,
        either(none, history_.can_undo() ? QString() : tr("nothing was expanded, folded or hidden")));
    actions_->setReason(
        Do::RedoView, either(none, history_.can_redo() ? QString() : tr("nothing was taken back")));
}

} // namespace hopscope
