#include "core/graph/expand.h"

#include "core/graph/reading.h"

#include <algorithm>
#include <optional>
#include <unordered_map>

namespace hopscope {
namespace {

// What a node of a source body is in the new one: usually one Node entry, a literal where a constant was
// passed.
using Stands = std::vector<Arg>;

struct Frame {
    BodyId body; // of the original module
    size_t next = 0; // node
    int level = 0; // 0: the body itself
    std::string prefix; // "invoke_subgraph_3/"
    std::vector<Stands> stands; // by node; empty: not met yet, or gone
    std::vector<std::vector<Stands>> results; // by node: of an expanded call, by position
    std::vector<bool> expanded; // by node: a call, or a get_attr that only expanded calls use
    std::optional<size_t> call; // index into ExpandedBody::calls; none for the body itself
    NodeId caller; // in the frame below
};

class Expander {
public:
    Expander(const GraphModule& module, const ExpandOptions& options)
        : from_(module)
        , options_(options) {
        out_.module.storage = module.storage;
        out_.module.strings = module.strings;
        out_.module.types = module.types;
        out_.module.dims = module.dims;
        out_.module.sources = module.sources;
    }

    ExpandedBody run(BodyId root) {
        out_.module.bodies.emplace_back();
        const Body& body = from_.body(root);
        here().class_name = body.class_name;
        here().output_descriptors = body.output_descriptors;
        planned_ = body.nodes.size();
        enter(root, {}, 0, std::nullopt, {});
        while (!open_.empty()) {
            if (open_.back().next >= from_.body(open_.back().body).nodes.size())
                leave();
            else
                step();
        }
        derive_uses(here());
        return std::move(out_);
    }

private:
    Body& here() { return out_.module.bodies.front(); }

    // Opens a body; which of its calls give way is decided at once, as their get_attr stands before them.
    void enter(BodyId body, std::string prefix, int level, std::optional<size_t> call, NodeId caller) {
        Frame frame;
        frame.body = body;
        frame.level = level;
        frame.prefix = std::move(prefix);
        frame.call = call;
        frame.caller = caller;
        const size_t nodes = from_.body(body).nodes.size();
        frame.stands.resize(nodes);
        frame.results.resize(nodes);
        frame.expanded.assign(nodes, false);
        for (const RegionCall& made : region_calls(from_, body))
            if (wanted(made, frame))
                frame.expanded[made.node.index] = true;
        for (size_t i = 0; i < nodes; ++i) {
            const Node& node = from_.body(body).nodes[i];
            const auto users = from_.body(body).users_of(node);
            if (node.op == Opcode::GetAttr && !users.empty())
                frame.expanded[i] = std::all_of(users.begin(), users.end(), [&](NodeId user) {
                    return frame.expanded[user.index] && region_call(from_, body, user);
                });
        }
        open_.push_back(std::move(frame));
    }

    bool wanted(const RegionCall& call, const Frame& frame) {
        if (frame.level >= options_.levels
            || (options_.wanted
                && !options_.wanted(
                    from_, frame.body, call, frame.prefix + std::string(name_of(frame.body, call.node)))))
            return false;
        std::string reason = reason_to_keep(call, frame.body);
        if (reason.empty()) {
            const size_t more = from_.body(call.body).nodes.size();
            if (planned_ + more > options_.most_nodes)
                reason = "with it there would be over " + std::to_string(options_.most_nodes) + " nodes";
            else
                planned_ += more;
        }
        if (reason.empty())
            return true;
        out_.kept.push_back({frame.prefix + std::string(name_of(frame.body, call.node)), std::move(reason)});
        return false;
    }

    // Empty where the body can stand in the call's place.
    std::string reason_to_keep(const RegionCall& call, BodyId scope) const {
        if (!call.body)
            return "its body is not in the dump";
        const Body& body = from_.body(scope);
        const Node& node = body.node(call.node);
        if (short_target(from_, node) != "invoke_subgraph")
            return "it is called through " + std::string(short_target(from_, node));
        const Body& called = from_.body(call.body);
        const Node* output = output_of(called);
        if (!output)
            return "its body was cut";
        if (call.operand_args.size() < called.placeholder_count()
            || std::count(call.operand_args.begin(), call.operand_args.end(), nullptr) > 0)
            return "found " + std::to_string(call.operand_args.size()) + " operands, expected "
                + std::to_string(called.placeholder_count());
        const Arguments returned = arguments_of(from_, called, *output);
        if (!is_sequence(returned.at(0)))
            return {}; // one value, which is the call's
        const size_t results = results_of(called).size();
        for (const NodeId user : body.users_of(node)) {
            const auto item = tuple_item(from_, body, user);
            if (!item || item->of != call.node)
                return "its results are taken as a whole";
            if (item->index >= results)
                return "item " + std::to_string(item->index) + " is taken of " + std::to_string(results)
                    + " results";
        }
        return {};
    }

    std::string_view name_of(BodyId body, NodeId node) const {
        return from_.text(from_.body(body).node(node).name);
    }

    void step() {
        Frame& frame = open_.back();
        const NodeId id(frame.next++);
        const Body& body = from_.body(frame.body);
        const Node& node = body.node(id);
        if (frame.expanded[id.index] && node.op == Opcode::GetAttr)
            return;
        if (frame.level > 0 && node.op == Opcode::Placeholder)
            return; // set by the caller
        if (frame.level > 0 && node.op == Opcode::Output)
            return; // read on leaving
        if (frame.expanded[id.index]) {
            call(id);
            return;
        }
        if (const auto item = tuple_item(from_, body, id);
            item && frame.expanded[item->of.index] && !frame.results[item->of.index].empty()) {
            frame.stands[id.index] = frame.results[item->of.index][item->index];
            return;
        }
        copy(frame, body, id);
    }

    void call(NodeId id) {
        Frame& frame = open_.back();
        const auto made = region_call(from_, frame.body, id);
        std::vector<Stands> operands;
        for (const Arg* arg : made->operand_args)
            operands.push_back(rewrite(frame, subtree(*arg)));
        const std::string path = frame.prefix + std::string(name_of(frame.body, id));
        out_.calls.push_back({path, made->attribute, {}});
        enter(made->body, path + "/", frame.level + 1, out_.calls.size() - 1, id);
        Frame& inner = open_.back(); // `frame` may have moved
        const Body& body = from_.body(made->body);
        size_t position = 0;
        for (size_t i = 0; i < body.nodes.size(); ++i)
            if (body.nodes[i].op == Opcode::Placeholder)
                inner.stands[i] = std::move(operands[position++]);
    }

    void leave() {
        const Frame frame = std::move(open_.back());
        open_.pop_back();
        if (frame.level == 0) {
            for (const Stands& stands : frame.stands)
                out_.origin_to_new.push_back(stands.size() == 1 ? stands[0].node() : NodeId());
            return;
        }
        Frame& below = open_.back();
        const Body& body = from_.body(frame.body);
        std::vector<Stands> results;
        for (const Arg* result : results_of(body))
            results.push_back(rewrite(frame, subtree(*result)));
        const Arguments returned = arguments_of(from_, body, *output_of(body));
        if (is_sequence(returned.at(0)))
            below.results[frame.caller.index] = std::move(results);
        else if (!results.empty())
            below.stands[frame.caller.index] = std::move(results.front());
    }

    // The entries with every node replaced by what it is in the new body.
    Stands rewrite(const Frame& frame, std::span<const Arg> args) const {
        struct Open {
            size_t at, end; // in the result, in `args`
        };
        Stands result;
        std::vector<Open> open;
        const auto close = [&](size_t i) {
            for (; !open.empty() && i >= open.back().end; open.pop_back())
                result[open.back().at].size = static_cast<uint32_t>(result.size() - open.back().at);
        };
        for (size_t i = 0; i < args.size(); ++i) {
            close(i);
            if (args[i].kind == ArgKind::Node) {
                const Stands& stands = frame.stands[args[i].ref];
                if (stands.empty()) // a damaged text that uses what comes later
                    result.push_back(Arg{});
                result.insert(result.end(), stands.begin(), stands.end());
                continue;
            }
            if (args[i].size > 1)
                open.push_back({result.size(), std::min<size_t>(i + args[i].size, args.size())});
            result.push_back(args[i]);
        }
        close(args.size());
        return result;
    }

    void copy(Frame& frame, const Body& body, NodeId id) {
        Node node = body.node(id);
        const Stands args = rewrite(frame, body.args_of(node));
        if (frame.level > 0) {
            node.name = out_.module.strings.keep(frame.prefix + std::string(from_.text(node.name)));
            for (size_t i = open_.size(); i-- > 1;)
                out_.calls[*open_[i].call].nodes.push_back(NodeId(here().nodes.size()));
        }
        if (node.op == Opcode::GetAttr)
            if (const BodyId called = child_body(from_, frame.body, node.target))
                node.target = adopt(called, frame.prefix);
        node.args_begin = static_cast<uint32_t>(here().args.size());
        here().args.insert(here().args.end(), args.begin(), args.end());
        node.args_end = static_cast<uint32_t>(here().args.size());
        frame.stands[id.index] = {
            Arg{.kind = ArgKind::Node, .size = 1, .ref = static_cast<uint32_t>(here().nodes.size())}};
        here().nodes.push_back(node);
        out_.origins.push_back({frame.body, id});
    }

    // A body that is still called, with its own, under a name that no other has. Gives the name.
    StringId adopt(BodyId called, const std::string& prefix) {
        const StringId name =
            out_.module.strings.keep(prefix + std::string(from_.text(from_.body(called).class_name)));
        if (!adopted_.emplace(name, called).second)
            return name;
        struct Open {
            BodyId source, parent;
        };
        std::vector<Open> open{{called, BodyId(0)}};
        while (!open.empty()) {
            const Open next = open.back();
            open.pop_back();
            const BodyId made(out_.module.bodies.size());
            Body copy = from_.body(next.source);
            if (next.source == called)
                copy.class_name = name;
            copy.parent = next.parent;
            const std::vector<BodyId> children = std::move(copy.children);
            copy.children.clear();
            out_.module.bodies.push_back(std::move(copy));
            out_.module.bodies[next.parent.index].children.push_back(made);
            for (auto child = children.rbegin(); child != children.rend(); ++child)
                open.push_back({*child, made});
        }
        return name;
    }

    const GraphModule& from_;
    const ExpandOptions& options_;
    ExpandedBody out_;
    std::vector<Frame> open_;
    size_t planned_ = 0; // nodes, as far as is decided
    std::unordered_map<StringId, BodyId> adopted_; // by their new names
};

} // namespace

ExpandedBody expand_calls(const GraphModule& module, BodyId body, const ExpandOptions& options) {
    return Expander(module, options).run(body);
}

} // namespace hopscope
