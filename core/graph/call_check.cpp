#include "core/graph/call_check.h"

#include "core/base/text.h"
#include "core/graph/calls.h"
#include "core/graph/symbols.h"

#include <map>

namespace hopscope {

namespace {

bool is_symbol(std::string_view text) {
    return is_identifier(text);
}

// Symbols of floats are called zf0, zuf0 (torch/utils/_sympy/symbol.py, prefix_str).
bool is_float_symbol(std::string_view text) {
    return is_symbol(text) && (text.starts_with("zf") || text.starts_with("zuf"));
}

class CallChecker {
public:
    CallChecker(const GraphModule& module, BodyId scope, NodeId id, bool strides)
        : module_(module)
        , strides_(strides)
        , scope_(scope)
        , body_(module.body(scope))
        , id_(id)
        , name_('\'' + std::string(module.text(body_.node(id).name)) + '\'') { }

    std::vector<std::string> run() {
        const auto names = call_names(module_, scope_, id_);
        if (!names)
            return {};
        check_names(*names);
        const auto call = region_call(module_, scope_, id_);
        if (!call)
            return std::move(found_);
        std::vector<bool> fine;
        for (size_t i = 0; i < call->operand_args.size(); ++i)
            fine.push_back(check_kind(i, call->operand_args[i]));
        if (!call->body)
            return std::move(found_);
        const Body& called = module_.body(call->body);
        const size_t expected = called.placeholder_count();
        if (call->operands.size() != expected) {
            add(" passes " + std::to_string(call->operands.size()) + " operands, its body expects "
                + std::to_string(expected));
            return std::move(found_);
        }
        for (size_t i = 0; i < expected; ++i)
            if (call->operand_args[i] && fine[i])
                check_type(i, *call->operand_args[i], called.node(NodeId(i)));
        return std::move(found_);
    }

private:
    void add(std::string what) { found_.push_back(name_ + what); }

    // An argument in words: 'view' f32[2, 8], 3, 'text', a list.
    std::string in_words(const Arg& arg) const {
        if (arg.kind == ArgKind::Node) {
            const Node& node = body_.node(arg.node());
            const ValueType* type = module_.type(node.type);
            return '\'' + std::string(module_.text(node.name)) + '\''
                + (type ? ' ' + short_type(module_, *type) : std::string());
        }
        switch (arg.kind) {
        case ArgKind::None:
            return "None";
        case ArgKind::List:
            return "a list";
        case ArgKind::Tuple:
            return "a tuple";
        case ArgKind::Dict:
            return "a dict";
        default:
            return arg.text() ? std::string(module_.text(arg.text()))
                              : std::string("a value of another kind");
        }
    }
    static std::string operand(size_t i) { return "operand " + std::to_string(i); }

    void check_names(const CallNames& names) {
        const Arg* subgraph = names.subgraph;
        const bool named =
            subgraph && subgraph->kind == ArgKind::Node && body_.node(subgraph->node()).op == Opcode::GetAttr;
        if (!named)
            add(std::string(" calls ") + (subgraph ? in_words(*subgraph) : "nothing")
                + ", expected a body (get_attr) as subgraph");
        if (!names.identifier)
            add(" has no identifier, expected a string or None");
        else if (names.identifier->kind != ArgKind::String && names.identifier->kind != ArgKind::None)
            add(" has the identifier " + in_words(*names.identifier) + ", expected a string or None");
    }

    // Tensors, integers and None; the operator also takes generators and opaque objects, which no text shows.
    bool check_kind(size_t i, const Arg* arg) {
        if (!arg)
            return true;
        switch (arg->kind) {
        case ArgKind::None:
        case ArgKind::Int:
        case ArgKind::Bool: // an int in Python
        case ArgKind::Symbol:
        case ArgKind::Attribute:
        case ArgKind::Opaque:
            return true;
        case ArgKind::Node: {
            const Node& node = body_.node(arg->node());
            if (node.op == Opcode::GetAttr && child_body(module_, scope_, node.target))
                break;
            if (region_call(module_, scope_, arg->node()))
                break; // a tuple
            const ValueType* type = module_.type(node.type);
            if (type && type->kind == TypeKind::Sym && is_float_symbol(module_.text(type->symbol)))
                break;
            return true;
        }
        default:
            break;
        }
        add(" passes " + in_words(*arg) + " as " + operand(i) + ", expected a tensor, an integer or None");
        return false;
    }

    void check_type(size_t i, const Arg& arg, const Node& placeholder) {
        const ValueType* wanted = module_.type(placeholder.type);
        if (!wanted)
            return;
        const std::string expected = "its body's placeholder '" + std::string(module_.text(placeholder.name))
            + "' is " + short_type(module_, *wanted);
        const auto differs = [&] { add(" passes " + in_words(arg) + " as " + operand(i) + "; " + expected); };
        if (arg.kind != ArgKind::Node) {
            const bool number =
                arg.kind == ArgKind::Int || arg.kind == ArgKind::Bool || arg.kind == ArgKind::Symbol;
            const bool none = arg.kind == ArgKind::None;
            const bool tensor = wanted->kind == TypeKind::Tensor, sym = wanted->kind == TypeKind::Sym;
            if ((tensor && (number || none)) || (sym && none)
                || (sym && number && !unify(wanted->symbol, arg.text())))
                differs();
            return;
        }
        const ValueType* given = module_.type(body_.node(arg.node()).type);
        if (!given || given->kind > TypeKind::Sym || wanted->kind > TypeKind::Sym)
            return;
        const bool sym = given->kind == TypeKind::Sym;
        if (given->kind != wanted->kind || (sym && !unify(wanted->symbol, given->symbol))
            || (!sym && (given->dtype != wanted->dtype || given->rank != wanted->rank))) {
            differs();
            return;
        }
        if (sym)
            return;
        const auto mine = module_.shape(*given), theirs = module_.shape(*wanted);
        for (size_t d = 0; d < mine.size(); ++d)
            if (!unify(theirs[d], mine[d])) {
                differs();
                return;
            }
        if (strides_ && !same_strides(*given, *wanted))
            add(" passes " + in_words(arg) + " with stride " + dims(module_.stride(*given)) + " as "
                + operand(i) + "; " + expected + " with stride " + dims(module_.stride(*wanted)));
    }

    // Of a dimension of one element, or of a tensor without any, a stride says nothing.
    bool same_strides(const ValueType& given, const ValueType& wanted) {
        const auto mine = module_.stride(given), theirs = module_.stride(wanted),
                   shape = module_.shape(given);
        if (mine.size() != shape.size() || theirs.size() != shape.size())
            return true; // not told
        for (size_t d = 0; d < shape.size(); ++d)
            if (module_.text(shape[d]) == "0")
                return true;
        for (size_t d = 0; d < shape.size(); ++d)
            if (module_.text(shape[d]) != "1" && !unify(theirs[d], mine[d]))
                return false;
        return true;
    }

    std::string dims(std::span<const StringId> ids) const {
        std::string out = "(";
        for (const StringId id : ids)
            (out += out.size() > 1 ? ", " : "") += module_.text(id);
        return out + (ids.size() == 1 ? ",)" : ")");
    }

    // Whether the body's size can be the caller's. A symbol of the body stands for what it is first called
    // with.
    bool unify(StringId wanted_id, StringId given_id) {
        const std::string_view wanted = module_.text(wanted_id), given = module_.text(given_id);
        if (wanted == given)
            return true;
        const auto number = evaluate_symbolic(given, {});
        if (is_symbol(wanted)) {
            if (!number)
                return true; // another symbol: the dump does not say whether they are equal
            return bound_.emplace(wanted, *number).first->second == *number;
        }
        const auto size = evaluate_symbolic(wanted, bound_);
        return !size || !number || *size == *number;
    }

    const GraphModule& module_;
    bool strides_;
    BodyId scope_;
    const Body& body_;
    NodeId id_;
    std::string name_;
    std::vector<std::string> found_;
    Bindings bound_;
};

} // namespace

std::vector<std::string> check_region_call(
    const GraphModule& module, BodyId body, NodeId node, bool strides) {
    return CallChecker(module, body, node, strides).run();
}

} // namespace hopscope
