#include "core/browse/picture_history.h"

#include <algorithm>

namespace hopscope {

namespace {

const PictureChoice kPlain;

void add(std::vector<std::string>& list, const std::string& word) {
    if (!word.empty() && std::find(list.begin(), list.end(), word) == list.end())
        list.push_back(word);
}

void remove(std::vector<std::string>& list, const std::string& word) {
    std::erase(list, word);
}

// The expanded calls one by one, whatever words they were chosen by.
void spell_out(const NumberedPicture& shown, PictureChoice& choice) {
    choice.expand.clear();
    choice.levels = PictureChoice().levels;
    for (const std::string& path : shown.expanded_calls())
        add(choice.expand, "/" + path);
}

// The innermost expanded call around a node, or that it is itself; empty where there is none.
std::string call_around(const NumberedPicture& shown, NodeId node) {
    const auto& calls = shown.expanded_calls();
    std::string path = shown.name(node);
    if (path.empty()) // an expanded call has no box of its own; it lies in the first of what stands for it
        if (const auto box = node.index < shown.scene().box_of_node.size()
                ? shown.scene().box_of_node[node.index]
                : draw::kNoBox;
            box != draw::kNoBox)
            path = shown.name(shown.scene().boxes[box].node);
    while (!path.empty()) {
        if (std::find(calls.begin(), calls.end(), path) != calls.end())
            return path;
        const size_t slash = path.rfind('/');
        path.resize(slash == std::string::npos ? 0 : slash);
    }
    return {};
}

const draw::Box* box_of(const NumberedPicture& shown, NodeId node) {
    const draw::Scene& scene = shown.scene();
    const uint32_t box = node.index < scene.box_of_node.size() ? scene.box_of_node[node.index] : draw::kNoBox;
    return box == draw::kNoBox ? nullptr : &scene.boxes[box];
}

} // namespace

// --- history

const PictureChoice& PictureHistory::of(const Place& body) const {
    const auto found = choices_.find({body.graph, body.body});
    return found == choices_.end() ? kPlain : found->second;
}

void PictureHistory::set(const BodyKey& body, const PictureChoice& choice) {
    if (choice.plain())
        choices_.erase(body);
    else
        choices_[body] = choice;
}

void PictureHistory::change(const Place& body, PictureChoice next) {
    Changes one;
    one.emplace_back(body, std::move(next));
    change(std::move(one));
}

void PictureHistory::change(Changes next) {
    Step step;
    for (auto& [body, choice] : next)
        if (const PictureChoice& before = of(body); choice != before)
            step.push_back({{body.graph, body.body}, before, std::move(choice)});
    if (step.empty())
        return;
    for (const Change& change : step)
        set(change.body, change.after);
    steps_.resize(at_);
    steps_.push_back(std::move(step));
    ++at_;
}

void PictureHistory::clear() {
    choices_.clear();
    steps_.clear();
    at_ = 0;
}

Place PictureHistory::undo() {
    if (!can_undo())
        return {};
    const Step& step = steps_[--at_];
    for (const Change& change : step)
        set(change.body, change.before);
    return {step.front().body.first, step.front().body.second, {}};
}

Place PictureHistory::redo() {
    if (!can_redo())
        return {};
    const Step& step = steps_[at_++];
    for (const Change& change : step)
        set(change.body, change.after);
    return {step.front().body.first, step.front().body.second, {}};
}

// --- changes

PictureChoice expand_call(const NumberedPicture& shown, PictureChoice choice, NodeId call) {
    if (why_not_expand(shown, call).empty())
        add(choice.expand, "/" + shown.name(call));
    return choice;
}

PictureChoice expand_all(PictureChoice choice) {
    choice.expand = {"all"};
    choice.levels = PictureChoice().levels;
    return choice;
}

PictureChoice expand_one_level(const NumberedPicture& shown, PictureChoice choice) {
    for (const draw::Box& box : shown.scene().boxes)
        if (box.region)
            add(choice.expand, "/" + shown.name(box.node));
    return choice;
}

PictureChoice collapse(const NumberedPicture& shown, PictureChoice choice, NodeId node) {
    const std::string path = call_around(shown, node);
    if (path.empty())
        return choice;
    spell_out(shown, choice);
    std::erase_if(choice.expand,
        [&](const std::string& name) { return name == "/" + path || name.starts_with("/" + path + "/"); });
    return choice;
}

PictureChoice collapse_all(PictureChoice choice) {
    choice.expand.clear();
    choice.levels = PictureChoice().levels;
    return choice;
}

PictureChoice unfold(const NumberedPicture& shown, PictureChoice choice, NodeId node) {
    if (why_not_unfold(shown, node).empty())
        add(choice.unfold, shown.name(box_of(shown, node)->node));
    return choice;
}

PictureChoice hide(const NumberedPicture& shown, PictureChoice choice, const std::vector<NodeId>& nodes) {
    for (const NodeId node : nodes) {
        add(choice.part.hide, shown.name(node));
        if (choice.part.of == PicturePart::Of::These)
            remove(choice.part.names, shown.name(node));
    }
    if (choice.part.of == PicturePart::Of::These && choice.part.names.empty())
        choice.part = {}; // nothing would be left to bring anything back from
    return choice;
}

PictureChoice extract(const NumberedPicture& shown, PictureChoice choice, const std::vector<NodeId>& nodes) {
    PicturePart part;
    part.of = PicturePart::Of::These;
    for (const NodeId node : nodes)
        add(part.names, shown.name(node));
    if (!part.names.empty())
        choice.part = std::move(part);
    return choice;
}

PictureChoice reveal(
    const NumberedPicture& shown, PictureChoice choice, const std::vector<std::string>& names) {
    if (choice.part.whole())
        return choice;
    if (choice.part.of != PicturePart::Of::All && choice.part.of != PicturePart::Of::These) {
        PicturePart part;
        part.of = PicturePart::Of::These;
        part.names = shown.shown_names();
        choice.part = std::move(part);
    }
    for (const std::string& name : names) {
        remove(choice.part.hide, name);
        if (choice.part.of == PicturePart::Of::These)
            add(choice.part.names, name);
    }
    return choice;
}

PictureChoice show_whole(PictureChoice choice) {
    choice.part = {};
    return choice;
}

// --- why not

std::string why_not_expand(const NumberedPicture& shown, NodeId node) {
    const draw::Box* box = box_of(shown, node);
    if (!box || box->node != node || !box->region)
        return "the selected node is no call of a region";
    return {};
}

std::string why_not_collapse(const NumberedPicture& shown, NodeId node) {
    return call_around(shown, node).empty() ? "the selected node is in no expanded call" : "";
}

std::string why_not_unfold(const NumberedPicture& shown, NodeId node) {
    const draw::Box* box = box_of(shown, node);
    return box && box->times > 1 ? "" : "the selected node stands for no others";
}

} // namespace hopscope
