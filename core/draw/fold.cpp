#include "core/draw/fold.h"

#include "core/graph/reading.h"

#include <algorithm>

namespace hopscope::draw {

namespace {

class Folding {
public:
    Folding(const GraphModule& module, BodyId id, const Options& options)
        : module_(module)
        , id_(id)
        , body_(module.body(id))
        , options_(options)
        , into_(body_.nodes.size()) {
        forward_ = options.roles.half != Half::Backward;
    }

    Folded run() {
        const size_t n = body_.nodes.size();
        for (size_t i = 0; i < n; ++i)
            into_[i] = NodeId(i);
        note_alike();
        if (options_.fold)
            fold_items();
        find_rows();
        if (options_.fold) {
            fold_attributes();
            fold_placeholders();
        }
        fold_alike();
        number_boxes();
        if (options_.fold)
            mark_inputs();
        connect();
        std::stable_sort(
            out_.marks.begin(), out_.marks.end(), [](const Mark& a, const Mark& b) { return a.box < b.box; });
        return std::move(out_);
    }

private:
    const Node& node(NodeId id) const { return body_.node(id); }
    bool shown(NodeId id) const { return into_[id.index] == id; }
    bool is_output(NodeId id) const { return node(id).op == Opcode::Output; }
    uint32_t box_of(NodeId id) const { return out_.box_of_node[id.index]; }

    Side side(NodeId id) const {
        return id.index < options_.sides.size() ? options_.sides[id.index] : Side::Both;
    }
    // Of a comparison: what differs is not hidden in a box that says nothing of it.
    bool may_fold(NodeId id, NodeId into) const {
        const Side own = side(id);
        return own == Side::Both || (own != Side::Changed && own == side(into));
    }

    void note_alike() {
        if (options_.repeats.empty())
            return;
        stands_for_.resize(body_.nodes.size());
        for (const Repeat& repeat : options_.repeats)
            for (const std::vector<NodeId>& block : repeat.alike)
                for (size_t k = 0; k < std::min(block.size(), repeat.shown.size()); ++k)
                    stands_for_[block[k].index] = repeat.shown[k];
    }

    // None where the node is drawn itself, or folded for another reason.
    NodeId shown_instead(NodeId id) const { return stands_for_.empty() ? NodeId() : stands_for_[id.index]; }

    // Equal blocks lie in the boxes of the one that is drawn; what was folded into them (weights) follows
    // them.
    void fold_alike() {
        if (stands_for_.empty())
            return;
        for (size_t i = 0; i < into_.size(); ++i)
            if (stands_for_[i])
                into_[i] = stands_for_[i];
        for (NodeId& to : into_)
            while (into_[to.index] != to)
                to = into_[to.index];
    }

    void fold_items() {
        for (size_t i = 0; i < body_.nodes.size(); ++i) {
            // Indexing a tensor is an operation of its own.
            const auto item = tuple_item(module_, body_, NodeId(i));
            if (item && item->of.index < i // a damaged dump may say otherwise
                && may_fold(NodeId(i), into_[item->of.index])) {
                into_[i] = into_[item->of.index];
                has_items_.resize(body_.nodes.size(), false);
                has_items_[into_[i].index] = true;
            }
        }
    }

    void find_rows() {
        out_.rows.assign(body_.nodes.size(), 0);
        for (size_t i = 0; i < body_.nodes.size(); ++i) {
            if (const NodeId shown = shown_instead(NodeId(i)); shown && shown.index < i) {
                out_.rows[i] = out_.rows[shown.index];
                continue;
            }
            if (into_[i].index != i) {
                out_.rows[i] = out_.rows[into_[i].index];
                continue;
            }
            for (const NodeId input : body_.inputs_of(body_.nodes[i]))
                if (input.index < i && node(input).op != Opcode::GetAttr)
                    out_.rows[i] = std::max(out_.rows[i], out_.rows[input.index] + 1);
        }
    }

    // Users other than `output`, in graph order.
    std::vector<NodeId> real_users(NodeId id) const {
        std::vector<NodeId> users;
        for (const NodeId user : body_.users_of(node(id)))
            if (!is_output(user))
                users.push_back(user);
        return users;
    }

    void fold_attributes() {
        for (size_t i = 0; i < body_.nodes.size(); ++i) {
            const auto users = body_.users_of(body_.nodes[i]);
            if (body_.nodes[i].op == Opcode::GetAttr && !users.empty()
                && may_fold(NodeId(i), into_[users.front().index]))
                into_[i] = into_[users.front().index];
        }
    }

    bool is_saved(NodeId id) const { return options_.roles.is_saved(id); }
    InputRole role_of(NodeId id) const { return options_.roles.input(id); }

    bool folds(NodeId id, InputRole role, const std::vector<NodeId>& users) const {
        if (users.empty() || (!has_items_.empty() && has_items_[id.index]))
            return false;
        if (role == InputRole::Symbol || (!forward_ && is_saved(id)))
            return true;
        const bool all_far = std::all_of(
            users.begin(), users.end(), [&](NodeId user) { return out_.rows[user.index] > kFarRows; });
        // A weight that rows far apart share would draw a line past everything between them.
        const bool spread = role == InputRole::Parameter
            && out_.rows[users.back().index] - out_.rows[users.front().index] > kSharedRows;
        // One call of a region looks as the next does, however near to each other the calls are that share
        // its weights.
        if (role == InputRole::Parameter
            && std::any_of(users.begin(), users.end(), [&](NodeId user) { return is_call_[user.index]; }))
            return true;
        const bool data = role == InputRole::Data || role == InputRole::Tangent;
        return all_far || spread || (users.size() == 1 && !data);
    }

    void fold_placeholders() {
        is_call_.assign(body_.nodes.size(), false);
        for (const RegionCall& call : region_calls(module_, id_))
            is_call_[call.node.index] = true;
        NodeId first_unknown;
        bool any_shown = false;
        for (size_t i = 0; i < body_.nodes.size(); ++i) {
            const NodeId id(i);
            if (node(id).op != Opcode::Placeholder)
                continue;
            const std::vector<NodeId> users = real_users(id);
            if (!folds(id, role_of(id), users) || !may_fold(id, into_[users.front().index])) {
                any_shown = true;
                continue;
            }
            if (!first_unknown && role_of(id) == InputRole::Unknown && (forward_ || !is_saved(id)))
                first_unknown = id;
            into_[i] = into_[users.front().index];
        }
        // A picture without any input on top would have no beginning.
        if (!any_shown && first_unknown)
            into_[first_unknown.index] = first_unknown;
    }

    void number_boxes() {
        const size_t n = body_.nodes.size();
        out_.box_of_node.assign(n, UINT32_MAX);
        for (size_t i = 0; i < n; ++i) {
            if (into_[i].index != i)
                continue;
            out_.box_of_node[i] = static_cast<uint32_t>(out_.boxes.size());
            out_.boxes.push_back(NodeId(i));
        }
        for (size_t i = 0; i < n; ++i)
            out_.box_of_node[i] = out_.box_of_node[into_[i].index];
    }

    bool names_body(NodeId id) const {
        return child_body(module_, id_, node(id).target).valid()
            || std::binary_search(body_attributes_.begin(), body_attributes_.end(), id);
    }

    Port::Role role_of_input(NodeId id) const {
        if (node(id).op == Opcode::GetAttr)
            return Port::Role::Constant;
        if (!forward_ && is_saved(id))
            return Port::Role::Saved;
        switch (role_of(id)) {
        case InputRole::Parameter:
            return Port::Role::Parameter;
        case InputRole::Symbol:
            return Port::Role::Constant;
        default:
            return Port::Role::Operand;
        }
    }

    // Folded placeholders and constants as marks on every box that takes them.
    void mark_inputs() {
        for (const RegionCall& call : region_calls(module_, id_))
            if (call.get_attr)
                body_attributes_.push_back(call.get_attr);
        std::sort(body_attributes_.begin(), body_attributes_.end());
        for (size_t i = 0; i < body_.nodes.size(); ++i) {
            const NodeId id(i);
            const Opcode op = node(id).op;
            if (shown(id) || (op != Opcode::Placeholder && op != Opcode::GetAttr))
                continue;
            if (op == Opcode::GetAttr && names_body(id))
                continue; // the call shows which body it is
            const Port::Role role = role_of_input(id);
            const Port::Side side = role == Port::Role::Saved ? Port::Side::Left : Port::Side::Top;
            for (const NodeId user : body_.users_of(node(id)))
                if ((op == Opcode::GetAttr || !is_output(user)) && !shown_instead(user))
                    out_.marks.push_back({box_of(user), id, side, role});
        }
    }

    // Whether the value reaches `output` by a line rather than by a mark on its producer.
    bool reaches_output(NodeId value, NodeId output, NodeId nearest) const {
        if (!options_.fold || value == nearest)
            return true;
        if (is_saved(value) && forward_)
            return false;
        const int distance = out_.rows[output.index] - out_.rows[value.index];
        // A box that leads on to others is in the way of its own line to the bottom.
        return distance <= (leads_on_[box_of(value)] ? 1 : kFarRows);
    }

    void find_leading_boxes() {
        leads_on_.assign(out_.boxes.size(), false);
        for (const NodeId user : out_.boxes)
            for (const NodeId value : body_.inputs_of(node(user)))
                if (!is_output(user) && box_of(value) != box_of(user))
                    leads_on_[box_of(value)] = true;
    }

    // The operand of `output` that keeps its line in any case, so that the output stays at the bottom.
    NodeId nearest_operand(NodeId output) const {
        NodeId best;
        for (const bool saved : {false, true}) {
            for (const NodeId input : body_.inputs_of(node(output)))
                if (is_saved(input) == saved && is_drawn(input, output)
                    && (!best || out_.rows[input.index] > out_.rows[best.index]))
                    best = input;
            if (best)
                break;
        }
        return best;
    }

    // Whether a line can start there: folded inputs are marks already.
    bool is_drawn(NodeId value, NodeId user) const {
        const Opcode op = node(value).op;
        return box_of(value) != box_of(user)
            && (shown(value) || (op != Opcode::Placeholder && op != Opcode::GetAttr));
    }

    void connect() {
        find_leading_boxes();
        std::vector<uint32_t> link_of_box(out_.boxes.size(), UINT32_MAX);
        for (const NodeId user : out_.boxes) {
            const size_t first = out_.links.size();
            const NodeId nearest = is_output(user) ? nearest_operand(user) : NodeId();
            for (const NodeId value : body_.inputs_of(node(user))) {
                if (!is_drawn(value, user) || (is_output(user) && !reaches_output(value, user, nearest)))
                    continue;
                uint32_t& link = link_of_box[box_of(value)];
                if (link == UINT32_MAX || link < first) {
                    link = static_cast<uint32_t>(out_.links.size());
                    out_.links.push_back({box_of(value), box_of(user), user, {}});
                }
                out_.links[link].values.push_back(value);
            }
            if (is_output(user) && options_.fold)
                mark_results(user, nearest);
        }
        if (options_.fold)
            mark_items();
    }

    // Values kept for the backward, and far operands of `output`.
    void mark_results(NodeId output, NodeId nearest) {
        marked_.assign(body_.nodes.size(), false);
        for (const NodeId value : body_.inputs_of(node(output))) {
            const bool saved = forward_ && is_saved(value);
            if (shown_instead(value) || !is_drawn(value, output)
                || (!saved && reaches_output(value, output, nearest)))
                continue;
            marked_[value.index] = true;
            out_.marks.push_back({box_of(value), value, saved ? Port::Side::Right : Port::Side::Bottom,
                saved ? Port::Role::Saved : Port::Role::CutOut});
        }
    }

    void mark_items() {
        for (size_t i = 0; i < body_.nodes.size(); ++i) {
            const NodeId id(i);
            if (node(id).op == Opcode::CallFunction && !shown(id) && !shown_instead(id)
                && (marked_.empty() || !marked_[i]))
                out_.marks.push_back({box_of(id), id, Port::Side::Bottom, Port::Role::Result});
        }
    }

    const GraphModule& module_;
    BodyId id_;
    const Body& body_;
    const Options& options_;
    std::vector<NodeId> into_; // the node whose box shows it
    std::vector<NodeId> stands_for_; // the node of an equal block that is drawn instead; may be empty
    std::vector<bool> is_call_; // of a region
    std::vector<bool> has_items_; // nodes that getitems were folded into; may be empty
    std::vector<bool> marked_; // values with a mark of their own at their producer; may be empty
    std::vector<bool> leads_on_; // by box: something other than `output` uses it
    std::vector<NodeId> body_attributes_; // get_attrs that name a region's body, sorted
    bool forward_ = true;
    Folded out_;
};

} // namespace

Folded fold(const GraphModule& module, BodyId body, const Options& options) {
    return Folding(module, body, options).run();
}

} // namespace hopscope::draw
