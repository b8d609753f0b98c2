#include "core/graph/verify.h"

#include "core/graph/call_check.h"

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
    void add(NodeId node, std::string message) { found_.push_back({id_, node, std::move(message), false}); }
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
        for (std::string& message : check_region_call(module_, id_, id))
            found_.push_back({id_, id, std::move(message), true});
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
