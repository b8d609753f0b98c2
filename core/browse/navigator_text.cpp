// Where one is, in words: titles of the history, what a session keeps.
#include "core/browse/navigator.h"
#include "core/browse/places.h"

#include "core/base/hash.h"

namespace hopscope {

std::vector<std::string> Navigator::back_titles() const {
    std::vector<std::string> titles;
    for (size_t i = at_; i > 0; --i)
        titles.push_back(title(history_[i - 1]));
    return titles;
}

std::vector<std::string> Navigator::forward_titles() const {
    std::vector<std::string> titles;
    for (size_t i = at_ + 1; i < history_.size(); ++i)
        titles.push_back(title(history_[i]));
    return titles;
}

std::string Navigator::title(const NavState& state) const {
    if (!document_ || !state.compilation)
        return {};
    const Place& body = state.panes[size_t(state.focus)];
    std::string text = document_->compile_label(state.compilation);
    if (state.subject == Subject::Invocation && state.row) {
        if (state.region.valid())
            text += " › " + document_->region(state.region).identifier;
        return text + " › " + position_text(*document_, state.row);
    }
    if (body.graph) {
        text += " › " + document_->stage_label(body.graph);
        if (const std::string name = document_->body_name(body); !name.empty())
            text += " › " + name;
    }
    if (state.node.node)
        text += " › " + document_->node_name(state.node);
    return text;
}

std::string Navigator::describe() const {
    if (!document_)
        return {};
    const auto address = [&](const Place& place) { return document_->address(place); };
    std::string text;
    if (state_.row) {
        const Row& row = document_->rows()[size_t(*state_.row)];
        text += "invocation " + std::to_string(row.invocation.index) + " of "
            + document_->compile_label(row.compilation) + "\n";
    }
    if (state_.region.valid())
        text += "region " + document_->region(state_.region).identifier + "\n";
    text += "left " + address(pane(Pane::Left)) + "\n";
    text += "right " + address(pane(Pane::Right)) + "\n";
    text += std::string("focus ") + (state_.focus == Pane::Left ? "left" : "right") + "\n";
    if (!state_.wanted.empty())
        text += "node " + state_.wanted + "\n";
    return text;
}

uint64_t Navigator::hash() const {
    return hash64(describe());
}

bool Navigator::restore(const std::string& description) {
    if (!document_)
        return false;
    NavState next = state_;
    bool found = false;
    next.wanted.clear();
    next.node = {};
    for (size_t begin = 0; begin < description.size();) {
        const size_t end = std::min(description.find('\n', begin), description.size());
        const std::string line = description.substr(begin, end - begin);
        begin = end + 1;
        const size_t space = line.find(' ');
        if (space == std::string::npos)
            continue;
        const std::string key = line.substr(0, space), value = line.substr(space + 1);
        if (key == "invocation") {
            for (size_t row = 0; row < document_->rows().size(); ++row) {
                const Row& at = document_->rows()[row];
                if (value
                    == std::to_string(at.invocation.index) + " of "
                        + document_->compile_label(at.compilation)) {
                    next.row = int(row);
                    next.compilation = at.compilation;
                    next.region = document_->region_of(int(row));
                    next.subject = Subject::Invocation;
                    found = true;
                }
            }
        } else if (key == "left" || key == "right") {
            const Result<Place> place = resolve(document_->dump(), value);
            if (place) {
                next.panes[key == "left" ? 0 : 1] = body_only(*place);
                found = true;
            } else if (value.empty()) {
                next.panes[key == "left" ? 0 : 1] = {};
            }
        } else if (key == "focus") {
            next.focus = value == "right" ? Pane::Right : Pane::Left;
        } else if (key == "node") {
            next.wanted = value;
        }
    }
    if (!found)
        return false;
    if (const Place& body = next.panes[size_t(next.focus)]; body.graph) {
        next.compilation = document_->dump().graph(body.graph).compilation;
        keep_node(next);
        if (next.node.node)
            next.subject = Subject::Node;
    }
    go(std::move(next), false);
    return true;
}

std::string Navigator::current_address() const {
    if (!document_)
        return {};
    const NavState& s = state_;
    if (s.subject == Subject::Node && s.node.node)
        return document_->address(s.node);
    if (s.subject == Subject::Invocation && s.row) {
        const Invocation& invocation = document_->invocation(*s.row);
        for (const CallSite site :
            {CallSite::Forward, CallSite::Inference, CallSite::Joint, CallSite::Dynamo}) {
            if (invocation.call(site).graph && invocation.call(site).node)
                return document_->address(invocation.call(site));
        }
    }
    if (pane(s.focus).graph)
        return document_->address(pane(s.focus));
    return {};
}

} // namespace hopscope
