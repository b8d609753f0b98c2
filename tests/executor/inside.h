// What tests of core/executor from inside share: a graph as text, compiled and run in this very process.
#pragma once

#include "core/executor/machine.h"
#include "core/executor/program.h"
#include "core/executor/torch.h"
#include "tests/testdata.h"

#include <QTest>

#include <limits>
#include <memory>
#include <string>
#include <vector>

namespace hopscope::test {

// Null where the text is no graph.
inline std::shared_ptr<const executor::Program> program_of(
    const std::string& text, const Bindings& symbols = {}) {
    const auto module = readText(text).module;
    if (!module)
        return nullptr;
    auto program = executor::compile(module, symbols);
    return program ? *program : nullptr;
}

// A graph module of the parameters ("x: \"f32[2]cpu\""), one statement a line, and what is returned.
inline std::string graph(
    const std::string& parameters, const std::vector<std::string>& statements, const std::string& result) {
    std::string text = "class GraphModule(torch.nn.Module):\n    def forward(self, " + parameters + "):\n";
    for (const std::string& statement : statements)
        text += "        " + statement + "\n";
    return text + "        return (" + result + ",)\n";
}

// Bit for bit, NaN equal to NaN; dtype and shape, too.
inline bool same(const at::Tensor& a, const at::Tensor& b) {
    return a.scalar_type() == b.scalar_type() && a.sizes() == b.sizes()
        && (at::isFloatingType(a.scalar_type()) ? at::allclose(a, b, 0, 0, /*equal_nan=*/true)
                                                : at::equal(a, b));
}

// The largest distance of two tensors, in double precision.
inline double apart(const at::Tensor& a, const at::Tensor& b) {
    if (a.sizes() != b.sizes())
        return std::numeric_limits<double>::infinity();
    return a.numel() == 0 ? 0 : (a.to(at::kDouble) - b.to(at::kDouble)).abs().max().item<double>();
}

inline at::Tensor numbers(at::IntArrayRef shape, at::ScalarType type, uint64_t seed) {
    at::Generator generator = at::detail::createCPUGenerator(seed);
    return at::randn(shape, generator, at::dtype(at::kDouble)).to(type);
}

} // namespace hopscope::test
