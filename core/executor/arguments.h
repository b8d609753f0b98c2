// Literals of the text as IValues of the type that an operator's schema asks for.
#pragma once

#include "core/executor/foreign.h"
#include "core/executor/program.h"
#include "core/executor/torch.h"

namespace hopscope::executor {

// What is known of a node's value while compiling.
struct NodeValue {
    uint32_t slot = 0;
    uint32_t count = 1; // slots
    bool many = false; // a tuple, spread over its slots
    bool number = false; // a Python number, not a tensor
    bool none = false; // a body, or an attribute without a value
    bool dynamic = false; // number, tensor or list: known when it is there (dynamo.h)
    bool dtype = false; // a dtype, as its number
};

// Converts the arguments of one body's nodes. A failure leaves its reason in `problem`.
class ArgumentReader {
public:
    ArgumentReader(
        Program& program, const Body& body, const std::vector<NodeValue>& values, const Bindings& symbols)
        : program_(program)
        , body_(body)
        , values_(values)
        , symbols_(symbols) { }

    // For one argument of a schema.
    std::optional<Operand> for_schema(const Arg* arg, const c10::Argument& wanted);
    // By the literal's look, for what has no schema: operands of bodies and of Python's operators.
    std::optional<Operand> as_written(const Arg* arg);
    Operand constant(c10::IValue value);

    std::optional<int64_t> integer(const Arg& arg);
    std::optional<double> real(const Arg& arg);
    std::optional<c10::complex<double>> complex_number(const Arg& arg);
    // As the program shall use it; `foreign` is set where the text names one that this libtorch lacks.
    std::optional<at::ScalarType> dtype_of(const Arg& arg);
    std::string_view text(const Arg& arg) const { return program_.module->text(arg.text()); }

    std::string problem;
    const ForeignType* foreign =
        nullptr; // of the last dtype that was read; whoever asks sets it to null before

private:
    std::optional<Operand> of_type(const Arg* arg, const c10::TypePtr& type, int fixed_length);
    std::optional<Operand> of_node(const Arg& arg, const c10::TypePtr& type);
    std::optional<Operand> list_of(const Arg& arg, const c10::TypePtr& element, int fixed_length);
    std::optional<Operand> fail(const Arg& arg, const std::string& expected);

    Program& program_;
    const Body& body_;
    const std::vector<NodeValue>& values_;
    const Bindings& symbols_;
};

// A dtype, layout, memory format or device as written in the text; none for other literals.
std::optional<c10::IValue> torch_constant(ArgKind kind, std::string_view text);
std::string unquoted(std::string_view literal); // a Python string literal's text
std::optional<at::ScalarType> scalar_type(std::string_view name); // "float32", with or without "torch."
std::string_view scalar_type_name(at::ScalarType type); // "float32"

} // namespace hopscope::executor
