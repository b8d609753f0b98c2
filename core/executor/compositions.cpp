#include "core/executor/compositions.h"

#include "core/executor/composition.h"
#include "core/executor/compositions_prims.h"

#include <memory>
#include <optional>

namespace hopscope::executor {

namespace {

// Hands the arguments on to another operator, whose further ones take their defaults.
class Forwarding : public c10::OperatorKernel {
public:
    explicit Forwarding(c10::OperatorHandle target)
        : target_(target) { }

    void operator()(const c10::OperatorHandle& op, c10::DispatchKeySet, torch::jit::Stack* stack) {
        const auto& wanted = target_.schema().arguments();
        for (size_t i = op.schema().arguments().size(); i < wanted.size(); ++i)
            stack->push_back(wanted[i].default_value() ? *wanted[i].default_value() : c10::IValue());
        target_.callBoxed(stack);
    }

private:
    c10::OperatorHandle target_;
};

class Registrar {
public:
    // Nothing that runs here: no schema, or (CUDA's own operators) a schema without a kernel for the CPU.
    bool lacks(const char* space, const std::string& schema) const {
        const auto found = find(space, schema);
        return !found || !runs_on_cpu(*found);
    }
    static bool runs_on_cpu(const c10::OperatorHandle& op) {
        // A kernel for every device that says it is for others to write: aten/src/ATen/native/transformers/
        // attention.cpp, from 2.5 on.
        if (op.schema().name().find("_fused_attention_overrideable") != std::string::npos)
            return false;
        return op.hasKernelForDispatchKey(c10::DispatchKey::CPU)
            || op.hasComputedKernelForDispatchKey(c10::DispatchKey::CPU);
    }
    // The library that shall have the kernels of an operator, which is defined where it is not.
    torch::Library& define(const char* space, const std::string& schema, bool random) {
        // Kept for the process: a library that is destroyed takes its operators along.
        static std::vector<std::unique_ptr<torch::Library>> libraries;
        libraries.push_back(std::make_unique<torch::Library>(
            torch::Library::FRAGMENT, space, kNoDispatchKey, __FILE__, __LINE__));
        const std::vector<at::Tag> tags(random ? 1 : 0, at::Tag::nondeterministic_seeded);
        if (!find(space, schema))
            libraries.back()->def(torch::schema(schema.c_str()), tags);
        added.push_back(std::string(space) + "." + name_in(schema));
        return *libraries.back();
    }
    static std::string name_in(const std::string& schema) { return schema.substr(0, schema.find('(')); }

    std::vector<std::string> added;
    static std::optional<c10::OperatorHandle> find(const char* space, const std::string& schema) {
        const std::string full = name_in(schema);
        const size_t dot = full.find('.');
        const auto found =
            c10::Dispatcher::singleton().findSchema({std::string(space) + "::" + full.substr(0, dot),
                dot == std::string::npos ? "" : full.substr(dot + 1)});
        return found ? std::optional<c10::OperatorHandle>(*found) : std::nullopt;
    }
};

// Calls a composition by the operands of an operator whose schema may end earlier than the composition's.
class Adapted : public c10::OperatorKernel {
public:
    Adapted(BoxedCall call, size_t missing)
        : call_(call)
        , missing_(missing) { }

    void operator()(const c10::OperatorHandle& op, c10::DispatchKeySet keys, torch::jit::Stack* stack) {
        stack->resize(stack->size() + missing_); // None each
        call_(op, keys, stack);
    }

private:
    BoxedCall call_;
    size_t missing_;
};

// A type's name without what versions write differently.
std::string plain_name(const c10::TypePtr& type) {
    std::string name = type->str();
    for (const auto& [from, to] : {std::pair("SymInt", "int"), std::pair("SymBool", "bool"),
             std::pair("Optional[Tensor]", "Tensor"), std::pair("Tensor?", "Tensor")})
        for (size_t at = name.find(from); at != std::string::npos; at = name.find(from, at + 1))
            name.replace(at, std::string_view(from).size(), to);
    return name;
}

// So many of the composition's arguments the operator lacks, at its end, where they may be None; none if the
// two do not fit.
std::optional<size_t> missing_arguments(const c10::FunctionSchema& had, const c10::FunctionSchema& composed) {
    const auto &given = had.arguments(), &wanted = composed.arguments();
    if (given.size() > wanted.size() || had.returns().size() != composed.returns().size())
        return std::nullopt;
    for (size_t i = 0; i < wanted.size(); ++i)
        if (i < given.size() ? plain_name(given[i].type()) != plain_name(wanted[i].type())
                             : wanted[i].type()->kind() != c10::TypeKind::OptionalType)
            return std::nullopt;
    return wanted.size() - given.size();
}

// Adds one operator, or a kernel to one. Leaves it out where this libtorch has an operator of that name for
// other arguments: that one says by itself that it does not run here.
void add(Registrar& registrar, const Composition& entry) {
    const std::string name = Registrar::name_in(entry.schema);
    if (const auto had = Registrar::find(entry.space, entry.schema)) {
        const auto missing = missing_arguments(had->schema(), torch::schema(entry.schema));
        if (!missing)
            return;
        registrar.define(entry.space, entry.schema, entry.random)
            .impl(name.c_str(),
                torch::dispatch(c10::DispatchKey::CPU,
                    torch::CppFunction::makeFromBoxedFunctor(
                        std::make_unique<Adapted>(entry.boxed, *missing))));
        return;
    }
    torch::Library& library = registrar.define(entry.space, entry.schema, entry.random);
    library.impl(name.c_str(), entry.kernel());
    if (entry.autograd)
        library.impl(name.c_str(), entry.autograd());
}

} // namespace

std::vector<std::string> register_missing_operators() {
    Registrar registrar;
    for (const auto* table : {&attention_compositions(), &gpu_attention_compositions(),
             &attention_piece_compositions(), &product_compositions(), &norm_compositions(),
             &index_compositions(), &prims_compositions(), &other_compositions(), &foreach_compositions()})
        for (const Composition& entry : *table)
            if (registrar.lacks(entry.space, entry.schema))
                add(registrar, entry);
    for (const Renamed& entry : renamed_prims()) {
        const auto target =
            c10::Dispatcher::singleton().findSchema({std::string("aten::") + entry.aten, entry.overload});
        if (!target || !registrar.lacks("prims", entry.schema))
            continue;
        registrar.define("prims", entry.schema, /*random=*/false)
            .impl(Registrar::name_in(entry.schema).c_str(),
                torch::dispatch(c10::DispatchKey::CompositeImplicitAutograd,
                    torch::CppFunction::makeFromBoxedFunctor(std::make_unique<Forwarding>(*target))));
    }
    return std::move(registrar.added);
}

} // namespace hopscope::executor
