#include "core/executor/compositions.h"

#include "core/executor/composition.h"
#include "core/executor/compositions_prims.h"

#include <memory>

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
    bool lacks(const char* space, const std::string& schema) const {
        const std::string full = name_in(schema);
        const size_t dot = full.find('.');
        return !c10::Dispatcher::singleton().findSchema({std::string(space) + "::" + full.substr(0, dot),
            dot == std::string::npos ? "" : full.substr(dot + 1)});
    }
    torch::Library& define(const char* space, const std::string& schema, bool random) {
        // Kept for the process: a library that is destroyed takes its operators along.
        static std::vector<std::unique_ptr<torch::Library>> libraries;
        libraries.push_back(std::make_unique<torch::Library>(
            torch::Library::FRAGMENT, space, kNoDispatchKey, __FILE__, __LINE__));
        const std::vector<at::Tag> tags(random ? 1 : 0, at::Tag::nondeterministic_seeded);
        libraries.back()->def(torch::schema(schema.c_str()), tags);
        added.push_back(std::string(space) + "." + name_in(schema));
        return *libraries.back();
    }
    static std::string name_in(const std::string& schema) { return schema.substr(0, schema.find('(')); }

    std::vector<std::string> added;
};

} // namespace

std::vector<std::string> register_missing_operators() {
    Registrar registrar;
    for (const auto* table : {&attention_compositions(), &norm_compositions(), &index_compositions(),
             &prims_compositions(), &other_compositions()})
        for (const Composition& entry : *table) {
            if (!registrar.lacks(entry.space, entry.schema))
                continue;
            torch::Library& library = registrar.define(entry.space, entry.schema, entry.random);
            const std::string name = Registrar::name_in(entry.schema);
            library.impl(name.c_str(), entry.kernel());
            if (entry.autograd)
                library.impl(name.c_str(), entry.autograd());
        }
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
