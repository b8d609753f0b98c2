// The compiler of one body: what the files that turn nodes into steps share. Internal to core/executor.
#pragma once

#include "core/executor/arguments.h"
#include "core/executor/dynamo.h"
#include "core/graph/reading.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hopscope::executor {

inline constexpr std::string_view kOps = "torch.ops.";
inline constexpr std::string_view kHigher = "torch.ops.higher_order.";

// The items of a list or tuple; none for anything else.
inline std::vector<const Arg*> item_list(const Arg* sequence) {
    std::vector<const Arg*> items;
    for (const Arg& item : items_of(sequence))
        items.push_back(&item);
    return items;
}
// The operator of a target with its overload, "torch.ops.aten.mm.default"; none if this libtorch has none.
std::optional<c10::OperatorHandle> find_operator(std::string_view target);

// An argument of a Python call, with what it takes of Step::operands. A literal keeps its constant.
struct CompiledArgument {
    ArgumentForm form;
    std::vector<Operand> operands;
    bool constant = false; // all operands are
};

// Turns one body's nodes into steps.
class BodyCompiler {
public:
    BodyCompiler(Program& program, BodyId id, const Bindings& symbols)
        : program_(program)
        , module_(*program.module)
        , id_(id)
        , body_(module_.body(id))
        , out_(program.bodies[id.index])
        , values_(body_.nodes.size())
        , reader_(program, body_, values_, symbols)
        , symbols_(symbols) { }

    void run(std::vector<BodyId>& wanted) {
        wanted_ = &wanted;
        out_.compiled = true;
        out_.steps.resize(body_.nodes.size());
        for (size_t i = 0; i < body_.nodes.size(); ++i)
            node(NodeId(i));
        find_last_uses();
    }

private:
    void node(NodeId id);
    void function(NodeId id, Step& step);
    void dispatched(NodeId id, Step& step, std::string_view target);
    void higher_order(NodeId id, Step& step, std::string_view name);
    bool refused_call(NodeId id, Step& step);
    void functionalized(NodeId id, Step& step, const Arguments& args);
    void effects(NodeId id, Step& step, const Arguments& args);
    void flex(NodeId id, Step& step, const Arguments& args);
    void loop(NodeId id, Step& step, const Arguments& args);
    void item(NodeId id, Step& step);
    // A node of the Dynamo stage (dynamo.cpp).
    void python_level(NodeId id, Step& step);
    bool python_operator(NodeId id, Step& step, std::string_view target, const Arguments& args);
    bool drops_nothing(const std::string& op, const std::vector<Operand>& operands) const;
    void arithmetic(NodeId id, Step& step, std::optional<int> number);
    void subscript(NodeId id, Step& step, const Arguments& args);
    // dynamo_bind.cpp: arguments
    bool write_all(const Arguments& args, std::vector<CompiledArgument>& out);
    bool write(const Arg* arg, std::string_view keyword, std::vector<CompiledArgument>& out);
    void dynamic(NodeId id, Step& step, DynamicCall call, const std::vector<Operand>& operands);
    std::optional<std::vector<CompiledArgument>> bind(
        std::string_view parameters, const std::vector<CompiledArgument>& passed, std::string& problem);
    std::optional<std::vector<CompiledArgument>> rewritten(const Rewrite& row,
        const std::vector<CompiledArgument>& passed, std::string& op, std::string& problem);
    std::optional<CompiledArgument> rewritten_argument(
        std::string_view word, const std::vector<CompiledArgument>& bound, std::string& problem);
    const c10::IValue* constant_of(const CompiledArgument& compiled) const;
    bool is_literal(const CompiledArgument& compiled, std::string_view text) const;
    CompiledArgument literal(std::string_view text);
    void returned(NodeId id, Step& step);
    void attribute(NodeId id);
    bool base_view(Functionalized& plan, const Arguments& args, const std::string& name, uint32_t argument,
        std::optional<uint32_t> item);
    bool base_list(Functionalized& plan, const Arguments& args, const std::string& name, uint32_t argument);
    bool first_functionalized(
        Functionalized& plan, const Arguments& args, std::vector<Operand>& list, std::vector<Operand>& bases);
    void wrapped_call(NodeId id, Step& step, const Arguments& args, size_t callee);
    bool schema_operands(Step& step, const c10::OperatorHandle& op, const std::vector<const Arg*>& positional,
        const Arguments* keywords, std::string& problem);

    Arguments arguments(const Node& n) const { return arguments_of(module_, body_, n); }

    void missing(NodeId id, Step& step, std::string reason) {
        const std::string_view target = short_target(module_, body_.node(id));
        step.kind = StepKind::Missing;
        step.op = static_cast<int32_t>(program_.reasons.size());
        program_.reasons.push_back(reason);
        program_.unsupported.push_back({id_, id, std::string(target), std::move(reason)});
        if (!values_[id.index].count)
            results(id, step, 1, false);
    }

    void results(NodeId id, Step& step, uint32_t count, bool many) {
        step.result = out_.slots;
        step.results = count;
        values_[id.index] = {out_.slots, count, many};
        out_.slots += count;
    }

    // What the text says of a node's dtype; Undefined where it says nothing, or names a type that libtorch
    // lacks.
    bool is_on_gpu(const Node& n) const {
        const ValueType* type = module_.type(n.type);
        return type && type->kind == TypeKind::Tensor && module_.text(type->device).substr(0, 4) == "cuda";
    }
    at::ScalarType declared_type(const Node& n) const {
        const ValueType* type = module_.type(n.type);
        if (!type || type->kind != TypeKind::Tensor)
            return at::ScalarType::Undefined;
        const DType* dtype = dtype_by_abbreviation(module_.text(type->dtype));
        const auto found = dtype ? scalar_type(dtype->name) : std::nullopt;
        return found ? *found : at::ScalarType::Undefined;
    }
    uint32_t add_operator(const c10::OperatorHandle& op) {
        program_.operators.push_back(op);
        program_.widths->push_back(Width::Unchanged);
        return static_cast<uint32_t>(program_.operators.size() - 1);
    }

    // Operands in a row; false with reader_.problem set.
    bool operands(Step& step, const std::vector<const Arg*>& args) {
        std::vector<Operand> list;
        for (const Arg* arg : args) {
            reader_.problem.clear();
            const auto operand = reader_.as_written(arg);
            if (!operand)
                return false;
            list.push_back(*operand);
        }
        step.operands = add_operands(list);
        return true;
    }
    Range add_operands(const std::vector<Operand>& list) {
        const auto begin = static_cast<uint32_t>(program_.operands.size());
        program_.operands.insert(program_.operands.end(), list.begin(), list.end());
        return {begin, static_cast<uint32_t>(program_.operands.size())};
    }

    // Whether all arguments are Python numbers, as far as the text tells.
    bool only_numbers(const Node& n) const {
        const auto inputs = body_.inputs_of(n);
        return std::all_of(inputs.begin(), inputs.end(), [&](NodeId input) {
            const NodeValue& value = values_[input.index];
            return value.number && !value.dynamic;
        });
    }

    // The body that a get_attr argument names; none otherwise.
    BodyId body_named(const Arg* arg) {
        if (!arg || arg->kind != ArgKind::Node)
            return {};
        const Node& n = body_.node(arg->node());
        if (n.op != Opcode::GetAttr)
            return {};
        const BodyId found = child_body(module_, id_, n.target);
        if (found)
            wanted_->push_back(found);
        return found;
    }
    // How many values a body returns.
    uint32_t returned_by(BodyId id) const {
        const Node* output = output_of(module_.body(id));
        const Arg* returned = output ? entries_of(module_.body(id), *output).at(0) : nullptr;
        return is_sequence(returned) ? static_cast<uint32_t>(items_of(returned).count()) : 1;
    }
    // Calls `body` with the operands of `args`: checks their number.
    bool call(NodeId id, Step& step, BodyId body, const std::vector<const Arg*>& args) {
        if (!body) {
            missing(id, step, "the body that it calls is not in the dump");
            return false;
        }
        if (!operands(step, args)) {
            missing(id, step, reader_.problem);
            return false;
        }
        return true;
    }
    bool fits(NodeId id, Step& step, BodyId body, size_t given) {
        const size_t taken = module_.body(body).placeholder_count();
        if (taken == given)
            return true;
        missing(id, step,
            std::to_string(given) + " operands for the body '" + body_path(module_, body) + "', which takes "
                + std::to_string(taken));
        return false;
    }

    void find_last_uses();

    Program& program_;
    const GraphModule& module_;
    BodyId id_;
    const Body& body_;
    BodyProgram& out_;
    std::vector<NodeValue> values_;
    ArgumentReader reader_;
    const Bindings& symbols_;
    std::vector<BodyId>* wanted_ = nullptr;
};

} // namespace hopscope::executor
