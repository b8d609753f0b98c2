// Calls as Dynamo writes them, with what PyTorch 2.13 gives for each (tests/tools/record_dynamo_calls.py).
#pragma once

#include "tests/worker/worker.h"

#include <nlohmann/json.hpp>

namespace hopscope::test {

inline const nlohmann::json& calls() {
    static const nlohmann::json all =
        nlohmann::json::parse(bytesOf(dataPath(QStringLiteral("dynamo_calls.json"))).toStdString());
    return all["calls"];
}

// The inputs of tests/tools/record_dynamo_calls.py.
inline Values callInputs() {
    Values v;
    v.floats("x", {2, 3}, {0.5, -1.25, 2, 1, 0.75, -0.5}).floats("x2", {2, 3}, {1.5, 0.25, 0.5, 1, 2, 0.125});
    v.floats("w", {2, 3}, {0.5, 1, -1, 2, 0.25, 0}).floats("w2", {3, 2}, {0.5, 1, -1, 2, 0.25, 0});
    v.floats("v", {3}, {1, 0.5, 2}).floats("v2", {2}, {3, -1}).floats("v2b", {3}, {1, 2, 4});
    const auto counted = [](size_t n, float by) {
        std::vector<float> all(n);
        for (size_t i = 0; i < n; ++i)
            all[i] = static_cast<float>(i) / by;
        return all;
    };
    v.floats("g", {1, 4, 2}, counted(8, 4)).floats("k", {1, 4, 3}, counted(12, 8));
    v.floats("q", {1, 1, 4, 4}, counted(16, 1)).floats("h", {1, 2, 3, 2}, counted(12, 8));
    v.floats("h2", {2, 2, 2}, counted(8, 4));
    v.integers("i", {2}, {1, 0}).integers("i2", {2}, {2, 3}).integers("t", {2}, {2, 0});
    v.integers("t2", {2, 1}, {2, 0});
    v.booleans("b", {2, 3}, {1, 0, 1, 0, 1, 0}).booleans("b2", {2, 3}, {1, 1, 0, 0, 1, 1});
    v.number("n", 1);
    return v;
}

inline const char* const kParameters =
    "x: \"f32[2, 3]cpu\", x2: \"f32[2, 3]cpu\", w: \"f32[2, 3]cpu\", w2: "
    "\"f32[3, 2]cpu\", v: \"f32[3]cpu\", v2: "
    "\"f32[2]cpu\", v2b: \"f32[3]cpu\", g: \"f32[1, 4, 2]cpu\", k: \"f32[1, 4, "
    "3]cpu\", q: \"f32[1, 1, 4, 4]cpu\", h: "
    "\"f32[1, 2, 3, 2]cpu\", h2: \"f32[2, 2, 2]cpu\", i: \"i64[2]cpu\", i2: "
    "\"i64[2]cpu\", t: \"i64[2]cpu\", t2: "
    "\"i64[2, 1]cpu\", b: \"b8[2, 3]cpu\", b2: \"b8[2, 3]cpu\", n: \"Sym(n0)\"";

// A graph of one call, which returns its `out`.
inline std::string textOf(const nlohmann::json& call) {
    std::string text = std::string("class GraphModule(torch.nn.Module):\n    def forward(self, ")
        + kParameters + "):\n        ";
    for (const char c : call["statement"].get<std::string>())
        text += c == '\n' ? std::string("\n        ") : std::string(1, c);
    return text + "\n        return (out,)\n";
}

} // namespace hopscope::test
