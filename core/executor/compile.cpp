#include "core/executor/arguments.h"
#include "core/executor/python.h"
#include "core/graph/calls.h"
#include "core/graph/verify.h"
#include "core/wire/protocol.h"

#include <ATen/core/enum_tag.h>

#include <algorithm>
#include <unordered_map>

namespace hopscope::executor {

namespace {

constexpr std::string_view kOps = "torch.ops.";
constexpr std::string_view kHigher = "torch.ops.higher_order.";

struct Arguments {
    std::vector<const Arg*> positional;
    std::vector<std::pair<std::string_view, const Arg*>> keywords;

    const Arg* keyword(std::string_view name) const {
        for (const auto& [key, value] : keywords)
            if (key == name)
                return value;
        return nullptr;
    }
    // By position, else by keyword.
    const Arg* get(size_t position, std::string_view name) const {
        return position < positional.size() ? positional[position] : keyword(name);
    }
};

std::vector<const Arg*> items_of(const Arg* container) {
    std::vector<const Arg*> items;
    if (container && (container->kind == ArgKind::List || container->kind == ArgKind::Tuple))
        for (const Arg *at = container + 1, *end = container + container->size; at < end; at += at->size)
            items.push_back(at);
    return items;
}

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
    void functionalized(NodeId id, Step& step, const Arguments& args);
    void effects(NodeId id, Step& step, const Arguments& args);
    void loop(NodeId id, Step& step, const Arguments& args);
    void item(NodeId id, Step& step);
    void returned(NodeId id, Step& step);
    void attribute(NodeId id);
    bool base_view(Functionalized& plan, const Arguments& args, const std::string& name, uint32_t argument);
    bool schema_operands(Step& step, const c10::OperatorHandle& op, const std::vector<const Arg*>& positional,
        const Arguments* keywords, std::string& problem);

    Arguments arguments(const Node& n) const {
        Arguments list;
        const auto args = body_.args_of(n);
        for (size_t i = 0; i < args.size(); i += args[i].size) {
            if (args[i].kind == ArgKind::Keyword && i + 1 < args.size())
                list.keywords.emplace_back(module_.text(args[i].text()), &args[i + 1]);
            else
                list.positional.push_back(&args[i]);
        }
        return list;
    }

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
        values_[id.index] = {out_.slots, count, many, false, false};
        out_.slots += count;
    }

    uint32_t add_operator(const c10::OperatorHandle& op) {
        program_.operators.push_back(op);
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
        const Body& body = module_.body(id);
        const auto args = body.args_of(body.nodes.back());
        if (args.empty() || (args[0].kind != ArgKind::Tuple && args[0].kind != ArgKind::List))
            return 1;
        uint32_t n = 0;
        for (const Arg *at = &args[0] + 1, *end = &args[0] + args[0].size; at < end; at += at->size)
            ++n;
        return n;
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

void BodyCompiler::node(NodeId id) {
    const Node& n = body_.node(id);
    Step& step = out_.steps[id.index];
    step.mark = wire::progress_mark(id_.index, id.index);
    values_[id.index].count = 0;
    switch (n.op) {
    case Opcode::Placeholder: {
        results(id, step, 1, false);
        const ValueType* type = module_.type(n.type);
        values_[id.index].number = type && type->kind == TypeKind::Sym;
        out_.inputs.push_back(step.result);
        if (id_ == BodyId(0))
            program_.inputs.push_back({std::string(module_.text(n.name)), id_, id, step.result, false});
        break;
    }
    case Opcode::GetAttr:
        attribute(id);
        break;
    case Opcode::Output:
        returned(id, step);
        break;
    case Opcode::CallFunction:
        function(id, step);
        break;
    case Opcode::CallMethod:
    case Opcode::CallModule:
        missing(id, step,
            "a call of the Dynamo stage, which no operator stands for; run the forward, backward or joint "
            "stage");
        break;
    }
}

void BodyCompiler::attribute(NodeId id) {
    const Node& n = body_.node(id);
    Step& step = out_.steps[id.index];
    const bool body = child_body(module_, id_, n.target).valid();
    const ValueType* type = module_.type(n.type);
    // A tensor constant has a type where the dump gives types; a pytree's description never has one.
    const bool tensor = type && type->kind == TypeKind::Tensor;
    if (body || !tensor) {
        results(id, step, 1, false);
        values_[id.index].none = true;
        return;
    }
    results(id, step, 1, false);
    if (id_ == BodyId(0))
        program_.inputs.push_back({std::string(module_.text(n.name)), id_, id, step.result, true});
    else
        missing(id, step, "a tensor that a region's body has as attribute; its value is not in the dump");
}

void BodyCompiler::function(NodeId id, Step& step) {
    const Node& n = body_.node(id);
    const std::string_view target = module_.text(n.target);
    const std::string_view brief = short_target(target);
    if (brief == "operator.getitem") {
        item(id, step);
        return;
    }
    if (target.substr(0, kHigher.size()) == kHigher) {
        higher_order(id, step, target.substr(kHigher.size()));
        return;
    }
    if (const int known = python_function(brief); known >= 0) {
        const Arguments args = arguments(n);
        std::vector<const Arg*> list = args.positional;
        if (list.size() == 1 && (list[0]->kind == ArgKind::List || list[0]->kind == ArgKind::Tuple))
            list = items_of(list[0]);
        for (const auto& [name, value] : args.keywords)
            list.push_back(value);
        if (!operands(step, list)) {
            missing(id, step, reader_.problem);
            return;
        }
        step.kind = StepKind::Python;
        step.op = known;
        results(id, step, 1, false);
        values_[id.index].number = true;
        return;
    }
    if (target.substr(0, kOps.size()) == kOps) {
        dispatched(id, step, target);
        return;
    }
    missing(id, step,
        "not runnable at this stage: no operator stands for it; run the forward, backward or joint stage");
}

std::optional<c10::OperatorHandle> find_operator(std::string_view target) {
    std::string_view rest = target.substr(kOps.size());
    const size_t dot = rest.find('.');
    if (dot == std::string_view::npos)
        return std::nullopt;
    const std::string space(rest.substr(0, dot));
    rest.remove_prefix(dot + 1);
    const size_t second = rest.find('.');
    const std::string name(rest.substr(0, second));
    std::string overload = second == std::string_view::npos ? "" : std::string(rest.substr(second + 1));
    if (overload == "default")
        overload.clear();
    const auto found = c10::Dispatcher::singleton().findSchema({space + "::" + name, overload});
    return found ? std::optional<c10::OperatorHandle>(*found) : std::nullopt;
}

bool BodyCompiler::schema_operands(Step& step, const c10::OperatorHandle& op,
    const std::vector<const Arg*>& positional, const Arguments* keywords, std::string& problem) {
    const auto& wanted = op.schema().arguments();
    std::vector<Operand> list;
    size_t given = 0;
    for (const c10::Argument& argument : wanted) {
        const size_t position = list.size();
        const Arg* arg = position < positional.size() ? positional[position] : nullptr;
        given += arg != nullptr;
        if (!arg && keywords) {
            arg = keywords->keyword(argument.name());
            given += arg != nullptr;
        }
        const auto operand = reader_.for_schema(arg, argument);
        if (!operand) {
            problem = reader_.problem;
            return false;
        }
        list.push_back(*operand);
    }
    const size_t all = positional.size() + (keywords ? keywords->keywords.size() : 0);
    if (given != all) {
        problem = std::to_string(all) + " arguments, of which this libtorch's operator takes "
            + std::to_string(given);
        return false;
    }
    step.operands = add_operands(list);
    step.random = op.hasTag(at::Tag::nondeterministic_seeded);
    // Attention is tagged for its dropout, which is nearly always 0.
    for (size_t i = 0; i < list.size(); ++i)
        if (wanted[i].name() == "dropout_p" && list[i].kind == Operand::Kind::Constant) {
            const c10::IValue& chance = program_.constants[list[i].index];
            step.random = step.random && !(chance.isDouble() && chance.toDouble() == 0);
        }
    step.mutates = op.schema().is_mutable();
    program_.mutates = program_.mutates || step.mutates;
    return true;
}

void BodyCompiler::dispatched(NodeId id, Step& step, std::string_view target) {
    const auto op = find_operator(target);
    if (!op) {
        missing(id, step, "operator not known to this libtorch");
        return;
    }
    const Arguments args = arguments(body_.node(id));
    std::string problem;
    if (!schema_operands(step, *op, args.positional, &args, problem)) {
        missing(id, step, problem);
        return;
    }
    step.kind = StepKind::Operator;
    step.op = static_cast<int32_t>(add_operator(*op));
    const auto& returns = op->schema().returns();
    results(id, step, static_cast<uint32_t>(returns.size()), returns.size() > 1);
    if (returns.size() == 1) {
        const auto kind = returns[0].type()->kind();
        values_[id.index].number = kind == c10::TypeKind::IntType || kind == c10::TypeKind::SymIntType
            || kind == c10::TypeKind::FloatType || kind == c10::TypeKind::BoolType
            || kind == c10::TypeKind::NumberType;
    }
}

void BodyCompiler::item(NodeId id, Step& step) {
    const Arguments args = arguments(body_.node(id));
    const Arg* from = args.get(0, "a");
    const Arg* which = args.get(1, "b");
    reader_.problem.clear();
    std::optional<int64_t> index;
    if (which)
        index = reader_.integer(*which);
    if (!from || from->kind != ArgKind::Node || !index) {
        missing(id, step, "only an item of a tuple or list, by a constant number, can be taken");
        return;
    }
    const NodeValue& tuple = values_[from->node().index];
    if (tuple.many) {
        const int64_t at = *index < 0 ? *index + tuple.count : *index;
        if (at < 0 || at >= tuple.count) {
            missing(id, step,
                "item " + std::to_string(*index) + " of a tuple of " + std::to_string(tuple.count)
                    + " values");
            return;
        }
        values_[id.index] = {tuple.slot + static_cast<uint32_t>(at), 1, false, false, false};
        step.result = values_[id.index].slot;
        step.results = 1;
        return;
    }
    step.kind = StepKind::Item;
    step.op = static_cast<int32_t>(*index);
    step.operands = add_operands({{Operand::Kind::Slot, tuple.slot, 0}});
    results(id, step, 1, false);
}

void BodyCompiler::returned(NodeId id, Step& step) {
    const Arguments args = arguments(body_.node(id));
    std::vector<const Arg*> list;
    if (!args.positional.empty()) {
        const Arg* value = args.positional[0];
        list = value->kind == ArgKind::Tuple || value->kind == ArgKind::List ? items_of(value)
                                                                             : std::vector<const Arg*>{value};
    }
    if (!operands(step, list)) {
        missing(id, step, "its result: " + reader_.problem);
        return;
    }
    step.kind = StepKind::Output;
    out_.outputs = step.operands.size();
}

void BodyCompiler::higher_order(NodeId id, Step& step, std::string_view name) {
    const Arguments args = arguments(body_.node(id));
    if (name == "invoke_subgraph" || name == "tag_activation_checkpoint") {
        const BodyId body = body_named(args.get(0, "subgraph"));
        const size_t skip = std::min<size_t>(name == "invoke_subgraph" ? 2 : 1, args.positional.size());
        const std::vector<const Arg*> list(
            args.positional.begin() + static_cast<std::ptrdiff_t>(skip), args.positional.end());
        if (!call(id, step, body, list) || !fits(id, step, body, list.size()))
            return;
        step.kind = StepKind::Call;
        step.first = body;
        results(id, step, returned_by(body), true);
    } else if (name == "cond") {
        const BodyId yes = body_named(args.get(1, "true_fn")), no = body_named(args.get(2, "false_fn"));
        std::vector<const Arg*> list{args.get(0, "pred")};
        const auto operands_given = items_of(args.get(3, "operands"));
        list.insert(list.end(), operands_given.begin(), operands_given.end());
        if (!list[0]) {
            missing(id, step, "it has no predicate");
            return;
        }
        if (!call(id, step, yes && no ? yes : BodyId(), list) || !fits(id, step, yes, list.size() - 1)
            || !fits(id, step, no, list.size() - 1))
            return;
        if (returned_by(yes) != returned_by(no)) {
            missing(id, step, "its two bodies return different numbers of values");
            return;
        }
        step.kind = StepKind::Cond;
        step.first = yes;
        step.second = no;
        results(id, step, returned_by(yes), true);
    } else if (name == "while_loop" || name == "map_impl" || name == "scan") {
        loop(id, step, args);
    } else if (name == "with_effects") {
        effects(id, step, args);
    } else if (name == "auto_functionalized_v2") {
        functionalized(id, step, args);
    } else {
        missing(id, step, "a higher-order operator that Hopscope does not run");
    }
}

void BodyCompiler::loop(NodeId id, Step& step, const Arguments& args) {
    const std::string_view name = short_target(module_, body_.node(id));
    const bool is_while = name.find("while_loop") != std::string_view::npos;
    const bool is_scan = name.find("scan") != std::string_view::npos;
    const BodyId first = body_named(args.get(0, "f"));
    const BodyId second = is_while ? body_named(args.get(1, "body_fn")) : first;
    std::vector<const Arg*> state, mapped, extra;
    if (is_while) {
        state = items_of(args.get(2, "carried_inputs"));
        extra = items_of(args.get(3, "additional_inputs"));
    } else if (is_scan) {
        state = items_of(args.get(1, "init"));
        mapped = items_of(args.get(2, "xs"));
        extra = items_of(args.get(3, "additional_inputs"));
    } else {
        mapped = items_of(args.get(1, "xs"));
        extra = items_of(args.get(2, "pos_args"));
    }
    step.carried = static_cast<uint32_t>(state.size());
    step.mapped = static_cast<uint32_t>(mapped.size());
    std::vector<const Arg*> list = state;
    list.insert(list.end(), mapped.begin(), mapped.end());
    list.insert(list.end(), extra.begin(), extra.end());
    if (!call(id, step, first && second ? first : BodyId(), list) || !fits(id, step, first, list.size())
        || !fits(id, step, second, list.size()))
        return;
    if (!is_while && mapped.empty()) {
        missing(id, step, "it walks over no tensor");
        return;
    }
    const uint32_t found = returned_by(second);
    if (found < step.carried || (is_while && found != step.carried)) {
        missing(id, step,
            "its body returns " + std::to_string(found) + " values for a state of "
                + std::to_string(step.carried));
        return;
    }
    step.kind = is_while ? StepKind::While : is_scan ? StepKind::Scan : StepKind::Map;
    step.first = first;
    step.second = second;
    results(id, step, found, true);
}

void BodyCompiler::effects(NodeId id, Step& step, const Arguments& args) {
    // with_effects(token, operator, operands…) -> (token, results…)
    if (args.positional.size() < 2 || args.positional[1]->kind != ArgKind::Operator) {
        missing(id, step, "it names no operator");
        return;
    }
    const std::string_view target = module_.text(args.positional[1]->text());
    reader_.problem.clear();
    const auto token = reader_.as_written(args.positional[0]);
    if (!token) {
        missing(id, step, reader_.problem);
        return;
    }
    if (target == "torch.ops.higher_order.invoke_subgraph") {
        const BodyId body = body_named(args.get(2, "subgraph"));
        const std::vector<const Arg*> list(args.positional.begin()
                + static_cast<std::ptrdiff_t>(std::min<size_t>(4, args.positional.size())),
            args.positional.end());
        std::vector<const Arg*> all{args.positional[0]};
        all.insert(all.end(), list.begin(), list.end());
        if (!call(id, step, body, all) || !fits(id, step, body, list.size()))
            return;
        step.first = body;
        step.kind = StepKind::Effects;
        results(id, step, 1 + returned_by(body), true);
        return;
    }
    const auto op = target.substr(0, kOps.size()) == kOps ? find_operator(target) : std::nullopt;
    if (!op) {
        missing(id, step,
            "operator not known: " + std::string(short_target(target))
                + "; a library that registers it can be named with --load-library");
        return;
    }
    const std::vector<const Arg*> list(args.positional.begin() + 2, args.positional.end());
    std::string problem;
    if (!schema_operands(step, *op, list, &args, problem)) {
        missing(id, step, problem);
        return;
    }
    // The token comes first.
    const std::vector<Operand> rest(
        program_.operands.begin() + step.operands.begin, program_.operands.begin() + step.operands.end);
    std::vector<Operand> all{*token};
    all.insert(all.end(), rest.begin(), rest.end());
    step.operands = add_operands(all);
    step.kind = StepKind::Effects;
    step.op = static_cast<int32_t>(add_operator(*op));
    results(id, step, 1 + std::max<uint32_t>(1, static_cast<uint32_t>(op->schema().returns().size())), true);
}

// Reads `_NAME_base_index` and what may stand beside it (torch/_higher_order_ops/auto_functionalize.py,
// read_view_information_from_args). False where there is none for this argument.
bool BodyCompiler::base_view(
    Functionalized& plan, const Arguments& args, const std::string& name, uint32_t argument) {
    const std::string prefix = "_" + name;
    const Arg* index = args.keyword(prefix + "_base_index");
    if (!index)
        return false;
    BaseView view;
    view.argument = argument;
    if (index->kind != ArgKind::None)
        view.base = static_cast<int>(reader_.integer(*index).value_or(-2));
    const Arg *size = args.keyword(prefix + "_size"), *stride = args.keyword(prefix + "_stride"),
              *offset = args.keyword(prefix + "_storage_offset");
    if (size && stride && offset) {
        for (const Arg* item : items_of(size))
            view.size.push_back(reader_.integer(*item).value_or(-1));
        for (const Arg* item : items_of(stride))
            view.stride.push_back(reader_.integer(*item).value_or(-1));
        view.offset = reader_.integer(*offset).value_or(-1);
        const auto negative = [](const std::vector<int64_t>& list) {
            return std::any_of(list.begin(), list.end(), [](int64_t n) { return n < 0; });
        };
        if (view.offset < 0 || negative(view.size) || negative(view.stride))
            view.base = -2;
    } else if (args.keyword(prefix + "_slice_dim")) {
        view.base = -2;
    }
    plan.views.push_back(std::move(view));
    return true;
}

void BodyCompiler::functionalized(NodeId id, Step& step, const Arguments& args) {
    const Arg* target = args.get(0, "_mutable_op");
    if (!target || target->kind != ArgKind::Operator) {
        missing(id, step, "it names no operator");
        return;
    }
    const std::string_view name = module_.text(target->text());
    Functionalized plan;
    std::vector<Operand> bases, list;
    reader_.problem.clear();
    for (const Arg* base : items_of(args.keyword("_all_bases"))) {
        const auto operand = reader_.as_written(base);
        if (!operand) {
            missing(id, step, reader_.problem);
            return;
        }
        bases.push_back(*operand);
    }
    uint32_t outputs = 0;
    if (name == "torch.ops.higher_order.invoke_subgraph") {
        step.first = body_named(args.keyword("subgraph"));
        if (!step.first) {
            missing(id, step, "the body that it calls is not in the dump");
            return;
        }
        const size_t taken = module_.body(step.first).placeholder_count();
        for (size_t i = 0; i < taken; ++i) {
            const std::string argument = "arg" + std::to_string(i);
            const Arg* given = args.keyword(argument);
            const auto operand = base_view(plan, args, argument, static_cast<uint32_t>(i))
                ? std::optional<Operand>(reader_.constant({}))
                : given ? reader_.as_written(given)
                        : std::nullopt;
            if (!operand) {
                missing(id, step, "operand " + argument + " is missing");
                return;
            }
            list.push_back(*operand);
        }
        outputs = returned_by(step.first);
    } else {
        plan.op = name.substr(0, kOps.size()) == kOps ? find_operator(name) : std::nullopt;
        if (!plan.op) {
            missing(id, step, "operator not known: " + std::string(short_target(name)));
            return;
        }
        for (const c10::Argument& argument : plan.op->schema().arguments()) {
            const auto operand = base_view(plan, args, argument.name(), static_cast<uint32_t>(list.size()))
                ? std::optional<Operand>(reader_.constant({}))
                : reader_.for_schema(args.keyword(argument.name()), argument);
            if (!operand) {
                missing(id, step, reader_.problem);
                return;
            }
            list.push_back(*operand);
        }
        outputs = std::max<uint32_t>(1, static_cast<uint32_t>(plan.op->schema().returns().size()));
    }
    for (const BaseView& view : plan.views)
        if (view.base < -1 || view.base >= static_cast<int>(bases.size())) {
            missing(id, step, "a mutated operand is a view in a form that Hopscope does not rebuild");
            return;
        }
    step.operands = add_operands(list);
    plan.bases = add_operands(bases);
    step.kind = StepKind::Functionalized;
    step.op = static_cast<int32_t>(program_.functionalized.size());
    program_.functionalized.push_back(std::move(plan));
    results(id, step, outputs + static_cast<uint32_t>(bases.size()), true);
}

// Every slot is emptied after the last step that reads it, as `x = None` does in PyTorch's generated code.
void BodyCompiler::find_last_uses() {
    constexpr uint32_t kNever = UINT32_MAX;
    std::vector<uint32_t> last(out_.slots, kNever);
    const auto use = [&](const Range& range, uint32_t step) {
        std::vector<Range> todo{range};
        while (!todo.empty()) {
            const Range r = todo.back();
            todo.pop_back();
            for (uint32_t i = r.begin; i < r.end; ++i) {
                const Operand& operand = program_.operands[i];
                if (operand.kind == Operand::Kind::Constant)
                    continue;
                if (operand.kind >= Operand::Kind::IntList)
                    todo.push_back({operand.index, operand.index + operand.count});
                else
                    last[operand.index] = step;
            }
        }
    };
    for (uint32_t i = 0; i < out_.steps.size(); ++i) {
        const Step& step = out_.steps[i];
        for (uint32_t slot = step.result; slot < step.result + step.results; ++slot)
            last[slot] = i; // a value that nobody uses goes at once; a tuple's item renews its slot
        use(step.operands, i);
        if (step.kind == StepKind::Functionalized)
            use(program_.functionalized[static_cast<size_t>(step.op)].bases, i);
    }
    std::vector<std::vector<uint32_t>> by_step(out_.steps.size());
    for (uint32_t slot = 0; slot < last.size(); ++slot)
        if (last[slot] != kNever)
            by_step[last[slot]].push_back(slot);
    for (size_t i = 0; i < by_step.size(); ++i) {
        out_.steps[i].releases.begin = static_cast<uint32_t>(program_.releases.size());
        program_.releases.insert(program_.releases.end(), by_step[i].begin(), by_step[i].end());
        out_.steps[i].releases.end = static_cast<uint32_t>(program_.releases.size());
    }
}

} // namespace

Result<std::shared_ptr<const Program>> compile(
    std::shared_ptr<const GraphModule> module, const Bindings& symbols, bool float64) {
    if (!module || module->bodies.empty())
        return make_error(Error::Kind::Damaged, "the text holds no graph");
    for (const Violation& violation : verify(*module)) {
        const std::string where = body_path(*module, violation.body);
        return make_error(Error::Kind::Damaged,
            (violation.node
                    ? std::string(module->text(module->body(violation.body).node(violation.node).name)) + ": "
                    : std::string())
                + violation.message + (where.empty() ? "" : " (in " + where + ")"));
    }
    auto program = std::make_shared<Program>();
    program->float64 = float64;
    program->module = std::move(module);
    program->bodies.resize(program->module->bodies.size());
    std::vector<BodyId> wanted{BodyId(0)};
    while (!wanted.empty()) {
        const BodyId id = wanted.back();
        wanted.pop_back();
        if (program->bodies[id.index].compiled)
            continue;
        BodyCompiler(*program, id, symbols).run(wanted);
    }
    std::sort(program->unsupported.begin(), program->unsupported.end(),
        [](const Program::Unsupported& a, const Program::Unsupported& b) {
            return std::pair(a.body, a.node) < std::pair(b.body, b.node);
        });
    return std::shared_ptr<const Program>(std::move(program));
}

} // namespace hopscope::executor
