#include "core/graph/verify.h"

#include "core/graph/calls.h"

namespace hopscope {

namespace {

class Verifier {
public:
    Verifier(const GraphModule& module, BodyId id, std::vector<Violation>& found)
        : module_(module)
        , body_(module.body(id))
        , id_(id)
        , found_(found)
        , named_(module.strings.size(), false) { }

    void run() {
        for (size_t i = 0; i < body_.nodes.size(); ++i)
            check(NodeId(i));
        if (body_.nodes.empty() || body_.nodes.back().op != Opcode::Output)
            add({}, "the body ends without a return");
    }

private:
    void add(NodeId node, std::string message) { found_.push_back({id_, node, std::move(message)}); }
    std::string name(const Node& n) const { return '\'' + std::string(module_.text(n.name)) + '\''; }

    void check(NodeId id) {
        const Node& node = body_.node(id);
        if (named_[node.name.index])
            add(id, "two nodes are called " + name(node));
        named_[node.name.index] = true;
        if (node.op == Opcode::Placeholder && id.index > 0
            && body_.nodes[id.index - 1].op != Opcode::Placeholder)
            add(id, "placeholder " + name(node) + " stands after other nodes");
        if (node.op == Opcode::Output && id.index + 1 != body_.nodes.size())
            add(id, "nodes stand after the return");
        for (const NodeId input : body_.inputs_of(node))
            if (input >= id)
                add(id, name(node) + " uses " + name(body_.node(input)) + " before it is defined");
        check_call(id);
    }

    void check_call(NodeId id) {
        const auto call = region_call(module_, id_, id);
        if (!call || !call->body)
            return;
        const size_t expected = module_.body(call->body).placeholder_count();
        if (call->operands.size() != expected)
            add(id,
                name(body_.node(id)) + " passes " + std::to_string(call->operands.size())
                    + " operands, its body expects " + std::to_string(expected));
    }

    const GraphModule& module_;
    const Body& body_;
    BodyId id_;
    std::vector<Violation>& found_;
    std::vector<bool> named_;
};

} // namespace

std::vector<Violation> verify(const GraphModule& module) {
    std::vector<Violation> found;
    for (size_t i = 0; i < module.bodies.size(); ++i)
        Verifier(module, BodyId(i), found).run();
    return found;
}

} // namespace hopscope
