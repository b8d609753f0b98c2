// Pictures that show more than a body (its other half, what its calls do) or less of it (repeats once, a
// part), and the nodes in them.
#include "core/base/text.h"
#include "views/base/text.h"
#include "views/shell/actions.h"
#include "views/shell/marks.h"
#include "views/shell/pane.h"
#include "views/shell/panepresenter.h"

#include <QSplitter>

#include <algorithm>
#include <map>

namespace hopscope {

namespace {

// The nodes of another body as they are numbered in the picture, every one of them.
class Renumber {
public:
    Renumber(const NumberedPicture& picture, const Place& body) {
        const draw::Scene& scene = picture.scene();
        for (size_t i = 0; i < scene.box_of_node.size(); ++i) {
            const Place at = picture.origin(NodeId(i));
            if (at.graph == body.graph && at.body == body.body && !picture.name(NodeId(i)).empty())
                numbers_.emplace(at.node, NodeId(i));
        }
    }
    void add(const std::vector<NodeId>& from, std::vector<NodeId>& to) const {
        for (const NodeId node : from)
            each(node, [&](NodeId number) { to.push_back(number); });
    }
    template <class F> void each(NodeId node, F&& f) const {
        for (auto [at, end] = numbers_.equal_range(node); at != end; ++at)
            f(at->second);
    }

private:
    std::multimap<NodeId, NodeId> numbers_;
};

} // namespace

// --- nodes

void PanePresenter::choose(Pane pane, NodeId number) {
    const auto& picture = pictures_[size_t(pane)];
    number_[size_t(pane)] = number;
    Navigator& navigator = state_->navigator();
    const Place& body = navigator.pane(pane);
    const Place at = picture && number ? picture->origin(number) : Place{body.graph, body.body, number};
    if (!number || (at.graph == body.graph && at.body == body.body))
        navigator.select_node(pane, at.node);
    else
        navigator.select_place(pane, at);
    state_->touch(Change::Selection); // the same node may stand in the picture several times
}

void PanePresenter::enter(Pane pane, NodeId number) {
    choose(pane, number);
    const auto& picture = pictures_[size_t(pane)];
    const Place& body = state_->navigator().pane(pane);
    const Place at = picture && number ? picture->origin(number) : Place{};
    if (!at.graph || (at.graph == body.graph && at.body == body.body))
        state_->navigator().step_into();
    else
        state_->navigator().go_to(at);
}

NodeId PanePresenter::selectedIn(Pane pane) const {
    const NavState& at = state_->at();
    const auto& picture = pictures_[size_t(pane)];
    if (!at.node.node || at.focus != pane || !picture)
        return {};
    const std::vector<NodeId> numbers = picture->numbers_of(at.node);
    if (std::find(numbers.begin(), numbers.end(), number_[size_t(pane)]) != numbers.end())
        return number_[size_t(pane)];
    return numbers.empty() ? NodeId() : numbers.front();
}

std::vector<NodeId> PanePresenter::chosen() const {
    std::vector<NodeId> nodes = focused().canvas().alsoSelected();
    if (const NodeId selected = selectedIn(state_->at().focus))
        nodes.insert(nodes.begin(), selected);
    return nodes;
}

// What the body's own nodes are marked with, and those of other bodies that are drawn with it.
Marks PanePresenter::marksIn(Pane pane) {
    const OnNodes show{
        (*actions_)[Do::ValuesOnNodes]->isChecked(), (*actions_)[Do::TimesOnNodes]->isChecked(), forecasts_};
    const Place& own = state_->navigator().pane(pane);
    Marks marks = marksOf(*state_, pane, own, show);
    const auto& picture = pictures_[size_t(pane)];
    const NavState& at = state_->at();
    const Place& other = state_->navigator().pane(other_pane(pane));
    const bool ofTheOther =
        at.node.graph == other.graph && at.node.body == other.body; // else of a call's body
    if (at.node.node && at.focus == pane && at.node.graph == own.graph && at.node.body == own.body)
        marks.reaches = std::any_of(halfPairs().begin(), halfPairs().end(), [&](const HalfPair& pair) {
            return (pane == Pane::Left ? pair.left : pair.right) == at.node.node;
        });
    if (at.node.node && at.focus != pane && ofTheOther)
        for (const HalfPair& pair : halfPairs())
            if ((pane == Pane::Left ? pair.right : pair.left) == at.node.node)
                marks.partners.push_back(pane == Pane::Left ? pair.left : pair.right);
    if (!picture || shown_[size_t(pane)].choice.plain())
        return marks;
    if (const NodeId selected = selectedIn(pane)) {
        marks.users = picture->users(selected);
        marks.producers = picture->producers(selected);
    }
    for (const Place& body : picture->bodies()) {
        const Marks more = marksOf(*state_, pane, body, show);
        const Renumber renumber(*picture, body);
        renumber.add(more.noted, marks.noted);
        renumber.add(more.waiting, marks.waiting);
        renumber.add(more.breakpoints, marks.breakpoints);
        renumber.add(more.breakpointsOff, marks.breakpointsOff);
        for (const Tag& tag : more.tags)
            renumber.each(tag.node, [&](NodeId number) {
                marks.tags.push_back(tag);
                marks.tags.back().node = number;
            });
    }
    return marks;
}

HoverCard PanePresenter::cardOf(Pane pane, NodeId number) const {
    const auto& picture = pictures_[size_t(pane)];
    if (!document_ || !picture || !number)
        return {};
    HoverCard card = hoverCardOf(*document_, picture->origin(number));
    if (const std::string name = picture->name(number); !name.empty())
        card.title = qs(name); // with the call that it came out of
    if (const QString words = overlayWords(pane, number); !words.isEmpty())
        card.note += (card.note.isEmpty() ? QString() : QStringLiteral(" · ")) + words;
    if (const QString partners = partnersOf(pane, number); !partners.isEmpty())
        card.note += (card.note.isEmpty() ? QString() : QStringLiteral(" · ")) + partners;
    return card;
}

const std::vector<HalfPair>& PanePresenter::halfPairs() {
    const std::array<Place, 2>& shown = state_->at().panes;
    if (document_ && shown != paired_) {
        paired_ = shown;
        half_pairs_ = half_pairs(*document_, shown[0], shown[1]);
    }
    return half_pairs_;
}

// "derivative of addmm, by its operator"; "its derivative: mm, mm_1, by its operator".
QString PanePresenter::partnersOf(Pane pane, NodeId number) const {
    const Navigator& navigator = state_->navigator();
    const Place &own = navigator.pane(pane), &other = navigator.pane(other_pane(pane));
    const Place at = pictures_[size_t(pane)]->origin(number);
    if (at.graph != own.graph || at.body != own.body || half_pairs_.empty())
        return {};
    QStringList names;
    const HalfPair* why = nullptr; // the strongest
    for (const HalfPair& pair : half_pairs_) {
        if ((pane == Pane::Left ? pair.left : pair.right) != at.node)
            continue;
        names << qs(
            document_->node_name({other.graph, other.body, pane == Pane::Left ? pair.right : pair.left}));
        if (!why || pair.evidence < why->evidence)
            why = &pair;
    }
    if (names.isEmpty())
        return {};
    if (names.size() > 5)
        names = names.mid(0, 4) << tr("%1 more").arg(names.size() - 4);
    const bool backward = document_->dump().graph(own.graph).stage == Stage::Backward;
    return (backward ? tr("derivative of %1, by %2") : tr("its derivative: %1, by %2"))
        .arg(names.join(QStringLiteral(", ")), qs(half_evidence_text(why->evidence, why->placed)));
}

// A line is its value: which one, of what type, and what takes it as which operand.
HoverCard PanePresenter::cardOf(Pane pane, const draw::Edge& edge) const {
    const Pane from = edge.from ? pane : other_pane(pane);
    const Pane to_pane = edge.to ? pane : other_pane(pane);
    const draw::Edge* across = acrossFrom(pane, edge);
    const NodeId value = edge.from ? edge.from : across ? across->from : NodeId();
    const NodeId user = edge.to ? edge.to : across ? across->to : NodeId();
    HoverCard card = cardOf(from, value);
    const auto& picture = pictures_[size_t(from)];
    if (card.isEmpty() || !user)
        return card;
    const std::vector<NodeId>& several = edge.values.empty() && across ? across->values : edge.values;
    const std::vector<NodeId> values = several.empty() ? std::vector<NodeId>{value} : several;
    const std::vector<NodeId> operands =
        from == to_pane ? picture->producers(user) : std::vector<NodeId>(); // else it takes a copy
    QStringList taken;
    for (const NodeId one : values) {
        const auto at = std::find(operands.begin(), operands.end(), one);
        const QString name = qs(picture->name(one));
        taken << (at == operands.end() ? name
                                       : tr("%1 as operand %2").arg(name).arg(at - operands.begin() + 1));
        if (taken.size() == 6 && values.size() > 7) {
            taken << tr("and %1 more").arg(values.size() - 6);
            break;
        }
    }
    const QString to = qs(pictures_[size_t(to_pane)]->name(user));
    card.target.clear();
    card.source.clear();
    card.note = edge.saved ? tr("saved for %1: %2").arg(to, taken.join(QStringLiteral(", ")))
                           : tr("%1 takes %2").arg(to, taken.join(QStringLiteral(", ")));
    return card;
}

// --- pictures

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

void PanePresenter::draw(const PictureChoice& choice) {
    history_.change(state_->body(), choice);
    state_->touch(Change::Drawing);
}

void PanePresenter::change(const Edit& edit) {
    const auto& picture = pictures_[size_t(state_->at().focus)];
    if (picture)
        draw(edit(*picture, history_.of(state_->body())));
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
            {Do::ExpandLevel, [this] { change(expand_one_level); }},
            {Do::ExpandAll,
                [this] { change([](const NumberedPicture&, Choice choice) { return expand_all(choice); }); }},
            {Do::CollapseAll,
                [this] {
                    change([](const NumberedPicture&, Choice choice) {
                        choice.unfold.clear();
                        return collapse_all(choice);
                    });
                }},
            {Do::HideNodes,
                [this] {
                    change([&](const NumberedPicture& shown, Choice choice) {
                        return hide(shown, choice, chosen());
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
                        return reveal(shown, extract(shown, choice, chosen()), names);
                    });
                }},
            {Do::RevealInputs,
                [=, this] {
                    change([&](const NumberedPicture& shown, Choice choice) {
                        return reveal(shown, choice, around(false));
                    });
                }},
            {Do::RevealOutputs,
                [=, this] {
                    change([&](const NumberedPicture& shown, Choice choice) {
                        return reveal(shown, choice, around(true));
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
        choice.sideways = on;
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
