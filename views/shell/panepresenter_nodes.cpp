// The nodes of the pictures in the panes: which is chosen, what is marked, what its card says.
#include "core/base/text.h"
#include "views/base/text.h"
#include "views/shell/actions.h"
#include "views/shell/marks.h"
#include "views/shell/pane.h"
#include "views/shell/panepresenter.h"

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

} // namespace hopscope
