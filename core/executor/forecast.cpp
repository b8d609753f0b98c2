#include "core/executor/forecast.h"

#include "core/executor/arguments.h"
#include "core/executor/dynamo.h"
#include "core/executor/machine.h"
#include "core/executor/tensors.h"
#include "core/graph/dump.h"
#include "core/read/open.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <set>
#include <string_view>

namespace hopscope::executor {

namespace {

using wire::Fate;
using wire::Obstacle;

struct Found {
    Fate fate = Fate::Runs;
    Obstacle obstacle = Obstacle::None;
    std::string reason;
};

// Sizes beyond this are taken for this, all alike: what is equal stays equal, and a product of models' sizes
// takes microseconds.
constexpr int64_t kSmall = 64;
// With their true sizes, operands and results together may have so many elements.
constexpr int64_t kMostElements = int64_t{1} << 22;

// What libtorch says where a kernel is missing, or refuses a dtype; anything else is said of values or sizes.
bool speaks_of_kernels(std::string_view message) {
    constexpr std::array kWords{"not implemented for", "Could not run", "not supported", "nsupported",
        "not support", "dtype", "scalar type", "data type", "Half", "BFloat16", "Float8", "only supports"};
    return std::any_of(kWords.begin(), kWords.end(),
        [&](const char* word) { return message.find(word) != std::string_view::npos; });
}

bool has_kernel(const c10::OperatorHandle& op) {
    return op.hasKernelForDispatchKey(c10::DispatchKey::CPU)
        || op.hasComputedKernelForDispatchKey(c10::DispatchKey::CPU);
}

// "aten.mm" of a schema's "aten::mm"; a custom operator is none of libtorch's.
std::string plain_name(const c10::OperatorHandle& op) {
    const std::string& name = op.schema().name();
    const size_t colons = name.find("::");
    std::string plain = name.substr(0, colons) + "." + name.substr(colons + 2);
    return op.schema().overload_name().empty() ? plain : plain + "." + op.schema().overload_name();
}
bool is_libtorchs(std::string_view plain) {
    return plain.starts_with("aten.") || plain.starts_with("prims.") || plain.starts_with("quantized.");
}

Found no_kernel() {
    return {Fate::Cannot, Obstacle::NoKernel,
        "libtorch " TORCH_VERSION " has the operator, but no kernel of it for the CPU"};
}

// Why a node was refused when the program was compiled.
Found refused(std::string_view target, const std::string& reason) {
    if (target.find("triton_kernel_wrapper") != std::string_view::npos)
        return {Fate::Cannot, Obstacle::UserKernel, "a Triton kernel, whose code is not in the dump"};
    Obstacle obstacle = Obstacle::Refused;
    if (reason.starts_with("operator not known"))
        obstacle = is_libtorchs(target) ? Obstacle::NoOperator : Obstacle::Custom;
    else if (reason.find("not in the dump") != std::string::npos)
        obstacle = Obstacle::NotInDump;
    return {Fate::Cannot, obstacle, reason};
}

// Tries the steps of one body.
class Trial {
public:
    Trial(Program& program, BodyId id, const Bindings& symbols)
        : program_(program)
        , module_(*program.module)
        , body_(program.bodies[id.index])
        , symbols_(symbols)
        , types_(body_.slots) {
        const auto& nodes = module_.body(id).nodes;
        for (size_t i = 0; i < nodes.size(); ++i)
            if (const ValueType* type = module_.type(nodes[i].type); type && body_.steps[i].results == 1)
                types_[body_.steps[i].result] = type;
    }

    // The dtypes and numbers of dimensions of what a step takes; empty where the dump does not tell.
    std::string signature(const Step& step) {
        std::string text;
        for (const uint32_t slot : slots_of(step.operands)) {
            const ValueType* type = types_[slot];
            if (!type || (type->kind != TypeKind::Tensor && type->kind != TypeKind::Sym))
                return {};
            text += type->kind == TypeKind::Sym
                ? "n,"
                : std::string(module_.text(type->dtype)) + std::to_string(module_.shape(*type).size()) + ",";
        }
        for (uint32_t i = step.operands.begin; i < step.operands.end; ++i) {
            const Operand& operand = program_.operands[i];
            if (operand.kind == Operand::Kind::Constant) {
                const c10::IValue& constant = program_.constants[operand.index];
                text += constant.isBool() ? (constant.toBool() ? "T" : "F")
                    : constant.isInt()    ? std::to_string(std::min(constant.toInt(), kSmall))
                                          : std::string(constant.tagKind());
                text += ';';
            }
        }
        return text + "." + declared_text(step);
    }

    Found tried(const Step& step) {
        const Found small = tried(step, kSmall);
        if (small.fate != Fate::Unsure)
            return small;
        // Its sizes may be what it complained about.
        return elements(step) <= kMostElements ? tried(step, INT64_MAX) : small;
    }

private:
    std::string declared_text(const Step& step) const {
        std::string text;
        if (step.kind == StepKind::Operator)
            for (uint32_t i = 0; i < step.results; ++i)
                text += std::to_string(static_cast<int>(program_.declared[step.declared + i])) + ",";
        return text;
    }

    // The operands of a range, with those inside of lists; the lists themselves are none.
    template <class Visit> void each_operand(Range range, Visit visit) const {
        std::vector<Range> todo{range};
        while (!todo.empty()) {
            const Range now = todo.back();
            todo.pop_back();
            for (uint32_t i = now.begin; i < now.end; ++i) {
                const Operand& operand = program_.operands[i];
                if (operand.kind >= Operand::Kind::IntList)
                    todo.push_back({operand.index, operand.index + operand.count});
                else
                    visit(operand);
            }
        }
    }
    std::vector<uint32_t> slots_of(Range range) const {
        std::vector<uint32_t> slots;
        each_operand(range, [&](const Operand& operand) {
            if (operand.kind != Operand::Kind::Constant)
                slots.push_back(operand.index);
        });
        return slots;
    }
    void constants_of(Range range, std::vector<uint32_t>& all) const {
        each_operand(range, [&](const Operand& operand) {
            if (operand.kind == Operand::Kind::Constant)
                all.push_back(operand.index);
        });
    }

    std::optional<std::vector<int64_t>> numbers(std::span<const StringId> dims) const {
        std::vector<int64_t> all;
        for (const StringId dim : dims) {
            const auto number = evaluate_symbolic(module_.text(dim), symbols_);
            if (!number || *number < 0)
                return std::nullopt;
            all.push_back(*number);
        }
        return all;
    }

    // All elements that a step reads and writes, with their true sizes.
    int64_t elements(const Step& step) const {
        int64_t sum = 0;
        std::vector<uint32_t> slots = slots_of(step.operands);
        for (uint32_t i = 0; i < step.results; ++i)
            slots.push_back(step.result + i);
        for (const uint32_t slot : slots) {
            int64_t product = 1;
            if (types_[slot] && types_[slot]->kind == TypeKind::Tensor)
                for (const int64_t size :
                    numbers(module_.shape(*types_[slot])).value_or(std::vector<int64_t>()))
                    if (__builtin_mul_overflow(product, size, &product) || product > kMostElements)
                        return INT64_MAX;
            sum += product;
        }
        return sum;
    }

    // Ones: no division by zero, no index outside, every assertion holds.
    std::optional<c10::IValue> made(const ValueType& type, int64_t limit) {
        if (type.kind == TypeKind::Sym) {
            const std::string_view text = module_.text(type.symbol);
            if (text == "True" || text == "False")
                return c10::IValue(text == "True");
            const int64_t number = evaluate_symbolic(text, symbols_).value_or(1);
            return c10::IValue(std::min(number, limit));
        }
        const DType* dtype = dtype_by_abbreviation(module_.text(type.dtype));
        const std::string_view name = dtype ? std::string_view(dtype->name) : module_.text(type.dtype);
        const ForeignType* foreign = foreign_type(name);
        const auto scalar = foreign ? std::optional(foreign->held) : scalar_type(name);
        auto shape = numbers(module_.shape(type)), stride = numbers(module_.stride(type));
        if (!scalar || !shape)
            return std::nullopt;
        for (int64_t& size : *shape) {
            if (size > limit)
                sizes_.push_back(size);
            size = std::min(size, limit);
        }
        const bool index = c10::isIntegralType(*scalar, /*includeBool=*/false);
        at::Tensor tensor = at::full(*shape, index ? 0 : 1, at::TensorOptions(*scalar));
        // The same order of dimensions in memory.
        if (type.has_stride && stride && stride->size() == shape->size()) {
            std::vector<size_t> order(shape->size());
            for (size_t i = 0; i < order.size(); ++i)
                order[i] = i;
            std::stable_sort(
                order.begin(), order.end(), [&](size_t a, size_t b) { return (*stride)[a] < (*stride)[b]; });
            int64_t next = 1;
            for (const size_t d : order) {
                const bool none = (*stride)[d] == 0;
                (*stride)[d] = none ? 0 : next;
                next *= none ? 1 : std::max<int64_t>((*shape)[d], 1);
            }
            tensor = with_strides(tensor, *stride);
        }
        return c10::IValue(tensor);
    }

    // Numbers that are sizes become as small as those.
    c10::IValue smaller(const c10::IValue& constant, int64_t limit) const {
        const auto is_size = [&](int64_t n) {
            return n > limit && std::find(sizes_.begin(), sizes_.end(), n) != sizes_.end();
        };
        if (constant.isInt() && is_size(constant.toInt()))
            return limit;
        if (constant.isIntList()) {
            c10::List<int64_t> all;
            for (const int64_t n : constant.toIntVector())
                all.push_back(is_size(n) ? limit : n);
            return all;
        }
        return constant;
    }

    Found tried(const Step& step, int64_t limit) {
        sizes_.clear();
        for (uint32_t i = 0; i < step.results; ++i)
            if (const ValueType* type = types_[step.result + i]; type && type->kind == TypeKind::Tensor)
                for (const int64_t size : numbers(module_.shape(*type)).value_or(std::vector<int64_t>()))
                    if (size > limit)
                        sizes_.push_back(size);
        std::map<uint32_t, c10::IValue> operands; // by slot
        const c10::InferenceMode guard;
        for (const uint32_t slot : slots_of(step.operands)) {
            auto value = types_[slot] ? made(*types_[slot], limit) : std::nullopt;
            if (!value)
                return {Fate::Unsure, Obstacle::None, "the dump does not tell the dtypes that it takes"};
            operands[slot] = std::move(*value);
        }
        // The operands of a program are its constants: they are exchanged for the trial.
        std::vector<uint32_t> constants;
        constants_of(step.operands, constants);
        std::vector<std::pair<uint32_t, c10::IValue>> before;
        for (const uint32_t index : constants) {
            before.emplace_back(index, program_.constants[index]);
            program_.constants[index] = smaller(program_.constants[index], limit);
        }
        const Found found = called(operands, step);
        for (auto at = before.rbegin(); at != before.rend(); ++at)
            program_.constants[at->first] = at->second;
        return found;
    }

    // Runs a body of this step alone.
    Found called(const std::map<uint32_t, c10::IValue>& operands, const Step& step) {
        BodyProgram alone;
        alone.compiled = true;
        alone.slots = body_.slots;
        alone.steps.resize(2);
        alone.steps[0] = step;
        alone.steps[0].releases = {};
        alone.steps[1].kind = StepKind::Output;
        std::swap(program_.bodies[0], alone);
        program_.inputs.clear();
        std::vector<c10::IValue> inputs;
        for (const auto& [slot, value] : operands) {
            program_.inputs.push_back({{}, BodyId(0), NodeId(0), slot});
            inputs.push_back(value);
        }
        const Outcome outcome = run(program_, inputs, RunSettings());
        std::swap(program_.bodies[0], alone);
        if (outcome.failure) {
            const std::string& message = outcome.failure->message;
            if (speaks_of_kernels(message))
                return {Fate::Cannot, Obstacle::NoDtype, message};
            return {Fate::Unsure, Obstacle::None, "tried on ones, it said: " + message};
        }
        const bool wide = step.kind == StepKind::Operator
            && (*program_.widths)[static_cast<size_t>(step.op)] != Width::Unchanged;
        return {wide ? Fate::Widened : Fate::Runs, Obstacle::None, {}};
    }

    Program& program_;
    const GraphModule& module_;
    const BodyProgram body_; // its own: that of the program is exchanged for trials
    const Bindings& symbols_;
    std::vector<const ValueType*> types_; // by slot
    std::vector<int64_t> sizes_; // of the step at hand, those that were made smaller
};

// Over several graphs, so that what was tried once is known.
class Forecaster {
public:
    explicit Forecaster(const std::vector<std::string>& composed)
        : composed_(composed.begin(), composed.end()) { }

    std::vector<wire::ForecastNode> of(Program& program, const Bindings& symbols) {
        std::vector<wire::ForecastNode> all;
        const auto add = [&](BodyId body, size_t node, const Found& found) {
            if (found.fate != Fate::Runs)
                all.push_back({body, NodeId(node), found.fate, found.obstacle, found.reason});
        };
        for (const Program::Unsupported& u : program.unsupported)
            add(u.body, u.node.index, refused(u.target, u.reason));
        for (size_t b = 0; b < program.bodies.size(); ++b) {
            if (!program.bodies[b].compiled)
                continue;
            Trial trial(program, BodyId(b), symbols);
            const std::vector<Step> steps = program.bodies[b].steps;
            for (size_t i = 0; i < steps.size(); ++i)
                add(BodyId(b), i, of_step(program, trial, steps[i]));
        }
        std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) {
            return std::pair(a.body, a.node) < std::pair(b.body, b.node);
        });
        return all;
    }

private:
    Found of_step(const Program& program, Trial& trial, const Step& step) {
        if (step.kind == StepKind::Functionalized) {
            const auto& op = program.functionalized[static_cast<size_t>(step.op)].op;
            return op && !has_kernel(*op) ? no_kernel() : Found();
        }
        if (step.kind == StepKind::Dynamic)
            return trial.tried(step);
        if (step.kind != StepKind::Operator)
            return {};
        const c10::OperatorHandle& op = program.operators[static_cast<size_t>(step.op)];
        const std::string name = plain_name(op);
        if (!has_kernel(op))
            return no_kernel();
        // What a person's own operator does with operands of ours, nobody knows.
        if (!is_libtorchs(name) && !composed_.contains(name))
            return {};
        const std::string signature = trial.signature(step);
        Found found;
        if (const auto known = known_.find(name + signature); !signature.empty() && known != known_.end())
            found = known->second;
        else
            found = trial.tried(step);
        if (!signature.empty())
            known_[name + signature] = found;
        if (composed_.contains(name) && found.fate == Fate::Runs)
            found.fate = Fate::Composed;
        return found;
    }

    std::set<std::string, std::less<>> composed_;
    std::map<std::string, Found> known_; // by operator, dtypes and dimensions
};

wire::ForecastGraph of_graph(Forecaster& forecaster, const wire::AskedGraph& asked) {
    wire::ForecastGraph told;
    const auto text = std::make_shared<std::string>(asked.text);
    const Bindings symbols(asked.symbols.begin(), asked.symbols.end());
    std::vector<Problem> problems;
    const auto module = read_print_readable(*text, text, /*tabbed=*/false, problems);
    const auto made = module
        ? compile(module, symbols)
        : Result<std::shared_ptr<const Program>>(make_error(Error::Kind::Damaged, "the text holds no graph"));
    if (!made) {
        told.problem = made.error().message;
        return told;
    }
    // A copy: trials exchange its constants and its first body.
    Program program = **made;
    for (size_t i = 0; i < module->bodies.size(); ++i)
        told.bodies.push_back(body_path(*module, BodyId(i)));
    told.nodes = forecaster.of(program, symbols);
    return told;
}

} // namespace

wire::ForecastAnswer forecast(
    const wire::ForecastRequest& request, const std::vector<std::string>& composed) {
    Forecaster forecaster(composed);
    wire::ForecastAnswer answer;
    answer.libtorch = TORCH_VERSION;
    for (const wire::AskedGraph& asked : request.graphs)
        answer.graphs.push_back(of_graph(forecaster, asked));
    return answer;
}

} // namespace hopscope::executor
